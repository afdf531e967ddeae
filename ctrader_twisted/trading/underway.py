"""
What has left and is not in the books yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from attrs import define, field
from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ctrader_twisted.errors import OutcomeUnknown
from ctrader_twisted.schema.messages import ProtoOAExecutionEvent, ProtoOANewOrderReq
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.orderlife import OrderLife, TradeStatus
from ctrader_twisted.trading.outcome import judge
from ctrader_twisted.trading.position import Position

__all__ = ["Underway"]

_DOUBT = 60.0


@define(eq=False)
class _Leaving:
    """
    A request that may open or close something.

    @ivar symbolId: what it opens; L{None} if it opens nothing.
    @ivar positionId: what it reduces; L{None} if it reduces nothing.
    @ivar volume: how much, in hundredths of a unit.
    @ivar life: the order as it is followed, if it was sent by the account's own methods.
    @ivar orderId: the order that it has made, once that is known.
    @ivar answered: those who wait for its answer.
    @ivar until: when it ceases to count, in seconds, once it has been answered or its outcome is unknown.
    """

    symbolId: int | None
    positionId: int | None
    volume: int
    life: OrderLife | None = None
    orderId: int | None = None
    until: float | None = None
    answered: Waiters[None] = field(factory=Waiters)


class Underway:
    """
    Counts what orders may yet open or reduce, each once: a request until it is answered, then its order until that is
    filled, waits for its price, or has ended. A raw request of which nothing more is heard counts for another minute;
    an order that is followed, until its outcome is known.
    """

    def __init__(self, books: Books, seconds: Callable[[], float]) -> None:
        """
        @param books: what the account holds.
        @param seconds: a clock that nobody sets.
        """
        self._books = books
        self._seconds = seconds
        self._leaving: dict[_Leaving, None] = {}

    def opens(self, message: Message, symbolId: int, volume: int) -> Callable[[object], object]:
        """
        Something leaves that may open something.

        @param message: the request.
        @param symbolId: the symbol.
        @param volume: how much it may open, in hundredths of a unit.
        @return: to be called with its answer, or its L{Failure}.
        """
        return self._add(_Leaving(symbolId, None, volume, self._lifeOf(message)))

    def reduces(self, message: Message, positionId: int, volume: int) -> Callable[[object], object]:
        """
        Something leaves that makes a position smaller.

        @param message: the request.
        @param positionId: the position.
        @param volume: by how much, in hundredths of a unit.
        @return: as L{opens}.
        """
        return self._add(_Leaving(None, positionId, volume, self._lifeOf(message)))

    def opening(self) -> Counter[int]:
        """
        @return: by symbol what may yet be opened by what has left; orders that wait for their price are not counted.
        """
        opening: Counter[int] = Counter()
        for leaving in self._current():
            if leaving.symbolId is not None:
                opening[leaving.symbolId] += self._left(leaving)
        for life in self._followed():
            if life.wanted is not None:
                opening[life.wanted.symbolId] += _unfilled(life)
        return opening

    def reducing(self, position: Position, isNetted: bool) -> int:
        """
        @param position: a position.
        @param isNetted: whether whatever is on its other side makes it smaller.
        @return: by how much what has left, or waits for its price, may yet make it smaller.
        """

        def isAgainst(symbolId: int, side: Side, positionId: int | None) -> bool:
            isTarget = positionId == position.positionId or (isNetted and symbolId == position.symbolId)
            return isTarget and side is not position.side

        taken = sum(self._left(each) for each in self._current() if each.positionId == position.positionId)
        for life in self._followed():
            wanted = life.wanted
            if wanted is not None and isAgainst(wanted.symbolId, Side(wanted.tradeSide), life.positionId):
                taken += _unfilled(life)
        for order in self._books.pending.all():
            if isAgainst(order.symbolId, order.side, order.positionId):
                taken += order.volume - order.executedVolume
        return taken

    def unanswered(self) -> list[Deferred[None]]:
        """
        @return: for each raw request that has not been answered, a Deferred that fires when it is, or has failed.
        """
        return [each.answered.wait() for each in self._current() if each.life is None and each.until is None]

    def raw(self) -> list[OrderLife]:
        """
        @return: the orders that raw requests have made, and that have neither ended nor wait for their price.
        """
        orders = self._books.orders
        found = (orders.byId(each.orderId) for each in self._current() if each.orderId is not None)
        return [life for life in found if life is not None]

    def doubtful(self) -> dict[object, Exception]:
        """
        @return: for each raw request that may open something, and of whose outcome nothing is known, an error which
            tells so, by what the request is in words.
        """
        unknown = (each for each in self._current() if each.life is None and each.orderId is None)
        return {
            f"a raw request {number} of symbol {each.symbolId}": OutcomeUnknown("it has left and was not answered")
            for number, each in enumerate(unknown, 1)
            if each.symbolId is not None
        }

    def _add(self, leaving: _Leaving) -> Callable[[object], object]:
        self._leaving = dict.fromkeys(self._current())
        self._leaving[leaving] = None
        return lambda result: self._passed(leaving, result)

    def _passed(self, leaving: _Leaving, result: object) -> None:
        leaving.until = self._seconds() + _DOUBT
        if isinstance(result, ProtoOAExecutionEvent) and result.HasField("order"):
            leaving.orderId = result.order.orderId
        elif not (isinstance(result, Failure) and _isUnknown(result)):
            self._leaving.pop(leaving, None)
        leaving.answered.fire(None)

    def _current(self) -> Iterator[_Leaving]:
        return (leaving for leaving in tuple(self._leaving) if self._counts(leaving))

    def _counts(self, leaving: _Leaving) -> bool:
        if leaving.life is not None:
            # Later it is found among the orders that are followed, or has become a position or nothing.
            return leaving.life.status is TradeStatus.SENT
        if leaving.until is not None and leaving.until <= self._seconds():
            return False
        if leaving.orderId is None:
            return True
        life = self._books.orders.byId(leaving.orderId)
        return life is not None and not life.isEnded and self._books.pending.find(leaving.orderId) is None

    def _left(self, leaving: _Leaving) -> int:
        life = None if leaving.orderId is None else self._books.orders.byId(leaving.orderId)
        return leaving.volume - (0 if life is None else _filled(life))

    def _followed(self) -> Iterator[OrderLife]:
        # Until its first event an order is counted as a request; what waits for its price is in the books.
        waiting = {order.orderId for order in self._books.pending.all()}
        for life in self._books.orders.unended():
            if life.status is not TradeStatus.SENT and life.orderId not in waiting:
                yield life

    def _lifeOf(self, message: Message) -> OrderLife | None:
        if not isinstance(message, ProtoOANewOrderReq) or not message.clientOrderId:
            return None
        life = self._books.orders.byClientOrderId(message.clientOrderId)
        isTaken = any(leaving.life is life for leaving in self._leaving)
        return None if life is None or life.status is not TradeStatus.SENT or isTaken else life


def _isUnknown(failure: Failure) -> bool:
    return not isinstance(failure.value, Exception) or isinstance(judge(failure.value, None), OutcomeUnknown)


def _filled(life: OrderLife) -> int:
    return sum(deal.volume for deal in life.fills)


def _unfilled(life: OrderLife) -> int:
    return (0 if life.wanted is None else life.wanted.volume) - _filled(life)
