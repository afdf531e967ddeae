"""
Running the reactor for as long as one coroutine takes.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["Interrupted", "run"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """
    Somebody pressed Ctrl-C, or the process was asked to end.

    @ivar status: the exit status for it.
    """

    def __init__(self, number: int) -> None:
        """
        @param number: the signal.
        """
        super().__init__(f"interrupted by signal {number}")
        self.status = 128 + number


def run(main: Callable[[], Coroutine[Any, Any, None]], reactor: Any) -> None:
    """
    Run a coroutine function with the reactor, and stop the reactor when it has ended. Unlike C{react} of Twisted's, a
    signal cancels the coroutine, so that it can tidy up.

    @param main: the coroutine function.
    @param reactor: the reactor, which has not run yet.
    @raise Interrupted: if a signal ended it.
    @raise Exception: what the coroutine raised.
    """
    before = [(number, signal.getsignal(number)) for number in _SIGNALS]
    running = _Running(main, reactor)
    reactor.callWhenRunning(running.begin)
    try:
        reactor.run()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    if running.interrupt is not None:
        raise Interrupted(running.interrupt)
    if running.failure is not None:
        assert running.failure.value is not None
        raise running.failure.value


class _Running:
    """
    The coroutine under way.
    """

    def __init__(self, main: Callable[[], Coroutine[Any, Any, None]], reactor: Any) -> None:
        self.interrupt: int | None = None
        self.failure: Failure | None = None
        self._main = main
        self._reactor = reactor
        self._task: Deferred[None] = Deferred()

    def begin(self) -> None:
        # Only now: the reactor sets its own as it starts.
        for number in _SIGNALS:
            signal.signal(number, self._signalled)
        self._task = Deferred.fromCoroutine(self._main())
        self._task.addErrback(self._failed)
        self._task.addCallback(lambda _: self._reactor.stop())

    def _signalled(self, number: int, frame: object) -> None:
        self.interrupt = number
        # Only then, since the first step of the coroutine may be under way now.
        self._reactor.callFromThread(self._cancel)

    def _cancel(self) -> None:
        self._task.cancel()

    def _failed(self, failure: Failure) -> None:
        self.failure = failure
