"""
Completing a dataset from history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.cli.progress import Tally
from ctrader_twisted.client import Account
from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.errors import CTraderError, StoreFailed
from ctrader_twisted.eventual import sideBySide
from ctrader_twisted.interfaces import RunBlocking
from ctrader_twisted.store import DatasetWriter, Series, Span
from ctrader_twisted.store.spans import length, union
from ctrader_twisted.units import Symbol

__all__ = ["Fetching"]

# More of them share the server's rate, and only hold more pages in memory.
_AT_ONCE = 16
# Nobody sits beside a long download; each page may fail for a while.
_ATTEMPTS = 30
_FLUSH_AFTER = 5.0
# By how much, in milliseconds, this machine's clock may be ahead of the server's.
_DOUBTED = 86_400_000


class Fetching:
    """
    Fetches what a dataset lacks of a span, the series side by side, each from its newest end.

    @ivar tallies: how far each series has come.
    @ivar failures: why some could not be completed; what came before is kept.
    """

    def __init__(
        self,
        account: Account,
        writer: DatasetWriter,
        wanted: Mapping[Series, Symbol],
        span: Span,
        *,
        clock: IReactorTime,
        runBlocking: RunBlocking,
        wallClock: Callable[[], int],
    ) -> None:
        """
        @param account: gives the history.
        @param writer: the dataset, open.
        @param wanted: the series, and the symbol of each.
        @param span: what shall be final, in milliseconds since 1970, as far as history is settled.
        @param clock: the reactor.
        @param runBlocking: runs what waits for the disk.
        @param wallClock: milliseconds since 1970. It may be ahead by some hours: of the newest day, what nothing proves
            to be over at the server is left for another time.
        """
        self.tallies = {series: Tally(_name(series)) for series in wanted}
        self.failures: dict[Series, CTraderError] = {}
        self._account = account
        self._writer = writer
        self._wanted = wanted
        self._span = span
        self._clock = clock
        self._runBlocking = runBlocking
        self._wallClock = wallClock
        self._flushed = clock.seconds()

    async def run(self) -> None:
        """
        Fetch everything. That one series fails holds up no other.

        @raise StoreFailed: if the dataset cannot be read or written.
        @raise CancelledError: if it is cancelled; nothing goes on then.
        """
        await sideBySide(self._complete, self._wanted, _AT_ONCE)

    async def _complete(self, series: Series) -> None:
        tally = self.tallies[series]
        spans = await self._runBlocking(self._lacking, series)
        tally.total = length(spans)
        try:
            for start, end in reversed(spans):
                await self._fetch(series, tally, start, end)
        except StoreFailed:
            raise
        except CTraderError as error:
            self.failures[series] = error

    def _lacking(self, series: Series) -> tuple[Span, ...]:
        dataset = self._writer.dataset
        return union((*dataset.missing(series, *self._span), *dataset.provisional(series, *self._span)))

    async def _fetch(self, series: Series, tally: Tally, start: int, end: int) -> None:
        download = self._account.history(self._wanted[series], series.of, start, end, attempts=_ATTEMPTS)
        async with download as parts:
            assert tally.total is not None
            # What is not settled yet is left for another time.
            tally.total -= end - parts.span.end
            isProven = end <= self._wallClock() - _DOUBTED
            async for span, rows in parts:
                until = span.end if isProven else _proven(span.start, rows)
                tally.total -= span.end - until
                isProven = isProven or until > span.start
                if isProven:
                    rows = rows.between(span.start, until)
                    await self._runBlocking(self._write, series, (span.start, until), rows)
                    await self._flushNowAndThen()

    def _write(self, series: Series, span: Span, rows: Ticks | Trendbars) -> None:
        self._writer.write(series, span, rows)
        # Counted here, for it is kept also where nobody waits for it any more.
        tally = self.tallies[series]
        tally.rows += len(rows)
        tally.done += span[1] - span[0]

    async def _flushNowAndThen(self) -> None:
        now = self._clock.seconds()
        if now - self._flushed >= _FLUSH_AFTER:
            self._flushed = now
            await self._runBlocking(self._writer.flush)


def _proven(start: int, rows: Ticks | Trendbars) -> int:
    """
    Tell until when the rows prove that the server had come so far: what is before the newest one is over. More ticks of
    its own millisecond may still come, and so may the end of its bar.
    """
    return rows.timestamps[-1] if rows else start


def _name(series: Series) -> str:
    return f"{series} {series.kind}"
