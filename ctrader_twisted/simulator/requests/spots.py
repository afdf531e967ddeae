"""
Subscriptions to prices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from ctrader_twisted.schema.messages import (
    ProtoOASubscribeDepthQuotesReq,
    ProtoOASubscribeDepthQuotesRes,
    ProtoOASubscribeLiveTrendbarReq,
    ProtoOASubscribeLiveTrendbarRes,
    ProtoOASubscribeSpotsReq,
    ProtoOASubscribeSpotsRes,
    ProtoOAUnsubscribeDepthQuotesReq,
    ProtoOAUnsubscribeDepthQuotesRes,
    ProtoOAUnsubscribeLiveTrendbarReq,
    ProtoOAUnsubscribeLiveTrendbarRes,
    ProtoOAUnsubscribeSpotsReq,
    ProtoOAUnsubscribeSpotsRes,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.settings import BarsWithoutSpots

__all__ = ["SPOTS"]

_Batch = TypeVar(
    "_Batch",
    ProtoOASubscribeSpotsReq,
    ProtoOAUnsubscribeSpotsReq,
    ProtoOASubscribeDepthQuotesReq,
    ProtoOAUnsubscribeDepthQuotesReq,
)


def _subscribe(call: Call[ProtoOASubscribeSpotsReq]) -> None:
    feed, connection, accountId = call.exchange.feed, call.connection, call.accountId
    symbolIds = _checkedSymbols(call)
    fresh = [symbolId for symbolId in symbolIds if not feed.isSubscribed(connection, accountId, symbolId)]
    _checkFresh(call, "spots", symbolIds, fresh)

    def begin() -> None:
        for symbolId in fresh:
            feed.subscribe(connection, accountId, symbolId, withTimestamp=call.message.subscribeToSpotTimestamp)

    _begin(call, ProtoOASubscribeSpotsRes(), begin)


def _unsubscribe(call: Call[ProtoOAUnsubscribeSpotsReq]) -> None:
    feed, symbolIds = call.exchange.feed, _checkedSymbols(call)
    _checkThere(
        call, "spots", all(feed.isSubscribed(call.connection, call.accountId, symbolId) for symbolId in symbolIds)
    )
    for symbolId in symbolIds:
        feed.unsubscribe(call.connection, call.accountId, symbolId)
    call.reply(ProtoOAUnsubscribeSpotsRes())


def _subscribeBars(call: Call[ProtoOASubscribeLiveTrendbarReq]) -> None:
    feed, period = call.exchange.feed, call.message.period
    symbolId = call.exchange.catalogue.symbol(call.message.symbolId).symbolId
    if not feed.isSubscribed(call.connection, call.accountId, symbolId):
        _barsWithoutSpots(call, symbolId)
        return
    if feed.hasBars(call.connection, call.accountId, symbolId, period):
        raise Refusal("ALREADY_SUBSCRIBED", f"Already subscribed to the trendbars of symbol {symbolId}")
    _begin(
        call,
        ProtoOASubscribeLiveTrendbarRes(),
        lambda: feed.subscribeBars(call.connection, call.accountId, symbolId, period),
    )


def _barsWithoutSpots(call: Call[ProtoOASubscribeLiveTrendbarReq], symbolId: int) -> None:
    choice = call.exchange.settings.barsWithoutSpots
    if choice is not BarsWithoutSpots.ACCEPT:
        raise Refusal(choice.value, f"Not subscribed to the spots of symbol {symbolId}")
    call.reply(ProtoOASubscribeLiveTrendbarRes())


def _unsubscribeBars(call: Call[ProtoOAUnsubscribeLiveTrendbarReq]) -> None:
    feed, period = call.exchange.feed, call.message.period
    symbolId = call.exchange.catalogue.symbol(call.message.symbolId).symbolId
    _checkThere(call, "trendbars", feed.hasBars(call.connection, call.accountId, symbolId, period))
    feed.unsubscribeBars(call.connection, call.accountId, symbolId, period)
    call.reply(ProtoOAUnsubscribeLiveTrendbarRes())


def _subscribeDepth(call: Call[ProtoOASubscribeDepthQuotesReq]) -> None:
    feed, connection, accountId = call.exchange.feed, call.connection, call.accountId
    symbolIds = _checkedSymbols(call)
    for symbolId in symbolIds:
        if not feed.isSubscribed(connection, accountId, symbolId):
            raise Refusal("NOT_SUBSCRIBED_TO_SPOTS", f"Not subscribed to the spots of symbol {symbolId}")
    fresh = [symbolId for symbolId in symbolIds if not feed.depth.isSubscribed(connection, accountId, symbolId)]
    _checkFresh(call, "depth", symbolIds, fresh)

    def begin() -> None:
        for symbolId in fresh:
            feed.depth.subscribe(connection, accountId, symbolId, feed.last(symbolId))

    _begin(call, ProtoOASubscribeDepthQuotesRes(), begin)


def _unsubscribeDepth(call: Call[ProtoOAUnsubscribeDepthQuotesReq]) -> None:
    depth, symbolIds = call.exchange.feed.depth, _checkedSymbols(call)
    _checkThere(
        call, "depth", all(depth.isSubscribed(call.connection, call.accountId, symbolId) for symbolId in symbolIds)
    )
    for symbolId in symbolIds:
        depth.unsubscribe(call.connection, call.accountId, symbolId)
    call.reply(ProtoOAUnsubscribeDepthQuotesRes())


def _begin(call: Call[Any], answer: Message, begin: Callable[[], None]) -> None:
    """
    Answer a subscription, and send its first prices, in the order that the settings name.
    """
    if call.exchange.settings.snapshotFirst:
        begin()
        call.reply(answer)
    else:
        call.reply(answer)
        begin()


def _checkFresh(call: Call[Any], what: str, symbolIds: list[int], fresh: list[int]) -> None:
    known = [symbolId for symbolId in symbolIds if symbolId not in fresh]
    if known and (call.exchange.settings.mixedBatchFails or not fresh):
        raise Refusal("ALREADY_SUBSCRIBED", f"Already subscribed to the {what} of symbol {known[0]}")


def _checkThere(call: Call[Any], what: str, isThere: bool) -> None:
    if not isThere and call.exchange.settings.unsubscribeRefused:
        raise Refusal("NOT_SUBSCRIBED_TO_SPOTS", f"Not subscribed to the {what}")


def _checkedSymbols(call: Call[_Batch]) -> list[int]:
    """
    One bad symbol spoils the whole batch.
    """
    if not call.message.symbolId and call.exchange.settings.emptyListRefused:
        raise Refusal("INVALID_REQUEST", "Message missing required fields: symbolId")
    return [call.exchange.catalogue.symbol(symbolId).symbolId for symbolId in dict.fromkeys(call.message.symbolId)]


SPOTS: Requests = {
    ProtoOASubscribeSpotsReq: _subscribe,
    ProtoOAUnsubscribeSpotsReq: _unsubscribe,
    ProtoOASubscribeLiveTrendbarReq: _subscribeBars,
    ProtoOAUnsubscribeLiveTrendbarReq: _unsubscribeBars,
    ProtoOASubscribeDepthQuotesReq: _subscribeDepth,
    ProtoOAUnsubscribeDepthQuotesReq: _unsubscribeDepth,
}
"""
The requests of this group.
"""
