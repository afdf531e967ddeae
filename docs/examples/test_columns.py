"""
An hour of both sides of a symbol: quotes, their spread, and bars that are those of the server.

Usage: python -m twisted.trial test_columns, in the folder of this file.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Quotes, Ticks, Trendbars
from ctrader_twisted.testing import VirtualExchange

START = datetime(2026, 1, 5, 10, tzinfo=UTC)
END = START + timedelta(hours=1)


async def bothSides(account: Account) -> tuple[Ticks, Ticks]:
    """
    All changes of bid and ask.
    """
    eurusd = await account.symbol("EURUSD")
    return await account.ticks(eurusd, "bid", START, END), await account.ticks(eurusd, "ask", START, END)


class ColumnTests(SynchronousTestCase):
    def test_spread(self) -> None:
        """The widest spread of the hour."""
        exchange = VirtualExchange()

        async def main(client: Client) -> None:
            quotes = Quotes.merged(*await bothSides(await client.account(exchange.accountId)))
            widest = max(quotes, key=lambda quote: quote.spread)
            self.assertGreater(widest.spread, Decimal(0))
            self.assertEqual(quotes.between(widest.timestamp, widest.timestamp + 1)[0].timestamp, widest.timestamp)

        exchange.run(main)

    def test_bars(self) -> None:
        """Bars made of ticks of the bid are the server's, and longer ones are made of shorter ones."""
        exchange = VirtualExchange()

        async def main(client: Client) -> None:
            account = await client.account(exchange.accountId)
            bids, _ = await bothSides(account)
            minutes = Trendbars.fromTicks(bids, "M1")
            self.assertEqual(minutes, await account.trendbars(await account.symbol("EURUSD"), "M1", START, END))
            self.assertEqual(minutes.resampled("M15"), Trendbars.fromTicks(bids, "M15"))

        exchange.run(main)
