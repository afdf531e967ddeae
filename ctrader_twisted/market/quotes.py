"""
Live quotes of an account.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.market.spots import Gap, Quote, Spot, SpotUser
from ctrader_twisted.market.stream import QuoteStream
from ctrader_twisted.market.subscriptions import SpotSubscriptions
from ctrader_twisted.schema.messages import ProtoOASpotEvent
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.units import Symbol

__all__ = ["Quotes"]


class Quotes:
    """
    Quotes of any number of symbols, each subscribed while somebody uses it.

    Subscribing works at any time: while the account is not ready it is done at the next login. Prices are forgotten
    when the connection is lost. Quotes that the server merges or leaves out cannot be known.
    """

    def __init__(self, link: AccountLink, clock: IReactorTime, wallClock: Callable[[], int]) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        """
        self._link = link
        self._wallClock = wallClock
        self._spots: dict[int, Spot] = {}
        self._subscriptions = SpotSubscriptions(link, clock, self._refused)

    def start(self) -> None:
        """
        Begin to follow the account.
        """
        self._link.listen(ProtoOASpotEvent, self._changed)
        self._link.onLost(self._lost)
        self._subscriptions.start()

    def endStreams(self, error: CTraderError | None = None) -> None:
        """
        End all streams: what they have is still read, then their iterations end. Listeners stay.

        @param error: what the iterations shall raise at their end, such as when the account is refused; by default
            nothing, such as when the client stops.
        """
        for spot in tuple(self._spots.values()):
            for user in spot.users:
                if not isinstance(user, QuoteStream):
                    continue
                if error is None:
                    user.ended()
                else:
                    user.refused(error)

    def quote(self, symbol: Symbol) -> Quote | None:
        """
        Look at the newest quote.

        @param symbol: a symbol that somebody uses.
        @return: the quote, or L{None} if a side is not known now.
        """
        spot = self._spots.get(symbol.symbolId)
        return spot.last if spot is not None else None

    def onQuote(self, symbol: Symbol, listener: Callable[[Quote], object]) -> Registration:
        """
        Hear each quote of a symbol from now on. What the listener raises is logged and changes nothing else.

        @param symbol: the symbol.
        @param listener: called with each quote.
        @return: an object whose C{stop()} ends it.
        """
        user = _ListeningUser(symbol, listener, self._leave)
        self._join(symbol, user)
        return user

    def quotes(self, symbol: Symbol, *, limit: int = 1) -> QuoteStream:
        """
        Iterate over the quotes of a symbol, beginning with the newest that is known.

        @param symbol: the symbol.
        @param limit: how many quotes wait for a slow consumer before the oldest is dropped.
        @return: a stream to use with C{async with} and C{async for}. The iteration raises the server's refusal, if
            it will not send the symbol.
        @raise ValueError: if the limit is below one.
        """
        if limit < 1:
            raise ValueError(f"a stream keeps at least one quote, not {limit}")
        return QuoteStream(limit, lambda stream: self._join(symbol, stream), lambda stream: self._leave(symbol, stream))

    def _join(self, symbol: Symbol, user: SpotUser) -> None:
        spot = self._spots.setdefault(symbol.symbolId, Spot(symbol))
        spot.add(user)
        if spot.last is not None and isinstance(user, QuoteStream):
            user.quoted(spot.last)
        self._subscriptions.acquire(symbol.symbolId)

    def _leave(self, symbol: Symbol, user: SpotUser) -> None:
        spot = self._spots.get(symbol.symbolId)
        if spot is None or user not in spot.users:
            return
        spot.remove(user)
        if not spot.users:
            del self._spots[symbol.symbolId]
        self._subscriptions.release(symbol.symbolId)

    def _changed(self, event: ProtoOASpotEvent) -> None:
        spot = self._spots.get(event.symbolId)
        if spot is not None:
            spot.changed(event, self._wallClock())

    def _lost(self, reason: Failure) -> None:
        for spot in self._spots.values():
            spot.lost()

    def _refused(self, symbolId: int, error: CTraderError) -> None:
        for user in self._spots[symbolId].users if symbolId in self._spots else ():
            user.refused(error)


class _ListeningUser:
    """
    A listener's place among those who use a symbol, and its registration.
    """

    _log = Logger()

    def __init__(
        self, symbol: Symbol, listener: Callable[[Quote], object], leave: Callable[[Symbol, SpotUser], None]
    ) -> None:
        self._symbol = symbol
        self._listener = listener
        self._leave = leave

    def stop(self) -> None:
        self._leave(self._symbol, self)

    def quoted(self, quote: Quote) -> None:
        self._listener(quote)

    def missed(self, gap: Gap) -> None:
        """
        A listener is told quotes only.
        """

    def refused(self, error: CTraderError) -> None:
        self._log.error("no quotes of {symbol}: {error}", symbol=self._symbol.name, error=error)
