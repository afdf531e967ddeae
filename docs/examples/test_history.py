"""
Ticks of a day: as one table, and part by part with the progress.

Usage: python -m twisted.trial test_history, in the folder of this file.
"""

from datetime import UTC, datetime, timedelta

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Client
from ctrader_twisted.market import Progress, Span
from ctrader_twisted.testing import VirtualExchange


async def owned(account: Account, start: datetime, end: datetime, shown: list[str]) -> dict[Span, int]:
    """
    Download ticks part by part, and note how many there are in which span.
    """

    def show(progress: Progress) -> None:
        shown.append(f"{progress.share:.0%}, {progress.rows} ticks, {progress.left or 0:.0f} s left")

    eurusd = await account.symbol("EURUSD")
    found: dict[Span, int] = {}
    async with account.history(eurusd, "bid", start, end, progress=show) as parts:
        # The newest part comes first. What has come need not be asked for again, whatever happens to the others.
        async for span, ticks in parts:
            found[span] = len(ticks)
    return found


class HistoryTests(SynchronousTestCase):
    def test_day(self) -> None:
        """What comes in parts is what comes as a whole."""
        exchange = VirtualExchange()
        shown: list[str] = []

        async def main(client: Client) -> None:
            account = await client.account(exchange.accountId)
            end = datetime.fromtimestamp(exchange.exchange.timeline.now() // 1000, UTC) - timedelta(minutes=1)
            start = end - timedelta(days=1)
            spans = await owned(account, start, end, shown)
            ticks = await account.ticks(await account.symbol("EURUSD"), "bid", start, end)
            self.assertEqual(sum(spans.values()), len(ticks))
            self.assertEqual((await account.dealHistory(start, end)), ())

        exchange.run(main)
        self.assertTrue(shown[-1].startswith("100%"))
