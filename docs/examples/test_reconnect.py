"""
What happened while the connection was down: the report after it, and every deal once.

Usage: python -m twisted.trial test_reconnect, in the folder of this file.
"""

from twisted.internet.defer import Deferred, execute
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Client, FileCursor, Lots, Reconnected
from ctrader_twisted.testing import VirtualExchange


class ReconnectTests(SynchronousTestCase):
    def test_report(self) -> None:
        """Another client closes our position while we are away."""
        exchange = VirtualExchange()

        async def main(client: Client) -> None:
            account = await client.account(exchange.accountId)
            trade = await account.buy(await account.symbol("EURUSD"), Lots("0.10"), label="mine")
            await trade.whenFilled()

            reports: Deferred[Reconnected] = Deferred()
            account.onReconnect(reports.callback)
            async with exchange.client(endpoint=exchange.endpoint) as other:
                theirs = await other.account(exchange.accountId)
                exchange.endpoint.refusing = True
                exchange.endpoint.links[0].cut()
                await theirs.positions[0].close()
            exchange.endpoint.refusing = False

            report = await reports
            [change] = report.positions
            self.assertEqual((change.volume, [each.name for each in change.authors]), (0, ["OTHER"]))
            self.assertEqual([deal.recovered for deal in report.deals], [True])
            self.assertEqual(account.positions, ())

        exchange.run(main)

    def test_deals(self) -> None:
        """Each deal is delivered until it is acknowledged, and then never again."""
        exchange = VirtualExchange()
        path = self.mktemp()
        booked: list[int] = []

        async def live(count: int) -> None:
            async with exchange.client() as client:
                account = await client.account(exchange.accountId)
                # In a program of your own, give the cursor a ctrader_twisted.Worker(reactor): a thread for the disk.
                async with account.executions(FileCursor(path, execute)) as deals:
                    for _ in range(count):
                        await account.buy(await account.symbol("EURUSD"), Lots("0.01"))
                        deal = await anext(deals)
                        booked.append(deal.dealId)
                        await deals.acknowledge(deal)

        exchange.drive(live(2))
        exchange.drive(live(1))
        self.assertEqual(len(set(booked)), 3)
