"""
Cases about logins, and what a login permits.
"""

from __future__ import annotations

from ctrader_twisted.credentials import Application
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAAccountAuthRes,
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountLogoutReq,
    ProtoOAAccountLogoutRes,
    ProtoOAApplicationAuthRes,
    ProtoOACancelOrderReq,
    ProtoOAClientPermissionScope,
    ProtoOAErrorRes,
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOAGetAccountListByAccessTokenRes,
    ProtoOAGetCtidProfileByTokenReq,
    ProtoOAGetCtidProfileByTokenRes,
    ProtoOAMarginCallListReq,
    ProtoOAMarginCallListRes,
    ProtoOAMarginCallUpdateReq,
    ProtoOAMarginCallUpdateRes,
    ProtoOATraderReq,
    ProtoOATraderRes,
    ProtoOAVersionReq,
    ProtoOAVersionRes,
)
from ctrader_twisted.simulator.settings import NotAuthorised, SecondLogin, UnknownClient, ViewOnly
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.choices import decideCode
from ctrader_twisted.testing.contract.link import codeOf

__all__ = ["LOGIN"]

LOGIN = Group(201, "logins")
_case = LOGIN.case
_NOBODY = "none"


@_case("The application logs in", "application-login")
async def _application(bench: Bench) -> None:
    link = await bench.connect()
    expect(await bench.logIn(link), ProtoOAApplicationAuthRes)


@_case("A wrong secret is refused with CH_CLIENT_AUTH_FAILURE, and the connection stays", "wrong-secret")
async def _wrongSecret(bench: Bench) -> None:
    link = await bench.connect()
    expect(await bench.logIn(link, secret=_NOBODY), ProtoOAErrorRes, "CH_CLIENT_AUTH_FAILURE")
    expect(await link.ask(ProtoOAVersionReq()), ProtoOAVersionRes)


@_case("An application that does not exist is refused", "unknown-client")
async def _unknownClient(bench: Bench) -> None:
    link = await bench.connect()
    answer = await bench.logIn(link, Application("1_nobody", _NOBODY))
    decideCode(bench, "unknown-client", UnknownClient, expect(answer, ProtoOAErrorRes), UnknownClient.AUTH_FAILURE)


@_case("A second login of an application on one connection is refused", "second-login")
async def _second(bench: Bench) -> None:
    link = await bench.application()
    answer = expect(await bench.logIn(link), ProtoOAErrorRes)
    decideCode(bench, "second-login", SecondLogin, answer, SecondLogin.ALREADY_AUTHENTICATED)


@_case("An application that is not active yet is refused like a wrong secret", "inactive-application")
async def _inactive(bench: Bench) -> None:
    if bench.subject.inactive is None:
        undecided("there is no application that is not active yet")
    link = await bench.connect()
    answer = await bench.logIn(link, bench.subject.inactive)
    expect(answer, ProtoOAErrorRes, "CH_CLIENT_AUTH_FAILURE")
    demand("active" in answer.description, "its words are those of a wrong secret")


@_case("The list of accounts names the account, and the permission of the token", "account-list")
async def _list(bench: Bench) -> None:
    link, token = await bench.application(), bench.subject.accessToken.reveal()
    answer = await link.ask(ProtoOAGetAccountListByAccessTokenReq(accessToken=token))
    expect(answer, ProtoOAGetAccountListByAccessTokenRes)
    demand(answer.accessToken == token, "the answer does not repeat the token")
    demand(answer.HasField("permissionScope"), "the answer does not name the permission")
    found = [each for each in answer.ctidTraderAccount if each.ctidTraderAccountId == bench.world.accountId]
    demand(found and found[0].HasField("isLive") and found[0].traderLogin, "the account lacks isLive or traderLogin")


@_case("The list of accounts on one host names those of the other, too", "list-on-either-host")
async def _bothHosts(bench: Bench) -> None:
    link, token = await bench.application(), bench.subject.accessToken.reveal()
    answer = await link.ask(ProtoOAGetAccountListByAccessTokenReq(accessToken=token))
    if not any(each.isLive for each in expect(answer, ProtoOAGetAccountListByAccessTokenRes).ctidTraderAccount):
        undecided("the token covers no account of the other host, or it is not told of")


@_case("A token that does not exist is refused with CH_ACCESS_TOKEN_INVALID", "unknown-token")
async def _badToken(bench: Bench) -> None:
    link = await bench.application()
    requests = (
        ProtoOAGetAccountListByAccessTokenReq(accessToken=_NOBODY),
        ProtoOAGetCtidProfileByTokenReq(accessToken=_NOBODY),
        ProtoOAAccountAuthReq(ctidTraderAccountId=bench.world.accountId, accessToken=_NOBODY),
    )
    for request in requests:
        expect(await link.ask(request), ProtoOAErrorRes, "CH_ACCESS_TOKEN_INVALID")


@_case("A token that has expired is refused with OA_AUTH_TOKEN_EXPIRED", "expired-token")
async def _expired(bench: Bench) -> None:
    if bench.subject.expiredToken is None:
        undecided("there is no token that has expired")
    answer = await bench.open(await bench.application(), token=bench.subject.expiredToken)
    expect(answer, ProtoOAErrorRes, "OA_AUTH_TOKEN_EXPIRED")


@_case("The profile of a token is the number of its user", "profile")
async def _profile(bench: Bench) -> None:
    link = await bench.application()
    answer = await link.ask(ProtoOAGetCtidProfileByTokenReq(accessToken=bench.subject.accessToken.reveal()))
    demand(expect(answer, ProtoOAGetCtidProfileByTokenRes).profile.userId > 0, "the profile has no number")


@_case("An account logs in, and the answer names it", "account-login")
async def _account(bench: Bench) -> None:
    answer = await bench.open(await bench.application())
    demand(expect(answer, ProtoOAAccountAuthRes).ctidTraderAccountId == bench.world.accountId, "it names another one")


@_case("A second login of an account on one connection is refused with ALREADY_LOGGED_IN", "second-account-login")
async def _secondAccount(bench: Bench) -> None:
    link = await bench.account()
    expect(await bench.open(link), ProtoOAErrorRes, "ALREADY_LOGGED_IN")


@_case("A request for an account that is not logged in is refused", "not-authorised")
async def _notAuthorised(bench: Bench) -> None:
    link = await bench.application()
    answer = await link.ask(ProtoOATraderReq(ctidTraderAccountId=bench.world.accountId))
    demand(codeOf(answer), "it was answered")
    decideCode(bench, "not-authorised", NotAuthorised, answer, NotAuthorised.INVALID)


@_case("An account that the token does not cover: CH_CTID_TRADER_ACCOUNT_NOT_FOUND", "unknown-account")
async def _unknownAccount(bench: Bench) -> None:
    answer = await bench.open(await bench.application(), 1)
    expect(answer, ProtoOAErrorRes, "CH_CTID_TRADER_ACCOUNT_NOT_FOUND")


@_case(
    "An account of the other host is refused with CANT_ROUTE_REQUEST",
    "wrong-host",
    onlySimulated="it names a live account",
)
async def _wrongHost(bench: Bench) -> None:
    if bench.world.strangeId is None:
        undecided("no account of the other host is known")
    answer = await bench.open(await bench.application(), bench.world.strangeId)
    expect(answer, ProtoOAErrorRes, "CANT_ROUTE_REQUEST")


@_case("A logout is answered, and then told as the end of the session; the application stays", "logout")
async def _logout(bench: Bench) -> None:
    link, accountId = await bench.account(), bench.world.accountId
    expect(await link.ask(ProtoOAAccountLogoutReq(ctidTraderAccountId=accountId)), ProtoOAAccountLogoutRes)
    demand(await link.event(ProtoOAAccountDisconnectEvent, 30), "the end of the session was not told")
    demand(codeOf(await link.ask(ProtoOATraderReq(ctidTraderAccountId=accountId))), "the session goes on")
    expect(await bench.open(link), ProtoOAAccountAuthRes)


@_case("One account may be logged in on two connections", "two-sessions")
async def _twoSessions(bench: Bench) -> None:
    first, second = await bench.account(), await bench.account()
    for link in (first, second):
        expect(await link.ask(ProtoOATraderReq(ctidTraderAccountId=bench.world.accountId)), ProtoOATraderRes)


@_case("A request to trade with a token that permits looking only is refused", "view-only")
async def _viewOnly(bench: Bench) -> None:
    token = bench.subject.viewToken
    if token is None:
        undecided("there is no token that permits looking only")
    link = await bench.account(token=token)
    answer = await link.ask(ProtoOACancelOrderReq(ctidTraderAccountId=bench.world.accountId, orderId=1))
    demand(codeOf(answer), "it was answered")
    decideCode(bench, "view-only", ViewOnly, answer, ViewOnly.INVALID)


@_case("Changing a margin call needs permission to trade", "margin-call-scope")
async def _marginCallScope(bench: Bench) -> None:
    token = bench.subject.viewToken
    if token is None:
        undecided("there is no token that permits looking only")
    link = await bench.account(token=token)
    accountId = bench.world.accountId
    listed = expect(await link.ask(ProtoOAMarginCallListReq(ctidTraderAccountId=accountId)), ProtoOAMarginCallListRes)
    if not listed.marginCall:
        undecided("the account has no margin call")
    # It stays what it is.
    answer = await link.ask(ProtoOAMarginCallUpdateReq(ctidTraderAccountId=accountId, marginCall=listed.marginCall[0]))
    needs = not isinstance(answer, ProtoOAMarginCallUpdateRes)
    bench.decide("margin-call-scope", needs, words=f"it was {'refused' if needs else 'changed'}")


@_case("The list of accounts tells a token that permits looking only", "view-scope")
async def _viewScope(bench: Bench) -> None:
    token = bench.subject.viewToken
    if token is None:
        undecided("there is no token that permits looking only")
    link = await bench.application()
    answer = await link.ask(ProtoOAGetAccountListByAccessTokenReq(accessToken=token.reveal()))
    expect(answer, ProtoOAGetAccountListByAccessTokenRes)
    demand(answer.permissionScope == ProtoOAClientPermissionScope.SCOPE_VIEW, "it says that it permits trading")
