"""
Logging in and out, tokens, and what they cover.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAccessRights,
    ProtoOAAccountAuthReq,
    ProtoOAAccountAuthRes,
    ProtoOAAccountLogoutReq,
    ProtoOAAccountLogoutRes,
    ProtoOAApplicationAuthReq,
    ProtoOAApplicationAuthRes,
    ProtoOACtidProfile,
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOAGetAccountListByAccessTokenRes,
    ProtoOAGetCtidProfileByTokenReq,
    ProtoOAGetCtidProfileByTokenRes,
    ProtoOARefreshTokenReq,
    ProtoOARefreshTokenRes,
    ProtoOAVersionReq,
    ProtoOAVersionRes,
)
from ctrader_twisted.schema.messages import ProtoOAClientPermissionScope as _Scope
from ctrader_twisted.simulator.access import refreshAccess
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.registry import Grant

__all__ = ["SESSION"]


def _applicationAuth(call: Call[ProtoOAApplicationAuthReq]) -> None:
    connection, exchange = call.connection, call.exchange
    if connection.application is not None:
        raise Refusal(exchange.settings.secondLogin.value, "Client is already authenticated")
    if call.message.clientId not in exchange.registry.applications:
        raise Refusal(exchange.settings.unknownClient.value, "clientId or clientSecret is incorrect")
    application = exchange.registry.application(call.message.clientId, call.message.clientSecret)
    if exchange.connectionsOf(application) >= exchange.settings.maxConnections:
        raise Refusal("CONNECTIONS_LIMIT_EXCEEDED", "Limit of connections is reached for the application")
    connection.logIn(application)
    call.reply(ProtoOAApplicationAuthRes())


def _version(call: Call[ProtoOAVersionReq]) -> None:
    call.reply(ProtoOAVersionRes(version=call.exchange.settings.version))


def _accountAuth(call: Call[ProtoOAAccountAuthReq]) -> None:
    connection, accountId = call.connection, call.accountId
    grant = _grant(call, call.message.accessToken)
    account = call.exchange.venue.accounts.get(accountId)
    if account is None or accountId not in grant.accountIds:
        raise Refusal("CH_CTID_TRADER_ACCOUNT_NOT_FOUND", "Trading account is not found")
    if account.terms.accessRights == ProtoOAAccessRights.NO_LOGIN:
        raise Refusal("RET_ACCOUNT_DISABLED", "Trading account is disabled")
    if account.terms.isLive != connection.isLiveHost:
        raise Refusal("CANT_ROUTE_REQUEST", "Cannot route request")
    if accountId in connection.sessions:
        raise Refusal("ALREADY_LOGGED_IN", "Trading account is already authorized in this channel")
    connection.sessions[accountId] = grant
    call.reply(ProtoOAAccountAuthRes())


def _accountList(call: Call[ProtoOAGetAccountListByAccessTokenReq]) -> None:
    grant = _grant(call, call.message.accessToken)
    accounts = call.exchange.venue.accounts
    call.reply(
        ProtoOAGetAccountListByAccessTokenRes(
            accessToken=call.message.accessToken,
            permissionScope=_Scope.SCOPE_TRADE if grant.mayTrade else _Scope.SCOPE_VIEW,
            ctidTraderAccount=[accounts[accountId].listing() for accountId in grant.accountIds],
        )
    )


def _profile(call: Call[ProtoOAGetCtidProfileByTokenReq]) -> None:
    grant = _grant(call, call.message.accessToken)
    call.reply(ProtoOAGetCtidProfileByTokenRes(profile=ProtoOACtidProfile(userId=grant.userId)))


def _refreshToken(call: Call[ProtoOARefreshTokenReq]) -> None:
    def answer(grant: Grant) -> None:
        call.reply(
            ProtoOARefreshTokenRes(
                accessToken=grant.accessToken.reveal(),
                tokenType="bearer",
                expiresIn=call.exchange.registry.tokenLifetime,
                refreshToken=grant.refreshToken.reveal(),
            )
        )

    refreshAccess(call.exchange, call.connection.clientId, call.message.refreshToken, answer)


def _logout(call: Call[ProtoOAAccountLogoutReq]) -> None:
    call.reply(ProtoOAAccountLogoutRes())
    call.connection.endSession(call.accountId)


def _grant(call: Call[Any], token: str) -> Grant:
    return call.exchange.registry.grant(call.connection.clientId, token)


SESSION: Requests = {
    ProtoOAApplicationAuthReq: _applicationAuth,
    ProtoOAVersionReq: _version,
    ProtoOAAccountAuthReq: _accountAuth,
    ProtoOAGetAccountListByAccessTokenReq: _accountList,
    ProtoOAGetCtidProfileByTokenReq: _profile,
    ProtoOARefreshTokenReq: _refreshToken,
    ProtoOAAccountLogoutReq: _logout,
}
"""
The requests of this group.
"""
