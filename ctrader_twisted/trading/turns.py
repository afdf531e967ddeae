"""
One after the other, where two at once would spoil each other's work.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredLock

from ctrader_twisted.eventual import Eventual

__all__ = ["Turns"]

_ResultT = TypeVar("_ResultT")


class Turns:
    """
    Lets one thing be done at a time for each key.
    """

    def __init__(self) -> None:
        self._locks: dict[Hashable, DeferredLock] = {}

    def __len__(self) -> int:
        return len(self._locks)

    def take(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, _ResultT]]) -> Deferred[_ResultT]:
        """
        Do something when everything before it that has the same key is done.

        @param key: the key.
        @param work: starts it.
        @return: fires with what it returns, fails with what it raises. Cancelling the Deferred ends only the wait: what
            has begun would go on at the server anyway.
        """
        result: Deferred[_ResultT] = Eventual()
        Deferred.fromCoroutine(self._run(key, work)).addCallbacks(result.callback, result.errback)
        return result

    async def _run(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, _ResultT]]) -> _ResultT:
        lock = self._locks.setdefault(key, DeferredLock())
        await lock.acquire()
        try:
            return await work()
        finally:
            lock.release()
            # Whoever waited has gone on by now, and may be done too.
            if not lock.locked and self._locks.get(key) is lock:
                del self._locks[key]
