"""
What time it is at the server.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from ctrader_twisted.store.partitions import LATEST

__all__ = ["ServerTime"]

_MOST_AHEAD = 3_600_000


class ServerTime:
    """
    The server's time as far as its ticks prove it: it is not later than the server's own, and behind it by what the
    quickest tick needed to arrive, or by how long nothing has come when this began.

    The clock of this machine can be set wrong, so it does not tell what is over at the server. It is only asked whether
    what the server says can be true.
    """

    _log = Logger()

    def __init__(self, seconds: Callable[[], float], wallClock: Callable[[], int]) -> None:
        """
        @param seconds: a clock that nobody sets.
        @param wallClock: milliseconds since 1970, as this machine believes.
        """
        self._seconds = seconds
        self._wallClock = wallClock
        self._lead: float | None = None
        self._isDoubted = False

    def now(self) -> int | None:
        """
        Tell the time.

        @return: milliseconds since 1970; L{None} before the first tick.
        """
        return None if self._lead is None else int(self._seconds() * 1000 + self._lead)

    def heard(self, timestamp: int) -> None:
        """
        Take the time of a tick for proven.

        @param timestamp: when the server has made a tick that has just come, in milliseconds since 1970. One that no
            calendar has proves nothing, nor does one that is later than this machine's time by more than an hour; that
            is told once.
        """
        if not 0 < timestamp < LATEST:
            return
        lead = timestamp - self._seconds() * 1000
        if self._lead is not None and lead <= self._lead:
            return
        ahead = timestamp - self._wallClock()
        if ahead <= _MOST_AHEAD:
            self._lead = lead
        elif not self._isDoubted:
            self._isDoubted = True
            self._log.error(
                "the server's ticks are {hours:.1f} h later than this machine's clock: set the clock; nothing is "
                "completed from history until then",
                hours=ahead / _MOST_AHEAD,
            )
