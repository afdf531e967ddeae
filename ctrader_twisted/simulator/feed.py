"""
Who hears of which prices.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from attrs import define

from ctrader_twisted.framing import encodePayload
from ctrader_twisted.schema.messages import ProtoOASpotEvent, ProtoOATrendbar
from ctrader_twisted.schema.payloads import payloadType
from ctrader_twisted.simulator.depthfeed import DepthFeed
from ctrader_twisted.simulator.market.livebars import LiveBars
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.periods import dayOpening, tradingDay
from ctrader_twisted.simulator.market.source import Tick

if TYPE_CHECKING:
    from ctrader_twisted.simulator.connection import ServerProtocol

__all__ = ["Feed"]

_SPOT = payloadType(ProtoOASpotEvent)


@define
class _Subscription:
    """
    One account's interest in one symbol, on one connection.

    @ivar kind: the account, and what its events hold: whether the time, and which trendbars. Who is of one kind, and
        was told the same, is sent the same bytes.
    @ivar told: the prices that it was last told.
    """

    connection: ServerProtocol
    kind: tuple[int, bool, frozenset[int]]
    told: Tick | None = None

    @property
    def periods(self) -> frozenset[int]:
        return self.kind[2]

    @periods.setter
    def periods(self, periods: frozenset[int]) -> None:
        self.kind = *self.kind[:2], periods


class Feed:
    """
    Subscriptions to spots, to live trendbars and to depth, which are for an account on a connection.

    @ivar depth: the subscriptions to depth.
    """

    def __init__(self, market: Market, depth: DepthFeed, now: Callable[[], int], *, tellsCloses: bool) -> None:
        """
        @param market: where prices come from.
        @param depth: the subscriptions to depth.
        @param now: gives the simulated time, in milliseconds since 1970.
        @param tellsCloses: whether the first price of a subscription, and the first of each trading day, come with the
            last one of the day before.
        """
        self._market = market
        self._now = now
        self._tellsCloses = tellsCloses
        # Of the trading day.
        self._opening = self._ending = 0
        self.depth = depth
        self._bars = LiveBars(market, now)
        self._subscribers: dict[int, dict[tuple[ServerProtocol, int], _Subscription]] = {}
        self._subscribed: dict[ServerProtocol, dict[tuple[int, int], None]] = {}
        self._paused = False

    def symbols(self) -> Collection[int]:
        """
        @return: the symbols that somebody is subscribed to.
        """
        return self._subscribers.keys()

    def isSubscribed(self, connection: ServerProtocol, accountId: int, symbolId: int) -> bool:
        """
        Tell whether a subscription is there.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: the symbol.
        """
        return (connection, accountId) in self._subscribers.get(symbolId, {})

    def subscribe(self, connection: ServerProtocol, accountId: int, symbolId: int, *, withTimestamp: bool) -> None:
        """
        Subscribe; the last price is sent at once.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: the symbol.
        @param withTimestamp: whether the events shall carry the time.
        """
        subscription = _Subscription(connection, (accountId, withTimestamp, frozenset()))
        last = self.last(symbolId)
        self._subscribers.setdefault(symbolId, {})[connection, accountId] = subscription
        self._subscribed.setdefault(connection, {})[accountId, symbolId] = None
        self._market.look()
        if last is None:
            connection.send(ProtoOASpotEvent(ctidTraderAccountId=accountId, symbolId=symbolId))
        else:
            close = self._close(symbolId, subscription, last)
            connection.send(_event(accountId, symbolId, subscription, last, {}, close))

    def unsubscribe(self, connection: ServerProtocol, accountId: int, symbolId: int) -> None:
        """
        Unsubscribe, and end the trendbars and the depth of the symbol with it. Without a subscription nothing happens.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: the symbol.
        """
        if self.isSubscribed(connection, accountId, symbolId):
            del self._subscribed[connection][accountId, symbolId]
            self._drop(connection, accountId, symbolId)
            self._market.look()
        self.depth.unsubscribe(connection, accountId, symbolId)

    def hasBars(self, connection: ServerProtocol, accountId: int, symbolId: int, period: int) -> bool:
        """
        Tell whether live trendbars are subscribed to.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: the symbol.
        @param period: a C{ProtoOATrendbarPeriod}.
        """
        subscription = self._subscribers.get(symbolId, {}).get((connection, accountId))
        return subscription is not None and period in subscription.periods

    def subscribeBars(self, connection: ServerProtocol, accountId: int, symbolId: int, period: int) -> None:
        """
        Let the spot events of a symbol carry its trendbars; the newest bar is sent at once.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: a symbol whose spots are subscribed to.
        @param period: a C{ProtoOATrendbarPeriod}.
        """
        subscription = self._subscribers[symbolId][connection, accountId]
        subscription.periods |= {period}
        self._bars.follow(symbolId, period)
        if self._paused:
            self._bars.restart()
        last = self.last(symbolId)
        if last is not None:
            bars, close = self._bars.newest(symbolId), self._close(symbolId, subscription, last)
            connection.send(_event(accountId, symbolId, subscription, last, bars, close))

    def unsubscribeBars(self, connection: ServerProtocol, accountId: int, symbolId: int, period: int) -> None:
        """
        End trendbars. Without a subscription nothing happens.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: the symbol.
        @param period: a C{ProtoOATrendbarPeriod}.
        """
        subscription = self._subscribers.get(symbolId, {}).get((connection, accountId))
        if subscription is not None:
            subscription.periods -= {period}
            self._dropBars(symbolId)

    def forget(self, connection: ServerProtocol, accountId: int | None = None) -> None:
        """
        Drop the subscriptions of a connection.

        @param connection: the client's connection.
        @param accountId: the account whose subscriptions end; L{None} for all.
        """
        self.depth.forget(connection, accountId)
        subscribed = self._subscribed.pop(connection, {})
        kept = {key: None for key in subscribed if accountId not in (None, key[0])}
        if kept:
            self._subscribed[connection] = kept
        for each, symbolId in subscribed:
            if (each, symbolId) not in kept:
                self._drop(connection, each, symbolId)
        self._market.look()

    def drop(self, symbolId: int) -> None:
        """
        End all subscriptions to a symbol.

        @param symbolId: the symbol.
        """
        for connection, accountId in tuple(self._subscribers.get(symbolId, {})):
            self.unsubscribe(connection, accountId, symbolId)

    def last(self, symbolId: int) -> Tick | None:
        """
        Give the price that subscribers of a symbol were told last.

        @param symbolId: the symbol.
        @return: the price, or L{None} if there was none yet.
        """
        return self._market.last(symbolId)

    def tell(self, symbolId: int, tick: Tick) -> None:
        """
        Pass a price on.

        @param symbolId: the symbol.
        @param tick: its new price.
        """
        if self._paused:
            self._paused = False
            self._bars.restart()
        bars: dict[int, ProtoOATrendbar] = {}
        if self._bars.isFollowed(symbolId):
            self._bars.add(symbolId, tick)
            bars = self._bars.newest(symbolId)
        subscribers = tuple(self._subscribers.get(symbolId, {}).values())
        shared: dict[object, tuple[ProtoOASpotEvent, bytes]] = {}
        kind, told = None, None
        for subscription in subscribers:
            # Mostly it is as with the subscriber before.
            if subscription.told is not told or subscription.kind != kind:
                kind, told = subscription.kind, subscription.told
                message = shared.get((kind, told)) if shared else None
                if message is None:
                    # Mostly it is of the same trading day, too.
                    isOfToday = told is not None and self._opening <= told.timestamp and tick.timestamp < self._ending
                    close = None if isOfToday else self._close(symbolId, subscription, tick)
                    made = _event(kind[0], symbolId, subscription, tick, bars, close)
                    message = made, encodePayload(_SPOT, made.SerializeToString(), None)
                    if len(subscribers) > 1:
                        shared[kind, told] = message
                event, frame = message
            subscription.told = tick
            subscription.connection.relay(event, frame)
        self.depth.tell(symbolId, tick)

    def pause(self) -> None:
        """
        Prices stand still: what was told last is not what is true when they move again.
        """
        self._paused = True

    def _close(self, symbolId: int, subscription: _Subscription, tick: Tick) -> int | None:
        """
        Find the last bid of the trading day before, if who is told a price now has not heard it yet.
        """
        if not self._tellsCloses:
            return None
        told = subscription.told
        moment = self._now() if told is None else tick.timestamp
        if not self._opening <= moment < self._ending:
            day = tradingDay(moment)
            self._opening, self._ending = dayOpening(day), dayOpening(day + 1)
        if told is not None and told.timestamp >= self._opening:
            return None
        before = self._market.source(symbolId).lastTick(self._opening - 1)
        return None if before is None else before.bid

    def _drop(self, connection: ServerProtocol, accountId: int, symbolId: int) -> None:
        subscribers = self._subscribers[symbolId]
        del subscribers[connection, accountId]
        if not subscribers:
            del self._subscribers[symbolId]
        self._dropBars(symbolId)

    def _dropBars(self, symbolId: int) -> None:
        if self._bars.isFollowed(symbolId):
            subscribers = self._subscribers.get(symbolId, {}).values()
            self._bars.keepOnly(symbolId, {period for each in subscribers for period in each.periods})


def _event(
    accountId: int,
    symbolId: int,
    subscription: _Subscription,
    tick: Tick,
    bars: dict[int, ProtoOATrendbar],
    close: int | None,
) -> ProtoOASpotEvent:
    """
    Name the sides that have changed; both, if neither has, so that no tick is lost.
    """
    # Quicker than to name them when it is made.
    event = ProtoOASpotEvent()
    event.ctidTraderAccountId = accountId
    event.symbolId = symbolId
    if close is not None:
        event.sessionClose = close
    told = subscription.told
    bidChanged, askChanged = told is None or tick.bid != told.bid, told is None or tick.ask != told.ask
    if bidChanged or not askChanged:
        event.bid = tick.bid
    if askChanged or not bidChanged:
        event.ask = tick.ask
    _, withTimestamp, periods = subscription.kind
    if withTimestamp:
        event.timestamp = tick.timestamp
    if periods:
        event.trendbar.extend(bars[period] for period in sorted(periods) if period in bars)
    subscription.told = tick
    return event
