"""
Joining the pages of a span, whatever the server's pages are like.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple, Protocol

from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.market.source import Source
from ctrader_twisted.market.windows import Span

__all__ = ["Lane", "Page", "PageSizes", "Part"]


class Part(NamedTuple):
    """
    A part of a history, and final: these are all the rows of its span.

    @ivar span: what it covers, also where it has no rows.
    @ivar columns: the rows, ascending.
    """

    span: Span
    columns: Ticks | Trendbars


class Page(Protocol):
    """
    Asks for a page.
    """

    def __call__(self, first: int, last: int) -> Awaitable[Ticks | Trendbars]:
        """
        @param first: the first moment of a span, in milliseconds since 1970.
        @param last: the last one.
        @return: the newest part of what is in it; C{complete} is L{False} if the server says that there is more.
        """


class PageSizes:
    """
    What has been seen of a server's pages.

    The server may say by mistake that there is no more, where it has cut a page off. A page that is cut off is not much
    shorter than the longest one; so of a page that is as long it is not believed.

    @ivar longest: the rows of the longest page.
    """

    def __init__(self, smallest: int) -> None:
        """
        @param smallest: a page of fewer rows is not taken for one that was cut off.
        """
        self.longest = 0
        self._smallest = smallest

    def saw(self, rows: int) -> None:
        """
        A page came.

        @param rows: how many it had.
        """
        self.longest = max(self.longest, rows)

    def mayBeCut(self, rows: int) -> bool:
        """
        Tell whether the server may have cut off a page of which it says that it is the last.

        @param rows: how many it had.
        """
        return rows >= self._smallest and 2 * rows >= self.longest


class Lane:
    """
    The pages of one window, one after the other, from the newest to the oldest.

    Pages end anywhere, also in the middle of a millisecond. So the oldest millisecond of a page is not taken from it,
    but asked for again as the newest one of the next page. Where a page has no other millisecond, that one is asked for
    alone; if even so the server says that there is more, that cannot be had, and the download fails.

    @ivar end: what is before it has yet to be read, in milliseconds since 1970.
    @ivar window: what it reads.
    @ivar rows: how many there were so far.
    @ivar sizes: what is known of the server's pages.
    """

    def __init__(self, source: Source, window: Span, page: Page, sizes: PageSizes) -> None:
        """
        @param source: what is asked for, for messages.
        @param window: no longer than the server takes.
        @param page: asks for a page.
        @param sizes: what is known of the server's pages.
        """
        self.end = window.end
        self.window = window
        self.rows = 0
        self.sizes = sizes
        self._source = source
        self._start = window.start
        self._page = page
        # How many rows of the last millisecond there are at least.
        self._known = 0

    @property
    def isDone(self) -> bool:
        """
        Whether all has been read.
        """
        return self.end <= self._start

    async def part(self) -> Part:
        """
        Read on.

        @return: the next part, which ends where the last one began.
        @raise ProtocolError: if the server's pages cannot be joined.
        """
        page, rows = await self._ask(self._start, self.end, self._known)
        if self._isLast(page, rows):
            return self._cut(self._start, rows)
        oldest = rows.timestamps[0]
        if not self._source.isTicks:
            return self._cut(oldest, rows)
        if oldest == rows.timestamps[-1]:
            return self._cut(oldest, await self._millisecond(oldest, len(rows)))
        whole = rows.between(oldest + 1, self.end)
        return self._cut(oldest + 1, whole, known=len(rows) - len(whole))

    async def _ask(self, start: int, end: int, known: int) -> tuple[Ticks | Trendbars, Ticks | Trendbars]:
        page = await self._page(start, end - 1)
        rows = page.between(start, end)
        # What goes beyond the span tells nothing of how much the server gives of it.
        self.sizes.saw(len(rows))
        if page and page.timestamps[0] >= end:
            raise self._broken("gives nothing new", end - 1)
        if known and len(rows.between(end - 1, end)) < known:
            raise self._broken("leaves rows out that it gave before", end - 1)
        return page, rows

    def _isLast(self, page: Ticks | Trendbars, rows: Ticks | Trendbars) -> bool:
        # A page with nothing of the span ends the history, whatever it says.
        if not rows or (not self._source.isTicks and rows.timestamps[0] == self._start):
            return True
        # That it reaches beyond the start proves nothing: a stray row may be before a gap.
        return page.complete and not self.sizes.mayBeCut(len(page))

    async def _millisecond(self, moment: int, known: int) -> Ticks | Trendbars:
        page, rows = await self._ask(moment, moment + 1, known)
        # That there is more is a mistake where a page has room for more. None holds a single row only.
        if not page.complete and 1 < len(rows) >= self.sizes.longest:
            raise self._broken("has more rows than fit on a page", moment)
        return rows

    def _cut(self, start: int, rows: Ticks | Trendbars, known: int = 0) -> Part:
        part = Part(Span(start, self.end), rows.marked(True))
        self.end, self._known = start, known
        self.rows += len(rows)
        return part

    def _broken(self, what: str, moment: int) -> ProtocolError:
        return ProtocolError(
            f"{self._source}: the server {what} at {moment} ms since 1970, so they cannot be had whole"
        )
