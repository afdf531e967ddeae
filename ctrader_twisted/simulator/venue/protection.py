"""
Stop loss and take profit: one order per position, which follows the position's changes.
"""

from __future__ import annotations

from typing import NamedTuple

from ctrader_twisted.schema.messages import (
    ProtoOAExecutionType,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderTriggerMethod,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOATimeInForce,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.kinds import orderPrice
from ctrader_twisted.simulator.venue.margins import remargin, tellMargins
from ctrader_twisted.simulator.venue.prices import fromDouble, opposite, toDouble
from ctrader_twisted.simulator.venue.records import closingOrder
from ctrader_twisted.simulator.venue.venue import Cause, Venue

__all__ = ["Levels", "followVolume", "levelsOf", "protect", "setLevels", "wantedLevels"]


class Levels(NamedTuple):
    """
    Where a position shall be closed. Prices are in 1/100000 of a price unit; L{None} where there is no level.

    @ivar stopLoss: the price of the loss.
    @ivar takeProfit: the price of the profit.
    @ivar trailing: whether the stop loss follows the market.
    @ivar guaranteed: whether the stop loss is executed at its own price.
    @ivar trigger: which prices trigger the stop loss.
    """

    stopLoss: int | None
    takeProfit: int | None
    trailing: bool
    guaranteed: bool = False
    trigger: ProtoOAOrderTriggerMethod = ProtoOAOrderTriggerMethod.TRADE


def levelsOf(position: ProtoOAPosition) -> Levels:
    """
    Read a position's levels.

    @param position: the position.
    """
    return Levels(
        fromDouble(position.stopLoss) if position.HasField("stopLoss") else None,
        fromDouble(position.takeProfit) if position.HasField("takeProfit") else None,
        position.trailingStopLoss,
        position.guaranteedStopLoss,
        position.stopLossTriggerMethod,
    )


def wantedLevels(order: ProtoOAOrder, position: ProtoOAPosition) -> Levels:
    """
    Find the levels of a position once an order on its side is executed. Those that the order does not name stay as
    they are.

    @param order: the order.
    @param position: the position.
    """
    levels = levelsOf(position)
    sign = 1 if order.tradeData.tradeSide == ProtoOATradeSide.BUY else -1
    base = orderPrice(order) or fromDouble(position.price)
    if order.HasField("relativeStopLoss"):
        levels = levels._replace(
            stopLoss=base - sign * order.relativeStopLoss,
            trailing=order.trailingStopLoss,
            guaranteed=levels.guaranteed or order.tradeData.guaranteedStopLoss,
        )
    if order.HasField("relativeTakeProfit"):
        levels = levels._replace(takeProfit=base + sign * order.relativeTakeProfit)
    return levels


def protect(
    venue: Venue, account: TradingAccount, order: ProtoOAOrder, position: ProtoOAPosition, cause: Cause
) -> None:
    """
    Give a position the protection that an order which was just executed on its side asked for. A new protection is
    booked now, and told a moment later; one that was there before is changed at once.

    @param venue: where it is traded.
    @param account: whose position it is.
    @param order: the order.
    @param position: the position.
    @param cause: why the order was executed.
    """
    levels = wantedLevels(order, position)
    if levels.stopLoss is None and levels.takeProfit is None:
        return
    if account.protectionOf(position.positionId) is not None:
        if levels == levelsOf(position):
            followVolume(venue, account, position, cause)
        else:
            setLevels(venue, account, position, levels, cause)
        return
    protection = _newProtection(venue, account, position, levels)
    if order.HasField("clientOrderId"):
        protection.clientOrderId = order.clientOrderId
    venue.announcing.add(protection.orderId)
    venue.later(venue.settings.protectionLatency, _announce, account, protection, position, cause.clientMsgId)


def setLevels(venue: Venue, account: TradingAccount, position: ProtoOAPosition, levels: Levels, cause: Cause) -> None:
    """
    Replace a position's levels.

    @param venue: where it is traded.
    @param account: whose position it is.
    @param position: the position.
    @param levels: all its levels from now on.
    @param cause: why they change.
    """
    protection = account.protectionOf(position.positionId)
    if protection is None:
        protection = _newProtection(venue, account, position, levels)
        kind = ProtoOAExecutionType.ORDER_ACCEPTED
        cause = cause._replace(isServerEvent=venue.settings.firstProtectionIsServerEvent)
    elif levels.stopLoss is None and levels.takeProfit is None:
        _writeLevels(venue, account, protection, position, levels)
        account.endOrder(protection, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED, venue.now())
        kind = ProtoOAExecutionType.ORDER_CANCELLED
    else:
        _writeLevels(venue, account, protection, position, levels)
        kind = ProtoOAExecutionType.ORDER_REPLACED
    changed = remargin(venue, account, position.tradeData.symbolId) if account.terms.isLimitedRisk else []
    if protection.orderId not in venue.announcing:
        venue.tell(account, kind, protection, position, cause=cause)
    tellMargins(venue, account, changed)


def followVolume(venue: Venue, account: TradingAccount, position: ProtoOAPosition, cause: Cause) -> None:
    """
    Fit a position's protection to what it holds now, after a deal.

    @param venue: where it is traded.
    @param account: whose position it is.
    @param position: the position as it is now.
    @param cause: why the deal was made.
    """
    protection, held = account.protectionOf(position.positionId), position.tradeData.volume
    if protection is None or protection.tradeData.volume == held:
        return
    isUnheard = protection.orderId in venue.announcing
    if held:
        protection.tradeData.volume = held
        protection.utcLastUpdateTimestamp = venue.now()
        kind = ProtoOAExecutionType.ORDER_REPLACED
    else:
        account.endOrder(protection, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED, venue.now())
        kind = ProtoOAExecutionType.ORDER_CANCELLED
        cause = cause._replace(isServerEvent=venue.settings.cleanUpIsServerEvent)
    isUntold = not held and not venue.settings.closeEndsProtection
    # What nobody has been told of needs no word of its change.
    if isUnheard or isUntold:
        venue.changed()
    else:
        venue.tell(account, kind, protection, position, cause=cause)


def _newProtection(venue: Venue, account: TradingAccount, position: ProtoOAPosition, levels: Levels) -> ProtoOAOrder:
    kind, life = ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT, ProtoOATimeInForce.GOOD_TILL_CANCEL
    protection = closingOrder(venue, position, position.tradeData.volume, kind, life)
    account.orders[protection.orderId] = protection
    _writeLevels(venue, account, protection, position, levels)
    return protection


def _writeLevels(
    venue: Venue, account: TradingAccount, protection: ProtoOAOrder, position: ProtoOAPosition, levels: Levels
) -> None:
    _writePrice(position, "stopLoss", levels.stopLoss)
    _writePrice(position, "takeProfit", levels.takeProfit)
    _writePrice(protection, "stopPrice", levels.stopLoss)
    _writePrice(protection, "limitPrice", levels.takeProfit)
    protection.tradeData.volume = position.tradeData.volume
    position.trailingStopLoss = protection.trailingStopLoss = levels.trailing
    position.guaranteedStopLoss = protection.tradeData.guaranteedStopLoss = levels.guaranteed
    position.stopLossTriggerMethod = protection.stopTriggerMethod = levels.trigger
    account.beyond.discard(protection.orderId)
    position.utcLastUpdateTimestamp = protection.utcLastUpdateTimestamp = venue.now()
    account.trails.pop(position.positionId, None)
    if levels.trailing and levels.stopLoss is not None:
        market = venue.price(position.tradeData.symbolId, opposite(position.tradeData.tradeSide))
        account.trails[position.positionId] = abs(market - levels.stopLoss)


def _writePrice(message: ProtoOAPosition | ProtoOAOrder, name: str, price: int | None) -> None:
    if price is None:
        message.ClearField(name)
    else:
        setattr(message, name, toDouble(price))


def _announce(
    venue: Venue,
    account: TradingAccount,
    protection: ProtoOAOrder,
    position: ProtoOAPosition,
    clientMsgId: str | None,
) -> None:
    venue.announcing.discard(protection.orderId)
    if protection.orderId not in account.orders:
        # The position was closed meanwhile.
        return
    cause = Cause(clientMsgId, isServerEvent=True)
    venue.tell(account, ProtoOAExecutionType.ORDER_ACCEPTED, protection, position, cause=cause)
