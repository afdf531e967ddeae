"""
The client: what an application starts, stops and asks for accounts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from random import Random, SystemRandom
from time import time_ns
from typing import TYPE_CHECKING, Any, Self, TypeVar

from google.protobuf.message import Message
from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.blocking import Worker
from ctrader_twisted.client.account import Account
from ctrader_twisted.client.explaining import explain
from ctrader_twisted.client.status import ClientStatus
from ctrader_twisted.credentials import Application
from ctrader_twisted.errors import ConfigurationError, ConnectFailed, CTraderError, IllegalValue
from ctrader_twisted.eventual import eventually
from ctrader_twisted.interfaces import ITokenStore, RunBlocking
from ctrader_twisted.oauth import FileTokens, MemoryTokens
from ctrader_twisted.requests import ApplicationRequests
from ctrader_twisted.session.buying import TokenService
from ctrader_twisted.session.grants import AccountInfo
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.session.session import Session
from ctrader_twisted.trading.halt import HaltFile
from ctrader_twisted.trading.journal import OrderJournal
from ctrader_twisted.trading.limits import Limits
from ctrader_twisted.wire import Throttle, Timing

if TYPE_CHECKING:
    from ctrader_twisted.profiles import ProfileFile
    from ctrader_twisted.schema.messages import Request

__all__ = ["Client", "systemTime"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_EventT = TypeVar("_EventT", bound=Message)


def systemTime() -> int:
    """
    Read the machine's clock.

    @return: milliseconds since 1970.
    """
    return time_ns() // 1_000_000


class Client(Service):
    """
    Keeps an application logged in at one host, and the accounts that are asked for with it.

    It is a service of Twisted's, for C{setServiceParent}; and an asynchronous context manager for scripts::

        async with Client(reactor, demo(reactor), Application(clientId, clientSecret), FileTokens(path)) as client:
            account = await client.account(1234567)

    @ivar requests: the raw requests that concern no account, each as a method.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        endpoint: IStreamClientEndpoint,
        application: Application,
        # The stores of this package by name, for type checkers that do not know zope's interfaces.
        tokens: ITokenStore | FileTokens | MemoryTokens,
        *,
        accounts: Iterable[int] = (),
        oauth: TokenService | None = None,
        timing: Timing | None = None,
        throttle: Throttle | None = None,
        limits: Limits | Mapping[int, Limits] | None = None,
        haltFile: str | os.PathLike[str] | None = None,
        journal: OrderJournal | None = None,
        runBlocking: RunBlocking | None = None,
        connectTimeout: float = 30.0,
        startTimeout: float = 60.0,
        randomness: Random | None = None,
        wallClock: Callable[[], int] = systemTime,
    ) -> None:
        """
        @param reactor: keeps time.
        @param endpoint: where to connect: L{demo <ctrader_twisted.wire.endpoints.demo>},
            L{live <ctrader_twisted.wire.endpoints.live>} or another one.
        @param application: who to log in as.
        @param tokens: where the access tokens are.
        @param accounts: the C{ctidTraderAccountId} of accounts to log in from the start.
        @param oauth: renews tokens over HTTP while the application is not logged in, such as an L{OAuth
            <ctrader_twisted.oauth.http.OAuth>}. By default they are renewed over the connection only.
        @param timing: how long things may take on a connection.
        @param throttle: keeps within the server's limits; clients of one application may share one. By default one of
            this client's own.
        @param limits: what its accounts may not exceed; or by C{ctidTraderAccountId} what each may not, and then no
            other account can be asked for.
        @param haltFile: a file that halts accounts, see L{HaltFile <ctrader_twisted.trading.halt.HaltFile>}.
        @param journal: where new orders are written before they leave, so that none is sent twice and none forgotten,
            whatever happens to this process. By default they are not.
        @param runBlocking: runs what waits for the disk; by default a L{Worker} does.
        @param connectTimeout: seconds from dialling to being logged in, for one attempt.
        @param startTimeout: seconds that C{async with} waits for the login, over all attempts.
        @param randomness: for ids and for the spread of attempts; by default the system's.
        @param wallClock: milliseconds since 1970.
        """
        self._reactor = reactor
        self._wallClock = wallClock
        self._randomness = randomness or SystemRandom()
        self._startTimeout = startTimeout
        self._limits = Limits() if limits is None else limits
        self._haltFile = None if haltFile is None else HaltFile(haltFile)
        self._journal = journal
        self._isJournalOpen = False
        self._runBlocking = runBlocking or Worker(reactor)
        self._session = Session(
            reactor,
            endpoint,
            application,
            tokens,
            tokenService=oauth,
            randomness=self._randomness,
            wallClock=wallClock,
            timing=timing or Timing(),
            throttle=throttle or Throttle(reactor),
            connectTimeout=connectTimeout,
        )
        self.requests = ApplicationRequests(self.request)
        self._statusListeners: Listeners[ClientStatus] = Listeners()
        self._session.onStatus(lambda _: self._statusChanged())
        self._accounts: dict[int, Account] = {}
        for accountId in accounts:
            self._known(_checked(accountId))

    @classmethod
    def fromProfile(cls, name: str, *, reactor: Any = None, file: ProfileFile | None = None, **options: Any) -> Self:
        """
        Make the client that one of the user's profiles describes: its host, application and tokens. Its tokens are
        renewed over HTTP, too; and it is halted by the profile's halt file, as with C{ctrader halt}.

        @param name: the profile, such as C{demo}. Nothing chooses C{live} for you.
        @param reactor: keeps time; by default the one that is installed in this process.
        @param file: where the profiles are; by default in the user's own file.
        @param options: more arguments of L{Client} by name, which go before what the profile says.
        @return: the client, not started.
        @raise ConfigurationError: if there is no such profile, or it cannot be used.
        """
        from ctrader_twisted.profiles import ProfileFile

        if reactor is None:
            from twisted.internet import reactor
        profile = (file or ProfileFile()).read(name)
        chosen = {
            "endpoint": profile.makeEndpoint(reactor),
            "application": profile.application,
            "tokens": profile.tokenStore(reactor),
            "oauth": profile.makeOAuth(reactor),
            "haltFile": profile.haltFile,
            **options,
        }
        return cls(reactor, **chosen)

    def startService(self) -> None:
        """
        Connect, and stay connected.
        """
        super().startService()  # type: ignore[no-untyped-call]
        if self._journal is not None and not self._isJournalOpen:
            self._isJournalOpen = True
            self._journal.begin()
        self._session.start()

    def stopService(self) -> Deferred[None]:
        """
        Disconnect. Streams of quotes end, listeners stay; whoever waits for something is told.

        @return: fires when no socket and no timer is left, and the journal is free for other processes.
        """
        super().stopService()  # type: ignore[no-untyped-call]
        for account in self._accounts.values():
            account.endStreams()
        return self._session.stop().addCallback(self._release).addCallback(lambda _: self._closeJournal())

    async def __aenter__(self) -> Self:
        self.startService()
        try:
            await eventually(self._started())
        except BaseException:
            await self.stopService()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stopService()

    def whenReady(self) -> Deferred[None]:
        """
        Wait until the application is logged in and every wanted account is ready or refused.

        @return: fails with the error that makes further attempts useless, such as
            L{ctrader_twisted.errors.ApplicationRefused}, L{ctrader_twisted.errors.CertificateRefused} or
            L{ctrader_twisted.errors.HostNameRefused}. Where attempts go on, it waits.
        """
        return self._session.whenSettled()

    def accounts(self) -> Deferred[tuple[AccountInfo, ...]]:
        """
        Ask which accounts the tokens give access to.

        @return: fires with the accounts, live and demo ones, whichever host this client is connected to.
        """
        return self._session.accountList()

    def account(self, accountId: int) -> Deferred[Account]:
        """
        Log an account in, and keep it so across reconnects.

        @param accountId: its C{ctidTraderAccountId}, as L{accounts} tells it; not the number that the platform shows.
        @return: fires with the account, the same object each time, when it is ready.
        @raise AccountNotFound: (as a failure) if no token covers it.
        @raise WrongHost: (as a failure) if it lives on the other host.
        @raise TokenRefused: (as a failure) if its token is not good any more.
        @raise TypeError: (as a failure) if the id is no integer, such as the text of one.
        @raise IllegalValue: (as a failure) if no account can have such an id.
        @raise ConfigurationError: (as a failure) if the client has limits by account, and none for this one.
        """
        try:
            account = self._known(_checked(accountId))
        except (CTraderError, TypeError):
            return fail()
        return self._session.whenAccountReady(accountId).addCallback(lambda _: account)

    @property
    def status(self) -> ClientStatus:
        """
        What is connected, ready, refused and stale, and why, and what was seen that should be rare.
        """
        stale = {accountId: account.stale for accountId, account in self._accounts.items()}
        return ClientStatus.of(self._session.status, stale)

    def onStatus(self, listener: Callable[[ClientStatus], None]) -> Registration:
        """
        Hear of every change of the status, but for its counters.

        @param listener: called with the new status.
        @return: an object whose C{stop()} ends it.
        """
        return self._statusListeners.add(listener)

    def onError(self, listener: Callable[[CTraderError], None]) -> Registration:
        """
        Hear of errors that the server tells unasked, of all accounts and of none.

        @param listener: called with each error.
        @return: an object whose C{stop()} ends it.
        """
        return self._session.onError.add(listener)

    def explain(self, error: CTraderError) -> str:
        """
        Tell in plain language what an error means and what to do next. To what the error knows by itself this adds what
        the client knows: that a number is a trader login and not an account's id, that an account is on the other
        host, that a token does not allow trading.

        @param error: any error of this package.
        @return: some sentences.
        """
        account = self._accounts.get(getattr(error, "accountId", None) or 0)
        return explain(error, self._session.knownAccounts, None if account is None else account.trader)

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        Send a raw request that concerns no account.

        @param message: the request, complete, such as C{ProtoOAVersionReq()}.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the answer, fails with the server's refusal.
        """
        return self._session.request(message, timeout=timeout)

    def listen(self, kind: type[_EventT], listener: Callable[[_EventT], None]) -> Registration:
        """
        Hear the raw events of one kind, of all accounts and of none.

        @param kind: the class of the event, such as C{ProtoOASpotEvent}; all that the server pushes has one,
            C{ProtoHeartbeatEvent} too.
        @param listener: called with each such event.
        @return: an object whose C{stop()} ends it.
        """
        return self._session.listen(kind, listener)

    def _known(self, accountId: int) -> Account:
        account = self._accounts.get(accountId)
        if account is None:
            limits = self._limitsOf(accountId)
            link = self._session.account(accountId)
            account = Account(
                link,
                self._reactor,
                self._wallClock,
                self._randomness,
                limits=limits,
                haltFile=self._haltFile,
                journal=self._journal,
                runBlocking=self._runBlocking,
            )
            account.onStale(lambda _: self._statusChanged())
            self._accounts[accountId] = account
        return account

    def _statusChanged(self) -> None:
        if len(self._statusListeners):
            self._statusListeners.tell(self.status)

    def _limitsOf(self, accountId: int) -> Limits:
        if isinstance(self._limits, Limits):
            return self._limits
        if accountId not in self._limits:
            raise ConfigurationError(f"there are no limits for account {accountId}; name it among the client's limits")
        return self._limits[accountId]

    def _release(self, result: None) -> None:
        # Only now are requests that were under way known to be of unknown outcome.
        for account in self._accounts.values():
            account.release()

    def _closeJournal(self) -> Deferred[None]:
        # It may have been started again while it was stopping.
        if self._journal is None or not self._isJournalOpen or self.running:
            return succeed(None)
        self._isJournalOpen = False
        return self._runBlocking(self._journal.end).addErrback(self._notClosed)

    def _notClosed(self, failure: Failure) -> None:
        self._log.failure("the journal was not closed", failure)

    async def _started(self) -> None:
        if self._journal is not None:
            await self._runBlocking(self._journal.check)
        ready = self.whenReady()
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            ready.cancel()

        timer = self._reactor.callLater(self._startTimeout, expire)
        try:
            await ready
        except Exception:
            if expired:
                raise self._notStarted() from None
            raise
        finally:
            if timer.active():
                timer.cancel()

    def _notStarted(self) -> CTraderError:
        status = self.status
        if status.reason is not None:
            return status.reason
        waiting = [f"account {number}: {each.reason}" for number, each in status.accounts.items() if each.reason]
        reasons = "; ".join(waiting) or "no answer came"
        return ConnectFailed(f"the client was not ready within {self._startTimeout:g} s: {reasons}")


def _checked(accountId: int) -> int:
    if type(accountId) is not int:
        raise TypeError(f"the id of an account is an integer, not {accountId!r}")
    if not 0 < accountId < 2**63:
        raise IllegalValue(f"no account has the id {accountId}")
    return accountId
