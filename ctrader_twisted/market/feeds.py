"""
The three kinds of market data that an account can subscribe to, and the order in which they are restored.
"""

from __future__ import annotations

from typing import TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.market.kinds import Kind
from ctrader_twisted.market.subscriptions import Subscriptions
from ctrader_twisted.schema.messages import (
    ProtoOASubscribeDepthQuotesReq,
    ProtoOASubscribeLiveTrendbarReq,
    ProtoOASubscribeSpotsReq,
    ProtoOATrendbarPeriod,
    ProtoOAUnsubscribeDepthQuotesReq,
    ProtoOAUnsubscribeLiveTrendbarReq,
    ProtoOAUnsubscribeSpotsReq,
)
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.session.listeners import Listeners

__all__ = ["BARS", "DEPTH", "SPOTS", "BarKey", "Feeds"]

BarKey: TypeAlias = tuple[int, ProtoOATrendbarPeriod]
"""
What a subscription to trendbars is about: the id of a symbol, and a period.
"""


def _sameId(symbolId: int) -> int:
    return symbolId


SPOTS: Kind[int] = Kind(
    "spots",
    50,
    lambda ids: ProtoOASubscribeSpotsReq(symbolId=ids, subscribeToSpotTimestamp=True),
    lambda ids: ProtoOAUnsubscribeSpotsReq(symbolId=ids),
    _sameId,
)
"""
Prices.
"""

BARS: Kind[BarKey] = Kind(
    "trendbars",
    1,
    lambda keys: ProtoOASubscribeLiveTrendbarReq(symbolId=keys[0][0], period=keys[0][1]),
    lambda keys: ProtoOAUnsubscribeLiveTrendbarReq(symbolId=keys[0][0], period=keys[0][1]),
    lambda key: key[0],
)
"""
Live trendbars.
"""

DEPTH: Kind[int] = Kind(
    "depth",
    50,
    lambda ids: ProtoOASubscribeDepthQuotesReq(symbolId=ids),
    lambda ids: ProtoOAUnsubscribeDepthQuotesReq(symbolId=ids),
    _sameId,
)
"""
Order books.
"""


class Feeds:
    """
    An account's subscriptions. After each login come first the spots, then the trendbars, then the depth.

    @ivar spots: by symbol id.
    @ivar bars: by symbol id and period.
    @ivar depth: by symbol id.
    @ivar changes: told with nothing when what flows, or the troubles of one of them, may be others.
    """

    def __init__(self, link: AccountLink, clock: IReactorTime) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        """
        self.changes: Listeners[None] = Listeners()
        self.spots: Subscriptions[int] = Subscriptions(link, clock, SPOTS, self._changed)
        self.bars: Subscriptions[BarKey] = Subscriptions(link, clock, BARS, self._changed, self.spots)
        self.depth: Subscriptions[int] = Subscriptions(link, clock, DEPTH, self._changed, self.spots)
        self._link = link

    def start(self) -> None:
        """
        Begin to follow the account; the subscriptions themselves have been started.
        """
        self._link.onRestore(lambda: Deferred.fromCoroutine(self._restore()))

    async def _restore(self) -> None:
        for dependents in (self.bars, self.depth):
            dependents.hold()
        for subscriptions in (self.spots, self.bars, self.depth):
            await subscriptions.restore()

    def _changed(self) -> None:
        self.changes.tell(None)
