"""
Buying tokens over HTTP: for the code that a person's consent gave, and for refresh tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time_ns
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.eventual import eventually
from ctrader_twisted.oauth.answers import BY_CODE, BY_REFRESH_TOKEN, Purchase, readAnswer
from ctrader_twisted.oauth.services import CTRADER, Services, authorizationUrl, splitAddress
from ctrader_twisted.secret import Secret, asSecret

__all__ = ["OAuth"]


def _systemTime() -> int:
    return time_ns() // 1_000_000


class OAuth:
    """
    One application's dealings with the services that grant access. Each request is sent once, whatever happens to it.
    """

    def __init__(
        self,
        reactor: Any,
        application: Application,
        *,
        redirectUri: str = "",
        services: Services = CTRADER,
        http: Any = None,
        wallClock: Callable[[], int] = _systemTime,
        timeout: float = 30.0,
    ) -> None:
        """
        @param reactor: dials and keeps time.
        @param application: whose users grant the access.
        @param redirectUri: where the browser goes with the user's answer. Only refreshing does without it.
        @param services: the services.
        @param http: the HTTP client, such as a C{treq.client.HTTPClient}; by default one that verifies certificates
            by what the platform trusts. One's own must not send a request again.
        @param wallClock: milliseconds since 1970.
        @param timeout: how many seconds to wait for an answer.
        """
        self._reactor = reactor
        self._application = application
        self._redirectUri = redirectUri
        self._services = services
        self._http = http
        self._wallClock = wallClock
        self._timeout = timeout

    def authorizationUrl(self, scope: str, *, state: str | None = None) -> str:
        """
        Make the address of the page on which a person grants the access.

        @param scope: C{accounts} to look only, C{trading} to trade too.
        @param state: what the answer is to bring back, where the service does that.
        @return: the address.
        @raise ConfigurationError: if the redirect address or the scope is none.
        """
        return authorizationUrl(self._application, self._redirectUri, scope, services=self._services, state=state)

    def exchangeCode(
        self, code: str | Secret, scope: str | None = None, *, timeout: float | None = None
    ) -> Deferred[TokenPair]:
        """
        Buy the first pair of tokens of a grant.

        @param code: what the browser brought. It is good once, for about a minute.
        @param scope: the scope that the user was asked for, to be kept with the tokens.
        @param timeout: how many seconds to wait, instead of the default.
        @return: fires with the tokens. Cancelling it gives the request up; the code may be used up then.
        @raise TokenRefused: (as a failure) if the code is not good.
        @raise CTraderError: (as a failure) if anything else stands in the way, as L{refresh} tells.
        """
        return eventually(self._exchange(code, scope, timeout))

    def refresh(
        self,
        token: str | Secret,
        *,
        scope: str | None = None,
        userId: int | None = None,
        timeout: float | None = None,
    ) -> Deferred[TokenPair]:
        """
        Buy the next pair of tokens. The service takes a refresh token once, and the old access token ends with it.

        @param token: the refresh token.
        @param scope: the scope of the grant, to be kept with the tokens.
        @param userId: the number of the cTID, likewise.
        @param timeout: how many seconds to wait, instead of the default.
        @return: fires with the tokens. Cancelling it gives the request up; the refresh token may be used up then.
        @raise TokenRefused: (as a failure) if the refresh token is not good.
        @raise ApplicationRefused: (as a failure) if the application's id or secret is not.
        @raise ConnectFailed: (as a failure) if the service was not reached; nothing was sent.
        @raise ConnectionLost: (as a failure) if the connection ended before the whole answer was there.
        @raise RequestTimedOut: (as a failure) if the whole answer did not come in time.
        @raise TokenServiceFailed: (as a failure) if the answer holds neither tokens nor a refusal.
        """
        return eventually(self._renew(token, scope, userId, timeout))

    async def _exchange(self, code: str | Secret, scope: str | None, timeout: float | None) -> TokenPair:
        splitAddress("redirectUri", self._redirectUri)
        given: dict[str, str | Secret] = {"grant_type": "authorization_code", "redirect_uri": self._redirectUri}
        given["code"] = asSecret(code)
        return evolve(await self._buy(BY_CODE, given, timeout), scope=scope)

    async def _renew(
        self, token: str | Secret, scope: str | None, userId: int | None, timeout: float | None
    ) -> TokenPair:
        token = asSecret(token)
        given: dict[str, str | Secret] = {"grant_type": "refresh_token", "refresh_token": token}
        pair = await self._buy(BY_REFRESH_TOKEN, given, timeout)
        # A service that names no new refresh token goes on taking the old one.
        return evolve(pair, refreshToken=pair.refreshToken or token, scope=scope, userId=userId)

    async def _buy(self, purchase: Purchase, given: Mapping[str, str | Secret], timeout: float | None) -> TokenPair:
        from ctrader_twisted.oauth.agent import ask, makeHttp

        if self._http is None:
            self._http = makeHttp(self._reactor)
        application = self._application
        given = {**given, "client_id": application.clientId, "client_secret": application.clientSecret}
        seconds = self._timeout if timeout is None else timeout
        answer = await ask(self._reactor, self._http, self._services.tokenUrl, given, purchase, seconds)
        secrets = [value for value in given.values() if isinstance(value, Secret)]
        return readAnswer(purchase, answer, secrets, self._wallClock())
