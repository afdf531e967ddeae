"""
Single rules that requests to trade must keep.
"""

from __future__ import annotations

from math import isfinite

from ctrader_twisted.schema.messages import (
    ProtoOASymbol,
    ProtoOASymbolDistanceType,
    ProtoOATradeSide,
    ProtoOATradingMode,
)
from ctrader_twisted.simulator.refusal import Refusal, TradeRefusal
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.arithmetic import PRICE_SCALE
from ctrader_twisted.simulator.venue.prices import fromDouble, toDouble
from ctrader_twisted.simulator.venue.schedule import holidayAt, inSession

__all__ = [
    "checkDigits",
    "checkExposure",
    "checkGap",
    "checkGuarantee",
    "checkMode",
    "checkOpen",
    "checkShort",
    "pointOf",
]


# Above that the distances of levels, which are integers of 64 bits, have no room.
_ENDLESS = 10**12


def pointOf(symbol: ProtoOASymbol) -> int:
    """
    @param symbol: a symbol.
    @return: the smallest step of its price, in 1/100000 of a price unit.
    """
    return int(10 ** (5 - symbol.digits))


def checkOpen(symbol: ProtoOASymbol, now: int) -> None:
    """
    Refuse to trade outside the symbol's sessions, and on its holidays.

    @param symbol: the symbol.
    @param now: milliseconds since 1970.
    @raise TradeRefusal: if the market is closed.
    """
    holiday = holidayAt(symbol, now)
    if holiday is not None:
        raise TradeRefusal("SYMBOL_HAS_HOLIDAY", f"Symbol has holiday: {holiday.name}")
    if not inSession(symbol, now):
        raise TradeRefusal("MARKET_CLOSED", "Market is closed")


def checkMode(symbol: ProtoOASymbol, side: ProtoOATradeSide, *, onlyCloses: bool) -> None:
    """
    Refuse what the symbol is not open for.

    @param symbol: the symbol.
    @param side: the side of the order.
    @param onlyCloses: whether it does nothing but reduce a position.
    @raise TradeRefusal: if it is not allowed.
    """
    mode = symbol.tradingMode
    if mode != ProtoOATradingMode.ENABLED and not (onlyCloses and mode == ProtoOATradingMode.CLOSE_ONLY_MODE):
        raise TradeRefusal("TRADING_DISABLED", "Trading is disabled for the symbol")
    if not onlyCloses:
        checkShort(symbol, side)


def checkShort(symbol: ProtoOASymbol, side: ProtoOATradeSide) -> None:
    """
    Refuse to open what the symbol does not allow to be sold.

    @param symbol: the symbol.
    @param side: the side of the new position.
    @raise TradeRefusal: if it is sold, and must not be.
    """
    if side == ProtoOATradeSide.SELL and not symbol.enableShortSelling:
        raise TradeRefusal("SHORT_SELLING_NOT_ALLOWED", "Short selling is not allowed for the symbol")


def checkExposure(account: TradingAccount, symbol: ProtoOASymbol, side: ProtoOATradeSide, volume: int) -> None:
    """
    Refuse what makes an account hold more of a symbol than it may.

    @param account: the account.
    @param symbol: the symbol.
    @param side: the side of the order.
    @param volume: in 1/100 of a unit.
    @raise TradeRefusal: if what is bought less what is sold, or the other way round, would be too much.
    """
    if not symbol.maxExposure:
        return
    held = sum(
        each.tradeData.volume if each.tradeData.tradeSide == side else -each.tradeData.volume
        for each in account.openPositions()
        if each.tradeData.symbolId == symbol.symbolId
    )
    if held + volume > symbol.maxExposure:
        words = f"Exposure would be {held + volume}, and at most {symbol.maxExposure} is allowed"
        raise TradeRefusal("MAX_EXPOSURE_REACHED", words)


def checkDigits(price: float, symbol: ProtoOASymbol, settings: Settings) -> None:
    """
    Refuse a price that is finer than the symbol's, or that is none.

    @param price: a price as orders carry it.
    @param symbol: the symbol.
    @param settings: how too many digits are refused.
    @raise Refusal: if it has too many digits, or is negative, beyond all prices or not a number.
    """
    if not isfinite(price) or not 0 <= price < _ENDLESS:
        raise Refusal("INVALID_REQUEST", f"{price} is not a price")
    exact = fromDouble(price)
    if exact / PRICE_SCALE != price or exact % pointOf(symbol):
        words = f"Order price has more digits than symbol allows. Allowed {symbol.digits} digits"
        if settings.digitsAreBadPrices:
            raise TradeRefusal("TRADING_BAD_PRICES", words)
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
