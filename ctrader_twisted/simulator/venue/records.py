"""
The orders and deals that several parts of the venue write alike.
"""

from __future__ import annotations

from fractions import Fraction

from ctrader_twisted.schema.messages import (
    ProtoOADeal,
    ProtoOADealStatus,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOATimeInForce,
    ProtoOATradeData,
)
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS
from ctrader_twisted.simulator.venue.prices import opposite, toDouble
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["closingOrder", "filledDeal"]


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
    venue: Venue, order: ProtoOAOrder, price: int, *, commission: int, marginRate: Fraction, baseToUsd: Fraction
) -> ProtoOADeal:
    """
    Write the deal of an order that is executed whole.

    @param venue: where it is traded.
    @param order: the order.
    @param price: the price of the execution, in 1/100000 of a price unit.
    @param commission: what this side costs, in the digits of the venue's money.
    @param marginRate: from the base asset to the deposit asset.
    @param baseToUsd: from the base asset to dollars.
    """
    trade, now = order.tradeData, venue.now()
    return ProtoOADeal(
        dealId=venue.ids.newDeal(),
        orderId=order.orderId,
        positionId=order.positionId,
        volume=trade.volume,
        filledVolume=trade.volume,
        symbolId=trade.symbolId,
        createTimestamp=trade.openTimestamp,
        executionTimestamp=now,
        utcLastUpdateTimestamp=now,
        executionPrice=toDouble(price),
        tradeSide=trade.tradeSide,
        dealStatus=ProtoOADealStatus.FILLED,
        marginRate=float(marginRate),
        commission=commission,
        baseToUsdConversionRate=float(baseToUsd),
        moneyDigits=MONEY_DIGITS,
    )
