"""
The session: one connection, the accounts on it, and the way of what comes in to the account that it concerns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve
from google.protobuf.message import Message
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.logger import Logger

from ctrader_twisted.credentials import Application
from ctrader_twisted.errors import CTraderError, NotConnected
from ctrader_twisted.eventual import Eventual, eventually
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.schema import RateClass
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.accounts import Accounts
from ctrader_twisted.session.backoff import Backoff
from ctrader_twisted.session.buying import Buying, TokenService
from ctrader_twisted.session.connection import Connection
from ctrader_twisted.session.dispatch import Dispatch
from ctrader_twisted.session.effects import Effects
from ctrader_twisted.session.grants import AccountInfo, Grants
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.listeners import Listeners, Waiters
from ctrader_twisted.session.outgoing import Outgoing
from ctrader_twisted.session.provision import Provision
from ctrader_twisted.session.renewal import Renewal
from ctrader_twisted.session.status import Status
from ctrader_twisted.session.storing import Storing
from ctrader_twisted.session.tables import State
from ctrader_twisted.wire import Counters, OpenApiProtocol, Throttle, Timing

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["Session"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_EventT = TypeVar("_EventT", bound=Message)


class Session:
    """
    Keeps one application connected to one host, and its accounts logged in.

    @ivar onError: the errors that the server tells unasked.
    @ivar tokens: what is known of the stored tokens.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        application: Application,
        tokens: ITokenStore,
        *,
        tokenService: TokenService | None = None,
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
        @param tokenService: sells tokens over HTTP, if anything does.
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
        self._accounts = Accounts()
        self._outgoing = Outgoing(clock, self._connection.protocol, throttle, self._accounts.check)
        storing = Storing(clock, tokens)
        self._renewal = Renewal(
            clock,
            storing,
            Buying(self._ask, tokenService, wallClock),
            self,
            randomness=randomness,
            wallClock=wallClock,
        )
        self.tokens = self._renewal.pairs
        self._replacing = self._renewal.replacing
        self._grants = Grants(storing, self._ask, self._replacing.replace)
        self._isWanted = False
        # Why nobody needs to wait for a connection: it was given up or stopped.
        self._ended: CTraderError | None = None
        self._effects = Effects(
            clock, self._outgoing, self._replacing, self._accounts, self._follow, timing.answers[RateClass.GENERAL]
        )
        self._counters = Counters()
        self._dispatch = Dispatch(self._connection, self._accounts)
        self._statusListeners: Listeners[Status] = Listeners()
        self._upWaiters: Waiters[None] = Waiters()
        self._settledWaiters: Waiters[None] = Waiters()
        self.onError = self._dispatch.onError
        self._provision = Provision(
            self._connection,
            self._outgoing,
            self._effects,
            self._grants,
            self._replacing,
            self.tokens,
            ended=lambda: self._ended,
            moved=self._dispatch.routes.forget,
            changed=self._accountChanged,
        )

    def start(self) -> None:
        """
        Connect, and stay connected.
        """
        self._ended = None
        self._isWanted = True
        self._connection.start()
        self._renewal.start()

    def stop(self) -> Deferred[None]:
        """
        Disconnect, and stay so. Whoever waits for the session or for an account is told that it was stopped.

        @return: fires when no socket and no timer is left. If tokens are just being renewed, the new ones are stored
            before.
        """
        error = NotConnected("the client was stopped")
        self._isWanted = False
        settled = self._renewal.stop()
        self._end(error)
        stopped: Deferred[None] = Eventual()
        settled.addCallback(lambda _: self._disconnect()).addCallbacks(stopped.callback, stopped.errback)
        self._outgoing.lost(error)
        self._accounts.stopped(error)
        return stopped

    def _disconnect(self) -> Deferred[None]:
        stopped = self._connection.stop()
        if self._isWanted:
            # It was started again meanwhile.
            self._connection.start()
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
        account = AccountSession(accountId, self._clock, self._provision, Backoff(self._randomness, self._wallClock))
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
        return self._dispatch.listen(kind, listener)

    @property
    def status(self) -> Status:
        """
        What is connected, ready and refused, and why.
        """
        return Status(
            self._connection.state,
            self._connection.reason,
            self._connection.attempts,
            self._accounts.statuses(),
            self.tokens.status,
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
        self._accounts.connectionUp()
        self._renewal.look()

    def connectionDown(self, reason: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.session.connection.ConnectionOwner.connectionDown}
        """
        self._grants.forget()
        self._outgoing.lost(reason)
        self._accounts.connectionDown(reason)

    def connectionFailed(self, error: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.session.connection.ConnectionOwner.connectionFailed}
        """
        self._log.error("giving up: {error}", error=error)
        self._end(error)
        self._outgoing.lost(error)
        self._accounts.connectionFailed(error)

    def connectionMoved(self) -> None:
        """
        @see: L{ctrader_twisted.session.connection.ConnectionOwner.connectionMoved}
        """
        self._dispatch.routes.forget()

    def connectionChanged(self) -> None:
        """
        @see: L{ctrader_twisted.session.connection.ConnectionOwner.connectionChanged}
        """
        self._changed()

    def eventReceived(self, message: Message) -> None:
        """
        @see: L{ctrader_twisted.session.connection.ConnectionOwner.eventReceived}
        """
        self._dispatch.receive(message)

    # What becomes of the tokens.

    def tokenRenewed(self, old: Secret, new: Secret) -> None:
        """
        @see: L{ctrader_twisted.session.renewal.RenewalOwner.tokenRenewed}
        """
        self._grants.renewed(old, new)
        self._accounts.tokenRenewed(old)

    def tokensChanged(self) -> None:
        """
        @see: L{ctrader_twisted.session.renewal.RenewalOwner.tokensChanged}
        """
        self._accounts.tokensChanged()

    def tokenStatusChanged(self) -> None:
        """
        @see: L{ctrader_twisted.session.renewal.RenewalOwner.tokenStatusChanged}
        """
        self._changed()

    def isWaitingForTokens(self) -> bool:
        """
        @see: L{ctrader_twisted.session.renewal.RenewalOwner.isWaitingForTokens}
        """
        return self._accounts.isWaitingForTokens()

    # The small parts.

    def _ask(self, message: Any, /, *, timeout: float | None = None) -> Deferred[Any]:
        return self._outgoing.send(message, timeout)

    def _makeProtocol(self, listener: Connection) -> OpenApiProtocol:
        return OpenApiProtocol(
            self._clock,
            listener,
            randomness=self._randomness,
            timing=self._timing,
            counters=self._counters,
            routes=self._dispatch.routes,
        )

    def _follow(self, account: AccountSession) -> None:
        if self._connection.state is State.UP:
            account.connectionUp()

    def _end(self, error: CTraderError) -> None:
        self._ended = error
        self._upWaiters.fail(error)
        self._settledWaiters.fail(error)

    def _isSettled(self) -> bool:
        return self._connection.state is State.UP and self._accounts.areSettled()

    def _accountChanged(self) -> None:
        self._changed()
        if self._accounts.isWaitingForTokens():
            self._renewal.watch()

    def _changed(self) -> None:
        if len(self._statusListeners):
            self._statusListeners.tell(self.status)
        if self._isSettled():
            self._settledWaiters.fire(None)
