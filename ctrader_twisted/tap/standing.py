"""
How the client of a daemon fares: losses and recoveries in the log, and the end if nothing helps any more.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ctrader_twisted.client import Client
from ctrader_twisted.errors import CTraderError, GrantLost
from ctrader_twisted.session.link import Registration
from ctrader_twisted.session.status import Status
from ctrader_twisted.session.tables import AccountState, State

__all__ = ["Standing"]


class Standing(Service):
    """
    Logs each loss of the connection and each recovery, and gives up when the client has.
    """

    _log = Logger()

    def __init__(
        self,
        client: Client,
        clock: IReactorTime,
        failed: Callable[[BaseException], None],
        *,
        canGetTokens: bool = False,
    ) -> None:
        """
        @param client: the client, which somebody else starts and stops.
        @param clock: the reactor.
        @param failed: called once, with the error that makes further attempts useless.
        @param canGetTokens: whether somebody else can put new tokens into the client's store, so that a grant that is
            lost is no reason to give up.
        """
        self._client = client
        self._clock = clock
        self._failed = failed
        self._canGetTokens = canGetTokens
        self._isOver = False
        self._wasWell = False
        self._lostAt: float | None = None
        self._registration: Registration | None = None

    def startService(self) -> None:
        """
        Begin to look.
        """
        super().startService()  # type: ignore[no-untyped-call]
        self._registration = self._client.onStatus(self._changed)

    def stopService(self) -> None:
        """
        Look no more.
        """
        super().stopService()  # type: ignore[no-untyped-call]
        if self._registration is not None:
            self._registration.stop()

    def giveUp(self, error: BaseException | None) -> None:
        """
        End it all.

        @param error: the reason. One reason may reach this on several ways; the first one counts.
        """
        if error is not None and not self._isOver:
            self._isOver = True
            self._log.critical("giving up: {error}", error=error)
            self._failed(error)

    def _changed(self, status: Status) -> None:
        if status.connection is State.FAILED:
            self.giveUp(status.reason)
        for account in status.accounts.values():
            if account.state is AccountState.REFUSED and not self._waits(account.reason):
                self.giveUp(account.reason)
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
        self._log.warn("lost: {reason}", reason=status.reason or next(iter(reasons), "an account is not logged in"))
