"""
Virtual time for much that happens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count

from twisted.internet.base import DelayedCall
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

__all__ = ["VirtualClock"]


class VirtualClock(Clock):
    """
    A L{Clock} that does not sort its calls again for each of them, and that can go from one to the next.
    """

    def __init__(self) -> None:
        super().__init__()
        # By time; among equal ones the oldest first. A call that was put off is still at its former place.
        self._waiting: list[tuple[float, int, DelayedCall]] = []
        self._numbers: dict[DelayedCall, int] = {}
        self._count = count()

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> IDelayedCall:
        """
        @see: C{IReactorTime.callLater}
        """
        call = DelayedCall(self.rightNow + delay, callable, args, kw, self._forget, self._place, self.seconds)
        self._numbers[call] = next(self._count)
        self._place(call)
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """
        @see: C{IReactorTime.getDelayedCalls}
        """
        return sorted(self._numbers, key=lambda call: (call.getTime(), self._numbers[call]))

    def advance(self, amount: float) -> None:
        """
        Let time pass, and make the calls that are due then; their time is the end of it.

        @param amount: how many seconds.
        """
        self.rightNow += amount
        while self._next() <= self.rightNow:
            self._make()

    def step(self, end: float) -> bool:
        """
        Go to the time of the next call, and make all that are due then.

        @param end: not further than this.
        @return: whether there was a call.
        """
        due = self._next()
        if due > end:
            return False
        self.advance(max(0.0, due - self.rightNow))
        return True

    def _place(self, call: DelayedCall) -> None:
        heappush(self._waiting, (call.getTime(), self._numbers[call], call))

    def _forget(self, call: DelayedCall) -> None:
        del self._numbers[call]

    def _next(self) -> float:
        waiting = self._waiting
        while waiting:
            time, _, call = waiting[0]
            if call in self._numbers and call.getTime() <= time:
                return time
            heappop(waiting)
            if call in self._numbers:
                self._place(call)
        return float("inf")

    def _make(self) -> None:
        call = heappop(self._waiting)[2]
        del self._numbers[call]
        call.called = 1
        call.func(*call.args, **call.kw)
