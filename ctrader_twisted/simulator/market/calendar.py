"""
How the hours of the trading week differ, and on which days there is no trading: what seeded prices go by.

A trading day begins at 17:00 in New York; the first of a week begins on Sunday.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

__all__ = ["FOUR_HOURS", "HOURS", "isHoliday", "spreadAt"]

_HOUR = 60
_DAY = 24 * _HOUR
_WEEK = 5 * _DAY

FOUR_HOURS = (5, 8, 9, 14, 20, 12)
"""
How busy each four hours of the trading day are, in comparison.
"""

HOURS = ((2, 4, 7, 7), (8, 8, 7, 7), (7, 7, 9, 12), (16, 14, 12, 12), (16, 20, 18, 16), (14, 10, 9, 7))
"""
How busy each hour of those is, in comparison.
"""

# Spreads in percent of the usual one: until which minute, and how much.
_DAYS_SPREADS = (
    (15, 400),  # The roll, when liquidity providers begin their day.
    (_HOUR, 200),
    (9 * _HOUR, 150),  # Sydney and Tokyo; from 2:00 in New York Europe is there, too.
    (_DAY - 60, 100),
    (_DAY - 5, 150),
    (_DAY, 300),
)
_OPENING_SPREADS = ((15, 800), (_HOUR, 400), (3 * _HOUR, 200))
_LAST_HOUR, _LAST_SPREAD = _WEEK - _HOUR, 300

_HOLIDAYS = {(12, 25), (1, 1)}


def spreadAt(minute: int, usual: int) -> int:
    """
    Tell how wide the spread is in a minute of the trading week: wider at the roll, at night, and at either end of the
    week.

    @param minute: minutes since the week began.
    @param usual: the spread when most are awake.
    @return: in the same unit.
    """
    percent = next(percent for end, percent in _DAYS_SPREADS if minute % _DAY < end)
    atOpening = next((percent for end, percent in _OPENING_SPREADS if minute < end), 0)
    atClosing = _LAST_SPREAD if minute >= _LAST_HOUR else 0
    return usual * max(percent, atOpening, atClosing) // 100


@lru_cache(maxsize=1024)
def isHoliday(day: int) -> bool:
    """
    Tell whether there is no trading on a trading day: Christmas and New Year's Day.

    @param day: the ordinal of the New York date on whose evening it begins; the day is named after the next date.
    """
    named = date.fromordinal(day + 1)
    return (named.month, named.day) in _HOLIDAYS
