"""
What the broker of an exchange does, to accounts and to symbols.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs

from ctrader_twisted.schema.messages import (
    ProtoOAAccessRights,
    ProtoOAAccountType,
    ProtoOAOrderStatus,
    ProtoOASymbolChangedEvent,
)
from ctrader_twisted.schema.messages import ProtoOAChangeBalanceType as _Change
from ctrader_twisted.simulator.feed import Feed
from ctrader_twisted.simulator.venue.cashflow import checkFlow, moveBonus, moveMoney
from ctrader_twisted.simulator.venue.execution import endOrder
from ctrader_twisted.simulator.venue.margins import tellMargins
from ctrader_twisted.simulator.venue.rejections import Rejection
from ctrader_twisted.simulator.venue.swaps import chargeNights
from ctrader_twisted.simulator.venue.terms import changeTerms, countMargins
from ctrader_twisted.simulator.venue.venue import Cause, Venue

if TYPE_CHECKING:
    from ctrader_twisted.simulator.connection import ServerProtocol

__all__ = ["Broker"]

_BY_SERVER = Cause(None, isServerEvent=True)
_BETTING = ProtoOAAccountType.SPREAD_BETTING


class Broker:
    """
    Moves money, and changes what accounts and symbols are; whoever is logged in hears of it.

    @ivar venue: its accounts.
    @ivar feed: its subscriptions to prices.
    @ivar connections: the connections that are open now, oldest first.
    @ivar isRunning: whether prices move.
    """

    def __init__(self, venue: Venue, feed: Feed) -> None:
        """
        @param venue: the accounts, and what they trade.
        @param feed: the subscriptions to prices.
        """
        self.venue = venue
        self.feed = feed
        self.connections: list[ServerProtocol] = []
        self.isRunning = False

    def deposit(self, accountId: int, amount: int, *, note: str = "", kind: _Change = _Change.BALANCE_DEPOSIT) -> None:
        """
        Pay money into an account, as its broker does.

        @param accountId: the account.
        @param amount: in 1/100 of its deposit asset; more than 0.
        @param note: words for the user.
        @param kind: what it is paid for, one of the deposits of C{ProtoOAChangeBalanceType}.
        @raise ValueError: if the amount is not more than 0, or it is no kind of deposit.
        """
        checkFlow(kind, "BALANCE_DEPOSIT")
        if amount <= 0:
            raise ValueError(f"an amount of {amount} cannot be paid in: it must be more than 0")
        moveMoney(self.venue, self.venue.accounts[accountId], amount, kind, note)

    def withdraw(
        self, accountId: int, amount: int, *, note: str = "", kind: _Change = _Change.BALANCE_WITHDRAW
    ) -> None:
        """
        Pay money out of an account, as its broker does.

        @param accountId: the account.
        @param amount: in 1/100 of its deposit asset; more than 0, and no more than its balance.
        @param note: words for the user.
        @param kind: what it is paid for, one of the withdrawals of C{ProtoOAChangeBalanceType}.
        @raise ValueError: if there is no such amount in the account, or it is no kind of withdrawal.
        """
        checkFlow(kind, "BALANCE_WITHDRAW")
        account = self.venue.accounts[accountId]
        if not 0 < amount <= account.balance:
            raise ValueError(f"{amount / 100:.2f} cannot be paid out: the balance is {account.balance / 100:.2f}")
        moveMoney(self.venue, account, -amount, kind, note)

    def bonus(self, accountId: int, amount: int, *, introducingBrokerId: int | None = None, note: str = "") -> None:
        """
        Give an account a bonus, which counts as equity and is no money of its own, or take it back.

        @param accountId: the account.
        @param amount: in 1/100 of its deposit asset; negative for what is taken back.
        @param introducingBrokerId: the introducing broker whose bonus it is, if it is not the broker's own.
        @param note: words for the user.
        @raise ValueError: if the amount is 0, or more is taken back than there is.
        """
        account = self.venue.accounts[accountId]
        held = account.managerBonus if introducingBrokerId is None else account.ibBonus
        if not amount or held + amount < 0:
            raise ValueError(f"a bonus cannot change by {amount / 100:.2f}: it is {held / 100:.2f}")
        moveBonus(self.venue, account, amount, introducingBrokerId, note)

    def changeAccount(self, accountId: int, **changes: Any) -> None:
        """
        Change the terms of an account, as its broker does. Its sessions are told; those of an account that may not be
        logged in to any more are ended.

        @param accountId: the account.
        @param changes: new values for attributes of L{Terms}, such as C{leverageInCents=5_000}, C{swapFree=True} or
            C{accessRights}. The margins of open positions change with them.
        @raise ValueError: if it shall bet on spreads from now on, or not any more, and holds something.
        """
        account = self.venue.accounts[accountId]
        kinds = {account.terms.accountType, changes.get("accountType", account.terms.accountType)}
        if len(kinds) > 1 and _BETTING in kinds and account.positions:
            raise ValueError(f"account {accountId} has positions or orders, whose volumes would be something else")
        changeTerms(self.venue, account, attrs.evolve(account.terms, **changes))
        if account.terms.accessRights == ProtoOAAccessRights.NO_LOGIN:
            for connection in list(self.connections):
                if accountId in connection.sessions:
                    connection.endSession(accountId)

    def limitLiquidity(self, symbolId: int, *volumes: int) -> None:
        """
        Say how much of an order in a symbol can be executed at once. What is left of the order then is cancelled, or
        stays in the book, and the next price finds as much again. Stop losses and take profits are executed whole.

        @param symbolId: the symbol.
        @param volumes: in 1/100 of a unit; each is one deal at most. None at all for nothing.
        """
        self.venue.liquidity[symbolId] = volumes

    def unlimitLiquidity(self, symbolId: int) -> None:
        """
        Let orders in a symbol be executed whole, as they are at first.

        @param symbolId: the symbol.
        """
        self.venue.liquidity.pop(symbolId, None)

    def rejectOrders(self, symbolId: int, rejection: Rejection = Rejection.REJECTED) -> None:
        """
        Let orders in a symbol be turned down when they are to be executed, as a liquidity provider does. Stop losses,
        take profits and stop-outs are executed all the same.

        @param symbolId: the symbol.
        @param rejection: why.
        """
        self.venue.rejections[symbolId] = rejection

    def acceptOrders(self, symbolId: int) -> None:
        """
        Let orders in a symbol be executed again, as they are at first.

        @param symbolId: the symbol.
        """
        self.venue.rejections.pop(symbolId, None)

    def changeSymbol(self, symbolId: int, **changes: Any) -> None:
        """
        Change the specification of a symbol, as the broker does. All sessions are told, and of the margins that
        another table of leverage changes. Its prices stay as they are, and another process that begins where this one
        ended knows nothing of the change.

        @param symbolId: the symbol.
        @param changes: new values for attributes of L{SymbolSpec}, such as C{maxVolume=1_000_000}.
        @raise KeyError: if there is no such symbol.
        """
        self.venue.catalogue.change(attrs.evolve(self.venue.catalogue.symbols[symbolId], **changes))
        if "leverageId" in changes:
            self._remarginAll([symbolId])
        else:
            self._tellSymbols([symbolId])
        # Conversions may go another way now.
        self.venue.changed()
        if self.isRunning:
            chargeNights(self.venue)

    def archiveSymbol(self, symbolId: int) -> None:
        """
        Do not offer a symbol any more, as the broker does. Its orders are cancelled, its subscriptions end, and all
        sessions are told that it has changed; from then on it is one of those that are archived. Conversions go another
        way, if there is one. Another process that begins where this one ended knows nothing of it.

        @param symbolId: the symbol.
        @raise KeyError: if there is no such symbol.
        @raise ValueError: if somebody holds a position in it.
        """
        symbol, accounts = self.venue.catalogue.symbols[symbolId], self.venue.accounts.values()
        for account in accounts:
            if account.openPositionOn(symbolId) is not None:
                words = f"account {account.terms.accountId} holds a position in it"
                raise ValueError(f"{symbol.name} cannot be archived: {words}")
        for account in accounts:
            for order in [each for each in account.orders.values() if each.tradeData.symbolId == symbolId]:
                endOrder(self.venue, account, order, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED, _BY_SERVER)
            account.conversions.pop(symbolId, None)
        self.feed.drop(symbolId)
        self.venue.catalogue.archive(symbolId, self.venue.now())
        self._tellSymbols([symbolId])
        self.venue.changed()

    def changeLeverage(self, leverageId: int, *tiers: tuple[int, int]) -> None:
        """
        Change a table of dynamic leverage, as the broker does. All sessions are told that its symbols have changed, and
        of the margins that change with it. Another process that begins where this one ended knows nothing of it.

        @param leverageId: the table.
        @param tiers: pairs of an exposure in US cents and the leverage up to it, ascending.
        @raise KeyError: if there is no such table.
        """
        catalogue = self.venue.catalogue
        symbolIds = catalogue.changeLeverage(attrs.evolve(catalogue.leverages[leverageId], tiers=tiers))
        self._remarginAll(symbolIds)
        self.venue.changed()

    def _remarginAll(self, symbolIds: Iterable[int]) -> None:
        """
        Tell of symbols whose leverage has changed, and of the margins that change with it.
        """
        # All are counted before anything is told, so that whoever asks then finds them as they are.
        changed = [(account, countMargins(self.venue, account)) for account in self.venue.accounts.values()]
        self._tellSymbols(symbolIds)
        for account, positions in changed:
            tellMargins(self.venue, account, positions)

    def _tellSymbols(self, symbolIds: Iterable[int]) -> None:
        for accountId in self.venue.accounts:
            self.venue.publish(accountId, ProtoOASymbolChangedEvent(ctidTraderAccountId=accountId, symbolId=symbolIds))
