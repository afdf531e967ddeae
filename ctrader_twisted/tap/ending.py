"""
How a daemon's process ends.

After the reactor has stopped, C{twistd} ends with status 0, whatever the reason was; and after a termination signal it
kills itself with that signal. To what supervises it, the first would look like success and the second like a crash.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from typing import Any

from twisted.internet.error import ReactorNotRunning

__all__ = ["Ending"]


class Ending:
    """
    Ends the process with a status that says how it went.
    """

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: the reactor that C{twistd} runs.
        """
        self._reactor = reactor
        self._failing = False

    def prepare(self) -> None:
        """
        Let a termination signal be a clean end, with status 0.
        """
        self._reactor.callWhenRunning(signal.signal, signal.SIGTERM, self._terminated)

    def fail(self, status: int) -> None:
        """
        Stop the reactor, and end the process. Only the first call counts.

        @param status: the exit status.
        """
        if self._failing:
            return
        self._failing = True
        atexit.register(_leave, status)
        self._reactor.callWhenRunning(self._stop)

    def _terminated(self, number: int, frame: object) -> None:
        self._reactor.callFromThread(self._stop)

    def _stop(self) -> None:
        try:
            self._reactor.stop()
        except ReactorNotRunning:
            # It is stopping already.
            return


def _leave(status: int) -> None:
    """
    Leave at once, since no exception in a function at exit changes the status.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
