"""
Where the bars of each period begin and end.

Bars up to an hour lie on the UTC grid. The trading day begins at 17:00 in New York, so in UTC it moves with the
American daylight saving time; four and twelve hours count from its beginning. A week is seven such days from Sunday
evening, and a month holds the days that end on its dates.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod

__all__ = ["PERIODS", "Span", "dayOpening", "spanOf", "tradingDay"]

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR

# Periods that begin anew with each UTC hour, and those that begin anew with each trading day.
_IN_THE_HOUR: dict[int, int] = {
    ProtoOATrendbarPeriod.M1: _MINUTE,
    ProtoOATrendbarPeriod.M2: 2 * _MINUTE,
    ProtoOATrendbarPeriod.M3: 3 * _MINUTE,
    ProtoOATrendbarPeriod.M4: 4 * _MINUTE,
    ProtoOATrendbarPeriod.M5: 5 * _MINUTE,
    ProtoOATrendbarPeriod.M10: 10 * _MINUTE,
    ProtoOATrendbarPeriod.M15: 15 * _MINUTE,
    ProtoOATrendbarPeriod.M30: 30 * _MINUTE,
    ProtoOATrendbarPeriod.H1: _HOUR,
}
_IN_THE_DAY: dict[int, int] = {ProtoOATrendbarPeriod.H4: 4 * _HOUR, ProtoOATrendbarPeriod.H12: 12 * _HOUR}
_EPOCH = date(1970, 1, 1).toordinal()

PERIODS: tuple[int, ...] = (
    *_IN_THE_HOUR,
    *_IN_THE_DAY,
    ProtoOATrendbarPeriod.D1,
    ProtoOATrendbarPeriod.W1,
    ProtoOATrendbarPeriod.MN1,
)
"""
All periods that there are (C{ProtoOATrendbarPeriod}), the shortest first.
"""


class Span(NamedTuple):
    """
    The time of one bar, in milliseconds since 1970.

    @ivar opening: its first millisecond.
    @ivar closing: the first millisecond after it.
    """

    opening: int
    closing: int


def spanOf(period: int, timestamp: int) -> Span:
    """
    Find the bar that a moment belongs to.

    @param period: one of L{PERIODS}.
    @param timestamp: milliseconds since 1970.
    @return: the time of that bar.
    @raise KeyError: if there is no such period.
    """
    if length := _IN_THE_HOUR.get(period):
        opening = timestamp - timestamp % length
        return Span(opening, opening + length)
    day = tradingDay(timestamp)
    if length := _IN_THE_DAY.get(period):
        return _partOfDay(length, day, timestamp)
    return _DAYS[period](day)


def tradingDay(timestamp: int) -> int:
    """
    Find the trading day that a moment belongs to.

    @param timestamp: milliseconds since 1970.
    @return: the ordinal of the New York date on whose evening the day begins.
    """
    # 17:00 in New York is 21:00 or 22:00 UTC.
    day = _EPOCH + (timestamp - 21 * _HOUR) // _DAY
    return day if dayOpening(day) <= timestamp else day - 1


@lru_cache(maxsize=8192)
def dayOpening(day: int) -> int:
    """
    Tell when a trading day begins.

    @param day: the ordinal of the New York date on whose evening it begins.
    @return: milliseconds since 1970.
    """
    evening = datetime.combine(date.fromordinal(day), time(17), ZoneInfo("America/New_York"))
    return int(evening.timestamp()) * 1000


def _partOfDay(length: int, day: int, timestamp: int) -> Span:
    opening = timestamp - (timestamp - dayOpening(day)) % length
    # A day is an hour short or long when the clocks change.
    return Span(opening, min(opening + length, dayOpening(day + 1)))


def _day(day: int) -> Span:
    return Span(dayOpening(day), dayOpening(day + 1))


def _week(day: int) -> Span:
    sunday = day - day % 7
    return Span(dayOpening(sunday), dayOpening(sunday + 7))


def _month(day: int) -> Span:
    first = date.fromordinal(day + 1).replace(day=1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return Span(dayOpening(first.toordinal() - 1), dayOpening(following.toordinal() - 1))


_DAYS: dict[int, Callable[[int], Span]] = {
    ProtoOATrendbarPeriod.D1: _day,
    ProtoOATrendbarPeriod.W1: _week,
    ProtoOATrendbarPeriod.MN1: _month,
}
