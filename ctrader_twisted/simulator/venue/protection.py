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
from ctrader_twisted.simulator.venue.prices import fromDouble, opposite, toDouble
from ctrader_twisted.simulator.venue.records import closingOrder
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["Levels", "followClose", "levelsOf", "protect", "setLevels"]


class Levels(NamedTuple):
    """
    Where a position shall be closed. Prices are in 1/100000 of a price unit; L{None} where there is no level.

    @ivar stopLoss: the price of the loss.
    @ivar takeProfit: the price of the profit.
    @ivar trailing: whether the stop loss follows the market.
    """

    stopLoss: int | None
    takeProfit: int | None
    trailing: bool


def levelsOf(position: ProtoOAPosition) -> Levels:
    """
    Read a position's levels.

    @param position: the position.
    """
    return Levels(
        fromDouble(position.stopLoss) if position.HasField("stopLoss") else None,
        fromDouble(position.takeProfit) if position.HasField("takeProfit") else None,
        position.trailingStopLoss,
    )


def protect(
    venue: Venue, account: TradingAccount, order: ProtoOAOrder, position: ProtoOAPosition, clientMsgId: str | None
) -> None:
    """
    Give a new position the protection that its order asked for. It is booked now, and told a moment later.

    @param venue: where it is traded.
    @param account: whose position it is.
    @param order: the order that opened it.
    @param position: the position.
    @param clientMsgId: the id of the request that opened it.
    """
    sign = 1 if order.tradeData.tradeSide == ProtoOATradeSide.BUY else -1
    entry = fromDouble(position.price)
    levels = Levels(
        entry - sign * order.relativeStopLoss if order.HasField("relativeStopLoss") else None,
        entry + sign * order.relativeTakeProfit if order.HasField("relativeTakeProfit") else None,
        order.trailingStopLoss,
    )
    if levels.stopLoss is None and levels.takeProfit is None:
        return
    protection = _newProtection(venue, account, position, levels)
    if order.HasField("clientOrderId"):
        protection.clientOrderId = order.clientOrderId
    venue.announcing.add(protection.orderId)
    venue.later(venue.settings.protectionLatency, _announce, account, protection, position, clientMsgId)


def setLevels(
    venue: Venue, account: TradingAccount, position: ProtoOAPosition, levels: Levels, clientMsgId: str | None
) -> None:
    """
    Replace a position's levels.

    @param venue: where it is traded.
    @param account: whose position it is.
    @param position: the position.
    @param levels: all its levels from now on.
    @param clientMsgId: the id of the request.
    """
    protection = account.protectionOf(position.positionId)
    if protection is None:
        protection = _newProtection(venue, account, position, levels)
        kind = ProtoOAExecutionType.ORDER_ACCEPTED
    elif levels.stopLoss is None and levels.takeProfit is None:
        _writeLevels(venue, account, protection, position, levels)
        account.endOrder(protection, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED, venue.now())
        kind = ProtoOAExecutionType.ORDER_CANCELLED
    else:
        _writeLevels(venue, account, protection, position, levels)
        kind = ProtoOAExecutionType.ORDER_REPLACED
    venue.tell(account, kind, protection, position, clientMsgId=clientMsgId)


def followClose(venue: Venue, account: TradingAccount, position: ProtoOAPosition, clientMsgId: str | None) -> None:
    """
    Fit a position's protection to what is left of it, after a part or all of it was closed.

    @param venue: where it is traded.
    @param account: whose position it is.
    @param position: the position as it is now.
    @param clientMsgId: the id of the request that closed it.
    """
    protection = account.protectionOf(position.positionId)
    if protection is None:
        return
    isUnheard = protection.orderId in venue.announcing
    rest = position.tradeData.volume
    if rest:
        protection.tradeData.volume = rest
        protection.utcLastUpdateTimestamp = venue.now()
        kind = ProtoOAExecutionType.ORDER_REPLACED
    else:
        account.endOrder(protection, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED, venue.now())
        kind = ProtoOAExecutionType.ORDER_CANCELLED
    # What nobody has been told of needs no word of its change.
    if not isUnheard:
        venue.tell(account, kind, protection, position, clientMsgId=clientMsgId, isServerEvent=not rest)


def _newProtection(venue: Venue, account: TradingAccount, position: ProtoOAPosition, levels: Levels) -> ProtoOAOrder:
    kind, life = ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT, ProtoOATimeInForce.GOOD_TILL_CANCEL
    protection = closingOrder(venue, position, position.tradeData.volume, kind, life)
    protection.stopTriggerMethod = ProtoOAOrderTriggerMethod.TRADE
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
    position.trailingStopLoss = protection.trailingStopLoss = levels.trailing
    position.stopLossTriggerMethod = ProtoOAOrderTriggerMethod.TRADE
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
    kind = ProtoOAExecutionType.ORDER_ACCEPTED
    venue.tell(account, kind, protection, position, clientMsgId=clientMsgId, isServerEvent=True)
