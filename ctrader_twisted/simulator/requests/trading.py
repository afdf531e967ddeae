"""
Orders, their changes and cancellations, closes, and changes of protection.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAAmendOrderReq,
    ProtoOAAmendPositionSLTPReq,
    ProtoOACancelOrderReq,
    ProtoOAClosePositionReq,
    ProtoOANewOrderReq,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.venue.amending import amendProtection
from ctrader_twisted.simulator.venue.closing import closePosition
from ctrader_twisted.simulator.venue.opening import placeOrder
from ctrader_twisted.simulator.venue.pending import amendOrder, cancelOrder

__all__ = ["TRADING"]


def _newOrder(call: Call[ProtoOANewOrderReq]) -> None:
    placeOrder(call.exchange.venue, call.account, call.message, call.clientMsgId)


def _cancelOrder(call: Call[ProtoOACancelOrderReq]) -> None:
    cancelOrder(call.exchange.venue, call.account, call.message, call.clientMsgId)


def _amendOrder(call: Call[ProtoOAAmendOrderReq]) -> None:
    amendOrder(call.exchange.venue, call.account, call.message, call.clientMsgId)


def _closePosition(call: Call[ProtoOAClosePositionReq]) -> None:
    closePosition(call.exchange.venue, call.account, call.message, call.clientMsgId)


def _amendProtection(call: Call[ProtoOAAmendPositionSLTPReq]) -> None:
    amendProtection(call.exchange.venue, call.account, call.message, call.clientMsgId)


TRADING: Requests = {
    ProtoOANewOrderReq: _newOrder,
    ProtoOACancelOrderReq: _cancelOrder,
    ProtoOAAmendOrderReq: _amendOrder,
    ProtoOAClosePositionReq: _closePosition,
    ProtoOAAmendPositionSLTPReq: _amendProtection,
}
"""
The requests of this group.
"""
