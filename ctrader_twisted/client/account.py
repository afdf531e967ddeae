"""
One account: its symbols, quotes, history, orders and positions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.market import History, Quote, Quotes, QuoteStream, SymbolCache
from ctrader_twisted.schema.messages import ProtoOALightSymbol
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.link import Registration
from ctrader_twisted.trading import Deal, Position, Trade, Trading
from ctrader_twisted.units import Lots, Symbol, Units

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["Account"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_EventT = TypeVar("_EventT", bound=Message)


class Account:
    """
    A trading account that is kept logged in. L{ctrader_twisted.client.Client.account} makes it.

    @ivar accountId: the account's C{ctidTraderAccountId}.
    """

    def __init__(
        self, link: AccountSession, clock: IReactorTime, wallClock: Callable[[], int], randomness: Random
    ) -> None:
        """
        @param link: the account's place in the session; it has not been reconciled yet.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        @param randomness: for the ids of orders.
        """
        self.accountId = link.accountId
        self._link = link
        self._symbols = SymbolCache(link)
        self._quotes = Quotes(link, clock, wallClock)
        self._history = History(link)
        self._trading = Trading(link, randomness=randomness, symbolById=self._symbols.known)
        self._symbols.start()
        self._quotes.start()
        self._trading.start()

    def whenReady(self) -> Deferred[Account]:
        """
        Wait until the account is logged in, its state is known, and its subscriptions are restored.

        @return: fires with this account; fails with what refuses it.
        """
        return self._link.whenReady().addCallback(lambda _: self)

    def endStreams(self) -> None:
        """
        End all streams of quotes; listeners stay. The client does it when it is stopped.
        """
        self._quotes.endStreams()

    # Market data.

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
        C{async for quote in quotes}. Leaving the block unsubscribes. After an outage comes a L{Gap <ctrader_twisted.market.spots.Gap>},
        then quotes again.

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
