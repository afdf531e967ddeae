"""
Many requests for one wish: closing and cancelling all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredList

from ctrader_twisted.errors import NotFound, PartlyDone
from ctrader_twisted.eventual import eventually
from ctrader_twisted.trading.coming import Coming
from ctrader_twisted.trading.deals import Deal
from ctrader_twisted.trading.orderlife import OrderLife
from ctrader_twisted.trading.position import Position

__all__ = ["attempt", "closeWith", "partly", "sweep"]

_SubjectT = TypeVar("_SubjectT")
_ResultT = TypeVar("_ResultT")


async def sweep(running: Mapping[_SubjectT, Deferred[_ResultT]], what: str) -> tuple[_ResultT, ...]:
    """
    Wait until all have ended.

    @param running: what was begun, by the live object that each is about.
    @param what: what was to be done, in words.
    @return: what they gave, without those that were about something that is not there any more.
    @raise PartlyDone: if some failed.
    """
    done, failed = await attempt(running)
    if failed:
        raise partly(what, len(running), done, failed)
    return done


async def attempt(
    running: Mapping[_SubjectT, Deferred[_ResultT]],
) -> tuple[tuple[_ResultT, ...], dict[object, Exception]]:
    """
    Wait until all have ended.

    @param running: as with L{sweep}.
    @return: what they gave, and why others failed, by what each is about; without those that were about something
        that is not there any more.
    """
    done: list[_ResultT] = []
    failed: dict[object, Exception] = {}
    ended: Iterable[tuple[bool, Any]] = await DeferredList(list(running.values()), consumeErrors=True)
    for subject, (isDone, result) in zip(running, ended, strict=True):
        if isDone:
            done.append(result)
        elif not result.check(NotFound):
            failed[subject] = result.value
    return tuple(done), failed


async def closeWith(
    positions: Callable[[], tuple[Position, ...]], lives: tuple[OrderLife, ...], coming: Coming, timeout: float | None
) -> tuple[Deal, ...]:
    """
    Close positions, and those that orders on their way will open.

    @param positions: gives the open positions that are meant.
    @param lives: the orders.
    @param coming: waits for them.
    @param timeout: as with L{Position.close}.
    @return: the closing deals.
    @raise PartlyDone: if some could not be closed, or an order is still on its way.
    """
    closing = eventually(attempt({each: each.close(timeout=timeout) for each in positions()}))
    unknown = await coming.settle(lives)
    done, failed = await closing
    opened = {life.position for life in lives}
    later, theirs = await attempt(
        {each: each.close(timeout=timeout) for each in positions() if each in opened and each not in failed}
    )
    failed = {**failed, **theirs, **{life.subject or life: error for life, error in unknown.items()}}
    done += later
    if failed:
        raise partly("closing all", len(done) + len(failed), done, failed)
    return done


def partly(what: str, most: int, done: tuple[object, ...], failed: Mapping[object, Exception]) -> PartlyDone:
    """
    Make the error which tells that some of it failed.

    @param what: what was to be done, in words.
    @param most: how many there were.
    @param done: what the others gave.
    @param failed: why the rest failed, by what each is about; not empty.
    @return: the error.
    """
    one, why = next(iter(failed.items()))
    return PartlyDone(f"{what}: {len(failed)} of {most} failed, such as {one}: {why}", done, failed)
