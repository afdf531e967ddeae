"""
Tests of L{ctrader_twisted.session.listeners} and L{ctrader_twisted.session.backoff}.
"""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import UnderMaintenance
from ctrader_twisted.session.backoff import Backoff
from ctrader_twisted.session.listeners import Listeners, Waiters


class ListenersTests(SynchronousTestCase):
    """
    Telling several.
    """

    def test_order(self) -> None:
        """
        All are told, in the order in which they came; the same callable may be there twice.
        """
        told: list[str] = []
        listeners: Listeners[str] = Listeners()
        listeners.add(told.append)
        place = listeners.add(told.append)
        listeners.tell("a")
        place.stop()
        place.stop()
        listeners.tell("b")
        self.assertEqual((told, len(listeners)), (["a", "a", "b"], 1))

    def test_broken(self) -> None:
        """
        One that raises is logged; the others are told.
        """
        told: list[int] = []
        listeners: Listeners[int] = Listeners()
        listeners.add(lambda n: 1 // (n - 1))
        listeners.add(told.append)
        listeners.tell(1)
        self.assertEqual(told, [1])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_stopWhileTold(self) -> None:
        """
        A listener may stop another one and itself while all are being told.
        """
        told: list[str] = []
        listeners: Listeners[str] = Listeners()
        first = listeners.add(lambda _: (first.stop(), second.stop()))
        second = listeners.add(told.append)
        listeners.tell("a")
        listeners.tell("b")
        self.assertEqual(told, [])
        self.assertEqual(len(listeners), 0)


class WaitersTests(SynchronousTestCase):
    """
    Answering several.
    """

    def test_freshDeferreds(self) -> None:
        """
        Each has a Deferred of its own; cancelling one disturbs nobody.
        """
        waiters: Waiters[int] = Waiters()
        one, two = waiters.wait(), waiters.wait()
        one.cancel()
        self.failureResultOf(one, CancelledError)
        waiters.fire(5)
        self.assertEqual(self.successResultOf(two), 5)

    def test_cancelWhileTold(self) -> None:
        """
        One who is told may cancel another who is about to be told.
        """
        waiters: Waiters[int] = Waiters()
        for isWell in (True, False):
            one, two, three = waiters.wait(), waiters.wait(), waiters.wait()
            one.addBoth(lambda _, other: other.cancel(), two)
            if isWell:
                waiters.fire(5)
            else:
                waiters.fail(ValueError("all"))
            self.assertIsNone(self.successResultOf(one))
            self.failureResultOf(two, CancelledError)
            self.assertTrue(three.called)
            three.addErrback(lambda _: None)

    def test_waitAgain(self) -> None:
        """
        One who waits again when he is told waits for the next time.
        """
        waiters: Waiters[int] = Waiters()
        again: list[Deferred[int]] = []
        waiters.wait().addErrback(lambda _: again.append(waiters.wait()))
        waiters.fail(ValueError("first"))
        self.assertNoResult(again[0])
        waiters.fire(1)
        self.assertEqual(self.successResultOf(again[0]), 1)


class BackoffTests(SynchronousTestCase):
    """
    The pauses between attempts.
    """

    @given(st.integers(), st.lists(st.floats(0, 100), max_size=100))
    def test_bounds(self, seed: int, lasted: list[float]) -> None:
        """
        A pause is never longer than the limit and a quarter, and never zero after two failures in a row.
        """
        backoff = Backoff(Random(seed), lambda: 0, longest=60)
        for seconds in lasted:
            first, second = backoff.after(None), backoff.after(None)
            self.assertTrue(0 <= first <= 75 and 0.75 <= second <= 75)
            backoff.lasted(seconds)
            self.assertEqual(backoff.failures == 0, seconds >= 10)

    def test_spread(self) -> None:
        """
        Clients that were cut off together come back apart, after each number of failures, and after a maintenance.
        """
        reason = UnderMaintenance("SERVER_IS_UNDER_MAINTENANCE", maintenanceEnd=600_000)
        one, two = (Backoff(Random(seed), lambda: 0) for seed in (1, 2))
        for _ in range(5):
            self.assertNotEqual(one.after(None), two.after(None))
        pauses = [backoff.after(reason) for backoff in (one, two)]
        self.assertNotEqual(*pauses)
        self.assertTrue(all(600 <= pause <= 660 for pause in pauses))

    def test_manyFailures(self) -> None:
        """
        After very many failures the pause is still the longest.
        """
        backoff = Backoff(Random(1), lambda: 0, longest=60)
        for _ in range(5000):
            pause = backoff.after(None)
        self.assertTrue(45 <= pause <= 75)
