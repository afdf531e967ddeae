"""
The orders and deals that several parts of the venue write alike.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from ctrader_twisted.schema.messages import (
    ProtoOADeal,
    ProtoOADealStatus,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
    ProtoOATradeData,
)
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS
from ctrader_twisted.simulator.venue.prices import opposite, toDouble
from ctrader_twisted.simulator.venue.rejections import Rejection
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["Part", "closingOrder", "emptyPosition", "filledDeal", "rejectedDeal"]


class Part(NamedTuple):
    """
    What is executed at once.

    @ivar sent: how much was to be executed, in hundredths of a unit.
    @ivar volume: how much of it is.
    @ivar price: the price, in 1/100000 of a price unit.
    """

    sent: int
    volume: int
    price: int


def closingOrder(
    venue: Venue,
    position: ProtoOAPosition,
    volume: int,
    orderType: ProtoOAOrderType,
    timeInForce: ProtoOATimeInForce,
) -> ProtoOAOrder:
    """
    Write an order that closes a position, or a part of it.

    @param venue: where it is traded.
    @param position: the position.
    @param volume: how much to close, in hundredths of a unit.
    @param orderType: the type of the order.
    @param timeInForce: how long it lives.
    """
    trade, now = position.tradeData, venue.now()
    return ProtoOAOrder(
        orderId=venue.ids.newOrder(),
        tradeData=ProtoOATradeData(
            symbolId=trade.symbolId,
            volume=volume,
            tradeSide=opposite(trade.tradeSide),
            openTimestamp=now,
            guaranteedStopLoss=False,
            measurementUnits=trade.measurementUnits,
        ),
        orderType=orderType,
        orderStatus=ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED,
        executedVolume=0,
        utcLastUpdateTimestamp=now,
        closingOrder=True,
        timeInForce=timeInForce,
        positionId=position.positionId,
    )


def filledDeal(
    venue: Venue,
    order: ProtoOAOrder,
    positionId: int,
    part: Part,
    *,
    commission: int,
    marginRate: Fraction,
    baseToUsd: Fraction,
) -> ProtoOADeal:
    """
    Write the deal of an order that is executed, or a part of it.

    @param venue: where it is traded.
    @param order: the order.
    @param positionId: the position that the deal has changed.
    @param part: what was executed.
    @param commission: what this side costs, in the digits of the venue's money.
    @param marginRate: from the base asset to the deposit asset.
    @param baseToUsd: from the base asset to dollars.
    """
    trade, now = order.tradeData, venue.now()
    isWhole = part.volume == part.sent
    return ProtoOADeal(
        dealId=venue.ids.newDeal(),
        orderId=order.orderId,
        positionId=positionId,
        volume=part.sent,
        filledVolume=part.volume,
        symbolId=trade.symbolId,
        createTimestamp=trade.openTimestamp,
        executionTimestamp=now,
        utcLastUpdateTimestamp=now,
        executionPrice=toDouble(part.price),
        tradeSide=trade.tradeSide,
        dealStatus=ProtoOADealStatus.FILLED if isWhole else ProtoOADealStatus.PARTIALLY_FILLED,
        marginRate=float(marginRate),
        commission=commission,
        baseToUsdConversionRate=float(baseToUsd),
        moneyDigits=MONEY_DIGITS,
    )


def rejectedDeal(venue: Venue, order: ProtoOAOrder, rejection: Rejection) -> ProtoOADeal:
    """
    Write the deal that was not made of an order.

    @param venue: where it was to be executed.
    @param order: the order.
    @param rejection: why not.
    """
    trade, now = order.tradeData, venue.now()
    return ProtoOADeal(
        dealId=venue.ids.newDeal(),
        orderId=order.orderId,
        positionId=order.positionId,
        volume=trade.volume - order.executedVolume,
        filledVolume=0,
        symbolId=trade.symbolId,
        createTimestamp=trade.openTimestamp,
        executionTimestamp=now,
        utcLastUpdateTimestamp=now,
        tradeSide=trade.tradeSide,
        dealStatus=rejection.dealStatus,
        moneyDigits=MONEY_DIGITS,
    )


def emptyPosition(order: ProtoOAOrder) -> ProtoOAPosition:
    """
    Write the position of an order that is not executed yet: it holds nothing.

    @param order: the order; it names the position.
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
    position.tradeData.guaranteedStopLoss = False
    position.tradeData.ClearField("openTimestamp")
    return position
