"""
The scales of the wire: market prices in 1/100000 whatever the symbol's digits, order prices as doubles, money as
integers whose digits come with each message.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.units.exact import EXACT, exactDecimal

__all__ = [
    "PRICE_SCALE",
    "moneyFromWire",
    "neighbours",
    "orderPriceFromWire",
    "orderPriceToWire",
    "powerOfTen",
    "priceFromWire",
    "priceToWire",
    "rounded",
]

PRICE_SCALE = 100_000
"""
How many wire units of a market price make one unit of price.
"""

_PRICE_DIGITS = 5
_ABSURD = 1e25


def powerOfTen(exponent: int) -> Decimal:
    """
    Give a power of ten exactly.

    @param exponent: the power.
    @return: for -5 the number 0.00001.
    """
    return Decimal((0, (1,), exponent))


def rounded(value: Decimal, digits: int, rounding: str) -> Decimal:
    """
    Round a number to decimal places.

    @param value: the number.
    @param digits: how many places to keep.
    @param rounding: one of the rounding names of the C{decimal} module.
    @return: the number with exactly C{digits} places.
    """
    context = EXACT.copy()
    context.clear_traps()
    return value.quantize(powerOfTen(-digits), rounding=rounding, context=context)


def neighbours(value: Decimal, digits: int) -> tuple[Decimal, Decimal]:
    """
    Find the numbers of so many decimal places around a finer one.

    @param value: a number that has more places.
    @param digits: how many places.
    @return: the next such number below and above.
    """
    return rounded(value, digits, ROUND_FLOOR), rounded(value, digits, ROUND_CEILING)


@lru_cache(maxsize=8192)
def priceFromWire(raw: int, digits: int) -> Decimal:
    """
    Read a market price: a spot, a tick, a price of a bar or of a depth quote. Live prices come again and again.

    @param raw: the integer of the wire, in 1/100000.
    @param digits: the symbol's decimal places.
    @return: the price with C{digits} places; with all five if it is finer than that.
    """
    finer = max(0, digits - _PRICE_DIGITS)
    whole, rest = divmod(raw * 10**finer, 10 ** max(0, _PRICE_DIGITS - digits))
    if rest:
        return Decimal(raw).scaleb(-_PRICE_DIGITS, EXACT)
    return Decimal(whole).scaleb(-digits, EXACT)


def priceToWire(price: Decimal) -> int:
    """
    Write a market price or a price distance.

    @param price: the price.
    @return: the integer of the wire, in 1/100000.
    @raise IllegalValue: if the price is finer than 1/100000.
    @raise TypeError: if it is a float.
    """
    scaled = EXACT.multiply(exactDecimal(price), Decimal(PRICE_SCALE))
    if scaled != scaled.to_integral_value():
        raise IllegalValue(f"the price {price} is finer than 1/{PRICE_SCALE}", neighbours(price, _PRICE_DIGITS))
    return int(scaled)


def moneyFromWire(raw: int, moneyDigits: int) -> Decimal:
    """
    Read an amount of money.

    @param raw: the integer of the wire.
    @param moneyDigits: the digits that the same message carries.
    @return: the amount with so many decimal places.
    """
    return Decimal(raw).scaleb(-moneyDigits, EXACT)


def orderPriceFromWire(value: float, digits: int) -> Decimal:
    """
    Read the price of an order, position or deal.

    @param value: the double of the wire.
    @param digits: the symbol's decimal places.
    @return: the price with C{digits} places: the wire's number as it prints, rounded half to even.
    @raise IllegalValue: if the double is no finite number, or an absurdly large one.
    """
    if not abs(value) < _ABSURD:
        raise IllegalValue(f"{value!r} is not a price")
    return rounded(Decimal(repr(value)), digits, ROUND_HALF_EVEN)


def orderPriceToWire(price: Decimal) -> float:
    """
    Write the price of an order.

    @param price: the price, best from L{Symbol.price<ctrader_twisted.units.symbol.Symbol.price>}.
    @return: the double that prints as this price.
    @raise IllegalValue: if the price has more digits than a double holds.
    @raise TypeError: if it is a float.
    """
    value = float(exactDecimal(price))
    if Decimal(repr(value)) != price:
        raise IllegalValue(f"the price {price} has more digits than the wire holds", (Decimal(repr(value)),))
    return value
