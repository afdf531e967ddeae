"""
Live trendbars of an account, joined to those of history.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ctrader_twisted.columns import MINUTES, Bar
from ctrader_twisted.errors import CTraderError, IllegalValue
from ctrader_twisted.market.barfeed import BarFeed, BarUser
from ctrader_twisted.market.feeds import BarKey
from ctrader_twisted.market.history import History
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.market.spots import Gap
from ctrader_twisted.market.stream import BarStream
from ctrader_twisted.market.subscriptions import Subscriptions
from ctrader_twisted.market.users import ListeningUser
from ctrader_twisted.schema.messages import ProtoOASpotEvent, ProtoOATrendbarPeriod
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.units import Symbol

__all__ = ["LiveBars"]

_T = TypeVar("_T")


class LiveBars:
    """
    Bars of any number of symbols and periods, each subscribed while somebody uses it, with the spots that it needs.

    @ivar feeds: what is subscribed, by symbol id and period.
    """

    def __init__(
        self,
        link: AccountLink,
        subscriptions: Subscriptions[BarKey],
        quotes: Quotes,
        history: History,
        clock: IReactorTime,
        wallClock: Callable[[], int],
    ) -> None:
        """
        @param link: the account.
        @param subscriptions: its subscriptions to trendbars.
        @param quotes: its prices, which hear of each event first.
        @param history: its bars of the past.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        """
        self.feeds: dict[BarKey, BarFeed] = {}
        self._bySymbol: dict[int, tuple[BarFeed, ...]] = {}
        self._link = link
        self._subscriptions = subscriptions
        self._quotes = quotes
        self._history = history
        self._clock = clock
        self._wallClock = wallClock
        # Only while there are bars: most prices come without.
        self._hearing: Registration | None = None

    def start(self) -> None:
        """
        Begin to follow the account.
        """
        self._subscriptions.start(self)
        self._link.onLost(self._lost)

    def endStreams(self, error: CTraderError | None = None) -> None:
        """
        End all streams: what they have is still read, then their iterations end. Listeners stay.

        @param error: what the iterations shall raise at their end; by default nothing.
        """
        for feed in tuple(self.feeds.values()):
            for user in feed.users:
                if not isinstance(user, BarStream):
                    continue
                if error is None:
                    user.ended()
                else:
                    user.refused(error)

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
        Hear each bar that closes from now on, once, across reconnects. What a listener raises is logged and changes
        nothing else.

        @param symbol: the symbol.
        @param period: the name of a period: M1 to M5, M10, M15, M30, H1, H4, H12, D1, W1 or MN1.
        @param listener: called with each bar when a newer one has begun.
        @param onGap: called where bars have closed in an outage and history refuses them.
        @param onRefused: called with the error if the server will not send the bars, which is logged otherwise.
        @return: an object whose C{stop()} ends it.
        @raise IllegalValue: if the period has no such name.
        """
        key = _key(symbol, period)
        name = f"{period} bars of {symbol.name}"
        user = _ListeningUser(name, listener, onGap, onRefused, lambda user: self._leave(key, user))
        self._join(key, symbol, user, 0)
        return user

    def bars(
        self, symbol: Symbol, period: str, *, warmUp: int = 0, limit: int = 1000, onFull: str = "fail"
    ) -> BarStream:
        """
        Iterate over closed bars, from history on, without a gap or a double.

        @param symbol: the symbol.
        @param period: the name of a period: M1 to M5, M10, M15, M30, H1, H4, H12, D1, W1 or MN1.
        @param warmUp: how many bars of history to begin with; fewer come if there are no more.
        @param limit: how many live bars wait for a slow consumer.
        @param onFull: what becomes of more: C{fail}, or C{drop} the oldest and count it.
        @return: a stream to use with C{async with} and C{async for}. The iteration raises the server's refusal, if it
            will not send the bars.
        @raise IllegalValue: if the period has no such name, or one of the numbers makes no sense.
        """
        key = _key(symbol, period)
        if warmUp < 0:
            raise IllegalValue(f"{warmUp} bars cannot be had", (0,))
        return BarStream(
            "bars",
            limit,
            onFull,
            lambda stream: self._enter(key, symbol, stream, warmUp),
            lambda stream: self._leave(key, stream),
        )

    # What the subscriptions tell.

    def begins(self, key: BarKey) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.begins}
        """
        self.feeds[key].interrupted()

    def flows(self, key: BarKey) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.flows}
        """
        self.feeds[key].flows()

    def refused(self, key: BarKey, error: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.refused}
        """
        self.feeds[key].refused(error)

    def ends(self, key: BarKey) -> None:
        """
        @see: L{ctrader_twisted.market.kinds.Intake.ends}
        """
        feed = self.feeds.pop(key)
        feed.interrupted()
        rest = tuple(other for other in self._bySymbol.pop(key[0]) if other is not feed)
        if rest:
            self._bySymbol[key[0]] = rest
        if not self.feeds and self._hearing is not None:
            self._hearing.stop()
            self._hearing = None

    def _enter(self, key: BarKey, symbol: Symbol, stream: BarStream, warmUp: int) -> None:
        feed = self._join(key, symbol, stream, warmUp)
        stream.lookAt(lambda: feed.forming.bar(symbol.digits) if feed.forming is not None else None)

    def _join(self, key: BarKey, symbol: Symbol, user: BarUser, warmUp: int) -> BarFeed:
        feed = self.feeds.get(key)
        if feed is None:
            period = ProtoOATrendbarPeriod.Name(key[1])
            feed = self.feeds[key] = BarFeed(symbol, period, self._history, self._clock, self._wallClock)
            self._bySymbol[symbol.symbolId] = (*self._bySymbol.get(symbol.symbolId, ()), feed)
        if self._hearing is None:
            self._hearing = self._link.listen(ProtoOASpotEvent, self._changed)
        feed.add(user, warmUp)
        self._quotes.keep(symbol)
        self._subscriptions.acquire(key)
        return feed

    def _leave(self, key: BarKey, user: object) -> None:
        feed = self.feeds.get(key)
        if feed is not None and feed.remove(user):
            self._subscriptions.release(key)

    def _changed(self, event: ProtoOASpotEvent) -> None:
        feeds = self._bySymbol.get(event.symbolId)
        if feeds is not None:
            bid = self._quotes.spots[event.symbolId].bid
            for feed in feeds:
                feed.changed(event, bid)

    def _lost(self, reason: Failure) -> None:
        for feed in self.feeds.values():
            feed.interrupted()


class _ListeningUser(ListeningUser[Bar]):
    """
    A listener to bars; where those come from does not matter to it.
    """

    def recovered(self, bars: list[Bar]) -> None:
        for bar in bars:
            self.told(bar)


def _key(symbol: Symbol, period: str) -> BarKey:
    if period not in MINUTES:
        raise IllegalValue(f"the period {period!r} is none of {', '.join(MINUTES)}", tuple(MINUTES))
    return symbol.symbolId, getattr(ProtoOATrendbarPeriod, period)
