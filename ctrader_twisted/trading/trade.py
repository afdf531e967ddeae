"""
One order of ours, as a live object.
"""

from __future__ import annotations

from typing import Unpack

from twisted.internet.defer import Deferred

from ctrader_twisted.errors import NotFound, OutcomeUnknown
from ctrader_twisted.eventual import eventually
from ctrader_twisted.trading.deals import Deal, Side
from ctrader_twisted.trading.options import OrderChanges, checkNames
from ctrader_twisted.trading.orderlife import OrderLife, TradeStatus
from ctrader_twisted.trading.pending import PendingOrder
from ctrader_twisted.trading.position import Position
from ctrader_twisted.trading.quantities import lotsOf, unitsOf
from ctrader_twisted.units import Lots, Symbol, Units

__all__ = ["Trade"]


class Trade:
    """
    An order, kept current by the account's events until it ends. Its attributes are for reading.

    @ivar clientOrderId: our id for it.
    @ivar symbol: the symbol.
    @ivar side: its direction.
    @ivar volume: its volume as it was ordered, in hundredths of a unit; C{order} tells of amendments.
    @ivar label: its label.
    @ivar comment: its comment.
    """

    def __init__(
        self, life: OrderLife, *, clientOrderId: str, symbol: Symbol, side: Side, volume: int, label: str, comment: str
    ) -> None:
        """
        @param life: what is known of the order.
        @param clientOrderId: our id for it.
        @param symbol: the symbol.
        @param side: its direction.
        @param volume: its volume, in hundredths of a unit.
        @param label: its label.
        @param comment: its comment.
        """
        self.clientOrderId = clientOrderId
        self.symbol = symbol
        self.side = side
        self.volume = volume
        self.label = label
        self.comment = comment
        self._life = life

    def __repr__(self) -> str:
        return (
            f"<Trade {self.clientOrderId} {self.status.name} {self.side.name} "
            f"{self.symbol.units(self.volume)} {self.symbol.name} orderId={self.orderId}>"
        )

    @property
    def orderId(self) -> int | None:
        """
        The server's number for the order, once known.
        """
        return self._life.orderId

    @property
    def status(self) -> TradeStatus:
        """
        How far the order has come.
        """
        return self._life.status

    @property
    def fills(self) -> tuple[Deal, ...]:
        """
        What was executed, in the order of execution.
        """
        return self._life.fills

    @property
    def error(self) -> Exception | None:
        """
        Why nothing was filled, once the order has ended so.
        """
        return self._life.error

    @property
    def position(self) -> Position:
        """
        The position of the order; empty until the first fill. It is known when L{whenFilled} has fired.

        @raise OrderRejected: if the order was refused.
        @raise OutcomeUnknown: if the server has not named the position yet.
        """
        if self._life.position is not None:
            return self._life.position
        raise self._life.error or OutcomeUnknown(f"order {self.clientOrderId}: its position is not known yet", self)

    @property
    def order(self) -> PendingOrder | None:
        """
        The order as one that waits for its price; L{None} before it is accepted, and for orders at the market's price.
        """
        return self._life.pending

    @property
    def units(self) -> Units:
        """
        Its volume, in units of the base asset.
        """
        return unitsOf(self.volume)

    @property
    def lots(self) -> Lots | None:
        """
        Its volume in lots; L{None} if a lot does not divide it.
        """
        return lotsOf(self.symbol, self.volume)

    def cancel(self, *, timeout: float | None = None) -> Deferred[Trade]:
        """
        Take the order back, while it waits for its price.

        @param timeout: seconds to wait for the answer; by default 30.
        @return: fires with this trade when the order waits no more, also if it had ended before: C{status} tells how.
        @raise NotFound: (as a failure) if the order does not wait for a price, as one at the market's price; or if it
            is not known yet whether the server has it.
        @raise CTraderError: (as a failure) as with L{PendingOrder.cancel}.
        """
        return eventually(self._cancel(timeout))

    def amend(self, *, timeout: float | None = None, **changes: Unpack[OrderChanges]) -> Deferred[Trade]:
        """
        Change the order, while it waits for its price. What is not named stays as it is.

        @param timeout: seconds to wait for the answer; by default 30.
        @param changes: what to change.
        @return: fires with this trade when the order is changed.
        @raise TypeError: if there is no such change; as a failure, if a float is given where exactness matters.
        @raise NotFound: (as a failure) if the order does not wait for a price, or not any more.
        @raise CTraderError: (as a failure) as with L{PendingOrder.amend}.
        """
        checkNames(OrderChanges, changes)
        return eventually(self._amend(timeout, changes))

    def whenAccepted(self) -> Deferred[Trade]:
        """
        Wait until the server has taken the order.

        @return: fires with this trade.
        @raise OrderRejected: (as a failure) if the server refused it, or it ended unheard of and unfilled; L{Busy
            <ctrader_twisted.errors.Busy>} and others if the same order may succeed later.
        @raise OutcomeUnknown: (as a failure) if the order went out and no answer came, or if the client was stopped.
            What became of it is found out: wait again. If it cannot be found out, who waits is told so.
        """
        return self._life.whenAccepted().addCallback(lambda _: self)

    def whenFilled(self) -> Deferred[Trade]:
        """
        Wait until the order has ended with something bought or sold: all of it, or, if C{status} is C{CANCELLED} or
        C{EXPIRED}, a part.

        @return: fires with this trade.
        @raise OrderRejected: (as a failure) if it was refused, cancelled or expired with nothing filled; for refusals
            that may be cured, as with L{whenAccepted}.
        @raise OutcomeUnknown: (as a failure) if the client was stopped, or what became of the order cannot be found
            out.
        """
        return self._life.whenFilled().addCallback(lambda _: self)

    def whenDone(self) -> Deferred[Trade]:
        """
        Wait until the order has ended, however it did: C{status}, C{fills} and C{error} tell.

        @return: fires with this trade, if the order was refused too.
        @raise OutcomeUnknown: (as a failure) if the client was stopped, or what became of the order cannot be found
            out.
        """
        return self._life.whenDone().addCallback(lambda _: self)

    async def _cancel(self, timeout: float | None) -> Trade:
        if not self._life.isEnded:
            await self._waiting("ProtoOACancelOrderReq").cancel(timeout=timeout)
        return self

    async def _amend(self, timeout: float | None, changes: OrderChanges) -> Trade:
        await self._waiting("ProtoOAAmendOrderReq").amend(timeout=timeout, **changes)
        return self

    def _waiting(self, request: str) -> PendingOrder:
        if self.order is None:
            words = f"order {self.clientOrderId} does not wait for a price; it is {self.status.name}"
            raise NotFound("ORDER_NOT_FOUND", words, request=request)
        return self.order
