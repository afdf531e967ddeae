"""
What the kinds of order have in common.
"""

from __future__ import annotations

from collections.abc import Mapping

from ctrader_twisted.schema.messages import (
    ProtoOANewOrderReq,
    ProtoOAOrder,
    ProtoOAOrderTriggerMethod,
    ProtoOAOrderType,
    ProtoOATimeInForce,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.venue.prices import fromDouble

__all__ = [
    "FIELDS",
    "LIMITED",
    "PENDING",
    "cannotWait",
    "isBeyond",
    "isDouble",
    "isPending",
    "limitOf",
    "orderPrice",
    "reference",
    "rests",
    "withinLimit",
]

FIELDS: Mapping[int, tuple[str, ...]] = {
    ProtoOAOrderType.MARKET: (),
    ProtoOAOrderType.LIMIT: ("limitPrice",),
    ProtoOAOrderType.STOP: ("stopPrice",),
    ProtoOAOrderType.STOP_LIMIT: ("stopPrice", "slippageInPoints"),
    ProtoOAOrderType.MARKET_RANGE: ("baseSlippagePrice", "slippageInPoints"),
}
"""
For each type that a new order may have, the names of the fields that say at what price it is executed.
"""

PENDING = (ProtoOAOrderType.LIMIT, ProtoOAOrderType.STOP, ProtoOAOrderType.STOP_LIMIT)
"""
The types of order that wait for a price.
"""

LIMITED = (ProtoOAOrderType.LIMIT, ProtoOAOrderType.STOP_LIMIT, ProtoOAOrderType.MARKET_RANGE)
"""
The types of order that are not executed at any price.
"""

# Enums look their values up by name each time.
_BUY = ProtoOATradeSide.BUY

_AT_MARKET = (ProtoOAOrderType.MARKET, ProtoOAOrderType.MARKET_RANGE)
_RESTING = (ProtoOATimeInForce.GOOD_TILL_CANCEL, ProtoOATimeInForce.GOOD_TILL_DATE)
_OPPOSITE = (ProtoOAOrderTriggerMethod.OPPOSITE, ProtoOAOrderTriggerMethod.DOUBLE_OPPOSITE)
_DOUBLE = (ProtoOAOrderTriggerMethod.DOUBLE_TRADE, ProtoOAOrderTriggerMethod.DOUBLE_OPPOSITE)


def isPending(order: ProtoOAOrder) -> bool:
    """
    Tell whether an order may stand in the book for long: it waits for a price, or for the market to open.

    @param order: the order.
    """
    return order.orderType in PENDING or (
        order.orderType == ProtoOAOrderType.MARKET and order.timeInForce == ProtoOATimeInForce.MARKET_ON_OPEN
    )


def rests(order: ProtoOAOrder) -> bool:
    """
    Tell whether what is not executed of an order stays in the book.

    @param order: the order.
    """
    return order.orderType in PENDING and order.timeInForce in _RESTING


def cannotWait(order: ProtoOAOrder | ProtoOANewOrderReq) -> bool:
    """
    Tell whether an order is executed right after its acceptance or never.

    @param order: the order, or the request for it.
    """
    if order.orderType in _AT_MARKET:
        return order.timeInForce != ProtoOATimeInForce.MARKET_ON_OPEN
    return order.orderType == ProtoOAOrderType.LIMIT and order.timeInForce not in _RESTING


def orderPrice(order: ProtoOAOrder | ProtoOANewOrderReq) -> int | None:
    """
    Find the price that the distances of a pending order's levels count from.

    @param order: the order, or the request for it.
    @return: in 1/100000 of a price unit; L{None} if it is executed at the market.
    """
    if order.orderType == ProtoOAOrderType.LIMIT:
        return fromDouble(order.limitPrice)
    return fromDouble(order.stopPrice) if order.orderType in PENDING else None


def limitOf(order: ProtoOAOrder | ProtoOANewOrderReq, point: int) -> int:
    """
    Find the worst price at which an order is executed.

    @param order: an order of one of the L{LIMITED} types, or the request for it.
    @param point: the smallest step of the symbol's price, in 1/100000 of a price unit.
    @return: in 1/100000 of a price unit.
    """
    if order.orderType == ProtoOAOrderType.LIMIT:
        return fromDouble(order.limitPrice)
    isRange = order.orderType == ProtoOAOrderType.MARKET_RANGE
    base = fromDouble(order.baseSlippagePrice if isRange else order.stopPrice)
    side = order.tradeData.tradeSide if isinstance(order, ProtoOAOrder) else order.tradeSide
    slippage = order.slippageInPoints * point
    return base + slippage if side == ProtoOATradeSide.BUY else base - slippage


def withinLimit(order: ProtoOAOrder, price: int, point: int) -> bool:
    """
    Tell whether an order may be executed at a price.

    @param order: the order.
    @param price: in 1/100000 of a price unit.
    @param point: the smallest step of the symbol's price, in 1/100000 of a price unit.
    """
    if order.orderType not in LIMITED:
        return True
    limit = limitOf(order, point)
    return price <= limit if order.tradeData.tradeSide == ProtoOATradeSide.BUY else price >= limit


def reference(side: ProtoOATradeSide, method: ProtoOAOrderTriggerMethod, tick: Tick) -> int:
    """
    Find the price that a stop is compared with.

    @param side: the side of the order that the stop sends.
    @param method: its trigger method.
    @param tick: the present prices.
    @return: in 1/100000 of a price unit.
    """
    usesAsk = (side == _BUY) != (method in _OPPOSITE)
    return tick.ask if usesAsk else tick.bid


def isBeyond(order: ProtoOAOrder, tick: Tick) -> bool:
    """
    Tell whether prices have reached an order's stop.

    @param order: an order with a stop price.
    @param tick: the prices.
    """
    side, stop = order.tradeData.tradeSide, fromDouble(order.stopPrice)
    price = reference(side, order.stopTriggerMethod, tick)
    return price >= stop if side == _BUY else price <= stop


def isDouble(method: ProtoOAOrderTriggerMethod) -> bool:
    """
    Tell whether a stop takes two prices in a row to be triggered.

    @param method: its trigger method.
    """
    return method in _DOUBLE
