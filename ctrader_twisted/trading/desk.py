"""
What an account can be told to trade.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from twisted.internet.defer import Deferred

from ctrader_twisted.eventual import eventually
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.closing import Closing
from ctrader_twisted.trading.coming import Coming
from ctrader_twisted.trading.deals import Deal, Side
from ctrader_twisted.trading.options import (
    MarketOptions,
    MarketRangeOptions,
    PendingOptions,
    StopLimitOptions,
    StopOptions,
    checkNames,
    termsFrom,
)
from ctrader_twisted.trading.ordering import Wish
from ctrader_twisted.trading.pending import OrderKind, PendingOrder
from ctrader_twisted.trading.placing import Placing
from ctrader_twisted.trading.position import Position
from ctrader_twisted.trading.sweeping import closeWith, sweep
from ctrader_twisted.trading.target import Moved, Targets
from ctrader_twisted.trading.trade import Trade
from ctrader_twisted.units import Lots, Symbol, Units
from ctrader_twisted.units.exact import Exact

__all__ = ["OrderDesk"]


class OrderDesk:
    """
    Places orders of all kinds, closes and cancels, and moves exposures. Whatever is placed is sent at most once, and
    cancelling a Deferred does not take it back.
    """

    def __init__(
        self, books: Books, placing: Placing, closing: Closing, coming: Coming, isNetted: Callable[[], bool]
    ) -> None:
        """
        @param books: what the account holds.
        @param placing: places orders.
        @param closing: closes positions.
        @param coming: waits for orders that are on their way.
        @param isNetted: tells whether the account has one position for each symbol.
        """
        self._books = books
        self._placing = placing
        self._closing = closing
        self._coming = coming
        self._targets = Targets(closing, placing, coming, books.positions.open, isNetted)

    def buy(self, symbol: Symbol, quantity: Lots | Units, **options: Unpack[MarketOptions]) -> Deferred[Trade]:
        """
        Buy at the market's price. The order is sent at most once; cancelling the Deferred does not take it back.

        @param symbol: what to buy.
        @param quantity: how much.
        @param options: protection, label and more.
        @return: fires with the trade when the server has accepted the order.
        @raise IllegalValue: (as a failure) if it cannot be ordered so, with the nearest that can; nothing was sent.
        @raise TypeError: if there is no such option; as a failure, if a float is given where exactness matters. Nothing
            was sent.
        @raise ValueUnknown: (as a failure) if protection is to be counted from a quote, and there is none.
        @raise OrderRejected: (as a failure) if the server refused; nothing was traded.
        @raise Busy: (as a failure) if there is no price yet, or another operation is in progress: nothing was traded,
            and the same order may succeed later. So it is with C{RateLimited}, C{LoginNeeded} and C{TokenRefused}.
        @raise OutcomeUnknown: (as a failure) if the order may have left and no answer came; its C{trade} learns the
            outcome later.
        @raise LimitReached: (as a failure) if it would exceed a limit of the account; nothing was sent.
        @raise JournalFailed: (as a failure) if there is a journal and the order cannot be written there; nothing was
            sent.
        @raise NotConnected: (as a failure) if there is no connection; nothing was sent.
        @raise ConnectionLost: (as a failure) if the connection ended before the order was sent.
        """
        return self._place(OrderKind.MARKET, Side.BUY, symbol, quantity, None, MarketOptions, options)

    def sell(self, symbol: Symbol, quantity: Lots | Units, **options: Unpack[MarketOptions]) -> Deferred[Trade]:
        """
        Sell at the market's price. All is as with L{buy}.

        @param symbol: what to sell.
        @param quantity: how much.
        @param options: as with L{buy}.
        @return: as L{buy}.
        """
        return self._place(OrderKind.MARKET, Side.SELL, symbol, quantity, None, MarketOptions, options)

    def marketRangeOrder(
        self,
        side: Side,
        symbol: Symbol,
        quantity: Lots | Units,
        price: Exact,
        **options: Unpack[MarketRangeOptions],
    ) -> Deferred[Trade]:
        """
        Buy or sell at the market's price, if that is not too far from a price: else the order ends unfilled.

        @param side: the direction.
        @param symbol: what to trade.
        @param quantity: how much.
        @param price: the price that is expected.
        @param options: how far the fill may be from it, in points or pips; protection, label and more.
        @return: as L{buy}, and it fails as that does.
        """
        return self._place(OrderKind.MARKET_RANGE, side, symbol, quantity, price, MarketRangeOptions, options)

    def limitOrder(
        self, side: Side, symbol: Symbol, quantity: Lots | Units, price: Exact, **options: Unpack[PendingOptions]
    ) -> Deferred[Trade]:
        """
        Buy or sell at a price or better. Where the market is better already, that is at once.

        @param side: the direction.
        @param symbol: what to trade.
        @param quantity: how much.
        @param price: the limit.
        @param options: how long the order waits; protection, label and more.
        @return: as L{buy}, and it fails as that does. C{trade.order} is the order while it waits.
        """
        return self._place(OrderKind.LIMIT, side, symbol, quantity, price, PendingOptions, options)

    def stopOrder(
        self, side: Side, symbol: Symbol, quantity: Lots | Units, price: Exact, **options: Unpack[StopOptions]
    ) -> Deferred[Trade]:
        """
        Buy when the market has risen to a price, or sell when it has fallen to it, at whatever price it then has.

        @param side: the direction.
        @param symbol: what to trade.
        @param quantity: how much.
        @param price: the price that triggers the order.
        @param options: what triggers it, and how long it waits; protection, label and more.
        @return: as L{limitOrder}.
        """
        return self._place(OrderKind.STOP, side, symbol, quantity, price, StopOptions, options)

    def stopLimitOrder(
        self, side: Side, symbol: Symbol, quantity: Lots | Units, price: Exact, **options: Unpack[StopLimitOptions]
    ) -> Deferred[Trade]:
        """
        As L{stopOrder}, but once triggered it is a limit order: it is filled no further from the price than its
        slippage.

        @param side: the direction.
        @param symbol: what to trade.
        @param quantity: how much.
        @param price: the price that triggers the order.
        @param options: the slippage, in points or pips; what triggers it, and how long it waits; protection, label and
            more.
        @return: as L{limitOrder}.
        """
        return self._place(OrderKind.STOP_LIMIT, side, symbol, quantity, price, StopLimitOptions, options)

    def positionsOf(self, *, symbol: Symbol | None = None, label: str | None = None) -> tuple[Position, ...]:
        """
        Look for open positions.

        @param symbol: only of this symbol.
        @param label: only with this label; the empty one is that of positions without.
        @return: the positions, in the order in which they came.
        """
        return tuple(each for each in self._books.positions.open() if _isMeant(each, symbol, label))

    def ordersOf(self, *, symbol: Symbol | None = None, label: str | None = None) -> tuple[PendingOrder, ...]:
        """
        Look for orders that wait for their price.

        @param symbol: only of this symbol.
        @param label: only with this label; the empty one is that of orders without.
        @return: the orders, in the order in which they came.
        """
        return tuple(each for each in self._books.pending.all() if _isMeant(each, symbol, label))

    def dealsOf(self, *, symbol: Symbol | None = None, label: str | None = None) -> tuple[Deal, ...]:
        """
        Look for deals among those that this client has heard of since it was made, at most the newest 10,000.

        @param symbol: only of this symbol.
        @param label: only with this label; the empty one is that of deals without, or whose label is not known.
        @return: the deals, in the order in which they were told.
        """
        return tuple(each for each in self._books.executions.told() if _isMeant(each, symbol, label))

    def closeAll(
        self, *, symbol: Symbol | None = None, label: str | None = None, timeout: float | None = None
    ) -> Deferred[tuple[Deal, ...]]:
        """
        Close all open positions, or some; all at once. Our own orders that are on their way count: what they open
        is closed when they are filled. Orders that wait for their price are left alone, and so are raw requests that
        are on their way.

        @param symbol: only those of this symbol.
        @param label: only those with this label.
        @param timeout: as with L{Position.close<ctrader_twisted.trading.position.Position.close>}.
        @return: fires with the closing deals, when all closes are filled. A position that others have closed meanwhile
            is no failure.
        @raise PartlyDone: (as a failure) if some could not be closed, when all closes have ended; it tells which, and
            what was closed. If an order that is on its way has not ended within 45 seconds, it is told as well, as its
            L{Trade}: what it opens is not closed.
        """
        symbolId = None if symbol is None else symbol.symbolId
        coming = self._coming.orders(symbolId, label)
        return eventually(
            closeWith(lambda: self.positionsOf(symbol=symbol, label=label), coming, self._coming, timeout)
        )

    def cancelAll(
        self, *, symbol: Symbol | None = None, label: str | None = None, timeout: float | None = None
    ) -> Deferred[tuple[PendingOrder, ...]]:
        """
        Cancel all orders that wait for their price, or some; all at once.

        @param symbol: only those of this symbol.
        @param label: only those with this label.
        @param timeout: as with L{PendingOrder.cancel}.
        @return: fires with the orders, when all have ended; C{status} of each tells how.
        @raise PartlyDone: (as a failure) if some could not be cancelled, when all requests have ended; it tells which,
            and what was cancelled.
        """
        cancels = {each: each.cancel(timeout=timeout) for each in self.ordersOf(symbol=symbol, label=label)}
        return eventually(sweep(cancels, "cancelling all"))

    def target(self, symbol: Symbol, lots: Exact, **options: Unpack[MarketOptions]) -> Deferred[Moved]:
        """
        Move an exposure to where it should be: what is too much, or on the wrong side, is closed first, the newest
        positions before older ones; then what is missing is opened at the market's price. What is there already stays.
        Saying it twice does nothing more.

        The exposure is that of the open positions of the symbol with the label; on an account that nets, all of the
        symbol. Moves of one exposure follow each other, and cancelling the Deferred does not stop one. If the outcome
        of a request is unknown, the next move of this exposure begins when it is known. Our own orders of the exposure
        that are on their way count: a move waits for them. Orders that wait for their price are left alone, and so are
        raw requests that are on their way.

        @param symbol: what to hold.
        @param lots: how many lots; negative for sold ones, 0 for nothing.
        @param options: those of the order that opens what is missing; the C{label} of the exposure is one of them.
        @return: fires with what was done, when all of it is filled.
        @raise IllegalValue: (as a failure) if the exposure cannot be moved to just that; nothing was sent.
        @raise TypeError: if there is no such option; as a failure, if the lots are a float.
        @raise OutcomeUnknown: (as a failure) also if another order of the exposure is on its way, and has not ended
            within 45 seconds; nothing was sent.
        @raise CTraderError: (as a failure) what L{buy} and L{Position.close
            <ctrader_twisted.trading.position.Position.close>} fail with; what was done before that stays.
        """
        checkNames(MarketOptions, options)
        return self._targets.move(symbol, lots, options)

    def _place(
        self,
        kind: OrderKind,
        side: Side,
        symbol: Symbol,
        quantity: Lots | Units,
        price: Exact | None,
        allowed: type[Any],
        options: Any,
    ) -> Deferred[Trade]:
        wish = Wish(kind, side, symbol, quantity, price, termsFrom(allowed, options))
        return eventually(self._placing.place(wish))


def _isMeant(thing: Position | PendingOrder | Deal, symbol: Symbol | None, label: str | None) -> bool:
    return (symbol is None or thing.symbolId == symbol.symbolId) and (label is None or thing.label == label)
