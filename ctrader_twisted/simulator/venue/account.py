"""
One trading account: its terms, its money, and everything that it holds or has held.

Orders, positions and deals are kept as the messages of the schema, since those are exactly what the server tells of
them; what is sent is always a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from attrs import frozen

from ctrader_twisted.schema.messages import (
    ProtoOAAccessRights,
    ProtoOAAccountType,
    ProtoOACtidTraderAccount,
    ProtoOADeal,
    ProtoOADepositWithdraw,
    ProtoOALimitedRiskMarginCalculationStrategy,
    ProtoOAMarginCall,
    ProtoOANotificationType,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOAPositionStatus,
    ProtoOAStopOutStrategy,
    ProtoOATotalMarginCalculationType,
    ProtoOATrader,
)
from ctrader_twisted.simulator.venue.kinds import cannotWait

__all__ = ["MONEY_DIGITS", "Conversion", "Terms", "TradingAccount", "booked"]

MONEY_DIGITS = 2
"""
The decimals of all amounts of money that the simulator tells.
"""

# Enums look their values up by name each time.
_OPEN = ProtoOAPositionStatus.POSITION_STATUS_OPEN
_NETTED = ProtoOAAccountType.NETTED
_SPREAD_BETTING = ProtoOAAccountType.SPREAD_BETTING

# In percent.
_MARGIN_CALLS = (
    (ProtoOANotificationType.MARGIN_LEVEL_THRESHOLD_1, 100.0),
    (ProtoOANotificationType.MARGIN_LEVEL_THRESHOLD_2, 80.0),
    (ProtoOANotificationType.MARGIN_LEVEL_THRESHOLD_3, 60.0),
)


def booked(deal: ProtoOADeal) -> int:
    """
    Tell what a deal has added to the balance.

    @param deal: the deal.
    @return: money; 0 if it closed nothing.
    """
    detail = deal.closePositionDetail
    return detail.grossProfit + detail.swap + detail.commission + detail.pnlConversionFee


@frozen(kw_only=True)
class Terms:
    """
    What an account is, as its broker keeps it.

    @ivar accountId: its C{ctidTraderAccountId}.
    @ivar traderLogin: the number that the user knows it by.
    @ivar isLive: whether the live host serves it, and not the demo host.
    @ivar depositAssetId: the asset that its money is in.
    @ivar leverageInCents: a hundred times its leverage.
    @ivar registered: when it was opened, in milliseconds since 1970.
    @ivar brokerName: the broker.
    @ivar accessRights: what may be done with it.
    @ivar accountType: whether each order has a position of its own, or each symbol one; or whether it bets on spreads.
    @ivar totalMargin: how the margins of both sides of a symbol count.
    @ivar swapFree: whether positions are held overnight for a commission and not for swaps.
    @ivar isLimitedRisk: whether each position needs a guaranteed stop loss.
    @ivar limitedRiskMargin: what the margin of a position with limited risk follows.
    @ivar fairStopOut: whether a stop-out closes whole positions, and not only as much as is needed.
    @ivar stopOutStrategy: which position a stop-out closes first.
    @ivar frenchRisk: whether it follows the French regulation; nothing else comes of it.
    @ivar nonWithdrawableBonus: what the broker has added to its equity for as long as it trades, in money.
    @ivar brokerTitleShort: the broker in lists of accounts.
    """

    accountId: int
    traderLogin: int
    isLive: bool
    depositAssetId: int
    leverageInCents: int
    registered: int
    brokerName: str = "Simulated Broker"
    accessRights: ProtoOAAccessRights = ProtoOAAccessRights.FULL_ACCESS
    accountType: ProtoOAAccountType = ProtoOAAccountType.HEDGED
    totalMargin: ProtoOATotalMarginCalculationType = ProtoOATotalMarginCalculationType.SUM
    swapFree: bool = False
    isLimitedRisk: bool = False
    limitedRiskMargin: ProtoOALimitedRiskMarginCalculationStrategy = (
        ProtoOALimitedRiskMarginCalculationStrategy.ACCORDING_TO_LEVERAGE
    )
    fairStopOut: bool = False
    stopOutStrategy: ProtoOAStopOutStrategy = ProtoOAStopOutStrategy.MOST_MARGIN_USED_FIRST
    frenchRisk: bool = False
    nonWithdrawableBonus: int = 0
    brokerTitleShort: str = "Simulated"


@frozen
class Conversion:
    """
    The rates that the margins of a symbol's positions were counted with when they last changed.

    @ivar baseToUsd: dollars for one of the base asset.
    @ivar quoteToDeposit: the deposit asset for one of the quote asset; on an account for spread betting, for a price
        unit at a stake of 1.
    """

    baseToUsd: Fraction
    quoteToDeposit: Fraction


class TradingAccount:
    """
    An account and its books. Money is in 1/100 of the deposit asset.

    @ivar terms: what it is.
    @ivar balance: its money.
    @ivar balanceVersion: how often that has changed.
    @ivar managerBonus: what the broker has lent it as a bonus.
    @ivar ibBonus: what an introducing broker has.
    @ivar lastClose: when a position was last closed, in milliseconds since 1970, or L{None}.
    @ivar positions: the positions that are open, or may yet be, by id.
    @ivar orders: the orders that are not ended, by id.
    @ivar ended: the newest orders that are ended, by id, oldest first.
    @ivar deals: the newest deals by id, oldest first.
    @ivar cashFlow: the newest deposits and withdrawals by id, oldest first.
    @ivar marginCalls: the margin levels that are to be told of, by C{ProtoOANotificationType}.
    @ivar marginCallsTold: when each of them was told of last, in milliseconds since 1970.
    @ivar trails: for each position with a trailing stop, how far it stays behind the market, in 1/100000 of a price
        unit.
    @ivar triggered: the ids of the pending orders whose stop was reached, and that are not executed whole yet.
    @ivar beyond: the ids of the orders whose stop the newest price has reached, where it takes two in a row.
    @ivar charged: for each open position, until when it was charged for nights, in milliseconds since 1970.
    @ivar conversions: the rates behind the margins of open positions, by symbol.
    @ivar base: what the balance was before the oldest of the deals, deposits and withdrawals that it remembers.
    """

    def __init__(self, terms: Terms, balance: int, *, historyLimit: int) -> None:
        """
        @param terms: what the account is.
        @param balance: its money.
        @param historyLimit: how many deals, and how many ended orders, it remembers.
        """
        self.terms = terms
        self.balance = balance
        self.balanceVersion = 0
        self.managerBonus = 0
        self.ibBonus = 0
        self.lastClose: int | None = None
        self.positions: dict[int, ProtoOAPosition] = {}
        self.orders: dict[int, ProtoOAOrder] = {}
        self.ended: dict[int, ProtoOAOrder] = {}
        self.deals: dict[int, ProtoOADeal] = {}
        self.cashFlow: dict[int, ProtoOADepositWithdraw] = {}
        self.marginCalls: dict[int, ProtoOAMarginCall] = {
            kind: ProtoOAMarginCall(
                marginCallType=kind, marginLevelThreshold=threshold, utcLastUpdateTimestamp=terms.registered
            )
            for kind, threshold in _MARGIN_CALLS
        }
        self.marginCallsTold: dict[int, int] = {}
        self.trails: dict[int, int] = {}
        self.triggered: set[int] = set()
        self.beyond: set[int] = set()
        self.charged: dict[int, int] = {}
        self.conversions: dict[int, Conversion] = {}
        self.base = balance
        self._historyLimit = historyLimit

    @property
    def isNetted(self) -> bool:
        """
        @return: whether it has one position for each symbol.
        """
        return self.terms.accountType == _NETTED

    @property
    def betsOnSpreads(self) -> bool:
        """
        @return: whether it is an account for spread betting, on which each order has a position of its own.
        """
        return self.terms.accountType == _SPREAD_BETTING

    @property
    def funds(self) -> int:
        """
        @return: its equity without what positions make: its money and all bonuses.
        """
        return self.balance + self.managerBonus + self.ibBonus + self.terms.nonWithdrawableBonus

    @property
    def remembersAllDeals(self) -> bool:
        """
        @return: whether no deal can have been forgotten.
        """
        return len(self.deals) < self._historyLimit

    def openPositions(self) -> Iterator[ProtoOAPosition]:
        """
        @return: the positions that hold something.
        """
        return (position for position in self.positions.values() if position.positionStatus == _OPEN)

    def openPositionOn(self, symbolId: int) -> ProtoOAPosition | None:
        """
        Find an open position in a symbol; the oldest, if there are several.

        @param symbolId: the symbol.
        """
        return next((each for each in self.openPositions() if each.tradeData.symbolId == symbolId), None)

    def protectionOf(self, positionId: int) -> ProtoOAOrder | None:
        """
        Find the order that holds a position's stop loss and take profit.

        @param positionId: the position.
        """
        for order in self.orders.values():
            if order.positionId == positionId and order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT:
                return order
        return None

    def closingOf(self, positionId: int) -> ProtoOAOrder | None:
        """
        Find the order that is just closing a position.

        @param positionId: the position.
        """
        for order in self.orders.values():
            if order.positionId == positionId and order.closingOrder and cannotWait(order):
                return order
        return None

    def findOrder(self, orderId: int) -> ProtoOAOrder | None:
        """
        Find an order, ended or not.

        @param orderId: the order.
        """
        return self.orders.get(orderId) or self.ended.get(orderId)

    def endOrder(self, order: ProtoOAOrder, status: ProtoOAOrderStatus, now: int) -> None:
        """
        Take an order off the books.

        @param order: the order.
        @param status: what became of it.
        @param now: milliseconds since 1970.
        """
        order.orderStatus = status
        order.utcLastUpdateTimestamp = now
        self.orders.pop(order.orderId, None)
        self.triggered.discard(order.orderId)
        self.beyond.discard(order.orderId)
        self.ended[order.orderId] = order
        if len(self.ended) > self._historyLimit:
            del self.ended[next(iter(self.ended))]

    def addDeal(self, deal: ProtoOADeal) -> None:
        """
        Remember a deal.

        @param deal: the deal.
        """
        self.deals[deal.dealId] = deal
        if len(self.deals) > self._historyLimit:
            self.base += booked(self.deals.pop(next(iter(self.deals))))

    def book(self, amount: int, now: int) -> None:
        """
        Change the balance by a close.

        @param amount: what comes in; negative for a loss.
        @param now: milliseconds since 1970.
        """
        self.adjust(amount)
        self.lastClose = now

    def adjust(self, amount: int) -> None:
        """
        Change the balance.

        @param amount: what comes in; negative for what goes out.
        """
        self.balance += amount
        self.balanceVersion += 1

    def addCashFlow(self, record: ProtoOADepositWithdraw) -> None:
        """
        Remember a deposit or a withdrawal.

        @param record: what was booked.
        """
        self.cashFlow[record.balanceHistoryId] = record
        if len(self.cashFlow) > self._historyLimit:
            self.base += self.cashFlow.pop(next(iter(self.cashFlow))).delta

    def booked(self) -> int:
        """
        @return: what the deals, deposits and withdrawals that it remembers have added to the balance.
        """
        return sum(map(booked, self.deals.values())) + sum(each.delta for each in self.cashFlow.values())

    def trader(self) -> ProtoOATrader:
        """
        @return: what the account says of itself.
        """
        terms = self.terms
        return ProtoOATrader(
            ctidTraderAccountId=terms.accountId,
            balance=self.balance,
            balanceVersion=self.balanceVersion,
            managerBonus=self.managerBonus,
            ibBonus=self.ibBonus,
            nonWithdrawableBonus=terms.nonWithdrawableBonus,
            accessRights=terms.accessRights,
            depositAssetId=terms.depositAssetId,
            swapFree=terms.swapFree,
            leverageInCents=terms.leverageInCents,
            totalMarginCalculationType=terms.totalMargin,
            maxLeverage=terms.leverageInCents,
            frenchRisk=terms.frenchRisk,
            traderLogin=terms.traderLogin,
            accountType=terms.accountType,
            brokerName=terms.brokerName,
            registrationTimestamp=terms.registered,
            isLimitedRisk=terms.isLimitedRisk,
            limitedRiskMarginCalculationStrategy=terms.limitedRiskMargin if terms.isLimitedRisk else None,
            moneyDigits=MONEY_DIGITS,
            fairStopOut=terms.fairStopOut,
            stopOutStrategy=terms.stopOutStrategy,
        )

    def listing(self) -> ProtoOACtidTraderAccount:
        """
        @return: the account as a token's list of accounts shows it.
        """
        return ProtoOACtidTraderAccount(
            ctidTraderAccountId=self.terms.accountId,
            isLive=self.terms.isLive,
            traderLogin=self.terms.traderLogin,
            lastClosingDealTimestamp=self.lastClose,
            lastBalanceUpdateTimestamp=self._lastChange(),
            brokerTitleShort=self.terms.brokerTitleShort,
        )

    def _lastChange(self) -> int | None:
        flows = [each.changeBalanceTimestamp for each in list(self.cashFlow.values())[-1:]]
        return max([*flows, *([] if self.lastClose is None else [self.lastClose])], default=None)
