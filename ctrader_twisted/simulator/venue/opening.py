"""
New orders: what is checked, what is booked, and which are executed at once.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAExecutionType,
    ProtoOANewOrderReq,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOATimeInForce,
    ProtoOATradeData,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.refusal import Refusal, TradeRefusal
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.checks import checkExposure, checkMode, checkOpen, pointOf
from ctrader_twisted.simulator.venue.closing import checkPart, openPositionOf
from ctrader_twisted.simulator.venue.execution import executeSoon
from ctrader_twisted.simulator.venue.kinds import FIELDS, PENDING, cannotWait, isBeyond, withinLimit
from ctrader_twisted.simulator.venue.records import emptyPosition
from ctrader_twisted.simulator.venue.rules import (
    checkFields,
    checkLevels,
    checkLimitedRisk,
    checkStop,
    checkTime,
    checkVolume,
    distances,
)
from ctrader_twisted.simulator.venue.schedule import isOpen
from ctrader_twisted.simulator.venue.triggers import expireOrders
from ctrader_twisted.simulator.venue.valuation import checkMoney
from ctrader_twisted.simulator.venue.venue import Cause, Venue

__all__ = ["executeIfReached", "placeOrder", "present", "writeTerms"]

_Time = ProtoOATimeInForce


def placeOrder(venue: Venue, account: TradingAccount, request: ProtoOANewOrderReq, clientMsgId: str | None) -> None:
    """
    Accept an order.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param request: the order.
    @param clientMsgId: the id of the request.
    @raise Refusal: if the order is refused.
    """
    symbol = venue.catalogue.symbol(request.symbolId)
    specification = venue.specification(account, symbol.symbolId)
    checkFields(request, specification, venue.settings)
    if venue.settings.clientOrderIdsAreUnique:
        _checkClientOrderId(account, request)
    target = _target(venue, account, request)
    reduced = _reducedBy(request, target)
    if request.HasField("positionId") and target is not None and reduced:
        checkPart(request.volume, target, specification.stepVolume)
    else:
        checkVolume(request.volume, specification)
    opened = request.volume - reduced
    checkMode(specification, request.tradeSide, onlyCloses=not opened)
    if opened:
        checkLimitedRisk(account, request)
    checkTime(request, venue.now())
    isAtOnce = cannotWait(request)
    if isAtOnce:
        checkOpen(specification, venue.now())
    tick = present(venue, symbol.symbolId)
    if not venue.settings.reachedStopsTrigger:
        checkStop(request, tick)
    checkLevels(request, specification, tick)
    if target is None and len(account.positions) >= venue.settings.positionLimit:
        raise TradeRefusal("TOO_MANY_POSITIONS", f"No more than {venue.settings.positionLimit} positions are allowed")
    if request.orderType not in PENDING and opened:
        checkExposure(account, specification, request.tradeSide, request.volume)
        distance = distances(request)[0] if request.guaranteedStopLoss else None
        closed = target if reduced else None
        checkMoney(venue, account, symbol.symbolId, request.tradeSide, opened, distance=distance, closed=closed)
    order = _newOrder(venue, request, target, specification.measurementUnits)
    position = target or emptyPosition(order)
    account.orders[order.orderId] = order
    account.positions[position.positionId] = position
    told = position if target is not None or venue.settings.acceptanceNamesPosition else None
    venue.tell(account, ProtoOAExecutionType.ORDER_ACCEPTED, order, told, cause=Cause(clientMsgId))
    if isAtOnce:
        executeSoon(venue, account, order, clientMsgId)
    else:
        executeIfReached(venue, account, order, tick, clientMsgId)


def executeIfReached(
    venue: Venue, account: TradingAccount, order: ProtoOAOrder, tick: Tick, clientMsgId: str | None
) -> None:
    """
    Execute an order that need not wait, though it could.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param order: an order that was just accepted or changed.
    @param tick: the present prices.
    @param clientMsgId: the id of the request.
    """
    specification = venue.catalogue.full(order.tradeData.symbolId)
    waitsForStop = order.orderType in (ProtoOAOrderType.STOP, ProtoOAOrderType.STOP_LIMIT)
    price = tick.ask if order.tradeData.tradeSide == ProtoOATradeSide.BUY else tick.bid
    isReached = withinLimit(order, price, pointOf(specification))
    if waitsForStop:
        isReached = venue.settings.reachedStopsTrigger and isBeyond(order, tick)
        if isReached:
            account.triggered.add(order.orderId)
    if isReached and isOpen(specification, venue.now()):
        executeSoon(venue, account, order, clientMsgId)
    if order.HasField("expirationTimestamp"):
        expireOrders(venue)


def present(venue: Venue, symbolId: int) -> Tick:
    """
    Give the present prices.

    @param venue: where the symbol is traded.
    @param symbolId: the symbol.
    @raise TradeRefusal: if there are none.
    """
    tick = venue.market.quote(symbolId)
    if tick is None:
        raise TradeRefusal("NO_QUOTES", "There are no quotes for the symbol")
    return tick


def writeTerms(order: ProtoOAOrder, request: ProtoOANewOrderReq) -> None:
    """
    Write onto an order what may be changed later, too.

    @param order: the order.
    @param request: its terms, which were checked.
    """
    order.tradeData.volume = request.volume
    order.tradeData.guaranteedStopLoss = request.guaranteedStopLoss
    order.trailingStopLoss = request.trailingStopLoss
    for name in FIELDS[request.orderType]:
        setattr(order, name, getattr(request, name))
    if order.orderType in PENDING:
        order.timeInForce = request.timeInForce
        order.stopTriggerMethod = request.stopTriggerMethod
    order.ClearField("expirationTimestamp")
    if order.timeInForce == _Time.GOOD_TILL_DATE:
        order.expirationTimestamp = request.expirationTimestamp
    # Absolute levels come back as distances, too.
    for name, distance in zip(("relativeStopLoss", "relativeTakeProfit"), distances(request), strict=True):
        order.ClearField(name)
        if distance is not None:
            setattr(order, name, distance)


def _checkClientOrderId(account: TradingAccount, request: ProtoOANewOrderReq) -> None:
    wanted = request.clientOrderId
    if wanted and any(each.clientOrderId == wanted for each in (*account.orders.values(), *account.ended.values())):
        raise Refusal("INVALID_REQUEST", f"clientOrderId {wanted} is used already")


def _target(venue: Venue, account: TradingAccount, request: ProtoOANewOrderReq) -> ProtoOAPosition | None:
    """
    @return: the position that an order works on, or L{None} if it opens one.
    """
    if not request.HasField("positionId"):
        return account.openPositionOn(request.symbolId) if account.isNetted else None
    position = openPositionOf(account, request.positionId, locked=venue.settings.closeLocked.value)
    if position.tradeData.symbolId != request.symbolId:
        words = f"Position {request.positionId} is one of symbol {position.tradeData.symbolId}"
        raise Refusal("INVALID_REQUEST", words)
    return position


def _reducedBy(request: ProtoOANewOrderReq, target: ProtoOAPosition | None) -> int:
    """
    @return: how much of an open position an order takes off.
    """
    if target is None or target.tradeData.tradeSide == request.tradeSide:
        return 0
    return min(request.volume, target.tradeData.volume)


def _newOrder(
    venue: Venue, request: ProtoOANewOrderReq, target: ProtoOAPosition | None, measurementUnits: str
) -> ProtoOAOrder:
    now = venue.now()
    isKept = request.timeInForce in (_Time.FILL_OR_KILL, _Time.MARKET_ON_OPEN)
    order = ProtoOAOrder(
        orderId=venue.ids.newOrder(),
        tradeData=ProtoOATradeData(
            symbolId=request.symbolId,
            volume=request.volume,
            tradeSide=request.tradeSide,
            openTimestamp=now,
            measurementUnits=measurementUnits,
        ),
        orderType=request.orderType,
        orderStatus=ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED,
        executedVolume=0,
        utcLastUpdateTimestamp=now,
        closingOrder=request.HasField("positionId") and _reducedBy(request, target) > 0,
        # Orders at the market know no other life.
        timeInForce=request.timeInForce if isKept else _Time.IMMEDIATE_OR_CANCEL,
        positionId=venue.ids.newPosition() if target is None else target.positionId,
    )
    for name in ("label", "comment"):
        if request.HasField(name):
            setattr(order.tradeData, name, getattr(request, name))
    if request.HasField("clientOrderId"):
        order.clientOrderId = request.clientOrderId
    writeTerms(order, request)
    return order
