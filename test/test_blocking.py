"""
Tests of L{ctrader_twisted.blocking}.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted.blocking import Worker
from ctrader_twisted.errors import NotConnected


class Shutdown:
    """
    The parts of a reactor that a worker needs.
    """

    def __init__(self, callFromThread: Callable[..., object]) -> None:
        """
        @param callFromThread: takes what comes from threads.
        """
        self.callFromThread = callFromThread
        self.triggers: list[tuple[str, str, Callable[[], None]]] = []

    def addSystemEventTrigger(self, phase: str, event: str, trigger: Callable[[], None]) -> None:
        """
        Note what is to be called at the end.
        """
        self.triggers.append((phase, event, trigger))

    def end(self) -> None:
        """
        Do what a reactor does at its end.
        """
        for _, _, trigger in self.triggers:
            trigger()


class WorkerTests(TestCase):
    """
    A thread beside the real reactor.
    """

    def setUp(self) -> None:
        """
        Make a worker that ends with the test.
        """
        shutdown = Shutdown(cast(Any, reactor).callFromThread)
        self.worker = Worker(shutdown)
        self.addCleanup(shutdown.end)

    def test_inOrder(self) -> Deferred[None]:
        """
        All is done in one other thread, in the order in which it was given, and results come back in the reactor's.
        """
        done: list[int] = []
        threads: set[int] = set()

        def work(number: int) -> int:
            threads.add(threading.get_ident())
            time.sleep(0.01 * (3 - number))
            done.append(number)
            return threading.get_ident()

        async def main() -> None:
            results = await gatherResults([self.worker(work, number) for number in range(3)])
            self.assertEqual(done, [0, 1, 2])
            self.assertEqual(set(results), threads)
            self.assertEqual(len(threads), 1)
            self.assertNotIn(threading.get_ident(), threads)

        return Deferred.fromCoroutine(main())

    def test_failure(self) -> Deferred[None]:
        """
        What the function raises is what the Deferred fails with, and the next one is done all the same.
        """

        async def main() -> None:
            with self.assertRaises(ZeroDivisionError):
                await self.worker(divmod, 1, 0)
            self.assertEqual(await self.worker(divmod, 7, 2), (3, 1))

        return Deferred.fromCoroutine(main())


class EndedWorkerTests(SynchronousTestCase):
    """
    The end of the reactor.
    """

    def test_ended(self) -> None:
        """
        After the reactor's end a piece of work fails at once: nobody would tell its result. Without work no thread and
        nothing for the end was made.
        """
        shutdown = Shutdown(lambda *call: None)
        worker = Worker(shutdown)
        self.assertEqual(shutdown.triggers, [])
        worker(divmod, 7, 2)
        ((phase, event, _),) = shutdown.triggers
        self.assertEqual((phase, event), ("during", "shutdown"))
        shutdown.end()
        self.failureResultOf(worker(divmod, 7, 2), NotConnected)
