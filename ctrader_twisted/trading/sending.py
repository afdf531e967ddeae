"""
The one place through which trading requests leave: each is sent at most once, and what its end means is found out here.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.python.failure import Failure

from ctrader_twisted.errors import IllegalValue, NotFound, OutcomeUnknown
from ctrader_twisted.schema.messages import ProtoOAExecutionEvent, ProtoOANewOrderReq
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.changes import Before, Change
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.intents import Intents
from ctrader_twisted.trading.orderlife import OrderLife, Wanted
from ctrader_twisted.trading.outcome import judge, wasNotSent
from ctrader_twisted.trading.resolution import Resolution
from ctrader_twisted.trading.trade import Trade
from ctrader_twisted.units import Symbol

__all__ = ["Sending"]

_NOT_OURS = "the answer tells of another order than the one that was sent"


class Sending:
    """
    Sends new orders, and changes of orders and positions, for all who trade on the account.
    """

    def __init__(
        self,
        link: AccountLink,
        books: Books,
        resolution: Resolution,
        archive: Archive,
        randomness: Random,
        intents: Intents | None = None,
    ) -> None:
        """
        @param link: the account.
        @param books: follow what is sent.
        @param resolution: finds out what became of what was not answered.
        @param archive: knows the time.
        @param randomness: for the ids of orders.
        @param intents: where new orders are written before they leave, if anywhere.
        """
        self._link = link
        self._books = books
        self._orders = books.orders
        self._resolution = resolution
        self._archive = archive
        self._randomness = randomness
        self._intents = intents
        self._used: set[str] = set()

    async def place(self, message: ProtoOANewOrderReq, symbol: Symbol, timeout: float | None) -> Trade:
        """
        Send a new order of any kind. Cancelling the wait does not take it back.

        @param message: the order, complete but for its account. If C{clientOrderId} is empty it is filled in; else it
            is the user's own. Without a journal it must not have been used before; with one, whoever has used it for
            the same order gets that order's trade, and nothing is sent.
        @param symbol: its symbol.
        @param timeout: seconds to wait for the first event, or L{None} for the default.
        @return: the trade, once the server has accepted it.
        @raise IllegalValue: if the C{clientOrderId} was used before, with a journal for another order; nothing was
            sent.
        @raise JournalFailed: if the order cannot be written into the journal; it was not sent.
        @raise OutcomeUnknown: if the order may have left and no answer came; its C{trade} is the trade.
        @raise CTraderError: as L{judge} says.
        """
        life = self._identify(message)
        if life is not None:
            trade = _tradeOf(life, message, symbol)
            await life.whenAccepted()
            return trade
        life = OrderLife(Wanted(message.clientOrderId, message.symbolId, message.tradeSide, message.volume))
        trade = _tradeOf(life, message, symbol)
        accepted = life.whenAccepted()
        if self._intents is None:
            self._leave(True, life, message, timeout)
        else:
            self._orders.prepare(life)
            self._intents.claim(life, message).addCallbacks(
                self._leave, self._notWritten, callbackArgs=(life, message, timeout), errbackArgs=(life,)
            )
        await accepted
        return trade

    async def change(
        self,
        message: Any,
        subject: object,
        timeout: float | None,
        isAnswer: Callable[[ProtoOAExecutionEvent], bool] = lambda event: True,
    ) -> ProtoOAExecutionEvent:
        """
        Send a change of something that is there: a cancel, an amendment, protection or a close. Cancelling the wait
        does not take it back.

        @param message: the request, complete but for its account.
        @param subject: the live object that it changes; goes into L{OutcomeUnknown}.
        @param timeout: seconds to wait for the first event, or L{None} for the default.
        @param isAnswer: tells whether the event that came in answer tells of this change. Where it does not, the
            outcome is unknown.
        @return: the answer. The account's books know of it already.
        @raise NotFound: if the server says that what is to be changed is not there.
        @raise OutcomeUnknown: if the request may have left and no answer came; its C{trade} is the subject, and its
            C{change} the L{Change} that is resolved later.
        @raise CTraderError: as L{judge} says.
        """
        before = Before.of(self._books.positions.find(getattr(message, "positionId", 0)))
        sent = self._archive.now()
        try:
            event = await self._send(message, timeout)
        except (CancelledError, NotFound):
            raise
        except Exception as error:
            judged = judge(error, subject)
            if isinstance(judged, OutcomeUnknown):
                judged.change = self._doubt(message, subject, before, sent)
            raise judged from judged.__cause__
        if not isAnswer(event):
            unknown = OutcomeUnknown(_NOT_OURS, subject)
            unknown.change = self._doubt(message, subject, before, sent)
            raise unknown
        return event

    def findOut(self, life: OrderLife) -> None:
        """
        Ask the server what became of an order that it has accepted, and of which nothing more is heard.

        @param life: the order.
        """
        life.missed()
        self._resolution.doubt(life, self._archive.now())

    def _doubt(self, message: Any, subject: object, before: Before, sent: int) -> Change:
        change = Change(message, subject, before)
        self._resolution.doubtChange(change, sent)
        return change

    def _send(self, message: Any, timeout: float | None) -> Deferred[ProtoOAExecutionEvent]:
        # Cancelling what is returned leaves the request alone.
        answered: Deferred[ProtoOAExecutionEvent] = Deferred()
        maybeDeferred(self._link.request, message, timeout=timeout).addCallbacks(answered.callback, answered.errback)
        return answered

    def _identify(self, message: ProtoOANewOrderReq) -> OrderLife | None:
        """
        @return: the order of this id, if there is one and the id stands for it.
        """
        if not message.clientOrderId:
            message.clientOrderId = f"{self._randomness.getrandbits(128):032x}"
            return None
        if self._intents is not None:
            return self._intents.known(message)
        if message.clientOrderId in self._used:
            raise IllegalValue(f"the clientOrderId {message.clientOrderId!r} was used before; nothing was sent")
        self._used.add(message.clientOrderId)
        return None

    def _leave(self, isNew: bool, life: OrderLife, message: ProtoOANewOrderReq, timeout: float | None) -> None:
        self._orders.prepared(life)
        if not isNew:
            return
        self._orders.expect(life)
        answered = self._send(message, timeout)
        sent = self._archive.now()
        answered.addCallbacks(self._answered, self._failed, callbackArgs=(life, sent), errbackArgs=(life, sent))

    def _notWritten(self, failure: Failure, life: OrderLife) -> None:
        assert isinstance(failure.value, Exception)
        self._orders.prepared(life)
        life.refused(failure.value)
        life.settle()

    def _answered(self, event: ProtoOAExecutionEvent, life: OrderLife, sent: int) -> None:
        assert life.wanted is not None
        # The event itself was heard before; the answer tells whose it is, if the server did not repeat our id.
        if life.orderId is None and not life.wanted.fitsAnswer(event.order):
            self._unanswered(life, OutcomeUnknown(_NOT_OURS, life.subject), sent)
            return
        self._orders.bind(life, event)
        life.settle()

    def _failed(self, failure: Failure, life: OrderLife, sent: int) -> None:
        assert life.wanted is not None and isinstance(failure.value, Exception)
        # Its own events know better than the request.
        if life.wasAccepted or life.isEnded:
            return
        error = judge(failure.value, life.subject)
        if isinstance(error, OutcomeUnknown):
            self._unanswered(life, error, sent)
            return
        self._orders.forget(life)
        if wasNotSent(error):
            self._used.discard(life.wanted.clientOrderId)
        life.refused(error)
        life.settle()

    def _unanswered(self, life: OrderLife, error: OutcomeUnknown, sent: int) -> None:
        life.unanswered(error)
        self._resolution.doubt(life, sent)


def _tradeOf(life: OrderLife, message: ProtoOANewOrderReq, symbol: Symbol) -> Trade:
    if isinstance(life.subject, Trade):
        return life.subject
    trade = life.subject = Trade(
        life,
        clientOrderId=message.clientOrderId,
        symbol=symbol,
        side=Side(message.tradeSide),
        volume=message.volume,
        label=message.label,
        comment=message.comment,
    )
    return trade
