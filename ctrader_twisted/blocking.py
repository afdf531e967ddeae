"""
A thread for what waits for the disk, so that the reactor does not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any, TypeVar, TypeVarTuple

from twisted.internet.defer import Deferred, fail
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from ctrader_twisted.errors import NotConnected

__all__ = ["Worker"]

_ResultT = TypeVar("_ResultT")
_ArgumentTs = TypeVarTuple("_ArgumentTs")


class Worker:
    """
    One thread that does what it is given, one thing after the other. It begins with the first, and ends with the
    reactor. It is a L{ctrader_twisted.interfaces.RunBlocking}.

    The reactor's own threads are not used: others may keep all of them busy for long, and orders wait for this one.
    """

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: the reactor.
        """
        self._reactor = reactor
        self._pool: ThreadPool | None = None
        self._hasEnded = False

    def __call__(self, function: Callable[[*_ArgumentTs], _ResultT], /, *args: *_ArgumentTs) -> Deferred[_ResultT]:
        """
        @see: L{ctrader_twisted.interfaces.RunBlocking.__call__}
        """
        if self._hasEnded:
            return fail(NotConnected("the reactor has stopped; nothing is written any more"))
        if self._pool is None:
            self._pool = ThreadPool(minthreads=0, maxthreads=1, name="ctrader_twisted")
            # Where the reactor is never stopped, as in a notebook, the thread must not keep the process from ending.
            self._pool.threadFactory = partial(Thread, daemon=True)  # type: ignore[assignment]
            self._pool.start()
            self._reactor.addSystemEventTrigger("during", "shutdown", self._end)
        return deferToThreadPool(self._reactor, self._pool, function, *args)

    def _end(self) -> None:
        assert self._pool is not None
        self._hasEnded = True
        self._pool.stop()
