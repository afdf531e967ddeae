"""
All orders of the account that are heard of, and how those of ours are known again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from ctrader_twisted.errors import OutcomeUnknown
from ctrader_twisted.schema.messages import ProtoOAExecutionEvent, ProtoOAOrder
from ctrader_twisted.trading.deals import Deal
from ctrader_twisted.trading.orderlife import OrderLife, TradeStatus

__all__ = ["Orders"]

_Key = TypeVar("_Key")

_REMEMBERED = 1_000


class Orders:
    """
    The orders that are heard of. Those that somebody here waits for are kept until they end; of all others, of those
    that have ended, and of those whose outcome is unknown, the last 1,000.
    """

    def __init__(self) -> None:
        self._expected: dict[str, OrderLife] = {}
        self._own: dict[int, OrderLife] = {}
        self._others: dict[int, OrderLife] = {}

    def expect(self, life: OrderLife) -> None:
        """
        Take in an order of ours that is about to be sent.

        @param life: the order.
        """
        assert life.wanted is not None
        self._expected[life.wanted.clientOrderId] = life
        _boundUnknown(self._expected)

    def forget(self, life: OrderLife) -> None:
        """
        Drop an order that was refused or never sent.

        @param life: the order.
        """
        assert life.wanted is not None
        self._expected.pop(life.wanted.clientOrderId, None)

    def apply(self, event: ProtoOAExecutionEvent, deal: Deal | None) -> tuple[OrderLife, bool]:
        """
        Give an event to its order.

        @param event: an event that has an order.
        @param deal: its deal, if that is a new one.
        @return: the order, and whether the event tells something newer than what was known.
        """
        life = self._find(event.order)
        isNews = life.follow(event, deal)
        if life.isEnded:
            self.release(life)
        return life, isNews

    def bind(self, life: OrderLife, event: ProtoOAExecutionEvent) -> None:
        """
        The answer to a request tells which order it made, and what became of that.

        @param life: the order of the request.
        @param event: the answer.
        """
        if life.orderId is not None:
            return
        self.forget(life)
        heard = self._others.pop(event.order.orderId, None)
        if heard is None:
            life.follow(event, None)
        else:
            life.adopt(heard)
        if not life.wasAccepted and not life.isEnded:
            life.found(event.order)
        self._own[event.order.orderId] = life
        if life.isEnded:
            self.release(life)

    def watch(self, order: ProtoOAOrder) -> OrderLife:
        """
        Keep an order until it is released.

        @param order: the server's order.
        @return: what is known of it.
        """
        life = self._find(order)
        self._others.pop(order.orderId, None)
        self._own[order.orderId] = life
        return life

    def release(self, life: OrderLife) -> None:
        """
        Nobody waits for an order any more.

        @param life: the order.
        """
        if life.orderId is not None and self._own.pop(life.orderId, None) is not None:
            self._remember(life.orderId, life)

    def unended(self) -> tuple[OrderLife, ...]:
        """
        @return: our orders that have not ended.
        """
        return (*self._expected.values(), *self._own.values())

    def reconciled(self, orders: Sequence[ProtoOAOrder], opened: Mapping[int, int]) -> tuple[OrderLife, ...]:
        """
        Compare our orders with the server's after a login. One that the server does not hold any more was filled if
        its position has come to be open with just its volume; else what became of it is unknown. Orders whose answers
        may still come are left alone.

        @param orders: the server's.
        @param opened: by their ids the volumes of positions that are open, and were empty or unknown before.
        @return: ours, all of which are to be settled.
        """
        for order in orders:
            life = self._find(order)
            if not life.isEnded:
                life.found(order)
        held = {order.orderId for order in orders}
        touched = self.unended()
        for life in touched:
            if life.status is not TradeStatus.SENT and life.orderId not in held:
                life.missed(opened)
            if life.isEnded:
                self.release(life)
        _boundUnknown(self._own)
        return touched

    def _find(self, order: ProtoOAOrder) -> OrderLife:
        life = self._own.get(order.orderId) or self._others.get(order.orderId)
        if life is not None:
            return life
        life = self._expected.get(order.clientOrderId)
        if life is not None and life.wanted is not None and life.wanted.fits(order):
            self.forget(life)
            self._own[order.orderId] = life
            return life
        life = OrderLife()
        self._remember(order.orderId, life)
        return life

    def _remember(self, orderId: int, life: OrderLife) -> None:
        self._others[orderId] = life
        if len(self._others) > _REMEMBERED:
            del self._others[next(iter(self._others))]


def _boundUnknown(lives: dict[_Key, OrderLife]) -> None:
    if len(lives) <= _REMEMBERED:
        return
    unknown = [key for key, life in lives.items() if life.status is TradeStatus.UNKNOWN]
    for key in unknown[:-_REMEMBERED]:
        life = lives.pop(key)
        life.abandon(OutcomeUnknown("too many orders of unknown outcome came after this one", life.subject))
