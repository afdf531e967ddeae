"""
What a client knows that makes an error plain: logins and ids, hosts, permissions.
"""

from __future__ import annotations

from collections.abc import Mapping

from ctrader_twisted.errors import (
    AccountNotFound,
    CTraderError,
    LoginNeeded,
    OrderRejected,
    RequestRefused,
    ServerError,
    WrongHost,
)
from ctrader_twisted.schema import REQUESTS, Scope
from ctrader_twisted.schema.messages import ProtoOAAccessRights, ProtoOATrader
from ctrader_twisted.session.grants import AccountInfo

__all__ = ["explain"]

_MOST_LISTED = 10

_RIGHTS: dict[int, str] = {
    ProtoOAAccessRights.CLOSE_ONLY: "may only close positions",
    ProtoOAAccessRights.NO_TRADING: "may not trade",
    ProtoOAAccessRights.NO_LOGIN: "may not be used",
}


def explain(error: CTraderError, known: Mapping[int, AccountInfo], trader: ProtoOATrader | None) -> str:
    """
    Tell in plain language what happened and what to do next.

    @param error: the error.
    @param known: what is known of the accounts that the tokens cover, by C{ctidTraderAccountId}.
    @param trader: the terms of the account that the error names, if they are known.
    @return: some sentences: first what is most certain to be the cause, then what the error itself tells.
    """
    cause = _cause(error, known, trader) if isinstance(error, ServerError) else ""
    return f"{cause} {error.explain()}".strip()


def _cause(error: ServerError, known: Mapping[int, AccountInfo], trader: ProtoOATrader | None) -> str:
    accountId = error.accountId
    if accountId is None:
        return ""
    info = known.get(accountId)
    if info is None and isinstance(error, AccountNotFound | LoginNeeded):
        return _notCovered(accountId, known)
    if info is not None and isinstance(error, WrongHost):
        here, there = ("demo", "live") if info.isLive else ("live", "demo")
        return (
            f"Account {accountId} is {there}, this client is connected to the {here} host; use {there}(reactor), or a "
            f"profile for {there} accounts."
        )
    if info is not None and not info.canTrade and _wasForbidden(error):
        return f"The token for account {accountId} allows no trading; grant access again with the scope trading."
    if trader is not None and error.code == "TRADING_NOT_ALLOWED" and trader.accessRights in _RIGHTS:
        return f"The broker says that account {accountId} {_RIGHTS[trader.accessRights]}; ask the broker."
    return ""


def _notCovered(number: int, known: Mapping[int, AccountInfo]) -> str:
    meant = [each for each in known.values() if each.traderLogin == number]
    if len(meant) == 1:
        return f"{number} is a trader login; the account id is {meant[0].accountId}."
    if meant:
        ids = ", ".join(f"{each.accountId} ({each.broker or 'a broker without a name'})" for each in meant)
        return f"{number} is a trader login at more than one broker; the account ids are {ids}."
    if not known:
        return ""
    listed = ", ".join(str(each.accountId) for each in list(known.values())[:_MOST_LISTED])
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    return f"{number} is no account of the stored tokens; they cover {listed}{more}."


def _wasForbidden(error: ServerError) -> bool:
    row = REQUESTS.get(error.request)
    forbidden = type(error) in (OrderRejected, RequestRefused)
    return forbidden and row is not None and row.scope is Scope.TRADE
