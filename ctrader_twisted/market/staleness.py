"""
Which subscriptions should flow and do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.market.bars import LiveBars
from ctrader_twisted.market.feeds import BarKey, Feeds
from ctrader_twisted.market.hours import isOpenThroughout
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.listeners import Listeners

__all__ = ["Stale", "Staleness"]

_PATIENCE = 120.0


@frozen
class Stale:
    """
    A subscription that is wanted and does not flow, on an account that is logged in.

    @ivar kind: C{spots}, C{trendbars} or C{depth}.
    @ivar symbolId: the symbol.
    @ivar period: the name of the period of trendbars; L{None} for the others.
    @ivar reason: what the server said, or L{None} if it has agreed and is silent while the symbol is traded.
    """

    kind: str
    symbolId: int
    period: str | None
    reason: CTraderError | None


class Staleness:
    """
    Looks every two minutes whether something has come since the last look. Where the symbol's schedule had a break, or
    is not known, silence is no news. Bars are missed where bids come without them; depth is not, since not every broker
    has any.
    """

    _log = Logger()

    def __init__(
        self, feeds: Feeds, quotes: Quotes, bars: LiveBars, clock: IReactorTime, wallClock: Callable[[], int]
    ) -> None:
        """
        @param feeds: the subscriptions.
        @param quotes: the prices.
        @param bars: the live trendbars.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        """
        self._feeds = feeds
        self._quotes = quotes
        self._bars = bars
        self._clock = clock
        self._wallClock = wallClock
        self._listeners: Listeners[tuple[Stale, ...]] = Listeners()
        self._told: tuple[Stale, ...] = ()
        # At the last look: how many events had come, and where that had not changed since the look before.
        self._spotsSeen: dict[int, tuple[int, int]] = {}
        self._barsSeen: dict[BarKey, int] = {}
        self._silentSpots: set[int] = set()
        self._silentBars: set[BarKey] = set()
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """
        Begin to follow the subscriptions.
        """
        self._feeds.changes.add(lambda _: self._changed())

    @property
    def stale(self) -> tuple[Stale, ...]:
        """
        @return: what does not flow now.
        """
        return tuple(self._all())

    def onStale(self, listener: Callable[[tuple[Stale, ...]], object]) -> Registration:
        """
        Be told when something stops to flow, or flows again.

        @param listener: called with all that does not flow.
        @return: an object whose C{stop()} ends it.
        """
        return self._listeners.add(listener)

    def _all(self) -> Iterator[Stale]:
        for symbolId, error in self._feeds.spots.troubles.items():
            yield Stale("spots", symbolId, None, error)
        for (symbolId, period), error in self._feeds.bars.troubles.items():
            yield Stale("trendbars", symbolId, ProtoOATrendbarPeriod.Name(period), error)
        for symbolId, error in self._feeds.depth.troubles.items():
            yield Stale("depth", symbolId, None, error)
        for symbolId in self._silentSpots:
            spot = self._quotes.spots.get(symbolId)
            if spot is not None and (spot.events, spot.bids) == self._spotsSeen[symbolId]:
                yield Stale("spots", symbolId, None, None)
        for key in self._silentBars:
            feed = self._bars.feeds.get(key)
            if feed is not None and feed.events == self._barsSeen[key]:
                yield Stale("trendbars", key[0], feed.period, None)

    def _changed(self) -> None:
        flows = self._feeds.spots.isFlowing()
        if flows and self._timer is None:
            self._timer = self._clock.callLater(_PATIENCE, self._look)
        elif not flows:
            self._forget()
        self._tell()

    def _look(self) -> None:
        self._timer = self._clock.callLater(_PATIENCE, self._look)
        spots, bars = self._spotsSeen, self._barsSeen
        self._spotsSeen = {}
        for symbolId in self._feeds.spots.flowing():
            spot = self._quotes.spots[symbolId]
            self._spotsSeen[symbolId] = (spot.events, spot.bids)
        self._barsSeen = {key: self._bars.feeds[key].events for key in self._feeds.bars.flowing()}
        self._silentSpots = {
            each for each, seen in self._spotsSeen.items() if spots.get(each) == seen and self._shouldFlow(each)
        }
        self._silentBars = {
            each
            for each, seen in self._barsSeen.items()
            if bars.get(each) == seen and self._hadBids(each[0], spots) and self._shouldFlow(each[0])
        }
        self._tell()

    def _shouldFlow(self, symbolId: int) -> bool:
        now = self._wallClock()
        return isOpenThroughout(self._quotes.spots[symbolId].symbol, now - int(_PATIENCE * 1000), now)

    def _hadBids(self, symbolId: int, before: dict[int, tuple[int, int]]) -> bool:
        return symbolId in before and symbolId in self._spotsSeen and self._spotsSeen[symbolId][1] > before[symbolId][1]

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for seen in (self._spotsSeen, self._barsSeen, self._silentSpots, self._silentBars):
            seen.clear()

    def _tell(self) -> None:
        stale = self.stale
        if stale == self._told:
            return
        for each in stale:
            if each not in self._told and each.reason is None:
                self._log.warn(
                    "the server is silent about the {kind} of symbol {symbolId}",
                    kind=each.kind,
                    symbolId=each.symbolId,
                    period=each.period,
                )
        self._told = stale
        self._listeners.tell(stale)
