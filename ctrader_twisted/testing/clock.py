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


class _Call(DelayedCall):
    """
    A call that knows how many were asked for before it.
    """

    number: int


class VirtualClock(Clock):
    """
    A L{Clock} that does not sort its calls again for each of them, and that can go from one to the next.
    """

    def __init__(self) -> None:
        super().__init__()
        # By time; among equal ones the oldest first. A call that was put off or cancelled is still at its former place.
        self._waiting: list[tuple[float, int, _Call]] = []
        self._count = count()

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> IDelayedCall:
        """
        @see: C{IReactorTime.callLater}
        """
        time = self.rightNow + delay
        call = _Call(time, callable, args, kw, _ignore, self._place, self.seconds)  # type: ignore[arg-type]
        call.number = number = next(self._count)
        heappush(self._waiting, (time, number, call))
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """
        @see: C{IReactorTime.getDelayedCalls}
        """
        active = {call.number: call for _, _, call in self._waiting if call.active()}
        return sorted(active.values(), key=lambda call: (call.getTime(), call.number))

    def advance(self, amount: float) -> None:
        """
        Let time pass, and make the calls that are due then; their time is the end of it.

        @param amount: how many seconds.
        """
        self.rightNow += amount
        waiting = self._waiting
        while waiting and waiting[0][0] <= self.rightNow:
            time, _, call = heappop(waiting)
            if call.called or call.cancelled:
                continue
            if call.getTime() > time:
                self._place(call)
                continue
            call.called = 1
            call.func(*call.args, **call.kw)

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

    def _place(self, call: _Call) -> None:
        heappush(self._waiting, (call.getTime(), call.number, call))

    def _next(self) -> float:
        waiting = self._waiting
        while waiting:
            time, _, call = waiting[0]
            isActive = not (call.called or call.cancelled)
            if isActive and call.getTime() <= time:
                return time
            heappop(waiting)
            if isActive:
                self._place(call)
        return float("inf")


def _ignore(call: DelayedCall) -> None:
    """
    Leave a cancelled call where it is; it is passed over when its time comes.
    """
