"""
Tests of running the reactor for one coroutine.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli.running import Interrupted, run


class _Reactor:
    """
    A reactor that runs what waits for its start, then does one more thing.
    """

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.stops = 0
        self._calls: list[Callable[[], None]] = []
        self._hooks: list[Callable[[], None]] = []
        self._then = then

    def callWhenRunning(self, hook: Callable[[], None]) -> None:
        self._hooks.append(hook)

    def callFromThread(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def run(self) -> None:
        for hook in self._hooks:
            hook()
        self._then()
        for call in self._calls:
            call()

    def stop(self) -> None:
        self.stops += 1


class RunTests(SynchronousTestCase):
    """
    The reactor runs as long as the coroutine.
    """

    def setUp(self) -> None:
        """
        Remember who cares for signals.
        """
        self.handlers = self.signalHandlers()
        self.addCleanup(lambda: self.assertEqual(self.signalHandlers(), self.handlers))

    def signalHandlers(self) -> list[object]:
        """
        @return: who cares for signals now.
        """
        return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    def test_success(self) -> None:
        """
        When the coroutine ends, the reactor is stopped.
        """

        async def main() -> None:
            self.assertNotEqual(self.signalHandlers(), self.handlers)

        reactor = _Reactor()
        run(main, reactor)
        self.assertEqual(reactor.stops, 1)

    def test_failure(self) -> None:
        """
        What the coroutine raises is raised, after the reactor has stopped.
        """

        async def main() -> None:
            raise ZeroDivisionError

        reactor = _Reactor()
        self.assertRaises(ZeroDivisionError, run, main, reactor)
        self.assertEqual(reactor.stops, 1)

    def test_signals(self) -> None:
        """
        A signal cancels the coroutine, which tidies up, and the error knows the exit status.
        """
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            tidied: list[bool] = []

            async def main(tidied: list[bool] = tidied) -> None:
                try:
                    await Deferred()
                finally:
                    tidied.append(True)

            reactor = _Reactor(lambda number=number: signal.raise_signal(number))  # type: ignore[misc]
            error = self.assertRaises(Interrupted, run, main, reactor)
            self.assertEqual((error.status, tidied, reactor.stops), (status, [True], 1))

    def test_firstStep(self) -> None:
        """
        So does one that comes during the coroutine's first step, such as its imports.
        """
        went: list[str] = []

        async def main() -> None:
            signal.raise_signal(signal.SIGINT)
            went.append("first step")
            await Deferred()
            went.append("second step")

        self.assertRaises(Interrupted, run, main, _Reactor())
        self.assertEqual(went, ["first step"])
