"""
Bars of the past that do not fit on one page.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ctrader_twisted.columns import Bar, Ticks, Trendbars
from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.market.pages import Lane, PageSizes
from ctrader_twisted.market.source import Source
from ctrader_twisted.market.windows import Span, Windows
from ctrader_twisted.units import Symbol

if TYPE_CHECKING:
    from ctrader_twisted.market.history import History

__all__ = ["CountedPage", "barsBetween", "lastBars", "newestBars"]

_EMPTY_SPANS = 2
# What servers are known to give at once.
_MOST_AT_ONCE = 5_000


class CountedPage(Protocol):
    """
    Asks for a page of bars.
    """

    def __call__(self, first: int, last: int, count: int) -> Awaitable[Ticks | Trendbars]:
        """
        @param first: the first moment of a span, in milliseconds since 1970.
        @param last: the last one.
        @param count: how many bars, counted back from the end; they may begin before the span.
        @return: the page.
        """


async def barsBetween(history: History, symbol: Symbol, period: str, start: int, end: int) -> list[Bar]:
    """
    Get all bars that open in a span, asking once for each page.

    @param history: gives the pages.
    @param symbol: the symbol.
    @param period: the name of the period.
    @param start: milliseconds since 1970; a bar that opens then is in.
    @param end: likewise; a bar that opens then is out.
    @return: the bars, ascending.
    """
    source = Source.ofBars(symbol, period)
    windows = Windows(Span(start, end), first=source.longest, longest=source.longest)
    bars: list[Bar] = []
    while (window := windows.next()) is not None:
        lane = Lane(source, window, partial(history.once, source), history.sizes(source))
        while not lane.isDone:
            bars[:0] = _bars((await lane.part()).columns)
    return bars


async def lastBars(history: History, symbol: Symbol, period: str, end: int, count: int) -> list[Bar]:
    """
    Get the newest bars before a moment, asking once for each page.

    @param history: gives the pages.
    @param symbol: the symbol.
    @param period: the name of the period.
    @param end: milliseconds since 1970; a bar that opens then is out.
    @param count: how many.
    @return: the bars, ascending; fewer, if there are no more.
    """
    source = Source.ofBars(symbol, period)
    bars = await newestBars(source, Span(0, end), partial(history.once, source), history.sizes(source), count)
    return list(bars)


async def newestBars(source: Source, span: Span, page: CountedPage, sizes: PageSizes, count: int) -> Trendbars:
    """
    Get the newest bars of a span. Where two long stretches without a bar follow each other, it is taken that there are
    none before.

    @param source: which bars.
    @param span: where to look.
    @param page: asks for a page.
    @param sizes: what is known of the server's pages.
    @param count: how many.
    @return: the bars; fewer, if there are no more.
    @raise ProtocolError: if the server's pages cannot be joined.
    """
    parts = [_bars(source.nothing())]
    found = empty = 0
    end = span.end
    while found < count and end > span.start and empty < _EMPTY_SPANS:
        first = max(span.start, end - source.longest)
        wanted = min(count - found, _MOST_AT_ONCE)
        answer = _bars(await page(first, end - 1, wanted))
        if answer and answer.timestamps[0] >= end:
            raise ProtocolError(f"{source}: the server gives nothing new at {end - 1} ms since 1970")
        sizes.saw(len(answer))
        rows = answer.between(span.start, end)[found - count :]
        parts.append(rows)
        found += len(rows)
        empty = 0 if rows else empty + 1
        oldest = rows.timestamps[0] if rows else first
        isAll = answer.complete and len(answer) < wanted and not sizes.mayBeCut(len(answer))
        end = min(first, oldest) if isAll else oldest
    return Trendbars.joined(parts[::-1]).marked(True)


def _bars(columns: Ticks | Trendbars) -> Trendbars:
    assert isinstance(columns, Trendbars)
    return columns
