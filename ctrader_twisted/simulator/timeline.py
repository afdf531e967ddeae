"""
The time of the simulated world.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

__all__ = ["Timeline"]


class Timeline:
    """
    Time that starts at a chosen moment and runs as fast as the clock, or faster.

    @ivar epoch: the moment at which it started, or was last set to, in milliseconds since 1970.
    @ivar speed: simulated seconds in a second of the clock.
    """

    def __init__(self, clock: IReactorTime, epoch: int, speed: float = 1.0) -> None:
        """
        @param clock: the reactor; the timeline starts now.
        @param epoch: milliseconds since 1970.
        @param speed: simulated seconds in a second of the clock.
        """
        self.epoch = epoch
        self.speed = speed
        self._seconds = clock.seconds
        self._started = clock.seconds()
        # It is asked for more often than the time changes.
        self._seen = self._started
        self._passed = 0

    def setTo(self, moment: int) -> None:
        """
        Make it another time, and go on from there.

        @param moment: milliseconds since 1970.
        """
        self.epoch = moment
        self._started = self._seen = self._seconds()
        self._passed = 0

    def now(self) -> int:
        """
        @return: milliseconds since 1970 in the simulated world.
        """
        seconds = self._seconds()
        if seconds != self._seen:
            self._seen = seconds
            self._passed = round((seconds - self._started) * 1000 * self.speed)
        return self.epoch + self._passed
