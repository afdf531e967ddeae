"""
What prices and quantities are worth in the deposit asset, exactly.

Volumes are in hundredths of a unit, as on the wire; rates are exact fractions. An amount is rounded once, at the end,
to the account's money digits, half away from zero, as the server was seen to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import reduce

from attrs import frozen

from ctrader_twisted.errors import ValueUnknown
from ctrader_twisted.schema.messages import ProtoOADynamicLeverage, ProtoOAMinCommissionType
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.units import Symbol
from ctrader_twisted.units.exact import EXACT

__all__ = [
    "Leverage",
    "commission",
    "grossProfit",
    "isByLot",
    "isByValue",
    "isInDollars",
    "leastCommission",
    "margin",
    "pipValue",
    "roundedMoney",
    "swap",
    "total",
]

_UNIT_VOLUME = 100
# Interest is counted in years of so many days, as is the custom; the server does not tell.
_DAYS = 360


def roundedMoney(amount: Fraction, digits: int) -> Decimal:
    """
    Round an amount of money.

    @param amount: the exact amount.
    @param digits: the decimal places of the account's money.
    @return: the amount with so many places, halves rounded away from zero.
    """
    scaled = (abs(amount) * 10**digits * 2 + 1) // 2
    return Decimal((int(amount < 0 and scaled > 0), tuple(map(int, str(scaled))), -digits))


def total(amounts: Iterable[Decimal], digits: int) -> Decimal:
    """
    Add amounts of money.

    @param amounts: the amounts.
    @param digits: the decimal places of the account's money.
    @return: the exact sum, with at least so many places.
    """
    return reduce(EXACT.add, amounts, roundedMoney(Fraction(0), digits))


def pipValue(symbol: Symbol, volume: int, quoteToDeposit: Fraction) -> Fraction:
    """
    Find what a position gains when the price moves by one pip.

    @param symbol: the symbol.
    @param volume: in hundredths of a unit.
    @param quoteToDeposit: the deposit asset for one of the quote asset.
    @return: the exact amount in the deposit asset.
    """
    return Fraction(symbol.pipSize) * Fraction(volume, _UNIT_VOLUME) * quoteToDeposit


def grossProfit(side: Side, entry: Decimal, price: Decimal, volume: int, quoteToDeposit: Fraction) -> Fraction:
    """
    Find what a position makes by its price alone.

    @param side: its direction.
    @param entry: the price at which it was opened.
    @param price: the price at which it is, or would be, closed: the bid for a bought one, the ask for a sold one.
    @param volume: in hundredths of a unit.
    @param quoteToDeposit: the deposit asset for one of the quote asset.
    @return: the exact amount in the deposit asset; negative for a loss.
    """
    gain = Fraction(price) - Fraction(entry)
    return (gain if side is Side.BUY else -gain) * Fraction(volume, _UNIT_VOLUME) * quoteToDeposit


@frozen
class Leverage:
    """
    How many times its margin a position may be, by how much is held already in the same direction.

    @ivar limit: the account's leverage, which none exceeds; L{None} if the server named none.
    @ivar tiers: the symbol's table, ascending: exposures in dollars, each with the leverage up to it. The last leverage
        holds above, too.
    """

    limit: Fraction | None
    tiers: tuple[tuple[Fraction, Fraction], ...] = ()

    @classmethod
    def fromWire(cls, leverageInCents: int, table: ProtoOADynamicLeverage | None) -> Leverage:
        """
        Read the terms of an account and a symbol.

        @param leverageInCents: a hundred times the account's leverage; 0 if the server named none.
        @param table: the symbol's table, whose exposures are in cents; L{None} if it has none.
        """
        limit = Fraction(leverageInCents, 100) if leverageInCents else None
        rows = sorted((tier.volume, tier.leverage) for tier in table.tiers if tier.leverage > 0) if table else []
        return cls(limit, tuple((Fraction(volume, 100), Fraction(leverage)) for volume, leverage in rows))

    def need(self, held: Fraction, added: Fraction) -> Fraction:
        """
        Find how much of an exposure is bound, slice by slice of the table.

        @param held: the exposure that there is already in the same direction, in dollars.
        @param added: the exposure that comes to it, in dollars, above zero.
        @return: the bound part of what is added, as a share of it.
        @raise ValueUnknown: if neither the account nor the symbol names a leverage.
        """
        bound, start, end = Fraction(0), held, held + added
        for volume, leverage in self.tiers:
            part = max(Fraction(0), min(end, volume) - start)
            bound += part / self._capped(leverage)
            start += part
        bound += (end - start) / self._capped(self.tiers[-1][1] if self.tiers else None)
        return bound / added

    def _capped(self, leverage: Fraction | None) -> Fraction:
        known = [each for each in (leverage, self.limit) if each is not None]
        if not known:
            raise ValueUnknown("the server named no leverage, neither of the account nor of the symbol")
        return min(known)


def margin(volume: int, *, baseToDeposit: Fraction, baseToUsd: Fraction, held: int, leverage: Leverage) -> Fraction:
    """
    Find what a position would bind.

    @param volume: in hundredths of a unit.
    @param baseToDeposit: the deposit asset for one of the base asset.
    @param baseToUsd: dollars for one of the base asset.
    @param held: what is held in the same direction already, in hundredths of a unit.
    @param leverage: the terms.
    @return: the exact amount in the deposit asset.
    @raise ValueUnknown: if neither the account nor the symbol names a leverage.
    """
    usd = baseToUsd / _UNIT_VOLUME
    return Fraction(volume, _UNIT_VOLUME) * baseToDeposit * leverage.need(held * usd, volume * usd)


def isByLot(symbol: Symbol) -> bool:
    """
    Tell whether a symbol's commission is counted by lots, and not by value.

    @param symbol: the symbol.
    """
    return symbol.commissionType in ("USD_PER_LOT", "QUOTE_CCY_PER_LOT")


def isInDollars(symbol: Symbol) -> bool:
    """
    Tell whether a symbol's commission is in dollars, and not in its quote asset.

    @param symbol: the symbol.
    """
    return symbol.commissionType in ("USD_PER_LOT", "USD_PER_MILLION_USD")


def commission(symbol: Symbol, volume: int, unitValue: Fraction) -> Fraction:
    """
    Find what one side of a trade costs, without its minimum.

    @param symbol: the symbol.
    @param volume: in hundredths of a unit.
    @param unitValue: what a unit is worth: in dollars if the commission is in dollars, else in the quote asset, which
        is its price. It is not looked at if the commission is by lot.
    @return: the exact cost, not negative, in dollars or the quote asset.
    @raise ValueUnknown: if the commission is by lot, and the server named no lot size.
    """
    rate = Fraction(symbol.commissionRate)
    if isByLot(symbol):
        if symbol.lotSize <= 0:
            raise ValueUnknown(f"the commission of {symbol.name} is by lot, and the server named no lot size")
        return Fraction(volume, symbol.lotSize) * rate
    whole = 10**6 if isInDollars(symbol) else 100
    return Fraction(volume, _UNIT_VOLUME) * unitValue * rate / whole


def leastCommission(symbol: Symbol) -> tuple[Fraction, str | None]:
    """
    Find the minimum of a symbol's commission.

    @param symbol: the symbol.
    @return: the amount, and the name of its asset; L{None} for the quote asset.
    """
    full = symbol.specification
    amount = Fraction(full.minCommission, 100)
    if full.HasField("preciseMinCommission"):
        amount = Fraction(full.preciseMinCommission, 10**8)
    return amount, full.minCommissionAsset if full.minCommissionType == ProtoOAMinCommissionType.CURRENCY else None


def isByValue(symbol: Symbol) -> bool:
    """
    Tell whether a symbol's swap is interest on the value, and not a number of pips or points.

    @param symbol: the symbol.
    """
    return symbol.swapType == "PERCENTAGE"


def swap(symbol: Symbol, side: Side, volume: int, price: Fraction) -> Fraction:
    """
    Find what holding a position for a night yields. Nights that count three times are not looked at.

    @param symbol: the symbol.
    @param side: the position's direction.
    @param volume: in hundredths of a unit.
    @param price: the symbol's price. It is not looked at unless the swap is by value.
    @return: the exact amount in the quote asset; negative is a cost.
    """
    rate = Fraction(symbol.swapLong if side is Side.BUY else symbol.swapShort)
    if isByValue(symbol):
        unitYield = price * rate / 100 / _DAYS
    else:
        unitYield = rate * Fraction(symbol.pipSize if symbol.swapType == "PIPS" else symbol.tickSize)
    return unitYield * Fraction(volume, _UNIT_VOLUME)
