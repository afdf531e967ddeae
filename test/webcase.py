"""
What tests of the simulator's web pages share: a browser of a kind, in memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from treq.testing import StubTreq
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.oauth import makeSite
from ctrader_twisted.simulator.registry import Application
from ctrader_twisted.simulator.settings import Settings

__all__ = ["REDIRECT", "Answer", "PageReader", "WebCase"]

REDIRECT = "http://127.0.0.1:4567/catch"
_SITE = "http://127.0.0.1:5080"

Fields = Mapping[str, str | Sequence[str]]


class PageReader(HTMLParser):
    """
    Reads a page as a browser does.

    @ivar forms: by the id of a form, its attributes.
    @ivar fields: by the id of a form, the attributes of what can be filled in or pressed there.
    @ivar text: what is to be read.
    """

    def __init__(self, page: str) -> None:
        """
        @param page: the page, in HTML.
        """
        super().__init__()
        self.forms: dict[str, dict[str, str | None]] = {}
        self.fields: dict[str, list[dict[str, str | None]]] = {}
        self.text = ""
        self._form = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        Note forms and their fields.
        """
        given = dict(attrs)
        if tag == "form":
            self._form = str(given["id"])
            self.forms[self._form] = given
            self.fields[self._form] = []
        elif tag in ("input", "select", "option", "button"):
            self.fields[self._form].append({"tag": tag, **given})

    def handle_data(self, data: str) -> None:
        """
        Note what is to be read.
        """
        self.text += data

    def filledIn(self, form: str) -> dict[str, list[str]]:
        """
        @return: what a form says when it is sent as it is, without its buttons.
        """
        filled: dict[str, list[str]] = {}
        for each in self.fields[form]:
            if each["tag"] == "input" and (each["type"] != "checkbox" or "checked" in each):
                filled.setdefault(str(each["name"]), []).append(str(each["value"]))
        return filled


class Answer:
    """
    What came over HTTP.

    @ivar status: the HTTP status.
    @ivar headers: the headers.
    @ivar body: the text.
    """

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        """
        @param status: the HTTP status.
        @param headers: the headers.
        @param body: the body.
        """
        self.status = status
        self.headers = headers
        self.body = body.decode()

    def header(self, name: str) -> str | None:
        """
        @return: the only header of a name.
        """
        found = self.headers.getRawHeaders(name)
        return None if found is None else found[0]

    @property
    def location(self) -> str:
        """
        @return: where the browser is sent.
        """
        assert self.status == 302, self.body
        return str(self.header("location"))

    @property
    def sent(self) -> dict[str, str]:
        """
        @return: the parameters with which the browser is sent there.
        """
        return {name: value for name, [value] in parse_qs(urlsplit(self.location).query).items()}

    @property
    def page(self) -> PageReader:
        """
        @return: the page.
        """
        assert self.header("content-type") == "text/html; charset=utf-8", self.body
        return PageReader(self.body)

    @property
    def json(self) -> Any:
        """
        @return: the content.
        """
        assert self.header("content-type") == "application/json", self.body
        return json.loads(self.body)


class WebCase(SynchronousTestCase):
    """
    An exchange on a virtual clock, and its web site in memory.

    @cvar settings: how the exchange behaves.
    """

    settings = Settings()

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.clock = Clock()
        self.exchange = Exchange.default(self.clock, settings=self.settings)
        self.registry = self.exchange.registry
        self.application = self.registry.applicationNamed("standard")
        self.other = Application("other", "1002_other", self.application.clientSecret)
        self.registry.applications[self.other.clientId] = self.other
        self.treq: Any = StubTreq(makeSite(self.exchange).resource)

    def tearDown(self) -> None:
        """
        Demand that nothing is left.
        """
        for connection in list(self.exchange.connections):
            connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def ask(self, method: str, path: str, query: Fields | None = None, form: Fields | None = None) -> Any:
        """
        @return: a Deferred for the response.
        """
        url = f"{_SITE}{path}?{urlencode(query or {}, doseq=True)}"
        # The second is what the real service's documentation says, for a request without a body.
        kind = "application/x-www-form-urlencoded" if form is not None else "application/json"
        data = urlencode(form, doseq=True).encode() if form is not None else None
        return self.treq.request(method, url, headers={"Content-Type": kind}, data=data, allow_redirects=False)

    def fetch(self, method: str, path: str, query: Fields | None = None, form: Fields | None = None) -> Answer:
        """
        @return: what comes.
        """
        return self.finished(self.ask(method, path, query, form))

    def finished(self, asked: Any) -> Answer:
        """
        @return: what has come of L{ask}.
        """
        self.treq.flush()
        response = self.successResultOf(asked)
        return Answer(response.code, response.headers, self.successResultOf(self.treq.content(response)))

    def authorise(self, **query: str) -> Answer:
        """
        Look at the page that asks the user.
        """
        given = {"client_id": self.application.clientId, "redirect_uri": REDIRECT, "scope": "trading"}
        return self.fetch("GET", "/apps/auth", {**given, **query})

    def code(self, **query: str) -> str:
        """
        @return: a code.
        """
        return self.authorise(auto="1", **query).sent["code"]

    def credentials(self, application: Application | None = None) -> dict[str, str]:
        """
        @return: what an application shows of itself.
        """
        application = application or self.application
        return {"client_id": application.clientId, "client_secret": application.clientSecret.reveal()}

    def codeRequest(self, code: str, redirectUri: str = REDIRECT) -> dict[str, str]:
        """
        @return: the parameters of a request that pays with a code.
        """
        return {
            **self.credentials(),
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirectUri,
        }

    def refreshRequest(self, refreshToken: str | None = None) -> dict[str, str]:
        """
        @return: the parameters of a request that pays with a refresh token.
        """
        if refreshToken is None:
            refreshToken = self.registry.grantNamed("trade").refreshToken.reveal()
        return {**self.credentials(), "grant_type": "refresh_token", "refresh_token": refreshToken}

    def buy(self, request: Mapping[str, str]) -> Answer:
        """
        Ask the token service.
        """
        return self.fetch("GET", "/apps/token", request)
