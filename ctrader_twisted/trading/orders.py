"""
All orders of the account that are heard of, and how those of ours are known again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from twisted.logger import Logger

from ctrader_twisted.errors import OutcomeUnknown
from ctrader_twisted.schema.messages import ProtoOAExecutionEvent, ProtoOAOrder
from ctrader_twisted.trading.deals import Deal
from ctrader_twisted.trading.orderlife import OrderLife, TradeStatus

__all__ = ["Orders"]

_Key = TypeVar("_Key")

_REMEMBERED = 1_000
_IDS_REMEMBERED = 10_000


class Orders:
    """
    The orders that are heard of. Those that somebody here waits for are kept until they end; of all others, of those
    that have ended, and of those whose outcome is unknown, the last 1,000.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._expected: dict[str, OrderLife] = {}
        self._own: dict[int, OrderLife] = {}
        self._others: dict[int, OrderLife] = {}
        self._ids: dict[str, None] = {}
        # Those that leave when they are in the journal.
        self._prepared: dict[OrderLife, None] = {}
        # Those that are taken for never having reached the server.
        self._absent: dict[str, OrderLife] = {}

    def prepare(self, life: OrderLife) -> None:
        """
        Take in an order of ours that is being written into the journal.

        @param life: the order.
        """
        self._prepared[life] = None

    def prepared(self, life: OrderLife) -> None:
        """
        An order is in the journal, or cannot be written there.

        @param life: the order.
        """
        self._prepared.pop(life, None)

    def expect(self, life: OrderLife) -> None:
        """
        Take in an order of ours that is about to be sent.

        @param life: the order.
        """
        assert life.wanted is not None
        self._expected[life.wanted.clientOrderId] = life
        self._ids[life.wanted.clientOrderId] = None
        if len(self._ids) > _IDS_REMEMBERED:
            del self._ids[next(iter(self._ids))]
        _boundUnknown(self._expected)

    def recall(self, life: OrderLife, orderId: int | None) -> None:
        """
        Take in an order that an earlier process may have sent. What became of it has to be found out.

        @param life: the order.
        @param orderId: the server's number for it, if that is known.
        """
        if orderId is None:
            self.expect(life)
        else:
            heard = self._others.pop(orderId, None)
            if heard is not None:
                life.adopt(heard)
            life.orderId = orderId
            self._own[orderId] = life
        life.missed()

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
        if not self._join(life, event.order):
            life.follow(event, None)
        if not life.wasAccepted and not life.isEnded:
            life.found(event.order)
        if life.isEnded:
            self.release(life)

    def told(self, life: OrderLife, order: ProtoOAOrder, fills: Sequence[Deal]) -> None:
        """
        The server was asked what became of an order of ours.

        @param life: the order.
        @param order: the server's order.
        @param fills: its deals.
        """
        if life.orderId is None:
            self._join(life, order)
        life.told(order, fills)
        if life.isEnded:
            self.release(life)

    def missing(self, life: OrderLife, error: Exception) -> None:
        """
        An order of ours has never reached the server.

        @param life: the order.
        @param error: says so.
        """
        assert life.wanted is not None
        self.forget(life)
        self._absent[life.wanted.clientOrderId] = life
        if len(self._absent) > _REMEMBERED:
            del self._absent[next(iter(self._absent))]
        life.refused(error)

    def revive(self, life: OrderLife) -> None:
        """
        An order may have been taken for one that never reached the server, and it is there: it is followed again.

        @param life: the order.
        """
        assert life.wanted is not None
        if self._absent.pop(life.wanted.clientOrderId, None) is not None:
            self._log.error("order {order} was taken for one that never came", order=life.wanted.clientOrderId)
            life.revive()
            self.expect(life)

    def isOwn(self, order: ProtoOAOrder) -> bool:
        """
        @param order: the server's order.
        @return: whether it is one of the last 10,000 that were sent here.
        """
        return order.clientOrderId in self._ids

    def byId(self, orderId: int) -> OrderLife | None:
        """
        @param orderId: the server's number of an order.
        @return: what is known of it, if anything is.
        """
        return self._own.get(orderId) or self._others.get(orderId)

    def byClientOrderId(self, clientOrderId: str) -> OrderLife | None:
        """
        @param clientOrderId: the id of an order of ours that has not ended.
        @return: what is known of it, if it is followed.
        """
        known = self._expected.get(clientOrderId)
        own = (life for life in self._own.values() if life.wanted and life.wanted.clientOrderId == clientOrderId)
        return known or next(own, None)

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

    def coming(self) -> tuple[OrderLife, ...]:
        """
        @return: our orders that have not ended, and those that are being written into the journal.
        """
        return (*self._prepared, *self.unended())

    def reconciled(self, orders: Sequence[ProtoOAOrder]) -> tuple[OrderLife, ...]:
        """
        Compare our orders with the server's after a login. What became of one that the server does not hold any more
        has to be found out. Orders whose answers may still come are left alone.

        @param orders: the server's.
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
                life.missed()
        _boundUnknown(self._own)
        return touched

    def _find(self, order: ProtoOAOrder) -> OrderLife:
        life = self.byId(order.orderId)
        if life is not None:
            return life
        life = self._expected.get(order.clientOrderId) or self._absent.get(order.clientOrderId)
        if life is not None and life.wanted is not None and life.wanted.fits(order):
            self.revive(life)
            self.forget(life)
            self._own[order.orderId] = life
            return life
        life = OrderLife()
        self._remember(order.orderId, life)
        return life

    def _join(self, life: OrderLife, order: ProtoOAOrder) -> bool:
        self.forget(life)
        heard = self._others.pop(order.orderId, None)
        if heard is not None:
            life.adopt(heard)
        self._own[order.orderId] = life
        return heard is not None

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
