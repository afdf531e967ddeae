"""
Quotes as something to iterate over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Self

from twisted.internet.defer import Deferred

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.market.spots import Gap, Quote

__all__ = ["QuoteStream"]


class QuoteStream:
    """
    The quotes of one symbol, for one consumer: used with C{async with}, read with C{async for}.

    A consumer that is slower than the market gets the newest quotes: of those that it has not taken, only so many are
    kept, one by default. What is dropped is counted, the order stays, and no other consumer notices. After an outage
    comes a L{Gap}, which is never dropped, then the first quote after it.

    @ivar dropped: how many quotes were dropped because the consumer was too slow.
    """

    def __init__(self, limit: int, join: Callable[[QuoteStream], None], leave: Callable[[QuoteStream], None]) -> None:
        """
        @param limit: how many quotes are kept for the consumer.
        @param join: called with the stream when it is entered.
        @param leave: called with the stream when it is left.
        """
        self.dropped = 0
        self._limit = limit
        self._join = join
        self._leave = leave
        self._items: deque[Quote | Gap] = deque()
        self._quotes = 0
        self._waiter: Deferred[None] | None = None
        self._joined = False
        self._over = False
        self._error: CTraderError | None = None

    async def __aenter__(self) -> Self:
        if self._joined:
            raise RuntimeError("a stream of quotes is used once; ask for another one")
        self._joined = True
        self._join(self)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Leave: the iteration ends, and the server is asked to stop sending if nobody else uses the symbol.
        """
        if not self._over:
            self._finish()
            self._items.clear()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Quote | Gap:
        if not self._joined:
            raise RuntimeError("enter the stream first: async with ... as quotes")
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
        item = self._items.popleft()
        self._quotes -= isinstance(item, Quote)
        return item

    # What the spot tells.

    def quoted(self, quote: Quote) -> None:
        """
        @see: L{ctrader_twisted.market.spots.SpotUser.quoted}
        """
        self._items.append(quote)
        self._quotes += 1
        if self._quotes > self._limit:
            self._dropOldest()
        self._wake()

    def missed(self, gap: Gap) -> None:
        """
        @see: L{ctrader_twisted.market.spots.SpotUser.missed}
        """
        self._items.append(gap)

    def refused(self, error: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.market.spots.SpotUser.refused}
        """
        self._error = error
        self._finish()

    def ended(self) -> None:
        """
        There will be no more quotes: what waits is still read, then the iteration ends.
        """
        self._finish()

    def _dropOldest(self) -> None:
        first = self._items.popleft()
        if isinstance(first, Gap):
            self._items.popleft()
            if isinstance(self._items[0], Gap):
                second = self._items.popleft()
                assert isinstance(second, Gap)
                first = Gap(first.start, second.end)
            self._items.appendleft(first)
        self._quotes -= 1
        self.dropped += 1

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
