"""
Changing what is there: cancelling and amending pending orders, and protecting positions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.errors import AlreadySo, Busy, CTraderError, IllegalValue, NotFound, OrderRejected
from ctrader_twisted.schema.messages import (
    ProtoOAAmendPositionSLTPReq,
    ProtoOACancelOrderReq,
    ProtoOADeal,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAOrder,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderStatus,
)
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.amendments import amendedOrder, protection
from ctrader_twisted.trading.closing import POSITION_GONE, checkOpen
from ctrader_twisted.trading.levels import Market
from ctrader_twisted.trading.options import OrderChanges, ProtectionChanges
from ctrader_twisted.trading.pending import PendingOrder
from ctrader_twisted.trading.position import Position
from ctrader_twisted.trading.sending import Sending
from ctrader_twisted.trading.turns import Turns
from ctrader_twisted.units import Symbol

__all__ = ["Amending"]

_A_MOMENT = 5.0
_ENDS = (
    ProtoOAExecutionType.ORDER_CANCELLED,
    ProtoOAExecutionType.ORDER_EXPIRED,
    ProtoOAExecutionType.ORDER_FILLED,
)


class Amending:
    """
    Changes orders and positions, those of other clients too. Since each change carries the whole state, those of one
    object follow each other.
    """

    def __init__(
        self,
        link: AccountLink,
        clock: IReactorTime,
        sending: Sending,
        *,
        market: Callable[[Symbol | None], Market],
        gone: Callable[[Position, NotFound], Awaitable[None]],
        orderGone: Callable[[PendingOrder, ProtoOAOrder | None, Iterable[ProtoOADeal]], None],
    ) -> None:
        """
        @param link: the account.
        @param clock: for the time that the levels of a new position may take.
        @param sending: the way out.
        @param market: tells what is known outside.
        @param gone: finds out whether a position is closed of which the server says that it is not there.
        @param orderGone: told of an order of which the server says that it does not wait any more, with the server's
            last message of it and its deals, if it could be asked for them.
        """
        self._link = link
        self._clock = clock
        self._sending = sending
        self._market = market
        self._gone = gone
        self._orderGone = orderGone
        self._turns = Turns()

    def cancel(self, order: PendingOrder, timeout: float | None) -> Deferred[PendingOrder]:
        """
        @see: L{PendingOrder.cancel}
        """
        return self._turns.take(order, lambda: self._cancel(order, timeout))

    def amend(self, order: PendingOrder, changes: OrderChanges, timeout: float | None) -> Deferred[PendingOrder]:
        """
        @see: L{PendingOrder.amend}
        """
        return self._turns.take(order, lambda: self._amend(order, changes, timeout))

    def protect(self, position: Position, changes: ProtectionChanges, timeout: float | None) -> Deferred[Position]:
        """
        @see: L{Position.protect}
        """
        return self._turns.take(position, lambda: self._protect(position, changes, timeout))

    async def _cancel(self, order: PendingOrder, timeout: float | None) -> PendingOrder:
        if not order.isWaiting:
            return order
        message = ProtoOACancelOrderReq(orderId=order.orderId)
        try:
            await self._sending.change(message, order, timeout, lambda event: _isEndOf(order, event))
        except NotFound as error:
            await self._findOut(order)
            if order.isWaiting:
                words = "the server does not find the order, and holds it; nothing was executed"
                raise Busy(error.code, words, request=error.request, accountId=error.accountId) from error
        except OrderRejected:
            # It may have been filled meanwhile.
            if order.isWaiting:
                raise
        return order

    async def _amend(self, order: PendingOrder, changes: OrderChanges, timeout: float | None) -> PendingOrder:
        if not order.isWaiting:
            raise NotFound(
                "ORDER_NOT_FOUND",
                f"order {order.orderId} does not wait any more: {order.status.name.lower()}",
                request="ProtoOAAmendOrderReq",
                accountId=self._link.accountId,
            )
        symbol = order.symbol
        if symbol is None:
            raise IllegalValue(f"to amend order {order.orderId}, symbol {order.symbolId} must be looked up first")
        message = amendedOrder(order.told, changes, symbol, self._market(symbol))
        try:
            await self._sending.change(message, order, timeout, lambda event: event.order.orderId == order.orderId)
        except NotFound:
            await self._findOut(order)
            raise
        except OrderRejected as error:
            if not _isSo(error):
                raise
        return order

    async def _findOut(self, order: PendingOrder) -> None:
        if not order.isWaiting:
            return
        try:
            details = await self._link.request(ProtoOAOrderDetailsReq(orderId=order.orderId))
        except CTraderError:
            self._orderGone(order, None, ())
        else:
            if details.order.orderStatus != ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED:
                self._orderGone(order, details.order, details.deal)

    async def _protect(self, position: Position, changes: ProtectionChanges, timeout: float | None) -> Position:
        request = ProtoOAAmendPositionSLTPReq.__name__
        checkOpen(position, request, self._link.accountId)
        await self._levelsOf(position, request)
        symbol = position.symbol
        for message in protection(position, changes, symbol, self._market(symbol)):
            await self._overwrite(position, message, timeout)
        return position

    async def _levelsOf(self, position: Position, request: str) -> None:
        try:
            await position.whenProtected().addTimeout(_A_MOMENT, self._clock)
        except TimeoutError:
            words = f"the levels of position {position.positionId} are just being made; nothing was sent"
            raise Busy("PENDING_EXECUTION", words, request=request, accountId=self._link.accountId) from None

    async def _overwrite(self, position: Position, message: ProtoOAAmendPositionSLTPReq, timeout: float | None) -> None:
        try:
            await self._sending.change(message, position, timeout, lambda event: _isAbout(position, event))
        except NotFound as error:
            if error.code in POSITION_GONE:
                await self._gone(position, error)
            raise
        except OrderRejected as error:
            if not _isSo(error):
                raise


def _isEndOf(order: PendingOrder, event: ProtoOAExecutionEvent) -> bool:
    return event.order.orderId == order.orderId and event.executionType in _ENDS


def _isAbout(position: Position, event: ProtoOAExecutionEvent) -> bool:
    return position.positionId in (event.order.positionId, event.position.positionId)


def _isSo(error: OrderRejected) -> bool:
    return isinstance(error.__cause__, AlreadySo) or "nothing to amend" in error.description.lower()
