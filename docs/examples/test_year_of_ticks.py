"""
Ticks of any span, complete on disk: fetched where they are missing, and read again day by day.

Usage: python -m twisted.trial test_year_of_ticks, in the folder of this file.
"""

from datetime import UTC, datetime
from pathlib import Path

from twisted.internet.defer import execute
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client, Ticks
from ctrader_twisted.interfaces import RunBlocking
from ctrader_twisted.store import Dataset, DatasetWriter, Series
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.units import toMilliseconds

# For a year, only these two have to be others.
START = toMilliseconds(datetime(2026, 1, 5, 23, tzinfo=UTC))
END = toMilliseconds(datetime(2026, 1, 6, 1, tzinfo=UTC))


async def complete(account: Account, writer: DatasetWriter, name: str, side: str, runBlocking: RunBlocking) -> int:
    """
    Fetch what the dataset lacks. Each part is kept as soon as it has come, so that nothing is fetched twice.

    In a program, runBlocking is Worker(reactor) of ctrader_twisted.blocking: a thread waits for the disk.
    """
    symbol, series, rows = await account.symbol(name), Series.ticks(name, side), 0
    for start, end in await runBlocking(writer.dataset.missing, series, START, END):
        async with account.history(symbol, side, start, end) as parts:
            async for span, ticks in parts:
                await runBlocking(writer.write, series, span, ticks)
                rows += len(ticks)
    return rows


def busiest(dataset: Dataset, series: Series) -> int:
    """
    The day with the most ticks; of a year, only one day is in memory at a time.
    """
    counts = {day.timestamps[0] // 86_400_000: len(day) for day in dataset.byDay(series, START, END)}
    return max(counts, key=lambda day: counts[day]) * 86_400_000


class YearTests(SynchronousTestCase):
    def test_complete(self) -> None:
        """The dataset has what the server has; the second time nothing is missing."""
        exchange, path = VirtualExchange(), Path(self.mktemp())

        async def main(client: Client) -> None:
            account = await client.account(exchange.accountId)
            with DatasetWriter(path) as writer:
                self.assertGreater(await complete(account, writer, "EURUSD", "bid", execute), 500)
                self.assertEqual(await complete(account, writer, "EURUSD", "bid", execute), 0)
            dataset, series = Dataset(path), Series.ticks("EURUSD", "bid")
            ticks = dataset.read(series, START, END)
            assert isinstance(ticks, Ticks)
            self.assertEqual(ticks, await account.ticks(await account.symbol("EURUSD"), "bid", START, END))
            self.assertIn(busiest(dataset, series), (START - 23 * 3_600_000, START + 3_600_000))

        exchange.run(main)
