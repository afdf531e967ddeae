"""
What C{twistd ctrader} does with its client: it logs quotes, and how the connection fares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.client import Client
from ctrader_twisted.client.persisting import Persistence
from ctrader_twisted.market import Quote
from ctrader_twisted.session.link import Registration
from ctrader_twisted.tap.configuration import Wanted
from ctrader_twisted.tap.standing import Standing
from ctrader_twisted.units import Symbol

__all__ = ["QuoteLog"]


class QuoteLog(Standing):
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
        @param client: as of L{Standing}.
        @param clock: as of L{Standing}.
        @param wanted: the accounts and symbols.
        @param failed: as of L{Standing}.
        @param canGetTokens: as of L{Standing}.
        """
        super().__init__(client, clock, failed, canGetTokens=canGetTokens)
        self._wanted = tuple(wanted)
        self._registrations: list[Registration] = []
        self._tasks: list[Deferred[None]] = []

    def startService(self) -> None:
        """
        Begin to log.
        """
        super().startService()
        for wanted in self._wanted:
            task = Deferred.fromCoroutine(self._follow(wanted))
            self._tasks.append(task)
            task.addErrback(self._ended)

    def stopService(self) -> None:
        """
        Log nothing any more.
        """
        super().stopService()
        for task in self._tasks:
            task.cancel()
        for registration in self._registrations:
            registration.stop()
        self._tasks, self._registrations = [], []

    async def _follow(self, wanted: Wanted) -> None:
        persist = Persistence(self._client, self._clock, wanted.accountId, canGetTokens=self._canGetTokens).ask
        account = await persist(lambda: self._client.account(wanted.accountId))
        for name in wanted.symbols:
            symbol = await persist(partial(account.symbol, name))
            listener = partial(self._quoted, wanted.accountId, symbol)
            self._registrations.append(account.onQuote(symbol, listener))

    def _ended(self, failure: Failure) -> None:
        if not isinstance(failure.value, CancelledError):
            self.giveUp(failure.value)

    def _quoted(self, accountId: int, symbol: Symbol, quote: Quote) -> None:
        self._log.info(
            "{symbol} {bid} {ask}",
            symbol=symbol.name,
            bid=quote.bid,
            ask=quote.ask,
            timestamp=quote.timestamp,
            accountId=accountId,
        )
