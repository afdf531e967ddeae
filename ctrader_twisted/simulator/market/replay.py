"""
Prices that a file gives.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from pathlib import Path

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.market.barfiles import readBothSides
from ctrader_twisted.simulator.market.pricefiles import BARS, columnsOf
from ctrader_twisted.simulator.market.summary import Summary, Tick
from ctrader_twisted.simulator.market.tickfiles import readTicks

__all__ = ["ReplayedPrices"]


class ReplayedPrices:
    """
    Recorded ticks, as they were. After the last of them the market is silent.
    """

    def __init__(self, ticks: Iterable[Tick]) -> None:
        """
        @param ticks: the ticks, oldest first; at least one.
        """
        self._times, self._bids, self._asks = array("q"), array("q"), array("q")
        for timestamp, bid, ask in ticks:
            self._times.append(timestamp)
            self._bids.append(bid)
            self._asks.append(ask)

    @classmethod
    def fromFile(cls, path: Path, asks: Path | None = None) -> ReplayedPrices:
        """
        Read a file of ticks, or the files of the bars of both sides, in one of the layouts of
        L{ctrader_twisted.simulator.market.pricefiles}. Bars become ticks as
        L{ctrader_twisted.simulator.market.barfiles} says.

        @param path: the file; if it holds bars, those of the bid.
        @param asks: if it holds bars, the file of those of the ask.
        @return: the prices.
        @raise ConfigurationError: if a file cannot be read, or holds anything but prices in the order of time; or if
            the bars of one side are missing.
        """
        if asks is not None:
            prices = cls(readBothSides(path, asks))
        elif columnsOf(path) == BARS:
            raise ConfigurationError(f"{path} holds bars of one side; name the file of the ask's, too")
        else:
            prices = cls(readTicks(path))
        if not prices._times:
            raise ConfigurationError(f"{path} holds no {'ticks' if asks is None else 'bars'}")
        return prices

    @property
    def first(self) -> int:
        """
        @return: the time of the first tick, in milliseconds since 1970.
        """
        return self._times[0]

    @property
    def last(self) -> int:
        """
        @return: the time of the last tick, in milliseconds since 1970.
        """
        return self._times[-1]

    def ticks(self, start: int, end: int) -> list[Tick]:
        """
        Give the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the ticks, in the order of the file.
        """
        part = self._part(start, end)
        return list(map(Tick, self._times[part], self._bids[part], self._asks[part]))

    def lastTick(self, at: int) -> Tick | None:
        """
        Give the newest tick that is not after a moment.

        @param at: milliseconds since 1970.
        @return: the tick, or L{None} before the beginning.
        """
        place = bisect_right(self._times, at)
        return self._tick(place - 1) if place else None

    def nextTick(self, after: int) -> Tick | None:
        """
        Give the oldest tick after a moment.

        @param after: milliseconds since 1970.
        @return: the tick, or L{None} after the end.
        """
        place = bisect_right(self._times, after)
        return self._tick(place) if place < len(self._times) else None

    def summary(self, start: int, end: int) -> Summary | None:
        """
        Sum up the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the summary, or L{None} if there are no ticks.
        """
        bids = self._bids[self._part(start, end)]
        return Summary(bids[0], max(bids), min(bids), bids[-1], len(bids)) if bids else None

    def _part(self, start: int, end: int) -> slice:
        return slice(bisect_left(self._times, start), bisect_right(self._times, end))

    def _tick(self, place: int) -> Tick:
        return Tick(self._times[place], self._bids[place], self._asks[place])
