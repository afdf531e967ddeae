"""
How long to wait before the next attempt.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ctrader_twisted.errors import ApplicationInactive, CTraderError, RateLimited, UnderMaintenance

__all__ = ["Backoff"]

_HOLD = 10.0
# Clients that were cut off together shall not dial in one instant, and nobody shall notice the wait.
_FIRST = 0.002
_INACTIVE = 60.0
_LONGEST_ASKED = 900.0


class Backoff:
    """
    The first attempt comes at once, the next ones after 1, 2, 4 ... seconds up to a limit, all of them spread.

    The spread keeps many clients that were cut off together from coming back together.
    """

    def __init__(self, randomness: Random, wallClock: Callable[[], int], *, longest: float = 60.0) -> None:
        """
        @param randomness: for the spread.
        @param wallClock: milliseconds since 1970, for the announced end of a maintenance.
        @param longest: the limit in seconds.
        """
        self._randomness = randomness
        self._wallClock = wallClock
        self._longest = longest
        self.failures = 0

    def after(self, error: CTraderError | None, *, least: float = 0.0) -> float:
        """
        Count a failure.

        @param error: what went wrong. Where the server asked to stay away for a time, that is heeded, for at most a
            quarter of an hour at once.
        @param least: do not come back sooner than after this time, in seconds.
        @return: the seconds to wait before the next attempt.
        """
        asked = min(_LONGEST_ASKED, max(least, self._asked(error)))
        return max(self._next(), asked * self._randomness.uniform(1, 1.1))

    def _next(self) -> float:
        self.failures += 1
        if self.failures == 1:
            return self._randomness.uniform(0, _FIRST)
        # Past some attempts the power has reached any limit; it must not grow without end.
        return min(self._longest, 2.0 ** min(self.failures - 2, 30)) * self._randomness.uniform(0.75, 1.25)

    def _asked(self, error: CTraderError | None) -> float:
        if isinstance(error, UnderMaintenance) and error.maintenanceEnd is not None:
            return (error.maintenanceEnd - self._wallClock()) / 1000
        if isinstance(error, RateLimited):
            return float(error.retryAfter or 1)
        return _INACTIVE if isinstance(error, ApplicationInactive) else 0.0

    def lasted(self, seconds: float) -> None:
        """
        Note the end of a success. Only one that held for a while lets the failures be forgotten: a server that takes
        every login and drops it at once must not be asked without pause.

        @param seconds: how long it held.
        """
        if seconds >= _HOLD:
            self.failures = 0
