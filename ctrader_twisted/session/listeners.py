"""
Telling several listeners, and answering several who wait for the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ctrader_twisted.eventual import Eventual

__all__ = ["Listeners", "Waiters"]

_T = TypeVar("_T")


def _ignore(thing: object) -> None:
    """
    Stands where a listener was.
    """


class _Place(Generic[_T]):
    """
    One listener's registration.
    """

    __slots__ = ("_leave", "listener")

    def __init__(self, listener: Callable[[_T], object], leave: Callable[[_Place[_T]], None]) -> None:
        self.listener = listener
        self._leave = leave

    def stop(self) -> None:
        """
        Take the listener away; it is not called any more.
        """
        if self.listener is not _ignore:
            self.listener = _ignore
            self._leave(self)


class Listeners(Generic[_T]):
    """
    Callables that are told the same things, in the order in which they came.

    What a listener raises is logged and changes nothing else. The tuple is replaced, never changed, so a listener may
    register or stop another while all are being told.

    @ivar places: where they are, so that L{ctrader_twisted.wire.OpenApiProtocol} can do what L{tell} does.
    """

    _log = Logger()

    def __init__(self) -> None:
        self.places: tuple[_Place[_T], ...] = ()

    def __len__(self) -> int:
        return len(self.places)

    def add(self, listener: Callable[[_T], object]) -> _Place[_T]:
        """
        Take in a listener.

        @param listener: called with each thing.
        @return: an object whose C{stop()} takes the listener away.
        """
        place = _Place(listener, self._remove)
        self.places += (place,)
        return place

    def _remove(self, place: _Place[_T]) -> None:
        self.places = tuple(kept for kept in self.places if kept is not place)

    def tell(self, thing: _T) -> None:
        """
        Tell all listeners.

        @param thing: what they are called with.
        """
        for place in self.places:
            # Where another one has just been stopped, that is nobody.
            listener = place.listener
            try:
                listener(thing)
            except Exception:
                self.failed(listener)

    def failed(self, listener: Callable[[_T], object]) -> None:
        """
        A listener has raised the exception that is being handled: log it.

        @param listener: the listener.
        """
        self._log.failure("the listener {listener} failed", listener=listener)


class Waiters(Generic[_T]):
    """
    Fresh Deferreds for everybody who waits for the same thing.
    """

    def __init__(self) -> None:
        self._waiting: list[Deferred[_T]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self) -> Deferred[_T]:
        """
        Wait for the next L{fire} or L{fail}.

        @return: a Deferred of the caller's own; cancelling it disturbs nobody else.
        """
        waiter: Deferred[_T] = Eventual(self._waiting.remove)
        self._waiting.append(waiter)
        return waiter

    def fire(self, result: _T) -> None:
        """
        Give all who wait the result.

        @param result: what their Deferreds fire with.
        """
        for waiter in self._taken():
            waiter.callback(result)

    def fail(self, error: Exception) -> None:
        """
        Fail all who wait.

        @param error: what their Deferreds fail with.
        """
        for waiter in self._taken():
            waiter.errback(error)

    def _taken(self) -> list[Deferred[_T]]:
        # A callback may wait again at once.
        waiting, self._waiting = self._waiting, []
        return waiting
