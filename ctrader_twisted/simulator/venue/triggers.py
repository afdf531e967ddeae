"""
What a new price does to protected positions.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAOrder,
    ProtoOAOrderType,
    ProtoOATradeSide,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.closing import settle
from ctrader_twisted.simulator.venue.prices import fromDouble, toDouble
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["trigger"]


def trigger(venue: Venue, symbolId: int, tick: Tick) -> None:
    """
    Close the positions whose levels a price has reached, and let trailing stops follow it.

    @param venue: where they are traded.
    @param symbolId: the symbol.
    @param tick: its new price.
    """
    for account in venue.accounts.values():
        for order in list(account.orders.values()):
            if _watches(venue, account, order, symbolId):
                _look(venue, account, order, tick)


def _watches(venue: Venue, account: TradingAccount, order: ProtoOAOrder, symbolId: int) -> bool:
    return (
        order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT
        and order.tradeData.symbolId == symbolId
        and order.orderId not in venue.announcing
        and account.closingOf(order.positionId) is None
    )


def _look(venue: Venue, account: TradingAccount, order: ProtoOAOrder, tick: Tick) -> None:
    # The protection of a bought position sells, at the bid; all comparisons turn round for a sold one.
    sells = order.tradeData.tradeSide == ProtoOATradeSide.SELL
    price, sign = (tick.bid, 1) if sells else (tick.ask, -1)
    isStopped = order.HasField("stopPrice") and sign * (price - fromDouble(order.stopPrice)) <= 0
    isTaken = order.HasField("limitPrice") and sign * (price - fromDouble(order.limitPrice)) >= 0
    if isStopped or isTaken:
        try:
            settle(venue, account, order, price, clientMsgId=None, isServerEvent=True)
        except TradeRefusal:
            # Without a price for the conversion the close has to wait for the next tick.
            return
    elif order.positionId in account.trails:
        _trail(venue, account, order, price, sign)


def _trail(venue: Venue, account: TradingAccount, order: ProtoOAOrder, price: int, sign: int) -> None:
    stop = price - sign * account.trails[order.positionId]
    if sign * (stop - fromDouble(order.stopPrice)) <= 0:
        return
    order.stopPrice = account.positions[order.positionId].stopLoss = toDouble(stop)
    event = ProtoOATrailingSLChangedEvent(
        ctidTraderAccountId=account.terms.accountId,
        positionId=order.positionId,
        orderId=order.orderId,
        stopPrice=order.stopPrice,
        utcLastUpdateTimestamp=venue.now(),
    )
    venue.publish(account.terms.accountId, event)
    venue.changed()
