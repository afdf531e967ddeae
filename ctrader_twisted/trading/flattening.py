"""
Flattening an account that is halted: all that waits is cancelled, and all that is open or about to be is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.coming import PATIENCE, Coming
from ctrader_twisted.trading.orderlife import OrderLife
from ctrader_twisted.trading.sweeping import attempt, partly
from ctrader_twisted.trading.underway import Underway

__all__ = ["Flattening"]

_ROUNDS = 10


class Flattening:
    """
    Cancels and closes, and waits for what is on its way, until nothing is left. What could not be cancelled or closed
    is not tried again.
    """

    def __init__(self, books: Books, clock: IReactorTime, underway: Underway) -> None:
        """
        @param books: what the account holds.
        @param clock: for the time that the end of an order may take.
        @param underway: knows which raw requests are on their way.
        """
        self._books = books
        self._clock = clock
        self._underway = underway
        self._coming = Coming(books, clock)
        self._deadline = clock.seconds() + PATIENCE
        self._done: list[object] = []
        self._failed: dict[object, Exception] = {}
        self._unknown: dict[OrderLife, Exception] = {}

    async def run(self) -> None:
        """
        Do it, once. The account must be halted before, so that what has not left yet does not leave.

        @raise PartlyDone: if something is left, or may be.
        """
        for _ in range(_ROUNDS):
            if not await self._goOn():
                break
        failed = self._left()
        if failed:
            raise partly("flattening the account", len(self._done) + len(failed), tuple(self._done), failed)

    async def _goOn(self) -> bool:
        # What is there is not kept waiting by what is on its way.
        orders = [each for each in self._books.pending.all() if each not in self._failed]
        # An order that waits could open what was just closed.
        await self._attempt({each: each.cancel() for each in orders})
        positions = [each for each in self._books.positions.open() if each not in self._failed]
        await self._attempt({each: each.close() for each in positions})
        isAnswered = await self._answers()
        lives = [each for each in self._onTheirWay() if each not in self._unknown]
        self._unknown.update(await self._coming.settle(lives))
        return bool(orders or positions or isAnswered or lives)

    async def _answers(self) -> bool:
        left = self._deadline - self._clock.seconds()
        if left <= 0:
            return False
        answers = [each.addTimeout(left, self._clock) for each in self._underway.unanswered()]
        await DeferredList(answers, consumeErrors=True)
        return bool(answers)

    async def _attempt(self, running: Mapping[Any, Deferred[Any]]) -> None:
        done, failed = await attempt(running)
        self._done += done
        self._failed.update(failed)

    def _onTheirWay(self) -> tuple[OrderLife, ...]:
        return tuple(dict.fromkeys((*self._coming.orders(), *self._underway.raw())))

    def _left(self) -> dict[object, Exception]:
        held = (*self._books.pending.all(), *self._books.positions.open())
        left: dict[object, Exception] = {each: self._failed.get(each) or _newcomer() for each in held}
        for life in self._onTheirWay():
            left[life.subject or life] = self._unknown.get(life) or _newcomer()
        left.update(self._underway.doubtful())
        return left


def _newcomer() -> Exception:
    return CTraderError("it came while others were cancelled and closed; halt(flatten=True) once more takes it too")
