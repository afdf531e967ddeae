"""
Things that are asked of the server once, however many want them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from ctrader_twisted.session.listeners import Waiters

__all__ = ["Shared"]

_T = TypeVar("_T")


class Shared(Generic[_T]):
    """
    An answer that is kept until it is dropped. Who asks while a request is under way shares it. A failure is not kept.
    """

    def __init__(self, ask: Callable[[], Deferred[_T]]) -> None:
        """
        @param ask: asks the server.
        """
        self._ask = ask
        self._asking = False
        self._isOld = False
        self._kept: tuple[_T] | None = None
        self._waiters: Waiters[_T] = Waiters()

    def get(self) -> Deferred[_T]:
        """
        Get what is kept, or ask for it.

        @return: fires with the answer, or fails as the request did; cancelling it disturbs nobody else.
        """
        if self._kept is not None:
            return succeed(self._kept[0])
        waiter = self._waiters.wait()
        if not self._asking:
            self._begin()
        return waiter

    def drop(self) -> None:
        """
        What was asked until now is not true any more; who waits for an answer gets one that is asked for after this.
        """
        self._kept = None
        self._isOld = True

    def _begin(self) -> None:
        self._asking, self._isOld = True, False
        self._ask().addCallbacks(self._answered, self._failed)

    def _answered(self, answer: _T) -> None:
        if self._isOld:
            self._begin()
            return
        self._asking = False
        self._kept = (answer,)
        self._waiters.fire(answer)

    def _failed(self, failure: Failure) -> None:
        self._asking = False
        assert isinstance(failure.value, Exception)
        self._waiters.fail(failure.value)
