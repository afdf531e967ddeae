"""
How many requests a second one connection may send.
"""

from __future__ import annotations

from collections import deque

from ctrader_twisted.schema import RateClass

__all__ = ["Rationing"]


class Rationing:
    """
    Two exact sliding windows of one second: one for historical requests, one for all others.
    """

    def __init__(self, general: int, historical: int) -> None:
        """
        @param general: requests a second that are not historical.
        @param historical: historical requests a second.
        """
        self._general: deque[float] = deque(maxlen=general)
        self._historical: deque[float] = deque(maxlen=historical)

    def take(self, rate: RateClass, now: float) -> bool:
        """
        Count a request, if it is within the limit.

        @param rate: which of the limits it counts into.
        @param now: the time, in seconds.
        @return: whether it may be executed.
        """
        window = self._historical if rate is RateClass.HISTORICAL else self._general
        if len(window) == window.maxlen and window[0] > now - 1.0:
            return False
        window.append(now)
        return True
