"""
Changes that a broker makes to an account.
"""

from __future__ import annotations

from contextlib import suppress

from ctrader_twisted.schema.messages import (
    ProtoOAAccessRights,
    ProtoOANewOrderReq,
    ProtoOAPosition,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue.account import Terms, TradingAccount
from ctrader_twisted.simulator.venue.cashflow import tellTrader
from ctrader_twisted.simulator.venue.margins import remargin, tellMargins
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["changeTerms", "checkRights", "countMargins"]


def changeTerms(venue: Venue, account: TradingAccount, terms: Terms) -> None:
    """
    Give an account other terms, and tell of them, and of the margins that change with them.

    @param venue: where it trades.
    @param account: the account.
    @param terms: its new terms.
    """
    account.terms = terms
    changed = countMargins(venue, account)
    tellTrader(venue, account)
    tellMargins(venue, account, changed)
    venue.changed()


def countMargins(venue: Venue, account: TradingAccount) -> list[ProtoOAPosition]:
    """
    Count the margins of all open positions anew; those of a symbol that lacks a price stay as they are.

    @param venue: where they are traded.
    @param account: whose they are.
    @return: the positions whose margin has changed.
    """
    changed = []
    for symbolId in sorted({position.tradeData.symbolId for position in account.openPositions()}):
        with suppress(TradeRefusal):
            changed += remargin(venue, account, symbolId)
    return changed


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


def _opens(account: TradingAccount, request: object) -> bool:
    if not isinstance(request, ProtoOANewOrderReq):
        return False
    isNamed = request.HasField("positionId") or not account.isNetted
    position = account.positions.get(request.positionId) if isNamed else account.openPositionOn(request.symbolId)
    if position is None or position.tradeData.tradeSide == request.tradeSide:
        return True
    # What turns a position round opens one, too; a name allows no more than to close.
    return not isNamed and request.volume > position.tradeData.volume
