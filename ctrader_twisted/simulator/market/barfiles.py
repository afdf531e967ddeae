"""
Reading files of bars, one for each side, and making ticks of them.

A bar becomes four ticks, at the beginnings of its quarters: the open; then the low and the high, if the bid closes at
its open or above, or else the high and the low; then the close. Bid and ask do the same at the same time. So the bars
of either side, built again from the ticks, are those of its file, with a volume of four.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.market.pricefiles import BARS, columnsOf, readRows
from ctrader_twisted.simulator.market.summary import Tick

__all__ = ["PriceBar", "barTicks", "readBars", "readBothSides"]

_MINUTE = 60_000


class PriceBar(NamedTuple):
    """
    A bar of one side, with prices in 1/100000 of a price unit.

    @ivar timestamp: when it opens, in milliseconds since 1970.
    """

    timestamp: int
    open: int
    high: int
    low: int
    close: int


def readBars(path: Path) -> list[PriceBar]:
    """
    Read a file of bars.

    @param path: the file, in one of the layouts of L{ctrader_twisted.simulator.market.pricefiles}.
    @return: its bars, in the order of time.
    @raise ConfigurationError: if the file cannot be read, has another layout, a price that is finer than 1/100000, a
        bar that is not later than the one before, or whose prices are not between its low and its high.
    """
    if columnsOf(path) != BARS:
        raise ConfigurationError(f"{path} holds no bars: its columns are not timestamp, {', '.join(BARS)}")
    bars = [PriceBar(*row) for row in readRows(path, BARS)]
    for bar in bars:
        if not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
            raise ConfigurationError(f"{path}: the bar of {bar.timestamp} ms opens or closes outside its range")
    for before, after in pairwise(bars):
        if before.timestamp == after.timestamp:
            raise ConfigurationError(f"{path}: there are two bars of {after.timestamp} ms")
    return bars


def readBothSides(bidFile: Path, askFile: Path) -> Iterator[Tick]:
    """
    Read the bars of both sides, and make ticks of them.

    @param bidFile: the bars of the bid.
    @param askFile: the bars of the ask, at the same times.
    @return: the ticks, in the order of time.
    @raise ConfigurationError: if either cannot be used, or one has a bar that the other has not.
    """
    bids, asks = readBars(bidFile), readBars(askFile)
    lonely = {bar.timestamp for bar in bids} ^ {bar.timestamp for bar in asks}
    if lonely:
        words = f"{bidFile} and {askFile} do not go together: only one has a bar of {min(lonely)} ms"
        raise ConfigurationError(f"{words}; leave out what is not in both")
    return barTicks(bids, asks)


def barTicks(bids: Sequence[PriceBar], asks: Sequence[PriceBar]) -> Iterator[Tick]:
    """
    Make ticks of bars.

    @param bids: the bars of the bid, in the order of time.
    @param asks: as many of the ask, at the same times.
    @return: four ticks for each pair, in the order of time.
    """
    quarter = _length(bids) // 4
    for bid, ask in zip(bids, asks, strict=True):
        times = range(bid.timestamp, bid.timestamp + 4 * quarter, quarter)
        rises = bid.close >= bid.open
        yield from map(Tick, times, _path(bid, rises), _path(ask, rises))


def _path(bar: PriceBar, rises: bool) -> tuple[int, int, int, int]:
    return (bar.open, bar.low, bar.high, bar.close) if rises else (bar.open, bar.high, bar.low, bar.close)


def _length(bars: Sequence[PriceBar]) -> int:
    # Gaps are longer than bars, and what lies closer together than a minute is shorter than one.
    return min((after.timestamp - before.timestamp for before, after in pairwise(bars)), default=_MINUTE)
