"""
Requests to cancel or to change an order that waits.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAAmendOrderReq,
    ProtoOACancelOrderReq,
    ProtoOAExecutionType,
    ProtoOANewOrderReq,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOASymbol,
    ProtoOATimeInForce,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.checks import checkMode
from ctrader_twisted.simulator.venue.closing import checkPart
from ctrader_twisted.simulator.venue.execution import endOrder
from ctrader_twisted.simulator.venue.kinds import FIELDS, isPending
from ctrader_twisted.simulator.venue.opening import executeIfReached, present, writeTerms
from ctrader_twisted.simulator.venue.rules import (
    checkFields,
    checkLevels,
    checkLimitedRisk,
    checkStop,
    checkTime,
    checkVolume,
)
from ctrader_twisted.simulator.venue.venue import Cause, Venue

__all__ = ["amendOrder", "cancelOrder"]


def cancelOrder(venue: Venue, account: TradingAccount, request: ProtoOACancelOrderReq, clientMsgId: str | None) -> None:
    """
    Cancel an order that waits. What is just being executed, or protects a position, stays, and the answer says so.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param request: which order.
    @param clientMsgId: the id of the request.
    @raise TradeRefusal: if there is no such order.
    """
    order, cause = _orderOf(account, request.orderId), Cause(clientMsgId)
    if _isWaiting(venue, order):
        endOrder(venue, account, order, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED, cause)
        return
    if not venue.settings.cancelRejectedByEvent:
        words = f"Order {request.orderId} cannot be cancelled"
        raise TradeRefusal("UNABLE_TO_CANCEL_ORDER", words, orderId=request.orderId)
    position = account.positions.get(order.positionId)
    kind = ProtoOAExecutionType.ORDER_CANCEL_REJECTED
    venue.tell(account, kind, order, position, cause=cause, errorCode="UNABLE_TO_CANCEL_ORDER")


def amendOrder(venue: Venue, account: TradingAccount, request: ProtoOAAmendOrderReq, clientMsgId: str | None) -> None:
    """
    Change an order that waits. Volume, prices and slippage stay where the request leaves them out; levels, trailing
    and expiration end.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param request: the changes.
    @param clientMsgId: the id of the request.
    @raise Refusal: if it is refused; then nothing has changed.
    """
    order = _orderOf(account, request.orderId)
    if not _isWaiting(venue, order):
        words = f"Order {request.orderId} cannot be changed"
        raise TradeRefusal("UNABLE_TO_AMEND_ORDER", words, orderId=request.orderId)
    wanted, symbolId = _merged(order, request, resets=venue.settings.amendmentsReset), order.tradeData.symbolId
    specification, tick = venue.specification(account, symbolId), present(venue, symbolId)
    checkFields(wanted, specification, venue.settings)
    checkMode(specification, wanted.tradeSide, onlyCloses=order.closingOrder)
    if not order.closingOrder:
        checkLimitedRisk(account, wanted)
    if wanted.volume != order.tradeData.volume:
        _checkVolume(account, order, wanted.volume, specification)
    if wanted.volume <= order.executedVolume:
        words = f"{order.executedVolume} of the order is executed already"
        raise TradeRefusal("TRADING_BAD_VOLUME", words, orderId=request.orderId)
    checkTime(wanted, venue.now())
    # A stop that was reached stays so, unless it is put somewhere else.
    isTriggered = order.orderId in account.triggered and wanted.stopPrice == order.stopPrice
    if not isTriggered and not venue.settings.reachedStopsTrigger:
        checkStop(wanted, tick)
    checkLevels(wanted, specification, tick)
    if not isTriggered:
        account.triggered.discard(order.orderId)
    account.beyond.discard(order.orderId)
    writeTerms(order, wanted)
    order.utcLastUpdateTimestamp = venue.now()
    position = account.positions.get(order.positionId)
    venue.tell(account, ProtoOAExecutionType.ORDER_REPLACED, order, position, cause=Cause(clientMsgId))
    executeIfReached(venue, account, order, tick, clientMsgId)


def _orderOf(account: TradingAccount, orderId: int) -> ProtoOAOrder:
    order = account.orders.get(orderId)
    if order is None:
        raise TradeRefusal("ORDER_NOT_FOUND", f"Order not found with id {orderId}", orderId=orderId)
    return order


def _checkVolume(account: TradingAccount, order: ProtoOAOrder, volume: int, symbol: ProtoOASymbol) -> None:
    """
    An order that closes may be as small, and as odd, as what is left to close.
    """
    position = account.positions.get(order.positionId)
    if order.closingOrder and position is not None:
        checkPart(volume - order.executedVolume, position, symbol.stepVolume)
    else:
        checkVolume(volume, symbol)


def _isWaiting(venue: Venue, order: ProtoOAOrder) -> bool:
    return isPending(order) and order.orderId not in venue.executing


def _merged(order: ProtoOAOrder, request: ProtoOAAmendOrderReq, *, resets: bool) -> ProtoOANewOrderReq:
    """
    Write the request that would have placed the order as it shall be.
    """
    if not resets:
        request = _completed(order, request)
    trade, life = order.tradeData, order.timeInForce
    if request.HasField("expirationTimestamp"):
        life = ProtoOATimeInForce.GOOD_TILL_DATE
    elif life == ProtoOATimeInForce.GOOD_TILL_DATE:
        life = ProtoOATimeInForce.GOOD_TILL_CANCEL
    wanted = ProtoOANewOrderReq(
        ctidTraderAccountId=request.ctidTraderAccountId,
        symbolId=trade.symbolId,
        orderType=order.orderType,
        tradeSide=trade.tradeSide,
        volume=request.volume if request.HasField("volume") else trade.volume,
        timeInForce=life,
    )
    for name in FIELDS[order.orderType]:
        # Only market range orders have a base price, and these never wait.
        source = request if request.HasField(name) else order
        setattr(wanted, name, getattr(source, name))
    for name in _RESET:
        if request.HasField(name):
            setattr(wanted, name, getattr(request, name))
    return wanted


def _completed(order: ProtoOAOrder, request: ProtoOAAmendOrderReq) -> ProtoOAAmendOrderReq:
    """
    Write what a request leaves out as the order has it.
    """
    whole = ProtoOAAmendOrderReq(
        ctidTraderAccountId=request.ctidTraderAccountId,
        orderId=request.orderId,
        stopTriggerMethod=order.stopTriggerMethod,
        trailingStopLoss=order.trailingStopLoss,
        guaranteedStopLoss=order.tradeData.guaranteedStopLoss,
    )
    for name, other in (("relativeStopLoss", "stopLoss"), ("relativeTakeProfit", "takeProfit")):
        if order.HasField(name) and not request.HasField(other):
            setattr(whole, name, getattr(order, name))
    if order.HasField("expirationTimestamp"):
        whole.expirationTimestamp = order.expirationTimestamp
    whole.MergeFrom(request)
    return whole


_RESET = (
    "expirationTimestamp",
    "stopLoss",
    "takeProfit",
    "relativeStopLoss",
    "relativeTakeProfit",
    "guaranteedStopLoss",
    "trailingStopLoss",
    "stopTriggerMethod",
)
