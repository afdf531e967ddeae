"""
Raw requests: the terms of an account, a page of bars, a limit order and its cancel, and an error in plain words.

Usage: python -m twisted.trial test_requests, in the folder of this file.
"""

from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client
from ctrader_twisted.errors import NotFound
from ctrader_twisted.schema.messages import (
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAOrderType,
    ProtoOATradeSide,
    ProtoOATrendbarPeriod,
)
from ctrader_twisted.testing import VirtualExchange


async def balance(account: Account) -> Decimal:
    trader = (await account.requests.trader()).trader
    return Decimal(trader.balance).scaleb(-trader.moneyDigits)


async def closes(account: Account, symbolId: int, end: int) -> list[int]:
    answer = await account.requests.getTrendbars(
        symbolId=symbolId, period=ProtoOATrendbarPeriod.H1, toTimestamp=end, count=24
    )
    return [bar.low + bar.deltaClose for bar in answer.trendbar]


async def orderAndCancel(account: Account, symbolId: int) -> int:
    placed = await account.requests.newOrder(
        symbolId=symbolId,
        orderType=ProtoOAOrderType.LIMIT,
        tradeSide=ProtoOATradeSide.BUY,
        volume=1_000_000,  # hundredths of a unit: 10,000 EUR
        limitPrice=0.9,
        label="raw",
    )
    await account.requests.cancelOrder(orderId=placed.order.orderId)
    return placed.order.orderId


class RequestTests(SynchronousTestCase):
    def test_requests(self) -> None:
        """All of it against the simulated exchange."""
        exchange = VirtualExchange()
        heard: list[ProtoOAExecutionEvent] = []

        async def main(client: Client) -> None:
            self.assertEqual((await client.requests.version()).version, "91")
            account = await client.account(exchange.accountId)
            account.listen(ProtoOAExecutionEvent, heard.append)
            eurusd = await account.symbol("EURUSD")
            self.assertEqual(await balance(account), Decimal(10_000))
            self.assertEqual(len(await closes(account, eurusd.symbolId, exchange.exchange.timeline.now())), 24)
            orderId = await orderAndCancel(account, eurusd.symbolId)
            with self.assertRaises(NotFound) as caught:
                await account.requests.cancelOrder(orderId=orderId)
            self.assertIn("look at orders, positions and deals", client.explain(caught.exception).lower())

        exchange.run(main)
        self.assertEqual(
            [event.executionType for event in heard],
            [ProtoOAExecutionType.ORDER_ACCEPTED, ProtoOAExecutionType.ORDER_CANCELLED],
        )
