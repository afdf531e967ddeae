"""
Buying the next pair of tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from attrs import evolve
from twisted.internet.defer import Deferred

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import (
    ConnectionLost,
    NotConnected,
    RequestTimedOut,
    TokenRefused,
    TokenServiceFailed,
)
from ctrader_twisted.schema.messages import (
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOARefreshTokenReq,
    ProtoOARefreshTokenRes,
)
from ctrader_twisted.secret import Secret

__all__ = ["LONGEST", "Buying", "Send", "TokenService", "boughtPair"]

LONGEST = 900.0
"""
How many seconds the answer to a refresh is waited for. The old pair dies with it, whoever still waits; so it is not
given up as other requests are.
"""

_EXPIRED = "OA_AUTH_TOKEN_EXPIRED"


class Send(Protocol):
    """
    Sends a request that concerns no account; its Deferred fails with L{NotConnected} if nothing can be sent now.
    """

    def __call__(self, message: Any, /, *, timeout: float | None = None) -> Deferred[Any]: ...


class TokenService(Protocol):
    """
    Sells tokens over HTTP, as L{ctrader_twisted.oauth.OAuth} does.
    """

    def refresh(
        self, token: Secret, /, *, scope: str | None, userId: int | None, timeout: float | None
    ) -> Deferred[TokenPair]:
        """
        Buy the next pair.

        @param token: the refresh token.
        @param scope: the scope of the grant, for the new pair.
        @param userId: the number of the cTID, for the new pair.
        @param timeout: seconds to wait.
        """


class Buying:
    """
    Buys the next pair for a refresh token: over the connection if the application is logged in, over HTTP otherwise.

    A refresh token can be used once. If it is not known what became of an attempt, the access token is tried out before
    the next one: had the attempt succeeded, it would not be good any more.
    """

    def __init__(self, send: Send, service: TokenService | None, wallClock: Callable[[], int]) -> None:
        """
        @param send: sends requests over the connection.
        @param service: sells tokens over HTTP, if anything does.
        @param wallClock: milliseconds since 1970.
        """
        self._send = send
        self._service = service
        self._wallClock = wallClock
        self._uncertain: Secret | None = None

    async def buy(self, pair: TokenPair, token: Secret) -> TokenPair:
        """
        Buy the next pair.

        @param pair: the pair.
        @param token: its refresh token.
        @return: the next pair; the old one is of no use any more.
        @raise TokenRefused: if the refresh token is not good any more.
        @raise CTraderError: if it may succeed later.
        """
        if token == self._uncertain:
            await self._tryOut(pair)
        try:
            bought = await self._ask(pair, token)
        except (ConnectionLost, RequestTimedOut, TokenServiceFailed) as error:
            if not isinstance(error, ConnectionLost) or error.maybeSent:
                self._uncertain = token
            raise
        self._uncertain = None
        return bought

    async def _ask(self, pair: TokenPair, token: Secret) -> TokenPair:
        try:
            answer = await self._send(ProtoOARefreshTokenReq(refreshToken=token.reveal()), timeout=LONGEST)
        except NotConnected:
            if self._service is None:
                raise
            return await self._service.refresh(token, scope=pair.scope, userId=pair.userId, timeout=LONGEST)
        return boughtPair(pair, answer, self._wallClock())

    async def _tryOut(self, pair: TokenPair) -> None:
        try:
            await self._send(ProtoOAGetAccountListByAccessTokenReq(accessToken=pair.accessToken.reveal()))
        except TokenRefused as error:
            if error.code != _EXPIRED:
                raise
        self._uncertain = None


def boughtPair(old: TokenPair, answer: ProtoOARefreshTokenRes, now: int) -> TokenPair:
    """
    Make a pair of what the server has sold.

    @param old: the pair that was given for it.
    @param answer: the server's answer.
    @param now: milliseconds since 1970.
    @return: the new pair.
    """
    return evolve(
        old,
        accessToken=answer.accessToken,
        refreshToken=answer.refreshToken or None,
        issued=now,
        expires=now + answer.expiresIn * 1000,
    )
