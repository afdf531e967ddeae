"""
Ticks and trendbars of the past.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.eventual import eventually
from ctrader_twisted.market.download import Download, Progress
from ctrader_twisted.market.pages import Lane, PageSizes
from ctrader_twisted.market.paging import newestBars
from ctrader_twisted.market.patience import ATTEMPTS, Patience
from ctrader_twisted.market.source import Source, spanOf
from ctrader_twisted.market.turns import Turns
from ctrader_twisted.market.windows import Span
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.units import Symbol

__all__ = ["History"]

# So many requests keep the server busy where an answer takes more than a second, and hold nobody else up for long.
_AT_ONCE = 8
_AHEAD = 16
# The server's pages are known to have some thousands of rows.
_SMALLEST_PAGE = 1_000

_Told = Callable[[Progress], object]


class History:
    """
    Downloads of one account's history. Several share the server's attention in turn.
    """

    def __init__(
        self,
        link: AccountLink,
        patience: Patience,
        clock: IReactorTime,
        wallClock: Callable[[], int],
        *,
        smallestPage: int = _SMALLEST_PAGE,
    ) -> None:
        """
        @param link: the account.
        @param patience: asks for pages.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        @param smallestPage: see L{PageSizes}.
        """
        self._link = link
        self._patience = patience
        self._clock = clock
        self._wallClock = wallClock
        self._turns = Turns(_AT_ONCE)
        self._tickPages, self._barPages = PageSizes(smallestPage), PageSizes(smallestPage)

    def history(
        self,
        symbol: Symbol,
        kind: str,
        start: datetime | int,
        end: datetime | int,
        *,
        attempts: int = ATTEMPTS,
        ahead: int = _AHEAD,
        timeout: float | None = None,
        progress: _Told | None = None,
    ) -> Download:
        """
        Download what is settled of a span, part by part.

        @param symbol: the symbol.
        @param kind: C{bid} or C{ask} for ticks, or the name of a period for bars.
        @param start: an aware datetime or milliseconds since 1970, inside the span.
        @param end: likewise, outside the span.
        @param attempts: how often each page is asked for at most.
        @param ahead: how many pages are kept for a slow consumer.
        @param timeout: seconds to wait for each page, or L{None} for the default.
        @param progress: called after each page with the L{Progress}.
        @return: the download.
        @raise IllegalValue: if one of the arguments makes no sense.
        """
        source, span = Source.of(symbol, kind), spanOf(start, end)
        settled = Span(span.start, max(span.start, min(span.end, source.settled(self._wallClock()))))
        return self._download(source, settled, attempts, ahead, timeout, progress)

    def trendbars(
        self,
        symbol: Symbol,
        period: str,
        start: datetime | int,
        end: datetime | int,
        *,
        count: int | None = None,
        attempts: int = ATTEMPTS,
        timeout: float | None = None,
        progress: _Told | None = None,
    ) -> Deferred[Trendbars]:
        """
        Get the bars that open in a span. The last one may still be forming.

        @param symbol: the symbol.
        @param period: the name of a period: M1 to M5, M10, M15, M30, H1, H4, H12, D1, W1 or MN1.
        @param start: an aware datetime or milliseconds since 1970; a bar that opens then is in.
        @param end: likewise; a bar that opens then is out.
        @param count: only so many, the newest of the span.
        @param attempts: how often each page is asked for at most.
        @param timeout: seconds to wait for each page, or L{None} for the default.
        @param progress: called after each page with the L{Progress}; not where a count is given.
        @return: fires with the bars, ascending.
        @raise IllegalValue: (as a failure) if one of the arguments makes no sense.
        @raise HistoryFailed: (as a failure) if they cannot be had whole.
        """
        return eventually(self._trendbars(symbol, period, start, end, count, attempts, timeout, progress))

    def ticks(
        self,
        symbol: Symbol,
        side: str,
        start: datetime | int,
        end: datetime | int,
        *,
        attempts: int = ATTEMPTS,
        timeout: float | None = None,
        progress: _Told | None = None,
    ) -> Deferred[Ticks]:
        """
        Get the changes of one price in a span.

        @param symbol: the symbol.
        @param side: C{bid} or C{ask}.
        @param start: an aware datetime or milliseconds since 1970; a tick of then is in.
        @param end: likewise; a tick of then is out.
        @param attempts: how often each page is asked for at most.
        @param timeout: seconds to wait for each page, or L{None} for the default.
        @param progress: called after each page with the L{Progress}.
        @return: fires with the ticks, ascending.
        @raise IllegalValue: (as a failure) if one of the arguments makes no sense.
        @raise HistoryFailed: (as a failure) if they cannot be had whole.
        """
        return eventually(self._ticks(symbol, side, start, end, attempts, timeout, progress))

    async def once(self, source: Source, first: int, last: int, count: int | None = None) -> Ticks | Trendbars:
        """
        Ask for a page once, without patience.

        @param source: what is asked for.
        @param first: as in L{Source.page}.
        @param last: likewise.
        @param count: likewise.
        @return: the page.
        """
        return await source.page(self._link, first, last, count=count)

    def sizes(self, source: Source) -> PageSizes:
        """
        @param source: what is asked for.
        @return: what is known of the server's pages of it.
        """
        return self._tickPages if source.isTicks else self._barPages

    async def _trendbars(
        self,
        symbol: Symbol,
        period: str,
        start: datetime | int,
        end: datetime | int,
        count: int | None,
        attempts: int,
        timeout: float | None,
        progress: _Told | None,
    ) -> Trendbars:
        source, span = Source.ofBars(symbol, period), spanOf(start, end)
        if count is None:
            download = self._download(source, span, attempts, _AHEAD, timeout, progress)
            return Trendbars.joined([cast("Trendbars", part) for part in await _all(source, download)])
        if count < 1:
            raise IllegalValue(f"{count} bars cannot be had", (1,))
        page = partial(self._page, source, span, attempts, timeout, object())
        return await newestBars(source, span, page, self.sizes(source), count)

    async def _ticks(
        self,
        symbol: Symbol,
        side: str,
        start: datetime | int,
        end: datetime | int,
        attempts: int,
        timeout: float | None,
        progress: _Told | None,
    ) -> Ticks:
        source = Source.ofTicks(symbol, side)
        download = self._download(source, spanOf(start, end), attempts, _AHEAD, timeout, progress)
        return Ticks.joined([cast("Ticks", part) for part in await _all(source, download)])

    def _download(
        self,
        source: Source,
        span: Span,
        attempts: int,
        ahead: int,
        timeout: float | None,
        progress: _Told | None,
    ) -> Download:
        def lane(window: Span, user: object) -> Lane:
            page = partial(self._page, source, span, attempts, timeout, user)
            return Lane(source, window, page, self.sizes(source))

        return Download(source, span, lane, self._clock.seconds, ahead=ahead, progress=progress)

    async def _page(
        self,
        source: Source,
        span: Span,
        attempts: int,
        timeout: float | None,
        user: object,
        first: int,
        last: int,
        count: int | None = None,
    ) -> Ticks | Trendbars:
        async def inTurn() -> Ticks | Trendbars:
            await self._turns.take(user)
            try:
                return await source.page(self._link, first, last, count=count, timeout=timeout)
            finally:
                self._turns.free()

        what = f"{source} from {span.start} to {span.end} ms since 1970"
        return await self._patience.ask(what, inTurn, attempts)


async def _all(source: Source, download: Download) -> list[Ticks | Trendbars]:
    found: list[Ticks | Trendbars] = []
    async with download as parts:
        async for _, columns in parts:
            if columns:
                found.append(columns)
    return found[::-1] or [source.nothing()]
