"""
Keeping a connection alive, and noticing when it is dead.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["Liveness"]


class Liveness:
    """
    Calls for a heartbeat when nothing was sent for a while, and gives up when nothing came for a long while.

    The server drops a client that is silent for 30 s, and sends something at least every 30 s itself. Noting traffic
    costs no timer: one is set for the earliest moment at which something can be due.
    """

    def __init__(
        self,
        clock: IReactorTime,
        seconds: Callable[[], float],
        heartbeat: Callable[[], None],
        giveUp: Callable[[float], None],
        *,
        interval: float,
        patience: float,
    ) -> None:
        """
        @param clock: the reactor, for the timer.
        @param seconds: measures time. It should be a clock that nobody sets; the timer follows that of the reactor,
            which may, so what is due is also looked for when something comes.
        @param heartbeat: called when a heartbeat must be sent; it must end in L{sent}.
        @param giveUp: called once, with the seconds of silence, when the connection is dead.
        @param interval: seconds without sending after which a heartbeat is due.
        @param patience: seconds without hearing anything after which the connection is dead.
        """
        self._clock = clock
        self._seconds = seconds
        self._heartbeat = heartbeat
        self._giveUp = giveUp
        self._interval = interval
        self._patience = patience
        self._lastSent = self._lastReceived = 0.0
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """
        Begin to watch, as if something had just been sent and received.
        """
        self._lastSent = self._lastReceived = self._seconds()
        self._setTimer()

    def stop(self) -> None:
        """
        Stop watching.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sent(self) -> None:
        """
        Note that something is being sent now.
        """
        self._lastSent = self._seconds()

    def received(self) -> None:
        """
        Note that something has come now.
        """
        self._lastReceived = now = self._seconds()
        if now >= self._lastSent + self._interval:
            self._heartbeat()

    def _setTimer(self) -> None:
        due = min(self._lastSent + self._interval, self._lastReceived + self._patience)
        self._timer = self._clock.callLater(max(0.0, due - self._seconds()), self._look)

    def _look(self) -> None:
        self._timer = None
        # The same sums that the timer was set by: a difference could be rounded to just less, for ever.
        if self._seconds() >= self._lastReceived + self._patience:
            self._giveUp(self._seconds() - self._lastReceived)
            return
        self._beatIfDue()
        self._setTimer()

    def _beatIfDue(self) -> None:
        if self._seconds() >= self._lastSent + self._interval:
            self._heartbeat()
