"""
From a request to what answers it, past the gates: the rate limits, the logins, the permission to trade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError, Message
from twisted.logger import Logger

from ctrader_twisted.framing import Envelope
from ctrader_twisted.schema import REQUESTS, RateClass, RequestRow, Scope, State, messageClass
from ctrader_twisted.schema.messages import (
    ProtoErrorRes,
    ProtoOAErrorRes,
    ProtoOAMarginCallUpdateReq,
    ProtoOAOrderErrorEvent,
    ProtoOARefreshTokenReq,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.refusal import Refusal, TradeRefusal
from ctrader_twisted.simulator.requests.account import ACCOUNT
from ctrader_twisted.simulator.requests.history import HISTORY
from ctrader_twisted.simulator.requests.money import MONEY
from ctrader_twisted.simulator.requests.records import RECORDS
from ctrader_twisted.simulator.requests.reference import REFERENCE
from ctrader_twisted.simulator.requests.session import SESSION
from ctrader_twisted.simulator.requests.spots import SPOTS
from ctrader_twisted.simulator.requests.trading import TRADING
from ctrader_twisted.simulator.settings import RateRefusal, UnknownSymbol
from ctrader_twisted.simulator.venue.terms import checkRights

if TYPE_CHECKING:
    from ctrader_twisted.simulator.connection import ServerProtocol

__all__ = ["malformed", "serve", "unsupported"]

_log = Logger()
_ACCOUNT = "ctidTraderAccountId"

_RATES = {each.value for each in RateRefusal}

_SERVED: Requests = {**SESSION, **REFERENCE, **ACCOUNT, **SPOTS, **HISTORY, **RECORDS, **MONEY, **TRADING}


def serve(call: Call[Any]) -> None:
    """
    Answer a request, one way or another.

    @param call: the request.
    """
    row = REQUESTS.get(call.message.DESCRIPTOR.name)
    if row is None:
        unsupported(call.connection, call.clientMsgId)
        return
    try:
        _checkRate(call, row)
        _checkState(call, row)
        _answer(call)
    except Refusal as refusal:
        _sendError(call, refusal, row)
    except Exception:
        _log.failure("The simulator failed at {request}", request=row.request)
        _sendError(call, Refusal("UNKNOWN_ERROR", "The simulator failed; its log tells why"), row)


def malformed(connection: ServerProtocol, envelope: Envelope) -> None:
    """
    Answer what cannot be read.

    @param connection: where it came from.
    @param envelope: the envelope, whose payload is not what it should be, or lacks a required field.
    """
    missing = _missingFields(envelope)
    answer: Message
    if missing:
        description = f"Message missing required fields: {', '.join(missing)}"
        answer = ProtoOAErrorRes(errorCode="INVALID_REQUEST", description=description)
    else:
        answer = ProtoErrorRes(errorCode="INVALID_REQUEST", description="Malformed message")
    connection.send(answer, envelope.clientMsgId)


def _missingFields(envelope: Envelope) -> list[str]:
    kind = messageClass(envelope.payloadType)
    assert kind is not None
    partial = kind()
    try:
        partial.MergeFromString(envelope.payload)
    except DecodeError:
        return []
    return list(partial.FindInitializationErrors())  # type: ignore[attr-defined]


def unsupported(connection: ServerProtocol, clientMsgId: str | None) -> None:
    """
    Answer what is no request at all, as the proxy before the trading servers does.

    @param connection: where it came from.
    @param clientMsgId: the id that the client gave it, or L{None}.
    """
    answer = ProtoErrorRes(errorCode="UNSUPPORTED_MESSAGE", description="Unsupported message")
    connection.send(answer, clientMsgId)


def _checkRate(call: Call[Any], row: RequestRow) -> None:
    call.connection.rationing.take(row.request, row.rate, call.exchange.clock.seconds())


def _checkState(call: Call[Any], row: RequestRow) -> None:
    connection, settings = call.connection, call.exchange.settings
    if row.state is State.CONNECTED:
        return
    if connection.application is None and not _needsNoApplication(call):
        raise Refusal("CH_CLIENT_NOT_AUTHENTICATED", "Client is not authenticated")
    if row.state is State.APPLICATION:
        return
    grant = connection.sessions.get(call.accountId)
    if grant is None:
        raise Refusal(settings.notAuthorised.value, "Trading account is not authorized")
    if row.scope is Scope.TRADE and not grant.mayTrade and not _needsNoPermission(call):
        raise Refusal(settings.viewOnly.value, "The access token has no permission to trade (scope accounts)")
    if row.rate is RateClass.TRADING:
        checkRights(call.account, call.message)


def _needsNoApplication(call: Call[Any]) -> bool:
    return isinstance(call.message, ProtoOARefreshTokenReq) and not call.exchange.settings.refreshNeedsApplication


def _needsNoPermission(call: Call[Any]) -> bool:
    return isinstance(call.message, ProtoOAMarginCallUpdateReq) and not call.exchange.settings.marginCallsNeedTrade


def _answer(call: Call[Any]) -> None:
    _SERVED[type(call.message)](call)


def _sendError(call: Call[Any], refusal: Refusal, row: RequestRow) -> None:
    if isinstance(refusal, TradeRefusal) and row.rate is RateClass.TRADING:
        _sendOrderError(call, refusal)
        return
    code = _code(call, refusal)
    answer = ProtoOAErrorRes(errorCode=code, description=refusal.description, retryAfter=refusal.retryAfter)
    if row.state is State.ACCOUNT and code not in _RATES and call.message.HasField(_ACCOUNT):
        answer.ctidTraderAccountId = call.accountId
    call.connection.send(answer, call.clientMsgId)


def _code(call: Call[Any], refusal: Refusal) -> str:
    if refusal.code == UnknownSymbol.NOT_FOUND.value:
        return call.exchange.settings.unknownSymbol.value
    if refusal.code == "TRADING_BAD_VOLUME" and call.account.betsOnSpreads:
        return "TRADING_BAD_STAKE"
    return refusal.code


def _sendOrderError(call: Call[Any], refusal: TradeRefusal) -> None:
    answer = ProtoOAOrderErrorEvent(
        ctidTraderAccountId=call.accountId,
        errorCode=_code(call, refusal),
        description=refusal.description,
        orderId=refusal.orderId,
        positionId=refusal.positionId,
    )
    call.connection.send(answer, call.clientMsgId)
