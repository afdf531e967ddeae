"""
What an account is worth now: its balance and what its open positions would make, by live prices.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, Self

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import ConnectionLost, NotConnected, NotFound, RequestRefused, ValueUnknown
from ctrader_twisted.market.conversion import Conversion, Conversions
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.market.symbols import SymbolCache
from ctrader_twisted.schema.messages import (
    ProtoOAExecutionEvent,
    ProtoOAMarginChangedEvent,
    ProtoOATotalMarginCalculationType,
    ProtoOATraderUpdatedEvent,
)
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.session.listeners import Listeners, Waiters
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.position import Position, PositionStatus
from ctrader_twisted.trading.terms import AccountTerms
from ctrader_twisted.trading.valuation import grossProfit, roundedMoney, total
from ctrader_twisted.units import Symbol
from ctrader_twisted.units.exact import EXACT

__all__ = ["EquitySources", "EquityWatch", "Profit"]

_PAUSE = 5.0


class Profit(NamedTuple):
    """
    What positions would make if they were closed now, in the deposit asset.

    @ivar gross: by their prices alone.
    @ivar net: with their swap so far, and the commission of their opening. The commission of the close, and a fee for
        the conversion, come off when they are closed.
    """

    gross: Decimal
    net: Decimal


@frozen(kw_only=True)
class EquitySources:
    """
    What the value of an account is made of.

    @ivar link: the account.
    @ivar clock: the reactor.
    @ivar symbols: its symbols.
    @ivar quotes: their prices.
    @ivar conversions: the rates between its assets.
    @ivar books: its positions and balance.
    @ivar terms: its terms.
    """

    link: AccountLink
    clock: IReactorTime
    symbols: SymbolCache
    quotes: Quotes
    conversions: Conversions
    books: Books
    terms: AccountTerms


class _Priced:
    """
    Values the positions of one symbol. It uses the symbol's quotes, and those that convert its quote asset.
    """

    def __init__(self, symbol: Symbol, quotes: Quotes, toDeposit: Conversion, changed: Callable[[], object]) -> None:
        self._symbol = symbol
        self._quotes = quotes
        self._toDeposit = toDeposit
        self._user = quotes.onQuote(symbol, lambda _: changed())

    def gross(self, position: Position) -> Fraction | None:
        quote, rate = self._quotes.quote(self._symbol), self._toDeposit.rate
        if quote is None or rate is None or position.entryPrice is None:
            return None
        price = quote.bid if position.side is Side.BUY else quote.ask
        return grossProfit(position.side, position.entryPrice, price, position.volume, rate)

    def stop(self) -> None:
        self._user.stop()
        self._toDeposit.stop()


class EquityWatch:
    """
    The money of an account by live prices, made by C{account.watchEquity}. Use it with C{async with}, or stop it in the
    end.

    It subscribes what it takes to value the open positions, and follows them as they open and close. All amounts are in
    the deposit asset. Each is L{None} while it cannot be known: when a price that it depends on is missing, and while
    the account is not logged in.
    """

    _log = Logger()

    def __init__(self, sources: EquitySources, leave: Callable[[EquityWatch], object]) -> None:
        """
        @param sources: the account.
        @param leave: called with the watch when it is stopped.
        """
        self._sources = sources
        self._leave = leave
        self._priced: dict[int, _Priced] = {}
        self._opening: dict[int, Deferred[None]] = {}
        # Symbols that cannot be valued in this login.
        self._hopeless: set[int] = set()
        self._listeners: Listeners[EquityWatch] = Listeners()
        self._waiters: Waiters[EquityWatch] = Waiters()
        self._registrations: list[Registration] = []
        self._telling: IDelayedCall | None = None
        self._retry: IDelayedCall | None = None
        self._isStopped = False

    def start(self) -> None:
        """
        Begin to follow the account.
        """
        link = self._sources.link
        self._registrations = [
            self._sources.books.positions.changes.add(lambda _: self._follow()),
            link.listen(ProtoOAExecutionEvent, lambda _: self._changed()),
            link.listen(ProtoOAMarginChangedEvent, lambda _: self._changed()),
            link.listen(ProtoOATraderUpdatedEvent, lambda _: self._changed()),
            link.onReconcile(lambda trader, state: self._changed()),
            link.onRestore(self._restore),
            link.onLost(lambda _: self._lost()),
        ]
        self._follow()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.stop()

    @property
    def equity(self) -> Decimal | None:
        """
        Balance, bonuses and the net profit of all open positions.
        """
        balance, profit = self._sources.books.balance.amount, self.profit()
        if balance is None or profit is None:
            return None
        return self._total(balance, self._sources.terms.bonus, profit.net)

    @property
    def usedMargin(self) -> Decimal | None:
        """
        What the open positions bind, by the server's own numbers, joined as the account's terms say: all of them, or
        of each symbol the larger or the difference of both sides.
        """
        if not self._isCurrent:
            return None
        sides: dict[int, dict[Side, Decimal]] = {}
        for position in self._positions():
            bound = sides.setdefault(position.symbolId, dict.fromkeys(Side, Decimal(0)))
            bound[position.side] = self._total(bound[position.side], position.usedMargin)
        rule = self._sources.terms.trader.totalMarginCalculationType
        return self._total(*(_joined(each[Side.BUY], each[Side.SELL], rule) for each in sides.values()))

    @property
    def freeMargin(self) -> Decimal | None:
        """
        Equity without the margin that is used.
        """
        equity, used = self.equity, self.usedMargin
        return None if equity is None or used is None else self._total(equity, -used)

    @property
    def marginLevel(self) -> Decimal | None:
        """
        Equity in percent of the margin that is used, with two decimal places; L{None} also if none is used.
        """
        equity, used = self.equity, self.usedMargin
        return roundedMoney(Fraction(equity) / Fraction(used) * 100, 2) if equity is not None and used else None

    def profit(self, *, symbol: Symbol | None = None, label: str | None = None) -> Profit | None:
        """
        Find what the open positions would make if they were closed now.

        @param symbol: only those of this symbol.
        @param label: only those with exactly this label; empty for those without one.
        @return: the sums; L{None} if it cannot be known of one of them.
        """
        if not self._isCurrent:
            return None
        profits = [
            self.profitOf(position)
            for position in self._positions()
            if (symbol is None or symbol.symbolId == position.symbolId) and label in (None, position.label)
        ]
        known = [profit for profit in profits if profit is not None]
        if len(known) < len(profits):
            return None
        return Profit(self._total(*(each.gross for each in known)), self._total(*(each.net for each in known)))

    def profitOf(self, position: Position) -> Profit | None:
        """
        Find what a position would make if it were closed now.

        @param position: a position of this account.
        @return: the amounts; L{None} if they cannot be known, as of a position that is not open.
        """
        priced = self._priced.get(position.symbolId)
        if priced is None or not self._isCurrent or position.status is not PositionStatus.OPEN:
            return None
        exact = priced.gross(position)
        if exact is None:
            return None
        gross = roundedMoney(exact, self._sources.books.amounts.moneyDigits)
        return Profit(gross, self._total(gross, position.swap, position.commission))

    def onChange(self, listener: Callable[[EquityWatch], object]) -> Registration:
        """
        Hear when something has changed that the amounts depend on, at most once in each turn of the reactor.

        @param listener: called with this watch; what it raises is logged.
        @return: an object whose C{stop()} ends it.
        """
        return self._listeners.add(listener)

    def whenKnown(self) -> Deferred[EquityWatch]:
        """
        Wait until the equity can be known.

        @return: fires with this watch, at once if it is known now.
        @raise ValueUnknown: (as a failure) if the watch is stopped.
        @raise NotConnected: (as a failure) if the client is stopped, or the account refused.
        """
        if self._isStopped:
            return fail(ValueUnknown("the watch of the equity was stopped"))
        ended = self._sources.link.ended()
        if ended is not None:
            return fail(NotConnected(f"account {self._sources.link.accountId}: {ended}"))
        return self._waiters.wait() if self.equity is None else succeed(self)

    def stop(self) -> None:
        """
        Let go of all that is subscribed for it; nobody is told any more. Stopping twice does nothing.
        """
        if self._isStopped:
            return
        self._isStopped = True
        for registration in self._registrations:
            registration.stop()
        for symbolId in self._priced.keys() | self._opening.keys():
            self._drop(symbolId)
        self.release(ValueUnknown("the watch of the equity was stopped"))
        self._leave(self)

    def release(self, error: Exception) -> None:
        """
        The account is not followed for now: answer everybody who waits.

        @param error: why.
        """
        for call in (self._telling, self._retry):
            if call is not None:
                call.cancel()
        self._telling = self._retry = None
        self._waiters.fail(error)

    @property
    def _isCurrent(self) -> bool:
        return self._sources.terms.isCurrent and not self._isStopped

    def _positions(self) -> tuple[Position, ...]:
        return self._sources.books.positions.open()

    def _total(self, *amounts: Decimal) -> Decimal:
        return total(amounts, self._sources.books.amounts.moneyDigits)

    # Which symbols are subscribed.

    def _follow(self) -> None:
        wanted = {position.symbolId for position in self._positions()}
        held = self._priced.keys() | self._opening.keys()
        for symbolId in held - wanted:
            self._drop(symbolId)
        if self._sources.terms.isCurrent:
            for symbolId in wanted - held - self._hopeless:
                self._open(symbolId)
        self._changed()

    def _restore(self) -> Deferred[None]:
        self._follow()
        return succeed(None)

    def _open(self, symbolId: int) -> None:
        opening = Deferred.fromCoroutine(self._price(symbolId))
        if not opening.called:
            self._opening[symbolId] = opening
        opening.addErrback(self._notOpened, symbolId)

    async def _price(self, symbolId: int) -> None:
        sources = self._sources
        symbol = await sources.symbols.symbol(symbolId)
        deposit = sources.terms.valuedIn
        toDeposit = await sources.conversions.follow(symbol.quoteAsset.assetId, deposit, self._changed)
        self._opening.pop(symbolId, None)
        self._priced[symbolId] = _Priced(symbol, sources.quotes, toDeposit, self._changed)
        self._changed()

    def _notOpened(self, failure: Failure, symbolId: int) -> None:
        if isinstance(failure.value, CancelledError):
            return
        self._opening.pop(symbolId, None)
        if isinstance(failure.value, NotConnected | ConnectionLost):
            # The next login opens it.
            return
        self._log.warn(
            "account {accountId}: positions of symbol {symbolId} cannot be valued: {error}",
            accountId=self._sources.link.accountId,
            symbolId=symbolId,
            error=failure.getErrorMessage(),
        )
        if isinstance(failure.value, ValueUnknown | RequestRefused | NotFound):
            self._hopeless.add(symbolId)
        elif self._retry is None:
            self._retry = self._sources.clock.callLater(_PAUSE, self._tryAgain)

    def _tryAgain(self) -> None:
        self._retry = None
        self._follow()

    def _drop(self, symbolId: int) -> None:
        opening, priced = self._opening.pop(symbolId, None), self._priced.pop(symbolId, None)
        if opening is not None:
            opening.cancel()
        if priced is not None:
            priced.stop()

    def _lost(self) -> None:
        self._hopeless.clear()
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._changed()

    # Who is told.

    def _changed(self) -> None:
        heard = len(self._listeners) or len(self._waiters)
        if heard and self._telling is None and not self._isStopped:
            self._telling = self._sources.clock.callLater(0, self._tell)

    def _tell(self) -> None:
        self._telling = None
        self._listeners.tell(self)
        if len(self._waiters) and self.equity is not None:
            self._waiters.fire(self)


def _joined(bought: Decimal, sold: Decimal, rule: ProtoOATotalMarginCalculationType) -> Decimal:
    if rule == ProtoOATotalMarginCalculationType.MAX:
        return max(bought, sold)
    if rule == ProtoOATotalMarginCalculationType.NET:
        return EXACT.abs(EXACT.subtract(bought, sold))
    return EXACT.add(bought, sold)
