"""
Whether anything that is still to happen can end a wait.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from types import FunctionType, ModuleType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

__all__ = ["canFire"]


def canFire(clock: Clock, deferred: Deferred[Any]) -> bool:
    """
    Find out whether a Deferred can fire on virtual time: all that happens there begins with a call that the clock
    holds, so what none of these leads to stays as it is.

    @param clock: the time.
    @param deferred: the Deferred.
    @return: whether a way of references leads to it from what is due.
    """
    # Through the modules almost everything is near; so they come last, when nothing else has led to it.
    return _leads(clock.getDelayedCalls(), deferred, _withoutModules) or _leads(
        clock.getDelayedCalls(), deferred, gc.get_referents
    )


def _leads(starts: Iterable[Any], goal: object, following: Callable[[Any], Iterable[Any]]) -> bool:
    seen: set[int] = set()
    # What is seen is kept alive, or another object might get its number.
    found = list(starts)
    for each in found:
        if each is goal:
            return True
        for other in following(each):
            if gc.is_tracked(other) and id(other) not in seen:
                seen.add(id(other))
                found.append(other)
    return False


def _withoutModules(each: Any) -> Iterable[Any]:
    if isinstance(each, type | ModuleType):
        return ()
    if isinstance(each, FunctionType):
        return (each.__closure__, each.__defaults__, each.__kwdefaults__, each.__dict__)
    return gc.get_referents(each)
