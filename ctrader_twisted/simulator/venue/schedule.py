"""
When a symbol is traded.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ctrader_twisted.schema.messages import ProtoOASymbol

__all__ = ["isOpen"]


def isOpen(symbol: ProtoOASymbol, now: int) -> bool:
    """
    Tell whether a symbol is traded at a moment, by its weekly schedule.

    @param symbol: the symbol's specification.
    @param now: milliseconds since 1970.
    """
    local = datetime.fromtimestamp(now // 1000, ZoneInfo(symbol.scheduleTimeZone))
    sinceMidnight = local.hour * 3600 + local.minute * 60 + local.second
    second = local.isoweekday() % 7 * 86_400 + sinceMidnight
    return any(interval.startSecond <= second < interval.endSecond for interval in symbol.schedule)
