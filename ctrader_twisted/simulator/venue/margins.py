"""
What positions block: by the leverage of the account and the symbol's table, or by what a guaranteed stop loss risks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from ctrader_twisted.schema.messages import (
    ProtoOALimitedRiskMarginCalculationStrategy,
    ProtoOAMarginChangedEvent,
    ProtoOAPosition,
    ProtoOATotalMarginCalculationType,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.settings import TierRule
from ctrader_twisted.simulator.venue import arithmetic
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS, Conversion, TradingAccount
from ctrader_twisted.simulator.venue.prices import exactRate, fromDouble
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["allot", "marginOf", "marginWith", "remargin", "tellMargins", "usedMargin"]

_Strategy = ProtoOALimitedRiskMarginCalculationStrategy
_Total = ProtoOATotalMarginCalculationType


def marginOf(
    venue: Venue,
    account: TradingAccount,
    symbolId: int,
    side: ProtoOATradeSide,
    volume: int,
    *,
    distance: int | None = None,
) -> int:
    """
    Find what a new position would block now, above what is held in the same direction.

    @param venue: where it is traded.
    @param account: whose it would be.
    @param symbolId: the symbol.
    @param side: its side.
    @param volume: in 1/100 of a unit.
    @param distance: how far away its guaranteed stop loss would be, in 1/100000 of a price unit, if it has one.
    @return: money.
    @raise TradeRefusal: if a price is missing.
    """
    tiers = _tiersOf(venue.catalogue, symbolId)
    dollars = venue.baseToUsd(account, symbolId) / 100 if tiers else Fraction(0)
    held = sum(each.tradeData.volume for each in _positions(account, symbolId, side))
    leverage = _leverage(venue, account, tiers, held * dollars, volume * dollars)
    byLeverage = arithmetic.margin(volume, venue.baseToDeposit(account, symbolId), leverage)
    if distance is None:
        return byLeverage
    return _limited(account, byLeverage, distance, volume, venue.worth(account, symbolId))


def remargin(
    venue: Venue, account: TradingAccount, symbolId: int, stops: Mapping[int, int] | None = None
) -> list[ProtoOAPosition]:
    """
    Count the margins of a symbol's open positions anew.

    @param venue: where they are traded.
    @param account: whose they are.
    @param symbolId: the symbol.
    @param stops: by position, the guaranteed stop losses that are about to be set, in 1/100000 of a price unit.
    @return: the positions whose margin has changed.
    @raise TradeRefusal: if a price is missing, and always was.
    """
    rates = account.conversions[symbolId] = _conversion(venue, account, symbolId)
    changed = []
    for positionId, money in allot(venue, account, symbolId, rates, stops).items():
        position = account.positions[positionId]
        if position.usedMargin != money:
            position.usedMargin = money
            changed.append(position)
    return changed


def tellMargins(venue: Venue, account: TradingAccount, positions: Iterable[ProtoOAPosition]) -> None:
    """
    Tell of margins that have changed.

    @param venue: where events go.
    @param account: whose positions they are.
    @param positions: the positions.
    """
    for position in positions:
        event = ProtoOAMarginChangedEvent(
            ctidTraderAccountId=account.terms.accountId,
            positionId=position.positionId,
            usedMargin=position.usedMargin,
            moneyDigits=MONEY_DIGITS,
        )
        venue.publish(account.terms.accountId, event)


def allot(
    venue: Venue,
    account: TradingAccount,
    symbolId: int,
    rates: Conversion,
    stops: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """
    Find what each open position in a symbol blocks. Of those on one side, the older lie below the newer in the table.

    @param venue: where they are traded.
    @param account: whose they are.
    @param symbolId: the symbol.
    @param rates: the rates to count with.
    @param stops: by position, guaranteed stop losses that are about to be set, in 1/100000 of a price unit.
    @return: money by the id of the position.
    """
    tiers, dollars = _tiersOf(venue.catalogue, symbolId), rates.baseToUsd / 100
    isWhole = venue.settings.tierRule is TierRule.WHOLE
    margins: dict[int, int] = {}
    for side in (ProtoOATradeSide.BUY, ProtoOATradeSide.SELL):
        positions = sorted(_positions(account, symbolId, side), key=lambda each: each.positionId)
        held = sum(each.tradeData.volume for each in positions) if isWhole else 0
        for position in positions:
            volume = position.tradeData.volume
            below = held - volume if isWhole else held
            leverage = _leverage(venue, account, tiers, below * dollars, volume * dollars)
            money = arithmetic.margin(volume, exactRate(position.marginRate), leverage)
            stop = (stops or {}).get(position.positionId, _guaranteed(position))
            if stop is not None:
                sign = 1 if side == ProtoOATradeSide.BUY else -1
                distance = sign * (fromDouble(position.price) - stop)
                money = _limited(account, money, distance, volume, rates.quoteToDeposit)
            margins[position.positionId] = money
            held += 0 if isWhole else volume
    return margins


def usedMargin(account: TradingAccount) -> int:
    """
    @param account: an account.
    @return: what its positions block altogether, in money, as its terms count both sides of a symbol.
    """
    return _joined(account, _sides(account))


def marginWith(
    account: TradingAccount,
    symbolId: int,
    side: ProtoOATradeSide,
    money: int,
    *,
    closed: ProtoOAPosition | None = None,
) -> int:
    """
    Find what an account's positions would block altogether with one more.

    @param account: the account.
    @param symbolId: the symbol of the new position.
    @param side: its side.
    @param money: what it blocks by itself.
    @param closed: the open position that ends for it, if one does.
    """
    sides = _sides(account)
    if closed is not None:
        sides[symbolId, closed.tradeData.tradeSide] -= closed.usedMargin
    sides[symbolId, side] = sides.get((symbolId, side), 0) + money
    return _joined(account, sides)


def _conversion(venue: Venue, account: TradingAccount, symbolId: int) -> Conversion:
    try:
        return Conversion(venue.baseToUsd(account, symbolId), venue.worth(account, symbolId))
    except TradeRefusal:
        if symbolId not in account.conversions:
            raise
        return account.conversions[symbolId]


def _sides(account: TradingAccount) -> dict[tuple[int, ProtoOATradeSide], int]:
    sides: dict[tuple[int, ProtoOATradeSide], int] = {}
    for position in account.openPositions():
        key = position.tradeData.symbolId, position.tradeData.tradeSide
        sides[key] = sides.get(key, 0) + position.usedMargin
    return sides


def _joined(account: TradingAccount, sides: Mapping[tuple[int, ProtoOATradeSide], int]) -> int:
    if account.terms.totalMargin == _Total.SUM:
        return sum(sides.values())
    total = 0
    for symbolId in {symbolId for symbolId, _ in sides}:
        bought, sold = (sides.get((symbolId, side), 0) for side in (ProtoOATradeSide.BUY, ProtoOATradeSide.SELL))
        total += max(bought, sold) if account.terms.totalMargin == _Total.MAX else abs(bought - sold)
    return total


def _positions(account: TradingAccount, symbolId: int, side: ProtoOATradeSide) -> list[ProtoOAPosition]:
    return [
        each
        for each in account.openPositions()
        if each.tradeData.symbolId == symbolId and each.tradeData.tradeSide == side
    ]


def _tiersOf(catalogue: Catalogue, symbolId: int) -> Sequence[tuple[int, int]]:
    table = catalogue.leverages.get(catalogue.symbol(symbolId).leverageId)
    return table.tiers if table else ()


def _leverage(
    venue: Venue, account: TradingAccount, tiers: Sequence[tuple[int, int]], held: Fraction, added: Fraction
) -> Fraction:
    most = Fraction(account.terms.leverageInCents, 100)
    if venue.settings.tierRule is TierRule.WHOLE:
        return arithmetic.tierLeverage(tiers, most, held + added)
    return arithmetic.meanLeverage(tiers, most, held, added)


def _guaranteed(position: ProtoOAPosition) -> int | None:
    return fromDouble(position.stopLoss) if position.guaranteedStopLoss else None


def _limited(account: TradingAccount, byLeverage: int, distance: int, volume: int, quoteToDeposit: Fraction) -> int:
    """
    Find what a position with a guaranteed stop loss blocks.
    """
    strategy = account.terms.limitedRiskMargin
    if not account.terms.isLimitedRisk or strategy == _Strategy.ACCORDING_TO_LEVERAGE:
        return byLeverage
    # A stop on the side of the profit risks nothing.
    risk = max(0, arithmetic.grossProfit(distance, volume, quoteToDeposit))
    return risk if strategy == _Strategy.ACCORDING_TO_GSL else max(risk, byLeverage)
