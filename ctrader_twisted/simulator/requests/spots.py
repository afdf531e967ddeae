"""
Subscriptions to prices.
"""

from __future__ import annotations

from typing import TypeVar

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
    exchange, connection, accountId = call.exchange, call.connection, call.accountId
    symbolIds = _checkedSymbols(call)
    for symbolId in symbolIds:
        if exchange.feed.isSubscribed(connection, accountId, symbolId):
            raise Refusal("ALREADY_SUBSCRIBED", f"Already subscribed to the spots of symbol {symbolId}")
    call.reply(ProtoOASubscribeSpotsRes())
    for symbolId in symbolIds:
        exchange.feed.subscribe(connection, accountId, symbolId, withTimestamp=call.message.subscribeToSpotTimestamp)


def _unsubscribe(call: Call[ProtoOAUnsubscribeSpotsReq]) -> None:
    for symbolId in _checkedSymbols(call):
        call.exchange.feed.unsubscribe(call.connection, call.accountId, symbolId)
    call.reply(ProtoOAUnsubscribeSpotsRes())


def _subscribeBars(call: Call[ProtoOASubscribeLiveTrendbarReq]) -> None:
    feed, period = call.exchange.feed, call.message.period
    symbolId = call.exchange.catalogue.symbol(call.message.symbolId).symbolId
    if not feed.isSubscribed(call.connection, call.accountId, symbolId):
        _barsWithoutSpots(call, symbolId)
        return
    if feed.hasBars(call.connection, call.accountId, symbolId, period):
        raise Refusal("ALREADY_SUBSCRIBED", f"Already subscribed to the trendbars of symbol {symbolId}")
    call.reply(ProtoOASubscribeLiveTrendbarRes())
    feed.subscribeBars(call.connection, call.accountId, symbolId, period)


def _barsWithoutSpots(call: Call[ProtoOASubscribeLiveTrendbarReq], symbolId: int) -> None:
    choice = call.exchange.settings.barsWithoutSpots
    if choice is not BarsWithoutSpots.ACCEPT:
        raise Refusal(choice.value, f"Not subscribed to the spots of symbol {symbolId}")
    call.reply(ProtoOASubscribeLiveTrendbarRes())


def _unsubscribeBars(call: Call[ProtoOAUnsubscribeLiveTrendbarReq]) -> None:
    symbolId = call.exchange.catalogue.symbol(call.message.symbolId).symbolId
    call.exchange.feed.unsubscribeBars(call.connection, call.accountId, symbolId, call.message.period)
    call.reply(ProtoOAUnsubscribeLiveTrendbarRes())


def _subscribeDepth(call: Call[ProtoOASubscribeDepthQuotesReq]) -> None:
    feed, connection, accountId = call.exchange.feed, call.connection, call.accountId
    symbolIds = _checkedSymbols(call)
    for symbolId in symbolIds:
        if not feed.isSubscribed(connection, accountId, symbolId):
            raise Refusal("NOT_SUBSCRIBED_TO_SPOTS", f"Not subscribed to the spots of symbol {symbolId}")
        if feed.depth.isSubscribed(connection, accountId, symbolId):
            raise Refusal("ALREADY_SUBSCRIBED", f"Already subscribed to the depth of symbol {symbolId}")
    call.reply(ProtoOASubscribeDepthQuotesRes())
    for symbolId in symbolIds:
        feed.depth.subscribe(connection, accountId, symbolId, feed.last(symbolId))


def _unsubscribeDepth(call: Call[ProtoOAUnsubscribeDepthQuotesReq]) -> None:
    for symbolId in _checkedSymbols(call):
        call.exchange.feed.depth.unsubscribe(call.connection, call.accountId, symbolId)
    call.reply(ProtoOAUnsubscribeDepthQuotesRes())


def _checkedSymbols(call: Call[_Batch]) -> list[int]:
    """
    One bad symbol spoils the whole batch.
    """
    if not call.message.symbolId:
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
