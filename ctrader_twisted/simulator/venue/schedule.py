"""
When a symbol is traded.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from ctrader_twisted.schema.messages import ProtoOASymbol

__all__ = ["isOpen", "nextOpening"]


def isOpen(symbol: ProtoOASymbol, now: int) -> bool:
    """
    Tell whether a symbol is traded at a moment, by its weekly schedule.

    @param symbol: the symbol's specification.
    @param now: milliseconds since 1970.
    """
    local = _local(symbol, now)
    sinceMidnight = local.hour * 3600 + local.minute * 60 + local.second
    second = local.isoweekday() % 7 * 86_400 + sinceMidnight
    return any(interval.startSecond <= second < interval.endSecond for interval in symbol.schedule)


def nextOpening(symbol: ProtoOASymbol, now: int) -> int:
    """
    Find when a symbol is traded next.

    @param symbol: the symbol's specification; it has a schedule.
    @param now: milliseconds since 1970.
    @return: C{now} if it is traded then, or else when its next session begins, in milliseconds since 1970.
    """
    if isOpen(symbol, now):
        return now
    local = _local(symbol, now)
    sunday = datetime.combine(local.date() - timedelta(days=local.isoweekday() % 7), time(), local.tzinfo)
    starts = sorted(interval.startSecond for interval in symbol.schedule)
    # Within a time zone days are added on its clocks, whatever these do to the time in between.
    openings = (
        round((sunday + timedelta(weeks=week, seconds=start)).timestamp() * 1000) for week in (0, 1) for start in starts
    )
    return next(opening for opening in openings if opening > now)


def _local(symbol: ProtoOASymbol, now: int) -> datetime:
    return datetime.fromtimestamp(now // 1000, ZoneInfo(symbol.scheduleTimeZone))
