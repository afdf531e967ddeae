"""
Who wants to hear of an account.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import CTraderError, LimitReached
from ctrader_twisted.schema.messages import ProtoOAReconcileRes, ProtoOATrader
from ctrader_twisted.session.link import Guarding, Registration
from ctrader_twisted.session.listeners import Listeners

__all__ = ["Registrations"]

_EventT = TypeVar("_EventT", bound=Message)


class Registrations:
    """
    The listeners of one account: for its events, its state, its restoring, its losses and its end.

    @ivar accountId: the account's C{ctidTraderAccountId}.
    @ivar onError: the errors that the server tells unasked, of this account and of none.
    """

    _log = Logger()

    def __init__(self, accountId: int) -> None:
        """
        @param accountId: the account's C{ctidTraderAccountId}.
        """
        self.accountId = accountId
        self.onError: Listeners[CTraderError] = Listeners()
        self._events: dict[type[Message], Listeners[Any]] = {}
        self._reconcilers: Listeners[tuple[ProtoOATrader, ProtoOAReconcileRes]] = Listeners()
        self._restorers: tuple[Callable[[], Deferred[None]], ...] = ()
        self._losers: Listeners[Failure] = Listeners()
        self._enders: Listeners[CTraderError] = Listeners()
        self._guard: Guarding | None = None

    def listen(self, kind: type[_EventT], listener: Callable[[_EventT], None]) -> Registration:
        """
        @see: L{ctrader_twisted.session.link.AccountLink.listen}
        """
        return self.hearers(kind).add(listener)

    def onReconcile(self, step: Callable[[ProtoOATrader, ProtoOAReconcileRes], None]) -> Registration:
        """
        @see: L{ctrader_twisted.session.link.AccountLink.onReconcile}
        """
        return self._reconcilers.add(lambda state: step(*state))

    def onRestore(self, step: Callable[[], Deferred[None]]) -> Registration:
        """
        @see: L{ctrader_twisted.session.link.AccountLink.onRestore}
        """
        self._restorers += (step,)
        return _Restorer(lambda: self._removeRestorer(step))

    def onLost(self, listener: Callable[[Failure], None]) -> Registration:
        """
        @see: L{ctrader_twisted.session.link.AccountLink.onLost}
        """
        return self._losers.add(listener)

    def onEnded(self, listener: Callable[[CTraderError], None]) -> Registration:
        """
        @see: L{ctrader_twisted.session.link.AccountLink.onEnded}
        """
        return self._enders.add(listener)

    def guard(self, check: Guarding) -> None:
        """
        @see: L{ctrader_twisted.session.link.AccountLink.guard}
        """
        self._guard = check

    def check(self, message: Message) -> Callable[[object], object] | None:
        """
        Have a trading request looked at before it leaves.

        @param message: the request.
        @return: what the guard wants to be called with what becomes of the request, if there is a guard.
        @raise CTraderError: if it must not leave.
        """
        if self._guard is None:
            return None
        try:
            return self._guard(message)
        except CTraderError:
            raise
        except Exception as error:
            # An order that could not be looked at must not leave, and has not left.
            self._log.failure("account {accountId}: the guard of its orders failed", accountId=self.accountId)
            raise LimitReached(f"its limits could not be looked at: {error!r}", self.accountId, "guard") from error

    def tellEvent(self, message: Message) -> None:
        """
        Tell those who listen for such events.

        @param message: the event.
        """
        listeners = self._events.get(type(message))
        if listeners is not None:
            listeners.tell(message)

    def hearers(self, kind: type[Message]) -> Listeners[Any]:
        """
        @param kind: a class of events.
        @return: those who listen for such events; they may become more.
        """
        return self._events.setdefault(kind, Listeners())

    def tellState(self, trader: ProtoOATrader, state: ProtoOAReconcileRes) -> None:
        """
        Tell the account's whole state.

        @param trader: its terms.
        @param state: its positions and orders.
        """
        self._reconcilers.tell((trader, state))

    def tellLost(self, reason: Failure) -> None:
        """
        Tell that the account is not logged in any more.

        @param reason: why.
        """
        self._losers.tell(reason)

    def tellEnded(self, error: CTraderError) -> None:
        """
        Tell that no further login will be tried.

        @param error: why.
        """
        self._enders.tell(error)

    async def runRestorers(self) -> None:
        """
        Run all steps of restoring at once, and wait for them. A failure is logged.
        """
        running = [
            maybeDeferred(step).addErrback(lambda failure: self._log.failure("something was not restored", failure))
            for step in self._restorers
        ]
        for step in running:
            await step

    def _removeRestorer(self, step: Callable[[], Deferred[None]]) -> None:
        self._restorers = tuple(kept for kept in self._restorers if kept is not step)


class _Restorer:
    """
    The registration of a step of restoring.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave

    def stop(self) -> None:
        self._leave()
