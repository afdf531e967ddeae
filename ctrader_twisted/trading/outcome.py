"""
What the failure of a trading request means for the order: not sent, refused, or unknown.
"""

from __future__ import annotations

from ctrader_twisted.errors import (
    Busy,
    ConnectionLost,
    LimitReached,
    LoginNeeded,
    NotConnected,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    RetryLater,
    ServerError,
    TokenRefused,
    TooManyRequests,
)

__all__ = ["judge", "rejection", "wasNotSent"]

# Certainly not executed, and something can be done about it: their own classes tell what.
_CURABLE = (Busy, LoginNeeded, RateLimited, TokenRefused)


def wasNotSent(error: BaseException) -> bool:
    """
    Tell whether a request certainly stayed here.

    @param error: how it failed.
    """
    if isinstance(error, ConnectionLost):
        return not error.maybeSent
    return isinstance(error, NotConnected | TooManyRequests | LimitReached)


def rejection(error: ServerError) -> ServerError:
    """
    Make one class of all the ways in which the server says no to an order for good.

    @param error: the server's refusal; the order was certainly not executed.
    @return: the error itself if the same order may succeed later; else the same as L{OrderRejected}.
    """
    if isinstance(error, (OrderRejected, *_CURABLE)):
        return error
    return OrderRejected(
        error.code,
        error.description,
        request=error.request,
        accountId=error.accountId,
        remedy=error.remedy,
        retryAfter=error.retryAfter,
        maintenanceEnd=error.maintenanceEnd,
    )


def judge(error: Exception, subject: object) -> Exception:
    """
    Find out what the failure of a trading request means.

    @param error: how the request failed.
    @param subject: the live object that learns the outcome.
    @return: the error itself if nothing was sent, or if the server did not execute the request and the same one may
        succeed later; L{OrderRejected} if the server refused for good; else L{OutcomeUnknown}. That something timed
        out, broke or was not reachable behind the server's door is no refusal.
    """
    if wasNotSent(error):
        return error
    if isinstance(error, ServerError) and (isinstance(error, _CURABLE) or not isinstance(error, RetryLater)):
        judged: Exception = rejection(error)
    else:
        judged = OutcomeUnknown(f"{_withoutRemedy(error)}; it is not sent again", subject)
    if judged is not error:
        judged.__cause__ = error
    return judged


def _withoutRemedy(error: Exception) -> str:
    # What helps with other requests, such as trying again, could execute an order twice.
    words = str(error)
    return words.removesuffix(f"; {error.remedy}") if isinstance(error, ServerError) else words
