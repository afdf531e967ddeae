"""
Cases about the limits of requests. They exceed them on purpose, so they run on simulators only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from ctrader_twisted.schema.messages import (
    ProtoHeartbeatEvent,
    ProtoOAAssetListReq,
    ProtoOADealListReq,
    ProtoOAOrderListReq,
    ProtoOAVersionReq,
    ProtoOAVersionRes,
)
from ctrader_twisted.simulator.settings import RateRefusal, Settings
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group, Run
from ctrader_twisted.testing.contract.choices import decideCode
from ctrader_twisted.testing.contract.link import Link, codeOf, nameOf

__all__ = ["LIMITS"]

LIMITS = Group(1001, "limits")
_ABUSE = "it exceeds the limits of the server"
_DEFAULT = Settings()
_MANY = 120


def _case(title: str, *decides: str) -> Callable[[Run], Run]:
    return LIMITS.case(title, *decides, onlySimulated=_ABUSE)


@_case("50 requests a second", "general-rate")
async def _general(bench: Bench) -> None:
    link = await _rested(bench)
    count = await _taken(link, *[ProtoOAVersionReq()] * _MANY)
    _decideRate(bench, "general-rate", count, _DEFAULT.generalRate)


@_case("5 historical requests a second", "historical-rate")
async def _historical(bench: Bench) -> None:
    link = await _rested(bench)
    count = await _taken(link, *[_deals(bench)] * _MANY)
    _decideRate(bench, "historical-rate", count, _DEFAULT.historicalRate)


@_case("Lists of orders count as historical", "historical-set")
async def _orders(bench: Bench) -> None:
    link, accountId = await _rested(bench), bench.world.accountId
    deals = await _taken(link, *[_deals(bench)] * _MANY)
    await link.rest(_settled(link))
    orders = await _taken(link, *[ProtoOAOrderListReq(ctidTraderAccountId=accountId)] * (deals + 1))
    words = f"{deals} lists of deals a second, and {'no' if orders <= deals else ''} more of orders"
    bench.decide("historical-set", orders <= deals, words=words)


@_case("Heartbeats do not count", "heartbeats-free")
async def _heartbeats(bench: Bench) -> None:
    link = await _rested(bench)
    for _ in range(_MANY):
        link.send(ProtoHeartbeatEvent(), named=False)
    code = codeOf(await link.answerTo(link.send(ProtoOAVersionReq()), 30, "VersionReq"))
    words = f"after {_MANY} heartbeats a request {'draws ' + code if code else 'is answered'}"
    bench.decide("heartbeats-free", bool(code), default=False, words=words)


@_case("The limits hold for each connection", "rate-scope")
async def _scope(bench: Bench) -> None:
    first = await _rested(bench)
    second = await _rested(bench)
    await _taken(first, *[ProtoOAVersionReq()] * _MANY)
    code = codeOf(await second.answerTo(second.send(ProtoOAVersionReq()), 30, "VersionReq"))
    words = f"a second connection is {'refused' if code else 'answered'} meanwhile"
    bench.decide("rate-scope", bool(code), default=False, words=words)


@_case("The refusal beyond the limit carries the id, and the connection stays", "rate-refusal")
async def _refusal(bench: Bench) -> None:
    link, refusal = await _refused(bench)
    decideCode(bench, "rate-refusal", RateRefusal, refusal, RateRefusal.FREQUENCY)
    demand(not refusal.HasField("ctidTraderAccountId"), "it names an account")
    await link.rest(_settled(link))
    expect(await link.ask(ProtoOAVersionReq()), ProtoOAVersionRes)


@_case("While a type of request is blocked, others are answered", "block-of-type")
async def _others(bench: Bench) -> None:
    link, refusal = await _blocked(bench)
    demand(refusal.retryAfter > 0, "the refusal does not say for how long")
    await link.rest(1.1)
    request = ProtoOAAssetListReq(ctidTraderAccountId=bench.world.accountId)
    demand(not codeOf(await link.answerTo(link.send(request), 30, "AssetListReq")), "another type is blocked, too")


@_case("A request meanwhile does not make the block longer", "block-restarts")
async def _restarts(bench: Bench) -> None:
    link, refusal = await _blocked(bench)
    seconds = refusal.retryAfter
    await link.rest(seconds / 2)
    again = await link.answerTo(link.send(ProtoOAVersionReq()), 30, "VersionReq")
    if not codeOf(again):
        undecided("the block was over too soon")
    words = f"blocked for {seconds} s; half of it later for {again.retryAfter} s"
    bench.decide("block-restarts", again.retryAfter >= seconds, default=False, words=words)


def _decideRate(bench: Bench, entryId: str, count: int, usual: int) -> None:
    value = count if count < _MANY else None
    words = f"{count} in a moment" if count < _MANY else f"{_MANY} in a moment, and more"
    bench.decide(entryId, value, default=usual, words=words)


async def _rested(bench: Bench) -> Link:
    link = await bench.account()
    await link.rest(1.5)
    return link


def _settled(link: Link) -> float:
    """
    @return: how long to wait until what was exceeded is over, in seconds.
    """
    return float(max([1.5, *(each.retryAfter + 0.5 for each in link.messages() if codeOf(each))]))


async def _taken(link: Link, *requests: Message) -> int:
    """
    @return: how many of some requests are answered that are sent at once.
    """
    clientMsgIds = [link.send(request) for request in requests]
    answers = [await link.answerTo(each, 30, nameOf(requests[0])) for each in clientMsgIds]
    return sum(not codeOf(answer) for answer in answers)


def _deals(bench: Bench) -> Message:
    return ProtoOADealListReq(ctidTraderAccountId=bench.world.accountId)


async def _refused(bench: Bench) -> tuple[Link, Any]:
    link = await _rested(bench)
    await _taken(link, *[ProtoOAVersionReq()] * _MANY)
    refusals = [each for each in link.messages() if codeOf(each)]
    return (link, refusals[0]) if refusals else undecided(f"{_MANY} requests at once are not too many")


async def _blocked(bench: Bench) -> tuple[Link, Any]:
    link, refusal = await _refused(bench)
    if codeOf(refusal) != RateRefusal.BLOCKED.value:
        undecided("the server does not block types of requests")
    return link, refusal
