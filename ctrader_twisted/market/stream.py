"""
Market data as something to iterate over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Generic, Self, TypeVar

from twisted.internet.defer import Deferred

from ctrader_twisted.columns import Bar
from ctrader_twisted.errors import CTraderError, IllegalValue, TooSlow
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.market.book import DepthBook
from ctrader_twisted.market.spots import Gap, Quote

__all__ = ["BarStream", "DepthStream", "QuoteStream", "Stream"]

_ItemT = TypeVar("_ItemT")

_POLICIES = ("drop", "fail")


class Stream(Generic[_ItemT]):
    """
    What comes of one thing, for one consumer: used with C{async with}, read with C{async for}.

    Of what the consumer has not taken yet only so much is kept. When it is full, either the oldest is dropped and
    counted, or the iteration gives what is kept and then raises L{TooSlow <ctrader_twisted.errors.TooSlow>}. The order
    stays, and no other consumer notices. A L{Gap} is never dropped.

    @ivar dropped: how many items were dropped because the consumer was too slow.
    """

    def __init__(
        self,
        name: str,
        limit: int,
        onFull: str,
        join: Callable[[Any], None],
        leave: Callable[[Any], None],
    ) -> None:
        """
        @param name: what comes, for messages.
        @param limit: how many items are kept for the consumer.
        @param onFull: C{drop} or C{fail}.
        @param join: called with the stream when it is entered.
        @param leave: called with the stream when it is left.
        @raise IllegalValue: if the limit or the policy makes no sense.
        """
        if limit < 1:
            raise IllegalValue(f"a stream keeps at least one item, not {limit}", (1,))
        if onFull not in _POLICIES:
            raise IllegalValue(f"onFull is {' or '.join(map(repr, _POLICIES))}, not {onFull!r}", _POLICIES)
        self.dropped = 0
        self._name = name
        self._limit = limit
        self._fails = onFull == "fail"
        self._join = join
        self._leave = leave
        # Each with whether it counts.
        self._items: deque[tuple[_ItemT | Gap, bool]] = deque()
        self._counted = 0
        self._waiter: Deferred[None] | None = None
        self._joined = False
        self._over = False
        self._error: CTraderError | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._name}>"

    async def __aenter__(self) -> Self:
        if self._joined:
            raise RuntimeError(f"a stream of {self._name} is used once; ask for another one")
        self._joined = True
        self._join(self)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Leave: the iteration ends, and the server is asked to stop sending if nobody else uses the same.
        """
        if not self._over:
            self._finish()
            self._items.clear()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _ItemT | Gap:
        if not self._joined:
            raise RuntimeError(f"enter the stream first: async with ... as {self._name}")
        if self._waiter is not None:
            raise RuntimeError("a stream has one consumer; ask for another stream")
        while not self._items:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._over:
                raise StopAsyncIteration
            self._waiter = Eventual(self._cancelled)
            await self._waiter
        item, counts = self._items.popleft()
        self._counted -= counts
        return item

    # What the source tells.

    def told(self, item: _ItemT) -> None:
        """
        There is something new.

        @param item: what.
        """
        if self._over:
            return
        if self._fails and self._counted >= self._limit:
            self.refused(TooSlow(f"{self._limit} {self._name} waited for their consumer, and more came"))
            return
        self._append(item, counts=True)
        while self._counted > self._limit:
            self._dropOldest()
        self._wake()

    def missed(self, gap: Gap) -> None:
        """
        Something may have been missed.

        @param gap: when.
        """
        if self._over:
            return
        last = self._items[-1][0] if self._items else None
        if isinstance(last, Gap):
            self._items.pop()
            gap = Gap(last.start, gap.end)
        self._append(gap, counts=False)
        self._wake()

    def recovered(self, items: Iterable[_ItemT]) -> None:
        """
        There is something older than what comes now; it is no fault of the consumer that it comes at once.

        @param items: what, in order.
        """
        if not self._over:
            for item in items:
                self._append(item, counts=False)
            self._wake()

    def refused(self, error: CTraderError) -> None:
        """
        There will be nothing more: what waits is still read, then the iteration fails.

        @param error: why.
        """
        if not self._over:
            self._error = error
            self._finish()

    def ended(self) -> None:
        """
        There will be nothing more: what waits is still read, then the iteration ends.
        """
        if not self._over:
            self._finish()

    def _append(self, item: _ItemT | Gap, *, counts: bool) -> None:
        self._items.append((item, counts))
        self._counted += counts

    def _dropOldest(self) -> None:
        gaps = self._takeGaps()
        _, counts = self._items.popleft()
        self._counted -= counts
        self.dropped += 1
        gaps += self._takeGaps()
        if gaps:
            self._items.appendleft((Gap(gaps[0].start, gaps[-1].end), False))

    def _takeGaps(self) -> list[Gap]:
        gaps: list[Gap] = []
        while self._items and isinstance(first := self._items[0][0], Gap):
            self._items.popleft()
            gaps.append(first)
        return gaps

    def _finish(self) -> None:
        self._over = True
        self._leave(self)
        self._wake()

    def _cancelled(self, waiter: Deferred[None]) -> None:
        self._waiter = None

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.callback(None)


class QuoteStream(Stream[Quote]):
    """
    The quotes of one symbol. By default a slow consumer gets the newest one. After an outage comes a L{Gap}, then the
    first quote after it.
    """


class BarStream(Stream[Bar]):
    """
    The closed bars of one symbol and period: first those of history that were asked for, then each as it closes. By
    default the iteration fails where more bars wait than the limit says; bars from history do not count. After an
    outage come the bars that have closed meanwhile; only where history refuses them comes a L{Gap}.
    """

    _look: Callable[[], Bar | None] = staticmethod(lambda: None)

    def lookAt(self, forming: Callable[[], Bar | None]) -> None:
        """
        Learn where to see the bar that is forming.

        @param forming: gives it.
        """
        self._look = forming

    @property
    def forming(self) -> Bar | None:
        """
        The bar that is forming now, as far as the server has told; L{None} while that is not known.
        """
        return self._look()


class DepthStream(Stream[DepthBook]):
    """
    The order books of one symbol. By default a slow consumer gets the newest one. After an outage comes a L{Gap}, then
    the first book after it.
    """
