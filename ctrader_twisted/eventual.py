"""
Deferreds that both Twisted's coroutines and asyncio's tasks can await.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Any, TypeVar, cast

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore, FirstError, gatherResults
from twisted.python.failure import Failure

__all__ = ["Eventual", "eventually", "sideBySide"]

_ResultT = TypeVar("_ResultT")
_ItemT = TypeVar("_ItemT")

_NONE_YET = object()


class _Woken:
    """
    What a task is woken with. It asks for the result of what it waits for, but only to see whether that is an error;
    the coroutine itself gets the result of the L{Eventual}.
    """

    def result(self) -> None:
        """
        Tell that the coroutine shall go on.
        """


class Eventual(Deferred[_ResultT]):
    """
    A Deferred that can also be awaited in an asyncio task, where the reactor is asyncio's, as in a notebook.

    A task of asyncio awaits what its coroutine yields, if that behaves like a future of the task's own loop. So this
    Deferred, while it is awaited, has the names that a task asks for; C{asyncio.gather}, C{wait_for} and
    C{ensure_future} see an awaitable and no future, since the class itself has none of the marks of one.
    """

    # What the task that waits is told, since a Deferred whose failure nobody has seen would log it.
    _outcome: Any = _NONE_YET

    def __await__(self) -> Generator[Deferred[_ResultT], None, _ResultT]:
        """
        Wait for the result.

        @return: the result.
        """
        while self._outcome is _NONE_YET and (not self.called or self.paused):
            self._asyncio_future_blocking = True
            yield self
        if self._outcome is _NONE_YET:
            result: Any = self.result
            # What Deferred does with a success, without another generator.
            return result if not isinstance(result, Failure) else (yield from super().__await__())
        if isinstance(self._outcome, Failure):
            self._outcome.raiseException()
        return cast("_ResultT", self._outcome)

    def cancel(self, msg: object = None) -> None:
        """
        Cancel it.

        @param msg: what a task that is cancelled hands on; it is not used.
        """
        super().cancel()

    def get_loop(self) -> Any:
        """
        @return: the loop of the task that awaits this.
        """
        from asyncio import get_running_loop

        return get_running_loop()

    def add_done_callback(self, wake: Callable[[Any], object], *, context: Any = None) -> None:
        """
        Wake a task when the result is there.

        @param wake: called in a later turn of the loop.
        @param context: the context to call it in.
        """
        loop = self.get_loop()

        def done(result: Any) -> Any:
            # Of several tasks the first takes a failure away from the Deferred, but not from the others.
            if self._outcome is _NONE_YET:
                self._outcome = result
            loop.call_soon(wake, _Woken(), context=context)
            return None if isinstance(result, Failure) else result

        self.addBoth(done)


def eventually(coroutine: Coroutine[Any, Any, _ResultT]) -> Deferred[_ResultT]:
    """
    Run a coroutine that awaits Deferreds.

    @param coroutine: the coroutine.
    @return: fires with what it returns, fails with what it raises; cancelling it cancels what the coroutine awaits.
    """
    running = Deferred.fromCoroutine(coroutine)
    if running.called and not running.paused:
        return running
    result: Eventual[_ResultT] = Eventual(lambda _: running.cancel())
    running.addCallbacks(_hand, _handFailure, callbackArgs=(result,), errbackArgs=(result,))
    return result


async def sideBySide(begin: Callable[[_ItemT], Coroutine[Any, Any, None]], items: Iterable[_ItemT], most: int) -> None:
    """
    Run a coroutine for each of some items. If one fails, or this is cancelled, the others are cancelled.

    @param begin: makes the coroutine of an item.
    @param items: the items.
    @param most: how many run at a time; the others wait.
    @raise Exception: what the first one to fail has raised.
    """
    places = DeferredSemaphore(most)
    tasks = [places.run(lambda item: Deferred.fromCoroutine(begin(item)), item) for item in items]
    # The last ones first: those that wait would begin when those before them are cancelled.
    tasks.reverse()
    try:
        await gatherResults(tasks, consumeErrors=True)
    except FirstError as error:
        error.subFailure.raiseException()
    finally:
        for task in tasks:
            task.cancel()


# A coroutine may go on when it is cancelled, as one that tidies up; then nobody waits for it any more.


def _hand(value: _ResultT, result: Deferred[_ResultT]) -> None:
    if not result.called:
        result.callback(value)


def _handFailure(failure: Failure, result: Deferred[_ResultT]) -> Failure | None:
    if not result.called:
        result.errback(failure)
    elif not isinstance(failure.value, CancelledError):
        # It is logged as unheard.
        return failure
    return None
