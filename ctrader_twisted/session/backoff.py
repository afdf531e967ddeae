"""
How long to wait before the next attempt.
"""

from __future__ import annotations

from random import Random

__all__ = ["Backoff"]

_HOLD = 10.0


class Backoff:
    """
    The first attempt comes at once, the next ones after 1, 2, 4 ... seconds up to a limit, all of them spread.

    The spread keeps many clients that were cut off together from coming back together.
    """

    def __init__(self, randomness: Random, *, longest: float = 60.0) -> None:
        """
        @param randomness: for the spread.
        @param longest: the limit in seconds.
        """
        self._randomness = randomness
        self._longest = longest
        self.failures = 0

    def next(self) -> float:
        """
        Count a failure.

        @return: the seconds to wait before the next attempt.
        """
        self.failures += 1
        if self.failures == 1:
            return self._randomness.uniform(0, 0.05)
        # Past some attempts the power has reached any limit; it must not grow without end.
        return min(self._longest, 2.0 ** min(self.failures - 2, 30)) * self._randomness.uniform(0.75, 1.25)

    def lasted(self, seconds: float) -> None:
        """
        Note the end of a success. Only one that held for a while lets the failures be forgotten: a server that takes
        every login and drops it at once must not be asked without pause.

        @param seconds: how long it held.
        """
        if seconds >= _HOLD:
            self.failures = 0
