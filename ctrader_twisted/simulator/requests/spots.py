"""
Subscriptions to prices.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOASubscribeSpotsReq,
    ProtoOASubscribeSpotsRes,
    ProtoOAUnsubscribeSpotsReq,
    ProtoOAUnsubscribeSpotsRes,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.refusal import Refusal

__all__ = ["SPOTS"]


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


def _checkedSymbols(call: Call[ProtoOASubscribeSpotsReq] | Call[ProtoOAUnsubscribeSpotsReq]) -> list[int]:
    """
    One bad symbol spoils the whole batch.
    """
    if not call.message.symbolId:
        raise Refusal("INVALID_REQUEST", "Message missing required fields: symbolId")
    return [call.exchange.catalogue.symbol(symbolId).symbolId for symbolId in dict.fromkeys(call.message.symbolId)]


SPOTS: Requests = {
    ProtoOASubscribeSpotsReq: _subscribe,
    ProtoOAUnsubscribeSpotsReq: _unsubscribe,
}
"""
The requests of this group.
"""
