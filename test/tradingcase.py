"""
What tests of trading on the simulated venue share.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOAAmendOrderReq,
    ProtoOAAmendPositionSLTPReq,
    ProtoOACancelOrderReq,
    ProtoOAClosePositionReq,
    ProtoOAErrorRes,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOANewOrderReq,
    ProtoOAOrderErrorEvent,
    ProtoOAOrderType,
    ProtoOAReconcileReq,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.market.symbols import SYMBOLS
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EPOCH, USD_ACCOUNT
from test.rawclient import ListedPrices, RawClient
from test.watching import Watch

EURUSD, USDJPY, GER40 = 1, 4, 102
LIMIT, STOP, STOP_LIMIT = ProtoOAOrderType.LIMIT, ProtoOAOrderType.STOP, ProtoOAOrderType.STOP_LIMIT
BUY, SELL = ProtoOATradeSide.BUY, ProtoOATradeSide.SELL


class TradingCase(SynchronousTestCase):
    """
    An exchange whose EURUSD is 1.11980 to 1.11984 until a test says otherwise. Whatever a test does, the books agree
    with each other after each event and in the end.
    """

    settings = Settings()
    accountId = USD_ACCOUNT
    speed = 1.0

    def setUp(self) -> None:
        self.clock = Clock()
        self.prices = ListedPrices([Tick(EPOCH - 1_000, 111_980, 111_984)])
        self.exchange = self.makeExchange()
        self.watch = Watch(self.exchange)
        self.exchange.start()
        self.client = RawClient(self.exchange)
        self.client.logIn(self.accountId)
        self.client.received()

    def makeExchange(self) -> Exchange:
        still = ListedPrices([Tick(EPOCH - 1_000, 14_800_000, 14_800_000)])
        self.index = ListedPrices([Tick(EPOCH - 1_000, 2_547_124_000, 2_547_124_000)])
        replay = {"EURUSD": self.prices, "USDJPY": still, "GER40": self.index}
        empty = {symbol.name: ListedPrices([]) for symbol in SYMBOLS if symbol.name not in replay}
        return Exchange.default(self.clock, replay={**replay, **empty}, speed=self.speed, settings=self.settings)

    def tearDown(self) -> None:
        self.exchange.stop()
        for connection in list(self.exchange.connections):
            connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.watch.all(), [])

    def quote(self, bid: int, ask: int, prices: ListedPrices | None = None) -> None:
        """
        Let a new price come, a tenth of a second from now; of EURUSD, unless others are given.
        """
        self.exchange.stop()
        (prices or self.prices).listed.append(Tick(self.exchange.timeline.now() + 100, bid, ask))
        self.exchange.start()
        self.clock.advance(0.1)

    def order(self, **fields: Any) -> ProtoOANewOrderReq:
        """
        Make an order; 0.01 lots of EURUSD bought, unless the fields say otherwise.
        """
        given = {"symbolId": EURUSD, "tradeSide": BUY, "volume": 100_000, "orderType": ProtoOAOrderType.MARKET}
        return ProtoOANewOrderReq(**{"ctidTraderAccountId": self.accountId, **given, **fields})

    def opened(self, **fields: Any) -> int:
        """
        Open a position and forget how, and all that was before.
        """
        self.client.received()
        self.client.send(self.order(**fields), "opened")
        self.clock.advance(0.14)
        self.clock.advance(0.003)
        events = self.client.messages()
        self.assertEqual(events[1].executionType, ProtoOAExecutionType.ORDER_FILLED)
        return int(events[0].position.positionId)

    def close(self, positionId: int, volume: int) -> ProtoOAClosePositionReq:
        """
        Make a request to close.
        """
        return ProtoOAClosePositionReq(ctidTraderAccountId=self.accountId, positionId=positionId, volume=volume)

    def pend(self, kind: ProtoOAOrderType, **fields: Any) -> Any:
        """
        Place an order that waits, and give the event that accepts it.
        """
        self.client.received()
        self.client.send(self.order(orderType=kind, **fields), "pend")
        [event] = self.client.messages()
        self.assertEqual(event.executionType, ProtoOAExecutionType.ORDER_ACCEPTED)
        return event

    def cancel(self, orderId: int) -> ProtoOACancelOrderReq:
        """
        Make a request to cancel.
        """
        return ProtoOACancelOrderReq(ctidTraderAccountId=self.accountId, orderId=orderId)

    def change(self, orderId: int, **fields: Any) -> ProtoOAAmendOrderReq:
        """
        Make a request to change an order that waits.
        """
        return ProtoOAAmendOrderReq(ctidTraderAccountId=self.accountId, orderId=orderId, **fields)

    def amend(self, positionId: int, **fields: Any) -> ProtoOAAmendPositionSLTPReq:
        """
        Make a request to amend.
        """
        return ProtoOAAmendPositionSLTPReq(ctidTraderAccountId=self.accountId, positionId=positionId, **fields)

    def events(self) -> list[tuple[str, str | None, bool]]:
        """
        @return: the execution events since the last look: their type, id, and whether the server made them.
        """
        return [
            (ProtoOAExecutionType.Name(event.executionType), clientMsgId, event.isServerEvent)
            for event, clientMsgId in self.client.received()
            if isinstance(event, ProtoOAExecutionEvent)
        ]

    def invalid(self, request: Any, words: str, code: str = "INVALID_REQUEST") -> None:
        """
        Check that a request is refused by an error answer.
        """
        answer = self.client.ask(request)
        self.assertIsInstance(answer, ProtoOAErrorRes)
        self.assertEqual((answer.errorCode, answer.ctidTraderAccountId), (code, self.accountId))
        self.assertIn(words, answer.description)

    def rejected(self, request: Any, code: str) -> Any:
        """
        Check that a request is refused by an order error event.
        """
        answer = self.client.ask(request)
        self.assertIsInstance(answer, ProtoOAOrderErrorEvent)
        self.assertEqual((answer.errorCode, answer.ctidTraderAccountId), (code, self.accountId))
        return answer

    def reconcile(self, *, protection: bool = False) -> Any:
        """
        Ask for the open positions and orders.
        """
        request = ProtoOAReconcileReq(ctidTraderAccountId=self.accountId, returnProtectionOrders=protection)
        return self.client.ask(request)
