"""
Granting access over HTTP, as in a browser: the consent page and the token endpoint.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from attrs import frozen
from twisted.web.http import BAD_REQUEST
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.registry import Grant

__all__ = ["makeSite"]

_SCOPES = {"accounts": False, "trading": True}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def makeSite(exchange: Exchange) -> Site:
    """
    Make the web site.

    It has the consent page at C{/apps/auth} (with C{auto=1} it consents by itself), the token endpoint at
    C{/apps/token}, and at C{/callback} a page that shows the code. Any address of this computer may be redirected to.

    @param exchange: the exchange to which it grants access.
    """
    codes = _Codes(exchange)
    root, apps = Resource(), Resource()  # type: ignore[no-untyped-call]
    root.putChild(b"apps", apps)
    root.putChild(b"callback", _CallbackPage())  # type: ignore[no-untyped-call]
    apps.putChild(b"auth", _ConsentPage(exchange, codes))
    apps.putChild(b"token", _TokenEndpoint(exchange, codes))
    return _QuietSite(root)  # type: ignore[no-untyped-call]


class _QuietSite(Site):
    """
    Keeps no access log: secrets travel in these addresses.
    """

    noisy = False

    def log(self, request: object) -> None:
        """
        Do nothing.
        """


@frozen
class _Consent:
    """
    What a user has agreed to.
    """

    clientId: str
    redirectUri: str
    mayTrade: bool
    expires: float


class _Codes:
    """
    The authorisation codes that were given out and not used.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._consents: dict[str, _Consent] = {}

    def issue(self, clientId: str, redirectUri: str, *, mayTrade: bool) -> str:
        now = self._exchange.clock.seconds()
        self._consents = {code: consent for code, consent in self._consents.items() if consent.expires > now}
        code = self._exchange.registry.mint.token().reveal()
        expires = now + self._exchange.settings.codeLifetime
        self._consents[code] = _Consent(clientId, redirectUri, mayTrade, expires)
        self._exchange.credentialsChanged()
        return code

    def redeem(self, code: str, clientId: str, redirectUri: str) -> Grant:
        consent = self._consents.pop(code, None)
        if (
            consent is None
            or consent.expires <= self._exchange.clock.seconds()
            or (consent.clientId, consent.redirectUri) != (clientId, redirectUri)
        ):
            raise Refusal("ACCESS_DENIED", "The authorization code is unknown, used or expired")
        registry = self._exchange.registry
        own = registry.grantNamed("trade")
        grant = registry.give(clientId, own.userId, own.accountIds, mayTrade=consent.mayTrade)
        self._exchange.credentialsChanged()
        return grant


class _ConsentPage(Resource):
    """
    Asks the user, who is whoever looks at it.
    """

    isLeaf = True

    def __init__(self, exchange: Exchange, codes: _Codes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._exchange = exchange
        self._codes = codes

    def render_GET(self, request: Request) -> bytes:
        given = _arguments(request)
        clientId, redirectUri, scope = (given.get(name, "") for name in ("client_id", "redirect_uri", "scope"))
        if clientId not in self._exchange.registry.applications:
            return _page(request, "The application is not known.", code=BAD_REQUEST)
        if not _isRegistered(redirectUri):
            return _page(request, "The redirect address is not registered.", code=BAD_REQUEST)
        if scope not in _SCOPES:
            return _page(request, "The scope must be accounts or trading.", code=BAD_REQUEST)
        decision = "allow" if given.get("auto") == "1" else given.get("decision")
        if decision == "allow":
            code = self._codes.issue(clientId, redirectUri, mayTrade=_SCOPES[scope])
            return _redirect(request, redirectUri, code=code)
        if decision == "deny":
            return _redirect(request, redirectUri, error="access_denied")
        return self._ask(request, given, scope)

    def _ask(self, request: Request, given: dict[str, str], scope: str) -> bytes:
        links = " ".join(
            f'<a href="/apps/auth?{escape(urlencode({**given, "decision": decision}))}">{word}</a>'
            for decision, word in (("allow", "Allow"), ("deny", "Deny"))
        )
        return _page(request, f"An application asks for access to the simulated accounts (scope {scope}). {links}")


class _TokenEndpoint(Resource):
    """
    Sells tokens for codes and refresh tokens.
    """

    isLeaf = True

    def __init__(self, exchange: Exchange, codes: _Codes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._exchange = exchange
        self._codes = codes

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"content-type", b"application/json")  # type: ignore[no-untyped-call]
        request.setHeader(b"cache-control", b"no-store")  # type: ignore[no-untyped-call]
        try:
            return _json(self._answer(_arguments(request)))
        except Refusal as refusal:
            request.setResponseCode(BAD_REQUEST)
            return _json({"errorCode": "ACCESS_DENIED", "description": refusal.description})

    render_POST = render_GET

    def _answer(self, given: dict[str, str]) -> dict[str, Any]:
        registry = self._exchange.registry
        clientId = registry.application(given.get("client_id", ""), given.get("client_secret", "")).clientId
        kind = given.get("grant_type")
        if kind == "authorization_code":
            grant = self._codes.redeem(given.get("code", ""), clientId, given.get("redirect_uri", ""))
        elif kind == "refresh_token":
            grant = registry.rotate(clientId, given.get("refresh_token", ""))
            self._exchange.credentialsChanged()
            self._exchange.tokenReplaced(grant)
        else:
            raise Refusal("ACCESS_DENIED", "grant_type must be authorization_code or refresh_token")
        return {
            "accessToken": grant.accessToken.reveal(),
            "tokenType": "bearer",
            "expiresIn": registry.tokenLifetime,
            "refreshToken": grant.refreshToken.reveal(),
        }


class _CallbackPage(Resource):
    """
    Where a user ends up whose application does not listen itself.
    """

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        given = _arguments(request)
        if "code" in given:
            return _page(request, f"The authorization code is <code>{escape(given['code'])}</code>")
        return _page(request, "Access was denied.")


def _arguments(request: Request) -> dict[str, str]:
    return {
        name.decode("utf-8", "replace"): values[-1].decode("utf-8", "replace") for name, values in request.args.items()
    }


def _isRegistered(redirectUri: str) -> bool:
    try:
        parts = urlsplit(redirectUri)
        return parts.scheme == "http" and parts.hostname in _LOOPBACK and parts.port != 0
    except ValueError:
        return False


def _redirect(request: Request, redirectUri: str, **answer: str) -> bytes:
    parts = urlsplit(redirectUri)
    query = urlencode([*parse_qsl(parts.query), *answer.items()])
    request.redirect(urlunsplit(parts._replace(query=query)).encode("ascii", "replace"))  # type: ignore[no-untyped-call]
    return b""


def _page(request: Request, body: str, code: int = 200) -> bytes:
    request.setResponseCode(code)
    request.setHeader(b"content-type", b"text/html; charset=utf-8")  # type: ignore[no-untyped-call]
    return f"<!DOCTYPE html><title>ctrader_twisted simulator</title><p>{body}</p>".encode()


def _json(answer: dict[str, Any]) -> bytes:
    empty = dict.fromkeys(("accessToken", "tokenType", "expiresIn", "refreshToken", "errorCode", "description"))
    return json.dumps({**empty, **answer}).encode()
