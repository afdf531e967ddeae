"""
Prices that a test gives.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from ctrader_twisted.simulator.market.source import PriceSource, SummarisedSource
from ctrader_twisted.simulator.market.summary import Summary, Tick, joined, summarise

__all__ = ["ScriptedPrices"]


class ScriptedPrices:
    """
    The ticks of another source up to a moment, and from then on those that are given, and no others. After the last of
    them the market is silent.
    """

    def __init__(self, before: PriceSource, until: int) -> None:
        """
        @param before: whose ticks there are at first.
        @param until: the last millisecond of its ticks, since 1970.
        """
        self._before = before
        self._until = until
        self._times, self._bids, self._asks = array("q"), array("q"), array("q")

    @property
    def last(self) -> int:
        """
        @return: the time of the last tick that was given, or the last of the other source's time if there is none.
        """
        return self._times[-1] if self._times else self._until

    def add(self, tick: Tick) -> None:
        """
        Add a tick.

        @param tick: the tick.
        @raise ValueError: if it is older than L{last}.
        """
        if tick.timestamp < self.last:
            raise ValueError(f"a tick at {tick.timestamp} cannot follow one at {self.last}")
        self._times.append(tick.timestamp)
        self._bids.append(tick.bid)
        self._asks.append(tick.ask)

    def dropAfter(self, moment: int) -> None:
        """
        Forget all ticks that are after a moment.

        @param moment: milliseconds since 1970.
        """
        self._until = min(self._until, moment)
        place = bisect_right(self._times, moment)
        for column in (self._times, self._bids, self._asks):
            del column[place:]

    def ticks(self, start: int, end: int) -> list[Tick]:
        """
        Give the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the ticks, oldest first.
        """
        before = self._before.ticks(start, min(end, self._until)) if start <= self._until else []
        return before + self._own(start, end)

    def lastTick(self, at: int) -> Tick | None:
        """
        Give the newest tick that is not after a moment.

        @param at: milliseconds since 1970.
        @return: the tick, or L{None} if there was none yet.
        """
        place = bisect_right(self._times, at)
        return self._tick(place - 1) if place else self._before.lastTick(min(at, self._until))

    def nextTick(self, after: int) -> Tick | None:
        """
        Give the oldest tick after a moment.

        @param after: milliseconds since 1970.
        @return: the tick, or L{None} if there is none any more.
        """
        found = self._before.nextTick(after) if after < self._until else None
        if found is not None and found.timestamp <= self._until:
            return found
        place = bisect_right(self._times, after)
        return self._tick(place) if place < len(self._times) else None

    def summary(self, start: int, end: int) -> Summary | None:
        """
        Sum up the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the summary, or L{None} if there are no ticks.
        """
        parts = [self._summaryBefore(start, min(end, self._until)), summarise(self._own(start, end))]
        return joined([part for part in parts if part is not None])

    def _summaryBefore(self, start: int, end: int) -> Summary | None:
        if start > end:
            return None
        if isinstance(self._before, SummarisedSource):
            return self._before.summary(start, end)
        return summarise(self._before.ticks(start, end))

    def _own(self, start: int, end: int) -> list[Tick]:
        part = slice(bisect_left(self._times, start), bisect_right(self._times, end))
        return list(map(Tick, self._times[part], self._bids[part], self._asks[part]))

    def _tick(self, place: int) -> Tick:
        return Tick(self._times[place], self._bids[place], self._asks[place])
