"""
Orders that wait, protection that keeps what it is not told to change, and a target.

Usage: python -m twisted.trial test_orders, in the folder of this file.
"""

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Lots, PositionStatus, Side, TradeStatus
from ctrader_twisted.testing import VirtualExchange


async def waitBelow(account: Account) -> None:
    """
    Wait a little below the market, change our mind twice.
    """
    eurusd = await account.symbol("EURUSD")
    async with account.quotes(eurusd) as quotes:
        await anext(quotes)
        quote = account.quote(eurusd)
    assert quote is not None
    price = quote.bid - eurusd.pips(100)
    trade = await account.limitOrder(
        Side.BUY, eurusd, Lots("0.10"), price, stopLossPips=20, takeProfitPips=40, label="dip"
    )
    await trade.amend(price=price - eurusd.pips(10))
    assert [order.label for order in account.orders] == ["dip"]
    await trade.cancel()
    assert trade.status is TradeStatus.CANCELLED


async def protectAndTurn(account: Account) -> None:
    """
    Buy, let the stop loss trail, and turn round.
    """
    eurusd = await account.symbol("EURUSD")
    trade = await account.buy(eurusd, Lots("0.10"), stopLossPips=50, takeProfitPips=90)
    position = (await trade.whenFilled()).position
    await position.protect(trailing=True)
    assert position.takeProfit is not None
    turned = await position.reverse(stopLossPips=50)
    await turned.whenFilled()
    assert position.status is PositionStatus.CLOSED
    await account.closeAll()


async def follow(account: Account) -> None:
    """
    Hold what a strategy wants to hold, whatever it held before.
    """
    eurusd = await account.symbol("EURUSD")
    for wanted in ("0.10", "0.30", "-0.20", "0"):
        moved = await account.target(eurusd, wanted, label="trend", stopLossPips=50)
        assert moved.after == sum(each.volume if each.side is Side.BUY else -each.volume for each in account.positions)


class OrderTests(SynchronousTestCase):
    def test_orders(self) -> None:
        """All of it, on the simulated exchange."""
        exchange = VirtualExchange()

        async def main(client: Client) -> None:
            account = await client.account(exchange.accountId)
            await waitBelow(account)
            await protectAndTurn(account)
            await follow(account)
            self.assertEqual((account.positions, account.orders), ((), ()))

        exchange.run(main)
