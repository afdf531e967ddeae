"""
Waiting for several things at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredList

__all__ = ["gathered"]

_KeyT = TypeVar("_KeyT")
_ResultT = TypeVar("_ResultT")


async def gathered(
    running: Mapping[_KeyT, Deferred[_ResultT]],
) -> tuple[dict[_KeyT, _ResultT], dict[_KeyT, Exception]]:
    """
    Wait until all have ended.

    @param running: what was begun.
    @return: what they gave, and why others failed.
    @raise CancelledError: if the wait is cancelled.
    """
    done: dict[_KeyT, _ResultT] = {}
    failed: dict[_KeyT, Exception] = {}
    ended: Iterable[tuple[bool, Any]] = await DeferredList(list(running.values()), consumeErrors=True)
    for key, (isDone, result) in zip(running, ended, strict=True):
        if isDone:
            done[key] = result
        elif result.check(CancelledError):
            # A list that is cancelled only hands that on; whoever waits for it must not go on as if all were well.
            raise result.value
        else:
            failed[key] = result.value
    return done, failed
