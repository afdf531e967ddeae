"""
What is known of a single order, however its events come: in any order, twice, or before the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import TYPE_CHECKING

from attrs import frozen
from twisted.internet.defer import Deferred, fail, succeed

from ctrader_twisted.errors import OrderRejected, ServerError
from ctrader_twisted.schema.messages import (
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
)
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.trading.deals import Deal
from ctrader_twisted.trading.outcome import rejection
from ctrader_twisted.trading.position import Position
from ctrader_twisted.wire.refusals import refusal

if TYPE_CHECKING:
    from ctrader_twisted.trading.pending import PendingOrder

__all__ = ["STATUSES", "OrderLife", "TradeStatus", "Wanted"]


class TradeStatus(Enum):
    """
    How far an order has come.

    C{UNKNOWN} means that it was sent and that what became of it has yet to be found out.
    C{CANCELLED} and C{EXPIRED} orders may have been filled in part.
    """

    SENT = "sent"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


_ENDS = frozenset((TradeStatus.FILLED, TradeStatus.CANCELLED, TradeStatus.EXPIRED, TradeStatus.REJECTED))
_STAGES = {
    ProtoOAExecutionType.ORDER_ACCEPTED: TradeStatus.ACCEPTED,
    ProtoOAExecutionType.ORDER_REPLACED: TradeStatus.ACCEPTED,
    ProtoOAExecutionType.ORDER_PARTIAL_FILL: TradeStatus.ACCEPTED,
    ProtoOAExecutionType.ORDER_FILLED: TradeStatus.FILLED,
    ProtoOAExecutionType.ORDER_CANCELLED: TradeStatus.CANCELLED,
    ProtoOAExecutionType.ORDER_EXPIRED: TradeStatus.EXPIRED,
    ProtoOAExecutionType.ORDER_REJECTED: TradeStatus.REJECTED,
}
_AMENDABLE = (ProtoOAOrderType.LIMIT, ProtoOAOrderType.STOP, ProtoOAOrderType.STOP_LIMIT)
_WORDS = {TradeStatus.CANCELLED: "was cancelled", TradeStatus.EXPIRED: "expired", TradeStatus.REJECTED: "was rejected"}

STATUSES = {
    ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED: TradeStatus.ACCEPTED,
    ProtoOAOrderStatus.ORDER_STATUS_FILLED: TradeStatus.FILLED,
    ProtoOAOrderStatus.ORDER_STATUS_REJECTED: TradeStatus.REJECTED,
    ProtoOAOrderStatus.ORDER_STATUS_EXPIRED: TradeStatus.EXPIRED,
    ProtoOAOrderStatus.ORDER_STATUS_CANCELLED: TradeStatus.CANCELLED,
}
"""
How far an order has come, by what the server says of it.
"""


@frozen
class Wanted:
    """
    How an order that was sent is known again.

    @ivar clientOrderId: the id that was sent with it.
    @ivar symbolId: its symbol.
    @ivar tradeSide: its side, as in the schema.
    @ivar volume: its volume, in hundredths of a unit.
    """

    clientOrderId: str
    symbolId: int
    tradeSide: int
    volume: int

    def fits(self, order: ProtoOAOrder) -> bool:
        """
        Tell whether the server's order is this one. The protective order carries the same id, and another client may
        use it too.

        @param order: the server's order.
        """
        return order.clientOrderId == self.clientOrderId and self._isAlike(order)

    def fitsAmended(self, order: ProtoOAOrder) -> bool:
        """
        Tell whether the server's order may be this one, after somebody has changed its volume.

        @param order: the server's order.
        """
        data = order.tradeData
        return (
            order.clientOrderId == self.clientOrderId
            and order.orderType in _AMENDABLE
            and (data.symbolId, data.tradeSide) == (self.symbolId, self.tradeSide)
        )

    def fitsAnswer(self, order: ProtoOAOrder) -> bool:
        """
        Tell whether an order that the answer to this one's request carries is this one. It may be the protective order
        or another that came of it; and servers may not repeat the id.

        @param order: the server's order.
        """
        return order.clientOrderId in ("", self.clientOrderId) and self._isAlike(order)

    def _isAlike(self, order: ProtoOAOrder) -> bool:
        data = order.tradeData
        return order.orderType != ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT and (
            (data.symbolId, data.tradeSide, data.volume) == (self.symbolId, self.tradeSide, self.volume)
        )


class OrderLife:
    """
    One order, from sending to its end.

    @ivar wanted: how to know it again, for an order of ours.
    @ivar subject: the live object that a caller has of it; goes into L{OutcomeUnknown}.
    @ivar orderId: the server's number for it, once known.
    @ivar positionId: the position that it is for, once known.
    @ivar position: that position as a live object, once known.
    @ivar pending: itself as a live object, if it is one of those that wait for their price.
    @ivar status: how far it has come.
    @ivar fills: its deals, in the order in which they came.
    @ivar error: why nothing was filled, once it has ended so.
    @ivar wasAccepted: whether the server has taken it.
    @ivar recorder: called with this before those who wait are told; L{None} for nobody.
    @ivar whenEnded: called once with this, when it has ended and those who wait have been told; L{None} for nobody.
    """

    def __init__(self, wanted: Wanted | None = None) -> None:
        """
        @param wanted: how to know it again, for an order of ours.
        """
        self.wanted = wanted
        self.subject: object | None = None
        self.orderId: int | None = None
        self.positionId: int | None = None
        self.position: Position | None = None
        self.pending: PendingOrder | None = None
        self.status = TradeStatus.SENT
        self.fills: tuple[Deal, ...] = ()
        self.error: Exception | None = None
        self.wasAccepted = False
        self.recorder: Callable[[OrderLife], None] | None = None
        self.whenEnded: Callable[[OrderLife], None] | None = None
        # Why nobody hears of it any more, as long as nobody does.
        self._abandoned: Exception | None = None
        self._accepted: Waiters[OrderLife] = Waiters()
        self._filled: Waiters[OrderLife] = Waiters()
        self._done: Waiters[OrderLife] = Waiters()

    @property
    def isEnded(self) -> bool:
        """
        Whether nothing more will be filled.
        """
        return self.status in _ENDS

    # Waiting.

    def whenAccepted(self) -> Deferred[OrderLife]:
        """
        @see: L{ctrader_twisted.trading.trade.Trade.whenAccepted}
        """
        if self.wasAccepted:
            return succeed(self)
        return fail(self.error) if self.error is not None else self._wait(self._accepted)

    def whenFilled(self) -> Deferred[OrderLife]:
        """
        @see: L{ctrader_twisted.trading.trade.Trade.whenFilled}
        """
        if self.error is not None:
            return fail(self.error)
        return succeed(self) if self.isEnded else self._wait(self._filled)

    def whenDone(self) -> Deferred[OrderLife]:
        """
        @see: L{ctrader_twisted.trading.trade.Trade.whenDone}
        """
        return succeed(self) if self.isEnded else self._wait(self._done)

    def settle(self) -> None:
        """
        Answer those who wait for what has happened by now.
        """
        if self.recorder is not None:
            self.recorder(self)
        if self.wasAccepted:
            self._accepted.fire(self)
        if not self.isEnded:
            return
        if self.error is None:
            self._filled.fire(self)
        else:
            self._accepted.fail(self.error)
            self._filled.fail(self.error)
        self._done.fire(self)
        ended, self.whenEnded = self.whenEnded, None
        if ended is not None:
            ended(self)

    def unanswered(self, error: Exception) -> None:
        """
        The order went out and no answer came: who waits for its acceptance is told, and may wait again.

        @param error: says so.
        """
        self.status = TradeStatus.UNKNOWN
        self._accepted.fail(error)

    def fail(self, error: Exception) -> None:
        """
        Answer those who wait that there is nothing to wait for.

        @param error: why.
        """
        # Whoever waits for the fill may go on to wait for the end.
        for waiters in (self._done, self._accepted, self._filled):
            waiters.fail(error)

    def abandon(self, error: Exception) -> None:
        """
        Nobody follows the order any more: answer those who wait, and those who ask until it is heard of again.

        @param error: why.
        """
        self._abandoned = error
        self.fail(error)

    def _wait(self, waiters: Waiters[OrderLife]) -> Deferred[OrderLife]:
        return waiters.wait() if self._abandoned is None else fail(self._abandoned)

    # What happens.

    def follow(self, event: ProtoOAExecutionEvent, deal: Deal | None) -> bool:
        """
        Take in an event of this order.

        @param event: the event.
        @param deal: its deal, if that is a new one.
        @return: whether it tells something newer than what is known.
        """
        accepted = event.executionType == ProtoOAExecutionType.ORDER_ACCEPTED
        isLate = self.isEnded or (accepted and bool(self.fills))
        self._name(event.order)
        if deal is not None:
            self.fill(deal)
        stage = _STAGES.get(event.executionType)
        if stage is not None and not isLate:
            self._reach(stage, event)
        return deal is not None or not isLate

    def found(self, order: ProtoOAOrder) -> None:
        """
        The order is among those that the server holds.

        @param order: the server's order.
        """
        self._name(order)
        self.status = TradeStatus.ACCEPTED
        self.wasAccepted = True

    def fill(self, deal: Deal) -> None:
        """
        A part of it was executed, or all.

        @param deal: the deal; one that is known already counts once.
        """
        if deal.dealId in {known.dealId for known in self.fills}:
            return
        self.fills = tuple(sorted((*self.fills, deal), key=lambda each: (each.executed, each.dealId)))
        self.error = None
        self.wasAccepted = True

    def told(self, order: ProtoOAOrder, fills: Iterable[Deal]) -> None:
        """
        The server was asked what became of the order.

        @param order: the server's order.
        @param fills: its deals.
        """
        self._name(order)
        for deal in fills:
            self.fill(deal)
        if self.isEnded:
            return
        self.status = STATUSES[order.orderStatus]
        self.wasAccepted = self.wasAccepted or self.status in (TradeStatus.ACCEPTED, TradeStatus.FILLED)
        if self.isEnded and self.status is not TradeStatus.FILLED and not self.fills:
            self.error = _ended(self.status, order)

    def missed(self) -> None:
        """
        The order is not among those that the server holds, and its end was not heard: that has to be found out.
        """
        self._abandoned = None
        self.status = TradeStatus.UNKNOWN

    def revive(self) -> None:
        """
        The order was taken for one that never reached the server, and it is there after all.
        """
        self.status, self.error = TradeStatus.UNKNOWN, None

    def refused(self, error: Exception) -> None:
        """
        The order was refused, or not even sent.

        @param error: why.
        """
        self.status = TradeStatus.REJECTED
        self.error = error

    def adopt(self, other: OrderLife) -> None:
        """
        Take over what was heard of the order before it was known to be this one.

        @param other: what was heard.
        """
        self.orderId, self.positionId, self.position = other.orderId, other.positionId, other.position
        self.status, self.fills, self.error = other.status, other.fills, other.error
        self.wasAccepted = other.wasAccepted

    def _name(self, order: ProtoOAOrder) -> None:
        self._abandoned = None
        self.orderId = order.orderId
        self.positionId = order.positionId or self.positionId

    def _reach(self, stage: TradeStatus, event: ProtoOAExecutionEvent) -> None:
        self.status = stage
        self.wasAccepted = self.wasAccepted or stage in (TradeStatus.ACCEPTED, TradeStatus.FILLED)
        if self.isEnded and stage is not TradeStatus.FILLED and not self.fills:
            self.error = _whyUnfilled(stage, event)


def _whyUnfilled(stage: TradeStatus, event: ProtoOAExecutionEvent) -> ServerError:
    refused = refusal(event, _request(event.order))
    if refused is not None:
        return rejection(refused)
    return _ended(stage, event.order, event.errorCode, event.ctidTraderAccountId)


def _ended(stage: TradeStatus, order: ProtoOAOrder, code: str = "", accountId: int | None = None) -> OrderRejected:
    return OrderRejected(
        code or f"ORDER_{stage.name}",
        f"order {order.orderId} {_WORDS[stage]} before anything was filled",
        request=_request(order),
        accountId=accountId,
    )


def _request(order: ProtoOAOrder) -> str:
    return "ProtoOAClosePositionReq" if order.closingOrder else "ProtoOANewOrderReq"
