"""
Trying again after a while.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["Retry"]


class Retry:
    """
    A pause before the next attempt, which doubles with each attempt until there is a success.
    """

    def __init__(self, clock: IReactorTime, again: Callable[[], object], *, shortest: float, longest: float) -> None:
        """
        @param clock: the reactor.
        @param again: called with nothing when the pause is over.
        @param shortest: the first pause, in seconds.
        @param longest: the limit, in seconds.
        """
        self._clock = clock
        self._again = again
        self._shortest = shortest
        self._longest = longest
        self._pause = shortest
        self._timer: IDelayedCall | None = None

    def later(self, least: float = 0.0) -> float:
        """
        Try again after the pause. If one is under way already, it counts, unless it is too short.

        @param least: seconds that the pause has to last.
        @return: how long this failure alone has to wait, in seconds.
        """
        delay = max(self._pause, least)
        if self._timer is None:
            self._pause = min(2 * self._pause, self._longest)
            self._timer = self._clock.callLater(delay, self._over)
        elif self._timer.getTime() < self._clock.seconds() + delay:
            self._timer.reset(delay)
        return delay

    def succeeded(self) -> None:
        """
        Begin with the shortest pause the next time.
        """
        self._pause = self._shortest

    def cancel(self) -> None:
        """
        Do not try again.
        """
        self._pause = self._shortest
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self) -> None:
        self._timer = None
        self._again()
