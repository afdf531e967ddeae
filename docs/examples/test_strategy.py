"""
A strategy that buys when EURUSD has fallen by ten pips, and a test of it in ten lines.

Usage: python -m twisted.trial test_strategy, in the folder of this file.
"""

from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Lots, Quote, Trade
from ctrader_twisted.testing import VirtualExchange


async def buyTheDip(account: Account) -> Trade:
    eurusd = await account.symbol("EURUSD")
    highest = Decimal(0)
    async with account.quotes(eurusd) as quotes:
        async for quote in quotes:
            if isinstance(quote, Quote):
                highest = max(highest, quote.bid)
                if highest - quote.bid >= eurusd.pips(10):
                    break
    trade = await account.buy(eurusd, Lots("0.10"), stopLossPips=20, label="dip")
    return await trade.whenFilled()


class BuyTheDipTests(SynchronousTestCase):
    def test_buys(self) -> None:
        exchange = VirtualExchange()
        exchange.price("EURUSD", "1.10000", "1.10010")

        async def main(client: Client) -> None:
            exchange.clock.callLater(3600, exchange.price, "EURUSD", "1.09900", "1.09910")
            trade = await buyTheDip(await client.account(exchange.accountId))
            self.assertEqual(trade.position.entryPrice, Decimal("1.09910"))

        exchange.run(main)
        exchange.assertSent("newOrder", 1, tradeSide="BUY", label="dip")
