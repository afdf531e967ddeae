"""
The market data of one account, as its users see it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.market.history import History
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.market.spots import Quote
from ctrader_twisted.market.stream import QuoteStream
from ctrader_twisted.market.symbols import SymbolCache
from ctrader_twisted.schema.messages import ProtoOALightSymbol
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.units import Symbol

__all__ = ["MarketData"]


class MarketData:
    """
    Symbols, quotes and history of one account.
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
        self._history = History(link)
        self._symbols.start()
        self._quotes.start()
        self._feeds.start()

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

    def quotes(self, symbol: Symbol, *, limit: int = 1) -> QuoteStream:
        """
        Iterate over the quotes of a symbol: C{async with account.quotes(symbol) as quotes}, then
        C{async for quote in quotes}. Leaving the block unsubscribes. After an outage comes a
        L{Gap <ctrader_twisted.market.spots.Gap>}, then quotes again.

        @param symbol: the symbol.
        @param limit: how many quotes wait for a slow consumer before the oldest is dropped.
        """
        return self._quotes.quotes(symbol, limit=limit)

    def onQuote(self, symbol: Symbol, listener: Callable[[Quote], None]) -> Registration:
        """
        Hear each quote of a symbol, across reconnects.

        @param symbol: the symbol.
        @param listener: called with each L{Quote <ctrader_twisted.market.spots.Quote>}.
        @return: an object whose C{stop()} ends it.
        """
        return self._quotes.onQuote(symbol, listener)

    def quote(self, symbol: Symbol) -> Quote | None:
        """
        Look at the newest quote of a symbol that is subscribed.

        @param symbol: the symbol.
        @return: the quote, or L{None} while a side is unknown.
        """
        return self._quotes.quote(symbol)

    def trendbars(
        self,
        symbol: Symbol,
        period: str,
        start: datetime | int,
        end: datetime | int,
        *,
        count: int | None = None,
        timeout: float | None = None,
    ) -> Deferred[Trendbars]:
        """
        Get the bars of a span, as far as they fit on one page.

        @param symbol: the symbol.
        @param period: M1 to M5, M10, M15, M30, H1, H4, H12, D1, W1 or MN1.
        @param start: an aware datetime or milliseconds since 1970; a bar that opens then is in.
        @param end: likewise; a bar that opens then is out.
        @param count: only so many, the newest of the span.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the bars, ascending; C{complete} is L{False} if the page did not hold the whole span.
        @raise IllegalValue: (as a failure) if the period, the span or the count makes no sense.
        """
        return self._history.trendbars(symbol, period, start, end, count=count, timeout=timeout)

    def ticks(
        self, symbol: Symbol, side: str, start: datetime | int, end: datetime | int, *, timeout: float | None = None
    ) -> Deferred[Ticks]:
        """
        Get the ticks of one side in a span, as far as they fit on one page.

        @param symbol: the symbol.
        @param side: C{bid} or C{ask}.
        @param start: an aware datetime or milliseconds since 1970; a tick of then is in.
        @param end: likewise; a tick of then is out.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the ticks, ascending; C{complete} is L{False} if the page did not hold the whole span.
        @raise IllegalValue: (as a failure) if the side or the span makes no sense.
        """
        return self._history.ticks(symbol, side, start, end, timeout=timeout)

    def endStreams(self, error: CTraderError | None = None) -> None:
        """
        End all streams; listeners stay. The client does it when it is stopped or the account is refused.

        @param error: what the iterations shall raise at their end; by default nothing.
        """
        self._quotes.endStreams(error)
