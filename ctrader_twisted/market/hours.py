"""
When a symbol is traded, by its weekly schedule and its holidays.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ctrader_twisted.schema.messages import ProtoOAHoliday
from ctrader_twisted.units import Symbol, fromMilliseconds

__all__ = ["isOpenThroughout"]

_EPOCH = date(1970, 1, 1)
_DAY = 24 * 3600


def isOpenThroughout(symbol: Symbol, start: int, end: int) -> bool:
    """
    Tell whether a symbol is traded without a break in a short span.

    @param symbol: the symbol.
    @param start: milliseconds since 1970.
    @param end: likewise, at most some hours later.
    @return: whether it is; L{False} too if the server tells no schedule, or one of a time zone that is not known here.
    """
    if not symbol.enabled or symbol.tradingMode == "DISABLED_WITHOUT_PENDINGS_EXECUTION":
        return False
    try:
        zone = ZoneInfo(symbol.specification.scheduleTimeZone)
        first, last = (fromMilliseconds(moment).astimezone(zone) for moment in (start, end))
        if any(_isHoliday(holiday, start) or _isHoliday(holiday, end) for holiday in symbol.specification.holiday):
            return False
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    interval = _interval(symbol, first)
    return interval is not None and interval == _interval(symbol, last)


def _interval(symbol: Symbol, moment: datetime) -> int | None:
    # The week begins on Sunday.
    second = (moment.isoweekday() % 7) * _DAY + _secondOfDay(moment)
    for index, each in enumerate(symbol.specification.schedule):
        if each.startSecond <= second < each.endSecond or each.startSecond <= second + 7 * _DAY < each.endSecond:
            return index
    return None


def _isHoliday(holiday: ProtoOAHoliday, moment: int) -> bool:
    local = fromMilliseconds(moment).astimezone(ZoneInfo(holiday.scheduleTimeZone))
    day = _EPOCH + timedelta(days=holiday.holidayDate)
    isDay = (day.month, day.day) == (local.month, local.day) if holiday.isRecurring else day == local.date()
    if not isDay:
        return False
    end = holiday.endSecond if holiday.HasField("endSecond") else _DAY
    return holiday.startSecond <= _secondOfDay(local) < end


def _secondOfDay(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second
