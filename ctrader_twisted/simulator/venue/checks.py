"""
Single rules that requests to trade must keep.
"""

from __future__ import annotations

from math import isfinite

from ctrader_twisted.schema.messages import ProtoOASymbol, ProtoOASymbolDistanceType
from ctrader_twisted.simulator.refusal import Refusal, TradeRefusal
from ctrader_twisted.simulator.venue.arithmetic import PRICE_SCALE
from ctrader_twisted.simulator.venue.prices import fromDouble, toDouble
from ctrader_twisted.simulator.venue.schedule import isOpen

__all__ = ["checkDigits", "checkGap", "checkGuarantee", "checkOpen", "pointOf"]


def pointOf(symbol: ProtoOASymbol) -> int:
    """
    @param symbol: a symbol.
    @return: the smallest step of its price, in 1/100000 of a price unit.
    """
    return int(10 ** (5 - symbol.digits))


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
    if exact / PRICE_SCALE != price or exact % pointOf(symbol):
        words = f"Order price has more digits than symbol allows. Allowed {symbol.digits} digits"
        raise Refusal("INVALID_REQUEST", words)


def checkGuarantee(symbol: ProtoOASymbol, *, hasStop: bool) -> None:
    """
    Refuse to guarantee a stop loss that cannot be.

    @param symbol: the symbol.
    @param hasStop: whether there is a stop loss.
    @raise Refusal: if there is none, or the symbol does not offer it.
    """
    if not symbol.guaranteedStopLoss:
        raise Refusal("INVALID_REQUEST", "Guaranteed stop loss is not available for the symbol")
    if not hasStop:
        raise Refusal("INVALID_REQUEST", "Can't set Guaranteed Stop Loss parameter without specified Stop Loss")


def checkGap(symbol: ProtoOASymbol, gap: int, base: int, *, isStop: bool, isGuaranteed: bool) -> None:
    """
    Refuse a level that is too near.

    @param symbol: the symbol.
    @param gap: how far the level is from the price, in 1/100000 of a price unit.
    @param base: that price, in 1/100000 of a price unit.
    @param isStop: whether it is the stop loss.
    @param isGuaranteed: whether that is guaranteed.
    @raise TradeRefusal: if it is nearer than the symbol allows.
    """
    least = symbol.slDistance if isStop else symbol.tpDistance
    if isStop and isGuaranteed:
        least = max(least, symbol.gslDistance)
    inPercent = symbol.distanceSetIn == ProtoOASymbolDistanceType.SYMBOL_DISTANCE_IN_PERCENTAGE
    wanted = base * least / 10_000 if inPercent else least * pointOf(symbol)
    if gap < wanted:
        leg, needed = "SL" if isStop else "TP", wanted / PRICE_SCALE
        words = f"{leg} is {toDouble(gap)} from {toDouble(base)}: it must be at least {needed} away"
        raise TradeRefusal("PROTECTION_IS_TOO_CLOSE_TO_MARKET", words)
