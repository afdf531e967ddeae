"""
Closing positions, by request or by their protection, and what the close makes.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAClosePositionDetail,
    ProtoOAClosePositionReq,
    ProtoOADeal,
    ProtoOAExecutionType,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue import arithmetic
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS, TradingAccount
from ctrader_twisted.simulator.venue.checks import checkOpen
from ctrader_twisted.simulator.venue.prices import toDouble
from ctrader_twisted.simulator.venue.protection import followClose
from ctrader_twisted.simulator.venue.records import closingOrder, filledDeal
from ctrader_twisted.simulator.venue.valuation import commissionOf, priceGain
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["closePosition", "openPositionOf", "resumeClosing", "settle"]


def closePosition(
    venue: Venue, account: TradingAccount, request: ProtoOAClosePositionReq, clientMsgId: str | None
) -> None:
    """
    Accept the close of a position, or of a part of it.

    @param venue: where it is traded.
    @param account: whose position it is.
    @param request: what to close.
    @param clientMsgId: the id of the request.
    @raise TradeRefusal: if it is refused.
    """
    position = openPositionOf(account, request.positionId, locked="POSITION_LOCKED")
    specification = venue.catalogue.full(position.tradeData.symbolId)
    _checkVolume(request.volume, position, specification.stepVolume)
    checkOpen(specification, venue.now())
    order = closingOrder(
        venue, position, request.volume, ProtoOAOrderType.MARKET, ProtoOATimeInForce.IMMEDIATE_OR_CANCEL
    )
    account.orders[order.orderId] = order
    venue.tell(account, ProtoOAExecutionType.ORDER_ACCEPTED, order, position, clientMsgId=clientMsgId)
    venue.later(venue.settings.fillLatency, _fill, account, order, clientMsgId)


def openPositionOf(account: TradingAccount, positionId: int, *, locked: str) -> ProtoOAPosition:
    """
    Find a position that is open and that is not just being closed.

    @param account: whose position it should be.
    @param positionId: the position.
    @param locked: the code of the refusal if something is happening to it.
    @raise TradeRefusal: if there is no such position.
    """
    position = account.positions.get(positionId)
    if position is None:
        raise TradeRefusal("POSITION_NOT_FOUND", f"Position not found with id {positionId}", positionId=0)
    if position.positionStatus != ProtoOAPositionStatus.POSITION_STATUS_OPEN:
        raise TradeRefusal("POSITION_NOT_OPEN", f"Position {positionId} is not open", positionId=positionId)
    if account.closingOf(positionId) is not None:
        raise TradeRefusal(locked, f"Position {positionId} is being changed", positionId=positionId)
    return position


def resumeClosing(venue: Venue) -> None:
    """
    Go on with the closes that were accepted and not executed when the venue stopped.

    @param venue: the venue.
    """
    for account in venue.accounts.values():
        for order in account.orders.values():
            if order.orderType == ProtoOAOrderType.MARKET and order.closingOrder:
                venue.later(venue.settings.fillLatency, _fill, account, order, None)


def settle(
    venue: Venue,
    account: TradingAccount,
    order: ProtoOAOrder,
    price: int,
    *,
    clientMsgId: str | None,
    isServerEvent: bool,
) -> None:
    """
    Execute an order that closes a position, or a part of it.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param order: the order.
    @param price: the price of the execution, in 1/100000 of a price unit.
    @param clientMsgId: the id of the request that caused it, or L{None} if none did.
    @param isServerEvent: whether the server did it of itself.
    @raise TradeRefusal: if a price for a conversion is missing; nothing has changed then.
    """
    position, now = account.positions[order.positionId], venue.now()
    deal = _dealOf(venue, account, order, position, price)
    _reduce(account, position, order.tradeData.volume, now)
    order.executionPrice = toDouble(price)
    order.executedVolume = order.tradeData.volume
    order.tradeData.closeTimestamp = now
    account.addDeal(deal)
    account.endOrder(order, ProtoOAOrderStatus.ORDER_STATUS_FILLED, now)
    venue.tell(
        account,
        ProtoOAExecutionType.ORDER_FILLED,
        order,
        position,
        deal,
        clientMsgId=clientMsgId,
        isServerEvent=isServerEvent,
    )
    followClose(venue, account, position, clientMsgId)


def _checkVolume(volume: int, position: ProtoOAPosition, step: int) -> None:
    held = position.tradeData.volume
    if not 0 < volume <= held or (volume % step and volume != held):
        words = f"Volume {volume} cannot be closed: the position holds {held}, the step is {step}"
        raise TradeRefusal("TRADING_BAD_VOLUME", words, positionId=position.positionId)


def _fill(venue: Venue, account: TradingAccount, order: ProtoOAOrder, clientMsgId: str | None) -> None:
    trade = order.tradeData
    try:
        checkOpen(venue.catalogue.full(trade.symbolId), venue.now())
        price = venue.price(trade.symbolId, trade.tradeSide)
        settle(venue, account, order, price, clientMsgId=clientMsgId, isServerEvent=False)
    except TradeRefusal as refusal:
        account.endOrder(order, ProtoOAOrderStatus.ORDER_STATUS_REJECTED, venue.now())
        kind, position = ProtoOAExecutionType.ORDER_REJECTED, account.positions[order.positionId]
        venue.tell(account, kind, order, position, clientMsgId=clientMsgId, errorCode=refusal.code)


def _dealOf(
    venue: Venue, account: TradingAccount, order: ProtoOAOrder, position: ProtoOAPosition, price: int
) -> ProtoOADeal:
    """
    Work the close out, and book what it makes.
    """
    trade, held, now = order.tradeData, position.tradeData.volume, venue.now()
    symbol = venue.catalogue.symbol(trade.symbolId)
    rate = venue.quoteToDeposit(account, trade.symbolId)
    commission = commissionOf(venue, account, trade.symbolId, price, trade.volume)
    baseToUsd = venue.rates.toUsd(symbol.baseAssetId)
    marginRate = venue.baseToDeposit(account, trade.symbolId)

    gross = arithmetic.grossProfit(priceGain(position, price), trade.volume, rate)
    swap = arithmetic.share(position.swap, trade.volume, held)
    bothSides = commission + arithmetic.share(position.commission, trade.volume, held)
    isConverted = symbol.quoteAssetId != account.terms.depositAssetId
    feeRate = venue.catalogue.full(trade.symbolId).pnlConversionFeeRate if isConverted else 0
    fee = arithmetic.conversionFee(gross, feeRate)
    account.book(gross + swap + bothSides + fee, now)
    deal = filledDeal(venue, order, price, commission=commission, marginRate=marginRate, baseToUsd=baseToUsd)
    detail = ProtoOAClosePositionDetail(
        entryPrice=position.price,
        grossProfit=gross,
        swap=swap,
        commission=bothSides,
        balance=account.balance,
        quoteToDepositConversionRate=float(rate),
        closedVolume=trade.volume,
        balanceVersion=account.balanceVersion,
        moneyDigits=MONEY_DIGITS,
        pnlConversionFee=fee,
    )
    deal.closePositionDetail.CopyFrom(detail)
    return deal


def _reduce(account: TradingAccount, position: ProtoOAPosition, volume: int, now: int) -> None:
    held = position.tradeData.volume
    position.swap -= arithmetic.share(position.swap, volume, held)
    position.commission -= arithmetic.share(position.commission, volume, held)
    position.usedMargin = arithmetic.share(position.usedMargin, held - volume, held)
    position.tradeData.volume = held - volume
    position.utcLastUpdateTimestamp = now
    if volume == held:
        _close(account, position, now)


def _close(account: TradingAccount, position: ProtoOAPosition, now: int) -> None:
    position.positionStatus = ProtoOAPositionStatus.POSITION_STATUS_CLOSED
    position.tradeData.closeTimestamp = now
    position.price = 0.0
    position.marginRate = 0.0
    for name in ("stopLoss", "takeProfit", "trailingStopLoss", "stopLossTriggerMethod"):
        position.ClearField(name)
    del account.positions[position.positionId]
    account.trails.pop(position.positionId, None)
