"""
Orders that wait for their price, as live objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Protocol, Unpack

from twisted.internet.defer import Deferred, fail, succeed

from ctrader_twisted.schema.messages import ProtoOAOrder, ProtoOAOrderStatus, ProtoOAOrderType
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.options import OrderChanges, TimeInForce, TriggerMethod, checkNames
from ctrader_twisted.trading.orderlife import TradeStatus
from ctrader_twisted.trading.quantities import lotsOf, unitsOf
from ctrader_twisted.units import Lots, Symbol, Units, priceFromWire

__all__ = ["HeldOrder", "OrderActions", "OrderKind", "PendingOrder", "PendingOrders"]


class OrderKind(Enum):
    """
    The kinds of orders.
    """

    MARKET = ProtoOAOrderType.MARKET
    LIMIT = ProtoOAOrderType.LIMIT
    STOP = ProtoOAOrderType.STOP
    MARKET_RANGE = ProtoOAOrderType.MARKET_RANGE
    STOP_LIMIT = ProtoOAOrderType.STOP_LIMIT


_PENDING = (ProtoOAOrderType.LIMIT, ProtoOAOrderType.STOP, ProtoOAOrderType.STOP_LIMIT)
_ENDS = {
    ProtoOAOrderStatus.ORDER_STATUS_FILLED: TradeStatus.FILLED,
    ProtoOAOrderStatus.ORDER_STATUS_REJECTED: TradeStatus.REJECTED,
    ProtoOAOrderStatus.ORDER_STATUS_EXPIRED: TradeStatus.EXPIRED,
    ProtoOAOrderStatus.ORDER_STATUS_CANCELLED: TradeStatus.CANCELLED,
}
_REMEMBERED = 1_000


class OrderActions(Protocol):
    """
    Changes pending orders.
    """

    def cancel(self, order: PendingOrder, timeout: float | None) -> Deferred[PendingOrder]:
        """
        @see: L{PendingOrder.cancel}
        """

    def amend(self, order: PendingOrder, changes: OrderChanges, timeout: float | None) -> Deferred[PendingOrder]:
        """
        @see: L{PendingOrder.amend}
        """


class PendingOrder:
    """
    An order that waits for its price, whichever client placed it, kept current by the account's events. Its attributes
    are for reading; after its end they are the last that were told.

    @ivar orderId: the server's number for it.
    @ivar clientOrderId: the number that its client gave it; may be empty.
    @ivar symbolId: the symbol.
    @ivar side: its direction.
    @ivar kind: C{LIMIT}, C{STOP} or C{STOP_LIMIT}.
    @ivar status: C{ACCEPTED} while it waits; then how it ended, C{UNKNOWN} if that was not heard.
    @ivar volume: its whole volume, in hundredths of a unit.
    @ivar executedVolume: how much of it was filled already.
    @ivar limitPrice: its limit, or L{None}.
    @ivar stopPrice: the price that triggers it, or L{None}.
    @ivar slippagePoints: of a stop limit order, how far its limit is from its stop price; L{None} if not told.
    @ivar trigger: which price triggers it.
    @ivar timeInForce: how long it waits.
    @ivar expires: until when it waits, in milliseconds since 1970, or L{None}.
    @ivar stopLoss: the price of its stop loss, if the server told it as a price; mostly it tells the distance.
    @ivar takeProfit: the price of its take profit, likewise.
    @ivar stopLossDistance: the distance of its stop loss from its price, or L{None}.
    @ivar takeProfitDistance: the distance of its take profit from its price, or L{None}.
    @ivar trailingStopLoss: whether the stop loss will follow the market.
    @ivar guaranteedStopLoss: whether the stop loss will be guaranteed.
    @ivar label: its label.
    @ivar comment: its comment.
    @ivar positionId: the position that it will open, or works on; L{None} if the server did not tell.
    @ivar told: the server's last message of it.
    """

    told: ProtoOAOrder
    status = TradeStatus.ACCEPTED
    kind: OrderKind
    side: Side
    volume: int
    executedVolume: int
    limitPrice: Decimal | None
    stopPrice: Decimal | None
    slippagePoints: int | None
    trigger: TriggerMethod
    timeInForce: TimeInForce
    expires: int | None
    stopLoss: Decimal | None
    takeProfit: Decimal | None
    stopLossDistance: Decimal | None
    takeProfitDistance: Decimal | None
    trailingStopLoss: bool
    guaranteedStopLoss: bool
    clientOrderId: str
    label: str
    comment: str
    positionId: int | None

    def __init__(self, orderId: int, symbolId: int, amounts: Amounts, actions: OrderActions) -> None:
        """
        @param orderId: the server's number for it.
        @param symbolId: its symbol.
        @param amounts: reads its numbers.
        @param actions: changes it.
        """
        self.orderId = orderId
        self.symbolId = symbolId
        self._amounts = amounts
        self._actions = actions
        # Why nobody hears of it any more, as long as nobody does.
        self._abandoned: Exception | None = None
        self._doneWaiters: Waiters[PendingOrder] = Waiters()

    def __repr__(self) -> str:
        return (
            f"<PendingOrder {self.orderId} {self.status.name} {self.side.name} {self.kind.name} volume={self.volume} "
            f"symbolId={self.symbolId} price={self.price}>"
        )

    @property
    def symbol(self) -> Symbol | None:
        """
        The symbol, if it was looked up in this session.
        """
        return self._amounts.symbolById(self.symbolId)

    @property
    def units(self) -> Units:
        """
        Its whole volume, in units of the base asset.
        """
        return unitsOf(self.volume)

    @property
    def lots(self) -> Lots | None:
        """
        Its whole volume in lots; L{None} if the symbol is not known, or a lot does not divide it.
        """
        return lotsOf(self.symbol, self.volume)

    @property
    def price(self) -> Decimal | None:
        """
        The price that it waits for: its limit, or what triggers it.
        """
        return self.limitPrice if self.kind is OrderKind.LIMIT else self.stopPrice

    @property
    def isWaiting(self) -> bool:
        """
        Whether it still waits.
        """
        return self.status is TradeStatus.ACCEPTED

    def whenDone(self) -> Deferred[PendingOrder]:
        """
        Wait until it has ended, however it did: C{status} tells.

        @return: fires with this order, at once if it has ended.
        @raise NotConnected: (as a failure) if the client was stopped.
        """
        if not self.isWaiting:
            return succeed(self)
        return self._doneWaiters.wait() if self._abandoned is None else fail(self._abandoned)

    def cancel(self, *, timeout: float | None = None) -> Deferred[PendingOrder]:
        """
        Take it back. Cancelling the Deferred does not undo that.

        @param timeout: seconds to wait for the answer; by default 30.
        @return: fires with this order when it waits no more. That it had ended before is no failure: C{status} tells
            whether it was cancelled or filled, and is C{UNKNOWN} if it was not heard how it ended.
        @raise OrderRejected: (as a failure) if the server refused, as it does while it executes the order; C{Busy} and
            others as with L{Position.close<ctrader_twisted.trading.position.Position.close>}.
        @raise OutcomeUnknown: (as a failure) if the request may have left and no answer came; C{trade} is this order.
        @raise NotConnected: (as a failure) if there is no connection; nothing was sent.
        """
        return self._actions.cancel(self, timeout)

    def amend(self, *, timeout: float | None = None, **changes: Unpack[OrderChanges]) -> Deferred[PendingOrder]:
        """
        Change it. What is not named stays as it is: the server would reset it, so the whole order is sent again. It
        keeps protection as distances, which follow a new price.

        @param timeout: seconds to wait for the answer; by default 30.
        @param changes: what to change.
        @return: fires with this order when it is changed, also if it was so already.
        @raise IllegalValue: (as a failure) if it cannot be so; nothing was sent.
        @raise TypeError: if there is no such change; as a failure, if a float is given where exactness matters.
        @raise NotFound: (as a failure) if it does not wait any more; C{status} tells why, as far as it was heard.
        @raise LimitReached: (as a failure) if a larger volume would exceed a limit of the account, or it is halted;
            nothing was sent.
        @raise OrderRejected: (as a failure) as with L{cancel}, as are the others.
        """
        checkNames(OrderChanges, changes)
        return self._actions.amend(self, changes, timeout)


class HeldOrder(PendingOrder):
    """
    A pending order as the account's books keep it.
    """

    def update(self, order: ProtoOAOrder) -> None:
        """
        Take in what the server says of it.

        @param order: the order.
        """
        self.told = order
        self.kind = OrderKind(order.orderType)
        self._abandoned = None
        self.clientOrderId = order.clientOrderId
        self.positionId = order.positionId or None
        self._readTrade(order)
        self._readPrices(order)
        self._readProtection(order)

    def end(self, status: TradeStatus) -> None:
        """
        It waits no more.

        @param status: how it ended.
        """
        if self.status in (TradeStatus.ACCEPTED, TradeStatus.UNKNOWN):
            self.status = status

    def settle(self) -> None:
        """
        Answer those who wait for the end, if it has come.
        """
        if not self.isWaiting:
            self._doneWaiters.fire(self)

    def abandon(self, error: Exception) -> None:
        """
        Nobody follows the order any more: answer those who wait, and those who ask until it is heard of again.

        @param error: why.
        """
        self._abandoned = error
        self._doneWaiters.fail(error)

    def _readTrade(self, order: ProtoOAOrder) -> None:
        data = order.tradeData
        self.side = Side(data.tradeSide)
        self.volume = data.volume
        self.executedVolume = order.executedVolume
        self.label, self.comment = data.label, data.comment
        self.guaranteedStopLoss = data.guaranteedStopLoss
        self.timeInForce = TimeInForce(order.timeInForce)
        self.expires = order.expirationTimestamp or None

    def _readPrices(self, order: ProtoOAOrder) -> None:
        self.limitPrice = self._amounts.price(order.limitPrice, self.symbolId)
        self.stopPrice = self._amounts.price(order.stopPrice, self.symbolId)
        self.slippagePoints = order.slippageInPoints if order.HasField("slippageInPoints") else None
        self.trigger = TriggerMethod(order.stopTriggerMethod)

    def _readProtection(self, order: ProtoOAOrder) -> None:
        self.stopLoss = self._amounts.price(order.stopLoss, self.symbolId)
        self.takeProfit = self._amounts.price(order.takeProfit, self.symbolId)
        self.stopLossDistance = self._distance(order.relativeStopLoss)
        self.takeProfitDistance = self._distance(order.relativeTakeProfit)
        self.trailingStopLoss = order.trailingStopLoss

    def _distance(self, raw: int) -> Decimal | None:
        symbol = self.symbol
        return priceFromWire(raw, 5 if symbol is None else symbol.digits) if raw else None


class PendingOrders:
    """
    All orders of the account that wait for their price. Protective orders are a part of their positions, and market
    orders do not wait. The last 1,000 that have ended are remembered.
    """

    def __init__(self, amounts: Amounts, actions: OrderActions) -> None:
        """
        @param amounts: reads the numbers.
        @param actions: changes the orders.
        """
        self._amounts = amounts
        self._actions = actions
        self._waiting: dict[int, HeldOrder] = {}
        self._past: dict[int, HeldOrder] = {}

    def all(self) -> tuple[HeldOrder, ...]:
        """
        @return: the orders, in the order in which they came.
        """
        return tuple(self._waiting.values())

    def find(self, orderId: int | None) -> HeldOrder | None:
        """
        Look up an order.

        @param orderId: its id.
        @return: the live object, of one that has ended too as long as it is remembered.
        """
        return None if orderId is None else self._waiting.get(orderId) or self._past.get(orderId)

    def put(self, order: ProtoOAOrder) -> HeldOrder | None:
        """
        An order waits, or has changed.

        @param order: the order.
        @return: the live object; L{None} if the order is none of those that wait.
        """
        if order.orderType not in _PENDING:
            return None
        held = self.find(order.orderId)
        if held is None:
            held = HeldOrder(order.orderId, order.tradeData.symbolId, self._amounts, self._actions)
        self._past.pop(order.orderId, None)
        held.status = TradeStatus.ACCEPTED
        held.update(order)
        self._waiting[order.orderId] = held
        return held

    def end(self, order: ProtoOAOrder) -> HeldOrder | None:
        """
        An order has ended.

        @param order: the server's last word on it.
        @return: the live object, if it is known.
        """
        held = self.find(order.orderId)
        if held is None:
            return None
        if held.isWaiting:
            held.update(order)
        self._drop(held, _ENDS.get(order.orderStatus, TradeStatus.UNKNOWN))
        return held

    def vanish(self, held: HeldOrder) -> None:
        """
        The server says that an order is not there, and it was not heard how it ended.

        @param held: the order.
        """
        self._drop(held, TradeStatus.UNKNOWN)

    def reconciled(self, orders: Iterable[ProtoOAOrder]) -> list[HeldOrder]:
        """
        Take in what the server holds after a login.

        @param orders: the server's orders.
        @return: those that wait no more.
        """
        told = set()
        for order in orders:
            told.add(order.orderId)
            self.put(order)
        gone = [held for held in self.all() if held.orderId not in told]
        for held in gone:
            self.vanish(held)
        return gone

    def _drop(self, held: HeldOrder, status: TradeStatus) -> None:
        held.end(status)
        self._waiting.pop(held.orderId, None)
        self._past[held.orderId] = held
        if len(self._past) > _REMEMBERED:
            del self._past[next(iter(self._past))]
