"""
The session: one connection, the accounts on it, and the way of what comes in to the account that it concerns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import evolve
from google.protobuf.message import Message
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.logger import Logger

from ctrader_twisted.errors import CTraderError, NotConnected, ServerError, TokenRefused, UnderMaintenance
from ctrader_twisted.eventual import eventually
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.schema import REQUESTS, RateClass
from ctrader_twisted.schema.messages import (
    ProtoHeartbeatEvent,
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountsTokenInvalidatedEvent,
    ProtoOAClientDisconnectEvent,
    ProtoOAExecutionEvent,
)
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.backoff import Backoff
from ctrader_twisted.session.connection import Application, Connection
from ctrader_twisted.session.effects import Effects
from ctrader_twisted.session.grants import AccountInfo, Grants
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.listeners import Listeners, Waiters
from ctrader_twisted.session.outgoing import Outgoing
from ctrader_twisted.session.status import AccountStatus, Status
from ctrader_twisted.session.tables import AccountState, State
from ctrader_twisted.wire import Counters, OpenApiProtocol, Throttle, Timing
from ctrader_twisted.wire.refusals import refusal

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["Session"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_EventT = TypeVar("_EventT", bound=Message)


_DISCONNECTED = 30.0


class Session:
    """
    Keeps one application connected to one host, and its accounts logged in.

    @ivar onError: the errors that the server tells unasked.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        application: Application,
        tokens: ITokenStore,
        *,
        randomness: Random,
        wallClock: Callable[[], int],
        timing: Timing,
        throttle: Throttle,
        connectTimeout: float,
    ) -> None:
        """
        @param clock: the reactor.
        @param endpoint: where to connect.
        @param application: who to log in as.
        @param tokens: where the access tokens are.
        @param randomness: for ids and for the spread of attempts.
        @param wallClock: milliseconds since 1970.
        @param timing: how long things may take on a connection.
        @param throttle: keeps within the server's limits.
        @param connectTimeout: seconds from dialling to being logged in.
        """
        self._clock = clock
        self._randomness = randomness
        self._wallClock = wallClock
        self._timing = timing
        self._connection = Connection(
            clock,
            endpoint,
            application,
            self,
            self._makeProtocol,
            Backoff(randomness, wallClock),
            timeout=connectTimeout,
        )
        self._throttle = throttle
        self._outgoing = Outgoing(clock, self._connection.protocol, throttle, self._check)
        self._grants = Grants(clock, tokens, self.request)
        # Why nobody needs to wait for a connection: it was given up or stopped.
        self._ended: CTraderError | None = None
        self._accounts: dict[int, AccountSession] = {}
        self._effects = Effects(self._outgoing, self._grants, self._accounts)
        self._counters = Counters()
        self._events: dict[type[Message], Listeners[Any]] = {}
        self._statusListeners: Listeners[Status] = Listeners()
        self._upWaiters: Waiters[None] = Waiters()
        self._settledWaiters: Waiters[None] = Waiters()
        self.onError: Listeners[CTraderError] = Listeners()

    def start(self) -> None:
        """
        Connect, and stay connected.
        """
        self._ended = None
        self._connection.start()

    def stop(self) -> Deferred[None]:
        """
        Disconnect, and stay so. Whoever waits for the session or for an account is told that it was stopped.

        @return: fires when no socket and no timer is left.
        """
        stopped = self._connection.stop()
        error = NotConnected("the client was stopped")
        self._end(error)
        self._outgoing.lost(error)
        for account in tuple(self._accounts.values()):
            account.stopped(error)
        return stopped

    def whenUp(self) -> Deferred[None]:
        """
        Wait until the application is logged in.

        @return: fails with the error that makes further attempts useless, if there is one.
        """
        if self._connection.state is State.UP:
            return succeed(None)
        return self._upWaiters.wait() if self._ended is None else fail(self._ended)

    def whenSettled(self) -> Deferred[None]:
        """
        Wait until the application is logged in and every wanted account is ready or refused.

        @return: fails with the error that makes further attempts useless, if there is one.
        """
        if self._isSettled():
            return succeed(None)
        return self._settledWaiters.wait() if self._ended is None else fail(self._ended)

    def account(self, accountId: int) -> AccountSession:
        """
        Want an account: it is logged in now, if it can be, and after every reconnect. One that was refused is tried
        again.

        @param accountId: the account's C{ctidTraderAccountId}.
        @return: the account, the same object each time.
        """
        account = self._accounts.get(accountId)
        if account is not None:
            account.ask()
            self._follow(account)
            return account
        account = AccountSession(accountId, self._clock, self, Backoff(self._randomness, self._wallClock))
        self._accounts[accountId] = account
        self._follow(account)
        return account

    def whenAccountReady(self, accountId: int) -> Deferred[AccountSession]:
        """
        Want an account and wait for it.

        @param accountId: the account's C{ctidTraderAccountId}.
        @return: fires with the account when it is ready; fails with what refuses it, or with what makes further
            attempts to connect useless.
        """
        account = self.account(accountId)
        return account.whenReady()

    def accountList(self) -> Deferred[tuple[AccountInfo, ...]]:
        """
        Ask which accounts the tokens give access to.

        @return: fires with the accounts, live and demo, whichever host this is.
        """
        return eventually(self._grants.accounts())

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        Send a request that concerns no account, or one that names its account itself.

        @param message: the request, complete.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: as L{OpenApiProtocol.request}. What it changes for an account or for the tokens has been seen to.
        """
        return self._effects.send(message, timeout)

    def listen(self, kind: type[_EventT], listener: Callable[[_EventT], None]) -> Registration:
        """
        Hear the events of one kind, of all accounts and of none.

        @param kind: the class of the event.
        @param listener: called with each such event, before the account that it concerns.
        """
        return self._events.setdefault(kind, Listeners()).add(listener)

    @property
    def status(self) -> Status:
        """
        What is connected, ready and refused, and why.
        """
        return Status(
            self._connection.state,
            self._connection.reason,
            self._connection.attempts,
            {number: AccountStatus(account.state, account.reason) for number, account in self._accounts.items()},
            len(self._outgoing),
            evolve(self._counters),
        )

    @property
    def knownAccounts(self) -> Mapping[int, AccountInfo]:
        """
        What is known of the tokens' accounts, by C{ctidTraderAccountId}.
        """
        return self._grants.known

    def onStatus(self, listener: Callable[[Status], None]) -> Registration:
        """
        Hear of every change of the status.

        @param listener: called with the new status.
        """
        return self._statusListeners.add(listener)

    # What the connection tells.

    def connectionUp(self) -> None:
        """
        @see: L{ctrader_twisted.session.connection.ConnectionOwner.connectionUp}
        """
        # The login did not ask for its turn.
        self._throttle.count(RateClass.GENERAL)
        self._upWaiters.fire(None)
        for account in tuple(self._accounts.values()):
            account.connectionUp()

    def connectionDown(self, reason: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.session.connection.ConnectionOwner.connectionDown}
        """
        self._grants.forget()
        self._outgoing.lost(reason)
        for account in tuple(self._accounts.values()):
            account.connectionDown(reason)

    def connectionFailed(self, error: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.session.connection.ConnectionOwner.connectionFailed}
        """
        self._log.error("giving up: {error}", error=error)
        self._end(error)
        self._outgoing.lost(error)
        for account in tuple(self._accounts.values()):
            account.connectionFailed(error)

    def connectionChanged(self) -> None:
        """
        @see: L{ctrader_twisted.session.connection.ConnectionOwner.connectionChanged}
        """
        self._changed()

    def eventReceived(self, message: Message) -> None:
        """
        Give something that nobody waits for to those whom it concerns.

        @param message: an event, or an error that came unasked.
        """
        listeners = self._events.get(type(message))
        if listeners is not None:
            listeners.tell(message)
        if isinstance(message, ProtoHeartbeatEvent):
            return
        concerned = self._concerned(message)
        for account in concerned:
            account.eventReceived(message)
        # The rejection of an order is an event of the account, and told by the order.
        error = None if isinstance(message, ProtoOAExecutionEvent) else refusal(message)
        if error is not None:
            self._errorReceived(error, concerned)
        elif isinstance(message, ProtoOAClientDisconnectEvent):
            self._clientDisconnected(message)
        elif isinstance(message, ProtoOAAccountsTokenInvalidatedEvent):
            self._tokensInvalidated(message, concerned)
        elif isinstance(message, ProtoOAAccountDisconnectEvent):
            for account in concerned:
                account.dropped(NotConnected(f"the server has ended the login of account {account.accountId}"))

    # What the accounts need.

    def accountLost(self, accountId: int, reason: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.accountLost}
        """
        self._outgoing.lost(reason, accountId)

    def tokenFor(self, accountId: int) -> Deferred[Secret]:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.tokenFor}
        """
        return Deferred.fromCoroutine(self._grants.tokenFor(accountId))

    def learnAccounts(self) -> Deferred[None]:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.learnAccounts}
        """
        return Deferred.fromCoroutine(self._grants.learn())

    def connectAgain(self, reason: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.connectAgain}
        """
        self._connection.tryAgain(reason)

    def ended(self) -> CTraderError | None:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.ended}
        """
        return self._ended

    def accountChanged(self) -> None:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.accountChanged}
        """
        self._changed()

    # The small parts.

    def _check(self, message: Message) -> Callable[[object], object] | None:
        if REQUESTS[message.DESCRIPTOR.name].rate is not RateClass.TRADING:
            return None
        accountId = cast(Any, message).ctidTraderAccountId
        account = self._accounts.get(accountId)
        if account is None:
            # Nobody could hold it against the account's limits.
            raise NotConnected(f"account {accountId} has not been asked for; ask for it, and then send its orders")
        return account.check(message)

    def _makeProtocol(self, listener: Connection) -> OpenApiProtocol:
        return OpenApiProtocol(
            self._clock, listener, randomness=self._randomness, timing=self._timing, counters=self._counters
        )

    def _concerned(self, message: Message) -> tuple[AccountSession, ...]:
        """
        Find the accounts that a message is about: those that it names; if it names none, all.
        """
        if isinstance(message, ProtoOAAccountsTokenInvalidatedEvent):
            found = [self._accounts.get(accountId) for accountId in message.ctidTraderAccountIds]
            return tuple(account for account in found if account is not None)
        accountId = getattr(message, "ctidTraderAccountId", 0)
        if not accountId:
            return tuple(self._accounts.values())
        account = self._accounts.get(accountId)
        return () if account is None else (account,)

    def _errorReceived(self, error: ServerError, concerned: tuple[AccountSession, ...]) -> None:
        self._log.warn("{error}", error=error)
        self.onError.tell(error)
        for account in concerned:
            account.onError.tell(error)
        if not isinstance(error, UnderMaintenance):
            return
        if error.accountId is None:
            self._connection.tryAgain(error)
        else:
            for account in concerned:
                account.dropped(error)

    def _clientDisconnected(self, event: ProtoOAClientDisconnectEvent) -> None:
        error = NotConnected(f"the server has disconnected the application: {event.reason or 'it gave no reason'}")
        self._log.error("{error}", error=error)
        if "block" in event.reason.lower():
            self._connection.giveUp(error)
        else:
            self._connection.tryAgain(error, pause=_DISCONNECTED)

    def _tokensInvalidated(
        self, event: ProtoOAAccountsTokenInvalidatedEvent, concerned: tuple[AccountSession, ...]
    ) -> None:
        reason = event.reason or "no reason given"
        for account in concerned:
            account.dropped(
                TokenRefused("TOKEN_INVALIDATED", reason, accountId=account.accountId, remedy="grant access again")
            )

    def _follow(self, account: AccountSession) -> None:
        if self._connection.state is State.UP:
            account.connectionUp()

    def _end(self, error: CTraderError) -> None:
        self._ended = error
        self._upWaiters.fail(error)
        self._settledWaiters.fail(error)

    def _isSettled(self) -> bool:
        settled = (AccountState.READY, AccountState.REFUSED, AccountState.LEFT)
        accounts = self._accounts.values()
        return self._connection.state is State.UP and all(account.state in settled for account in accounts)

    def _changed(self) -> None:
        if len(self._statusListeners):
            self._statusListeners.tell(self.status)
        if self._isSettled():
            self._settledWaiters.fire(None)
