"""
Messages of the server that mean "no", as errors.
"""

from __future__ import annotations

from google.protobuf.message import Message

from ctrader_twisted.errors import ServerError, serverError
from ctrader_twisted.schema.messages import (
    ProtoErrorRes,
    ProtoOAErrorRes,
    ProtoOAExecutionEvent,
    ProtoOAExecutionType,
    ProtoOAOrderErrorEvent,
)

__all__ = ["FORMS", "refusal"]

FORMS = frozenset((ProtoOAErrorRes, ProtoErrorRes, ProtoOAOrderErrorEvent, ProtoOAExecutionEvent))
"""
The messages that may be refusals.
"""

_REJECTED = (ProtoOAExecutionType.ORDER_REJECTED, ProtoOAExecutionType.ORDER_CANCEL_REJECTED)


def refusal(message: Message, request: str = "", accountId: int | None = None) -> ServerError | None:
    """
    Make the error that a message stands for.

    @param message: anything the server sent.
    @param request: the name of the request that it answers, or nothing if it came unasked.
    @param accountId: the account of that request; the message's own account is taken where it names one.
    @return: the error, or L{None} if the message is no refusal.
    """
    if type(message) not in FORMS:
        return None
    retryAfter = maintenanceEnd = None
    if isinstance(message, ProtoOAErrorRes):
        accountId = message.ctidTraderAccountId or accountId
        retryAfter = message.retryAfter if message.HasField("retryAfter") else None
        maintenanceEnd = message.maintenanceEndTimestamp or None
        description = message.description
    elif isinstance(message, ProtoErrorRes):
        maintenanceEnd = message.maintenanceEndTimestamp or None
        description = message.description
    elif isinstance(message, ProtoOAOrderErrorEvent):
        accountId = message.ctidTraderAccountId
        description = message.description
    elif isinstance(message, ProtoOAExecutionEvent) and message.executionType in _REJECTED:
        accountId = message.ctidTraderAccountId
        description = f"order {message.order.orderId} was rejected"
    else:
        return None
    return serverError(
        message.errorCode or "UNKNOWN_ERROR",
        description,
        request=request,
        accountId=accountId,
        retryAfter=retryAfter,
        maintenanceEnd=maintenanceEnd,
    )
