"""
Trading on one account.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Unpack

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.eventual import eventually
from ctrader_twisted.schema.messages import (
    ProtoOAExecutionEvent,
    ProtoOAMarginChangedEvent,
    ProtoOATraderUpdatedEvent,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.closing import Closing
from ctrader_twisted.trading.deals import Deal, Side
from ctrader_twisted.trading.options import OrderOptions, OrderTerms
from ctrader_twisted.trading.orders import Orders
from ctrader_twisted.trading.pending import PendingOrder
from ctrader_twisted.trading.placing import Placing
from ctrader_twisted.trading.position import Position
from ctrader_twisted.trading.recovery import Recovery
from ctrader_twisted.trading.resolution import Resolution
from ctrader_twisted.trading.sending import Sending
from ctrader_twisted.trading.trade import Trade
from ctrader_twisted.units import Lots, Symbol, Units

__all__ = ["Trading"]


class Trading:
    """
    The orders, positions and money of one account. All that it shows is current from the account's events, and set
    anew after each login.
    """

    def __init__(
        self,
        link: AccountLink,
        *,
        clock: IReactorTime,
        randomness: Random,
        wallClock: Callable[[], int],
        symbolById: Callable[[int], Symbol | None],
        settling: float = 5.0,
        patience: float = 60.0,
    ) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param randomness: for the ids of orders.
        @param wallClock: milliseconds since 1970.
        @param symbolById: gives the symbols whose specification is known, by their id.
        @param settling: an order of unknown outcome that the server does not show was never taken, if it does not show
            it so many seconds after the loss either.
        @param patience: seconds for which deals wait for older ones that are being fetched.
        """
        self._link = link
        orders = Orders()
        books = self._books = Books(orders, symbolById, self._close)
        archive = Archive(link, wallClock)
        link.onReconcile(books.reconciled)
        self._resolution = Resolution(link, clock, archive, books, settling=settling)
        self._recovery = Recovery(link, clock, archive, books, lambda recovered: None, patience=patience)
        sending = Sending(link, books, self._resolution, archive, randomness)
        self._closing = Closing(link, clock, sending, orders, symbolById, self._gone)
        self._placing = Placing(sending)
        link.listen(ProtoOAExecutionEvent, books.executed)
        link.listen(ProtoOATrailingSLChangedEvent, books.positions.trail)
        link.listen(ProtoOAMarginChangedEvent, books.positions.changeMargin)
        link.listen(ProtoOATraderUpdatedEvent, books.traderUpdated)
        link.onLost(self._closing.lost)

    @property
    def positions(self) -> tuple[Position, ...]:
        """
        The open positions, in the order in which they came.
        """
        return self._books.positions.open()

    @property
    def orders(self) -> tuple[PendingOrder, ...]:
        """
        The orders that wait for their price.
        """
        return self._books.pending.all()

    @property
    def balance(self) -> Decimal | None:
        """
        The balance in the deposit asset; L{None} before the first login.
        """
        return self._books.balance.amount

    def onExecution(self, listener: Callable[[Deal], object]) -> Registration:
        """
        Hear of each deal of the account once and in order, whoever made it. Those made while the connection was down
        are fetched, and told as C{recovered} before newer ones. What was made before the first login is not told.

        @param listener: called with the deal when positions and balance are up to date; what it raises is logged.
        @return: an object whose C{stop()} ends it.
        """
        return self._books.executions.listen(listener)

    def buy(self, symbol: Symbol, quantity: Lots | Units, **options: Unpack[OrderOptions]) -> Deferred[Trade]:
        """
        Buy at the market's price. The order is sent at most once; cancelling the Deferred does not take it back.

        @param symbol: what to buy.
        @param quantity: how much.
        @param options: protection, label and more.
        @return: fires with the trade when the server has accepted the order.
        @raise IllegalValue: (as a failure) if it cannot be ordered so; nothing was sent.
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
        return eventually(self._placing.place(symbol, Side.BUY, quantity, OrderTerms(**options)))

    def sell(self, symbol: Symbol, quantity: Lots | Units, **options: Unpack[OrderOptions]) -> Deferred[Trade]:
        """
        Sell at the market's price. All is as with L{buy}.

        @param symbol: what to sell.
        @param quantity: how much.
        @param options: as with L{buy}.
        @return: as L{buy}.
        """
        return eventually(self._placing.place(symbol, Side.SELL, quantity, OrderTerms(**options)))

    def release(self) -> None:
        """
        The account is not followed any more: whoever waits for an order is told by L{OutcomeUnknown}, since the server
        may yet execute it, and whoever waits for the end of a position by L{NotConnected}.
        """
        self._resolution.stop()
        self._recovery.stop()
        self._books.release(f"account {self._link.accountId}: {self._link.ended() or 'the client was stopped'}")

    def _close(self, position: Position, quantity: Lots | Units | None, timeout: float | None) -> Deferred[Deal]:
        return self._closing.close(position, quantity, timeout)

    def _gone(self, position: Position) -> None:
        self._books.gone(position.positionId)
