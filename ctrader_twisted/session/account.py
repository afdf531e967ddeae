"""
The account machine: logs one account in, learns its state, restores what it had, and does so again after every loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from google.protobuf.message import Message
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import (
    ConnectionLost,
    CTraderError,
    GrantLost,
    IllegalValue,
    NotConnected,
)
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
    ProtoOATrader,
    ProtoOATraderReq,
)
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.backoff import Backoff
from ctrader_twisted.session.leaving import Leaving
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.session.login import Login
from ctrader_twisted.session.machine import Machine
from ctrader_twisted.session.owner import AccountOwner
from ctrader_twisted.session.registrations import Registrations
from ctrader_twisted.session.tables import ACCOUNT_TABLE, AccountInput, AccountState
from ctrader_twisted.session.verdicts import endsApplication, endsLogin, lasts, wantsTokens
from ctrader_twisted.wire.routes import Hearers

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["AccountSession"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_EventT = TypeVar("_EventT", bound=Message)

_MOST_HELD = 10_000


class AccountSession(Registrations):
    """
    One account that is kept logged in. It is the L{ctrader_twisted.session.link.AccountLink} of the rooms above.

    @ivar reason: what went wrong last, or L{None}.
    """

    _log = Logger()

    def __init__(self, accountId: int, clock: IReactorTime, owner: AccountOwner, backoff: Backoff) -> None:
        """
        @param accountId: the account's C{ctidTraderAccountId}.
        @param clock: the reactor.
        @param owner: the session.
        @param backoff: tells how long to wait after a failure.
        """
        super().__init__(accountId)
        self.reason: CTraderError | None = None
        self._clock = clock
        self._owner = owner
        self._backoff = backoff
        self._machine: Machine[AccountState, AccountInput] = Machine(
            AccountState.OFFLINE,
            ACCOUNT_TABLE,
            {
                "authorise": self._authorise,
                "reconcile": self._reconcile,
                "release": self._release,
                "restore": self._restore,
                "ready": self._ready,
                "refused": self._refused,
                "left": self._left,
                "lost": self._lose,
                "pause": self._pause,
                "cancelRetry": self._cancelRetry,
            },
            self._changed,
            entered=owner.accountMoved,
        )
        # Answers to an earlier attempt must not move a later one.
        self._attempt = 0
        # None unless it has been ready since the last loss.
        self._readySince: float | None = None
        self._retry: IDelayedCall | None = None
        self._login = Login(accountId, clock, owner)
        self._leaving = Leaving(self._goAway)
        self._held: list[Message] = []
        self._waiters: Waiters[AccountSession] = Waiters()
        self._snapshot: tuple[ProtoOATrader, ProtoOAReconcileRes] | None = None

    @property
    def state(self) -> AccountState:
        """
        Where the account stands.
        """
        return self._machine.state

    @property
    def isWaitingForTokens(self) -> bool:
        """
        Whether it is refused, and might not be with tokens that the store does not have.
        """
        return self.state is AccountState.REFUSED and wantsTokens(self.reason)

    def whenReady(self) -> Deferred[AccountSession]:
        """
        Wait until the account is logged in, reconciled and restored.

        @return: fires at once if it is; fails with the server's refusal if it is, or gets, refused.
        """
        if self.state is AccountState.READY:
            return succeed(self)
        ended = self.ended()
        return self._waiters.wait() if ended is None else fail(ended)

    # The link of the rooms above.

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        @see: L{ctrader_twisted.session.link.AccountLink.request}
        """
        isIn = self.state in (AccountState.RESTORING, AccountState.READY)
        if not isIn and not isinstance(message, ProtoOAAccountAuthReq):
            why = f"; {self.reason}" if self.reason is not None else ""
            return fail(NotConnected(f"account {self.accountId} is not logged in ({self.state.value}){why}"))
        return self._send(message, timeout).addErrback(self._requestFailed, self._attempt)

    def ended(self) -> CTraderError | None:
        """
        @see: L{ctrader_twisted.session.link.AccountLink.ended}
        """
        stays = self.state in (AccountState.REFUSED, AccountState.LEFT)
        return self.reason if stays else self._owner.ended()

    def leave(self, answered: Deferred[_AnswerT]) -> Deferred[_AnswerT]:
        """
        The user logs the account out. It stays so until somebody asks for it.

        @param answered: the request that does it, just sent.
        @return: the same.
        """
        return self._leaving.follow(answered)

    # What the session tells.

    def connectionUp(self) -> None:
        """
        The application is logged in.
        """
        if self.state is AccountState.OFFLINE:
            # A logout that its caller gave up went with the connection.
            self._leaving.isUnderWay = False
        self._machine.handle(AccountInput.UP)

    def connectionDown(self, reason: CTraderError) -> None:
        """
        The connection is gone.

        @param reason: why.
        """
        self._blame(reason)
        self._login.forget()
        self._machine.handle(AccountInput.DOWN)

    def connectionFailed(self, error: CTraderError) -> None:
        """
        There will be no connection: whoever waits for the account, or for something in it, waits in vain.

        @param error: why.
        """
        self.stopped(error)
        self.tellEnded(error)

    def stopped(self, error: CTraderError) -> None:
        """
        The client is being stopped: whoever waits for the account waits in vain.

        @param error: says so.
        """
        self._blame(error)
        self._waiters.fail(error)

    def dropped(self, reason: CTraderError) -> None:
        """
        The server has ended this account's login. That changes nothing where there is none, such as after a refusal.

        @param reason: why.
        """
        if not self._leaving.end() and (self.state, AccountInput.DROPPED) in ACCOUNT_TABLE:
            self.reason = reason
            self._owner.accountLost(self.accountId, reason)
            self._machine.handle(AccountInput.DROPPED)

    def loginEnded(self, reason: CTraderError, *, isTokenDead: bool) -> None:
        """
        The server tells that it has ended a login of this account. That may be because its token was renewed, and then
        be about a login that is over already.

        @param reason: what it said.
        @param isTokenDead: whether it said that the token is not good any more.
        """
        token = self._login.token
        if token is not None and self._owner.tokens.expects(token):
            self.dropped(NotConnected(f"account {self.accountId}: its token was renewed; it is logged in again"))
        elif self._login.mayMeanFormer():
            # If it means this login, the answer to any request that is sent after it says so.
            if self.state in (AccountState.RECONCILING, AccountState.RESTORING, AccountState.READY):
                asked = self._send(ProtoOATraderReq(), None)
                asked.addErrback(self._requestFailed, self._attempt).addErrback(self._suspected)
        else:
            if isTokenDead and token is not None:
                self._owner.tokens.invalidated(token)
            self.dropped(reason)

    def tokenRenewed(self, old: Secret) -> None:
        """
        A token has been replaced by another one, which is in the store. If this account is logged in with it, it is
        logged in with the new one: when the server has ended the login, or after some seconds if it does not.

        @param old: the old token.
        """
        if old != self._login.token:
            return
        if self.state is AccountState.PAUSING:
            self._cancelRetry()
            self._machine.handle(AccountInput.RETRY)
        elif self.state in (AccountState.RECONCILING, AccountState.RESTORING, AccountState.READY):
            self._login.moveSoon(self._isStill(self._attempt))

    def ask(self) -> None:
        """
        Try again if the account was refused or logged out.
        """
        self._machine.handle(AccountInput.ASK)

    def eventReceived(self, message: Message) -> None:
        """
        An event of this account came.

        @param message: the event.
        """
        if self.state in (AccountState.RESTORING, AccountState.READY):
            self.tellEvent(message)
        elif self.state is AccountState.RECONCILING:
            self._held.append(message)
            if len(self._held) > _MOST_HELD:
                self.dropped(NotConnected(f"account {self.accountId}: too many events came before its state"))

    def route(self, kind: type[Message]) -> Hearers | None:
        """
        @param kind: a class of events.
        @return: those whom L{eventReceived} tells such events, if it does nothing else; that is so until the state
            changes.
        """
        return self.hearers(kind) if self.state in (AccountState.RESTORING, AccountState.READY) else None

    # What the machine does.

    def _authorise(self) -> None:
        self._attempt += 1
        self._retry = None
        self._login.cancelMove()
        self._held.clear()
        self._snapshot = None
        attempt = self._attempt
        authorised = Deferred.fromCoroutine(self._login.make(self._isStill(attempt)))
        authorised.addCallbacks(
            lambda _: self._advance(attempt, AccountInput.AUTHORISED), self._failed, errbackArgs=(attempt,)
        )

    def _reconcile(self) -> None:
        attempt = self._attempt
        done = Deferred.fromCoroutine(self._readState())
        done.addCallbacks(
            lambda _: self._advance(attempt, AccountInput.RECONCILED), self._failed, errbackArgs=(attempt,)
        )

    async def _readState(self) -> None:
        trader = self._send(ProtoOATraderReq(), None)
        reconciled = self._send(ProtoOAReconcileReq(), None)
        # Both are under way; the one that is awaited second must not be left with an unheard failure.
        try:
            answer = await trader
        except CTraderError:
            reconciled.addErrback(lambda _: None)
            raise
        self._snapshot = (answer.trader, await reconciled)

    def _release(self) -> None:
        assert self._snapshot is not None
        self.tellState(*self._snapshot)
        held, self._held = self._held, []
        for message in held:
            self.tellEvent(message)

    def _restore(self) -> None:
        attempt = self._attempt
        done = Deferred.fromCoroutine(self.runRestorers())
        done.addCallback(lambda _: self._advance(attempt, AccountInput.RESTORED))

    def _ready(self) -> None:
        self.reason = None
        self._readySince = self._clock.seconds()
        self._waiters.fire(self)

    def _refused(self) -> None:
        assert self.reason is not None
        if not isinstance(self.reason, GrantLost):
            # Of a lost grant all accounts hear, and it is told once.
            self._log.error("account {accountId}: {reason}", accountId=self.accountId, reason=self.reason)
        self._waiters.fail(self.reason)
        self.tellEnded(self.reason)

    def _left(self) -> None:
        assert self.reason is not None
        # A login that is under way is not wanted any more.
        self._attempt += 1
        self._login.cancelMove()
        self._waiters.fail(self.reason)
        self.tellEnded(self.reason)

    def _lose(self) -> None:
        if self._readySince is not None:
            self._backoff.lasted(self._clock.seconds() - self._readySince)
            self._readySince = None
        self.tellLost(Failure(self.reason or NotConnected("the connection was lost")))  # type: ignore[no-untyped-call]

    def _pause(self) -> None:
        delay = self._backoff.after(self.reason)
        self._log.info(
            "account {accountId}: logging in again in {delay:.1f} s: {reason}",
            accountId=self.accountId,
            delay=delay,
            reason=self.reason,
        )
        self._retry = self._clock.callLater(delay, self._machine.handle, AccountInput.RETRY)

    def _cancelRetry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _changed(self) -> None:
        self._owner.accountChanged()

    def _suspected(self, failure: Failure) -> None:
        # What ends the login for good has been seen to by the request, or comes with the next one.
        self._log.info("account {accountId}: {error}", accountId=self.accountId, error=failure.getErrorMessage())

    # The small parts.

    def _send(self, message: Request[_AnswerT], timeout: float | None) -> Deferred[_AnswerT]:
        try:
            cast(Any, message).ctidTraderAccountId = self.accountId
        except AttributeError:
            return fail(IllegalValue(f"{type(message).__name__} is no request of an account"))
        return self._owner.request(message, timeout=timeout)

    def _blame(self, reason: CTraderError) -> None:
        # An account that was logged out is so whatever becomes of the connection.
        if self.state is not AccountState.LEFT:
            self.reason = reason

    def _goAway(self) -> None:
        reason = NotConnected(f"account {self.accountId} was logged out by us, until it is asked for again")
        self._blame(reason)
        self._owner.accountLost(self.accountId, reason)
        self._machine.handle(AccountInput.LEAVE)

    def _isStill(self, attempt: int) -> Callable[[], bool]:
        return lambda: attempt == self._attempt

    def _advance(self, attempt: int, what: AccountInput) -> None:
        if attempt == self._attempt:
            self._machine.handle(what)

    def _failed(self, failure: Failure, attempt: int) -> None:
        error = failure.value
        if not isinstance(error, CTraderError):
            self._log.failure("account {accountId}: the login failed", failure, accountId=self.accountId)
            error = NotConnected(f"account {self.accountId}: the login failed: {failure.getErrorMessage()}")
        if attempt != self._attempt or isinstance(error, ConnectionLost):
            # The loss itself is told by the connection.
            return
        self.reason = error
        if endsApplication(error):
            self._owner.connectAgain(error)
            return
        self._machine.handle(AccountInput.REFUSED if lasts(error) else AccountInput.POSTPONED)

    def _requestFailed(self, failure: Failure, attempt: int) -> Failure:
        error = failure.value
        if attempt != self._attempt or not endsLogin(error):
            return failure
        if endsApplication(error):
            self._owner.connectAgain(error)
        else:
            self.dropped(error)
        return failure
