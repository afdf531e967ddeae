"""
Bars of the past that do not fit on one page.
"""

from __future__ import annotations

from ctrader_twisted.columns import MINUTES, Bar
from ctrader_twisted.market.history import History
from ctrader_twisted.units import Symbol

__all__ = ["barsBetween", "lastBars"]

_WEEK = 7 * 24 * 3600 * 1000
# How much the server is known to take in one request, by the longest period of a class.
_SPANS = {5: 5 * _WEEK, 60: 35 * _WEEK, 1440: 52 * _WEEK, 44640: 260 * _WEEK}
_EMPTY_SPANS = 2


async def barsBetween(history: History, symbol: Symbol, period: str, start: int, end: int) -> list[Bar]:
    """
    Get all bars that open in a span.

    @param history: gives the pages.
    @param symbol: the symbol.
    @param period: the name of the period.
    @param start: milliseconds since 1970; a bar that opens then is in.
    @param end: likewise; a bar that opens then is out.
    @return: the bars, ascending.
    """
    bars: list[Bar] = []
    while end > start:
        first = max(start, end - _span(period))
        page = await history.trendbars(symbol, period, first, end)
        bars[:0] = page
        end = first if page.complete else page.timestamps[0]
    return bars


async def lastBars(history: History, symbol: Symbol, period: str, end: int, count: int) -> list[Bar]:
    """
    Get the newest bars before a moment.

    @param history: gives the pages.
    @param symbol: the symbol.
    @param period: the name of the period.
    @param end: milliseconds since 1970; a bar that opens then is out.
    @param count: how many.
    @return: the bars, ascending; fewer, if there are no more.
    """
    bars: list[Bar] = []
    empty = 0
    while len(bars) < count and end > 0 and empty < _EMPTY_SPANS:
        first = max(0, end - _span(period))
        page = await history.trendbars(symbol, period, first, end, count=count - len(bars))
        bars[:0] = page
        empty = 0 if page else empty + 1
        end = first if page.complete else page.timestamps[0]
    return bars


def _span(period: str) -> int:
    minutes = MINUTES[period]
    return next(span for longest, span in _SPANS.items() if minutes <= longest)
