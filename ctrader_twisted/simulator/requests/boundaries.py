"""
The span of time that a request for history names.
"""

from __future__ import annotations

from collections.abc import Mapping

from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod
from ctrader_twisted.simulator.refusal import Refusal

__all__ = ["LATEST", "WEEK", "checkBarSpan", "checkSpan"]

LATEST = 2_147_483_646_000
"""
The latest moment that may be named, in milliseconds since 1970.
"""

WEEK = 604_800_000
"""
A week, in milliseconds.
"""

# The longest periods that each span held for, in milliseconds (the schema until release 88).
_SPANS: Mapping[int, int] = {
    ProtoOATrendbarPeriod.M5: 5 * WEEK,
    ProtoOATrendbarPeriod.H1: 35 * WEEK,
    ProtoOATrendbarPeriod.D1: 31_622_400_000,
    ProtoOATrendbarPeriod.MN1: 158_112_000_000,
}


def checkSpan(start: int, end: int, *, week: bool = False) -> None:
    """
    Refuse a span that makes no sense, or is too long.

    @param start: milliseconds since 1970.
    @param end: milliseconds since 1970.
    @param week: whether it may be a week at most.
    @raise Refusal: if it begins before 1970, ends after L{LATEST}, or ends before it begins, or is too long.
    """
    if not 0 <= start <= end <= LATEST:
        raise Refusal("INCORRECT_BOUNDARIES", "The span between fromTimestamp and toTimestamp is not allowed")
    if week:
        _checkLength(end - start, WEEK)


def checkBarSpan(period: int, start: int, end: int) -> None:
    """
    Refuse a span of trendbars that is too long for their period.

    @param period: a C{ProtoOATrendbarPeriod}.
    @param start: milliseconds since 1970.
    @param end: milliseconds since 1970.
    @raise Refusal: if it is too long.
    """
    _checkLength(end - start, next(longest for upTo, longest in _SPANS.items() if period <= upTo))


def _checkLength(length: int, longest: int) -> None:
    if length > longest:
        words = f"The span between fromTimestamp and toTimestamp is longer than {longest} ms"
        raise Refusal("INCORRECT_BOUNDARIES", words)
