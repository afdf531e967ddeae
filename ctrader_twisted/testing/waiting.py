"""
Where code waits, in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from linecache import getline
from pathlib import Path
from types import FrameType
from typing import Any

from twisted.internet.defer import Deferred, DeferredList

__all__ = ["placeOf"]

_PACKAGE = str(Path(__file__).parent.parent)
_HARNESS = str(Path(__file__).parent)
_DEEPEST = 20


def placeOf(coroutine: Any) -> str:
    """
    Say where a coroutine waits, and for what.

    @param coroutine: a coroutine that has been started and has not ended.
    @return: a line for each function on the way, from the outermost to what it awaits.
    """
    return "\n".join(f"  {line}" for line in _lines(coroutine))


def _lines(awaiting: Any, depth: int = 0) -> Iterator[str]:
    inner = awaiting
    while (frame := getattr(inner, "cr_frame", None)) is not None:
        # What runs the test says nothing to its author, and of this package only the first function does.
        if not frame.f_code.co_filename.startswith(_HARNESS):
            yield _line(frame)
        inner = inner.cr_await
    deferred = getattr(getattr(inner, "gi_frame", None), "f_locals", {}).get("self", inner)
    yield from _of(deferred, depth)


def _of(deferred: Any, depth: int) -> Iterator[str]:
    """
    Say what a Deferred waits for.
    """
    while isinstance(following := getattr(deferred, "_chainedTo", None), Deferred):
        deferred = following
    coroutine = _coroutineOf(deferred)
    if coroutine is not None and depth < _DEEPEST:
        yield from _lines(coroutine, depth + 1)
        return
    # DeferredList is a name of several things to a type checker.
    gathered: Any = DeferredList
    if not isinstance(deferred, gathered):
        yield f"for {deferred!r}"
        return
    pending = [place for place, result in enumerate(deferred.resultList) if result is None]
    yield f"for {len(deferred.resultList)} Deferreds at once, of which {_counted(pending)} not fired"
    if depth < _DEEPEST:
        for place in pending:
            for line in _of(deferred._deferredList[place], depth + 1):
                yield f"  {place}: {line}"


def _coroutineOf(deferred: Any) -> Any:
    """
    Find the coroutine whose result a Deferred is to have. Twisted has no public way to it; where this one ends, the
    Deferred alone is named.
    """
    for cell in getattr(getattr(deferred, "_canceller", None), "__closure__", None) or ():
        awaited = getattr(cell.cell_contents, "waitingOn", None)
        for entry in getattr(awaited, "callbacks", ()):
            for argument in entry[0][1] or ():
                if getattr(argument, "cr_frame", None) is not None:
                    return argument
    return None


def _counted(pending: list[int]) -> str:
    places = ", ".join(map(str, pending))
    return f"number {places} has" if len(pending) == 1 else f"numbers {places} have"


def _line(frame: FrameType) -> str:
    code, number = frame.f_code, frame.f_lineno
    owner = frame.f_locals.get("self")
    of = f" of {owner!r}" if code.co_filename.startswith(_PACKAGE) and owner is not None else ""
    source = getline(code.co_filename, number).strip()
    shown = f": {source}" if source else ""
    return f"in {code.co_qualname}{of} ({code.co_filename}:{number}){shown}"
