"""
What it costs, or yields, to hold positions over night.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from ctrader_twisted.schema.messages import (
    ProtoOAChangeBalanceType,
    ProtoOADayOfWeek,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAPosition,
    ProtoOASwapCalculationType,
    ProtoOASymbol,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue import arithmetic
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.cashflow import moveMoney
from ctrader_twisted.simulator.venue.prices import exactRate
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["Nights", "chargeNights", "rolloversOf", "swapsOf"]

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_RETRY = 60_000
"""
When to look again for a price that is missing, in milliseconds.
"""


class Nights(NamedTuple):
    """
    When a symbol's positions are charged, and how much that counts.

    @ivar offset: the first time after 1970, in milliseconds.
    @ivar period: from each time to the next, in milliseconds.
    @ivar tripleDay: the day that counts three times.
    @ivar skipped: how many times a new position is not charged.
    @ivar atWeekends: whether Saturdays and Sundays count.
    """

    offset: int
    period: int
    tripleDay: ProtoOADayOfWeek
    skipped: int
    atWeekends: bool

    def after(self, moment: int) -> int:
        """
        @param moment: milliseconds since 1970.
        @return: the next time after it.
        """
        return self.offset + ((moment - self.offset) // self.period + 1) * self.period

    def between(self, start: int, end: int) -> Iterator[int]:
        """
        @param start: milliseconds since 1970, exclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the times in between.
        """
        return iter(range(self.after(start), end + 1, self.period))

    def times(self, moment: int, opened: int) -> int:
        """
        Tell how often a position is charged at one of these times.

        @param moment: the time.
        @param opened: when the position was opened, in milliseconds since 1970.
        @return: 0, 1 or 3.
        """
        if (moment - self.after(opened)) // self.period < self.skipped:
            return 0
        # The first of January 1970 was a Thursday.
        weekday = (moment // _DAY + 3) % 7 + 1
        if weekday >= ProtoOADayOfWeek.SATURDAY and not self.atWeekends:
            return 0
        return 3 if weekday == self.tripleDay else 1


def swapsOf(symbol: ProtoOASymbol) -> Nights:
    """
    Find when swaps are charged.

    @param symbol: the symbol.
    """
    return Nights(
        symbol.swapTime * _MINUTE,
        symbol.swapPeriod * _HOUR,
        symbol.swapRollover3Days,
        symbol.skipSWAPPeriods,
        symbol.chargeSwapAtWeekends,
    )


def rolloversOf(symbol: ProtoOASymbol) -> Nights:
    """
    Find when accounts without swaps are charged.

    @param symbol: the symbol.
    """
    day = symbol.rolloverCommission3Days
    return Nights(symbol.swapTime * _MINUTE, _DAY, day, symbol.skipRolloverDays, symbol.chargeSwapAtWeekends)


def chargeNights(venue: Venue) -> None:
    """
    Charge all positions for the nights that have passed since they were charged last, and come back for the next.

    @param venue: where they are traded.
    """
    now, coming = venue.now(), []
    for account in venue.accounts.values():
        for position in list(account.openPositions()):
            # A state of an earlier version does not tell; nothing was charged then.
            account.charged.setdefault(position.positionId, now)
            try:
                _chargePosition(venue, account, position)
            except TradeRefusal:
                coming.append(now + _RETRY)
    specifications = [venue.catalogue.full(symbolId) for symbolId in venue.catalogue.symbols]
    coming += (nights(each).after(now) for each in specifications for nights in (swapsOf, rolloversOf))
    venue.wakeAt(min(coming), chargeNights)


def _chargePosition(venue: Venue, account: TradingAccount, position: ProtoOAPosition) -> None:
    symbol = venue.specification(account, position.tradeData.symbolId)
    isFree = account.terms.swapFree
    nights = rolloversOf(symbol) if isFree else swapsOf(symbol)
    for moment in nights.between(account.charged[position.positionId], venue.now()):
        times, amount = nights.times(moment, position.tradeData.openTimestamp), Fraction(0)
        if times:
            amount = times * (_rollover if isFree else _swap)(venue, account, position, symbol)
        money = arithmetic.halfAway(amount)
        # Before anything is told, and written down.
        account.charged[position.positionId] = moment
        if money and isFree:
            moveMoney(venue, account, money, ProtoOAChangeBalanceType.BALANCE_WITHDRAW_ROLLOVER, "")
        elif money:
            _bookSwap(venue, account, position, money)


def _swap(venue: Venue, account: TradingAccount, position: ProtoOAPosition, symbol: ProtoOASymbol) -> Fraction:
    """
    @return: what a night yields, in 1/100 of the deposit asset.
    """
    trade = position.tradeData
    rate = exactRate(symbol.swapLong if trade.tradeSide == ProtoOATradeSide.BUY else symbol.swapShort)
    if symbol.swapCalculationType == ProtoOASwapCalculationType.PERCENTAGE:
        years = Fraction(symbol.swapPeriod, 24 * venue.settings.swapYear)
        unit = venue.rates.middle(symbol.symbolId) * rate / 100 * years
    else:
        isPips = symbol.swapCalculationType == ProtoOASwapCalculationType.PIPS
        unit = rate / 10 ** (symbol.pipPosition if isPips else symbol.digits)
    # A volume counts hundredths of a unit, as money does those of the asset.
    return unit * trade.volume * venue.worth(account, symbol.symbolId)


def _rollover(venue: Venue, account: TradingAccount, position: ProtoOAPosition, symbol: ProtoOASymbol) -> Fraction:
    """
    @return: what a night yields on an account without swaps, in 1/100 of the deposit asset.
    """
    lots = Fraction(position.tradeData.volume, symbol.lotSize)
    return -lots * symbol.rolloverCommission * venue.rates.fromUsd(account.terms.depositAssetId)


def _bookSwap(venue: Venue, account: TradingAccount, position: ProtoOAPosition, money: int) -> None:
    position.swap += money
    position.utcLastUpdateTimestamp = venue.now()
    event = ProtoOAExecutionEvent(
        ctidTraderAccountId=account.terms.accountId,
        executionType=ProtoOAExecutionType.SWAP,
        position=position,
        isServerEvent=True,
    )
    venue.publish(account.terms.accountId, event)
    venue.changed()
