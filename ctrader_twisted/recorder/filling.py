"""
Completing from history what was recorded: outages at once, and each day when it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from attrs import evolve, frozen
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ctrader_twisted.client import Account
from ctrader_twisted.columns import Ticks
from ctrader_twisted.errors import CTraderError, StoreDamaged, StoreFailed
from ctrader_twisted.eventual import sideBySide
from ctrader_twisted.interfaces import RunBlocking
from ctrader_twisted.recorder.servertime import ServerTime
from ctrader_twisted.store import DatasetWriter, Difference, Series
from ctrader_twisted.store.parquet import hasArrow
from ctrader_twisted.units import Symbol, fromMilliseconds

__all__ = ["Filling", "Sealed"]

_DAY = 86_400_000
_PAUSE = 60.0
_SOON = 2.0
_FIRST_WAIT = 60_000
_LONGEST_WAIT = 3_600_000
# When history has what the server has just sent, and what was quiet has been stored as such; and when a day is over.
_SETTLED = 180_000
_SEALED_AFTER = 300_000
# What is missing in pieces is fetched with what lies between them.
_APART = 60_000
_AT_ONCE = 4


@frozen
class Sealed:
    """
    What history has said about a day that was recorded live. Live ticks may be fewer, since servers merge them.

    @ivar series: the symbol and the side.
    @ivar day: when the day began, in milliseconds since 1970.
    @ivar live: how many ticks were recorded live.
    @ivar history: how many history has for the same time.
    @ivar onlyLive: how many of the live ones history does not have; they are not in the dataset any more.
    @ivar onlyHistory: how many of history's did not come live.
    """

    series: Series
    day: int
    live: int = 0
    history: int = 0
    onlyLive: int = 0
    onlyHistory: int = 0

    def with_(self, difference: Difference) -> Sealed:
        """
        Add a part of the day.

        @param difference: what was found in it.
        @return: the sum.
        """
        return evolve(
            self,
            live=self.live + difference.live,
            history=self.history + difference.history,
            onlyLive=self.onlyLive + len(difference.onlyLive),
            onlyHistory=self.onlyHistory + len(difference.onlyHistory),
        )


class Filling:
    """
    Looks again and again what is missing or not confirmed, and fetches it.

    @ivar filled: how many ticks came from history.
    @ivar failures: why series could not be completed the last time, by series.
    """

    _log = Logger()

    def __init__(
        self,
        account: Account,
        symbols: Mapping[Series, Symbol],
        writer: DatasetWriter,
        *,
        clock: IReactorTime,
        serverTime: ServerTime,
        runBlocking: RunBlocking,
        since: int | None,
        sealed: Callable[[Sealed], object],
    ) -> None:
        """
        @param account: gives the history.
        @param symbols: what is to be complete.
        @param writer: the dataset; it is open.
        @param clock: the reactor.
        @param serverTime: tells what is over.
        @param runBlocking: runs what waits for the disk.
        @param since: from when on, in milliseconds since 1970; L{None} for when each series begins.
        @param sealed: called with what history says of each day that was recorded live.
        """
        self.filled = 0
        self.failures: dict[Series, CTraderError] = {}
        self._account = account
        self._symbols = symbols
        self._writer = writer
        self._clock = clock
        self._serverTime = serverTime
        self._runBlocking = runBlocking
        self._since = since
        self._sealed = sealed
        self._begun: int | None = None
        self._waits: dict[Series, tuple[int, int]] = {}
        self._starts: dict[Series, int] = {}
        self._compacted: dict[Series, int] = {}

    async def run(self) -> None:
        """
        Complete everything, and do so again each minute, until it is cancelled.

        @raise StoreFailed: if the dataset cannot be read or written.
        """
        while True:
            now = self._serverTime.now()
            if now is not None:
                await self.complete(now)
            await deferLater(self._clock, _SOON if now is None else _PAUSE)

    async def complete(self, now: int) -> None:
        """
        Complete everything, as far as history is settled. Where history cannot be had, that is told and remembered, and
        asked again later and later, but at least once an hour.

        @param now: what time it is at the server, or was a moment ago, in milliseconds since 1970.
        @raise StoreFailed: if the dataset cannot be read or written.
        """
        self._begun = self._begun or now
        due = [series for series in self._symbols if self._isDue(series, now)]
        await sideBySide(partial(self._complete, now=now), due, _AT_ONCE)

    def _isDue(self, series: Series, now: int) -> bool:
        return now >= self._waits.get(series, (0, 0))[0]

    async def _complete(self, series: Series, now: int) -> None:
        over = (now - _SEALED_AFTER) // _DAY * _DAY
        days: dict[int, Sealed] = {}
        try:
            for start, end in await self._runBlocking(self._open, series, over, now - _SETTLED):
                day = start // _DAY * _DAY
                found = await self._fetch(series, start, end, days.get(day) or Sealed(series, day))
                if end <= over:
                    days[day] = found
        except CTraderError as error:
            # A damaged file holds up its own series only.
            if isinstance(error, StoreFailed) and not isinstance(error, StoreDamaged):
                raise
            self._failed(series, error, now)
        else:
            self.failures.pop(series, None)
            self._waits.pop(series, None)
            # What is over is complete for good, and need not be looked at again.
            self._starts[series] = max(over, self._starts[series])
        for sealed in days.values():
            self._tell(sealed)

    def _failed(self, series: Series, error: CTraderError, now: int) -> None:
        pause = min(2 * self._waits.get(series, (0, _FIRST_WAIT // 2))[1], _LONGEST_WAIT)
        self._waits[series] = now + pause, pause
        self.failures[series] = error
        self._log.error(
            "{series} is not complete, and asked for again in {minutes} min: {error}",
            series=str(series),
            minutes=pause // 60_000,
            error=error,
        )

    def _open(self, series: Series, over: int, settled: int) -> list[tuple[int, int]]:
        """
        Find out what is to be fetched. It waits for the disk.
        """
        if self._compacted.get(series) != over:
            self._compact(series, over)
        start = self._starts.get(series, self._since)
        if start is None:
            assert self._begun is not None, "it was set before anything is looked at"
            covered = self._writer.dataset.summary(series).start
            start = self._begun if covered is None else covered
        self._starts[series] = start
        spans: list[tuple[int, int]] = []
        if start < settled:
            spans += self._writer.missing(series, start, settled)
        if start < over:
            spans += self._writer.provisional(series, start, over)
        return list(_byDay(_together(spans)))

    def _compact(self, series: Series, over: int) -> None:
        """
        What a process has left that was killed is put in order, once after the start and once a day.
        """
        self._compacted[series] = over
        if not hasArrow():
            return
        for finding in self._writer.compact(series, end=over):
            self._log.error("{finding}", finding=str(finding))

    async def _fetch(self, series: Series, start: int, end: int, sealed: Sealed) -> Sealed:
        async with self._account.history(self._symbols[series], series.of, start, end) as parts:
            async for span, rows in parts:
                assert isinstance(rows, Ticks)
                sealed = sealed.with_(await self._runBlocking(self._writer.seal, series, span, rows))
                self.filled += len(rows)
        return sealed

    def _tell(self, sealed: Sealed) -> None:
        if not sealed.live:
            return
        self._log.info(
            "{series} of {day:%Y-%m-%d} is confirmed by history: {live} ticks came live, {onlyHistory} of history did "
            "not, {onlyLive} were none",
            series=str(sealed.series),
            day=fromMilliseconds(sealed.day),
            live=sealed.live,
            onlyHistory=sealed.onlyHistory,
            onlyLive=sealed.onlyLive,
        )
        self._sealed(sealed)


def _together(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + _APART:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _byDay(spans: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    for start, end in spans:
        while start < end:
            midnight = min((start // _DAY + 1) * _DAY, end)
            yield (start, midnight)
            start = midnight
