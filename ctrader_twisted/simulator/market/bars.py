"""
Trendbars out of a price source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from ctrader_twisted.simulator.market.periods import spanOf
from ctrader_twisted.simulator.market.source import PriceSource, SummarisedSource
from ctrader_twisted.simulator.market.summary import Summary, summarise

__all__ = ["Bar", "buildBars"]


class Bar(NamedTuple):
    """
    One trendbar. Prices are bids in 1/100000 of a price unit.

    @ivar minute: when it opens, in minutes since 1970.
    @ivar volume: the number of its ticks.
    """

    minute: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def buildBars(source: PriceSource, period: int, start: int, end: int, now: int, limit: int | None = None) -> list[Bar]:
    """
    Make the bars that open in a span of time. The last one is still forming if its time is not over yet.

    @param source: where the ticks come from.
    @param period: a C{ProtoOATrendbarPeriod}.
    @param start: the earliest opening, in milliseconds since 1970.
    @param end: the latest opening, in milliseconds since 1970.
    @param now: the moment after which no tick is known.
    @param limit: give no more than this many, the newest.
    @return: the bars, oldest first. Where there was no tick there is no bar.
    @raise KeyError: if there is no such period.
    """
    bars = list(islice(_backwards(source, period, start, min(end, now), now), limit))
    bars.reverse()
    return bars


def _backwards(source: PriceSource, period: int, start: int, end: int, now: int) -> Iterator[Bar]:
    summarised = _summaries(source)
    span = spanOf(period, end)
    while span.opening >= start:
        summary = summarised(span.opening, min(span.closing - 1, now))
        if summary is not None:
            yield Bar(span.opening // 60_000, *summary)
            span = spanOf(period, span.opening - 1)
            continue
        # Gaps can be long, and there may be nothing at all before this one.
        tick = source.lastTick(span.opening - 1)
        if tick is None:
            return
        span = spanOf(period, tick.timestamp)


def _summaries(source: PriceSource) -> Callable[[int, int], Summary | None]:
    if isinstance(source, SummarisedSource):
        return source.summary
    return lambda start, end: summarise(source.ticks(start, end))
