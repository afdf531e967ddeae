"""
What trades make and cost, exactly.

Prices come in 1/100000 of a price unit, volumes in 1/100 of a unit; money goes out in 1/100 of the deposit asset,
rounded half away from zero. Rates are fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ctrader_twisted.schema.messages import ProtoOACommissionType, ProtoOASymbol

__all__ = [
    "PRICE_SCALE",
    "away",
    "commission",
    "conversionFee",
    "grossProfit",
    "halfAway",
    "margin",
    "meanLeverage",
    "meanPrice",
    "share",
    "tierLeverage",
]

PRICE_SCALE = 100_000
"""
The units of a price on the wire in one price unit.
"""

_CENTS = 100
_UNIT_VOLUME = 100


def halfAway(value: Fraction) -> int:
    """
    Round to the nearest integer, halves away from zero.

    @param value: what to round.
    """
    return _halfAway(value.numerator, value.denominator)


def _halfAway(numerator: int, denominator: int) -> int:
    # The same whether the fraction is reduced or not, so that none need be made for what is only rounded.
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -rounded if numerator < 0 else rounded


def away(value: Fraction) -> int:
    """
    Round to an integer away from zero.

    @param value: what to round.
    """
    rounded = -(-abs(value) // 1)
    return -rounded if value < 0 else rounded


def grossProfit(difference: int, volume: int, quoteToDeposit: Fraction) -> int:
    """
    Value a difference of prices.

    @param difference: in 1/100000 of a price unit; negative for a loss.
    @param volume: in 1/100 of a unit.
    @param quoteToDeposit: the deposit asset for one of the quote asset.
    @return: money.
    """
    amount = difference * volume * _CENTS * quoteToDeposit.numerator
    return _halfAway(amount, PRICE_SCALE * _UNIT_VOLUME * quoteToDeposit.denominator)


def commission(
    symbol: ProtoOASymbol,
    price: int,
    volume: int,
    *,
    baseToUsd: Fraction,
    usdToDeposit: Fraction,
    quoteToDeposit: Fraction,
    worth: Fraction,
    least: Fraction = Fraction(0),
) -> int:
    """
    Find what one side of a trade costs.

    @param symbol: the symbol's specification.
    @param price: the price of execution, in 1/100000 of a price unit.
    @param volume: in 1/100 of a unit.
    @param baseToUsd: dollars for one of the base asset.
    @param usdToDeposit: the deposit asset for a dollar.
    @param quoteToDeposit: the deposit asset for one of the quote asset.
    @param worth: the deposit asset for a price unit of one unit of the volume; mostly the same.
    @param least: the least that it costs, in the deposit asset.
    @return: money; a cost is negative.
    """
    rate, kind = symbol.preciseTradingCommissionRate, symbol.commissionType
    units, lots = Fraction(volume, _UNIT_VOLUME), Fraction(volume, symbol.lotSize)
    if kind == ProtoOACommissionType.PERCENTAGE_OF_VALUE:
        cost = units * Fraction(price, PRICE_SCALE) * Fraction(rate, 10**5 * 100) * worth
    elif kind == ProtoOACommissionType.QUOTE_CCY_PER_LOT:
        cost = lots * Fraction(rate, 10**8) * quoteToDeposit
    elif kind == ProtoOACommissionType.USD_PER_LOT:
        cost = lots * Fraction(rate, 10**8) * usdToDeposit
    else:
        cost = units * baseToUsd / 10**6 * Fraction(rate, 10**8) * usdToDeposit
    return -halfAway(max(cost, least) * _CENTS)


def conversionFee(gross: int, feeRate: int, *, roundsAway: bool = True) -> int:
    """
    Find what the conversion of a result into the deposit asset costs.

    @param gross: the result, in money.
    @param feeRate: in 1/10000 of the result.
    @param roundsAway: whether it is rounded away from zero, and not to the nearest.
    @return: money; never positive.
    """
    fee = Fraction(abs(gross) * feeRate, 10_000)
    return -(away(fee) if roundsAway else halfAway(fee))


def margin(volume: int, baseToDeposit: Fraction, leverage: Fraction) -> int:
    """
    Find what a position blocks.

    @param volume: in 1/100 of a unit.
    @param baseToDeposit: the deposit asset for one of the base asset.
    @param leverage: the leverage.
    @return: money.
    """
    amount = volume * _CENTS * baseToDeposit.numerator * leverage.denominator
    return _halfAway(amount, _UNIT_VOLUME * baseToDeposit.denominator * leverage.numerator)


def meanLeverage(tiers: Sequence[tuple[int, int]], most: Fraction, held: Fraction, added: Fraction) -> Fraction:
    """
    Find the leverage of an exposure, which is counted slice by slice of a table, as a tax is.

    @param tiers: pairs of an exposure in US cents and the leverage up to it, ascending; the last holds above, too.
    @param most: the leverage that no slice exceeds, and that of an empty table.
    @param held: the exposure below this one, in dollars.
    @param added: this exposure, in dollars; more than 0.
    @return: the leverage that binds as much of the whole of it.
    """
    if not tiers:
        return most
    start, end, bound = held, held + added, Fraction(0)
    for index, (limit, leverage) in enumerate(tiers):
        isLast = index == len(tiers) - 1
        top = end if isLast or end * _CENTS <= limit else Fraction(limit, _CENTS)
        if top > start:
            if start == held and top == end:
                # Mostly one slice has it all.
                return min(most, Fraction(leverage))
            bound += (top - start) / min(most, Fraction(leverage))
            start = top
    return added / bound


def tierLeverage(tiers: Sequence[tuple[int, int]], most: Fraction, exposure: Fraction) -> Fraction:
    """
    Find the leverage of an exposure by the tier in which it ends.

    @param tiers: as for L{meanLeverage}.
    @param most: likewise.
    @param exposure: in dollars.
    """
    fitting = [leverage for limit, leverage in tiers if exposure * _CENTS <= limit]
    return min(most, Fraction((fitting or [tiers[-1][1]])[0])) if tiers else most


def share(amount: int, part: int, whole: int) -> int:
    """
    Divide an amount in proportion.

    @param amount: money.
    @param part: the volume to find the share of.
    @param whole: the volume that the amount is for.
    @return: money.
    """
    return _halfAway(amount * part, whole)


def meanPrice(firstVolume: int, firstPrice: int, lastVolume: int, lastPrice: int) -> int:
    """
    Average two prices by volume.

    @param firstVolume: in 1/100 of a unit.
    @param firstPrice: in 1/100000 of a price unit.
    @param lastVolume: likewise; more than 0.
    @param lastPrice: likewise.
    @return: in 1/100000 of a price unit.
    """
    return _halfAway(firstVolume * firstPrice + lastVolume * lastPrice, firstVolume + lastVolume)
