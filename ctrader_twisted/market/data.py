"""
The market data of one account, as its users see it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.columns import Bar, Ticks, Trendbars
from ctrader_twisted.errors import CTraderError, NotConnected
from ctrader_twisted.market.bars import LiveBars
from ctrader_twisted.market.book import DepthBook
from ctrader_twisted.market.depth import Depth
from ctrader_twisted.market.download import Download, Progress
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.market.history import History
from ctrader_twisted.market.patience import ATTEMPTS, Patience
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.market.spots import Gap, Quote
from ctrader_twisted.market.staleness import Stale, Staleness
from ctrader_twisted.market.stream import BarStream, DepthStream, QuoteStream
from ctrader_twisted.market.symbols import SymbolCache
from ctrader_twisted.schema.messages import ProtoOALightSymbol
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.units import Symbol

__all__ = ["MarketData"]


class MarketData:
    """
    Symbols, quotes, bars, order books and history of one account.
    """

    def __init__(self, link: AccountLink, *, clock: IReactorTime, wallClock: Callable[[], int]) -> None:
        """
        @param link: the account; it has not been logged in yet.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        """
        self._symbols = SymbolCache(link)
        self._feeds = Feeds(link, clock)
        self._quotes = Quotes(link, self._feeds.spots, wallClock)
        self._patience = Patience(link, clock, wallClock)
        self._history = History(link, self._patience, clock, wallClock)
        self._bars = LiveBars(link, self._feeds.bars, self._quotes, self._history, clock, wallClock)
        self._depth = Depth(link, self._feeds.depth, self._quotes, wallClock)
        self._staleness = Staleness(self._feeds, self._quotes, self._bars, clock, wallClock)
        for part in (self._symbols, self._quotes, self._bars, self._depth, self._feeds, self._staleness):
            part.start()

    def symbols(self) -> Deferred[tuple[ProtoOALightSymbol, ...]]:
        """
        List the broker's symbols.

        @return: fires with the server's entries: ids, names, assets, descriptions, and whether they are enabled.
        """
        return self._symbols.symbols()

    def symbol(self, which: str | int) -> Deferred[Symbol]:
        """
        Find a symbol with its full specification.

        @param which: its name, exactly as the broker writes it, or its id. Both differ between brokers.
        @return: fires with the symbol.
        @raise SymbolNotFound: (as a failure) if there is none; the message tells similar names.
        """
        return self._symbols.symbol(which)

    def quotes(self, symbol: Symbol, *, limit: int = 1, onFull: str = "drop") -> QuoteStream:
        """
        Iterate over the quotes of a symbol: C{async with account.quotes(symbol) as quotes}, then
        C{async for quote in quotes}. Leaving the block unsubscribes. After an outage comes a
        L{Gap <ctrader_twisted.market.spots.Gap>}, then quotes again.

        @param symbol: the symbol.
        @param limit: how many quotes wait for a slow consumer.
        @param onFull: what becomes of more: C{drop} the oldest and count it in C{dropped}, or C{fail} with
            L{TooSlow <ctrader_twisted.errors.TooSlow>}.
        @raise IllegalValue: if the limit or the policy makes no sense.
        """
        return self._quotes.quotes(symbol, limit=limit, onFull=onFull)

    def onQuote(
        self,
        symbol: Symbol,
        listener: Callable[[Quote], object],
        *,
        onGap: Callable[[Gap], object] | None = None,
        onRefused: Callable[[CTraderError], object] | None = None,
    ) -> Registration:
        """
        Hear each quote of a symbol, across reconnects.

        @param symbol: the symbol.
        @param listener: called with each L{Quote <ctrader_twisted.market.spots.Quote>}.
        @param onGap: called with a L{Gap <ctrader_twisted.market.spots.Gap>} before the first quote after an outage.
        @param onRefused: called with the error if the server will not send the symbol, which is logged otherwise. The
            server is asked again later, and the listener is called if it agrees then.
        @return: an object whose C{stop()} ends it.
        """
        return self._quotes.onQuote(symbol, listener, onGap=onGap, onRefused=onRefused)

    def quote(self, symbol: Symbol) -> Quote | None:
        """
        Look at the newest quote of a symbol that is subscribed.

        @param symbol: the symbol.
        @return: the quote, or L{None} while a side is unknown.
        """
        return self._quotes.quote(symbol)

    def bars(
        self, symbol: Symbol, period: str, *, warmUp: int = 0, limit: int = 1000, onFull: str = "fail"
    ) -> BarStream:
        """
        Iterate over closed bars, from history on, without a gap or a double:
        C{async with account.bars(symbol, "M1", warmUp=100) as bars}, then C{async for bar in bars}. C{bars.forming} is
        the bar that has not closed yet. A bar has closed when a newer one has begun; without ticks there is no bar.
        After an outage come the bars that have closed meanwhile; only where history refuses them comes a
        L{Gap <ctrader_twisted.market.spots.Gap>}.

        @param symbol: the symbol.
        @param period: M1 to M5, M10, M15, M30, H1, H4, H12, D1, W1 or MN1.
        @param warmUp: how many bars of history to begin with; fewer come if there are no more.
        @param limit: how many live bars wait for a slow consumer.
        @param onFull: what becomes of more: C{fail} with L{TooSlow <ctrader_twisted.errors.TooSlow>}, or C{drop} the
            oldest and count it in C{dropped}.
        @raise IllegalValue: if the period has no such name, or one of the numbers makes no sense.
        """
        return self._bars.bars(symbol, period, warmUp=warmUp, limit=limit, onFull=onFull)

    def onBar(
        self,
        symbol: Symbol,
        period: str,
        listener: Callable[[Bar], object],
        *,
        onGap: Callable[[Gap], object] | None = None,
        onRefused: Callable[[CTraderError], object] | None = None,
    ) -> Registration:
        """
        Hear each bar that closes from now on, once, across reconnects.

        @param symbol: the symbol.
        @param period: M1 to M5, M10, M15, M30, H1, H4, H12, D1, W1 or MN1.
        @param listener: called with each L{Bar <ctrader_twisted.columns.Bar>} when a newer one has begun.
        @param onGap: called where bars have closed in an outage and history refuses them.
        @param onRefused: called with the error if the server will not send the bars, which is logged otherwise.
        @return: an object whose C{stop()} ends it.
        @raise IllegalValue: if the period has no such name.
        """
        return self._bars.onBar(symbol, period, listener, onGap=onGap, onRefused=onRefused)

    def depth(self, symbol: Symbol, *, limit: int = 1, onFull: str = "drop") -> DepthStream:
        """
        Iterate over the order books of a symbol: C{async with account.depth(symbol) as books}, then
        C{async for book in books}. Each is whole, and does not change. After an outage comes a
        L{Gap <ctrader_twisted.market.spots.Gap>}, then books again.

        @param symbol: the symbol.
        @param limit: how many books wait for a slow consumer.
        @param onFull: as of L{quotes}.
        @raise IllegalValue: if the limit or the policy makes no sense.
        """
        return self._depth.depth(symbol, limit=limit, onFull=onFull)

    def onDepth(
        self,
        symbol: Symbol,
        listener: Callable[[DepthBook], object],
        *,
        onGap: Callable[[Gap], object] | None = None,
        onRefused: Callable[[CTraderError], object] | None = None,
    ) -> Registration:
        """
        Hear each change of a symbol's order book, across reconnects.

        @param symbol: the symbol.
        @param listener: called with the whole L{DepthBook <ctrader_twisted.market.book.DepthBook>} after each change.
        @param onGap: called with a gap before the first book after an outage.
        @param onRefused: called with the error if the server will not send the book, which is logged otherwise.
        @return: an object whose C{stop()} ends it.
        """
        return self._depth.onDepth(symbol, listener, onGap=onGap, onRefused=onRefused)

    @property
    def stale(self) -> tuple[Stale, ...]:
        """
        What is subscribed and does not flow now: what the server refuses, cannot do, or is silent about for two minutes
        or more while the symbol is traded by its schedule. Empty while the account is not logged in.
        """
        return self._staleness.stale

    def onStale(self, listener: Callable[[tuple[Stale, ...]], object]) -> Registration:
        """
        Be told when a subscription stops to flow, or flows again.

        @param listener: called with all that does not flow, as L{stale}.
        @return: an object whose C{stop()} ends it.
        """
        return self._staleness.onStale(listener)

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
        progress: Callable[[Progress], object] | None = None,
    ) -> Deferred[Trendbars]:
        """
        Get the bars of a span, however long it is: all of them, or an error. What a lost connection, a time-out, a
        limit or maintenance has held up is asked for again; cancelling the result cancels all that is under way.

        @param symbol: the symbol.
        @param period: M1 to M5, M10, M15, M30, H1, H4, H12, D1, W1 or MN1.
        @param start: an aware datetime or milliseconds since 1970; a bar that opens then is in.
        @param end: likewise; a bar that opens then is out. The newest bar may still be forming.
        @param count: only so many, the newest of the span. Where two spans that are as long as the server takes at
            once have no bars, no older ones are looked for.
        @param attempts: how often each page is asked for at most.
        @param timeout: seconds to wait for each page, or L{None} for the default.
        @param progress: called after each page with the L{Progress <ctrader_twisted.market.download.Progress>}; not
            where a count is given.
        @return: fires with the bars, ascending.
        @raise IllegalValue: (as a failure) if one of the arguments makes no sense.
        @raise HistoryFailed: (as a failure) if the server refuses, or the client gives up.
        @raise ProtocolError: (as a failure) if the server's pages cannot be joined.
        """
        return self._history.trendbars(
            symbol, period, start, end, count=count, attempts=attempts, timeout=timeout, progress=progress
        )

    def ticks(
        self,
        symbol: Symbol,
        side: str,
        start: datetime | int,
        end: datetime | int,
        *,
        attempts: int = ATTEMPTS,
        timeout: float | None = None,
        progress: Callable[[Progress], object] | None = None,
    ) -> Deferred[Ticks]:
        """
        Get the ticks of one side in a span, however long it is: all of them, or an error, as L{trendbars}. A million
        takes 16 MB; L{history} gives them part by part.

        @param symbol: the symbol.
        @param side: C{bid} or C{ask}.
        @param start: an aware datetime or milliseconds since 1970; a tick of then is in.
        @param end: likewise; a tick of then is out.
        @param attempts: how often each page is asked for at most.
        @param timeout: seconds to wait for each page, or L{None} for the default.
        @param progress: called after each page with the L{Progress <ctrader_twisted.market.download.Progress>}.
        @return: fires with the ticks, ascending.
        @raise IllegalValue: (as a failure) if one of the arguments makes no sense.
        @raise HistoryFailed: (as a failure) if the server refuses, or the client gives up.
        @raise ProtocolError: (as a failure) if the server's pages cannot be joined.
        """
        return self._history.ticks(symbol, side, start, end, attempts=attempts, timeout=timeout, progress=progress)

    def history(
        self,
        symbol: Symbol,
        kind: str,
        start: datetime | int,
        end: datetime | int,
        *,
        attempts: int = ATTEMPTS,
        ahead: int = 16,
        timeout: float | None = None,
        progress: Callable[[Progress], object] | None = None,
    ) -> Download:
        """
        Download ticks or bars part by part: C{async with account.history(symbol, "bid", start, end) as parts}, then
        C{async for span, columns in parts}. The newest part comes first; each touches the one before, and holds all
        rows of its span, which may be none. What a lost connection has held up goes on after the next login. Where the
        download fails, the parts that came are good.

        What may still change is left out: the last ten seconds by this machine's clock, and bars that have not been
        closed for so long. The download's C{span} tells what it will cover.

        @param symbol: the symbol.
        @param kind: C{bid} or C{ask} for ticks, or the name of a period for bars.
        @param start: an aware datetime or milliseconds since 1970, inside the span.
        @param end: likewise, outside the span.
        @param attempts: how often each page is asked for at most.
        @param ahead: how many pages are kept for a slow consumer, before no more are asked for.
        @param timeout: seconds to wait for each page, or L{None} for the default.
        @param progress: called after each page with the L{Progress <ctrader_twisted.market.download.Progress>}.
        @return: the download; the iteration raises L{HistoryFailed <ctrader_twisted.errors.HistoryFailed>} or
            L{ProtocolError <ctrader_twisted.errors.ProtocolError>}.
        @raise IllegalValue: if one of the arguments makes no sense.
        """
        return self._history.history(
            symbol, kind, start, end, attempts=attempts, ahead=ahead, timeout=timeout, progress=progress
        )

    def endStreams(self, error: CTraderError | None = None) -> None:
        """
        End all streams; listeners stay. Downloads that wait for a login fail. The client does it when it is stopped or
        the account is refused.

        @param error: what the iterations shall raise at their end; by default nothing.
        """
        for part in (self._quotes, self._bars, self._depth):
            part.endStreams(error)
        self._patience.end(error or NotConnected("the client was stopped"))
