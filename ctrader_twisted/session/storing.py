"""
The token store as the session uses it: nobody waits for it without end, and whoever changes it has its lock.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError, CTraderError, NotConnected
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.session.listeners import Listeners

__all__ = ["STOPPED", "Storing"]

STOPPED = "the client was stopped"
"""
Why nobody waits any more.
"""

_PATIENCE = 30.0
_GLANCE = 0.25
_LONG = 40

_ResultT = TypeVar("_ResultT")


class Storing:
    """
    Reads and writes the pairs of tokens, and waits for the lock and between attempts; L{stop} ends all waits but those
    for what is being written.

    A store of the user's own may be anything. It may answer at once or never, and with a coroutine; of what it raises
    only our own errors are told in its words, since any others may hold a secret.

    @ivar onPairs: told what is in the store whenever it was read or written, and C{None} when it could not be read.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, store: ITokenStore) -> None:
        """
        @param clock: the reactor.
        @param store: where the pairs are.
        """
        self.onPairs: Listeners[tuple[TokenPair, ...] | None] = Listeners()
        self._clock = clock
        self._store = store
        # What a store of the user's own raises is logged once, until it works again.
        self._isBroken = False
        self._isStopped = False
        self._waits: set[Deferred[Any]] = set()

    def start(self) -> None:
        """
        Let there be waits again.
        """
        self._isStopped = False

    def stop(self) -> None:
        """
        Let nobody wait any more.
        """
        self._isStopped = True
        for wait in tuple(self._waits):
            wait.cancel()

    async def load(self) -> tuple[TokenPair, ...]:
        """
        Read all pairs.

        @return: the pairs, none at all if nothing was stored.
        @raise ConfigurationError: if they cannot be read.
        @raise NotConnected: if the store does not answer, or fails in a way of its own, or the client is stopped.
        """
        try:
            pairs = _checked(await self._untilStopped(lambda: self._ask(self._store.load)))
        except CancelledError:
            raise
        except Exception as error:
            self.onPairs.tell(None)
            if isinstance(error, CTraderError):
                raise
            raise NotConnected(self._words(error)) from None
        self._isBroken = False
        self.onPairs.tell(pairs)
        return pairs

    async def save(self, pairs: tuple[TokenPair, ...]) -> None:
        """
        Replace all pairs, under the lock.

        @param pairs: what to keep.
        @raise CTraderError: if that fails, in words that hold no secret.
        """
        try:
            await self._ask(self._store.save, pairs)
        except CTraderError:
            raise
        except Exception as error:
            raise ConfigurationError(self._words(error)) from None
        self.onPairs.tell(pairs)

    async def lock(self) -> None:
        """
        Get the sole right to change the pairs, however long others take.

        @raise CTraderError: if the store cannot be locked, or the client is stopped before.
        """
        waited = 0
        while not await self._isLocked():
            waited += 1
            if waited == _LONG:
                self._log.warn(
                    "another process has held the lock of the tokens for {seconds:g} s", seconds=_LONG * _GLANCE
                )
            await self.pause(_GLANCE)

    async def unlock(self) -> None:
        """
        Give the right back. That this fails is logged: what was done under the lock is done.
        """
        try:
            await self._ask(self._store.unlock)
        except Exception as error:
            words = str(error) if isinstance(error, CTraderError) else self._words(error)
            self._log.error("the lock of the tokens could not be given back: {words}", words=words)

    async def pause(self, seconds: float) -> None:
        """
        Wait.

        @param seconds: how long.
        @raise NotConnected: if the client is stopped before.
        """
        await self._untilStopped(lambda: deferLater(self._clock, seconds))

    async def _isLocked(self) -> bool:
        try:
            return await self._untilStopped(self._tryLock)
        except (CTraderError, CancelledError):
            raise
        except Exception as error:
            raise NotConnected(self._words(error)) from None

    def _tryLock(self) -> Deferred[bool]:
        """
        Try to get the lock. If the store gives it when nobody waits for it any more, it is given back.
        """
        waiting: Deferred[bool] = Deferred()

        def answered(isOurs: bool) -> None:
            if not waiting.called:
                waiting.callback(isOurs)
            elif isOurs:
                Deferred.fromCoroutine(self.unlock())

        maybeDeferred(self._store.tryLock).addCallbacks(answered, waiting.errback)
        return waiting.addTimeout(_PATIENCE, self._clock)

    def _ask(self, method: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return maybeDeferred(method, *arguments).addTimeout(_PATIENCE, self._clock)

    async def _untilStopped(self, begin: Callable[[], Deferred[_ResultT]]) -> _ResultT:
        if self._isStopped:
            raise NotConnected(STOPPED)
        wait = begin()
        self._waits.add(wait)
        try:
            return await wait
        except CancelledError:
            if self._isStopped:
                raise NotConnected(STOPPED) from None
            raise
        finally:
            self._waits.discard(wait)

    def _words(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"the token store has not answered for {_PATIENCE:g} s"
        words = f"the token store has failed with {type(error).__name__}"
        if not self._isBroken:
            self._isBroken = True
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.filename}:{place.lineno}, in {place.name}"
            self._log.error("{words} at {where}; what it says may be secret, and is left out", words=words, where=where)
        return words


def _checked(found: Iterable[TokenPair]) -> tuple[TokenPair, ...]:
    pairs = tuple(found)
    if not all(isinstance(each, TokenPair) for each in pairs):
        raise TypeError("a token store gives pairs of tokens")
    return pairs
