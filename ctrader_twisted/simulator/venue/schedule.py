"""
When a symbol is traded: by its weekly schedule and its holidays.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ctrader_twisted.schema.messages import ProtoOAHoliday, ProtoOASymbol

__all__ = ["holidayAt", "inSession", "isOpen", "nextOpening"]

_DAY, _WEEK = 86_400, 604_800
_EPOCH = date(1970, 1, 1)


def isOpen(symbol: ProtoOASymbol, now: int) -> bool:
    """
    Tell whether a symbol is traded at a moment.

    @param symbol: the symbol's specification.
    @param now: milliseconds since 1970.
    """
    return inSession(symbol, now) and holidayAt(symbol, now) is None


def inSession(symbol: ProtoOASymbol, now: int) -> bool:
    """
    Tell whether a moment is within a session of the weekly schedule. A session may end in the next week.

    @param symbol: the symbol's specification.
    @param now: milliseconds since 1970.
    """
    local = _local(symbol.scheduleTimeZone, now)
    second = local.isoweekday() % 7 * _DAY + _secondOfDay(local)
    return any(
        interval.startSecond <= each < interval.endSecond
        for interval in symbol.schedule
        for each in (second, second + _WEEK)
    )


def holidayAt(symbol: ProtoOASymbol, now: int) -> ProtoOAHoliday | None:
    """
    Find the holiday that there is at a moment.

    @param symbol: the symbol's specification.
    @param now: milliseconds since 1970.
    """
    return next((each for each in symbol.holiday if _isHoliday(each, now)), None)


def nextOpening(symbol: ProtoOASymbol, now: int) -> int:
    """
    Find when a symbol is traded next.

    @param symbol: the symbol's specification; it has a schedule, and holidays that end.
    @param now: milliseconds since 1970.
    @return: C{now} if it is traded then, or else when it will be, in milliseconds since 1970.
    """
    while True:
        now = _nextSession(symbol, now)
        holiday = holidayAt(symbol, now)
        if holiday is None:
            return now
        now = _endOf(holiday, now)


def _nextSession(symbol: ProtoOASymbol, now: int) -> int:
    if inSession(symbol, now):
        return now
    local = _local(symbol.scheduleTimeZone, now)
    sunday = datetime.combine(local.date() - timedelta(days=local.isoweekday() % 7), time(), local.tzinfo)
    starts = sorted(interval.startSecond for interval in symbol.schedule)
    # Within a time zone days are added on its clocks, whatever these do to the time in between.
    openings = (_moment(sunday + timedelta(weeks=week, seconds=start)) for week in (0, 1) for start in starts)
    return next(opening for opening in openings if opening > now)


def _isHoliday(holiday: ProtoOAHoliday, now: int) -> bool:
    local, day = _local(holiday.scheduleTimeZone, now), _EPOCH + timedelta(days=holiday.holidayDate)
    isDay = (day.month, day.day) == (local.month, local.day) if holiday.isRecurring else day == local.date()
    return isDay and holiday.startSecond <= _secondOfDay(local) < _lastSecond(holiday)


def _endOf(holiday: ProtoOAHoliday, now: int) -> int:
    local = _local(holiday.scheduleTimeZone, now)
    midnight = datetime.combine(local.date(), time(), local.tzinfo)
    return _moment(midnight + timedelta(seconds=_lastSecond(holiday)))


def _lastSecond(holiday: ProtoOAHoliday) -> int:
    return holiday.endSecond if holiday.HasField("endSecond") else _DAY


def _secondOfDay(local: datetime) -> int:
    return local.hour * 3600 + local.minute * 60 + local.second


def _moment(local: datetime) -> int:
    return round(local.astimezone(UTC).timestamp() * 1000)


def _local(zone: str, now: int) -> datetime:
    return datetime.fromtimestamp(now // 1000, ZoneInfo(zone))
