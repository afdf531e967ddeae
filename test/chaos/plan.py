"""
What goes wrong in a schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from attrs import field, frozen

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.simulator.faults import (
    Corrupt,
    Cut,
    Delay,
    Duplicate,
    Incoming,
    Mute,
    Outgoing,
    Refuse,
    Reorder,
    Stall,
    Withhold,
)
from ctrader_twisted.testing import VirtualExchange

__all__ = ["Disturbance", "Plan", "makePlan"]

_EXECUTION = "ProtoOAExecutionEvent"
_ORDERS = (
    "ProtoOANewOrderReq",
    "ProtoOANewOrderReq",
    "ProtoOAClosePositionReq",
    "ProtoOACancelOrderReq",
    "ProtoOAAmendOrderReq",
    "ProtoOAAmendPositionSLTPReq",
)
_READS = (
    "ProtoOATraderRes",
    "ProtoOAReconcileRes",
    "ProtoOAAccountAuthRes",
    "ProtoOAApplicationAuthRes",
    "ProtoOASymbolByIdRes",
    "ProtoOASubscribeSpotsRes",
    "ProtoOAUnsubscribeSpotsRes",
    "ProtoOAGetTrendbarsRes",
    "ProtoOADealListRes",
    "ProtoOAOrderListRes",
)
_SENT = (_EXECUTION, "ProtoOASpotEvent", *_READS)
_CODES = ("REQUEST_FREQUENCY_EXCEEDED", "BLOCKED_PAYLOAD_TYPE", "CH_SERVER_NOT_REACHABLE", "TIMEOUT_ERROR")


@frozen
class Disturbance:
    """
    Something that happens once.

    @ivar at: when, in seconds.
    @ivar name: what, in words.
    @ivar work: does it.
    """

    at: float
    name: str
    work: Callable[[VirtualExchange], None] = field(repr=False)


@frozen
class Plan:
    """
    What goes wrong in a schedule.

    @ivar rules: the rules, in force from the beginning.
    @ivar disturbances: what happens besides.
    @ivar hides: whether events of trading may be lost on a connection that stays. A client can know of them only when
        it logs in again, so that the schedule ends with a cut.
    """

    rules: tuple[Incoming | Outgoing, ...]
    disturbances: tuple[Disturbance, ...]
    hides: bool


def makePlan(randomness: Random, seconds: float) -> Plan:
    """
    Make the plan of a schedule.

    @param randomness: decides.
    @param seconds: how long it has.
    """
    rules = tuple(randomness.choice(_RULES)(randomness) for _ in range(randomness.randint(2, 6)))
    disturbances = [
        Disturbance(randomness.uniform(0, seconds), name, work)
        for name, work in randomness.choices(_DISTURBANCES, k=randomness.randint(1, 5))
    ]
    return Plan(rules, tuple(sorted(disturbances, key=lambda each: each.at)), any(_hides(rule) for rule in rules))


def _hides(rule: Incoming | Outgoing) -> bool:
    return isinstance(rule.action, Mute) or (isinstance(rule.action, Withhold) and rule.message == _EXECUTION)


def _cutSent(randomness: Random) -> Outgoing:
    message = randomness.choice((_EXECUTION, *_SENT))
    return Outgoing(Cut(randomness.choice((0.0, 0.5, 1.0))), message=message, nth=randomness.randint(1, 9))


def _cutRequest(randomness: Random) -> Incoming:
    message = randomness.choice(_ORDERS)
    return Incoming(Cut(randomness.choice((0.0, 0.5, 1.0))), message=message, nth=randomness.randint(1, 5))


def _stall(randomness: Random) -> Outgoing:
    seconds = randomness.choice((None, 2.0, 20.0, 45.0))
    return Outgoing(Stall(seconds), message=randomness.choice(_SENT), nth=randomness.randint(1, 9))


def _stallRequest(randomness: Random) -> Incoming:
    seconds = randomness.choice((None, 2.0, 40.0))
    return Incoming(Stall(seconds), message=randomness.choice(_ORDERS), nth=randomness.randint(1, 5))


def _delayAnswer(randomness: Random) -> Outgoing:
    message = randomness.choice(_READS)
    return Outgoing(Delay(randomness.uniform(0.01, 25.0)), message=message, probability=0.2, most=4)


def _delayRequest(randomness: Random) -> Incoming:
    return Incoming(Delay(randomness.uniform(0.01, 40.0)), message=randomness.choice(_ORDERS), probability=0.2, most=4)


def _delayExecution(randomness: Random) -> Outgoing:
    return Outgoing(Delay(randomness.uniform(0.01, 10.0)), message=_EXECUTION, probability=0.1, most=9)


def _withholdAnswer(randomness: Random) -> Outgoing:
    return Outgoing(Withhold(), message=randomness.choice(_READS), probability=0.2, most=4)


def _withholdRequest(randomness: Random) -> Incoming:
    return Incoming(Withhold(), message=randomness.choice(_ORDERS), probability=0.2, most=4)


def _withholdExecution(randomness: Random) -> Outgoing:
    return Outgoing(Withhold(), message=_EXECUTION, probability=0.1, most=4)


def _mute(randomness: Random) -> Incoming:
    return Incoming(Mute(), message=randomness.choice(_ORDERS), probability=0.2, most=4)


def _duplicate(randomness: Random) -> Outgoing:
    message = randomness.choice((None, _EXECUTION))
    return Outgoing(Duplicate(randomness.randint(1, 2)), message=message, probability=0.1)


def _reorder(randomness: Random) -> Outgoing:
    return Outgoing(Reorder(), message=randomness.choice((_EXECUTION, *_READS)), probability=0.2)


def _corrupt(randomness: Random) -> Outgoing:
    return Outgoing(Corrupt(), message=randomness.choice(_SENT), nth=randomness.randint(1, 9))


def _refuse(randomness: Random) -> Incoming:
    retryAfter = randomness.choice((None, 1, 3))
    refusal = Refuse(randomness.choice(_CODES), retryAfter=retryAfter)
    return Incoming(refusal, probability=0.1, most=randomness.randint(1, 10))


def _refuseOrder(randomness: Random) -> Incoming:
    refusal = Refuse("TRADING_DISABLED", asOrderError=True)
    return Incoming(refusal, message="ProtoOANewOrderReq", probability=0.2, most=3)


_RULES: tuple[Callable[[Random], Incoming | Outgoing], ...] = (
    _cutSent,
    _cutSent,
    _cutRequest,
    _stall,
    _stallRequest,
    _delayAnswer,
    _delayExecution,
    _delayRequest,
    _withholdAnswer,
    _withholdRequest,
    _withholdExecution,
    _mute,
    _duplicate,
    _reorder,
    _corrupt,
    _refuse,
    _refuseOrder,
)


def _invalidateToken(exchange: VirtualExchange) -> None:
    # As another process does which refreshes the tokens: the new ones are stored when the old ones die.
    exchange.clock.callLater(0, _storeTokens, exchange)
    exchange.exchange.faults.invalidateToken(exchange.accountId)


def _storeTokens(exchange: VirtualExchange) -> None:
    grant = exchange.exchange.registry.grantNamed("trade")
    exchange.tokens.save((TokenPair(grant.accessToken, grant.refreshToken),))


def _refuseConnections(exchange: VirtualExchange) -> None:
    faults = exchange.exchange.faults
    faults.refuseConnections()
    exchange.exchange.disconnectAll()
    exchange.clock.callLater(15.0, faults.acceptConnections)


def _freeze(exchange: VirtualExchange) -> None:
    for link in exchange.endpoint.openLinks:
        link.freeze()


_DISTURBANCES: tuple[tuple[str, Callable[[VirtualExchange], None]], ...] = (
    ("all connections are cut", lambda exchange: exchange.exchange.disconnectAll()),
    ("the network swallows everything", _freeze),
    ("connections are cut and refused for 15 s", _refuseConnections),
    ("the tokens are replaced", _invalidateToken),
    ("an account is logged out", lambda exchange: exchange.exchange.faults.endSession(exchange.accountId)),
    ("the other account is logged out", lambda exchange: exchange.exchange.faults.endSession(exchange.euroAccountId)),
    ("the application is disconnected", lambda exchange: exchange.exchange.faults.disconnectApplication()),
    ("maintenance for 20 s", lambda exchange: exchange.exchange.faults.startMaintenance(20.0)),
    ("a deposit", lambda exchange: exchange.exchange.deposit(exchange.accountId, 12_345)),
    ("a withdrawal", lambda exchange: exchange.exchange.withdraw(exchange.euroAccountId, 5_432)),
    ("restart", lambda exchange: exchange.exchange.faults.restart()),
    ("restart after 10 s", lambda exchange: exchange.exchange.faults.restart(10.0)),
)
