"""
The books of one account: positions, pending orders, balance and the orders that are followed, current from events
alone. Everything is brought up to date before anybody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ctrader_twisted.errors import NotConnected, OutcomeUnknown
from ctrader_twisted.schema.messages import (
    ProtoOADeal,
    ProtoOAExecutionEvent,
    ProtoOAOrder,
    ProtoOAPosition,
    ProtoOAReconcileRes,
    ProtoOATrader,
    ProtoOATraderUpdatedEvent,
)
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.trading.balance import Balance
from ctrader_twisted.trading.deals import Deal, Executions, isFill, isFilled, readDeal
from ctrader_twisted.trading.orderlife import OrderLife
from ctrader_twisted.trading.orders import Orders
from ctrader_twisted.trading.pending import HeldOrder, OrderActions, PendingOrder, PendingOrders
from ctrader_twisted.trading.position import HeldPosition, PositionActions, PositionStatus
from ctrader_twisted.trading.positions import Positions
from ctrader_twisted.units import Symbol

__all__ = ["Books"]


class Books:
    """
    What is known of an account.

    @ivar amounts: reads the numbers.
    @ivar executions: its deals.
    @ivar orders: its orders, each by itself.
    @ivar pending: its orders that wait for their price.
    @ivar positions: its positions.
    @ivar balance: its money.
    @ivar onRelease: told in words when nothing is followed any more.
    """

    def __init__(
        self,
        orders: Orders,
        symbolById: Callable[[int], Symbol | None],
        positionActions: PositionActions,
        orderActions: OrderActions,
    ) -> None:
        """
        @param orders: follows the orders.
        @param symbolById: gives the symbols whose specification is known.
        @param positionActions: changes positions.
        @param orderActions: changes pending orders.
        """
        self.amounts = Amounts(symbolById)
        self.executions = Executions(self.amounts)
        self.orders = orders
        self.pending = PendingOrders(self.amounts, orderActions)
        self.positions = Positions(self.amounts, positionActions)
        self.balance = Balance(self.amounts)
        self.onRelease: Listeners[str] = Listeners()

    def executed(self, event: ProtoOAExecutionEvent) -> None:
        """
        Something has happened to an order, a position or the money.

        @param event: the event.
        """
        deal = self.executions.take(event)
        isNews = deal is not None or not isFill(event)
        life = pending = None
        if event.HasField("order"):
            life, isOrderNews = self.orders.apply(event, deal)
            isNews = isNews and isOrderNews
            pending = self._showPending(event, life, isNews)
        position = self._position(event, deal, isNews)
        if life is not None:
            position = self._join(life, position)
            if position is not None:
                position.follow(event.order, deal)
        if isNews:
            self.balance.executed(event)
        self._tell(deal, life, position, pending)

    def reconciled(self, trader: ProtoOATrader, state: ProtoOAReconcileRes) -> None:
        """
        The server tells its whole state after a login.

        @param trader: the account.
        @param state: its positions and orders.
        """
        self.balance.reconciled(trader)
        lives = self.orders.reconciled(state.order)
        ended = self.pending.reconciled(state.order)
        awaited = {order.positionId for order in state.order} | {life.positionId for life in lives if not life.isEnded}
        gone = self.positions.reconciled(state.position, awaited)
        for life in lives:
            self._join(life, None)
            life.pending = self.pending.find(life.orderId) or life.pending
            life.settle()
        for position in (*gone, *self.positions.all()):
            position.settle()
        for order in ended:
            order.settle()

    def told(
        self,
        life: OrderLife,
        order: ProtoOAOrder,
        deals: Iterable[ProtoOADeal],
        held: Iterable[ProtoOAPosition] | None = None,
    ) -> None:
        """
        The server was asked what became of an order of ours. Its deals reach the listeners by L{recovered} alone.

        @param life: the order.
        @param order: the server's order.
        @param deals: its deals.
        @param held: the positions that the server holds since then, if it was asked for them too.
        """
        label = order.tradeData.label
        fills = [readDeal(deal, self.amounts, label=label, recovered=True) for deal in deals if isFilled(deal)]
        self.orders.told(life, order, fills)
        position = self._join(life, None)
        pending = self._put(life, order)
        if life.fills and held is not None:
            position = self._filled(life, order, held)
        elif life.isEnded and position is not None and position.status is PositionStatus.CREATED:
            self.positions.drop(position)
        self._settle(life, position, pending)

    def _filled(self, life: OrderLife, order: ProtoOAOrder, held: Iterable[ProtoOAPosition]) -> HeldPosition:
        message = next((each for each in held if each.positionId == order.positionId), None)
        if message is not None:
            position = self.positions.update(message, None)
        else:
            # It was opened, and closed since.
            position = self.positions.closed(order.positionId, order.tradeData)
        life.position = position
        return position

    def missing(self, life: OrderLife, error: Exception) -> None:
        """
        An order of ours has never reached the server.

        @param life: the order.
        @param error: says so.
        """
        self.orders.missing(life, error)
        life.settle()

    def untold(self, life: OrderLife, why: str) -> None:
        """
        What became of an order of ours cannot be found out.

        @param life: the order.
        @param why: the reason, in words.
        """
        error = OutcomeUnknown(f"what became of the order cannot be found out: {why}", life.subject)
        life.abandon(error)
        position = None if life.positionId is None else self.positions.find(life.positionId)
        if position is not None and position.status is PositionStatus.CREATED:
            self.positions.loseSight(position, error)

    def recovered(self, messages: Iterable[ProtoOADeal]) -> list[Deal]:
        """
        Deals were fetched that may have been made while the connection was down. The state that was read after it
        holds what they have changed.

        @param messages: the server's deals, in order.
        @return: those that were not known. The listeners of executions are told of them with what was kept for them.
        """
        deals = self.executions.recover(messages, self._labelOf)
        for deal in deals:
            life = self.orders.byId(deal.orderId)
            if life is not None:
                life.fill(deal)
            position = self.positions.find(deal.positionId)
            if position is not None:
                position.recover(deal)
        return deals

    def traderUpdated(self, event: ProtoOATraderUpdatedEvent) -> None:
        """
        Something about the account has changed.

        @param event: carries the account.
        """
        self.balance.traderChanged(event.trader)

    def gone(self, positionId: int) -> None:
        """
        The server says that a position is not there: it was closed, and nothing is known of how.

        @param positionId: the position.
        """
        position = self.positions.find(positionId)
        if position is not None and position.status is not PositionStatus.CLOSED:
            self.positions.drop(position)
            position.settle()

    def shown(self, positionId: int, held: Iterable[ProtoOAPosition]) -> None:
        """
        The server was asked for its positions after a change of one whose events may not have come.

        @param positionId: the position.
        @param held: what the server holds.
        """
        position = self.positions.find(positionId)
        message = next((each for each in held if each.positionId == positionId), None)
        if message is None:
            self.gone(positionId)
        elif position is not None:
            self.positions.update(message, None).settle()

    def amended(self, order: ProtoOAOrder) -> None:
        """
        The server was asked for an order that waits, after a change of it whose event may not have come.

        @param order: the server's order.
        """
        held = self.pending.find(order.orderId)
        if held is not None and held.told.utcLastUpdateTimestamp <= order.utcLastUpdateTimestamp:
            self.pending.put(order)

    def orderGone(self, pending: PendingOrder, order: ProtoOAOrder | None, deals: Iterable[ProtoOADeal]) -> None:
        """
        The server says that an order does not wait any more.

        @param pending: the order.
        @param order: the server's last message of it, if it could be asked for it.
        @param deals: its deals.
        """
        held = self.pending.find(pending.orderId)
        life = self.orders.byId(pending.orderId)
        if order is not None and life is not None and life.wanted is not None and not life.isEnded:
            self.told(life, order, deals)
        if held is not None and held.isWaiting:
            self.pending.vanish(held) if order is None else self.pending.end(order)
            held.settle()

    def release(self, why: str) -> None:
        """
        Answer everybody who waits that nothing is followed any more. An order may be executed all the same.

        @param why: the reason, in words.
        """
        for life in self.orders.unended():
            life.abandon(OutcomeUnknown(f"{why}; an order may have been executed, or may yet be", life.subject))
        for position in self.positions.all():
            position.abandon(NotConnected(f"{why}; position {position.positionId} is not followed any more"))
        for order in self.pending.all():
            order.abandon(NotConnected(f"{why}; order {order.orderId} is not followed any more"))
        self.onRelease.tell(why)

    def _labelOf(self, deal: ProtoOADeal) -> str:
        position = self.positions.find(deal.positionId)
        return "" if position is None else position.label

    def _showPending(self, event: ProtoOAExecutionEvent, life: OrderLife, isNews: bool) -> HeldOrder | None:
        if life.isEnded or isNews:
            return self._put(life, event.order)
        return None

    def _put(self, life: OrderLife, order: ProtoOAOrder) -> HeldOrder | None:
        pending = self.pending.end(order) if life.isEnded else self.pending.put(order)
        life.pending = pending or life.pending
        return pending

    def _position(self, event: ProtoOAExecutionEvent, deal: Deal | None, isNews: bool) -> HeldPosition | None:
        if not event.HasField("position"):
            return None
        if isNews:
            return self.positions.update(event.position, deal)
        return self.positions.find(event.position.positionId)

    def _join(self, life: OrderLife, position: HeldPosition | None) -> HeldPosition | None:
        if position is None and life.positionId is not None:
            position = self.positions.find(life.positionId)
        life.position = position or life.position
        if life.error is not None and position is not None and position.status is PositionStatus.CREATED:
            self.positions.drop(position)
        return position

    def _tell(
        self,
        deal: Deal | None,
        life: OrderLife | None,
        position: HeldPosition | None,
        pending: HeldOrder | None,
    ) -> None:
        if deal is not None:
            self.executions.tell(deal)
        self._settle(life, position, pending)

    def _settle(self, life: OrderLife | None, position: HeldPosition | None, pending: HeldOrder | None) -> None:
        for settled in (life, position, pending):
            if settled is not None:
                settled.settle()
