"""
What the venue does about an account whose margin level has come down too far.
"""

from __future__ import annotations

from fractions import Fraction

from ctrader_twisted.schema.messages import (
    ProtoOAChangeBalanceType,
    ProtoOAExecutionType,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOAStopOutStrategy,
    ProtoOATimeInForce,
    ProtoOATotalMarginCalculationType,
)
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.cashflow import moveMoney
from ctrader_twisted.simulator.venue.execution import executeSoon
from ctrader_twisted.simulator.venue.records import closingOrder
from ctrader_twisted.simulator.venue.schedule import isOpen
from ctrader_twisted.simulator.venue.standing import Standing
from ctrader_twisted.simulator.venue.valuation import unrealised
from ctrader_twisted.simulator.venue.venue import Cause, Venue

__all__ = ["forgiveDebt", "isForgiven", "stopOut"]

_BY_SERVER = Cause(None, isServerEvent=True)


def stopOut(venue: Venue, account: TradingAccount, standing: Standing) -> None:
    """
    Close a position, or as much of it as is needed, if the margin level has come down to where that is due. What else
    has to be closed is seen when this is done.

    @param venue: where the positions are traded.
    @param account: the account.
    @param standing: what it is worth now.
    """
    level = standing.marginLevel
    if level is None or level > Fraction(venue.settings.stopOutLevel):
        return
    if any(order.isStopOut for order in account.orders.values()):
        return
    position = _first(venue, account)
    if position is None:
        return
    volume = _volume(venue, account, standing, position)
    order = closingOrder(venue, position, volume, ProtoOAOrderType.MARKET, ProtoOATimeInForce.IMMEDIATE_OR_CANCEL)
    order.isStopOut = True
    account.orders[order.orderId] = order
    if venue.settings.stopOutIsAccepted:
        venue.tell(account, ProtoOAExecutionType.ORDER_ACCEPTED, order, position, cause=_BY_SERVER)
    executeSoon(venue, account, order, None)


def isForgiven(venue: Venue, account: TradingAccount) -> bool:
    """
    Tell whether a balance below zero is to be made up for: the broker does that, and nothing is open any more.

    @param venue: where the account is.
    @param account: the account.
    """
    return account.balance < 0 and venue.settings.negativeBalanceProtection and not any(account.openPositions())


def forgiveDebt(venue: Venue, account: TradingAccount) -> None:
    """
    Make up for a balance below zero, if that is due.

    @param venue: where the account is.
    @param account: the account.
    """
    if isForgiven(venue, account):
        kind = ProtoOAChangeBalanceType.BALANCE_DEPOSIT_NEGATIVE_BALANCE_PROTECTION
        moveMoney(venue, account, -account.balance, kind, "")


def _first(venue: Venue, account: TradingAccount) -> ProtoOAPosition | None:
    """
    Choose among the positions that can be closed now.
    """
    byLoss = account.terms.stopOutStrategy == ProtoOAStopOutStrategy.MOST_LOSING_FIRST

    def order(position: ProtoOAPosition) -> tuple[int, int]:
        gain = unrealised(venue, account, position).net if byLoss else -position.usedMargin
        return gain, position.positionId

    closable = (
        each
        for each in account.openPositions()
        if account.closingOf(each.positionId) is None
        and isOpen(venue.catalogue.full(each.tradeData.symbolId), venue.now())
    )
    return min(closable, key=order, default=None)


def _volume(venue: Venue, account: TradingAccount, standing: Standing, position: ProtoOAPosition) -> int:
    """
    Find how much to close: so much that the margin level is above the limit again, if a part can do that.
    """
    held, symbol = position.tradeData.volume, venue.specification(account, position.tradeData.symbolId)
    limit = Fraction(venue.settings.stopOutLevel)
    isSum = account.terms.totalMargin == ProtoOATotalMarginCalculationType.SUM
    if account.terms.fairStopOut or not isSum or not limit or not position.usedMargin:
        return held
    excess = standing.usedMargin - standing.equity * 100 / limit
    steps = excess * held // (position.usedMargin * symbol.stepVolume) + 1
    volume = int(steps) * symbol.stepVolume
    return held if held - volume < symbol.minVolume else volume
