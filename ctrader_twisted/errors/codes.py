"""
What each code of the server means.
"""

from __future__ import annotations

from typing import NamedTuple

from ctrader_twisted.errors.server import (
    AccountNotFound,
    AccountRefused,
    AlreadySo,
    ApplicationInactive,
    ApplicationRefused,
    Busy,
    LoginNeeded,
    NotFound,
    OrderRejected,
    RateLimited,
    RequestRefused,
    RetryLater,
    ServerError,
    SymbolNotFound,
    TokenRefused,
    UnderMaintenance,
    WrongHost,
)

__all__ = ["serverError"]


class _Meaning(NamedTuple):
    kind: type[ServerError]
    remedy: str = ""


_MEANINGS: dict[str, _Meaning] = {
    "UNKNOWN_ERROR": _Meaning(RetryLater, "try once more; if it stays, ask the broker"),
    "UNSUPPORTED_MESSAGE": _Meaning(RequestRefused, "this server does not know the request"),
    "INVALID_REQUEST": _Meaning(RequestRefused),
    "TIMEOUT_ERROR": _Meaning(RetryLater, "look at orders and positions before trying again"),
    "ENTITY_NOT_FOUND": _Meaning(NotFound),
    "CANT_ROUTE_REQUEST": _Meaning(RetryLater, "the broker's server cannot be reached from here now"),
    "FRAME_TOO_LONG": _Meaning(RequestRefused, "ask for less in one request"),
    "MARKET_CLOSED": _Meaning(OrderRejected, "the symbol's schedule tells when it opens"),
    "CONCURRENT_MODIFICATION": _Meaning(Busy, "look at the order again and retry"),
    "BLOCKED_PAYLOAD_TYPE": _Meaning(RateLimited, "wait before sending this kind of request again"),
    "OA_AUTH_TOKEN_EXPIRED": _Meaning(TokenRefused, "refresh the token"),
    "ACCOUNT_NOT_AUTHORIZED": _Meaning(LoginNeeded, "log the account in on this connection"),
    "RET_NO_SUCH_LOGIN": _Meaning(AccountNotFound, "the broker has no such account any more"),
    "ALREADY_LOGGED_IN": _Meaning(AlreadySo),
    "INCORRECT_BOUNDARIES": _Meaning(RequestRefused, "give a start before the end, and a shorter span"),
    "RET_ACCOUNT_DISABLED": _Meaning(AccountRefused, "the broker has disabled the account"),
    "CONNECTIONS_LIMIT_EXCEEDED": _Meaning(RetryLater, "close other connections of this application"),
    "WORSE_GSL_NOT_ALLOWED": _Meaning(OrderRejected, "a guaranteed stop loss may not be moved further away"),
    "SYMBOL_HAS_HOLIDAY": _Meaning(OrderRejected, "the symbol is not traded today"),
    "CH_CLIENT_AUTH_FAILURE": _Meaning(ApplicationRefused, "check client id and client secret"),
    "CH_CLIENT_NOT_AUTHENTICATED": _Meaning(LoginNeeded, "log the application in first"),
    "CH_CLIENT_ALREADY_AUTHENTICATED": _Meaning(AlreadySo),
    "CH_ACCESS_TOKEN_INVALID": _Meaning(TokenRefused, "refresh the token, or grant access again"),
    "CH_SERVER_NOT_REACHABLE": _Meaning(RetryLater, "the broker's server is down now"),
    "CH_CTID_TRADER_ACCOUNT_NOT_FOUND": _Meaning(
        AccountNotFound, "give the ctidTraderAccountId from the account list, not the number that the platform shows"
    ),
    "CH_OA_CLIENT_NOT_FOUND": _Meaning(ApplicationRefused, "check the client id"),
    "REQUEST_FREQUENCY_EXCEEDED": _Meaning(RateLimited, "send fewer requests a second"),
    "SERVER_IS_UNDER_MAINTENANCE": _Meaning(UnderMaintenance),
    "CHANNEL_IS_BLOCKED": _Meaning(RequestRefused, "the broker has blocked operations on this account"),
    "NOT_SUBSCRIBED_TO_SPOTS": _Meaning(LoginNeeded, "subscribe to the symbol's spots first"),
    "ALREADY_SUBSCRIBED": _Meaning(AlreadySo),
    "SYMBOL_NOT_FOUND": _Meaning(SymbolNotFound, "symbol ids differ between brokers: look the name up"),
    "UNKNOWN_SYMBOL": _Meaning(SymbolNotFound, "symbol ids differ between brokers: look the name up"),
    "NO_QUOTES": _Meaning(Busy, "there is no price for the symbol yet"),
    "NOT_ENOUGH_MONEY": _Meaning(OrderRejected, "the free margin is too small"),
    "MAX_EXPOSURE_REACHED": _Meaning(OrderRejected),
    "POSITION_NOT_FOUND": _Meaning(NotFound),
    "ORDER_NOT_FOUND": _Meaning(NotFound),
    "POSITION_NOT_OPEN": _Meaning(NotFound),
    "POSITION_LOCKED": _Meaning(Busy, "another operation on the position is in progress"),
    "TOO_MANY_POSITIONS": _Meaning(OrderRejected),
    "TRADING_BAD_VOLUME": _Meaning(OrderRejected, "the symbol's minimum, maximum and step tell what is legal"),
    "TRADING_BAD_STOPS": _Meaning(OrderRejected, "stop loss or take profit lies on the wrong side of the market"),
    "TRADING_BAD_PRICES": _Meaning(OrderRejected),
    "TRADING_BAD_STAKE": _Meaning(OrderRejected),
    "PROTECTION_IS_TOO_CLOSE_TO_MARKET": _Meaning(OrderRejected),
    "TRADING_BAD_EXPIRATION_DATE": _Meaning(OrderRejected),
    "PENDING_EXECUTION": _Meaning(Busy, "an order of the position is being executed"),
    "TRADING_DISABLED": _Meaning(OrderRejected, "the symbol is not traded now"),
    "TRADING_NOT_ALLOWED": _Meaning(OrderRejected, "the account may not trade"),
    "UNABLE_TO_CANCEL_ORDER": _Meaning(OrderRejected, "look at the order again: it may have been executed"),
    "UNABLE_TO_AMEND_ORDER": _Meaning(OrderRejected, "look at the order again: it may have been executed"),
    "SHORT_SELLING_NOT_ALLOWED": _Meaning(OrderRejected),
    "NOT_SUBSCRIBED_TO_PNL": _Meaning(AlreadySo),
    # Not in the schema, but seen.
    "POSITION_NOT_FOUND_OR_NOT_OPENED": _Meaning(NotFound),
    "ALREADY_CLOSED": _Meaning(NotFound),
    "NO_ENOUGH_MONEY_TO_OPEN_POSITION": _Meaning(OrderRejected, "the free margin is too small"),
    "INVALID_STOPS_LEVEL": _Meaning(OrderRejected, "stop loss or take profit lies on the wrong side of the market"),
    "ACCESS_DENIED": _Meaning(TokenRefused, "grant access again"),
}

_TRADING = frozenset(
    f"ProtoOA{name}Req" for name in ("NewOrder", "CancelOrder", "AmendOrder", "AmendPositionSLTP", "ClosePosition")
)


def serverError(
    code: str,
    description: str = "",
    *,
    request: str = "",
    accountId: int | None = None,
    retryAfter: int | None = None,
    maintenanceEnd: int | None = None,
) -> ServerError:
    """
    Choose the error for what the server said.

    @param code: the server's error code; any string.
    @param description: the server's own words.
    @param request: the name of the message that was refused; empty if the server spoke unasked.
    @param accountId: the account concerned.
    @param retryAfter: seconds, as the server gave them.
    @param maintenanceEnd: the end of a maintenance, in seconds or milliseconds since 1970 (the server's two error
        messages differ in this).
    @return: an instance of the subclass that fits.
    """
    meaning = _meaning(code, description, request)
    if maintenanceEnd is not None and maintenanceEnd < 10**11:
        maintenanceEnd *= 1000
    return meaning.kind(
        code,
        description,
        request=request,
        accountId=accountId,
        remedy=meaning.remedy,
        retryAfter=retryAfter,
        maintenanceEnd=maintenanceEnd,
    )


def _meaning(code: str, description: str, request: str) -> _Meaning:
    text = description.lower()
    if code in ("INVALID_REQUEST", "UNSUPPORTED_MESSAGE") and "not authorized" in text:
        return _Meaning(LoginNeeded, "log the account in on this connection")
    if code == "CH_CLIENT_AUTH_FAILURE" and "not in active state" in text:
        return _Meaning(ApplicationInactive, "a new application can take up to three working days to become active")
    if code == "CANT_ROUTE_REQUEST" and request == "ProtoOAAccountAuthReq":
        return _Meaning(WrongHost, "connect demo accounts to the demo host and live accounts to the live host")
    meaning = _MEANINGS.get(code, _Meaning(RequestRefused))
    if meaning.kind is RequestRefused and request in _TRADING:
        return _Meaning(OrderRejected, meaning.remedy)
    return meaning
