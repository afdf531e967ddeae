"""
Market orders that open a position: accepted at once, executed a moment later.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOADeal,
    ProtoOAExecutionType,
    ProtoOANewOrderReq,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
    ProtoOATradeData,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS, TradingAccount
from ctrader_twisted.simulator.venue.checks import checkDistances, checkNewOrder, checkOpen
from ctrader_twisted.simulator.venue.prices import toDouble
from ctrader_twisted.simulator.venue.protection import protect
from ctrader_twisted.simulator.venue.records import filledDeal
from ctrader_twisted.simulator.venue.valuation import checkMoney, commissionOf, marginOf
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["openPosition", "resumeOpening"]


def openPosition(venue: Venue, account: TradingAccount, request: ProtoOANewOrderReq, clientMsgId: str | None) -> None:
    """
    Accept a market order.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param request: the order.
    @param clientMsgId: the id of the request.
    @raise Refusal: if the order is refused.
    """
    symbol = venue.catalogue.symbol(request.symbolId)
    specification = venue.catalogue.full(symbol.symbolId)
    checkNewOrder(request, specification)
    checkOpen(specification, venue.now())
    checkDistances(request, venue.price(symbol.symbolId, request.tradeSide))
    checkMoney(venue, account, symbol.symbolId, request.volume)
    order = _newOrder(venue, request, specification.measurementUnits)
    position = _newPosition(order)
    account.orders[order.orderId] = order
    account.positions[position.positionId] = position
    venue.tell(account, ProtoOAExecutionType.ORDER_ACCEPTED, order, position, clientMsgId=clientMsgId)
    venue.later(venue.settings.fillLatency, _fill, account, order, clientMsgId)


def resumeOpening(venue: Venue) -> None:
    """
    Go on with the orders that were accepted and not executed when the venue stopped.

    @param venue: the venue.
    """
    for account in venue.accounts.values():
        for order in account.orders.values():
            if order.orderType == ProtoOAOrderType.MARKET and not order.closingOrder:
                venue.later(venue.settings.fillLatency, _fill, account, order, None)


def _newOrder(venue: Venue, request: ProtoOANewOrderReq, measurementUnits: str) -> ProtoOAOrder:
    now = venue.now()
    trade = ProtoOATradeData(
        symbolId=request.symbolId,
        volume=request.volume,
        tradeSide=request.tradeSide,
        openTimestamp=now,
        guaranteedStopLoss=False,
        measurementUnits=measurementUnits,
    )
    order = ProtoOAOrder(
        orderId=venue.ids.newOrder(),
        tradeData=trade,
        orderType=ProtoOAOrderType.MARKET,
        orderStatus=ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED,
        executedVolume=0,
        utcLastUpdateTimestamp=now,
        closingOrder=False,
        timeInForce=ProtoOATimeInForce.IMMEDIATE_OR_CANCEL,
        positionId=venue.ids.newPosition(),
        trailingStopLoss=request.trailingStopLoss,
    )
    for name in ("label", "comment"):
        if request.HasField(name):
            setattr(order.tradeData, name, getattr(request, name))
    for name in ("clientOrderId", "relativeStopLoss", "relativeTakeProfit"):
        if request.HasField(name):
            setattr(order, name, getattr(request, name))
    return order


def _newPosition(order: ProtoOAOrder) -> ProtoOAPosition:
    """
    An order has its position from its acceptance on; until it is executed, the position holds nothing.
    """
    position = ProtoOAPosition(
        positionId=order.positionId,
        tradeData=order.tradeData,
        positionStatus=ProtoOAPositionStatus.POSITION_STATUS_CREATED,
        swap=0,
        price=0.0,
        commission=0,
        marginRate=0.0,
        mirroringCommission=0,
        guaranteedStopLoss=False,
        usedMargin=0,
        moneyDigits=MONEY_DIGITS,
    )
    position.tradeData.volume = 0
    position.tradeData.ClearField("openTimestamp")
    return position


def _fill(venue: Venue, account: TradingAccount, order: ProtoOAOrder, clientMsgId: str | None) -> None:
    position = account.positions[order.positionId]
    try:
        deal = _execute(venue, account, order, position)
    except TradeRefusal as refusal:
        _reject(venue, account, order, refusal.code, clientMsgId)
        return
    account.addDeal(deal)
    account.endOrder(order, ProtoOAOrderStatus.ORDER_STATUS_FILLED, deal.executionTimestamp)
    venue.tell(account, ProtoOAExecutionType.ORDER_FILLED, order, position, deal, clientMsgId=clientMsgId)
    protect(venue, account, order, position, clientMsgId)


def _execute(venue: Venue, account: TradingAccount, order: ProtoOAOrder, position: ProtoOAPosition) -> ProtoOADeal:
    trade, now = order.tradeData, venue.now()
    symbol = venue.catalogue.symbol(trade.symbolId)
    checkOpen(venue.catalogue.full(trade.symbolId), now)
    checkMoney(venue, account, trade.symbolId, trade.volume)
    price = venue.price(trade.symbolId, trade.tradeSide)
    commission = commissionOf(venue, account, trade.symbolId, price, trade.volume)
    usedMargin = marginOf(venue, account, trade.symbolId, trade.volume)
    marginRate = venue.baseToDeposit(account, trade.symbolId)
    baseToUsd = venue.rates.toUsd(symbol.baseAssetId)

    position.positionStatus = ProtoOAPositionStatus.POSITION_STATUS_OPEN
    position.tradeData.volume = trade.volume
    position.tradeData.openTimestamp = now
    position.price = toDouble(price)
    position.commission = commission
    position.marginRate = float(marginRate)
    position.usedMargin = usedMargin
    position.utcLastUpdateTimestamp = now

    order.executionPrice = toDouble(price)
    order.executedVolume = trade.volume
    order.tradeData.closeTimestamp = now
    return filledDeal(venue, order, price, commission=commission, marginRate=marginRate, baseToUsd=baseToUsd)


def _reject(venue: Venue, account: TradingAccount, order: ProtoOAOrder, code: str, clientMsgId: str | None) -> None:
    now = venue.now()
    position = account.positions.pop(order.positionId)
    position.positionStatus = ProtoOAPositionStatus.POSITION_STATUS_CLOSED
    position.utcLastUpdateTimestamp = now
    account.endOrder(order, ProtoOAOrderStatus.ORDER_STATUS_REJECTED, now)
    kind = ProtoOAExecutionType.ORDER_REJECTED
    venue.tell(account, kind, order, position, clientMsgId=clientMsgId, errorCode=code)
