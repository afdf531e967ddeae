"""
Restraining an account: limits, and the halt.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from twisted.internet.defer import Deferred

from ctrader_twisted.eventual import eventually
from ctrader_twisted.market import Quote
from ctrader_twisted.schema.messages import ProtoOAAccountType
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.daily import DayResult
from ctrader_twisted.trading.equity import EquitySources, EquityWatch
from ctrader_twisted.trading.flattening import Flattening
from ctrader_twisted.trading.guard import Guard
from ctrader_twisted.trading.halt import HaltFile
from ctrader_twisted.trading.limits import Limits
from ctrader_twisted.trading.worth import Worth
from ctrader_twisted.wire.clocks import steadySeconds

__all__ = ["Restraint"]


class Restraint:
    """
    Holds every order of an account against its owner's limits, on whichever level it is sent, and halts the account.
    """

    def __init__(
        self,
        sources: EquitySources,
        limits: Limits,
        haltFile: HaltFile | None,
        *,
        watchEquity: Callable[[], EquityWatch],
        wallClock: Callable[[], int],
    ) -> None:
        """
        @param sources: the account, which has not been logged in yet.
        @param limits: its limits.
        @param haltFile: where it is halted across restarts, if anywhere.
        @param watchEquity: makes what values the open positions.
        @param wallClock: milliseconds since 1970.
        """
        self._haltFile = haltFile
        self._sources = sources
        self._worth = Worth(sources) if limits.exposure is not None else None
        self._day: DayResult | None = None
        self._equity: EquityWatch | None = None
        if limits.dailyLoss is not None:
            archive = Archive(sources.link, wallClock)
            self._day = DayResult(sources.link, sources.books, archive, zone=limits.zone, wallClock=wallClock)
            self._equity = watchEquity()
        self._guard = Guard(
            sources.link.accountId,
            limits,
            haltFile,
            books=sources.books,
            symbolById=sources.symbols.known,
            quote=self._quote,
            worth=self._worthOf,
            dayResult=self._dayResult,
            isNetted=self._isNetted,
            seconds=steadySeconds(sources.clock),
            wallClock=wallClock,
        )
        sources.link.guard(self._guard.check)

    @property
    def limits(self) -> Limits:
        """
        The limits that orders are held against.
        """
        return self._guard.limits

    @property
    def isHalted(self) -> bool:
        """
        Whether the account opens nothing, because it was halted here or the halt file says so.
        """
        return self._guard.isHalted or self._isHaltedByFile()

    def halt(self, *, flatten: bool = False) -> Deferred[None]:
        """
        Let the account open nothing more, from this moment on: orders and amendments are refused by L{Halted
        <ctrader_twisted.errors.Halted>}. Closing, cancelling and protecting stay allowed. With a halt file it holds
        across restarts too, and the disk has it when this returns.

        @param flatten: whether to cancel all orders that wait, and to close all positions. What is on its way counts:
            orders that were accepted and those that have not been answered, also when they were sent as raw requests,
            are waited for, and what they open is closed. What has not left yet is refused.
        @return: fires when that is done, and nothing is left; at once if nothing is to be flattened.
        @raise ConfigurationError: (as a failure) if the halt file cannot be written. This process is halted, and the
            account flattened, all the same.
        @raise PartlyDone: (as a failure) if not everything could be cancelled and closed; it tells which. If
            what became of an order is not known within 45 seconds, it is told as well, a raw request in words: it may
            open something later.
        """
        # First what cannot fail.
        self._guard.isHalted = True
        return eventually(self._haltAll(flatten))

    def resume(self) -> None:
        """
        Let the account open positions again.

        @raise ConfigurationError: if the halt file halts all accounts, or cannot be written. The account stays halted.
        """
        if self._haltFile is not None:
            self._haltFile.resume(self._sources.link.accountId)
        self._guard.isHalted = False

    async def _haltAll(self, flatten: bool) -> None:
        try:
            if self._haltFile is not None:
                self._haltFile.halt(self._sources.link.accountId)
        finally:
            if flatten:
                await Flattening(self._sources.books, self._sources.clock, self._guard.underway).run()

    def _isHaltedByFile(self) -> bool:
        return self._haltFile is not None and self._haltFile.halts(self._sources.link.accountId)

    def _quote(self, symbolId: int) -> Quote | None:
        symbol = self._sources.symbols.known(symbolId)
        return None if symbol is None else self._sources.quotes.quote(symbol)

    def _worthOf(self, symbolId: int, volume: int) -> Decimal | None:
        return None if self._worth is None else self._worth.of(symbolId, volume)

    def _dayResult(self) -> Decimal | None:
        closed = None if self._day is None else self._day.total()
        profit = None if self._equity is None else self._equity.profit()
        return None if closed is None or profit is None else closed + profit.net

    def _isNetted(self) -> bool:
        return self._sources.terms.trader.accountType == ProtoOAAccountType.NETTED
