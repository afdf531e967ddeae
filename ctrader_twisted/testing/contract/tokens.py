"""
Cases about tokens: refreshing them over the protocol, which uses a spare pair up, where there is one; and what the
token service refuses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.oauth.answers import BY_CODE, Answer
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthRes,
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountsTokenInvalidatedEvent,
    ProtoOAErrorRes,
    ProtoOARefreshTokenReq,
    ProtoOARefreshTokenRes,
)
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.settings import RotationMoment, RotationOrder, Settings
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.link import Link, codeOf, harmlessCode

__all__ = ["TOKENS"]

TOKENS = Group(301, "tokens")
_case = TOKENS.case
_NOBODY = "none"
_NOWHERE = "http://127.0.0.1/"
_PATIENCE = 30.0


@_case("A refresh over the protocol needs the application's login", "refresh-needs-application")
async def _needs(bench: Bench) -> None:
    link = await bench.connect()
    code = codeOf(await link.ask(ProtoOARefreshTokenReq(refreshToken=_NOBODY)))
    demand(code in ("CH_CLIENT_NOT_AUTHENTICATED", "CH_ACCESS_TOKEN_INVALID"), f"it drew {code or 'an answer'}")
    bench.decide("refresh-needs-application", code == "CH_CLIENT_NOT_AUTHENTICATED", words=f"it drew {code}")


@_case("A refresh token that does not exist is refused with CH_ACCESS_TOKEN_INVALID", "unknown-refresh-token")
async def _unknown(bench: Bench) -> None:
    link = await bench.application()
    expect(await link.ask(ProtoOARefreshTokenReq(refreshToken=_NOBODY)), ProtoOAErrorRes, "CH_ACCESS_TOKEN_INVALID")


@_case(
    "A refresh gives a new pair, and its lifetime; the old access token is dead", "refresh-replaces", "token-lifetime"
)
async def _replaces(bench: Bench) -> None:
    old, link = _spare(bench), await bench.application()
    answer = await _refresh(bench, link, old)
    demand(answer.tokenType == "bearer", "the type of the token is another one")
    new = _spare(bench)
    demand(old.accessToken != new.accessToken and old.refreshToken != new.refreshToken, "a token stayed the same")
    expect(await bench.open(link, token=old.accessToken), ProtoOAErrorRes, "CH_ACCESS_TOKEN_INVALID")
    expect(await bench.open(link, token=new.accessToken), ProtoOAAccountAuthRes)
    seconds, default = int(answer.expiresIn), Settings().tokenLifetime
    bench.decide("token-lifetime", seconds, default=default, words=f"it lives for {seconds} s")


@_case("A used refresh token is refused, and does no harm to the current pair", "used-refresh-token")
async def _used(bench: Bench) -> None:
    old, link = _spare(bench), await bench.application()
    await _refresh(bench, link, old)
    assert old.refreshToken is not None
    again = await link.ask(ProtoOARefreshTokenReq(refreshToken=old.refreshToken.reveal()))
    expect(again, ProtoOAErrorRes, "CH_ACCESS_TOKEN_INVALID")
    expect(await bench.open(link, token=_spare(bench).accessToken), ProtoOAAccountAuthRes)


@_case("A refresh ends the sessions of the old token", "refresh-ends-sessions", "rotation-order", "rotation-moment")
async def _ends(bench: Bench) -> None:
    pair = _spare(bench)
    link = await bench.account(token=pair.accessToken)
    mark = link.mark
    await _refresh(bench, link, pair)
    told = await link.event(ProtoOAAccountsTokenInvalidatedEvent, 10, mark)
    ended = await link.event(ProtoOAAccountDisconnectEvent, 10, mark)
    demand(told is not None, "it was not told that the token is dead")
    demand(ended is not None, "the end of the session was not told")
    demand(list(told.ctidTraderAccountIds) == [bench.world.accountId], "it names other accounts")
    kinds = [type(each) for each in link.messages(mark)]
    positions = {kind: kinds.index(kind) for kind in (type(told), type(ended), ProtoOARefreshTokenRes)}
    isFirst = positions[type(told)] < positions[type(ended)]
    order = RotationOrder.INVALIDATED_FIRST if isFirst else RotationOrder.DISCONNECTED_FIRST
    bench.decide("rotation-order", order, default=RotationOrder.INVALIDATED_FIRST, words=order.value)
    answered = positions[ProtoOARefreshTokenRes]
    isBefore = min(positions[type(told)], positions[type(ended)]) < answered
    moment = RotationMoment.BEFORE_ANSWER if isBefore else RotationMoment.AFTER_ANSWER
    bench.decide("rotation-moment", moment, default=RotationMoment.AFTER_ANSWER, words=moment.value)


@_case("The token service refuses a code that does not exist, with the status 400 or 200", "token-error-status")
async def _serviceStatus(bench: Bench) -> None:
    answer = await _sold(bench, {"grant_type": "authorization_code", "code": _NOBODY, "redirect_uri": _NOWHERE})
    demand(_codeIn(answer), "it was not refused")
    status, default = answer.status, Settings().tokenErrorStatus
    bench.decide("token-error-status", status, default=default, words=f"the status is {status}")


@_case("The token service refuses a wrong secret with CH_CLIENT_AUTH_FAILURE", "token-wrong-secret")
async def _serviceSecret(bench: Bench) -> None:
    given = {"grant_type": "refresh_token", "refresh_token": _NOBODY, "client_secret": _NOBODY}
    _expectCode(await _sold(bench, given), "CH_CLIENT_AUTH_FAILURE")


@_case("The token service refuses a refresh token that does not exist with ACCESS_DENIED", "refresh-over-http")
async def _serviceRefresh(bench: Bench) -> None:
    _expectCode(await _sold(bench, {"grant_type": "refresh_token", "refresh_token": _NOBODY}), "ACCESS_DENIED")


async def _sold(bench: Bench, given: Mapping[str, str]) -> Answer:
    """
    Ask the token service, for what it must refuse.
    """
    from ctrader_twisted.oauth.agent import ask, makeHttp

    subject = bench.subject
    if not subject.tokenUrl:
        undecided("no token service is known")
    application = subject.application
    credentials: dict[str, str | Secret] = {
        "client_id": application.clientId,
        "client_secret": application.clientSecret,
    }
    http = subject.http or makeHttp(bench.clock)
    return await ask(bench.clock, http, subject.tokenUrl, {**credentials, **given}, BY_CODE, _PATIENCE)


def _expectCode(answer: Answer, code: str) -> None:
    found = _codeIn(answer)
    demand(found == code, f"{found or 'no error code'} came, and not {code}")


def _codeIn(answer: Answer) -> str:
    try:
        code = json.loads(answer.body)["errorCode"]
    except (ValueError, KeyError, TypeError):
        return ""
    return harmlessCode(str(code)) if code else ""


def _spare(bench: Bench) -> TokenPair:
    if not bench.world.spare:
        undecided("it would use up tokens, and there are none to spare")
    return bench.world.spare[-1]


async def _refresh(bench: Bench, link: Link, pair: TokenPair) -> Any:
    assert pair.refreshToken is not None
    answer = await link.ask(ProtoOARefreshTokenReq(refreshToken=pair.refreshToken.reveal()))
    if isinstance(answer, ProtoOARefreshTokenRes):
        # Whatever the case finds, the next one must not work with dead tokens.
        bench.world.spare.append(TokenPair(Secret(answer.accessToken), Secret(answer.refreshToken)))
    return expect(answer, ProtoOARefreshTokenRes)
