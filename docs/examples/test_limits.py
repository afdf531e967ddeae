"""
Limits that hold whatever the strategy does, and the halt.

Usage: python -m twisted.trial test_limits, in the folder of this file.
"""

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Client, Limits, Lots
from ctrader_twisted.errors import Halted, LimitReached
from ctrader_twisted.testing import VirtualExchange

LIMITS = Limits(
    lotsPerOrder={"EURUSD": "0.5", "XAUUSD": "0.1"},
    lotsPerSymbol="2",
    ordersPerMinute=10,
    dailyLoss="500",
)


class LimitTests(SynchronousTestCase):
    def test_limits(self) -> None:
        """An order beyond a limit never leaves; a halted account only closes."""
        exchange = VirtualExchange()
        haltFile = self.mktemp()

        async def main(client: Client) -> None:
            account = await client.account(exchange.accountId)
            eurusd = await account.symbol("EURUSD")
            trade = await account.buy(eurusd, Lots("0.5"))
            await trade.whenFilled()

            with self.assertRaises(LimitReached) as caught:
                await account.buy(eurusd, Lots("0.51"))
            self.assertEqual(caught.exception.limit, "lotsPerOrder")

            await account.halt()
            with self.assertRaises(Halted):
                await account.buy(eurusd, Lots("0.01"))
            await account.positions[0].close()
            account.resume()

        async def started() -> None:
            async with exchange.client(limits=LIMITS, haltFile=haltFile) as client:
                await main(client)

        exchange.drive(started())
