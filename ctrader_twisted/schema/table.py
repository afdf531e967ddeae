"""
The table of all requests of the API: what answers each, what it needs, and how it is rationed.

This module is plain data and imports nothing of the project, so that the schema's build command can read it too.
Sources: the comments of the public schema (release 91) and the help pages of the API; where they are silent the
stricter reading is taken.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

__all__ = ["ERROR_FORMS", "REQUESTS", "RateClass", "RequestRow", "Scope", "State"]


class State(Enum):
    """
    What must have happened on a connection before the server takes a request.
    """

    CONNECTED = "connected"
    APPLICATION = "application"
    ACCOUNT = "account"


class Scope(Enum):
    """
    The permission that the access token must carry.
    """

    VIEW = "accounts"
    TRADE = "trading"


class RateClass(Enum):
    """
    Which of the server's two limits a request counts into; C{TRADING} counts as C{GENERAL} but goes first.
    """

    GENERAL = "general"
    HISTORICAL = "historical"
    TRADING = "trading"


class RequestRow(NamedTuple):
    """
    One request of the API.

    @ivar request: the name of the request message.
    @ivar answers: the names of the messages that mean success, the usual one first.
    @ivar errors: the names of the messages that mean failure.
    @ivar state: what must be authorised on the connection.
    @ivar scope: the permission the access token needs.
    @ivar rate: the limit that the request counts into.
    """

    request: str
    answers: tuple[str, ...]
    errors: tuple[str, ...]
    state: State
    scope: Scope
    rate: RateClass


ERROR_FORMS = ("ProtoOAErrorRes", "ProtoErrorRes")
"""
The messages with which the trading server and the proxy before it refuse any request.
"""


def _row(request: str, answer: str, state: State, rate: RateClass = RateClass.GENERAL) -> RequestRow:
    return RequestRow(f"ProtoOA{request}Req", (f"ProtoOA{answer}",), ERROR_FORMS, state, Scope.VIEW, rate)


def _trade(request: str) -> RequestRow:
    return RequestRow(
        f"ProtoOA{request}Req",
        ("ProtoOAExecutionEvent",),
        ("ProtoOAOrderErrorEvent", *ERROR_FORMS),
        State.ACCOUNT,
        Scope.TRADE,
        RateClass.TRADING,
    )


_A = State.ACCOUNT
_H = RateClass.HISTORICAL

REQUESTS: dict[str, RequestRow] = {
    row.request: row
    for row in (
        _row("ApplicationAuth", "ApplicationAuthRes", State.CONNECTED),
        _row("Version", "VersionRes", State.CONNECTED),
        _row("AccountAuth", "AccountAuthRes", State.APPLICATION),
        _row("GetAccountListByAccessToken", "GetAccountListByAccessTokenRes", State.APPLICATION),
        _row("GetCtidProfileByToken", "GetCtidProfileByTokenRes", State.APPLICATION),
        _row("RefreshToken", "RefreshTokenRes", State.APPLICATION),
        _row("AccountLogout", "AccountLogoutRes", _A),
        _row("AssetList", "AssetListRes", _A),
        _row("AssetClassList", "AssetClassListRes", _A),
        _row("SymbolCategoryList", "SymbolCategoryListRes", _A),
        _row("SymbolsList", "SymbolsListRes", _A),
        _row("SymbolById", "SymbolByIdRes", _A),
        _row("SymbolsForConversion", "SymbolsForConversionRes", _A),
        _row("GetDynamicLeverageByID", "GetDynamicLeverageByIDRes", _A),
        _row("Trader", "TraderRes", _A),
        _row("Reconcile", "ReconcileRes", _A),
        _row("GetPositionUnrealizedPnL", "GetPositionUnrealizedPnLRes", _A),
        _row("ExpectedMargin", "ExpectedMarginRes", _A),
        _row("MarginCallList", "MarginCallListRes", _A),
        _row("MarginCallUpdate", "MarginCallUpdateRes", _A)._replace(scope=Scope.TRADE),
        _row("v1PnLChangeSubscribe", "v1PnLChangeSubscribeRes", _A),
        _row("v1PnLChangeUnSubscribe", "v1PnLChangeUnSubscribeRes", _A),
        _row("CashFlowHistoryList", "CashFlowHistoryListRes", _A, _H),
        _row("DealList", "DealListRes", _A, _H),
        _row("OrderList", "OrderListRes", _A, _H),
        _row("DealListByPositionId", "DealListByPositionIdRes", _A, _H),
        _row("OrderListByPositionId", "OrderListByPositionIdRes", _A, _H),
        _row("OrderDetails", "OrderDetailsRes", _A, _H),
        _row("DealOffsetList", "DealOffsetListRes", _A, _H),
        _trade("NewOrder"),
        _trade("CancelOrder"),
        _trade("AmendOrder"),
        _trade("AmendPositionSLTP"),
        _trade("ClosePosition"),
        _row("SubscribeSpots", "SubscribeSpotsRes", _A),
        _row("UnsubscribeSpots", "UnsubscribeSpotsRes", _A),
        _row("SubscribeLiveTrendbar", "SubscribeLiveTrendbarRes", _A),
        _row("UnsubscribeLiveTrendbar", "UnsubscribeLiveTrendbarRes", _A),
        _row("SubscribeDepthQuotes", "SubscribeDepthQuotesRes", _A),
        _row("UnsubscribeDepthQuotes", "UnsubscribeDepthQuotesRes", _A),
        _row("GetTrendbars", "GetTrendbarsRes", _A, _H),
        _row("GetTickData", "GetTickDataRes", _A, _H),
    )
}
"""
All requests by the name of their message.
"""
