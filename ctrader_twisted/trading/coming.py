"""
Waiting for our orders that are on their way: nothing that looks at what is held may overlook what is about to be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ctrader_twisted.errors import CTraderError, OutcomeUnknown
from ctrader_twisted.eventual import eventually
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.orderlife import OrderLife, TradeStatus
from ctrader_twisted.trading.position import Position
from ctrader_twisted.trading.trade import Trade

__all__ = ["PATIENCE", "Coming"]

PATIENCE = 45.0
"""
How many seconds the end of an order is waited for: the 30 of a request, and some for finding out what became of it.
"""


class Coming:
    """
    Knows which orders of ours are on their way: those that have neither ended nor wait for their price at the server.
    Closing orders belong to them once they are accepted.
    """

    def __init__(self, books: Books, clock: IReactorTime) -> None:
        """
        @param books: what the account holds.
        @param clock: for the time that the end of an order may take.
        """
        self._books = books
        self._clock = clock

    def orders(self, symbolId: int | None = None, label: str | None = None) -> tuple[OrderLife, ...]:
        """
        Look for orders that are on their way.

        @param symbolId: only of this symbol.
        @param label: only with this label. An order of an earlier run, whose label is not known, has any.
        @return: the orders.
        """
        return tuple(
            life
            for life in self._books.orders.coming()
            if not self._isSettled(life) and symbolId in (None, _symbolId(life)) and _hasLabel(life, label)
        )

    async def settle(self, lives: Iterable[OrderLife]) -> dict[OrderLife, Exception]:
        """
        Wait until orders have ended or wait for their price, each for at most 45 seconds.

        @param lives: the orders.
        @return: those that are still on their way then, and why nothing more is known of them.
        """
        waits = {life: self._bounded(life) for life in lives}
        ended: Iterable[tuple[bool, Any]] = await DeferredList(list(waits.values()), consumeErrors=True)
        results = zip(waits, ended, strict=True)
        return {life: result.value for life, (isSettled, result) in results if not isSettled}

    def _bounded(self, life: OrderLife) -> Deferred[None]:
        def late(failure: Failure) -> Failure:
            if not isinstance(failure.value, TimeoutError):
                return failure
            words = f"an order has neither ended nor begun to wait for its price within {PATIENCE:g} s"
            raise OutcomeUnknown(words, life.subject)

        return eventually(self._settled(life)).addTimeout(PATIENCE, self._clock).addErrback(late)

    async def _settled(self, life: OrderLife) -> None:
        while not self._isSettled(life):
            if life.wasAccepted:
                await life.whenDone()
            else:
                await self._accepted(life)

    async def _accepted(self, life: OrderLife) -> None:
        wasSent = life.status is TradeStatus.SENT
        try:
            await life.whenAccepted()
        except OutcomeUnknown:
            # That no answer came is told once; then it is found out, and whoever waits again is told that.
            if not wasSent:
                raise
        except CTraderError:
            if not life.isEnded:
                raise

    def _isSettled(self, life: OrderLife) -> bool:
        order = self._books.pending.find(life.orderId)
        return life.isEnded or (order is not None and order.isWaiting)


def _symbolId(life: OrderLife) -> int | None:
    if isinstance(life.subject, Position):
        return life.subject.symbolId
    return None if life.wanted is None else life.wanted.symbolId


def _hasLabel(life: OrderLife, label: str | None) -> bool:
    subject = life.subject
    return label is None or not isinstance(subject, Trade | Position) or subject.label == label
