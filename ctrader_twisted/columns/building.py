"""
Bars made of ticks, and longer bars made of shorter ones.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from ctrader_twisted.columns.periods import spanOf

__all__ = ["Cut", "barsOfBars", "barsOfTicks"]


class Cut(NamedTuple):
    """
    How rows are cut into bars.

    @ivar period: the name of the period.
    @ivar start: no bar whose period begins before, in milliseconds since 1970.
    @ivar end: no bar whose period ends after, likewise.
    """

    period: str
    start: int | None
    end: int | None

    def parts(self, timestamps: array[int]) -> Iterator[tuple[int, int, int]]:
        """
        Cut rows into periods.

        @param timestamps: those of the rows, ascending.
        @return: for each period that has rows its opening, its first row, and the first row after it.
        """
        first = 0
        while first < len(timestamps):
            opening, closing = spanOf(self.period, timestamps[first])
            after = bisect_left(timestamps, closing, first)
            if (self.start is None or self.start <= opening) and (self.end is None or closing <= self.end):
                yield opening, first, after
            first = after


def barsOfTicks(timestamps: array[int], prices: array[int], cut: Cut) -> tuple[array[int], ...]:
    """
    Make bars of ticks.

    @param timestamps: milliseconds since 1970, ascending.
    @param prices: the prices.
    @param cut: how to cut them.
    @return: the columns of the bars: openings, first, highest, lowest and last prices, numbers of ticks.
    """
    columns: tuple[array[int], ...] = tuple(array("q") for _ in range(6))
    for opening, first, after in cut.parts(timestamps):
        part = prices[first:after]
        _add(columns, (opening, part[0], max(part), min(part), part[-1], len(part)))
    return columns


def barsOfBars(bars: tuple[array[int], ...], cut: Cut) -> tuple[array[int], ...]:
    """
    Make longer bars of shorter ones.

    @param bars: the columns of the bars.
    @param cut: how to cut them.
    @return: likewise those of the longer bars.
    """
    timestamps, opens, highs, lows, closes, volumes = bars
    columns: tuple[array[int], ...] = tuple(array("q") for _ in bars)
    for opening, first, after in cut.parts(timestamps):
        highest, lowest = max(highs[first:after]), min(lows[first:after])
        _add(columns, (opening, opens[first], highest, lowest, closes[after - 1], sum(volumes[first:after])))
    return columns


def _add(columns: tuple[array[int], ...], values: tuple[int, ...]) -> None:
    for column, value in zip(columns, values, strict=True):
        column.append(value)
