"""
All positions of the account: one live object for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ctrader_twisted.schema.messages import (
    ProtoOAMarginChangedEvent,
    ProtoOAPosition,
    ProtoOATradeData,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.trading.deals import Deal, Side
from ctrader_twisted.trading.position import HeldPosition, Position, PositionActions, PositionStatus

__all__ = ["Positions"]

_REMEMBERED = 1_000


class Positions:
    """
    All positions of the account, and the last 1,000 that were closed or lost sight of.

    @ivar changes: is told nothing when a position has changed, or another one is open.
    """

    def __init__(self, amounts: Amounts, actions: PositionActions) -> None:
        """
        @param amounts: reads the numbers.
        @param actions: changes the positions.
        """
        self.changes: Listeners[None] = Listeners()
        self._amounts = amounts
        self._actions = actions
        self._held: dict[int, HeldPosition] = {}
        # The closed ones, and empty ones that may have been filled and closed unheard.
        self._past: dict[int, HeldPosition] = {}

    def open(self) -> tuple[Position, ...]:
        """
        @return: the positions that are open, in the order in which they came.
        """
        return tuple(each for each in self._held.values() if each.status is not PositionStatus.CREATED)

    def all(self) -> tuple[HeldPosition, ...]:
        """
        @return: the positions that are not closed.
        """
        return tuple(self._held.values())

    def find(self, positionId: int) -> HeldPosition | None:
        """
        Look up a position.

        @param positionId: its id.
        @return: the live object, of a closed position too as long as it is remembered.
        """
        return self._held.get(positionId) or self._past.get(positionId)

    def update(self, message: ProtoOAPosition, deal: Deal | None) -> HeldPosition:
        """
        Take in the snapshot of an event.

        @param message: the snapshot.
        @param deal: the deal that it came with, if that is a new one.
        @return: the position.
        """
        position = self.find(message.positionId) or self._make(message)
        position.update(message, self._amounts, deal)
        if position.status is PositionStatus.CLOSED:
            self._remember(position)
        else:
            self._hold(position)
        self.changes.tell(None)
        return position

    def reconciled(self, messages: Iterable[ProtoOAPosition], awaited: Collection[int | None]) -> list[HeldPosition]:
        """
        Take in what the server holds after a login. What is not there any more was closed.

        @param messages: the server's positions.
        @param awaited: the ids of positions whose orders may yet be filled; they are kept while they are empty.
        @return: those that were closed.
        """
        told = set()
        for message in messages:
            told.add(message.positionId)
            position = self._unclosed(message.positionId) or self._make(message)
            position.replace(message, self._amounts)
            self._hold(position)
        gone = [position for position in self.all() if self._isGone(position, told, awaited)]
        for position in gone:
            self.drop(position)
        self.changes.tell(None)
        return gone

    def trail(self, event: ProtoOATrailingSLChangedEvent) -> None:
        """
        A trailing stop has moved.

        @param event: tells where to.
        """
        position = self._held.get(event.positionId)
        if position is not None:
            position.trail(event, self._amounts)

    def changeMargin(self, event: ProtoOAMarginChangedEvent) -> None:
        """
        A position binds more or less money.

        @param event: tells how much.
        """
        position = self._held.get(event.positionId)
        if position is not None:
            position.usedMargin = self._amounts.money(event.usedMargin, event)

    def closed(self, positionId: int, data: ProtoOATradeData) -> HeldPosition:
        """
        A position that was opened is not there any more.

        @param positionId: its id.
        @param data: the data of the order that opened or enlarged it.
        @return: the position.
        """
        position = self.find(positionId)
        if position is None:
            position = HeldPosition(positionId, data.symbolId, Side(data.tradeSide), self._actions, self._amounts)
            position.label, position.comment = data.label, data.comment
        position.vanish()
        self._remember(position)
        self.changes.tell(None)
        return position

    def drop(self, position: HeldPosition) -> None:
        """
        A position is closed, or was never opened, without a snapshot that says so.

        @param position: the position.
        """
        wasEmpty = position.status is PositionStatus.CREATED
        position.vanish()
        if wasEmpty:
            # Its fill may be heard after all, and must not be taken for something older than its end.
            self._held.pop(position.positionId, None)
            self._past.pop(position.positionId, None)
        else:
            self._remember(position)
        self.changes.tell(None)

    def loseSight(self, position: HeldPosition, error: Exception) -> None:
        """
        An empty position is kept no longer. It was filled and closed unheard, or will never be, or its fill comes late:
        then it is the same object that is held again.

        @param position: the position.
        @param error: for those who wait for its close.
        """
        self._remember(position)
        position.abandon(error)

    def _unclosed(self, positionId: int) -> HeldPosition | None:
        position = self.find(positionId)
        return None if position is None or position.status is PositionStatus.CLOSED else position

    def _isGone(self, position: HeldPosition, told: Collection[int], awaited: Collection[int | None]) -> bool:
        if position.status is PositionStatus.CREATED and position.positionId in awaited:
            return False
        return position.positionId not in told or position.status is PositionStatus.CLOSED

    def _make(self, message: ProtoOAPosition) -> HeldPosition:
        data = message.tradeData
        return HeldPosition(message.positionId, data.symbolId, Side(data.tradeSide), self._actions, self._amounts)

    def _hold(self, position: HeldPosition) -> None:
        self._past.pop(position.positionId, None)
        self._held[position.positionId] = position

    def _remember(self, position: HeldPosition) -> None:
        self._held.pop(position.positionId, None)
        self._past[position.positionId] = position
        if len(self._past) > _REMEMBERED:
            del self._past[next(iter(self._past))]
