"""
What has changed on an account while the connection was down, and who did it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.schema.messages import ProtoOAOrder, ProtoOAOrderStatus, ProtoOAOrderType
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.deals import Deal
from ctrader_twisted.trading.pending import PendingOrder
from ctrader_twisted.trading.position import Position
from ctrader_twisted.trading.recovery import Recovered, Recovery
from ctrader_twisted.trading.resolution import Resolution

__all__ = ["Author", "OrderChange", "PositionChange", "Reconnected", "Reconnects"]


class Author(Enum):
    """
    Who has done something. C{OWN} is an order of this client; C{SERVER} a stop loss, a take profit, a stop-out, the
    price of a waiting order that was reached, or its expiry; C{UNKNOWN} cannot be told from a request of ours that was
    not answered, or from the server's lists.
    """

    OWN = "own"
    OTHER = "other client"
    SERVER = "server"
    UNKNOWN = "unknown"


@frozen
class PositionChange:
    """
    A position that is another one than before. It was opened if it held nothing, closed if it holds nothing, and is
    protected otherwise if both volumes are the same.

    @ivar position: the position.
    @ivar volumeBefore: what it held at the loss, in hundredths of a unit; 0 if it was not there.
    @ivar volume: what it holds now; 0 if it was closed.
    @ivar authors: who did it; several if several orders did.
    """

    position: Position
    volumeBefore: int
    volume: int
    authors: frozenset[Author]


@frozen
class OrderChange:
    """
    A waiting order that is another one than before: its volume or a price if it was there and still waits.

    @ivar order: the order.
    @ivar wasThere: whether it waited at the loss.
    @ivar isThere: whether it waits now.
    @ivar author: who did it.
    """

    order: PendingOrder
    wasThere: bool
    isThere: bool
    author: Author


@frozen
class Reconnected:
    """
    What has changed from the loss of an account's login to the next one.

    @ivar positions: the positions that have changed.
    @ivar orders: the waiting orders that have changed.
    @ivar balanceBefore: the balance at the loss, in the deposit asset.
    @ivar balance: the balance now.
    @ivar deals: the deals that were made, in order.
    @ivar isComplete: whether all deals could be fetched; if not, they come late.
    """

    positions: tuple[PositionChange, ...]
    orders: tuple[OrderChange, ...]
    balanceBefore: Decimal | None
    balance: Decimal | None
    deals: tuple[Deal, ...]
    isComplete: bool


@frozen
class _Snapshot:
    """
    The books at one moment.
    """

    positions: Mapping[int, tuple[Position, int, tuple[object, ...]]]
    orders: Mapping[int, tuple[PendingOrder, tuple[object, ...]]]
    balance: Decimal | None

    @classmethod
    def of(cls, books: Books) -> _Snapshot:
        return cls(
            {each.positionId: (each, each.volume, _terms(each)) for each in books.positions.open()},
            {each.orderId: (each, _conditions(each)) for each in books.pending.all()},
            books.balance.amount,
        )


class Reconnects:
    """
    Compares the books at each loss with those after the next login.
    """

    _log = Logger()

    def __init__(
        self, link: AccountLink, archive: Archive, books: Books, resolution: Resolution, recovery: Recovery
    ) -> None:
        """
        @param link: the account. The books hear of its state before this does.
        @param archive: what the server remembers.
        @param books: what is known here.
        @param resolution: knows which changes of ours are of unknown outcome.
        @param recovery: tells when the deals are known.
        """
        self._link = link
        self._archive = archive
        self._books = books
        self._resolution = resolution
        self._before: _Snapshot | None = None
        self._after: _Snapshot | None = None
        # What unanswered requests of ours may have changed; they may be resolved before the deals are known.
        self._doubtful: frozenset[int] = frozenset()
        self._reading: Deferred[None] | None = None
        self._listeners: Listeners[Reconnected] = Listeners()
        link.onLost(lambda reason: self._lost())
        link.onReconcile(lambda trader, state: self._loggedIn())
        recovery.onDone.add(self._recovered)

    def listen(self, listener: Callable[[Reconnected], object]) -> Registration:
        """
        Hear of what has changed.

        @param listener: called after each login but the first.
        """
        return self._listeners.add(listener)

    def _lost(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            # What was not told yet is told with what comes.
            reading.cancel()
        elif self._before is None:
            self._before = _Snapshot.of(self._books)

    def _loggedIn(self) -> None:
        self._after = _Snapshot.of(self._books)
        self._doubtful |= self._resolution.doubtful()

    def _recovered(self, recovered: Recovered) -> None:
        if self._before is None or self._after is None or self._reading is not None:
            return
        reading = Deferred.fromCoroutine(self._report(self._before, self._after, recovered))
        self._reading = reading
        reading.addErrback(self._failed)

    async def _report(self, before: _Snapshot, after: _Snapshot, recovered: Recovered) -> None:
        changed = _positionsBetween(before, after)
        orders = _ordersBetween(before, after)
        listed = await self._listed(recovered.since) if changed or orders else {}
        report = Reconnected(
            tuple(
                PositionChange(position, was, now, self._authors(position, was == now, recovered.deals, listed))
                for position, was, now in changed
            ),
            tuple(
                OrderChange(order, wasThere, isThere, self._author(order.orderId, wasThere, listed))
                for order, wasThere, isThere in orders
            ),
            before.balance,
            after.balance,
            recovered.deals,
            recovered.isComplete,
        )
        self._reading = self._before = None
        self._doubtful = frozenset()
        self._listeners.tell(report)

    async def _listed(self, since: int) -> dict[int, ProtoOAOrder]:
        # Who did it is not worth the report.
        try:
            return {order.orderId: order for order in await self._archive.orders(since)}
        except CTraderError as error:
            self._log.warn(
                "account {accountId}: who has changed it while away cannot be read: {error}",
                accountId=self._link.accountId,
                error=error,
            )
            return {}

    def _failed(self, failure: Failure) -> None:
        if self._reading is not None:
            self._reading = None
            self._log.failure("account {accountId}: a bug", failure, accountId=self._link.accountId)

    def _authors(
        self, position: Position, isAsLarge: bool, deals: Iterable[Deal], listed: Mapping[int, ProtoOAOrder]
    ) -> frozenset[Author]:
        if position.positionId in self._doubtful:
            return frozenset((Author.UNKNOWN,))
        if isAsLarge:
            # Only its protection is another one.
            return frozenset((Author.SERVER if position.trailingStopLoss else Author.OTHER,))
        orders = [listed.get(deal.orderId) for deal in deals if deal.positionId == position.positionId]
        authors = {Author.UNKNOWN if order is None else self._executor(order) for order in orders}
        return frozenset(authors or (Author.UNKNOWN,))

    def _executor(self, order: ProtoOAOrder) -> Author:
        if order.isStopOut or order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT:
            return Author.SERVER
        return Author.OWN if self._books.orders.isOwn(order) else Author.OTHER

    def _author(self, orderId: int, wasThere: bool, listed: Mapping[int, ProtoOAOrder]) -> Author:
        order = listed.get(orderId)
        if order is None or orderId in self._doubtful:
            return Author.UNKNOWN
        if not wasThere:
            return self._executor(order)
        byClient = (ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED)
        return Author.OTHER if order.orderStatus in byClient else Author.SERVER


def _positionsBetween(before: _Snapshot, after: _Snapshot) -> list[tuple[Position, int, int]]:
    nothing = (None, 0, ())
    changed = []
    for positionId in _ids(before.positions, after.positions):
        was, volumeBefore, termsBefore = before.positions.get(positionId, nothing)
        now, volume, terms = after.positions.get(positionId, nothing)
        position = now or was
        if position is not None and (volumeBefore, termsBefore) != (volume, terms):
            changed.append((position, volumeBefore, volume))
    return changed


def _ordersBetween(before: _Snapshot, after: _Snapshot) -> list[tuple[PendingOrder, bool, bool]]:
    nothing = (None, ())
    changed = []
    for orderId in _ids(before.orders, after.orders):
        was, conditionsBefore = before.orders.get(orderId, nothing)
        now, conditions = after.orders.get(orderId, nothing)
        order = now or was
        if order is not None and conditionsBefore != conditions:
            changed.append((order, was is not None, now is not None))
    return changed


def _ids(before: Iterable[int], after: Iterable[int]) -> list[int]:
    return list(dict.fromkeys((*before, *after)))


def _terms(position: Position) -> tuple[object, ...]:
    return position.side, position.stopLoss, position.takeProfit, position.trailingStopLoss


def _conditions(order: PendingOrder) -> tuple[object, ...]:
    return order.volume, order.limitPrice, order.stopPrice
