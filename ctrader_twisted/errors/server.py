"""
What the server refused, by what a caller would do about it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ctrader_twisted.errors.root import RequestError, about, sentences

__all__ = [
    "AccountNotFound",
    "AccountRefused",
    "AlreadySo",
    "ApplicationInactive",
    "ApplicationRefused",
    "Busy",
    "GrantLost",
    "LoginNeeded",
    "NotFound",
    "OrderRejected",
    "RateLimited",
    "RequestRefused",
    "RetryLater",
    "ServerError",
    "SymbolNotFound",
    "TokenRefused",
    "UnderMaintenance",
    "WrongHost",
]


class ServerError(RequestError):
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
        subject = about(request, accountId) if request or accountId else "the server"
        super().__init__(f"{subject}: {words}" + (f"; {remedy}" if remedy else ""), request, accountId)
        self.code = code
        self.description = description
        self.remedy = remedy
        self.retryAfter = retryAfter
        self.maintenanceEnd = maintenanceEnd

    def _happened(self) -> str:
        words = f", and says: {self.description}" if self.description else ""
        if self.request or self.accountId is not None:
            return f"the server refused {about(self.request, self.accountId)} with {self.code}{words}"
        return f"the server told of {self.code}{words}"

    def _next(self) -> str:
        return sentences(self.remedy, self._advice)


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
        return sentences(super()._next(), wait)


class UnderMaintenance(RetryLater):
    """
    The server is under maintenance; C{maintenanceEnd} tells until when, if the server said so.
    """

    _advice = "the client comes back by itself"

    def _next(self) -> str:
        if self.maintenanceEnd is None:
            return super()._next()
        end = datetime.fromtimestamp(self.maintenanceEnd // 1000, UTC)
        return sentences(f"the maintenance is to end at {end:%Y-%m-%d %H:%M:%S} UTC", super()._next())


class Busy(RetryLater):
    """
    Another operation on the same order or position is in progress, or there is no price yet.
    """

    _advice = "wait a moment, look at the state again, and retry"


class ApplicationInactive(RetryLater):
    """
    The application is registered but not active yet, which can take up to three working days.
    """

    _advice = "meanwhile, there is the simulator"


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


class GrantLost(TokenRefused):
    """
    The access token is refused, and there is no refresh token that could buy another one: it was used before, revoked,
    or never known. Only a person can help.
    """

    _advice = "to get new tokens: ctrader login; then the client goes on by itself"


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
