"""
Tests of L{ctrader_twisted.oauth.changing}.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError, TokensBusy
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.oauth.changing import changeTokens

ONE, TWO = TokenPair("one"), TokenPair("two")


class ChangingTests(SynchronousTestCase):
    """
    Changes under the lock.
    """

    def setUp(self) -> None:
        """
        Make a store.
        """
        self.clock = Clock()
        self.store = MemoryTokens(ONE)
        self.seen: list[tuple[TokenPair, ...]] = []

    def add(self, pairs: tuple[TokenPair, ...]) -> tuple[TokenPair, ...]:
        """
        @param pairs: the stored pairs.
        @return: one more; the lock is held now.
        """
        self.assertFalse(self.isFree())
        self.seen.append(pairs)
        return (*pairs, TWO)

    def change(self, patience: float = 30.0) -> Deferred[tuple[TokenPair, ...]]:
        """
        @return: a change that has begun.
        """
        return Deferred.fromCoroutine(changeTokens(self.store, self.clock, self.add, patience=patience))

    def isFree(self) -> bool:
        """
        @return: whether nobody has the lock.
        """
        wasFree = self.successResultOf(self.store.tryLock())
        if wasFree:
            self.successResultOf(self.store.unlock())
        return wasFree

    def test_changed(self) -> None:
        """
        The stored pairs are changed under the lock, which is free again then.
        """
        self.assertEqual(self.successResultOf(self.change()), (ONE, TWO))
        self.assertEqual(self.successResultOf(self.store.load()), (ONE, TWO))
        self.assertEqual(self.seen, [(ONE,)])
        self.assertTrue(self.isFree())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_waits(self) -> None:
        """
        Another one who has the lock is waited for, and what that one has stored is what is changed.
        """
        self.successResultOf(self.store.tryLock())
        changing = self.change()
        self.clock.pump([0.1] * 20)
        self.assertNoResult(changing)
        self.successResultOf(self.store.save((TWO,)))
        self.successResultOf(self.store.unlock())
        self.clock.advance(0.1)
        self.assertEqual(self.successResultOf(changing), (TWO, TWO))

    def test_busy(self) -> None:
        """
        That has an end; the lock stays with the other one.
        """
        self.successResultOf(self.store.tryLock())
        changing = self.change(patience=5.0)
        self.clock.pump([0.1] * 49)
        self.assertNoResult(changing)
        self.clock.pump([0.1] * 2)
        words = str(self.failureResultOf(changing, TokensBusy).value)
        self.assertEqual(words, "another process has been changing the stored tokens for 5 s")
        self.assertFalse(self.isFree())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_failures(self) -> None:
        """
        Whatever fails, the lock is given back, and nothing is stored.
        """
        error = ConfigurationError("no")
        for name in ("load", "save"):
            self.patch(self.store, name, lambda *_: fail(error))
            self.assertIs(self.failureResultOf(self.change()).value, error)
            self.assertTrue(self.isFree())
            delattr(self.store, name)
        self.patch(self, "add", lambda pairs: 1 / 0)
        self.failureResultOf(self.change(), ZeroDivisionError)
        self.assertTrue(self.isFree())
        self.assertEqual(self.successResultOf(self.store.load()), (ONE,))

    def test_cannotLock(self) -> None:
        """
        A store that cannot be locked is not waited for.
        """
        self.patch(self.store, "tryLock", lambda: fail(ConfigurationError("no")))
        self.failureResultOf(self.change(), ConfigurationError)

    def test_cancelled(self) -> None:
        """
        Who is cancelled while he waits, or while he has the lock, leaves it to others.
        """
        self.successResultOf(self.store.tryLock())
        changing = self.change()
        changing.cancel()
        self.failureResultOf(changing, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.successResultOf(self.store.unlock())
        self.patch(self.store, "load", lambda: Deferred())
        changing = self.change()
        self.assertFalse(self.isFree())
        changing.cancel()
        self.failureResultOf(changing, CancelledError)
        self.assertTrue(self.isFree())

    def test_cancelledWhileLocking(self) -> None:
        """
        A lock that was got when nobody waited for it any more is given back.
        """
        given: list[bool] = []
        self.patch(self.store, "unlock", lambda: succeed(given.append(True)))
        for outcome, givenThen in ((False, []), (ConfigurationError("no"), []), (True, [True])):
            asked: Deferred[bool] = Deferred()
            self.patch(self.store, "tryLock", lambda asked=asked: asked)
            changing = self.change()
            changing.cancel()
            self.failureResultOf(changing, CancelledError)
            asked.callback(outcome) if isinstance(outcome, bool) else asked.errback(outcome)
            self.assertEqual(given, givenThen)
        self.assertEqual(self.seen, [])
