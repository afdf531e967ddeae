"""
The span of time that a request for history names.
"""

from __future__ import annotations

from ctrader_twisted.simulator.refusal import Refusal

__all__ = ["LATEST", "checkSpan"]

LATEST = 2_147_483_646_000
"""
The latest moment that may be named, in milliseconds since 1970.
"""


def checkSpan(start: int, end: int) -> None:
    """
    Refuse a span that makes no sense.

    @param start: milliseconds since 1970.
    @param end: milliseconds since 1970.
    @raise Refusal: if it begins before 1970, ends after L{LATEST}, or ends before it begins.
    """
    if not 0 <= start <= end <= LATEST:
        raise Refusal("INCORRECT_BOUNDARIES", "The span between fromTimestamp and toTimestamp is not allowed")
