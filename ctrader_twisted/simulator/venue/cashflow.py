"""
Money that comes in and goes out.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOABonusDepositWithdraw,
    ProtoOAChangeBalanceType,
    ProtoOAChangeBonusType,
    ProtoOADepositWithdraw,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOATraderUpdatedEvent,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS, TradingAccount
from ctrader_twisted.simulator.venue.standing import standingOf
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["checkFlow", "moveBonus", "moveMoney", "tellTrader", "toldFlow"]


def checkFlow(kind: ProtoOAChangeBalanceType, wanted: str) -> None:
    """
    Refuse a kind of change that goes the other way.

    @param kind: what it is.
    @param wanted: what the names of its kind begin with.
    @raise ValueError: if it is not one of these.
    """
    name = ProtoOAChangeBalanceType.Name(kind)
    if not name.startswith(wanted):
        raise ValueError(f"{name} is no kind of {wanted}")


def moveMoney(
    venue: Venue, account: TradingAccount, amount: int, kind: ProtoOAChangeBalanceType, note: str
) -> ProtoOADepositWithdraw:
    """
    Change an account's balance otherwise than by trading, and tell of it.

    @param venue: where the account is.
    @param account: the account.
    @param amount: money; negative for what goes out.
    @param kind: what it is.
    @param note: words for the user; empty for none.
    @return: what was booked.
    """
    account.adjust(amount)
    record = ProtoOADepositWithdraw(
        operationType=kind,
        balanceHistoryId=venue.ids.newCashFlow(),
        balance=account.balance,
        delta=amount,
        changeBalanceTimestamp=venue.now(),
        externalNote=note or None,
        balanceVersion=account.balanceVersion,
        equity=_equity(venue, account),
        moneyDigits=MONEY_DIGITS,
    )
    account.addCashFlow(record)
    event = ProtoOAExecutionEvent(
        ctidTraderAccountId=account.terms.accountId,
        executionType=ProtoOAExecutionType.DEPOSIT_WITHDRAW,
        depositWithdraw=toldFlow(record, venue.settings),
        isServerEvent=True,
    )
    venue.publish(account.terms.accountId, event)
    if venue.settings.balanceUpdatesTrader:
        tellTrader(venue, account)
    venue.changed()
    return record


def moveBonus(
    venue: Venue, account: TradingAccount, amount: int, introducingBrokerId: int | None, note: str
) -> ProtoOABonusDepositWithdraw:
    """
    Change a bonus of an account, and tell of it.

    @param venue: where the account is.
    @param account: the account.
    @param amount: money; negative for what is taken back.
    @param introducingBrokerId: the introducing broker whose bonus it is, or L{None} for the broker's own.
    @param note: words for the user; empty for none.
    @return: what was booked.
    """
    isOwn, told = introducingBrokerId is None, amount if venue.settings.withdrawalsAreNegative else abs(amount)
    if isOwn:
        account.managerBonus += amount
    else:
        account.ibBonus += amount
    kinds, accountId = ProtoOAChangeBonusType, account.terms.accountId
    record = ProtoOABonusDepositWithdraw(
        operationType=kinds.BONUS_DEPOSIT if amount > 0 else kinds.BONUS_WITHDRAW,
        bonusHistoryId=venue.ids.newBonus(),
        managerBonus=account.managerBonus,
        managerDelta=told if isOwn else 0,
        ibBonus=account.ibBonus,
        ibDelta=0 if isOwn else told,
        changeBonusTimestamp=venue.now(),
        externalNote=note or None,
        introducingBrokerId=introducingBrokerId,
        moneyDigits=MONEY_DIGITS,
    )
    event = ProtoOAExecutionEvent(
        ctidTraderAccountId=accountId,
        executionType=ProtoOAExecutionType.BONUS_DEPOSIT_WITHDRAW,
        bonusDepositWithdraw=record,
        isServerEvent=True,
    )
    venue.publish(accountId, event)
    tellTrader(venue, account)
    venue.changed()
    return record


def toldFlow(record: ProtoOADepositWithdraw, settings: Settings) -> ProtoOADepositWithdraw:
    """
    Write a change of a balance as it is told.

    @param record: the change.
    @param settings: whether the delta of a withdrawal is below zero.
    """
    told = ProtoOADepositWithdraw()
    told.CopyFrom(record)
    if not settings.withdrawalsAreNegative:
        told.delta = abs(record.delta)
    return told


def tellTrader(venue: Venue, account: TradingAccount) -> None:
    """
    Tell what an account says of itself.

    @param venue: where events go.
    @param account: the account.
    """
    accountId = account.terms.accountId
    venue.publish(accountId, ProtoOATraderUpdatedEvent(ctidTraderAccountId=accountId, trader=account.trader()))


def _equity(venue: Venue, account: TradingAccount) -> int | None:
    try:
        return standingOf(venue, account).equity
    except TradeRefusal:
        return None
