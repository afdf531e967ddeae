"""
The token service: tokens for codes and for refresh tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twisted.web.server import NOT_DONE_YET, Request

from ctrader_twisted.simulator.access import giveAccess, refreshAccess
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.oauth.browsing import arguments
from ctrader_twisted.simulator.oauth.disturbing import disturb
from ctrader_twisted.simulator.oauth.leaf import Leaf
from ctrader_twisted.simulator.oauth.once import Once
from ctrader_twisted.simulator.oauth.question import Consent
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.registry import Grant

__all__ = ["TokenService"]

_NOTHING = dict.fromkeys(("accessToken", "tokenType", "expiresIn", "refreshToken", "errorCode", "description"))


class TokenService(Leaf):
    """
    Sells tokens, unless a fault comes in between.
    """

    def __init__(self, exchange: Exchange, codes: Once[Consent]) -> None:
        """
        @param exchange: the exchange.
        @param codes: where the consents of users are.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self._exchange = exchange
        self._codes = codes

    def render_GET(self, request: Request) -> int:
        """
        Serve a request, with its parameters in the address or in a form.

        @param request: the request.
        """
        action = self._exchange.faults.tokenRequest()
        disturb(request, self._exchange.clock, action, partial(self._serve, request))
        return NOT_DONE_YET

    render_POST = render_GET

    def _serve(self, request: Request) -> None:
        try:
            self._sell(arguments(request), partial(self._deliver, request))
        except Refusal as refusal:
            request.setResponseCode(self._exchange.settings.tokenErrorStatus)
            self._send(request, {"errorCode": refusal.code, "description": refusal.description})

    def _sell(self, given: Mapping[str, str], answer: Callable[[Grant], None]) -> None:
        clientId, clientSecret = given.get("client_id", ""), given.get("client_secret", "")
        self._exchange.registry.application(clientId, clientSecret)
        kind = given.get("grant_type")
        if kind == "authorization_code":
            answer(self._redeem(given.get("code", ""), clientId, given.get("redirect_uri", "")))
        elif kind == "refresh_token":
            self._refresh(clientId, given.get("refresh_token", ""), answer)
        else:
            raise Refusal("ACCESS_DENIED", "grant_type must be authorization_code or refresh_token")

    def _redeem(self, code: str, clientId: str, redirectUri: str) -> Grant:
        consent = self._codes.take(code)
        if consent is None:
            raise Refusal("ACCESS_DENIED", "The authorization code is unknown, used or expired")
        question = consent.question
        if (question.application.clientId, question.redirectUri) != (clientId, redirectUri):
            raise Refusal("ACCESS_DENIED", "The authorization code is of another application or redirect address")
        mayTrade = question.scope == "trading"
        return giveAccess(self._exchange, clientId, question.userId, consent.accountIds, mayTrade=mayTrade)

    def _refresh(self, clientId: str, refreshToken: str, answer: Callable[[Grant], None]) -> None:
        try:
            refreshAccess(self._exchange, clientId, refreshToken, answer)
        except Refusal as refusal:
            # Over the protocol it has another code.
            raise Refusal("ACCESS_DENIED", refusal.description) from None

    def _deliver(self, request: Request, grant: Grant) -> None:
        self._send(
            request,
            {
                "accessToken": grant.accessToken.reveal(),
                "tokenType": "bearer",
                "expiresIn": self._exchange.registry.tokenLifetime,
                "refreshToken": grant.refreshToken.reveal(),
            },
        )

    def _send(self, request: Request, answer: Mapping[str, Any]) -> None:
        request.setHeader("Content-Type", "application/json")  # type: ignore[no-untyped-call]
        request.setHeader("Cache-Control", "no-store")  # type: ignore[no-untyped-call]
        body = json.dumps({**_NOTHING, **answer}).encode()
        action = self._exchange.faults.tokenAnswer()
        disturb(request, self._exchange.clock, action, partial(_write, request, body), body)


def _write(request: Request, body: bytes) -> None:
    request.setHeader("Content-Length", str(len(body)))  # type: ignore[no-untyped-call]
    request.write(body)  # type: ignore[no-untyped-call]
    request.finish()  # type: ignore[no-untyped-call]
