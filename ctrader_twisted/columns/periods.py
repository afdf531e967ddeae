"""
The periods of bars: which there are, and where the bars of each begin and end.

Up to an hour they lie on the UTC grid. The trading day begins at 17:00 in New York, so in UTC it moves with the
American daylight saving time; four and twelve hours count from its beginning. A week is seven such days from Sunday
evening, and a month holds the days that end on its dates.
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ctrader_twisted.errors import IllegalValue

__all__ = ["MINUTES", "PERIODS", "Span", "checkedPeriod", "isPartOf", "spanOf"]

MINUTES: dict[str, int] = {
    "M1": 1,
    "M2": 2,
    "M3": 3,
    "M4": 4,
    "M5": 5,
    "M10": 10,
    "M15": 15,
    "M30": 30,
    "H1": 60,
    "H4": 240,
    "H12": 720,
    "D1": 1440,
    "W1": 10080,
    "MN1": 44640,
}
"""
By the name of a period, how many minutes it has; the longest has at most so many. A day or a week in which the clocks
are set back has an hour more.
"""

PERIODS = tuple(MINUTES)
"""
The names of all periods, the shortest first.
"""

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_EPOCH = date(1970, 1, 1).toordinal()


class Span(NamedTuple):
    """
    The time of one bar, in milliseconds since 1970.

    @ivar opening: its first millisecond.
    @ivar closing: the first millisecond after it.
    """

    opening: int
    closing: int


def checkedPeriod(period: str) -> str:
    """
    Make sure that there is such a period.

    @param period: a name.
    @return: the same name.
    @raise IllegalValue: if no period is called that.
    """
    if period not in MINUTES:
        raise IllegalValue(f"the period {period!r} is none of {', '.join(PERIODS)}", PERIODS)
    return period


def spanOf(period: str, timestamp: int) -> Span:
    """
    Find the bar that a moment lies in.

    @param period: the name of the period.
    @param timestamp: the moment, in milliseconds since 1970.
    @return: the time of that bar.
    @raise IllegalValue: if no period is called that, or the moment is no date of the calendar.
    """
    length = MINUTES[checkedPeriod(period)] * _MINUTE
    if length <= _HOUR:
        opening = timestamp - timestamp % length
        return Span(opening, opening + length)
    try:
        day = _dayOf(timestamp)
        if length < _DAY:
            return _partOfDay(length, day, timestamp)
        return _daysAround(period, day)
    except (OverflowError, ValueError):
        raise IllegalValue(f"{timestamp} ms since 1970 is not a date of the calendar") from None


def isPartOf(shorter: str, longer: str) -> bool:
    """
    Tell whether bars of one period make up bars of another without one being cut.

    @param shorter: the name of a period.
    @param longer: the name of another, or the same.
    @return: whether they do. Weeks do not make up months.
    @raise IllegalValue: if no period is called that.
    """
    part, whole = MINUTES[checkedPeriod(shorter)], MINUTES[checkedPeriod(longer)]
    if longer == "MN1":
        return shorter != "W1"
    return whole % part == 0


def _dayOf(timestamp: int) -> int:
    # The ordinal of the New York date on whose evening the day begins; 17:00 there is 21:00 or 22:00 UTC.
    day = _EPOCH + (timestamp - 21 * _HOUR) // _DAY
    return day if _dayOpening(day) <= timestamp else day - 1


@lru_cache(maxsize=8192)
def _dayOpening(day: int) -> int:
    evening = datetime.combine(date.fromordinal(day), time(17), ZoneInfo("America/New_York"))
    return int(evening.timestamp()) * 1000


def _partOfDay(length: int, day: int, timestamp: int) -> Span:
    opening = timestamp - (timestamp - _dayOpening(day)) % length
    # A day is an hour short or long when the clocks change.
    return Span(opening, min(opening + length, _dayOpening(day + 1)))


def _daysAround(period: str, day: int) -> Span:
    first, following = day, day + 1
    if period == "W1":
        # Ordinals of Sundays are multiples of seven.
        first = day - day % 7
        following = first + 7
    elif period == "MN1":
        month = date.fromordinal(day + 1).replace(day=1)
        first = month.toordinal() - 1
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1).toordinal() - 1
    return Span(_dayOpening(first), _dayOpening(following))
