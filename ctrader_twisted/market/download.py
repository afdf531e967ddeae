"""
Downloading a history of any length, part by part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Self, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.market.pages import Lane, Part
from ctrader_twisted.market.source import Source
from ctrader_twisted.market.windows import Span, Windows

__all__ = ["Download", "Progress"]

_ResultT = TypeVar("_ResultT")

_LANES = 4


@frozen(kw_only=True)
class Progress:
    """
    How far a download has come.

    @ivar rows: how many rows have come.
    @ivar pages: how many pages they were on.
    @ivar span: what has come without a gap, from the newest end on.
    @ivar share: how much of the whole span has come, from 0 to 1.
    @ivar started: when the download began, in seconds of the reactor's clock.
    @ivar now: the time, likewise.
    """

    rows: int
    pages: int
    span: Span
    share: float
    started: float
    now: float

    @property
    def rate(self) -> float | None:
        """
        Rows a second, or L{None} if no time has passed.
        """
        passed = self.now - self.started
        return self.rows / passed if passed > 0 else None

    @property
    def left(self) -> float | None:
        """
        How many seconds it will take yet, if it goes on like this; L{None} if nothing has come.
        """
        return (self.now - self.started) * (1 - self.share) / self.share if self.share > 0 else None


class _Reading:
    """
    A lane with its parts that wait for the consumer.
    """

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.parts: deque[Part] = deque()
        self.isAsking = False
        self._asked: Deferred[None] | None = None

    def ask(self, came: Callable[[Part, _Reading], None], failed: Callable[[Failure, _Reading], None]) -> None:
        self.isAsking = True
        asked = Deferred.fromCoroutine(self.lane.part()).addBoth(self._answered)
        self._asked = asked.addCallbacks(came, failed, callbackArgs=(self,), errbackArgs=(self,))

    def cancel(self) -> None:
        if self.isAsking and self._asked is not None:
            self._asked.cancel()

    def _answered(self, result: _ResultT) -> _ResultT:
        self.isAsking = False
        return result


class Download:
    """
    A history, newest first, in parts that touch each other and are final: used once, with C{async with}, and read with
    C{async for}. What is in the block asks for nothing before it is entered, and leaving it cancels what is under way.

    Several windows of a long span are asked for at the same time. Of what the consumer has not taken yet only so much
    is kept; then nothing more is asked for.

    @ivar span: what it will cover; the first part ends where it ends, and the last begins where it begins. It is empty
        if nothing of what was wanted is settled yet.
    """

    _log = Logger()

    def __init__(
        self,
        source: Source,
        span: Span,
        lane: Callable[[Span, object], Lane],
        clock: Callable[[], float],
        *,
        ahead: int,
        progress: Callable[[Progress], object] | None,
    ) -> None:
        """
        @param source: what is downloaded.
        @param span: of what time.
        @param lane: reads a window of it, for a user that is named.
        @param clock: seconds.
        @param ahead: how many parts wait for the consumer.
        @param progress: called after each page.
        @raise IllegalValue: if no part may wait.
        """
        if ahead < 1:
            raise IllegalValue(f"a download keeps at least one page, not {ahead}", (1,))
        self.span = span
        self._source = source
        self._lane = lane
        self._clock = clock
        self._ahead = ahead
        self._progress = progress
        self._windows = Windows(span, first=source.first, longest=source.longest)
        self._readings: deque[_Reading] = deque()
        self._isEntered = False
        self._isOver = False
        self._isStarting = False
        self._failure: Failure | None = None
        self._waiter: Deferred[None] | None = None
        self._started = 0.0
        self._rows = self._pages = self._done = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._source} from {self.span.start} to {self.span.end} ms>"

    async def __aenter__(self) -> Self:
        if self._isEntered:
            raise RuntimeError(f"a download is used once; ask for another one of {self._source}")
        self._isEntered = True
        self._started = self._clock()
        self._goOn()
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Leave: what is under way is cancelled, and the iteration ends.
        """
        self._stop()
        self._readings.clear()
        self._wake()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Part:
        if not self._isEntered:
            raise RuntimeError(f"enter the download first: async with ... of {self._source}")
        if self._waiter is not None:
            raise RuntimeError("a download has one consumer; ask for another download")
        while True:
            part = self._take()
            if part is not None:
                return part
            if self._failure is not None:
                self._failure.raiseException()
            if not self._readings:
                raise StopAsyncIteration
            self._waiter = Eventual()
            try:
                await self._waiter
            finally:
                # However the wait ended, nobody is to be woken any more.
                self._waiter = None

    # Reading ahead.

    def _take(self) -> Part | None:
        while self._readings:
            head = self._readings[0]
            if head.parts:
                part = head.parts.popleft()
                self._goOn()
                return part
            if not head.lane.isDone:
                return None
            self._readings.popleft()
            self._goOn()
        return None

    def _goOn(self) -> None:
        # Where answers are there at once, parts come while this runs.
        if self._isStarting:
            return
        self._isStarting = True
        while not self._isOver and (reading := self._next()) is not None:
            reading.ask(self._came, self._failed)
        self._isStarting = False

    def _next(self) -> _Reading | None:
        kept = sum(len(each.parts) + int(each.isAsking) for each in self._readings)
        hasRoom = kept < self._ahead
        reading = [each for each in self._readings if not each.lane.isDone]
        for each in reading:
            # Whatever the others hold, the one that the consumer waits for goes on.
            if not each.isAsking and (hasRoom or (each is self._readings[0] and not each.parts)):
                return each
        if len(reading) >= _LANES or not hasRoom:
            return None
        window = self._windows.next()
        if window is None:
            return None
        self._readings.append(_Reading(self._lane(window, self)))
        return self._readings[-1]

    def _came(self, part: Part, reading: _Reading) -> None:
        if self._isOver:
            return
        reading.parts.append(part)
        if reading.lane.isDone:
            self._windows.told(reading.lane.pages)
        self._rows += len(part.columns)
        self._pages += 1
        self._done += part.span.end - part.span.start
        self._tell()
        self._wake()
        self._goOn()

    def _failed(self, failure: Failure, reading: _Reading) -> None:
        if not self._isOver:
            self._failure = failure
            self._stop()
            self._wake()

    def _stop(self) -> None:
        self._isOver = True
        for reading in self._readings:
            reading.cancel()

    def _tell(self) -> None:
        if self._progress is None:
            return
        start = next((each.lane.end for each in self._readings if not each.lane.isDone), self._windows.reached)
        try:
            self._progress(
                Progress(
                    rows=self._rows,
                    pages=self._pages,
                    span=Span(start, self.span.end),
                    share=self._done / (self.span.end - self.span.start),
                    started=self._started,
                    now=self._clock(),
                )
            )
        except Exception:
            self._log.failure("what is told of the progress of {source} failed", source=str(self._source))

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.callback(None)
