"""
Tests of L{ctrader_twisted.session.storing}: stores of all kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError, NotConnected
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.session.storing import Storing

PAIRS = (TokenPair("access", "refresh"),)


def start(coroutine: Coroutine[Any, Any, Any]) -> Deferred[Any]:
    """
    @return: what becomes of a coroutine.
    """
    return Deferred.fromCoroutine(coroutine)


class SimpleTokens:
    """
    A store whose author knew nothing of Deferreds.
    """

    def __init__(self) -> None:
        self.pairs: tuple[TokenPair, ...] = PAIRS

    def load(self) -> list[TokenPair]:
        """
        Read.
        """
        return list(self.pairs)

    def save(self, pairs: tuple[TokenPair, ...]) -> None:
        """
        Write.
        """
        self.pairs = pairs

    def tryLock(self) -> bool:
        """
        There is nobody else.
        """
        return True

    def unlock(self) -> None:
        """
        There is nobody else.
        """


class CoroutineTokens(SimpleTokens):
    """
    A store of coroutines.
    """

    async def load(self) -> list[TokenPair]:  # type: ignore[override]
        """
        Read.
        """
        return super().load()

    async def save(self, pairs: tuple[TokenPair, ...]) -> None:  # type: ignore[override]
        """
        Write.
        """
        super().save(pairs)

    async def tryLock(self) -> bool:  # type: ignore[override]
        """
        There is nobody else.
        """
        return super().tryLock()

    async def unlock(self) -> None:  # type: ignore[override]
        """
        There is nobody else.
        """


class StoringTests(SynchronousTestCase):
    """
    A store in memory, whose methods a test replaces.
    """

    def setUp(self) -> None:
        """
        Make it; nothing may be left in the end.
        """
        self.clock = Clock()
        self.store: Any = MemoryTokens(*PAIRS)
        self.storing = Storing(self.clock, self.store)
        self.seen: list[Any] = []
        self.storing.onPairs.add(self.seen.append)
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def raising(self, error: Exception) -> Callable[..., Any]:
        """
        @return: a method that raises.
        """

        def method(*arguments: object) -> Any:
            raise error

        return method

    def test_simpleStores(self) -> None:
        """
        A store may answer at once or with coroutines, and with a list.
        """
        for store in (SimpleTokens(), CoroutineTokens()):
            storing = Storing(self.clock, store)  # type: ignore[arg-type]
            self.assertEqual(self.successResultOf(start(storing.load())), PAIRS)
            self.successResultOf(start(storing.lock()))
            self.successResultOf(start(storing.save(PAIRS * 2)))
            self.successResultOf(start(storing.unlock()))
            self.assertEqual(self.successResultOf(start(storing.load())), PAIRS * 2)

    def test_noPairs(self) -> None:
        """
        What is no answer at all is a failure of the store.
        """
        for answer in (None, ["access"], [None]):
            self.store.load = lambda answer=answer: answer
            failure: Any = self.failureResultOf(start(self.storing.load()), NotConnected)
            self.assertIn("TypeError", str(failure.value))

    def test_seen(self) -> None:
        """
        Who wants to know is told what is in the store, and when nobody can tell.
        """
        start(self.storing.load())
        start(self.storing.save(PAIRS * 2))
        self.store.load = self.raising(ConfigurationError("broken"))
        self.failureResultOf(start(self.storing.load()), ConfigurationError)
        self.store.save = self.raising(ConfigurationError("broken"))
        self.failureResultOf(start(self.storing.save(PAIRS)), ConfigurationError)
        self.assertEqual(self.seen, [PAIRS, PAIRS * 2, None])

    def test_ownErrors(self) -> None:
        """
        What a store raises at once, and in its own way, is told without its words. It is logged once, with the place,
        until the store works again.
        """
        broken = self.raising(ZeroDivisionError("the refresh token is sesame"))
        for name, kind in (("load", NotConnected), ("save", ConfigurationError), ("tryLock", NotConnected)):
            with capturedLogs() as events:
                working = getattr(self.store, name)
                setattr(self.store, name, broken)
                act = {
                    "load": self.storing.load,
                    "tryLock": self.storing.lock,
                    "save": lambda: self.storing.save(PAIRS),
                }
                failures: list[Any] = [self.failureResultOf(start(act[name]()), kind) for _ in range(2)]
                setattr(self.store, name, working)
                self.successResultOf(start(self.storing.load()))
            told = [formatEvent(event) or "" for event in events]
            self.assertEqual(len(told), 1)
            self.assertIn("test_session_storing.py", told[0])
            for text in (*told, str(events), *(failure.getTraceback() for failure in failures)):
                self.assertIn("ZeroDivisionError", text)
                self.assertNotIn("sesame", text)

    def test_silent(self) -> None:
        """
        A store that does not answer is not waited for without end, whatever it was asked for.
        """
        self.successResultOf(start(self.storing.lock()))
        for name in ("load", "save", "tryLock", "unlock"):
            setattr(self.store, name, lambda *arguments: Deferred())
        results = [
            start(self.storing.load()),
            start(self.storing.save(PAIRS)),
            start(self.storing.lock()),
            start(self.storing.unlock()),
        ]
        self.clock.advance(29)
        for each in results:
            self.assertNoResult(each)
        self.clock.advance(1)
        for each in results[:3]:
            self.assertIn("has not answered", str(self.failureResultOf(each).value))
        with capturedLogs() as events:
            self.successResultOf(results[3])
        self.assertEqual(list(events), [])

    def test_unlockFails(self) -> None:
        """
        That the lock cannot be given back is told and raises nothing: what was done is done.
        """
        for error, words in ((ConfigurationError("a disk"), "a disk"), (ZeroDivisionError("sesame"), "ZeroDivision")):
            self.store.unlock = self.raising(error)
            with capturedLogs() as events:
                self.successResultOf(start(self.storing.unlock()))
            self.assertIn(words, formatEvent(events[-1]) or "")
            self.assertNotIn("sesame", str(events))

    def test_lateLock(self) -> None:
        """
        A lock that is given when nobody waits for it any more is given back; one that is not, or fails, is not.
        """
        for answer, unlocked in ((True, 1), (False, 0), (ZeroDivisionError(), 0)):
            late: Deferred[bool] = Deferred()
            backs: list[None] = []
            self.store.tryLock = lambda late=late: late
            self.store.unlock = lambda backs=backs: succeed(backs.append(None))
            locked = start(self.storing.lock())
            self.clock.advance(30)
            self.failureResultOf(locked, NotConnected)
            if isinstance(answer, bool):
                late.callback(answer)
            else:
                late.errback(answer)
            self.assertEqual(len(backs), unlocked)

    def test_stop(self) -> None:
        """
        A stop ends the waits for what is read, for the lock, and between attempts, but not for what is written; and no
        other one begins before a start.
        """
        late = {name: Deferred[Any]() for name in ("load", "save", "tryLock")}
        for name, answer in late.items():
            setattr(self.store, name, lambda *arguments, answer=answer: answer)
        waits = [start(self.storing.load()), start(self.storing.lock()), start(self.storing.pause(5))]
        saved = start(self.storing.save(PAIRS))
        self.storing.stop()
        waits += [start(self.storing.load()), start(self.storing.lock()), start(self.storing.pause(5))]
        for each in waits:
            self.failureResultOf(each, NotConnected)
        self.assertNoResult(saved)
        late["save"].callback(None)
        self.successResultOf(saved)
        self.storing.start()
        self.store.load = lambda: succeed(PAIRS)
        self.assertEqual(self.successResultOf(start(self.storing.load())), PAIRS)

    def test_givenUp(self) -> None:
        """
        Who gives up reading has not seen a failure of the store.
        """
        self.store.load = lambda: Deferred()
        loaded = start(self.storing.load())
        with capturedLogs() as events:
            loaded.cancel()
        self.failureResultOf(loaded, CancelledError)
        self.assertEqual((list(events), self.seen), ([], []))
