"""
Several accounts on one connection, and the demo and the live host side by side.

Usage: python -m twisted.trial test_accounts, in the folder of this file.
"""

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Lots, Throttle
from ctrader_twisted.testing import VirtualExchange


async def copyTrade(first: Account, second: Account) -> None:
    # Ids of symbols differ between brokers, so each account looks up its own.
    for account in (first, second):
        trade = await account.buy(await account.symbol("EURUSD"), Lots("0.01"), label="copied")
        await trade.whenFilled()


class AccountTests(SynchronousTestCase):
    def test_accounts(self) -> None:
        """Three accounts; what happens on one does not concern the others."""
        exchange = VirtualExchange()

        async def main() -> None:
            # The server's limits may hold for the whole application, so both of its clients share what keeps to them.
            throttle = Throttle(exchange.clock)
            demo = exchange.client(throttle=throttle)
            live = exchange.client(endpoint=exchange.liveEndpoint, throttle=throttle)
            async with demo, live:
                dollars = await demo.account(exchange.accountId)
                euros = await demo.account(exchange.euroAccountId)
                real = await live.account(exchange.liveAccountId)
                await copyTrade(dollars, euros)
                self.assertEqual([len(each.positions) for each in (dollars, euros, real)], [1, 1, 0])
                self.assertEqual((await euros.depositAsset()).name, "EUR")

        exchange.drive(main())
