"""
Telling a hundred local listeners.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import maybeDeferred

from ctrader_twisted.session.listeners import Listeners
from test.benchmark.alternating import alternating
from test.benchmark.workload import Effort, Figure, cpu

__all__ = ["LISTENERS", "listeners"]

_LISTENERS = 100
_EVENTS = {Effort.SMALLEST: 10, Effort.QUICK: 3_000, Effort.USUAL: 10_000, Effort.FULL: 10_000}


class _Counter:
    """
    A listener.
    """

    def __init__(self) -> None:
        self.count = 0

    def take(self, event: object) -> None:
        """
        Take in an event.
        """
        self.count += 1


def listeners(effort: Effort) -> dict[str, Callable[[], float]]:
    """
    Prepare the ways to tell a hundred listeners: a plain loop; one that isolates errors with C{maybeDeferred}; ours.

    @param effort: how much to measure.
    @return: what measures each: the nanoseconds per delivery.
    """
    counters = [_Counter() for _ in range(_LISTENERS)]
    callables = tuple(counter.take for counter in counters)
    ours: Listeners[Any] = Listeners()
    for each in callables:
        ours.add(each)

    def loop(event: object) -> None:
        for each in callables:
            each(event)

    def deferring(event: object) -> None:
        for each in callables:
            maybeDeferred(each, event)

    def measuring(tell: Callable[[object], object]) -> Callable[[], float]:
        return lambda: _nanoseconds(tell, _EVENTS[effort], counters)

    return {"bare": measuring(loop), "plain": measuring(deferring), "listeners": measuring(ours.tell)}


def _nanoseconds(tell: Callable[[object], object], events: int, counters: list[_Counter]) -> float:
    for counter in counters:
        counter.count = 0

    def tellAll() -> None:
        event = object()
        for _ in range(events):
            tell(event)

    used = cpu(tellAll)
    assert {counter.count for counter in counters} == {events}
    return used * 1e9 / (events * len(counters))


LISTENERS = alternating("listeners", listeners, Figure("100 listeners", "ns/call", "lower", 12.0, 1.3))
