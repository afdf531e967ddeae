"""
Closing positions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ctrader_twisted.errors import IllegalValue, NotFound, OrderRejected, OutcomeUnknown
from ctrader_twisted.eventual import eventually
from ctrader_twisted.schema.messages import (
    ProtoOAClosePositionReq,
    ProtoOAExecutionEvent,
    ProtoOAOrder,
    ProtoOAOrderType,
)
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.changes import Before, Change, ChangeStatus
from ctrader_twisted.trading.deals import Deal, combined
from ctrader_twisted.trading.orderlife import OrderLife, TradeStatus
from ctrader_twisted.trading.orders import Orders
from ctrader_twisted.trading.position import Position, PositionStatus
from ctrader_twisted.trading.sending import Sending
from ctrader_twisted.units import Lots, Quantity, Symbol, Units

__all__ = ["POSITION_GONE", "Closing", "checkOpen", "closingVolume"]

POSITION_GONE = ("POSITION_NOT_FOUND", "POSITION_NOT_OPEN", "POSITION_NOT_FOUND_OR_NOT_OPENED", "ALREADY_CLOSED")
"""
The codes by which the server says that a position is closed.
"""

_PATIENCE = 30.0


class Closing:
    """
    Closes positions, and follows each closing order to its fill.
    """

    def __init__(
        self,
        link: AccountLink,
        clock: IReactorTime,
        sending: Sending,
        orders: Orders,
        symbolById: Callable[[int], Symbol | None],
        gone: Callable[[Position, NotFound], Awaitable[None]],
    ) -> None:
        """
        @param link: the account.
        @param clock: for the time that a fill may take.
        @param sending: the way out.
        @param orders: follows the orders.
        @param symbolById: gives the symbols whose specification is known.
        @param gone: finds out whether a position is closed of which the server says that it is not there.
        """
        self._link = link
        self._clock = clock
        self._sending = sending
        self._orders = orders
        self._symbolById = symbolById
        self._gone = gone
        self._running: set[OrderLife] = set()

    def close(self, position: Position, quantity: Lots | Units | None, timeout: float | None) -> Deferred[Deal]:
        """
        @see: L{Position.close}
        """
        return eventually(self._close(position, quantity, timeout))

    def lost(self, reason: Failure) -> None:
        """
        The connection is lost: the fills of the closes that are under way may go unheard.

        @param reason: why.
        """
        for life in tuple(self._running):
            life.fail(_unknown(life.subject, f"the connection was lost: {reason.getErrorMessage()}"))

    async def closeVolume(self, position: Position, volume: int, timeout: float | None) -> Deal:
        """
        Close so much of a position.

        @param position: the position.
        @param volume: all of its volume, or a multiple of the symbol's step, in hundredths of a unit.
        @param timeout: as with L{Position.close}.
        @return: the closing deal.
        """
        checkOpen(position, ProtoOAClosePositionReq.__name__, self._link.accountId)
        message = ProtoOAClosePositionReq(positionId=position.positionId, volume=volume)
        order = await self._accepted(position, message, timeout)
        return await self._filled(position, message, order, timeout)

    async def _close(self, position: Position, quantity: Lots | Units | None, timeout: float | None) -> Deal:
        checkOpen(position, ProtoOAClosePositionReq.__name__, self._link.accountId)
        volume = closingVolume(position, quantity, self._symbolById(position.symbolId))
        return await self.closeVolume(position, volume, timeout)

    async def _accepted(
        self, position: Position, message: ProtoOAClosePositionReq, timeout: float | None
    ) -> ProtoOAOrder:
        try:
            event = await self._sending.change(message, position, timeout, _isClose)
        except NotFound as error:
            if error.code in POSITION_GONE:
                await self._gone(position, error)
            raise
        return event.order

    async def _filled(
        self, position: Position, message: ProtoOAClosePositionReq, order: ProtoOAOrder, timeout: float | None
    ) -> Deal:
        life = self._orders.watch(order)
        life.subject = position
        self._running.add(life)
        try:
            await life.whenFilled().addTimeout(_PATIENCE if timeout is None else timeout, self._clock)
        except TimeoutError as error:
            self._sending.findOut(life)
            unknown = _unknown(position, "it was accepted, and no fill came in time")
            unknown.change = _changeOf(life, message)
            raise unknown from error
        except OutcomeUnknown as error:
            error.change = _changeOf(life, message)
            raise
        finally:
            self._running.discard(life)
            # Else it is followed to its end: what it closes must not be closed once more.
            if life.isEnded:
                self._orders.release(life)
        return self._outcome(position, order, life)

    def _outcome(self, position: Position, order: ProtoOAOrder, life: OrderLife) -> Deal:
        if not life.fills:
            raise _unknown(position, "it was filled, and its deals were not told")
        deal = combined(life.fills)
        if life.status is TradeStatus.FILLED:
            return deal
        # Whoever takes this for a success believes that nothing is held any more.
        raise OrderRejected(
            f"ORDER_{life.status.name}",
            f"the close of position {position.positionId} ended when {deal.volume} of {order.tradeData.volume} "
            f"hundredths of a unit were closed; {position.volume} are left",
            request="ProtoOAClosePositionReq",
            accountId=self._link.accountId,
        )


def checkOpen(position: Position, request: str, accountId: int) -> None:
    """
    Check that something can be done with a position.

    @param position: the position.
    @param request: the name of the message that would do it.
    @param accountId: the account.
    @raise NotFound: if it is not open.
    """
    if position.status in (PositionStatus.CREATED, PositionStatus.CLOSED):
        raise NotFound(
            "POSITION_NOT_OPEN",
            f"position {position.positionId} is {position.status.name.lower()}",
            request=request,
            accountId=accountId,
        )


def _isClose(event: ProtoOAExecutionEvent) -> bool:
    return event.order.orderType != ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT


def _unknown(position: object, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"the close of {position}: {why}; it is not sent again", position)


def _changeOf(life: OrderLife, message: ProtoOAClosePositionReq) -> Change:
    change = Change(message, life.subject, Before(0, 0))
    life.whenDone().addCallbacks(
        lambda life: change.resolve(ChangeStatus.DONE if life.status is TradeStatus.FILLED else ChangeStatus.NOT_DONE),
        lambda failure: change.resolve(ChangeStatus.UNTOLD),
    )
    return change


def closingVolume(position: Position, quantity: Lots | Units | None, symbol: Symbol | None) -> int:
    """
    Find by how much a position can be closed.

    @param position: the position.
    @param quantity: how much of it; L{None} for all.
    @param symbol: its symbol, if that is known; a part needs it.
    @return: the volume, in hundredths of a unit.
    @raise IllegalValue: if it cannot be closed by so much, with the nearest that can, where there is one.
    """
    if quantity is None:
        return position.volume
    if symbol is None:
        raise IllegalValue(
            f"to close a part of position {position.positionId}, symbol {position.symbolId} must be looked up first"
        )
    whole = _whole(position, type(quantity), symbol)
    # The rest of a position may be closed though it is no legal quantity for an order.
    if quantity == whole:
        return position.volume
    volume = symbol.volume(quantity)
    if volume > position.volume:
        raise IllegalValue(f"position {position.positionId} holds {whole}, not {quantity}", (whole,))
    return volume


def _whole(position: Position, kind: type[Quantity], symbol: Symbol) -> Quantity:
    if kind is Lots:
        try:
            return symbol.lots(position.volume)
        except IllegalValue:
            pass
    return symbol.units(position.volume)
