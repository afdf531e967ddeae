"""
Open, high, low, close and volume of some ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Summary", "Tick", "joined", "summarise"]


class Tick(NamedTuple):
    """
    One quote.

    @ivar timestamp: milliseconds since 1970, UTC.
    @ivar bid: in 1/100000 of a price unit.
    @ivar ask: in 1/100000 of a price unit.
    """

    timestamp: int
    bid: int
    ask: int


class Summary(NamedTuple):
    """
    What the bid did over a span of time. Prices are in 1/100000 of a price unit.

    @ivar open: the bid of the first tick.
    @ivar high: the highest bid.
    @ivar low: the lowest bid.
    @ivar close: the bid of the last tick.
    @ivar volume: the number of ticks.
    """

    open: int
    high: int
    low: int
    close: int
    volume: int


def summarise(ticks: Sequence[Tick]) -> Summary | None:
    """
    Sum up ticks.

    @param ticks: the ticks, oldest first.
    @return: the summary, or L{None} if there are no ticks.
    """
    if not ticks:
        return None
    bids = [tick.bid for tick in ticks]
    return Summary(bids[0], max(bids), min(bids), bids[-1], len(bids))


def joined(parts: Sequence[Summary]) -> Summary | None:
    """
    Sum up spans that follow each other.

    @param parts: the summaries of the spans, oldest first.
    @return: the summary of all, or L{None} if there are none.
    """
    if len(parts) <= 1:
        return parts[0] if parts else None
    return Summary(
        parts[0].open,
        max(part.high for part in parts),
        min(part.low for part in parts),
        parts[-1].close,
        sum(part.volume for part in parts),
    )
