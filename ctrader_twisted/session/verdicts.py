"""
What an error says of an account's login.
"""

from __future__ import annotations

from typing import TypeGuard

from ctrader_twisted.errors import (
    AccountNotFound,
    AccountRefused,
    ConfigurationError,
    CTraderError,
    IllegalValue,
    LoginNeeded,
    RequestRefused,
    TokenRefused,
)

__all__ = ["endsApplication", "endsLogin", "lasts", "wantsTokens"]

_NO_SPOTS, _NO_APPLICATION = "NOT_SUBSCRIBED_TO_SPOTS", "CH_CLIENT_NOT_AUTHENTICATED"


def lasts(error: CTraderError) -> bool:
    """
    @return: whether the next login would be refused for the same reason.
    """
    if isinstance(error, AccountRefused | TokenRefused | ConfigurationError | IllegalValue):
        return True
    # What else is refused for good counts only as an answer to the login itself.
    return isinstance(error, RequestRefused) and error.request == "ProtoOAAccountAuthReq"


def wantsTokens(error: CTraderError | None) -> bool:
    """
    @return: whether it might not be refused with tokens that the store does not have.
    """
    return isinstance(error, TokenRefused | AccountNotFound | ConfigurationError)


def endsApplication(error: BaseException | None) -> TypeGuard[LoginNeeded]:
    """
    @return: whether the server does not know the application on this connection any more.
    """
    return isinstance(error, LoginNeeded) and error.code == _NO_APPLICATION


def endsLogin(error: BaseException | None) -> TypeGuard[LoginNeeded]:
    """
    @return: whether the server does not know the account on this connection any more, or the application.
    """
    return isinstance(error, LoginNeeded) and error.code != _NO_SPOTS
