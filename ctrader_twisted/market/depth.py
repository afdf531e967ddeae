"""
Live order books of an account.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.market.book import DepthBook, Offers
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.market.spots import Gap
from ctrader_twisted.market.stream import DepthStream
from ctrader_twisted.market.subscriptions import Subscriptions
from ctrader_twisted.market.users import ListeningUser
from ctrader_twisted.schema.messages import ProtoOADepthEvent
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.units import Symbol

__all__ = ["Depth"]


class DepthUser(Protocol):
    """
    Somebody who wants the order book of a symbol.
    """

    def told(self, item: DepthBook) -> None:
        """
        The book has changed.

        @param item: the whole book.
        """

    def missed(self, gap: Gap) -> None:
        """
        Changes may have been missed; the first book after that follows.

        @param gap: when.
        """

    def refused(self, error: CTraderError) -> None:
        """
        The server will not send this book.

        @param error: why.
        """


class _DepthFeed:
    """
    The book of one symbol, and who wants it.

    @ivar last: the newest book, or L{None} while none is known.
    """

    _log = Logger()

    def __init__(self, symbol: Symbol) -> None:
        self.last: DepthBook | None = None
        self.users: tuple[DepthUser, ...] = ()
        self._symbol = symbol
        self._offers = Offers()
        self._interrupted: dict[DepthUser, int] = {}

    def remove(self, user: object) -> bool:
        before = self.users
        self.users = tuple(other for other in before if other is not user)
        self._interrupted = {other: start for other, start in self._interrupted.items() if other is not user}
        return len(self.users) < len(before)

    def interrupted(self) -> None:
        """
        The server begins anew with a whole book; what was before counts no more.
        """
        if self.last is not None:
            for user in self.users:
                self._interrupted.setdefault(user, self.last.received)
        self.last = None
        self._offers = Offers()

    def changed(self, event: ProtoOADepthEvent, received: int) -> None:
        self._offers.apply(event)
        book = self.last = self._offers.book(self._symbol, received)
        self.each(lambda user: self._tell(user, book))

    def each(self, act: Callable[[DepthUser], object]) -> None:
        for user in self.users:
            # A user may have let another one go.
            if user not in self.users:
                continue
            try:
                act(user)
            except Exception:
                self._log.failure("a listener to the depth of {symbol} failed", symbol=self._symbol.name)

    def _tell(self, user: DepthUser, book: DepthBook) -> None:
        start = self._interrupted.pop(user, None)
        if start is not None:
            user.missed(Gap(start, book.received))
        user.told(book)


class Depth:
    """
    Order books of any number of symbols, each subscribed while somebody uses it, with the spots that it needs. Brokers
    without market depth send one level or nothing.
    """

    def __init__(
        self, link: AccountLink, subscriptions: Subscriptions[int], quotes: Quotes, wallClock: Callable[[], int]
    ) -> None:
        """
        @param link: the account.
        @param subscriptions: its subscriptions to depth.
        @param quotes: its prices.
        @param wallClock: milliseconds since 1970.
        """
        self._feeds: dict[int, _DepthFeed] = {}
        self._link = link
        self._subscriptions = subscriptions
        self._quotes = quotes
        self._wallClock = wallClock

    def start(self) -> None:
        """
        Begin to follow the account.
        """
        self._subscriptions.start(self)
        self._link.listen(ProtoOADepthEvent, self._changed)
        self._link.onLost(self._lost)

    def endStreams(self, error: CTraderError | None = None) -> None:
        """
        End all streams: what they have is still read, then their iterations end. Listeners stay.

        @param error: what the iterations shall raise at their end; by default nothing.
        """
        for feed in tuple(self._feeds.values()):
            for user in feed.users:
                if not isinstance(user, DepthStream):
                    continue
                if error is None:
                    user.ended()
                else:
                    user.refused(error)

    def onDepth(
        self,
        symbol: Symbol,
        listener: Callable[[DepthBook], object],
        *,
        onGap: Callable[[Gap], object] | None = None,
        onRefused: Callable[[CTraderError], object] | None = None,
    ) -> Registration:
        """
        Hear each change of a symbol's order book from now on. What a listener raises is logged and changes nothing
        else.

        @param symbol: the symbol.
        @param listener: called with the whole book after each change.
        @param onGap: called with a gap before the first book after an outage.
        @param onRefused: called with the error if the server will not send the book, which is logged otherwise.
        @return: an object whose C{stop()} ends it.
        """
        user = ListeningUser(
            f"depth of {symbol.name}", listener, onGap, onRefused, lambda user: self._leave(symbol, user)
        )
        self._join(symbol, user)
        return user

    def depth(self, symbol: Symbol, *, limit: int = 1, onFull: str = "drop") -> DepthStream:
        """
        Iterate over the order books of a symbol, beginning with the newest that is known.

        @param symbol: the symbol.
        @param limit: how many books wait for a slow consumer.
        @param onFull: what becomes of more: C{drop} the oldest and count it, or C{fail}.
        @return: a stream to use with C{async with} and C{async for}. The iteration raises the server's refusal, if
            it will not send the book.
        @raise IllegalValue: if the limit or the policy makes no sense.
        """
        return DepthStream(
            "books",
            limit,
            onFull,
            lambda stream: self._join(symbol, stream),
            lambda stream: self._leave(symbol, stream),
        )

    # What the subscriptions tell.

    def begins(self, symbolId: int) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.begins}
        """
        self._feeds[symbolId].interrupted()

    def flows(self, symbolId: int) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.flows}
        """

    def refused(self, symbolId: int, error: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.refused}
        """
        self._feeds[symbolId].each(lambda user: user.refused(error))

    def ends(self, symbolId: int) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.ends}
        """
        del self._feeds[symbolId]

    def _join(self, symbol: Symbol, user: DepthUser) -> None:
        feed = self._feeds.setdefault(symbol.symbolId, _DepthFeed(symbol))
        feed.users += (user,)
        if feed.last is not None and isinstance(user, DepthStream) and self._subscriptions.isWanted(symbol.symbolId):
            user.told(feed.last)
        self._quotes.keep(symbol)
        self._subscriptions.acquire(symbol.symbolId)

    def _leave(self, symbol: Symbol, user: object) -> None:
        feed = self._feeds.get(symbol.symbolId)
        if feed is not None and feed.remove(user):
            self._subscriptions.release(symbol.symbolId)

    def _changed(self, event: ProtoOADepthEvent) -> None:
        feed = self._feeds.get(event.symbolId)
        if feed is not None:
            feed.changed(event, self._wallClock())

    def _lost(self, reason: Failure) -> None:
        for feed in self._feeds.values():
            feed.interrupted()
