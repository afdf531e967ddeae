"""
Asking until there is an answer, for services that outlast every outage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ctrader_twisted.client.client import Client
from ctrader_twisted.errors import ConnectionLost, GrantLost, NotConnected, RequestTimedOut, RetryLater
from ctrader_twisted.session.tables import AccountState

__all__ = ["Persistence"]

_ResultT = TypeVar("_ResultT")

_PAUSE = 2.0


class Persistence:
    """
    Asks something of an account again and again, as long as that can help.
    """

    _log = Logger()

    def __init__(self, client: Client, clock: IReactorTime, accountId: int, *, canGetTokens: bool = False) -> None:
        """
        @param client: the client.
        @param clock: the reactor.
        @param accountId: the account.
        @param canGetTokens: whether somebody else can put new tokens into the client's store, so that a grant that is
            lost is no reason to give up.
        """
        self._client = client
        self._clock = clock
        self._accountId = accountId
        self._canGetTokens = canGetTokens

    async def ask(self, ask: Callable[[], Awaitable[_ResultT]]) -> _ResultT:
        """
        Ask until there is an answer.

        @param ask: called with nothing for each attempt.
        @return: the answer.
        @raise CTraderError: what another attempt would not change.
        """
        while True:
            try:
                return await ask()
            except (NotConnected, ConnectionLost, RequestTimedOut, RetryLater) as error:
                self._log.info("asking again in {pause:g} s: {error}", pause=_PAUSE, error=error)
                await deferLater(self._clock, _PAUSE)
            except GrantLost:
                if not self._canGetTokens:
                    raise
                await self._granted()

    async def _granted(self) -> None:
        """
        Wait for the client to try again. To ask for the account would log it in with a token that is known to be bad.
        """
        isRefused = True
        while isRefused:
            await deferLater(self._clock, _PAUSE)
            isRefused = self._client.status.accounts[self._accountId].state is AccountState.REFUSED
