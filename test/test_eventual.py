"""
Tests of L{ctrader_twisted.eventual}: Deferreds in Twisted's coroutines and in asyncio's tasks.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.eventual import Eventual, eventually, sideBySide


async def wait(awaited: Deferred[Any]) -> Any:
    """
    Await something.

    @param awaited: what to wait for.
    """
    return await awaited


class TwistedTests(SynchronousTestCase):
    """
    Everything that a Deferred does.
    """

    def test_awaited(self) -> None:
        """
        A coroutine of Twisted's gets the result.
        """
        eventual: Eventual[int] = Eventual()
        waiting = Deferred.fromCoroutine(wait(eventual))
        self.assertNoResult(waiting)
        eventual.callback(3)
        self.assertEqual(self.successResultOf(waiting), 3)

    def test_failed(self) -> None:
        """
        It gets the failure as an exception.
        """
        eventual: Eventual[int] = Eventual()
        waiting = Deferred.fromCoroutine(wait(eventual))
        eventual.errback(KeyError("gone"))
        self.failureResultOf(waiting, KeyError)

    def test_chained(self) -> None:
        """
        While a callback waits for something else, so does who awaits it.
        """
        eventual: Eventual[int] = Eventual()
        other: Deferred[int] = Deferred()
        eventual.addCallback(lambda _: other)
        eventual.callback(1)
        waiting = Deferred.fromCoroutine(wait(eventual))
        self.assertNoResult(waiting)
        other.callback(2)
        self.assertEqual(self.successResultOf(waiting), 2)

    def test_eventually(self) -> None:
        """
        A coroutine's result and error come out, at once or later.
        """
        self.assertEqual(self.successResultOf(eventually(wait(succeed(1)))), 1)
        inner: Deferred[int] = Deferred()
        outer = eventually(wait(inner))
        self.assertIsInstance(outer, Eventual)
        inner.errback(KeyError("gone"))
        self.failureResultOf(outer, KeyError)

    def test_cancelled(self) -> None:
        """
        Cancelling goes through to what the coroutine awaits.
        """
        inner: Deferred[int] = Deferred()
        outer = eventually(wait(inner))
        outer.cancel()
        self.failureResultOf(outer, CancelledError)
        self.assertTrue(inner.called)

    def test_tidying(self) -> None:
        """
        A coroutine that tidies up when it is cancelled may take its time; only what goes wrong then is logged.
        """

        async def run() -> None:
            try:
                await Deferred()
            finally:
                await tidied

        for result, logged in ((None, 0), (KeyError("gone"), 1)):
            tidied: Deferred[None] = Deferred()
            outer = eventually(run())
            outer.cancel()
            self.failureResultOf(outer, CancelledError)
            if result is None:
                tidied.callback(None)
            else:
                tidied.errback(result)
            gc.collect()
            self.assertEqual(len(self.flushLoggedErrors(KeyError)), logged)
            self.assertEqual(self.flushLoggedErrors(), [])

    def test_goingOn(self) -> None:
        """
        So may one that does not mind being cancelled.
        """

        async def run() -> int:
            try:
                await Deferred()
            except CancelledError:
                await tidied
            return 1

        tidied: Deferred[None] = Deferred()
        outer = eventually(run())
        outer.cancel()
        self.failureResultOf(outer, CancelledError)
        tidied.callback(None)
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])


class AsyncioTests(SynchronousTestCase):
    """
    In a task of asyncio's.
    """

    def setUp(self) -> None:
        """
        Make a loop.
        """
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)

    def runTask(self, main: Coroutine[Any, Any, Any]) -> Any:
        """
        Run a coroutine as a task.
        """
        return self.loop.run_until_complete(main)

    def fired(self, result: object) -> Eventual[Any]:
        """
        @return: fires in a later turn of the loop.
        """
        eventual: Eventual[Any] = Eventual()
        self.loop.call_soon(
            lambda: eventual.errback(result) if isinstance(result, Exception) else eventual.callback(result)
        )
        return eventual

    def test_awaited(self) -> None:
        """
        A task gets the result, and so does every callback.
        """
        eventual = self.fired(3)
        self.assertEqual(self.runTask(wait(eventual)), 3)
        self.assertEqual(self.successResultOf(eventual), 3)

    def test_failed(self) -> None:
        """
        It gets a failure as an exception, and nothing is logged as unheard.
        """
        with self.assertRaises(KeyError):
            self.runTask(wait(self.fired(KeyError("gone"))))
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_throughCoroutines(self) -> None:
        """
        A coroutine that Twisted runs is awaited by a task.
        """
        self.assertEqual(self.runTask(wait(eventually(wait(self.fired(4))))), 4)

    def test_together(self) -> None:
        """
        Several can be gathered, one of them twice.
        """

        async def main() -> list[int]:
            one = self.fired(1)
            return list(await asyncio.gather(one, self.fired(2), one))

        self.assertEqual(self.runTask(main()), [1, 2, 1])

    def test_failedTogether(self) -> None:
        """
        Several tasks that wait for the same thing all hear that it has failed.
        """

        async def main() -> list[object]:
            eventual: Eventual[int] = Eventual()
            self.loop.call_later(0, self.loop.call_soon, eventual.errback, KeyError("gone"))
            return list(await asyncio.gather(wait(eventual), wait(eventual), return_exceptions=True))

        self.assertEqual([type(each) for each in self.runTask(main())], [KeyError, KeyError])

    def test_timeout(self) -> None:
        """
        A task's timeout cancels the Deferred, and nothing is logged as unheard.
        """

        async def main() -> Eventual[int]:
            eventual: Eventual[int] = Eventual()
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(eventual, 0.001)
            return eventual

        self.assertTrue(self.runTask(main()).called)
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_taskCancelled(self) -> None:
        """
        Cancelling the task cancels what it waits for.
        """

        async def main() -> Deferred[int]:
            inner: Deferred[int] = Deferred()
            task = asyncio.create_task(wait(eventually(wait(inner))))
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            return inner

        self.assertTrue(self.runTask(main()).called)
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])


class SideBySideTests(SynchronousTestCase):
    """
    Several coroutines at a time.
    """

    def setUp(self) -> None:
        """
        Nothing runs.
        """
        self.running: dict[int, Deferred[None]] = {}
        self.cancelled: list[int] = []

    async def begin(self, item: int) -> None:
        """
        Wait for what the test says.
        """
        waiting = self.running[item] = Deferred(lambda _: self.cancelled.append(item))
        try:
            await waiting
        finally:
            del self.running[item]

    def test_most(self) -> None:
        """
        So many run, and the next begins when one has ended.
        """
        done = Deferred.fromCoroutine(sideBySide(self.begin, range(4), 2))
        self.assertEqual(list(self.running), [0, 1])
        self.running[1].callback(None)
        self.assertEqual(list(self.running), [0, 2])
        while self.running:
            self.assertNoResult(done)
            next(iter(self.running.values())).callback(None)
        self.assertIsNone(self.successResultOf(done))
        self.successResultOf(Deferred.fromCoroutine(sideBySide(self.begin, (), 2)))

    def test_failed(self) -> None:
        """
        When one fails, the others are cancelled, and none begins any more.
        """
        done = Deferred.fromCoroutine(sideBySide(self.begin, range(4), 2))
        self.running[0].errback(ZeroDivisionError())
        self.failureResultOf(done, ZeroDivisionError)
        self.assertEqual(self.running, {})
        self.assertIn(1, self.cancelled)

    def test_cancelled(self) -> None:
        """
        So they are when nobody waits any more.
        """
        done = Deferred.fromCoroutine(sideBySide(self.begin, range(4), 2))
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual((self.running, self.cancelled), ({}, [1, 0]))
