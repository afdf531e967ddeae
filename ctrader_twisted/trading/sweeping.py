"""
Many requests for one wish: closing and cancelling all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredList

from ctrader_twisted.errors import NotFound, PartlyDone

__all__ = ["sweep"]

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
    done: list[_ResultT] = []
    failed: dict[object, Exception] = {}
    ended: Iterable[tuple[bool, Any]] = await DeferredList(list(running.values()), consumeErrors=True)
    for subject, (isDone, result) in zip(running, ended, strict=True):
        if isDone:
            done.append(result)
        elif not result.check(NotFound):
            failed[subject] = result.value
    if failed:
        one, why = next(iter(failed.items()))
        words = f"{what}: {len(failed)} of {len(running)} failed, such as {one}: {why}"
        raise PartlyDone(words, tuple(done), failed)
    return tuple(done)
