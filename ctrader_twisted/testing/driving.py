"""
Virtual time that passes only while code waits.
"""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ctrader_twisted.testing.clock import VirtualClock
from ctrader_twisted.testing.reach import canFire
from ctrader_twisted.testing.waiting import placeOf

__all__ = ["NothingHappens", "advance", "drive"]

_ResultT = TypeVar("_ResultT")

_GOODBYE = 30.0

# After how many seconds it is looked whether anything can end the wait; then after twice as many, and so on.
_FIRST_LOOK = 60.0

_NOTHING = "nothing can end"


class NothingHappens(AssertionError):
    """
    The code under test waits for something that did not come in the virtual time that it was given, or that cannot come
    at all. The message tells where it waits.
    """


def drive(clock: VirtualClock, coroutine: Coroutine[Any, Any, _ResultT], *, hours: float) -> _ResultT:
    """
    Run a coroutine on virtual time. Where it waits for what no call that the clock holds leads to, it is not waited for
    the end of the time given.

    @param clock: the time.
    @param coroutine: what to run.
    @param hours: how much time it may take.
    @return: what the coroutine returned; what it raised is raised, and so is what any call of the clock raises.
    @raise NothingHappens: if it waits for something that does not come.
    """
    start = clock.seconds()
    # Moments are compared, and no spans: of these, what was added and is taken away again may be rounded to less.
    end, look = start + hours * 3600, start + _FIRST_LOOK
    results: list[_ResultT | Failure] = []
    done = Deferred.fromCoroutine(coroutine)
    done.addBoth(results.append)
    while not results:
        if clock.seconds() >= look:
            look += look - start
            if not canFire(clock, done):
                raise _givenUp(clock, done, coroutine, _NOTHING)
        if not _stepped(clock, end, look, done, results):
            late = f"in {hours:g} hours of virtual time nothing has ended"
            raise _givenUp(clock, done, coroutine, late if clock.getDelayedCalls() else _NOTHING)
    result = results[0]
    if isinstance(result, Failure):
        raise cast("BaseException", result.value)
    return result


def _stepped(clock: VirtualClock, end: float, look: float, done: Deferred[Any], results: list[Any]) -> bool:
    try:
        while not results and clock.rightNow < look:
            if not clock.step(end):
                return False
        return True
    except BaseException:
        done.cancel()
        # What else goes wrong now is not what the test is told of.
        with suppress(Exception):
            advance(clock, _GOODBYE)
        raise


def _givenUp(clock: VirtualClock, done: Deferred[Any], coroutine: object, why: str) -> NothingHappens:
    words = f"{why} what the code under test waits for:\n{placeOf(coroutine)}"
    done.cancel()
    # Clients say goodbye, and the server hears of it.
    advance(clock, _GOODBYE)
    return NothingHappens(words)


def advance(clock: VirtualClock, seconds: float) -> None:
    """
    Let time pass, with all that is due in it.

    @param clock: the time.
    @param seconds: how much.
    """
    end = clock.seconds() + seconds
    while clock.step(end):
        pass
    clock.advance(end - clock.seconds())
