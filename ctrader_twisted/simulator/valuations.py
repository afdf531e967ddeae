"""
What accounts are worth as prices move: margin calls, stop-outs, and the profit of whoever subscribed to it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ctrader_twisted.schema.messages import ProtoOAv1PnLChangeEvent
from ctrader_twisted.simulator.interest import tradedSymbols
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS
from ctrader_twisted.simulator.venue.standing import Standing, callMargin, standingOf
from ctrader_twisted.simulator.venue.stopout import forgiveDebt, isForgiven, stopOut
from ctrader_twisted.simulator.venue.venue import Venue

if TYPE_CHECKING:
    from ctrader_twisted.simulator.connection import ServerProtocol

__all__ = ["Valuations"]

_PAUSE = 1_000
"""
Accounts are valued no more often than once in so many milliseconds.
"""

_PATIENCE = 5_000
"""
If no price follows one that came too soon after another, it counts after so many milliseconds. Mostly one follows, so
that there is no need to hurry.
"""


class Valuations:
    """
    Values the accounts with prices, and holds the subscriptions to profit, which are for an account on a connection.
    """

    def __init__(self, venue: Venue) -> None:
        """
        @param venue: the accounts.
        """
        self._venue = venue
        self._subscribers: dict[tuple[ServerProtocol, int], tuple[int, int] | None] = {}
        self._last: int | None = None
        # Of the prices since then, the time of the first.
        self._leftOut: int | None = None

    def symbols(self) -> Collection[int]:
        """
        @return: the symbols whose prices matter: those that accounts trade, and all while somebody waits for profits or
            for a debt to be made up for, since the last of that comes when nothing is traded any more.
        """
        waits = self._subscribers or any(isForgiven(self._venue, each) for each in self._venue.accounts.values())
        return self._venue.catalogue.symbols.keys() if waits else tradedSymbols(self._venue)

    def isSubscribed(self, connection: ServerProtocol, accountId: int) -> bool:
        """
        Tell whether a subscription to profit is there.

        @param connection: the client's connection.
        @param accountId: the account.
        """
        return (connection, accountId) in self._subscribers

    def subscribe(self, connection: ServerProtocol, accountId: int) -> None:
        """
        Subscribe to the profit of an account; the present one is sent at once.

        @param connection: the client's connection.
        @param accountId: the account.
        """
        self._subscribers[connection, accountId] = None
        self._venue.market.look()
        standing = self._standing(accountId)
        if standing is not None:
            self._tellProfit(connection, accountId, standing)

    def unsubscribe(self, connection: ServerProtocol, accountId: int) -> None:
        """
        Unsubscribe.

        @param connection: the client's connection.
        @param accountId: an account that is subscribed to.
        """
        del self._subscribers[connection, accountId]
        self._venue.market.look()

    def forget(self, connection: ServerProtocol, accountId: int | None = None) -> None:
        """
        Drop the subscriptions of a connection.

        @param connection: the client's connection.
        @param accountId: the account whose subscription ends; L{None} for all.
        """
        for key in [key for key in self._subscribers if key[0] is connection and accountId in (None, key[1])]:
            del self._subscribers[key]
        self._venue.market.look()

    def hurry(self) -> None:
        """
        Value the accounts with the next price, however soon it comes: one that somebody gives may be the last.
        """
        self._last = None

    def resume(self) -> None:
        """
        Go on after a standstill, which has dropped what was to come: a price that was left out still counts.
        """
        self._catchUp(self._venue)

    def tell(self, symbolId: int, tick: Tick) -> None:
        """
        Value the accounts that a price may have changed, now or with a later price, or a little later if none comes.

        @param symbolId: the symbol.
        @param tick: its new price.
        """
        if self._last is None or not 0 <= tick.timestamp - self._last < _PAUSE:
            self._value(tick.timestamp)
        elif self._leftOut is None:
            self._leftOut = tick.timestamp
            if not self._venue.isAwaited(self._catchUp):
                self._venue.wakeAt(tick.timestamp + _PATIENCE, self._catchUp)

    def _catchUp(self, venue: Venue) -> None:
        """
        Value the accounts if no price has come since one that was left out: it may be the last for days.
        """
        if self._leftOut is None:
            return
        now, due = venue.now(), self._leftOut + _PATIENCE
        if now < due:
            venue.wakeAt(due, self._catchUp)
        else:
            self._value(now)

    def _value(self, moment: int) -> None:
        self._last, self._leftOut = moment, None
        subscribed = {accountId for _, accountId in self._subscribers}
        for accountId, account in self._venue.accounts.items():
            forgiveDebt(self._venue, account)
            if accountId not in subscribed and not any(account.openPositions()):
                continue
            standing = self._standing(accountId)
            if standing is None:
                continue
            callMargin(self._venue, account, standing)
            stopOut(self._venue, account, standing)
            for connection in [connection for connection, each in self._subscribers if each == accountId]:
                self._tellProfit(connection, accountId, standing)

    def _standing(self, accountId: int) -> Standing | None:
        try:
            return standingOf(self._venue, self._venue.accounts[accountId])
        except TradeRefusal:
            # Without all prices there is nothing to tell yet.
            return None

    def _tellProfit(self, connection: ServerProtocol, accountId: int, standing: Standing) -> None:
        told = self._subscribers[connection, accountId]
        if told == (standing.gross, standing.net):
            return
        self._subscribers[connection, accountId] = standing.gross, standing.net
        connection.send(
            ProtoOAv1PnLChangeEvent(
                ctidTraderAccountId=accountId,
                grossUnrealizedPnL=standing.gross,
                netUnrealizedPnL=standing.net,
                moneyDigits=MONEY_DIGITS,
            )
        )
