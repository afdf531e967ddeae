"""
One account: its symbols, quotes, history, orders and positions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, TypeVar, Unpack

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.errors import CTraderError, NotConnected
from ctrader_twisted.market import History, Quote, Quotes, QuoteStream, SymbolCache
from ctrader_twisted.schema.messages import ProtoOALightSymbol, ProtoOATrader, ProtoOATraderUpdatedEvent
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.link import Registration
from ctrader_twisted.trading import Deal, PendingOrder, Position, Trade, Trading
from ctrader_twisted.trading.options import OrderOptions
from ctrader_twisted.units import Asset, Lots, Symbol, Units

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["Account"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_EventT = TypeVar("_EventT", bound=Message)


class Account:
    """
    A trading account that is kept logged in. L{ctrader_twisted.client.Client.account} makes it.

    @ivar accountId: the account's C{ctidTraderAccountId}.
    """

    _log = Logger()

    def __init__(
        self, link: AccountSession, clock: IReactorTime, wallClock: Callable[[], int], randomness: Random
    ) -> None:
        """
        @param link: the account's place in the session; it has not been reconciled yet.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        @param randomness: for the ids of orders.
        """
        self.accountId = link.accountId
        self._link = link
        self._symbols = SymbolCache(link)
        self._quotes = Quotes(link, clock, wallClock)
        self._history = History(link)
        self._trading = Trading(link, clock=clock, randomness=randomness, symbolById=self._symbols.known)
        self._trader: ProtoOATrader | None = None
        link.onReconcile(lambda trader, state: self._traderReceived(trader))
        link.listen(ProtoOATraderUpdatedEvent, lambda event: self._traderReceived(event.trader))
        self._symbols.start()
        self._quotes.start()
        self._trading.start()
        link.onEnded(self._ended)
        link.onRestore(lambda: Deferred.fromCoroutine(self._lookUpHeld()))

    def whenReady(self) -> Deferred[Account]:
        """
        Wait until the account is logged in, its state is known, and its subscriptions are restored.

        @return: fires with this account; fails with what refuses it.
        """
        return self._link.whenReady().addCallback(lambda _: self)

    def endStreams(self) -> None:
        """
        End all streams of quotes; listeners stay. The client does it when it is stopped.
        """
        self._quotes.endStreams()

    def release(self) -> None:
        """
        Tell all who wait for a trade, or for the end of a position, that nothing more will be heard. The client does it
        when it is stopped.
        """
        self._trading.release()

    # The account itself.

    @property
    def trader(self) -> ProtoOATrader | None:
        """
        The account's terms as the server sent them last: login, leverage, type, rights; L{None} before the first login.
        Its balance is that of the last login; L{balance} is current.
        """
        return self._trader

    @property
    def balance(self) -> Decimal | None:
        """
        The balance in the deposit asset; L{None} before the first login.
        """
        return self._trading.balance

    def depositAsset(self) -> Deferred[Asset]:
        """
        Find out in which asset the account's money is counted.

        @return: fires with the asset.
        @raise NotConnected: (as a failure) if the account has never been logged in.
        """
        return Deferred.fromCoroutine(self._findDepositAsset())

    # Market data.

    def symbols(self) -> Deferred[tuple[ProtoOALightSymbol, ...]]:
        """
        List the broker's symbols.

        @return: fires with the server's entries: ids, names, assets, descriptions, and whether they are enabled.
        """
        return self._symbols.symbols()

    def symbol(self, which: str | int) -> Deferred[Symbol]:
        """
        Find a symbol with its full specification.

        @param which: its name, exactly as the broker writes it, or its id. Both differ between brokers.
        @return: fires with the symbol.
        @raise SymbolNotFound: (as a failure) if there is none; the message tells similar names.
        """
        return self._symbols.symbol(which)

    def quotes(self, symbol: Symbol, *, limit: int = 1) -> QuoteStream:
        """
        Iterate over the quotes of a symbol: C{async with account.quotes(symbol) as quotes}, then
        C{async for quote in quotes}. Leaving the block unsubscribes. After an outage comes a
        L{Gap <ctrader_twisted.market.spots.Gap>}, then quotes again.

        @param symbol: the symbol.
        @param limit: how many quotes wait for a slow consumer before the oldest is dropped.
        """
        return self._quotes.quotes(symbol, limit=limit)

    def onQuote(self, symbol: Symbol, listener: Callable[[Quote], None]) -> Registration:
        """
        Hear each quote of a symbol, across reconnects.

        @param symbol: the symbol.
        @param listener: called with each L{Quote <ctrader_twisted.market.spots.Quote>}.
        @return: an object whose C{stop()} ends it.
        """
        return self._quotes.onQuote(symbol, listener)

    def quote(self, symbol: Symbol) -> Quote | None:
        """
        Look at the newest quote of a symbol that is subscribed.

        @param symbol: the symbol.
        @return: the quote, or L{None} while a side is unknown.
        """
        return self._quotes.quote(symbol)

    def trendbars(
        self,
        symbol: Symbol,
        period: str,
        start: datetime | int,
        end: datetime | int,
        *,
        count: int | None = None,
        timeout: float | None = None,
    ) -> Deferred[Trendbars]:
        """
        Get the bars of a span, as far as they fit on one page.

        @param symbol: the symbol.
        @param period: M1 to M5, M10, M15, M30, H1, H4, H12, D1, W1 or MN1.
        @param start: an aware datetime or milliseconds since 1970; a bar that opens then is in.
        @param end: likewise; a bar that opens then is out.
        @param count: only so many, the newest of the span.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the bars, ascending; C{complete} is L{False} if the page did not hold the whole span.
        @raise IllegalValue: (as a failure) if the period, the span or the count makes no sense.
        """
        return self._history.trendbars(symbol, period, start, end, count=count, timeout=timeout)

    def ticks(
        self, symbol: Symbol, side: str, start: datetime | int, end: datetime | int, *, timeout: float | None = None
    ) -> Deferred[Ticks]:
        """
        Get the ticks of one side in a span, as far as they fit on one page.

        @param symbol: the symbol.
        @param side: C{bid} or C{ask}.
        @param start: an aware datetime or milliseconds since 1970; a tick of then is in.
        @param end: likewise; a tick of then is out.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the ticks, ascending; C{complete} is L{False} if the page did not hold the whole span.
        @raise IllegalValue: (as a failure) if the side or the span makes no sense.
        """
        return self._history.ticks(symbol, side, start, end, timeout=timeout)

    # Trading.

    @property
    def positions(self) -> tuple[Position, ...]:
        """
        The open positions, in the order in which they came: live objects, current from the account's events.
        """
        return self._trading.positions

    @property
    def orders(self) -> tuple[PendingOrder, ...]:
        """
        The orders that wait for their price.
        """
        return self._trading.orders

    def buy(self, symbol: Symbol, quantity: Lots | Units, **options: Unpack[OrderOptions]) -> Deferred[Trade]:
        """
        Buy at the market's price. Nothing is ever sent twice; cancelling the Deferred does not cancel the order.

        @param symbol: what to buy.
        @param quantity: how much, such as C{Lots("0.10")}.
        @param options: protection, label and more, see L{OrderOptions}.
        @return: fires with the trade when the server has accepted the order; C{trade.whenFilled()} waits for the fill.
        @raise IllegalValue: (as a failure) if the quantity or an option is not legal; nothing was sent.
        @raise TypeError: if there is no such option; as a failure, if a float is given where exactness matters. Nothing
            was sent.
        @raise OrderRejected: (as a failure) if the server refused; nothing was traded.
        @raise Busy: (as a failure) if there is no price yet, or another operation is in progress: nothing was traded,
            and the same order may succeed later. So it is with C{RateLimited}, C{LoginNeeded} and C{TokenRefused}.
        @raise OutcomeUnknown: (as a failure) if the order may have left and no answer came; its C{trade} learns the
            outcome from what is heard later.
        @raise NotConnected: (as a failure) if there is no connection; nothing was sent.
        @raise ConnectionLost: (as a failure) if the connection ended before the order was sent.
        """
        return self._trading.buy(symbol, quantity, **options)

    def sell(self, symbol: Symbol, quantity: Lots | Units, **options: Unpack[OrderOptions]) -> Deferred[Trade]:
        """
        Sell at the market's price. All is as with L{buy}.

        @param symbol: what to sell.
        @param quantity: how much.
        @param options: as with L{buy}.
        @return: as L{buy}.
        """
        return self._trading.sell(symbol, quantity, **options)

    def onExecution(self, listener: Callable[[Deal], object]) -> Registration:
        """
        Hear of each deal of the account once, whoever made it. Deals made while the connection was down are not told.

        @param listener: called with the deal when positions and balance are up to date.
        @return: an object whose C{stop()} ends it.
        """
        return self._trading.onExecution(listener)

    # Raw messages.

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        Send a raw request of this account.

        @param message: the request; its C{ctidTraderAccountId} is filled in.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the answer, for a trading request with its first execution event; fails with the server's
            refusal, and with L{NotConnected} if the account is not logged in now.
        """
        return self._link.request(message, timeout=timeout)

    def listen(self, kind: type[_EventT], listener: Callable[[_EventT], None]) -> Registration:
        """
        Hear the raw events of one kind.

        @param kind: the class of the event.
        @param listener: called with each such event of this account.
        @return: an object whose C{stop()} ends it.
        """
        return self._link.listen(kind, listener)

    def _traderReceived(self, trader: ProtoOATrader) -> None:
        self._trader = trader

    async def _findDepositAsset(self) -> Asset:
        if self._trader is None:
            raise NotConnected(f"account {self.accountId} has not been logged in yet")
        return (await self._symbols.assets())[self._trader.depositAssetId]

    def _ended(self, error: CTraderError) -> None:
        self._trading.release()
        self._quotes.endStreams(error)

    async def _lookUpHeld(self) -> None:
        # Parts of a position that was opened elsewhere can be closed only when its symbol's volumes are known.
        asked = [self._symbols.symbol(symbolId) for symbolId in {position.symbolId for position in self.positions}]
        for found in asked:
            found.addErrback(self._notFound)
        for found in asked:
            await found

    def _notFound(self, failure: Failure) -> None:
        self._log.warn(
            "account {accountId}: the symbol of a position cannot be looked up: {error}",
            accountId=self.accountId,
            error=failure.getErrorMessage(),
        )
