"""
What a deal does to its order, its position, and the balance; margins are counted afterwards.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAClosePositionDetail,
    ProtoOADeal,
    ProtoOAOrder,
    ProtoOAPosition,
    ProtoOAPositionStatus,
)
from ctrader_twisted.simulator.venue import arithmetic
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS, TradingAccount
from ctrader_twisted.simulator.venue.prices import exactRate, fromDouble, toDouble
from ctrader_twisted.simulator.venue.records import Part, filledDeal
from ctrader_twisted.simulator.venue.valuation import commissionOf, priceGain
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["bookClosing", "bookOpening"]


def bookOpening(
    venue: Venue, account: TradingAccount, order: ProtoOAOrder, position: ProtoOAPosition, part: Part
) -> ProtoOADeal:
    """
    Add what was executed to a position on the same side.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param order: the order.
    @param position: the position; an empty one is opened by this.
    @param part: what was executed.
    @return: the deal.
    @raise TradeRefusal: if a price for a conversion is missing; nothing has changed then.
    """
    symbolId, now, held = order.tradeData.symbolId, venue.now(), position.tradeData.volume
    commission = commissionOf(venue, account, symbolId, part.price, part.volume)
    marginRate = venue.baseToDeposit(account, symbolId)
    baseToUsd = venue.baseToUsd(account, symbolId)

    if not held:
        position.positionStatus = ProtoOAPositionStatus.POSITION_STATUS_OPEN
        position.tradeData.openTimestamp = now
        account.charged[position.positionId] = now
    position.price = toDouble(arithmetic.meanPrice(held, fromDouble(position.price), part.volume, part.price))
    total = held + part.volume
    position.marginRate = float((held * exactRate(position.marginRate) + part.volume * marginRate) / total)
    position.tradeData.volume = total
    position.commission += commission
    position.utcLastUpdateTimestamp = now
    _fillOrder(order, part, now)
    deal = filledDeal(
        venue,
        order,
        position.positionId,
        part,
        commission=commission,
        marginRate=marginRate,
        baseToUsd=baseToUsd,
    )
    account.addDeal(deal)
    return deal


def bookClosing(
    venue: Venue, account: TradingAccount, order: ProtoOAOrder, position: ProtoOAPosition, part: Part
) -> ProtoOADeal:
    """
    Take what was executed off a position on the other side, and book what that makes.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param order: the order.
    @param position: the position.
    @param part: what was executed; no more than the position holds.
    @return: the deal.
    @raise TradeRefusal: if a price for a conversion is missing; nothing has changed then.
    """
    symbolId, held, now = order.tradeData.symbolId, position.tradeData.volume, venue.now()
    symbol = venue.catalogue.symbol(symbolId)
    rate = venue.worth(account, symbolId)
    commission = commissionOf(venue, account, symbolId, part.price, part.volume)
    baseToUsd = venue.baseToUsd(account, symbolId)
    marginRate = venue.baseToDeposit(account, symbolId)

    gross = arithmetic.grossProfit(priceGain(position, part.price), part.volume, rate)
    swap = arithmetic.share(position.swap, part.volume, held)
    bothSides = commission + arithmetic.share(position.commission, part.volume, held)
    isConverted = symbol.quoteAssetId != account.terms.depositAssetId and not venue.stakes(account)
    feeRate = venue.catalogue.full(symbolId).pnlConversionFeeRate if isConverted else 0
    fee = arithmetic.conversionFee(gross, feeRate, roundsAway=venue.settings.feeRoundsAway)
    account.book(gross + swap + bothSides + fee, now)
    detail = ProtoOAClosePositionDetail(
        entryPrice=position.price,
        grossProfit=gross,
        swap=swap,
        commission=bothSides,
        balance=account.balance,
        quoteToDepositConversionRate=float(rate),
        closedVolume=part.volume,
        balanceVersion=account.balanceVersion,
        moneyDigits=MONEY_DIGITS,
        pnlConversionFee=fee,
    )
    _fillOrder(order, part, now)
    deal = filledDeal(
        venue,
        order,
        position.positionId,
        part,
        commission=commission,
        marginRate=marginRate,
        baseToUsd=baseToUsd,
    )
    deal.closePositionDetail.CopyFrom(detail)
    account.addDeal(deal)
    _reduce(account, position, part.volume, now)
    return deal


def _fillOrder(order: ProtoOAOrder, part: Part, now: int) -> None:
    executed = order.executedVolume
    mean = arithmetic.meanPrice(executed, fromDouble(order.executionPrice), part.volume, part.price)
    order.executionPrice = toDouble(mean)
    order.executedVolume = executed + part.volume
    order.utcLastUpdateTimestamp = now
    if order.executedVolume == order.tradeData.volume:
        order.tradeData.closeTimestamp = now


def _reduce(account: TradingAccount, position: ProtoOAPosition, volume: int, now: int) -> None:
    held = position.tradeData.volume
    position.swap -= arithmetic.share(position.swap, volume, held)
    position.commission -= arithmetic.share(position.commission, volume, held)
    position.tradeData.volume = held - volume
    position.utcLastUpdateTimestamp = now
    if volume == held:
        _close(account, position, now)


def _close(account: TradingAccount, position: ProtoOAPosition, now: int) -> None:
    position.positionStatus = ProtoOAPositionStatus.POSITION_STATUS_CLOSED
    position.tradeData.closeTimestamp = now
    position.price = 0.0
    position.marginRate = 0.0
    position.usedMargin = 0
    for name in ("stopLoss", "takeProfit", "trailingStopLoss", "stopLossTriggerMethod"):
        position.ClearField(name)
    position.guaranteedStopLoss = False
    del account.positions[position.positionId]
    account.trails.pop(position.positionId, None)
    account.charged.pop(position.positionId, None)
