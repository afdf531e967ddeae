"""
Clocks that nobody sets.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from twisted.python.runtime import seconds as wallSeconds

__all__ = ["steadySeconds"]


def steadySeconds(reactor: Any) -> Callable[[], float]:
    """
    Find a clock for measuring how long something took.

    @param reactor: a reactor. The timers of most of Twisted's follow the machine's time, which can be set.
    @return: the reactor's own clock, unless it is the machine's time; then one that only moves on.
    """
    return monotonic if reactor.seconds is wallSeconds else reactor.seconds
