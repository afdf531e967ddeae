"""
Which prices make sense: for orders beside the market, and for stop losses and take profits beside their base. Pure.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import Enum

from attrs import frozen

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.market import Quote
from ctrader_twisted.schema.messages import ProtoOASymbolDistanceType
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.options import TriggerMethod
from ctrader_twisted.units import PRICE_SCALE, Symbol, priceFromWire
from ctrader_twisted.units.exact import Exact

__all__ = [
    "Leg",
    "Market",
    "checkDistance",
    "checkGuarantee",
    "checkLevel",
    "checkStop",
    "leastDistance",
    "orderPrice",
    "slippage",
]

_FAR = 10
_POINTS = ProtoOASymbolDistanceType.SYMBOL_DISTANCE_IN_POINTS
_OPPOSITE = (TriggerMethod.OPPOSITE, TriggerMethod.DOUBLE_OPPOSITE)
# The wire's integers hold no more.
_MOST_POINTS = 2**31 - 1


class Leg(Enum):
    """
    The two legs of a protection. The values are the names of their options.
    """

    STOP_LOSS = "stopLoss"
    TAKE_PROFIT = "takeProfit"


@frozen
class Market:
    """
    What is known outside when an order is made.

    @ivar quote: the newest quote of its symbol, or L{None}.
    @ivar now: milliseconds since 1970.
    @ivar isLimitedRisk: whether the account must have a guaranteed stop loss with each order.
    """

    quote: Quote | None
    now: int
    isLimitedRisk: bool = False

    def entry(self, side: Side) -> Decimal | None:
        """
        @param side: the side of an order.
        @return: the price at which it would be filled now, if that is known.
        """
        if self.quote is None:
            return None
        return self.quote.ask if side is Side.BUY else self.quote.bid

    def exit(self, side: Side) -> Decimal | None:
        """
        @param side: the side of a position.
        @return: the price at which it would be closed now, if that is known.
        """
        return self.entry(Side.SELL if side is Side.BUY else Side.BUY)


def orderPrice(symbol: Symbol, name: str, price: Exact, reference: Decimal | None) -> Decimal:
    """
    Take a price that somebody gave.

    @param symbol: the symbol.
    @param name: what the price is called.
    @param price: the price.
    @param reference: a price that the symbol has or had, if one is known.
    @return: the price with the symbol's digits.
    @raise IllegalValue: if the symbol cannot have it; or if it is ten times as high or low as the reference, which no
        market does, but who gives the wire's integer for a price.
    @raise TypeError: if it is a float.
    """
    number = symbol.price(price)
    if reference is None or reference / _FAR < number < reference * _FAR:
        return number
    words = f"{name} {number} is implausible: {symbol.name} is at {reference}"
    meant = _fromWire(symbol, number, reference)
    if meant is None:
        raise IllegalValue(words)
    raise IllegalValue(f"{words}; if {number:f} is an integer of the wire, write {meant}", (meant,))


def _fromWire(symbol: Symbol, number: Decimal, reference: Decimal) -> Decimal | None:
    if number != number.to_integral_value() or number > reference * _FAR * PRICE_SCALE:
        return None
    meant = priceFromWire(int(number), symbol.digits)
    return meant if reference / _FAR < meant < reference * _FAR else None


def checkLevel(
    symbol: Symbol, side: Side, leg: Leg, level: Decimal, base: Decimal, *, words: str, isGuaranteed: bool = False
) -> None:
    """
    Check that a stop loss or take profit lies on its side of a price, and far enough away.

    @param symbol: the symbol.
    @param side: the side of the order or position that is protected.
    @param leg: which of the two it is.
    @param level: its price.
    @param base: what it protects from: the order's price, or the market's.
    @param words: what the base is, in words.
    @param isGuaranteed: whether the stop loss is guaranteed.
    @raise IllegalValue: if it does not, with the nearest that does.
    """
    isAbove = (leg is Leg.TAKE_PROFIT) is (side is Side.BUY)
    distance = level - base if isAbove else base - level
    least = leastDistance(symbol, leg, isGuaranteed=isGuaranteed)
    if distance >= least:
        return
    # A base can be finer than a price of the symbol.
    nearest = symbol.price(base, ROUND_CEILING) + least if isAbove else symbol.price(base, ROUND_FLOOR) - least
    where = "above" if isAbove else "below"
    by = f" by at least {least}" if least > symbol.tickSize else ""
    raise IllegalValue(
        f"the {leg.value} of a {side.name} of {symbol.name} lies {where} {words} {base}{by}: {level} does not, "
        f"{nearest} would",
        (nearest,),
    )


def checkDistance(symbol: Symbol, leg: Leg, distance: Decimal, *, isGuaranteed: bool = False) -> None:
    """
    Check that a relative stop loss or take profit is far enough away.

    @param symbol: the symbol.
    @param leg: which of the two it is.
    @param distance: its distance, as a difference of prices.
    @param isGuaranteed: whether the stop loss is guaranteed.
    @raise IllegalValue: if it is not, with the nearest that is.
    """
    least = leastDistance(symbol, leg, isGuaranteed=isGuaranteed)
    if distance < least:
        raise IllegalValue(
            f"the {leg.value} of {symbol.name} is at least {least} away ({least / symbol.pipSize} pips), "
            f"not {distance}",
            (least,),
        )


def checkGuarantee(symbol: Symbol) -> None:
    """
    Check that a stop loss can be guaranteed.

    @param symbol: the symbol.
    @raise IllegalValue: if the broker does not offer that.
    """
    if not symbol.specification.guaranteedStopLoss:
        raise IllegalValue(f"the broker guarantees no stop loss of {symbol.name}")


def leastDistance(symbol: Symbol, leg: Leg, *, isGuaranteed: bool) -> Decimal:
    """
    Find the least distance of a level. Where the broker counts it in percent, the server alone decides.

    @param symbol: the symbol.
    @param leg: which of the two legs it is for.
    @param isGuaranteed: whether the stop loss is guaranteed.
    @return: the difference of prices; at least the smallest that there is.
    """
    full = symbol.specification
    points = full.tpDistance if leg is Leg.TAKE_PROFIT else full.slDistance
    if leg is Leg.STOP_LOSS and isGuaranteed:
        points = max(points, full.gslDistance)
    if full.distanceSetIn != _POINTS:
        points = 0
    return symbol.tickSize * max(points, 1)


def checkStop(symbol: Symbol, side: Side, price: Decimal, trigger: TriggerMethod, quote: Quote | None) -> None:
    """
    Check that a stop order waits for a price that the market has not passed already. (A limit order that is better
    than the market is filled at once, which may be meant.)

    @param symbol: the symbol.
    @param side: the side of the order.
    @param price: the price that triggers it.
    @param trigger: what it is compared with.
    @param quote: the newest quote, if one is known.
    @raise IllegalValue: if it has, with the nearest price that it has not passed.
    """
    if quote is None:
        return
    isAsk = (side is Side.BUY) is (trigger not in _OPPOSITE)
    market = quote.ask if isAsk else quote.bid
    if (price > market) if side is Side.BUY else (price < market):
        return
    where, rounding, sign = ("above", ROUND_FLOOR, 1) if side is Side.BUY else ("below", ROUND_CEILING, -1)
    nearest = symbol.price(market, rounding) + sign * symbol.tickSize
    raise IllegalValue(
        f"a {side.name} stop order waits {where} the market's {'ask' if isAsk else 'bid'} of {market}: {price} would "
        f"trigger at once, the nearest that waits is {nearest}",
        (nearest,),
    )


def slippage(symbol: Symbol, points: int | None, pips: Exact | None) -> int:
    """
    Take how far a fill may be from its price.

    @param symbol: the symbol.
    @param points: in steps of the symbol's last digit.
    @param pips: or in pips.
    @return: the steps.
    @raise IllegalValue: if none or both are given, or what is given is no whole number of steps above zero.
    @raise TypeError: if it is a float.
    """
    if (points is None) is (pips is None):
        raise IllegalValue("give how far the fill may be from the price: either slippagePoints or slippagePips")
    if pips is not None:
        return _inPoints(symbol, symbol.pips(pips) / symbol.tickSize)
    if isinstance(points, bool) or not isinstance(points, int):
        raise TypeError(f"slippagePoints is an integer, not {points!r}")
    return _inPoints(symbol, Decimal(points))


def _inPoints(symbol: Symbol, points: Decimal) -> int:
    if not 1 <= points <= _MOST_POINTS:
        raise IllegalValue(f"a slippage is 1 to {_MOST_POINTS} points of {symbol.name}, not {points:f}")
    if points != points.to_integral_value():
        below, above = (points.to_integral_value(rounding) for rounding in (ROUND_FLOOR, ROUND_CEILING))
        raise IllegalValue(
            f"{symbol.name} moves in steps of {symbol.tickSize:f}: {points:f} points are none of its slippages, "
            f"{below} and {above} are",
            (int(below), int(above)),
        )
    return int(points)
