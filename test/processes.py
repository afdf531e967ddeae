"""
Processes that share a disk and can be killed, on one virtual clock, for tests of what outlives them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock
from zope.interface import implementer

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import NotConnected
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.testing.memory import MemoryEndpoint

__all__ = ["Disk", "Process", "ProcessTokens"]

_ResultT = TypeVar("_ResultT")

_MOMENT = 0.01


class Disk:
    """
    What outlives the processes.

    @ivar pairs: the stored pairs.
    @ivar holder: the process that has the lock.
    """

    def __init__(self, *pairs: TokenPair) -> None:
        self.pairs = pairs
        self.holder: Process | None = None


@implementer(IReactorTime)
class Process:
    """
    What a process has: timers of its own and connections of its own, both of which end with it.

    @ivar endpoint: makes its connections.
    @ivar isDead: whether it was killed.
    """

    def __init__(self, clock: Clock, endpoint: MemoryEndpoint) -> None:
        """
        @param clock: the time of all processes.
        @param endpoint: makes its connections.
        """
        self.endpoint = endpoint
        self.isDead = False
        self._clock = clock
        self._hanging: list[Deferred[Any]] | None = []

    def seconds(self) -> float:
        """
        @see: C{IReactorTime.seconds}
        """
        return self._clock.seconds()

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any, **kw: Any) -> IDelayedCall:
        """
        @see: C{IReactorTime.callLater}
        """
        return self._clock.callLater(delay, lambda: None if self.isDead else callable(*args, **kw))

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """
        @see: C{IReactorTime.getDelayedCalls}
        """
        return self._clock.getDelayedCalls()

    def kill(self) -> None:
        """
        End it at once: nothing that it waits for ever comes, and nobody says goodbye.
        """
        self.isDead = True
        self.endpoint.refusing = True
        for link in self.endpoint.openLinks:
            link.cut()

    def hang(self) -> Deferred[Any]:
        """
        @return: never fires, before L{bury}.
        """
        if self._hanging is None:
            return fail(NotConnected("the process is dead"))
        hanging: Deferred[Any] = Deferred()
        self._hanging.append(hanging)
        return hanging

    def later(self, result: _ResultT) -> Deferred[_ResultT]:
        """
        Answer as a thread of the process does.

        @param result: the answer.
        @return: fires with it after a moment, if the process lives then.
        """
        waiting = self.hang()

        def answer() -> None:
            assert self._hanging is not None
            self._hanging.remove(waiting)
            waiting.callback(result)

        self.callLater(_MOMENT, answer)
        return waiting

    def bury(self) -> None:
        """
        Let its coroutines end, so that they do not complain when they are collected.
        """
        hanging, self._hanging = self._hanging or [], None
        for each in hanging:
            each.errback(NotConnected("the process is dead"))


@implementer(ITokenStore)
class ProcessTokens:
    """
    The token store of one process, on the common disk, which a thread reads and writes.
    """

    def __init__(self, process: Process, disk: Disk, writing: Callable[[tuple[TokenPair, ...]], bool | None]) -> None:
        """
        @param process: the process.
        @param disk: the disk.
        @param writing: called before each write with what is to be written; L{None} to let it be done, else the process
            is killed before (C{False}) or after (C{True}) the disk has it.
        """
        self._process = process
        self._disk = disk
        self._writing = writing

    def load(self) -> Deferred[tuple[TokenPair, ...]]:
        """
        @see: L{ITokenStore.load}
        """
        return self._process.later(self._disk.pairs)

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        @see: L{ITokenStore.save}
        """
        if self._process.isDead:
            return self._process.hang()
        assert self._disk.holder is self._process, "it is written without the lock"
        killed = self._writing(pairs)
        if killed is not False:
            self._disk.pairs = pairs
        if killed is not None:
            self._process.kill()
            self._disk.holder = None
        return self._process.later(None)

    def tryLock(self) -> Deferred[bool]:
        """
        @see: L{ITokenStore.tryLock}
        """
        if self._process.isDead:
            return self._process.hang()
        wasFree = self._disk.holder is None
        if wasFree:
            self._disk.holder = self._process
        return self._process.later(wasFree)

    def unlock(self) -> Deferred[None]:
        """
        @see: L{ITokenStore.unlock}
        """
        if self._process.isDead:
            return self._process.hang()
        assert self._disk.holder is self._process, "it is unlocked by somebody who has not locked it"
        self._disk.holder = None
        return self._process.later(None)
