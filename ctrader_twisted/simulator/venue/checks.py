"""
The rules that an order must keep, before anything of it is booked.
"""

from __future__ import annotations

from math import isfinite

from ctrader_twisted.schema.messages import (
    ProtoOANewOrderReq,
    ProtoOAOrderTriggerMethod,
    ProtoOAOrderType,
    ProtoOASymbol,
    ProtoOATradeSide,
    ProtoOATradingMode,
)
from ctrader_twisted.simulator.refusal import Refusal, TradeRefusal
from ctrader_twisted.simulator.venue.prices import fromDouble
from ctrader_twisted.simulator.venue.schedule import isOpen

__all__ = ["checkDigits", "checkDistances", "checkNewOrder", "checkOpen", "checkTrigger", "notSimulated"]

_LONGEST = (("label", 100), ("comment", 512), ("clientOrderId", 50))


def checkNewOrder(request: ProtoOANewOrderReq, symbol: ProtoOASymbol) -> None:
    """
    Refuse an order that breaks a rule, or that is of a kind that is not simulated.

    @param request: the order.
    @param symbol: its symbol.
    @raise Refusal: if the request makes no sense.
    @raise TradeRefusal: if the symbol does not allow it.
    """
    _checkKind(request)
    _checkTexts(request)
    _checkProtection(request, symbol)
    _checkVolume(request.volume, symbol)
    _checkMode(request, symbol)


def checkOpen(symbol: ProtoOASymbol, now: int) -> None:
    """
    Refuse to trade outside the symbol's sessions.

    @param symbol: the symbol.
    @param now: milliseconds since 1970.
    @raise TradeRefusal: if the market is closed.
    """
    if not isOpen(symbol, now):
        raise TradeRefusal("MARKET_CLOSED", "Market is closed")


def checkDigits(price: float, symbol: ProtoOASymbol) -> None:
    """
    Refuse a price that is finer than the symbol's, or that is none.

    @param price: a price as orders carry it.
    @param symbol: the symbol.
    @raise Refusal: if it has too many digits, or is negative, infinite or not a number.
    """
    if not isfinite(price) or price < 0:
        raise Refusal("INVALID_REQUEST", f"{price} is not a price")
    exact = fromDouble(price)
    if exact / 100_000 != price or exact % 10 ** (5 - symbol.digits):
        words = f"Order price has more digits than symbol allows. Allowed {symbol.digits} digits"
        raise Refusal("INVALID_REQUEST", words)


def checkDistances(request: ProtoOANewOrderReq, price: int) -> None:
    """
    Refuse relative levels that would lie at a price of zero or below.

    @param request: the order.
    @param price: the price at which it would be executed now, in 1/100000 of a price unit.
    @raise TradeRefusal: if a level is too far away.
    """
    isBuy = request.tradeSide == ProtoOATradeSide.BUY
    below, name = (request.relativeStopLoss, "SL") if isBuy else (request.relativeTakeProfit, "TP")
    if below >= price:
        raise TradeRefusal("TRADING_BAD_STOPS", f"Relative {name} {below} is beyond the price {price}")


def checkTrigger(method: ProtoOAOrderTriggerMethod, *, guaranteed: bool) -> None:
    """
    Refuse the kinds of stop that are not simulated.

    @param method: which price triggers the stop.
    @param guaranteed: whether the stop shall be guaranteed.
    @raise Refusal: unless it is an ordinary stop.
    """
    if method != ProtoOAOrderTriggerMethod.TRADE:
        raise notSimulated()
    if guaranteed:
        raise Refusal("INVALID_REQUEST", "Guaranteed stop loss is not available for the symbol")


def notSimulated() -> Refusal:
    """
    @return: the refusal of what the real server would do.
    """
    return Refusal("UNSUPPORTED_MESSAGE", "not simulated yet")


def _checkKind(request: ProtoOANewOrderReq) -> None:
    if request.orderType != ProtoOAOrderType.MARKET or request.HasField("positionId"):
        raise notSimulated()
    checkTrigger(request.stopTriggerMethod, guaranteed=request.guaranteedStopLoss)


def _checkTexts(request: ProtoOANewOrderReq) -> None:
    for name, longest in _LONGEST:
        if len(getattr(request, name)) > longest:
            raise Refusal("INVALID_REQUEST", f"{name} is longer than {longest} characters")


def _checkProtection(request: ProtoOANewOrderReq, symbol: ProtoOASymbol) -> None:
    if request.HasField("stopLoss") or request.HasField("takeProfit"):
        words = "SL/TP in absolute values are allowed only for order types: [LIMIT, STOP, STOP_LIMIT]"
        raise Refusal("INVALID_REQUEST", words)
    step = 10 ** (5 - symbol.digits)
    for name, words in (("relativeStopLoss", "stop loss"), ("relativeTakeProfit", "take profit")):
        distance = getattr(request, name)
        if request.HasField(name) and (distance <= 0 or distance % step):
            raise Refusal("INVALID_REQUEST", f"Relative {words} has invalid precision")
    if request.trailingStopLoss and not request.HasField("relativeStopLoss"):
        words = "Can't set Trailing Stop Loss parameter without specified Stop Loss"
        raise Refusal("INVALID_REQUEST", words)


def _checkVolume(volume: int, symbol: ProtoOASymbol) -> None:
    if not symbol.minVolume <= volume <= symbol.maxVolume or volume % symbol.stepVolume:
        words = (
            f"Order volume = {volume / 100:.2f} is not allowed: minimum {symbol.minVolume / 100:.2f}, "
            f"maximum {symbol.maxVolume / 100:.2f}, step {symbol.stepVolume / 100:.2f}"
        )
        raise TradeRefusal("TRADING_BAD_VOLUME", words)


def _checkMode(request: ProtoOANewOrderReq, symbol: ProtoOASymbol) -> None:
    if symbol.tradingMode != ProtoOATradingMode.ENABLED:
        raise TradeRefusal("TRADING_DISABLED", "Trading is disabled for the symbol")
    if request.tradeSide == ProtoOATradeSide.SELL and not symbol.enableShortSelling:
        raise TradeRefusal("SHORT_SELLING_NOT_ALLOWED", "Short selling is not allowed for the symbol")
