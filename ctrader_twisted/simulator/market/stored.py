"""
Prices that a dataset gives, and the choice between datasets and files.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from ctrader_twisted.columns import Quotes, Ticks
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.source import Recording
from ctrader_twisted.simulator.market.summary import Summary, Tick, joined
from ctrader_twisted.store import Dataset, Series

__all__ = ["StoredPrices", "readRecording"]

_DAY = 86_400_000
# Besides the present day, the one before and what somebody asks for as history.
_DAYS_KEPT = 4


def readRecording(name: str, path: Path, asks: Path | None = None) -> Recording:
    """
    Read recorded prices, from a file or from a dataset.

    @param name: the name of the symbol, which a dataset needs.
    @param path: the file, or the folder of the dataset.
    @param asks: if the file holds bars of the bid, the file of those of the ask.
    @return: the prices.
    @raise ConfigurationError: if they cannot be read.
    @raise StoreFailed: if a file of the dataset cannot be read.
    """
    if not path.is_dir():
        return ReplayedPrices.fromFile(path, asks)
    if asks is not None:
        raise ConfigurationError(f"{path} is a dataset, which has both sides; leave out {asks}")
    return StoredPrices(path, name)


class StoredPrices:
    """
    The ticks of a symbol in a dataset, as they were. After the last of them the market is silent.

    Only some days are in memory. What is added to the dataset later is not seen; what is changed meanwhile may be.
    """

    def __init__(self, path: str | os.PathLike[str], symbol: str) -> None:
        """
        @param path: the folder of the dataset.
        @param symbol: the name of the symbol, as it is called there.
        @raise ConfigurationError: if it is no dataset, or has no ticks of both sides of the symbol.
        @raise StoreFailed: if a file cannot be read.
        """
        self._dataset = Dataset(path)
        self._series = Series.ticks(symbol, "bid"), Series.ticks(symbol, "ask")
        self._days, self._end = self._covered()
        self._latest: dict[tuple[Series, int], int | None] = {}
        self._summaries: dict[int, Summary | None] = {}
        self._quotes = lru_cache(maxsize=_DAYS_KEPT)(self._load)
        first = self.nextTick(-1)
        last = self.lastTick(self._end)
        if first is None or last is None:
            raise ConfigurationError(f"{self._dataset.path} holds no ticks of both sides of {symbol}")
        self._first, self._last = first.timestamp, last.timestamp

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._series[0].symbol} in {self._dataset.path}>"

    @property
    def first(self) -> int:
        """
        @return: the time of the first tick, in milliseconds since 1970.
        """
        return self._first

    @property
    def last(self) -> int:
        """
        @return: the time of the last tick, in milliseconds since 1970.
        """
        return self._last

    def ticks(self, start: int, end: int) -> list[Tick]:
        """
        Give the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the ticks, oldest first. In a millisecond, the first changes of both sides are one tick, then the
            second ones.
        """
        found: list[Tick] = []
        for place in self._places(start, end):
            quotes = self._quotes(place)
            part = _part(quotes, start, end)
            found += map(Tick, quotes.timestamps[part], quotes.bid[part], quotes.ask[part])
        return found

    def lastTick(self, at: int) -> Tick | None:
        """
        Give the newest tick that is not after a moment.

        @param at: milliseconds since 1970.
        @return: the tick, or L{None} before the beginning.
        """
        for quotes in self._filled(reversed(range(bisect_right(self._days, at)))):
            place = bisect_right(quotes.timestamps, at)
            if place:
                return _tick(quotes, place - 1)
        return None

    def nextTick(self, after: int) -> Tick | None:
        """
        Give the oldest tick after a moment.

        @param after: milliseconds since 1970.
        @return: the tick, or L{None} after the end.
        """
        for quotes in self._filled(range(bisect_right(self._days, after - _DAY), len(self._days))):
            place = bisect_right(quotes.timestamps, after)
            if place < len(quotes):
                return _tick(quotes, place)
        return None

    def summary(self, start: int, end: int) -> Summary | None:
        """
        Sum up the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the summary, or L{None} if there are no ticks.
        """
        parts = []
        for place in self._places(start, end):
            isWhole = start <= self._days[place] and self._days[place] + _DAY - 1 <= end
            if isWhole and place in self._summaries:
                parts.append(self._summaries[place])
            else:
                quotes = self._quotes(place)
                parts.append(_summary(quotes, _part(quotes, start, end)))
        return joined([part for part in parts if part is not None])

    def _covered(self) -> tuple[list[int], int]:
        """
        Find the days of which anything is known; there can be ticks on no other.
        """
        days: set[int] = set()
        end = 0
        for series in self._series:
            summary = self._dataset.summary(series)
            if summary.start is None or summary.end is None:
                continue
            span = summary.start, summary.end
            end = max(end, summary.end)
            for first, last in (*self._dataset.final(series, *span), *self._dataset.provisional(series, *span)):
                days.update(range(first - first % _DAY, last, _DAY))
        return sorted(days), end

    def _places(self, start: int, end: int) -> range:
        return range(bisect_right(self._days, start - _DAY), bisect_right(self._days, end))

    def _filled(self, places: Iterable[int]) -> Iterable[Quotes]:
        for place in places:
            if self._summaries.get(place, ...) is not None:
                yield self._quotes(place)

    def _load(self, place: int) -> Quotes:
        sides = [self._ticks(series, place) for series in self._series]
        bidBefore, askBefore = (self._before(series, place) for series in self._series)
        quotes = Quotes.merged(*sides, bidBefore=bidBefore, askBefore=askBefore)
        self._summaries[place] = _summary(quotes, slice(None))
        return quotes

    def _ticks(self, series: Series, place: int) -> Ticks:
        start = self._days[place]
        rows = self._dataset.read(series, start, min(start + _DAY, self._end))
        assert isinstance(rows, Ticks)
        self._latest[series, place] = rows.prices[-1] if rows else None
        return rows

    def _before(self, series: Series, place: int) -> int | None:
        for earlier in reversed(range(place)):
            if (series, earlier) not in self._latest:
                self._ticks(series, earlier)
            price = self._latest[series, earlier]
            if price is not None:
                return price
        return None


def _part(quotes: Quotes, start: int, end: int) -> slice:
    return slice(bisect_left(quotes.timestamps, start), bisect_right(quotes.timestamps, end))


def _tick(quotes: Quotes, place: int) -> Tick:
    return Tick(quotes.timestamps[place], quotes.bid[place], quotes.ask[place])


def _summary(quotes: Quotes, part: slice) -> Summary | None:
    bids = quotes.bid[part]
    return Summary(bids[0], max(bids), min(bids), bids[-1], len(bids)) if bids else None
