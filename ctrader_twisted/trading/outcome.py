"""
What the failure of a trading request means for the order: not sent, refused, or unknown.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred

from ctrader_twisted.errors import (
    ConnectionLost,
    NotConnected,
    OrderRejected,
    OutcomeUnknown,
    ServerError,
    TooManyRequests,
)
from ctrader_twisted.schema.messages import ProtoOAExecutionEvent
from ctrader_twisted.session.link import AccountLink

__all__ = ["judge", "rejection", "send", "wasNotSent"]

_MAY_HAVE_WORKED = "TIMEOUT_ERROR"


def send(link: AccountLink, message: Any, timeout: float | None) -> Deferred[ProtoOAExecutionEvent]:
    """
    Send a trading request that its caller cannot take back.

    @param link: the account.
    @param message: the request.
    @param timeout: seconds to wait for the first event, or L{None} for the default.
    @return: fires as the request does; cancelling it leaves the request alone.
    """
    answered: Deferred[ProtoOAExecutionEvent] = Deferred()
    maybeDeferred(link.request, message, timeout=timeout).addCallbacks(answered.callback, answered.errback)
    return answered


def wasNotSent(error: BaseException) -> bool:
    """
    Tell whether a request certainly stayed here.

    @param error: how it failed.
    """
    if isinstance(error, ConnectionLost):
        return not error.maybeSent
    return isinstance(error, NotConnected | TooManyRequests)


def rejection(error: ServerError) -> OrderRejected:
    """
    Make one class of all the ways in which the server says no to an order.

    @param error: the server's refusal.
    @return: the same, as the class for orders.
    """
    if isinstance(error, OrderRejected):
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
    @return: the error itself if nothing was sent; L{OrderRejected} if the server refused; else L{OutcomeUnknown}. The
        server's own timeout is no refusal.
    """
    if wasNotSent(error):
        return error
    if isinstance(error, ServerError) and error.code != _MAY_HAVE_WORKED:
        judged: Exception = rejection(error)
    else:
        judged = OutcomeUnknown(f"{error}; it is not sent again", subject)
    if judged is not error:
        judged.__cause__ = error
    return judged
