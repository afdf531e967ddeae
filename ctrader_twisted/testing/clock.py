"""
Virtual time for much that happens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from zope.interface import implementer

__all__ = ["VirtualClock"]


@implementer(IDelayedCall)
class _Call:
    """
    A call that knows how many were asked for before it. It is less than Twisted's own, since each tick makes some.
    """

    __slots__ = ("_clock", "args", "func", "isOver", "kw", "number", "time")

    def __init__(
        self,
        clock: VirtualClock,
        number: int,
        time: float,
        func: Callable[..., object],
        args: tuple[object, ...],
        kw: dict[str, object],
    ) -> None:
        self._clock = clock
        self.number = number
        self.time = time
        self.func = func
        self.args = args
        self.kw = kw
        self.isOver = False

    def getTime(self) -> float:
        """
        @see: C{IDelayedCall.getTime}
        """
        return self.time

    def active(self) -> bool:
        """
        @see: C{IDelayedCall.active}
        """
        return not self.isOver

    def cancel(self) -> None:
        """
        @see: C{IDelayedCall.cancel}
        """
        self._check()
        self.isOver = True
        # It is passed over when its time comes, and keeps nothing alive until then.
        del self.func, self.args, self.kw

    def reset(self, secondsFromNow: float) -> None:
        """
        @see: C{IDelayedCall.reset}
        """
        self._move(self._clock.seconds() + secondsFromNow)

    def delay(self, secondsLater: float) -> None:
        """
        @see: C{IDelayedCall.delay}
        """
        self._move(self.time + secondsLater)

    def _move(self, time: float) -> None:
        self._check()
        isSooner, self.time = time < self.time, time
        if isSooner:
            self._clock._place(self)

    def _check(self) -> None:
        if self.isOver:
            raise AlreadyCalled if hasattr(self, "func") else AlreadyCancelled


class VirtualClock(Clock):
    """
    A L{Clock} that does not sort its calls again for each of them, and that can go from one to the next.
    """

    def __init__(self) -> None:
        super().__init__()
        # By time; among equal ones the oldest first. A call that was put off or cancelled is still at its former place.
        self._waiting: list[tuple[float, int, _Call]] = []
        self._count = count()
        self._soon: deque[Callable[[], object]] = deque()

    def soon(self, call: Callable[[], object]) -> None:
        """
        Make a call as soon as the one that is being made is over, without a place among the others that are due. It
        cannot be cancelled.

        @param call: what to call.
        """
        self._soon.append(call)

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> IDelayedCall:
        """
        @see: C{IReactorTime.callLater}
        """
        time, number = self.rightNow + delay, next(self._count)
        call = _Call(self, number, time, callable, args, kw)
        heappush(self._waiting, (time, number, call))
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """
        @see: C{IReactorTime.getDelayedCalls}
        """
        active = {call.number: call for _, _, call in self._waiting if call.active()}
        return sorted(active.values(), key=lambda call: (call.time, call.number))

    def advance(self, amount: float) -> None:
        """
        Let time pass, and make the calls that are due then; their time is the end of it.

        @param amount: how many seconds.
        """
        self.rightNow += amount
        self._callDue()

    def step(self, end: float) -> bool:
        """
        Go to the time of the next call, and make all that are due then.

        @param end: not further than this.
        @return: whether there was a call.
        """
        waiting = self._waiting
        if self._soon:
            self._callDue()
            return True
        while waiting:
            time, _, call = waiting[0]
            if call.isOver or call.time > time:
                self._passOver()
            elif time > end:
                return False
            else:
                if time > self.rightNow:
                    self.rightNow = time
                self._callDue()
                return True
        return False

    def _callDue(self) -> None:
        waiting, soon = self._waiting, self._soon
        while soon:
            soon.popleft()()
        while waiting and waiting[0][0] <= self.rightNow:
            time, _, call = waiting[0]
            if call.isOver or call.time > time:
                self._passOver()
            else:
                heappop(waiting)
                call.isOver = True
                call.func(*call.args, **call.kw)
                while soon:
                    soon.popleft()()

    def _passOver(self) -> None:
        _, _, call = heappop(self._waiting)
        if not call.isOver:
            self._place(call)

    def _place(self, call: _Call) -> None:
        # At its former place it stays, and is passed over there.
        heappush(self._waiting, (call.time, call.number, call))
