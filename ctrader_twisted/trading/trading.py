"""
Trading on one account.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from twisted.internet.defer import execute
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.errors import Busy, CTraderError, NotFound
from ctrader_twisted.interfaces import RunBlocking
from ctrader_twisted.market import Quote
from ctrader_twisted.schema.messages import (
    ProtoOAExecutionEvent,
    ProtoOAMarginChangedEvent,
    ProtoOATrader,
    ProtoOATraderUpdatedEvent,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.trading.actions import Actions
from ctrader_twisted.trading.amending import Amending
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.closing import Closing
from ctrader_twisted.trading.coming import Coming
from ctrader_twisted.trading.deals import Deal
from ctrader_twisted.trading.desk import OrderDesk
from ctrader_twisted.trading.intents import Intents
from ctrader_twisted.trading.journal import OrderJournal
from ctrader_twisted.trading.orders import Orders
from ctrader_twisted.trading.outside import Outside
from ctrader_twisted.trading.pending import PendingOrder
from ctrader_twisted.trading.placing import Placing
from ctrader_twisted.trading.position import Position, PositionStatus
from ctrader_twisted.trading.recovery import Recovery
from ctrader_twisted.trading.resolution import Resolution
from ctrader_twisted.trading.reversing import Reversing
from ctrader_twisted.trading.sending import Sending
from ctrader_twisted.units import Symbol

__all__ = ["Trading"]


class Trading(OrderDesk):
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
        quote: Callable[[Symbol], Quote | None],
        trader: Callable[[], ProtoOATrader | None],
        journal: OrderJournal | None = None,
        runBlocking: RunBlocking = execute,
        settling: float = 5.0,
        patience: float = 60.0,
    ) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param randomness: for the ids of orders.
        @param wallClock: milliseconds since 1970.
        @param symbolById: gives the symbols whose specification is known, by their id.
        @param quote: gives the newest quote of a symbol, if one is known.
        @param trader: gives the account's terms, once they are known.
        @param journal: where new orders are written before they leave, if anywhere.
        @param runBlocking: runs the journal's methods.
        @param settling: an order of unknown outcome that the server does not show was never taken, if it does not show
            it so many seconds after the loss either.
        @param patience: seconds for which deals wait for older ones that are being fetched.
        """
        self._link = link
        outside = Outside(quote, trader, wallClock)
        orders, actions = Orders(), Actions()
        books = self._books = Books(orders, symbolById, actions, actions)
        archive = self._archive = Archive(link, wallClock)
        link.onReconcile(books.reconciled)
        self._resolution = Resolution(link, clock, archive, books, settling=settling)
        self._recovery = Recovery(link, clock, archive, books, patience=patience)
        intents = None
        if journal is not None:
            intents = Intents(link, clock, journal, runBlocking, archive, books, self._resolution)
        sending = Sending(link, books, self._resolution, archive, randomness, intents)
        placing = Placing(sending, outside.market)
        closing = actions.closing = Closing(link, clock, sending, orders, symbolById, self._gone)
        actions.reversing = Reversing(closing, placing)
        actions.amending = Amending(
            link, clock, sending, market=outside.market, gone=self._gone, orderGone=books.orderGone
        )
        OrderDesk.__init__(self, books, placing, closing, Coming(books, clock), outside.isNetted)
        link.listen(ProtoOAExecutionEvent, books.executed)
        link.listen(ProtoOATrailingSLChangedEvent, books.positions.trail)
        link.listen(ProtoOAMarginChangedEvent, books.positions.changeMargin)
        link.listen(ProtoOATraderUpdatedEvent, books.traderUpdated)
        link.onLost(closing.lost)

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

    def release(self) -> None:
        """
        The account is not followed any more: whoever waits for an order is told by L{OutcomeUnknown}, since the server
        may yet execute it, and whoever waits for the end of a position by L{NotConnected}.
        """
        self._resolution.stop()
        self._recovery.stop()
        self._books.release(f"account {self._link.accountId}: {self._link.ended() or 'the client was stopped'}")

    async def _gone(self, position: Position, error: NotFound) -> None:
        # Just after its fill a position may not be found, and be there.
        try:
            state = await self._archive.state()
        except CTraderError:
            return
        self._books.shown(position.positionId, state.position)
        if position.status is not PositionStatus.CLOSED:
            words = "the server does not find the position, and holds it; nothing was executed"
            raise Busy(error.code, words, request=error.request, accountId=error.accountId) from error
