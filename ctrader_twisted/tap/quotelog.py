"""
What C{twistd ctrader} does with its client: it logs quotes, and how the connection fares.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.client import Client
from ctrader_twisted.errors import ConnectionLost, CTraderError, GrantLost, NotConnected, RequestTimedOut, RetryLater
from ctrader_twisted.market import Quote
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.status import Status
from ctrader_twisted.session.tables import AccountState, State
from ctrader_twisted.tap.configuration import Wanted
from ctrader_twisted.units import Symbol

__all__ = ["QuoteLog"]

_ResultT = TypeVar("_ResultT")

_PAUSE = 2.0


class QuoteLog(Service):
    """
    Logs each quote of the wanted symbols, each loss of the connection, and each recovery.
    """

    _log = Logger()

    def __init__(
        self,
        client: Client,
        clock: IReactorTime,
        wanted: Iterable[Wanted],
        failed: Callable[[BaseException], None],
        *,
        canGetTokens: bool = False,
    ) -> None:
        """
        @param client: the client, which somebody else starts and stops.
        @param clock: the reactor.
        @param wanted: the accounts and symbols.
        @param failed: called with the error that makes further attempts useless.
        @param canGetTokens: whether somebody else can put new tokens into the client's store, so that a grant that is
            lost is no reason to give up.
        """
        self._canGetTokens = canGetTokens
        self._client = client
        self._clock = clock
        self._wanted = tuple(wanted)
        self._failed = failed
        self._isOver = False
        self._wasWell = False
        self._lostAt: float | None = None
        self._registrations: list[Registration] = []
        self._tasks: list[Deferred[None]] = []

    def startService(self) -> None:
        """
        Begin to log.
        """
        super().startService()  # type: ignore[no-untyped-call]
        self._registrations.append(self._client.onStatus(self._changed))
        for wanted in self._wanted:
            task = Deferred.fromCoroutine(self._follow(wanted))
            self._tasks.append(task)
            task.addErrback(self._ended)

    def stopService(self) -> None:
        """
        Log nothing any more.
        """
        super().stopService()  # type: ignore[no-untyped-call]
        for task in self._tasks:
            task.cancel()
        for registration in self._registrations:
            registration.stop()
        self._tasks, self._registrations = [], []

    async def _follow(self, wanted: Wanted) -> None:
        persist = partial(self._persist, wanted.accountId)
        account = await persist(lambda: self._client.account(wanted.accountId))
        for name in wanted.symbols:
            symbol = await persist(partial(account.symbol, name))
            listener = partial(self._quoted, wanted.accountId, symbol)
            self._registrations.append(account.onQuote(symbol, listener))

    async def _persist(self, accountId: int, ask: Callable[[], Awaitable[_ResultT]]) -> _ResultT:
        while True:
            try:
                return await ask()
            except (NotConnected, ConnectionLost, RequestTimedOut, RetryLater) as error:
                self._log.info("asking again in {pause:g} s: {error}", pause=_PAUSE, error=error)
                await deferLater(self._clock, _PAUSE)
            except GrantLost:
                if not self._canGetTokens:
                    raise
                await self._granted(accountId)

    async def _granted(self, accountId: int) -> None:
        """
        Wait for the client to try again. To ask for the account would log it in with a token that is known to be bad.
        """
        isRefused = True
        while isRefused:
            await deferLater(self._clock, _PAUSE)
            isRefused = self._client.status.accounts[accountId].state is AccountState.REFUSED

    def _ended(self, failure: Failure) -> None:
        if not isinstance(failure.value, CancelledError):
            self._giveUp(failure.value)

    def _giveUp(self, error: BaseException | None) -> None:
        # One failure reaches us on several ways.
        if error is not None and not self._isOver:
            self._isOver = True
            self._log.critical("giving up: {error}", error=error)
            self._failed(error)

    def _quoted(self, accountId: int, symbol: Symbol, quote: Quote) -> None:
        self._log.info(
            "{symbol} {bid} {ask}",
            symbol=symbol.name,
            bid=quote.bid,
            ask=quote.ask,
            timestamp=quote.timestamp,
            accountId=accountId,
        )

    def _changed(self, status: Status) -> None:
        if status.connection is State.FAILED:
            self._giveUp(status.reason)
        for account in status.accounts.values():
            if account.state is AccountState.REFUSED and not self._waits(account.reason):
                self._giveUp(account.reason)
        isWell = all(account.state is AccountState.READY for account in status.accounts.values())
        if isWell != self._wasWell:
            self._wasWell = isWell
            (self._tellWell if isWell else self._tellLost)(status)

    def _waits(self, error: CTraderError | None) -> bool:
        # The client itself has said that somebody must log in again.
        return self._canGetTokens and isinstance(error, GrantLost)

    def _tellWell(self, status: Status) -> None:
        accountIds = sorted(status.accounts)
        if self._lostAt is None:
            self._log.info("logged in; accounts {accountIds}", accountIds=accountIds)
        else:
            seconds = self._clock.seconds() - self._lostAt
            self._log.info("back after {seconds:.2f} s; accounts {accountIds}", seconds=seconds, accountIds=accountIds)

    def _tellLost(self, status: Status) -> None:
        self._lostAt = self._clock.seconds()
        reasons = [account.reason for account in status.accounts.values() if account.reason is not None]
        self._log.warn("lost: {reason}", reason=status.reason or reasons[0])
