"""
The new orders of one account in the journal: each is written before it leaves, and its id stands for it ever after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from attrs import define, evolve
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import IllegalValue, JournalFailed, ServerError, serverError
from ctrader_twisted.interfaces import RunBlocking
from ctrader_twisted.schema.messages import ProtoOANewOrderReq
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.journal import JournalEntry, OrderJournal
from ctrader_twisted.trading.orderlife import OrderLife, TradeStatus, Wanted
from ctrader_twisted.trading.outcome import rejection, wasNotSent
from ctrader_twisted.trading.resolution import Resolution

__all__ = ["Intents"]

_REMEMBERED = 1_000
_PATIENCE = 30.0
_UNHEARD = (TradeStatus.SENT, TradeStatus.UNKNOWN)


@define(eq=False)
class _Known:
    """
    An order whose live object is here.

    @ivar life: what is known of it.
    @ivar entry: what the journal knows of it, as far as this process has written or read it.
    """

    life: OrderLife
    entry: JournalEntry


class Intents:
    """
    Keeps the journal of one account's orders, and finds out what became of those that an earlier process has left
    there without their end. Nothing is ever sent for them.
    """

    _log = Logger()

    def __init__(
        self,
        link: AccountLink,
        clock: IReactorTime,
        journal: OrderJournal,
        runBlocking: RunBlocking,
        archive: Archive,
        books: Books,
        resolution: Resolution,
    ) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param journal: the journal.
        @param runBlocking: runs the journal's methods.
        @param archive: knows the time.
        @param books: follow the orders.
        @param resolution: finds out what became of them.
        """
        self._link = link
        self._clock = clock
        self._journal = journal
        self._runBlocking = runBlocking
        self._archive = archive
        self._books = books
        self._resolution = resolution
        # Those that have not ended, and at least the last 1,000 of the others.
        self._known: dict[str, _Known] = {}
        link.onRestore(self._resume)

    def known(self, message: ProtoOANewOrderReq) -> OrderLife | None:
        """
        Find the order that has an id, if its live object is here.

        @param message: an order with this id.
        @return: what is known of it.
        @raise IllegalValue: if it is another order.
        """
        known = self._known.get(message.clientOrderId)
        if known is None:
            return None
        _compare(known.entry, self._entry(message))
        return known.life

    def claim(self, life: OrderLife, message: ProtoOANewOrderReq) -> Deferred[bool]:
        """
        Write an order down before it leaves.

        @param life: the order; no live object of its id is known here.
        @param message: the order as it is to be sent.
        @return: fires with whether it may leave. If not, an earlier process has used the id for the same order, and
            the life tells what became of that.
        @raise JournalFailed: (as a failure) if it could not be written: it must not leave.
        @raise IllegalValue: (as a failure) if an earlier process has used the id for another order.
        """
        entry = self._entry(message)
        known = self._known[entry.clientOrderId] = _Known(life, entry)
        self._bound()
        return (
            self._runBlocking(self._journal.claim, entry)
            .addTimeout(_PATIENCE, self._clock, _tooLate)
            .addCallbacks(self._claimed, _notWritten, callbackArgs=(known,), errbackArgs=(known,))
            .addErrback(self._drop, known)
        )

    def _claimed(self, earlier: JournalEntry | None, known: _Known) -> bool:
        if earlier is None:
            known.life.recorder = lambda life: self._record(known)
            return True
        _compare(earlier, known.entry)
        self._recall(known, earlier)
        return False

    def _drop(self, failure: Failure, known: _Known) -> Failure:
        # The entry of an earlier process, if there is one, stays as it is.
        del self._known[known.entry.clientOrderId]
        return failure

    def _resume(self) -> Deferred[None]:
        read = self._runBlocking(self._journal.unended, self._link.accountId)
        read.addCallback(self._resumed).addErrback(self._notResumed)
        # A slow disk keeps nobody from anything but new orders.
        return succeed(None)

    def _resumed(self, entries: tuple[JournalEntry, ...]) -> None:
        for entry in entries:
            if entry.clientOrderId in self._known:
                continue
            message = entry.message
            wanted = Wanted(entry.clientOrderId, message.symbolId, message.tradeSide, message.volume)
            known = self._known[entry.clientOrderId] = _Known(OrderLife(wanted), entry)
            self._log.info(
                "account {accountId}: finding out what became of order {order} of an earlier run",
                accountId=self._link.accountId,
                order=entry.clientOrderId,
            )
            self._recall(known, entry)

    def _notResumed(self, failure: Failure) -> None:
        self._log.error(
            "account {accountId}: orders of an earlier run are not followed: {error}",
            accountId=self._link.accountId,
            error=failure.getErrorMessage(),
        )

    def _recall(self, known: _Known, entry: JournalEntry) -> None:
        known.entry = entry
        life = known.life
        life.recorder = lambda life: self._record(known)
        if entry.status is TradeStatus.REJECTED:
            life.refused(_refusal(entry))
            life.settle()
            return
        self._books.orders.recall(life, entry.orderId)
        # By its number it is found without a look at all that came after it.
        self._resolution.doubt(life, entry.written if entry.orderId is None else self._archive.now())

    def _record(self, known: _Known) -> None:
        life, old = known.life, known.entry
        if life.status in _UNHEARD or (life.status, life.orderId) == (old.status, old.orderId):
            return
        error = life.error
        if error is not None and wasNotSent(error):
            del self._known[old.clientOrderId]
            self._write(self._journal.recordUnsent, old)
            return
        code = None if error is None else getattr(error, "code", type(error).__name__)
        description = error.description if isinstance(error, ServerError) else None
        known.entry = evolve(old, status=life.status, orderId=life.orderId, code=code, description=description)
        self._write(self._journal.record, known.entry)

    def _write(self, method: Callable[[JournalEntry, int], None], entry: JournalEntry) -> None:
        self._runBlocking(method, entry, self._archive.now()).addErrback(self._notRecorded, entry)

    def _notRecorded(self, failure: Failure, entry: JournalEntry) -> None:
        self._log.error(
            "account {accountId}: what became of order {order} is not in the journal: {error}",
            accountId=entry.accountId,
            order=entry.clientOrderId,
            error=failure.getErrorMessage(),
        )

    def _entry(self, message: ProtoOANewOrderReq) -> JournalEntry:
        copy = ProtoOANewOrderReq()
        copy.CopyFrom(message)
        copy.ctidTraderAccountId = self._link.accountId
        return JournalEntry(self._link.accountId, copy, self._archive.now())

    def _bound(self) -> None:
        if len(self._known) <= 2 * _REMEMBERED:
            return
        ended = [key for key, known in self._known.items() if known.life.isEnded]
        for key in ended[:-_REMEMBERED]:
            del self._known[key]


def _compare(earlier: JournalEntry, entry: JournalEntry) -> None:
    if earlier.message == entry.message:
        return
    fields = [field.name for field in entry.message.DESCRIPTOR.fields]
    differing = [name for name in fields if getattr(earlier.message, name) != getattr(entry.message, name)]
    raise IllegalValue(
        f"the clientOrderId {entry.clientOrderId!r} was used before, for an order with another "
        f"{' and '.join(differing) or 'content'}; nothing was sent; give a new one"
    )


def _tooLate(result: object, seconds: float) -> NoReturn:
    # It may be written yet. Then it is looked for like one that left, and not found.
    raise JournalFailed(f"the disk has not answered within {seconds:g} s")


def _notWritten(failure: Failure, known: _Known) -> Failure:
    words = f"order {known.entry.clientOrderId} was not sent, since it is not in the journal: "
    raise JournalFailed(words + failure.getErrorMessage()) from failure.value


def _refusal(entry: JournalEntry) -> ServerError:
    assert entry.code is not None
    error = serverError(entry.code, entry.description or "", request="ProtoOANewOrderReq", accountId=entry.accountId)
    return rejection(error)
