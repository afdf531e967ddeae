"""
Live quotes of an account.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.market.spots import Gap, Quote, Spot, SpotUser
from ctrader_twisted.market.stream import QuoteStream
from ctrader_twisted.market.subscriptions import Subscriptions
from ctrader_twisted.market.users import ListeningUser
from ctrader_twisted.schema.messages import ProtoOASpotEvent
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.units import Symbol

__all__ = ["Quotes"]


class Quotes:
    """
    Quotes of any number of symbols, each subscribed while somebody uses it.

    Subscribing works at any time: while the account is not ready it is done at the next login. Prices are forgotten
    when the connection is lost. Quotes that the server merges or leaves out cannot be known.

    @ivar spots: by symbol id, the prices of what is subscribed, by whomever.
    """

    _log = Logger()

    def __init__(self, link: AccountLink, subscriptions: Subscriptions[int], wallClock: Callable[[], int]) -> None:
        """
        @param link: the account.
        @param subscriptions: its subscriptions to spots.
        @param wallClock: milliseconds since 1970.
        """
        self.spots: dict[int, Spot] = {}
        self._link = link
        self._subscriptions = subscriptions
        self._wallClock = wallClock

    def start(self) -> None:
        """
        Begin to follow the account.
        """
        self._subscriptions.start(self)
        self._link.listen(ProtoOASpotEvent, self._changed)
        self._link.onLost(self._lost)

    def endStreams(self, error: CTraderError | None = None) -> None:
        """
        End all streams: what they have is still read, then their iterations end. Listeners stay.

        @param error: what the iterations shall raise at their end, such as when the account is refused; by default
            nothing, such as when the client stops.
        """
        for spot in tuple(self.spots.values()):
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
        spot = self.spots.get(symbol.symbolId)
        return spot.last if spot is not None else None

    def onQuote(
        self,
        symbol: Symbol,
        listener: Callable[[Quote], object],
        *,
        onGap: Callable[[Gap], object] | None = None,
        onRefused: Callable[[CTraderError], object] | None = None,
    ) -> Registration:
        """
        Hear each quote of a symbol from now on. What a listener raises is logged and changes nothing else.

        @param symbol: the symbol.
        @param listener: called with each quote.
        @param onGap: called with a gap before the first quote after an outage.
        @param onRefused: called with the error if the server will not send the symbol, which is logged otherwise. The
            server is asked again later, and the listener is called if it agrees then.
        @return: an object whose C{stop()} ends it.
        """
        user = ListeningUser(
            f"quotes of {symbol.name}", listener, onGap, onRefused, lambda user: self._leave(symbol, user)
        )
        self._join(symbol, user)
        return user

    def quotes(self, symbol: Symbol, *, limit: int = 1, onFull: str = "drop") -> QuoteStream:
        """
        Iterate over the quotes of a symbol, beginning with the newest that is known.

        @param symbol: the symbol.
        @param limit: how many quotes wait for a slow consumer.
        @param onFull: what becomes of more: C{drop} the oldest and count it, or C{fail}.
        @return: a stream to use with C{async with} and C{async for}. The iteration raises the server's refusal, if
            it will not send the symbol.
        @raise IllegalValue: if the limit or the policy makes no sense.
        """
        return QuoteStream(
            "quotes",
            limit,
            onFull,
            lambda stream: self._join(symbol, stream),
            lambda stream: self._leave(symbol, stream),
        )

    def keep(self, symbol: Symbol) -> None:
        """
        Prepare to take in the prices of a symbol whose spots are about to be subscribed.

        @param symbol: the symbol.
        """
        if symbol.symbolId not in self.spots:
            self.spots[symbol.symbolId] = Spot(symbol)

    # What the subscriptions tell.

    def begins(self, symbolId: int) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.begins}
        """
        self.spots[symbolId].lost()

    def flows(self, symbolId: int) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.flows}
        """

    def refused(self, symbolId: int, error: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.refused}
        """
        for user in self.spots[symbolId].users:
            try:
                user.refused(error)
            except Exception:
                self._log.failure("a listener to the refusal of {symbolId} failed", symbolId=symbolId)

    def ends(self, symbolId: int) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.ends}
        """
        del self.spots[symbolId]

    def _join(self, symbol: Symbol, user: SpotUser) -> None:
        self.keep(symbol)
        spot = self.spots[symbol.symbolId]
        spot.add(user)
        if spot.last is not None and isinstance(user, QuoteStream):
            user.told(spot.last)
        self._subscriptions.acquire(symbol.symbolId)

    def _leave(self, symbol: Symbol, user: SpotUser) -> None:
        spot = self.spots.get(symbol.symbolId)
        if spot is None or user not in spot.users:
            return
        spot.remove(user)
        self._subscriptions.release(symbol.symbolId)

    def _changed(self, event: ProtoOASpotEvent) -> None:
        spot = self.spots.get(event.symbolId)
        if spot is not None:
            spot.changed(event, self._wallClock())

    def _lost(self, reason: Failure) -> None:
        for spot in self.spots.values():
            spot.lost()
