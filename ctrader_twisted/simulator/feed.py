"""
Who hears of which prices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from ctrader_twisted.schema.messages import ProtoOASpotEvent
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.source import Tick

if TYPE_CHECKING:
    from ctrader_twisted.simulator.connection import ServerProtocol

__all__ = ["Feed"]


@define
class _Subscription:
    """
    One account's interest in one symbol, on one connection; the prices are those that it was last told.
    """

    withTimestamp: bool
    bid: int | None = None
    ask: int | None = None


class Feed:
    """
    Spot subscriptions, which are for an account on a connection.
    """

    def __init__(self, market: Market) -> None:
        """
        @param market: where prices come from.
        """
        self._market = market
        self._subscribers: dict[int, dict[tuple[ServerProtocol, int], _Subscription]] = {}
        self._told: dict[int, Tick] = {}

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
        subscription = _Subscription(withTimestamp)
        self._subscribers.setdefault(symbolId, {})[connection, accountId] = subscription
        last = self._told.get(symbolId) or self._market.quote(symbolId)
        if last is None:
            connection.send(ProtoOASpotEvent(ctidTraderAccountId=accountId, symbolId=symbolId))
        else:
            connection.send(_event(accountId, symbolId, subscription, last))

    def unsubscribe(self, connection: ServerProtocol, accountId: int, symbolId: int) -> None:
        """
        Unsubscribe. Without a subscription nothing happens.

        @param connection: the client's connection.
        @param accountId: the account.
        @param symbolId: the symbol.
        """
        self._subscribers.get(symbolId, {}).pop((connection, accountId), None)

    def forget(self, connection: ServerProtocol, accountId: int | None = None) -> None:
        """
        Drop the subscriptions of a connection.

        @param connection: the client's connection.
        @param accountId: the account whose subscriptions end; L{None} for all.
        """
        for subscribers in self._subscribers.values():
            for key in [key for key in subscribers if key[0] is connection and accountId in (None, key[1])]:
                del subscribers[key]

    def tell(self, symbolId: int, tick: Tick) -> None:
        """
        Pass a price on.

        @param symbolId: the symbol.
        @param tick: its new price.
        """
        self._told[symbolId] = tick
        for (connection, accountId), subscription in list(self._subscribers.get(symbolId, {}).items()):
            connection.send(_event(accountId, symbolId, subscription, tick))

    def pause(self) -> None:
        """
        Prices stand still: what was told last is not what is true when they move again.
        """
        self._told.clear()


def _event(accountId: int, symbolId: int, subscription: _Subscription, tick: Tick) -> ProtoOASpotEvent:
    """
    Name the sides that have changed; both, if neither has, so that no tick is lost.
    """
    event = ProtoOASpotEvent(ctidTraderAccountId=accountId, symbolId=symbolId)
    bidChanged, askChanged = tick.bid != subscription.bid, tick.ask != subscription.ask
    if bidChanged or not askChanged:
        event.bid = tick.bid
    if askChanged or not bidChanged:
        event.ask = tick.ask
    if subscription.withTimestamp:
        event.timestamp = tick.timestamp
    subscription.bid, subscription.ask = tick.bid, tick.ask
    return event
