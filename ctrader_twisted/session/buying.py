"""
Buying the next pair of tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import (
    ConnectFailed,
    ConnectionLost,
    CTraderError,
    NotConnected,
    RateLimited,
    TokenRefused,
    TooManyRequests,
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
    the next one: had the attempt succeeded, it would not be good any more. That tells nothing where it was not good
    before.
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
        # Refresh tokens whose fate is not known, and whether their access tokens were good when they were sent.
        self._uncertain: dict[Secret, bool] = {}

    async def buy(self, pair: TokenPair, *, isRefused: bool) -> TokenPair:
        """
        Buy the next pair.

        @param pair: the pair, with a refresh token.
        @param isRefused: whether its access token is refused already.
        @return: the next pair; the old one is of no use any more.
        @raise TokenRefused: if the refresh token is not good any more.
        @raise CTraderError: if it may succeed later.
        """
        assert pair.refreshToken is not None
        if self._uncertain.get(pair.refreshToken) and not self._hasEnded(pair):
            await self._tryOut(pair, pair.refreshToken)
        return await self.attempt(pair.refreshToken, self._ask(pair, pair.refreshToken), isRefused=isRefused)

    async def attempt(
        self, token: Secret, asking: Coroutine[Any, Any, TokenPair], *, isRefused: bool = False
    ) -> TokenPair:
        """
        Note what becomes of an attempt to buy a pair.

        @param token: the refresh token that is sent.
        @param asking: sends it.
        @param isRefused: whether its access token is refused already.
        @return: the next pair.
        """
        try:
            bought = await asking
        except Exception as error:
            if not _wasNotDone(error):
                self._uncertain.setdefault(token, not isRefused)
            if isinstance(error, CTraderError | CancelledError):
                raise
            # Only of our own errors it is sure that they hold no secret.
            raise NotConnected(f"the token service has failed with {type(error).__name__}") from None
        self._uncertain.pop(token, None)
        return bought

    async def _ask(self, pair: TokenPair, token: Secret) -> TokenPair:
        try:
            answer = await self._send(ProtoOARefreshTokenReq(refreshToken=token.reveal()), timeout=LONGEST)
        except NotConnected:
            if self._service is None:
                raise
            return await self._service.refresh(token, scope=pair.scope, userId=pair.userId, timeout=LONGEST)
        return boughtPair(pair, answer, self._wallClock())

    async def _tryOut(self, pair: TokenPair, token: Secret) -> None:
        try:
            await self._send(ProtoOAGetAccountListByAccessTokenReq(accessToken=pair.accessToken.reveal()))
        except TokenRefused as error:
            if error.code != _EXPIRED:
                raise
        del self._uncertain[token]

    def _hasEnded(self, pair: TokenPair) -> bool:
        return pair.expires is not None and pair.expires <= self._wallClock()


def _wasNotDone(error: Exception) -> bool:
    """
    Tell whether a pair is for certain as it was, though an attempt to replace it has failed.
    """
    if isinstance(error, ConnectionLost):
        return not error.maybeSent
    return isinstance(error, NotConnected | ConnectFailed | TooManyRequests | RateLimited | TokenRefused)


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
        # A server that names no new one goes on taking the old one.
        refreshToken=answer.refreshToken or old.refreshToken,
        issued=now,
        expires=now + answer.expiresIn * 1000,
    )
