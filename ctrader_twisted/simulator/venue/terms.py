"""
Changes that a broker makes to an account.
"""

from __future__ import annotations

from fractions import Fraction

from ctrader_twisted.schema.messages import (
    ProtoOAAccessRights,
    ProtoOAMarginChangedEvent,
    ProtoOANewOrderReq,
    ProtoOATraderUpdatedEvent,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue import arithmetic
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS, Terms, TradingAccount
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["changeTerms", "checkRights"]


def changeTerms(venue: Venue, account: TradingAccount, terms: Terms) -> None:
    """
    Give an account other terms, and tell of them, and of the margins that change with them.

    @param venue: where it trades.
    @param account: the account.
    @param terms: its new terms.
    """
    leverageChanges = terms.leverageInCents != account.terms.leverageInCents
    account.terms = terms
    venue.publish(
        terms.accountId, ProtoOATraderUpdatedEvent(ctidTraderAccountId=terms.accountId, trader=account.trader())
    )
    if leverageChanges:
        _changeMargins(venue, account)
    venue.changed()


def checkRights(account: TradingAccount, request: object) -> None:
    """
    Refuse what an account's access rights do not allow.

    @param account: the account.
    @param request: a trading request.
    @raise TradeRefusal: if it is not allowed.
    """
    rights = account.terms.accessRights
    if rights == ProtoOAAccessRights.FULL_ACCESS:
        return
    if rights == ProtoOAAccessRights.CLOSE_ONLY and not _opens(account, request):
        return
    words = f"The access rights of the account are {ProtoOAAccessRights.Name(rights)}"
    raise TradeRefusal("TRADING_NOT_ALLOWED", words)


def _changeMargins(venue: Venue, account: TradingAccount) -> None:
    for position in account.openPositions():
        rate, leverage = Fraction(position.marginRate), account.terms.leverageInCents
        position.usedMargin = arithmetic.margin(position.tradeData.volume, rate, leverage)
        event = ProtoOAMarginChangedEvent(
            ctidTraderAccountId=account.terms.accountId,
            positionId=position.positionId,
            usedMargin=position.usedMargin,
            moneyDigits=MONEY_DIGITS,
        )
        venue.publish(account.terms.accountId, event)


def _opens(account: TradingAccount, request: object) -> bool:
    if not isinstance(request, ProtoOANewOrderReq):
        return False
    position = account.positions.get(request.positionId)
    return position is None or position.tradeData.tradeSide == request.tradeSide
