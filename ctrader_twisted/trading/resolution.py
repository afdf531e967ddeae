"""
What became of orders of unknown outcome: the server is asked until it is known. Nothing is ever sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import define
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import ConnectionLost, CTraderError, LoginNeeded, NotConnected, NotFound, OrderRejected
from ctrader_twisted.schema.messages import (
    ProtoOAOrder,
    ProtoOAOrderDetailsRes,
    ProtoOAOrderStatus,
    ProtoOAPosition,
)
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.archive import CLOCK_DOUBT, Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.changes import Change, ChangeStatus
from ctrader_twisted.trading.deals import isFilled
from ctrader_twisted.trading.orderlife import OrderLife, TradeStatus

__all__ = ["Resolution"]

_AWAY = (ConnectionLost, NotConnected, LoginNeeded, CancelledError)
_MOST_FAILURES = 8
_LONGEST_PAUSE = 60.0
_SUSPECTED = 3600.0
_SLOWEST = 30.0
_MOST_SUSPECTED = 1_000


@define(eq=False)
class _Doubt:
    """
    Something whose outcome is unknown.

    @ivar sent: when it was sent at the earliest, in milliseconds since 1970.
    @ivar since: when it came into doubt, in seconds of the clock.
    @ivar underway: until when the request may still be on its way, likewise.
    @ivar absentSince: when a complete read has not shown it for the first time, likewise; L{None} before that.
    """

    sent: int
    since: float
    underway: float
    absentSince: float | None = None


class Resolution:
    """
    Finds out what became of orders and changes that went out and were not answered: now, after each login, and again
    after a settling time, since a request may reach the server's books after the first look at them.
    """

    _log = Logger()

    def __init__(
        self, link: AccountLink, clock: IReactorTime, archive: Archive, books: Books, *, settling: float
    ) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param archive: what the server remembers.
        @param books: what is known here.
        @param settling: what two complete reads do not show never reached the server, if the second comes so many
            seconds after the loss and after the first, and half a minute after the sending.
        """
        self._link = link
        self._clock = clock
        self._archive = archive
        self._books = books
        self._settling = settling
        self._orders: dict[OrderLife, _Doubt] = {}
        self._changes: dict[Change, _Doubt] = {}
        # Those that are taken for never having come; looked for once more after each login, for an hour,
        # and no more than the last 1,000.
        self._absent: dict[OrderLife, _Doubt] = {}
        self._suspects: dict[OrderLife, _Doubt] = {}
        self._failures = 0
        self._round: Deferred[None] | None = None
        self._next: IDelayedCall | None = None
        link.onReconcile(lambda trader, state: self._loggedIn())
        link.onRestore(self._restored)
        link.onLost(self._lost)

    def doubt(self, life: OrderLife, sent: int) -> None:
        """
        What became of an order is not known.

        @param life: the order; its status is C{UNKNOWN}.
        @param sent: when it was sent at the earliest, in milliseconds since 1970.
        """
        self._orders.setdefault(life, self._doubtSince(sent))
        self._begin()

    def doubtChange(self, change: Change, sent: int) -> None:
        """
        What became of a change is not known.

        @param change: the change.
        @param sent: when it was sent at the earliest, in milliseconds since 1970.
        """
        self._changes[change] = self._doubtSince(sent)
        self._begin()

    def doubtful(self) -> frozenset[int]:
        """
        @return: the ids of the positions and orders to which changes of unknown outcome were sent.
        """
        messages = [change.message for change in self._changes]
        return frozenset(getattr(message, "positionId", 0) or getattr(message, "orderId", 0) for message in messages)

    def stop(self) -> None:
        """
        The account is not followed any more. The orders stay in doubt, for the case that it is again.
        """
        self._halt()
        changes, self._changes = self._changes, {}
        for change in changes:
            change.resolve(ChangeStatus.UNTOLD)

    def _loggedIn(self) -> None:
        now = self._archive.now()
        for life in self._books.orders.unended():
            if life.status is TradeStatus.UNKNOWN:
                self._orders.setdefault(life, self._doubtSince(now))
        youngest = self._clock.seconds() - _SUSPECTED
        self._absent = {life: doubt for life, doubt in self._absent.items() if doubt.since > youngest}
        self._suspects = dict(self._absent)
        self._failures = 0

    def _restored(self) -> Deferred[None]:
        self._begin()
        done: Deferred[None] = Deferred()
        done.callback(None)
        return done

    def _lost(self, reason: Failure) -> None:
        self._halt()
        # What was not there may have come with the last that got through.
        for doubt in (*self._orders.values(), *self._changes.values()):
            doubt.absentSince = None

    def _halt(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        round_, self._round = self._round, None
        if round_ is not None:
            round_.cancel()

    def _begin(self) -> None:
        if self._round is not None:
            return
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._forget()
        if not self._orders and not self._changes and not self._suspects:
            return
        round_ = Deferred.fromCoroutine(self._look())
        self._round = round_
        round_.addCallbacks(self._looked, self._failed)

    def _again(self, delay: float) -> None:
        self._round = None
        self._forget()
        if self._orders or self._changes:
            self._next = self._clock.callLater(delay, self._timeHasCome)

    def _timeHasCome(self) -> None:
        self._next = None
        self._begin()

    def _looked(self, result: None) -> None:
        self._failures = 0
        doubts = (*self._orders.values(), *self._changes.values())
        now = self._clock.seconds()
        waits = [max(0.0, self._decidable(doubt) - now) for doubt in doubts]
        self._again(min(waits, default=0.0))

    def _failed(self, failure: Failure) -> None:
        if isinstance(failure.value, _AWAY):
            # The next login begins anew.
            self._round = None
            return
        self._failures += 1
        if not isinstance(failure.value, CTraderError):
            self._log.failure("account {accountId}: a bug", failure, accountId=self._link.accountId)
        if self._failures >= _MOST_FAILURES:
            self._giveUp(failure.getErrorMessage())
            return
        self._again(min(_LONGEST_PAUSE, 2.0 ** (self._failures - 1)))

    def _giveUp(self, why: str) -> None:
        self._round = None
        self._log.error(
            "account {accountId}: what became of {orders} orders and {changes} changes cannot be found out: {why}",
            accountId=self._link.accountId,
            orders=len(self._orders),
            changes=len(self._changes),
            why=why,
        )
        self._failures = 0
        # The next login asks again, from when they were sent.
        followed = frozenset(self._books.orders.unended())
        self._orders = {life: doubt for life, doubt in self._orders.items() if life in followed}
        changes, self._changes = self._changes, {}
        for life in tuple(self._orders):
            self._books.untold(life, why)
        for change in changes:
            change.resolve(ChangeStatus.UNTOLD)

    def _forget(self) -> None:
        # Some were heard of by themselves.
        self._orders = {life: doubt for life, doubt in self._orders.items() if life.status is TradeStatus.UNKNOWN}

    async def _look(self) -> None:
        begun = self._clock.seconds()
        state = await self._archive.state()
        doubts = (*self._orders.values(), *self._changes.values(), *self._suspects.values())
        listed = await self._archive.orders(min(doubt.sent for doubt in doubts) - CLOCK_DOUBT)
        orders = {order.orderId: order for order in (*state.order, *listed)}
        self._suspect(orders)
        # What has come into doubt since then may be newer than the state.
        for life, doubt in tuple(self._orders.items()):
            if life.status is TradeStatus.UNKNOWN and doubt.since <= begun:
                await self._find(life, doubt, orders, begun)
        for change, doubt in tuple(self._changes.items()):
            if doubt.since > begun:
                continue
            status = change.compare(state, orders.values())
            if status is ChangeStatus.UNKNOWN and self._isAbsent(doubt, begun):
                status = ChangeStatus.NOT_DONE
            if status is not ChangeStatus.UNKNOWN:
                del self._changes[change]
                self._learn(change, state.position, orders)
                change.resolve(status)

    def _learn(self, change: Change, positions: Iterable[ProtoOAPosition], orders: dict[int, ProtoOAOrder]) -> None:
        # Whoever goes on when the outcome is told looks into the books, and its events may never come.
        if hasattr(change.message, "positionId"):
            self._books.shown(change.message.positionId, positions)
            return
        order = orders.get(change.message.orderId)
        life = self._books.orders.byId(change.message.orderId)
        if order is None or life is None or life.isEnded:
            return
        if order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED:
            self._books.amended(order)
        else:
            life.missed()
            self._orders.setdefault(life, self._doubtSince(self._archive.now()))

    async def _find(self, life: OrderLife, doubt: _Doubt, orders: dict[int, ProtoOAOrder], begun: float) -> None:
        orderId = life.orderId or _matching(life, orders.values())
        if orderId is None:
            if self._isAbsent(doubt, begun):
                self._missing(life, doubt)
            return
        try:
            details = await self._archive.details(orderId)
        except NotFound as error:
            if self._isAbsent(doubt, begun):
                del self._orders[life]
                self._books.untold(life, str(error))
            return
        if _isShort(details) and not self._isAbsent(doubt, begun):
            return
        held = (await self._archive.state()).position if details.deal else None
        # Its own events may have told meanwhile, and know better.
        if life.status is TradeStatus.UNKNOWN:
            self._books.told(life, details.order, details.deal, held)

    def _suspect(self, orders: dict[int, ProtoOAOrder]) -> None:
        suspects, self._suspects = self._suspects, {}
        for life, doubt in suspects.items():
            if life.error is not None and _matching(life, orders.values()) is not None:
                self._absent.pop(life, None)
                self._books.orders.revive(life)
                self._orders[life] = doubt

    def _missing(self, life: OrderLife, doubt: _Doubt) -> None:
        assert life.wanted is not None
        if life.status is TradeStatus.UNKNOWN:
            self._absent[life] = doubt
            if len(self._absent) > _MOST_SUSPECTED:
                del self._absent[next(iter(self._absent))]
            words = f"the server does not know the order {life.wanted.clientOrderId}: it never came"
            error = OrderRejected("ORDER_ABSENT", words, request="ProtoOANewOrderReq", accountId=self._link.accountId)
            self._books.missing(life, error)

    def _doubtSince(self, sent: int) -> _Doubt:
        now = self._clock.seconds()
        passed = (self._archive.now() - sent) / 1000
        return _Doubt(sent, now, now + min(_SLOWEST, max(0.0, _SLOWEST - passed)))

    def _isAbsent(self, doubt: _Doubt, begun: float) -> bool:
        if doubt.absentSince is None:
            doubt.absentSince = begun
            return False
        return begun >= self._decidable(doubt)

    def _decidable(self, doubt: _Doubt) -> float:
        if doubt.absentSince is None:
            return self._clock.seconds()
        return max(doubt.underway, max(doubt.since, doubt.absentSince) + self._settling)


def _matching(life: OrderLife, orders: Collection[ProtoOAOrder]) -> int | None:
    assert life.wanted is not None
    alike = [order for order in orders if life.wanted.fitsAmended(order)]
    return next((order.orderId for order in (*filter(life.wanted.fits, orders), *alike)), None)


def _isShort(details: ProtoOAOrderDetailsRes) -> bool:
    # The server's history may lag behind its orders.
    told = sum(deal.filledVolume for deal in details.deal if isFilled(deal))
    return told < details.order.executedVolume
