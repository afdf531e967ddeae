"""
Moments: milliseconds since 1970 on the wire, aware datetimes for people. Integers only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ctrader_twisted.errors import IllegalValue

__all__ = ["fromMilliseconds", "toMilliseconds"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def toMilliseconds(moment: datetime | int) -> int:
    """
    Write a moment as the wire does.

    @param moment: a datetime that knows its time zone, or milliseconds since 1970, which stay as they are.
    @return: milliseconds since 1970; of a finer time, the millisecond in which it lies.
    @raise IllegalValue: if the datetime has no time zone.
    @raise TypeError: if it is neither.
    """
    if isinstance(moment, int) and not isinstance(moment, bool):
        return moment
    if not isinstance(moment, datetime):
        raise TypeError(f"a datetime, or an integer of milliseconds since 1970, is needed, not {moment!r}")
    if moment.utcoffset() is None:
        raise IllegalValue(
            f"the time {moment.isoformat()} has no time zone; give it one, such as datetime(..., tzinfo=timezone.utc)"
        )
    return (moment - _EPOCH) // _MILLISECOND


def fromMilliseconds(milliseconds: int) -> datetime:
    """
    Read a moment of the wire.

    @param milliseconds: milliseconds since 1970.
    @return: the moment in UTC.
    @raise IllegalValue: if it lies outside the years 1 to 9999.
    """
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise IllegalValue(f"{milliseconds} ms since 1970 is not a date of the calendar") from None
