"""
Everything that can go wrong, by what a caller would do about it.

L{CTraderError} is the root. Errors of our own side are its direct children; what the server refused is a
L{ServerError}, whose subclass says whether to retry later, log in again, renew the token, or give up. L{serverError}
chooses the subclass from the server's code. Codes travel as strings; one that is not known here makes a
L{RequestRefused}.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

__all__ = [
    "AccountNotFound",
    "AccountRefused",
    "AlreadySo",
    "ApplicationInactive",
    "ApplicationRefused",
    "Busy",
    "CTraderError",
    "CertificateRefused",
    "ConfigurationError",
    "ConnectFailed",
    "ConnectionLost",
    "Halted",
    "HostNameRefused",
    "IllegalValue",
    "JournalFailed",
    "LimitReached",
    "LoginNeeded",
    "NotConnected",
    "NotFound",
    "OrderRejected",
    "OutcomeUnknown",
    "PartlyDone",
    "ProtocolError",
    "RateLimited",
    "RequestRefused",
    "RequestTimedOut",
    "RetryLater",
    "ServerError",
    "SymbolNotFound",
    "TokenRefused",
    "TokensNotStored",
    "TooManyRequests",
    "TooSlow",
    "UnderMaintenance",
    "ValueUnknown",
    "WrongHost",
    "serverError",
]


class CTraderError(Exception):
    """
    The root of all errors that this package raises.
    """

    _advice = ""

    def explain(self) -> str:
        """
        Tell in plain language what happened and what to do next, as far as the error itself knows.
        L{ctrader_twisted.client.Client.explain} adds what the client knows.

        @return: some sentences.
        """
        return _sentences(self._happened(), self._next())

    def _happened(self) -> str:
        return str(self)

    def _next(self) -> str:
        return self._advice


class ConfigurationError(CTraderError):
    """
    A setting is missing or makes no sense; the message names it.
    """


class TokensNotStored(ConfigurationError):
    """
    The server has renewed a pair of tokens, and the store did not take the new one. The old one is of no use any more.

    @ivar pair: the new pair, a L{ctrader_twisted.interfaces.TokenPair}; it does not print itself.
    """

    def __init__(self, message: str, pair: object = None) -> None:
        super().__init__(message)
        self.pair = pair


class IllegalValue(CTraderError, ValueError):
    """
    A price, volume or amount cannot be expressed exactly, or lies outside what the symbol allows.

    @ivar nearest: the nearest legal values, in the unit of the refused one; empty where there are none.
    """

    def __init__(self, message: str, nearest: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.nearest = nearest

    def _next(self) -> str:
        return f"the nearest legal values are {', '.join(map(str, self.nearest))}" if self.nearest else ""


class JournalFailed(CTraderError):
    """
    The journal of orders cannot be used now; an order that was to be written into it was not sent.
    """


class ProtocolError(CTraderError):
    """
    The other side sent bytes that are no frames of this protocol; the connection was closed.
    """


class NotConnected(CTraderError):
    """
    There is no usable connection now; nothing was sent.
    """

    _advice = "whenReady() tells when it can be tried again"


class ConnectFailed(CTraderError):
    """
    No connection could be made, or it did not get as far as being logged in.
    """

    _advice = "check the network and the host; the client goes on trying"


class CertificateRefused(ConnectFailed):
    """
    The server's certificate is not signed by a trusted authority, or is not valid now.
    """

    _advice = "check this machine's clock and who signed the certificate; the client does not try again"


class HostNameRefused(ConnectFailed):
    """
    The server's certificate is for another host name.
    """

    _advice = "check the host name; the client does not try again"


class TooManyRequests(CTraderError):
    """
    As many requests wait for their answers as the connection allows; this one was not sent.
    """

    _advice = "send fewer requests at once"


class TooSlow(CTraderError):
    """
    The consumer of a stream was slower than the market, and the stream was to fail rather than to drop anything.
    """


class LimitReached(CTraderError):
    """
    An order would exceed a limit of the account's owner; nothing was sent.

    @ivar accountId: the account.
    @ivar limit: the name of the limit, as in L{ctrader_twisted.trading.limits.Limits}.
    """

    _advice = "close something first, or raise the limit"

    def __init__(self, message: str, accountId: int, limit: str) -> None:
        super().__init__(message, accountId, limit)
        self.accountId = accountId
        self.limit = limit

    def __str__(self) -> str:
        return f"account {self.accountId}: {self.args[0]}; nothing was sent"


class Halted(LimitReached):
    """
    The account is halted: it opens nothing until it is resumed. Closing is allowed.
    """

    _advice = "resume the account, if that is what you want"


_LOOK = "if it changes anything, look at orders, positions and deals before it is sent again"


class _RequestError(CTraderError):
    """
    Something happened to one request.

    @ivar request: the name of the request's message.
    @ivar accountId: the account that the request was for, or L{None}.
    """

    def __init__(self, message: str, request: str, accountId: int | None = None) -> None:
        super().__init__(message)
        self.request = request
        self.accountId = accountId

    def __reduce__(self) -> tuple[object, ...]:
        # The message is made of the arguments; making it of itself again would double it.
        return _restored, (type(self), self.args, self.__dict__)


class ConnectionLost(_RequestError):
    """
    The connection ended before the answer came.

    @ivar maybeSent: whether the request may have reached the server. If it may, only the server's state tells whether
        it was executed.
    """

    def __init__(self, request: str, accountId: int | None = None, *, maybeSent: bool, reason: str) -> None:
        fate = "it may have been executed" if maybeSent else "it was not sent"
        about = _about(request, accountId)
        super().__init__(f"{about}: the connection was lost ({reason}); {fate}", request, accountId)
        self.maybeSent = maybeSent

    def _next(self) -> str:
        return _LOOK if self.maybeSent else "it can be sent again when the account is ready"


class RequestTimedOut(_RequestError):
    """
    No answer came in time. The server may still have executed the request.
    """

    _advice = _LOOK

    def __init__(self, request: str, accountId: int | None = None, *, seconds: float) -> None:
        super().__init__(f"{_about(request, accountId)}: no answer within {seconds:g} s", request, accountId)


class OutcomeUnknown(CTraderError):
    """
    A trading request went out and its answer did not come back: it may or may not have been executed. It is not sent
    again.

    @ivar trade: the live object that learns the outcome later, or L{None} where there is none.
    @ivar change: of a cancel, amendment, protection or close, the L{Change
        <ctrader_twisted.trading.changes.Change>} whose C{whenResolved()} tells the outcome; else L{None}.
    """

    _advice = "do not send it again before orders, positions and deals tell what became of it"

    def __init__(self, message: str, trade: object | None = None) -> None:
        super().__init__(message)
        self.trade = trade
        self.change: object | None = None


class PartlyDone(CTraderError):
    """
    Of several requests that were made for one wish some failed; all have ended.

    @ivar done: what the others gave.
    @ivar failed: by the live object that each was about, why it failed.
    """

    def __init__(self, message: str, done: tuple[object, ...], failed: Mapping[object, Exception]) -> None:
        super().__init__(message)
        self.done = done
        self.failed = failed


class ValueUnknown(CTraderError):
    """
    An amount of money cannot be told now: a price or a term that it depends on is missing.
    """


class ServerError(_RequestError):
    """
    The server refused a request, or told of a failure unasked.

    @ivar code: the server's error code, as it came.
    @ivar description: the server's own words, or an empty string.
    @ivar remedy: what to do next, in a sentence, or an empty string.
    @ivar retryAfter: seconds after which this kind of request is open again, or L{None}.
    @ivar maintenanceEnd: when a maintenance ends, in milliseconds since 1970, or L{None}.
    """

    def __init__(
        self,
        code: str,
        description: str = "",
        *,
        request: str = "",
        accountId: int | None = None,
        remedy: str = "",
        retryAfter: int | None = None,
        maintenanceEnd: int | None = None,
    ) -> None:
        words = f"{code} ({description})" if description else code
        subject = _about(request, accountId) if request or accountId else "the server"
        super().__init__(f"{subject}: {words}" + (f"; {remedy}" if remedy else ""), request, accountId)
        self.code = code
        self.description = description
        self.remedy = remedy
        self.retryAfter = retryAfter
        self.maintenanceEnd = maintenanceEnd

    def _happened(self) -> str:
        words = f", and says: {self.description}" if self.description else ""
        if self.request or self.accountId is not None:
            return f"the server refused {_about(self.request, self.accountId)} with {self.code}{words}"
        return f"the server told of {self.code}{words}"

    def _next(self) -> str:
        return _sentences(self.remedy, self._advice)


class RetryLater(ServerError):
    """
    The server cannot do it now; the same request may succeed later. Trading requests need a look at the state first.
    """

    _advice = "the same request may succeed later; before an order is sent again, look at orders and positions"


class RateLimited(RetryLater):
    """
    Requests came too fast; this one was not executed.
    """

    _advice = "it was not executed"

    def _next(self) -> str:
        wait = "" if self.retryAfter is None else f"wait {self.retryAfter} s"
        return _sentences(super()._next(), wait)


class UnderMaintenance(RetryLater):
    """
    The server is under maintenance; C{maintenanceEnd} tells until when, if the server said so.
    """

    _advice = "the client comes back by itself"

    def _next(self) -> str:
        if self.maintenanceEnd is None:
            return super()._next()
        end = datetime.fromtimestamp(self.maintenanceEnd // 1000, UTC)
        return _sentences(f"the maintenance is to end at {end:%Y-%m-%d %H:%M:%S} UTC", super()._next())


class Busy(RetryLater):
    """
    Another operation on the same order or position is in progress, or there is no price yet.
    """

    _advice = "wait a moment, look at the state again, and retry"


class ApplicationInactive(RetryLater):
    """
    The application is registered but not active yet, which can take up to three working days.
    """

    _advice = "the client goes on trying"


class LoginNeeded(ServerError):
    """
    The application or the account is not logged in on this connection, or a subscription that is needed is missing.
    """

    _advice = "then the same request may succeed; what a client has logged in itself it logs in again by itself"


class TokenRefused(ServerError):
    """
    The access token or refresh token is expired, revoked or unknown.
    """

    _advice = "without a good token the account stays logged out"


class AlreadySo(ServerError):
    """
    What was asked for is the case already.
    """

    _advice = "nothing needs to be done"


class NotFound(ServerError):
    """
    The order, position or other thing is not there, or not there any more.
    """

    _advice = "look at orders, positions and deals: it may have been filled, closed or cancelled"


class RequestRefused(ServerError):
    """
    The server will refuse the same request again.
    """

    _advice = "the same request would be refused again"


class SymbolNotFound(RequestRefused):
    """
    The symbol does not exist on this account's server.
    """


class ApplicationRefused(RequestRefused):
    """
    The client id or client secret is wrong, or the application is unknown or blocked.
    """


class AccountRefused(RequestRefused):
    """
    The account cannot be used.
    """


class AccountNotFound(AccountRefused):
    """
    The account does not exist, or the token does not cover it.
    """


class WrongHost(AccountRefused):
    """
    The account lives on the other host: live accounts on the live host, demo accounts on the demo host.
    """


class OrderRejected(RequestRefused):
    """
    The server refused an order or a change of one: money, market, prices, volume or limits forbid it.
    """

    _advice = "nothing was changed, and the same order would be refused again as things are"


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


def _sentences(*parts: str) -> str:
    found = (part.rstrip(".") for part in parts if part)
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in found)


def _restored(kind: type[_RequestError], args: tuple[object, ...], state: dict[str, object]) -> _RequestError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


def _about(request: str, accountId: int | None) -> str:
    name = request.removeprefix("Proto").removeprefix("OA").removesuffix("Req") or "the server"
    return f"{name} for account {accountId}" if accountId is not None else name
