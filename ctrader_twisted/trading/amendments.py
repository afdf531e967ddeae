"""
From what shall change to the messages that change it. The server resets or removes what a message leaves out, so each
carries the whole state. Pure.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.schema.messages import (
    ProtoOAAmendOrderReq,
    ProtoOAAmendPositionSLTPReq,
    ProtoOAOrder,
    ProtoOAOrderType,
)
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.levels import Leg, Market, checkGuarantee, checkLevel, checkStop, orderPrice, slippage
from ctrader_twisted.trading.options import OrderChanges, ProtectionChanges, TriggerMethod
from ctrader_twisted.trading.ordering import distanceOf, expiryOf
from ctrader_twisted.trading.position import Position
from ctrader_twisted.units import Symbol, orderPriceFromWire, orderPriceToWire

__all__ = ["amendedOrder", "protection"]

_STOPS = (ProtoOAOrderType.STOP, ProtoOAOrderType.STOP_LIMIT)
_RELATIVE = {Leg.STOP_LOSS: "relativeStopLoss", Leg.TAKE_PROFIT: "relativeTakeProfit"}


def amendedOrder(order: ProtoOAOrder, changes: OrderChanges, symbol: Symbol, market: Market) -> ProtoOAAmendOrderReq:
    """
    Make the message that changes a pending order.

    @param order: the order as the server told it last.
    @param changes: what to change.
    @param symbol: its symbol.
    @param market: what is known outside.
    @return: the message, complete but for its account.
    @raise IllegalValue: if it cannot be so, with the nearest that can, where there is one.
    @raise TypeError: if a float is given where exactness matters.
    """
    message = ProtoOAAmendOrderReq(orderId=order.orderId, volume=_volume(order, changes, symbol))
    price = _setPrice(message, order, changes, symbol, market)
    _setTime(message, order, changes, market)
    data = order.tradeData
    if changes.get("guaranteedStopLoss"):
        checkGuarantee(symbol)
    message.guaranteedStopLoss = changes.get("guaranteedStopLoss", data.guaranteedStopLoss)
    for leg in Leg:
        _setLeg(message, order, changes, leg, symbol, price)
    trailing = changes.get("trailing", order.trailingStopLoss)
    if message.HasField("stopLoss") or message.HasField("relativeStopLoss"):
        message.trailingStopLoss = trailing
    else:
        _checkBare(changes)
        message.ClearField("guaranteedStopLoss")
    return message


def _volume(order: ProtoOAOrder, changes: OrderChanges, symbol: Symbol) -> int:
    if "quantity" not in changes:
        return order.tradeData.volume
    volume = symbol.volume(changes["quantity"])
    if volume <= order.executedVolume:
        filled = symbol.units(order.executedVolume)
        raise IllegalValue(f"order {order.orderId} is filled to {filled}: cancel it, or leave more than that")
    return volume


def _setPrice(
    message: ProtoOAAmendOrderReq, order: ProtoOAOrder, changes: OrderChanges, symbol: Symbol, market: Market
) -> Decimal:
    isStop = order.orderType in _STOPS
    old = orderPriceFromWire(order.stopPrice if isStop else order.limitPrice, symbol.digits)
    side = Side(order.tradeData.tradeSide)
    price = old if "price" not in changes else orderPrice(symbol, "the price", changes["price"], old or None)
    if not isStop:
        _onlyOfStops(changes, "trigger", "slippagePoints", "slippagePips")
        message.limitPrice = orderPriceToWire(price)
        return price
    trigger = changes.get("trigger", TriggerMethod(order.stopTriggerMethod))
    if "price" in changes:
        checkStop(symbol, side, price, trigger, market.quote)
    message.stopPrice = orderPriceToWire(price)
    message.stopTriggerMethod = trigger.value
    _setSlippage(message, order, changes, symbol)
    return price


def _onlyOfStops(changes: OrderChanges, *names: str) -> None:
    for name in names:
        if name in changes:
            raise IllegalValue(f"this kind of order has no {name}")


def _setSlippage(message: ProtoOAAmendOrderReq, order: ProtoOAOrder, changes: OrderChanges, symbol: Symbol) -> None:
    if order.orderType != ProtoOAOrderType.STOP_LIMIT:
        _onlyOfStops(changes, "slippagePoints", "slippagePips")
    elif "slippagePoints" in changes or "slippagePips" in changes:
        message.slippageInPoints = slippage(symbol, changes.get("slippagePoints"), changes.get("slippagePips"))
    elif order.HasField("slippageInPoints"):
        message.slippageInPoints = order.slippageInPoints


def _setTime(message: ProtoOAAmendOrderReq, order: ProtoOAOrder, changes: OrderChanges, market: Market) -> None:
    if "expires" not in changes:
        if order.expirationTimestamp:
            message.expirationTimestamp = order.expirationTimestamp
    elif changes["expires"] is not None:
        message.expirationTimestamp = expiryOf(changes["expires"], market.now)


def _setLeg(
    message: ProtoOAAmendOrderReq, order: ProtoOAOrder, changes: OrderChanges, leg: Leg, symbol: Symbol, price: Decimal
) -> None:
    name, relative = leg.value, _RELATIVE[leg]
    given = [each for each in (name, f"{name}Pips", f"{name}Distance") if each in changes]
    if len(given) > 1:
        raise IllegalValue(f"give one of {' and '.join(given)}")
    if not given:
        _keepLeg(message, order, leg, symbol, price)
        return
    # The values of these keys have one type, which a name that is put together does not tell.
    value: Any = changes.get(given[0])
    if value is None:
        return
    isGuaranteed = message.guaranteedStopLoss
    if given[0] == name:
        level = orderPrice(symbol, name, value, price)
        _checkOrderLevel(order, leg, symbol, level, price, isGuaranteed=isGuaranteed)
        setattr(message, name, orderPriceToWire(level))
        return
    pips, distance = (value, None) if given[0].endswith("Pips") else (None, value)
    setattr(message, relative, distanceOf(symbol, leg, pips, distance, isGuaranteed=isGuaranteed))


def _keepLeg(message: ProtoOAAmendOrderReq, order: ProtoOAOrder, leg: Leg, symbol: Symbol, price: Decimal) -> None:
    name, relative = leg.value, _RELATIVE[leg]
    level = getattr(order, name)
    if level:
        kept = orderPriceFromWire(level, symbol.digits)
        _checkOrderLevel(order, leg, symbol, kept, price, isGuaranteed=message.guaranteedStopLoss)
        setattr(message, name, level)
    elif getattr(order, relative):
        setattr(message, relative, getattr(order, relative))


def _checkOrderLevel(
    order: ProtoOAOrder, leg: Leg, symbol: Symbol, level: Decimal, price: Decimal, *, isGuaranteed: bool
) -> None:
    side = Side(order.tradeData.tradeSide)
    checkLevel(symbol, side, leg, level, price, words="the order's price", isGuaranteed=isGuaranteed)


def _checkBare(changes: OrderChanges | ProtectionChanges) -> None:
    for name in ("trailing", "guaranteedStopLoss"):
        if changes.get(name):
            raise IllegalValue(f"{name} needs a stop loss: give one")


def protection(
    position: Position, changes: ProtectionChanges, symbol: Symbol | None, market: Market
) -> list[ProtoOAAmendPositionSLTPReq]:
    """
    Make the messages that change the protection of a position.

    @param position: the position; all its levels are known.
    @param changes: what to change.
    @param symbol: its symbol, if that is known; it is needed where a price is given.
    @param market: what is known outside.
    @return: the messages, complete but for their account, to be sent one after the other: a trailing stop loss has to
        stop trailing before it can be removed.
    @raise IllegalValue: if it cannot be so, with the nearest that can, where there is one.
    @raise TypeError: if a float is given where exactness matters.
    """
    if changes.get("guaranteedStopLoss") and symbol is not None:
        checkGuarantee(symbol)
    stopLoss = _level(position, changes, Leg.STOP_LOSS, symbol, market)
    takeProfit = _level(position, changes, Leg.TAKE_PROFIT, symbol, market)
    if stopLoss is not None:
        # Left out, the flag keeps its value on the server, which may know better than we do.
        trailing = changes.get("trailing", position.trailingStopLoss or None)
        return [_overwrite(position, changes, stopLoss, takeProfit, trailing=trailing)]
    _checkBare(changes)
    bare = _overwrite(position, changes, None, takeProfit, trailing=None)
    if position.stopLoss is None or not position.trailingStopLoss:
        return [bare]
    return [_overwrite(position, {}, position.stopLoss, takeProfit, trailing=False), bare]


def _level(
    position: Position, changes: ProtectionChanges, leg: Leg, symbol: Symbol | None, market: Market
) -> Decimal | None:
    isStopLoss = leg is Leg.STOP_LOSS
    old = position.stopLoss if isStopLoss else position.takeProfit
    given = changes.get("stopLoss", old) if isStopLoss else changes.get("takeProfit", old)
    if given is None or leg.value not in changes:
        return old if leg.value not in changes else None
    if symbol is None:
        raise IllegalValue(
            f"to give position {position.positionId} a {leg.value}, symbol {position.symbolId} must be looked up first"
        )
    now = market.exit(position.side)
    level = orderPrice(symbol, leg.value, given, now or position.entryPrice)
    if now is not None and level != old:
        isGuaranteed = changes.get("guaranteedStopLoss", position.guaranteedStopLoss)
        checkLevel(symbol, position.side, leg, level, now, words="the market at", isGuaranteed=isGuaranteed)
    return level


def _overwrite(
    position: Position,
    changes: ProtectionChanges,
    stopLoss: Decimal | None,
    takeProfit: Decimal | None,
    *,
    trailing: bool | None,
) -> ProtoOAAmendPositionSLTPReq:
    message = ProtoOAAmendPositionSLTPReq(positionId=position.positionId)
    if takeProfit is not None:
        message.takeProfit = orderPriceToWire(takeProfit)
    if stopLoss is not None:
        message.stopLoss = orderPriceToWire(stopLoss)
        if trailing is not None:
            message.trailingStopLoss = trailing
        message.stopLossTriggerMethod = changes.get("trigger", position.trigger).value
        if changes.get("guaranteedStopLoss", position.guaranteedStopLoss):
            message.guaranteedStopLoss = True
    return message
