"""
The rules that an order must keep, before anything of it is booked.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOANewOrderReq,
    ProtoOAOrderType,
    ProtoOASymbol,
    ProtoOATimeInForce,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.refusal import Refusal, TradeRefusal
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.checks import checkDigits, checkGap, checkGuarantee, pointOf
from ctrader_twisted.simulator.venue.kinds import FIELDS, LIMITED, PENDING, limitOf, orderPrice, reference
from ctrader_twisted.simulator.venue.prices import fromDouble, toDouble

__all__ = ["checkFields", "checkLevels", "checkLimitedRisk", "checkStop", "checkTime", "checkVolume", "distances"]

_Type, _Time = ProtoOAOrderType, ProtoOATimeInForce

_LONGEST = (("label", 100), ("comment", 512), ("clientOrderId", 50))

_LEGS = (("stopLoss", "relativeStopLoss", "stop loss"), ("takeProfit", "relativeTakeProfit", "take profit"))


def checkFields(request: ProtoOANewOrderReq, symbol: ProtoOASymbol, settings: Settings) -> None:
    """
    Refuse an order that makes no sense, whatever the market does.

    @param request: the order.
    @param symbol: its symbol.
    @param settings: how it is refused.
    @raise Refusal: if a field is missing, wrong, or not for this type of order.
    """
    _checkType(request)
    for name, longest in _LONGEST:
        if len(getattr(request, name)) > longest:
            raise Refusal("INVALID_REQUEST", f"{name} is longer than {longest} characters")
    _checkPrices(request, symbol, settings)
    for absolute, relative, words in _LEGS:
        _checkLeg(request, absolute, relative, words, symbol, settings)
    hasStop = request.HasField("stopLoss") or request.HasField("relativeStopLoss")
    if request.trailingStopLoss and not hasStop:
        words = "Can't set Trailing Stop Loss parameter without specified Stop Loss"
        raise Refusal("INVALID_REQUEST", words)
    if request.guaranteedStopLoss:
        checkGuarantee(symbol, hasStop=hasStop)


def checkTime(request: ProtoOANewOrderReq, now: int) -> None:
    """
    Refuse an order that would be over before it begins.

    @param request: the order.
    @param now: milliseconds since 1970.
    @raise TradeRefusal: if its expiration is missing or past.
    """
    if request.orderType not in PENDING or request.timeInForce != _Time.GOOD_TILL_DATE:
        return
    if not request.HasField("expirationTimestamp"):
        raise TradeRefusal("TRADING_BAD_EXPIRATION_DATE", "An order that is good till a date needs one")
    if request.expirationTimestamp <= now:
        words = f"The expiration {request.expirationTimestamp} is not after the present {now}"
        raise TradeRefusal("TRADING_BAD_EXPIRATION_DATE", words)


def checkVolume(volume: int, symbol: ProtoOASymbol) -> None:
    """
    Refuse a volume outside the symbol's limits.

    @param volume: in 1/100 of a unit.
    @param symbol: the symbol.
    @raise TradeRefusal: if it is too small, too large, or off the step.
    """
    if not symbol.minVolume <= volume <= symbol.maxVolume or volume % symbol.stepVolume:
        words = (
            f"Order volume = {volume / 100:.2f} is not allowed: minimum {symbol.minVolume / 100:.2f}, "
            f"maximum {symbol.maxVolume / 100:.2f}, step {symbol.stepVolume / 100:.2f}"
        )
        raise TradeRefusal("TRADING_BAD_VOLUME", words)


def checkLimitedRisk(account: TradingAccount, request: ProtoOANewOrderReq) -> None:
    """
    Refuse an order that opens a position without a guaranteed stop loss where each position needs one.

    @param account: whose order it is.
    @param request: the order.
    @raise Refusal: if it lacks the guarantee.
    """
    if account.terms.isLimitedRisk and not request.guaranteedStopLoss:
        words = "Guaranteed Stop Loss is mandatory for accounts with limited risk"
        raise Refusal("INVALID_REQUEST", words)


def checkStop(request: ProtoOANewOrderReq, tick: Tick) -> None:
    """
    Refuse a stop that the market has reached already.

    @param request: the order.
    @param tick: the present prices.
    @raise TradeRefusal: if its stop is on the wrong side.
    """
    if request.orderType not in (_Type.STOP, _Type.STOP_LIMIT):
        return
    price, stop = reference(request.tradeSide, request.stopTriggerMethod, tick), fromDouble(request.stopPrice)
    isBuy = request.tradeSide == ProtoOATradeSide.BUY
    if stop <= price if isBuy else stop >= price:
        words = (
            f"Stop price of a {'BUY' if isBuy else 'SELL'} order must be {'above' if isBuy else 'below'} the market. "
            f"market: {toDouble(price)}, stop: {toDouble(stop)}"
        )
        raise TradeRefusal("TRADING_BAD_PRICES", words)


def checkLevels(request: ProtoOANewOrderReq, symbol: ProtoOASymbol, tick: Tick) -> None:
    """
    Refuse levels on the wrong side of the order's price, at a price of zero or below, or too near.

    @param request: the order.
    @param symbol: its symbol.
    @param tick: the present prices.
    @raise TradeRefusal: if there is such a level.
    """
    isBuy = request.tradeSide == ProtoOATradeSide.BUY
    base = orderPrice(request) or (tick.ask if isBuy else tick.bid)
    stop, profit = distances(request)
    for distance, isStop in ((stop, True), (profit, False)):
        if distance is None:
            continue
        name, price = "SL" if isStop else "TP", base - distance if isBuy == isStop else base + distance
        if distance <= 0 or price <= 0:
            raise TradeRefusal("TRADING_BAD_STOPS", f"{name} {toDouble(price)} does not fit the price {toDouble(base)}")
        checkGap(symbol, distance, base, isStop=isStop, isGuaranteed=request.guaranteedStopLoss)


def distances(request: ProtoOANewOrderReq) -> tuple[int | None, int | None]:
    """
    Find how far an order's levels are from its price.

    @param request: the order.
    @return: stop loss and take profit in 1/100000 of a price unit, L{None} where there is no level, and negative where
        it is on the wrong side.
    """
    sign = 1 if request.tradeSide == ProtoOATradeSide.BUY else -1
    base = orderPrice(request) or 0
    stop = profit = None
    if request.HasField("relativeStopLoss"):
        stop = request.relativeStopLoss
    elif request.HasField("stopLoss"):
        stop = sign * (base - fromDouble(request.stopLoss))
    if request.HasField("relativeTakeProfit"):
        profit = request.relativeTakeProfit
    elif request.HasField("takeProfit"):
        profit = sign * (fromDouble(request.takeProfit) - base)
    return stop, profit


def _checkType(request: ProtoOANewOrderReq) -> None:
    if request.orderType not in FIELDS:
        raise Refusal("INVALID_REQUEST", f"{_Type.Name(request.orderType)} is not a type for new orders")
    missing = [name for name in FIELDS[request.orderType] if not request.HasField(name)]
    if missing:
        raise Refusal("INVALID_REQUEST", f"Message missing required fields: {', '.join(missing)}")
    if request.orderType != _Type.MARKET and request.timeInForce == _Time.MARKET_ON_OPEN:
        raise Refusal("INVALID_REQUEST", "MARKET_ON_OPEN is allowed only for order types: [MARKET]")


def _checkPrices(request: ProtoOANewOrderReq, symbol: ProtoOASymbol, settings: Settings) -> None:
    for name in FIELDS[request.orderType]:
        if name == "slippageInPoints":
            if request.slippageInPoints < 0:
                raise Refusal("INVALID_REQUEST", f"slippageInPoints {request.slippageInPoints} is negative")
            continue
        checkDigits(getattr(request, name), symbol, settings)
        if not getattr(request, name):
            raise Refusal("INVALID_REQUEST", f"{name} is 0")
    if request.orderType in LIMITED and limitOf(request, pointOf(symbol)) <= 0:
        raise TradeRefusal("TRADING_BAD_PRICES", "The slippage goes beyond a price of 0")


def _checkLeg(
    request: ProtoOANewOrderReq, absolute: str, relative: str, words: str, symbol: ProtoOASymbol, settings: Settings
) -> None:
    if request.HasField(absolute):
        if request.orderType not in PENDING:
            refusal = "SL/TP in absolute values are allowed only for order types: [LIMIT, STOP, STOP_LIMIT]"
            kind = TradeRefusal if settings.absoluteLevelsAreOrderErrors else Refusal
            raise kind("INVALID_REQUEST", refusal)
        if request.HasField(relative):
            raise Refusal("INVALID_REQUEST", f"Both an absolute and a relative {words} were given")
        checkDigits(getattr(request, absolute), symbol, settings)
    distance = getattr(request, relative)
    if request.HasField(relative) and (distance <= 0 or distance % pointOf(symbol)):
        raise Refusal("INVALID_REQUEST", f"Relative {words} has invalid precision")
