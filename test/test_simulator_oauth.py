"""
The simulator's page on which a user grants access, and its token service.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.web.server import Request

from ctrader_twisted.schema.messages import (
    ProtoOAClientPermissionScope,
    ProtoOAGetAccountListByAccessTokenReq,
)
from ctrader_twisted.simulator.connection import ServerProtocol
from ctrader_twisted.simulator.oauth import makeSite
from ctrader_twisted.simulator.settings import RotationMoment, Settings
from ctrader_twisted.simulator.world import EUR_ACCOUNT, LIVE_ACCOUNT, NETTED_ACCOUNT, SECOND_ACCOUNT, USD_ACCOUNT
from test.rawclient import RawClient
from test.webcase import REDIRECT, Answer, PageReader, WebCase

ALL = [USD_ACCOUNT, EUR_ACCOUNT, LIVE_ACCOUNT, NETTED_ACCOUNT]
KEYS = ["accessToken", "tokenType", "expiresIn", "refreshToken", "errorCode", "description"]


class PageTests(WebCase):
    """
    What the page shows.
    """

    def test_form(self) -> None:
        """
        There is a form with a checkbox for each account, all checked, and two buttons, under the names and ids that
        tests in a browser rely on.
        """
        page = self.authorise().page
        self.assertEqual((page.forms["consent"]["method"], page.forms["consent"]["action"]), ("post", "/apps/auth"))
        word, *boxes, allow, deny = page.fields["consent"]
        self.assertEqual((word["type"], word["name"]), ("hidden", "form"))
        self.assertEqual([(box["type"], box["name"], box["value"]) for box in boxes], self.boxes(ALL))
        self.assertTrue(all("checked" in box for box in boxes))
        self.assertEqual([allow[name] for name in ("id", "name", "value")], ["allow", "decision", "allow"])
        self.assertEqual([deny[name] for name in ("id", "name", "value")], ["deny", "decision", "deny"])

    def boxes(self, accountIds: list[int]) -> list[tuple[str, str, str]]:
        """
        @return: what the checkboxes of some accounts look like.
        """
        return [("checkbox", "account", str(accountId)) for accountId in accountIds]

    def test_words(self) -> None:
        """
        The page names the application and the accounts, and says in plain words what is asked.
        """
        text = self.authorise().page.text
        for words in ("standard", "and trade in them", "Demo 5000001, USD", "Demo 5000002, EUR", "Live 9000001, USD"):
            self.assertIn(words, text)
        self.assertIn("and not trade in them", self.authorise(scope="accounts").page.text)

    def test_users(self) -> None:
        """
        Who looks at the page can be chosen there, and everything else stays as it was asked.
        """
        page = self.authorise(product="web", state="s").page
        self.assertEqual(page.forms["login"]["method"], "get")
        options = [each for each in page.fields["login"] if each["tag"] == "option"]
        users = [(each["value"], "selected" in each) for each in options]
        self.assertEqual(users, [("7001", True), ("7002", False), ("7003", False)])
        given = {name: values[0] for name, values in page.filledIn("login").items()}
        self.assertEqual(given["product"], "web")
        page = self.fetch("GET", "/apps/auth", {**given, "user": "7002"}).page
        boxes = [each for each in page.fields["consent"] if each.get("type") == "checkbox"]
        self.assertEqual([box["value"] for box in boxes], [str(SECOND_ACCOUNT)])
        self.assertEqual([each["value"] for each in page.fields["login"] if "selected" in each], ["7002"])

    def test_escaped(self) -> None:
        """
        What the application says cannot become part of the page.
        """
        answer = self.authorise(state='"><b>x', redirect_uri=f"{REDIRECT}?<b>")
        self.assertNotIn("<b>", answer.body)
        self.assertEqual(answer.page.filledIn("login")["state"], ['"><b>x'])

    def test_headers(self) -> None:
        """
        The page is not kept, not shown inside others, and fetches nothing.
        """
        answer = self.authorise()
        self.assertEqual(answer.header("cache-control"), "no-store")
        self.assertEqual(answer.header("referrer-policy"), "no-referrer")
        self.assertIn("frame-ancestors 'none'", str(answer.header("content-security-policy")))

    def test_cannotBeAsked(self) -> None:
        """
        An unknown application or user, a foreign address and an unknown scope are told on a page, and lead nowhere.
        """
        for wrong, words in (
            ({"client_id": "nobody"}, "application is not known"),
            ({"redirect_uri": "http://example.org/catch"}, "not registered"),
            ({"redirect_uri": "http://127.0.0.1:port/"}, "not registered"),
            ({"redirect_uri": "https://127.0.0.1/"}, "not registered"),
            # Browsers take it for example.org.
            ({"redirect_uri": "http://example.org\\@127.0.0.1/"}, "not registered"),
            ({"redirect_uri": "http://me@127.0.0.1/"}, "not registered"),
            ({"scope": "everything"}, "scope must be"),
            ({"user": "7009"}, "no such user"),
        ):
            answer = self.authorise(auto="1", **wrong)
            self.assertEqual((answer.status, answer.header("location")), (400, None))
            self.assertIn(words, answer.page.text)

    def test_callback(self) -> None:
        """
        The simulator's own address to redirect to shows the code, or that there is none.
        """
        self.assertIn("code is <b>", self.fetch("GET", "/callback", {"code": "<b>"}).page.text)
        self.assertIn("denied", self.fetch("GET", "/callback", {"error": "access_denied"}).page.text)


class DecisionTests(WebCase):
    """
    What the user decides.
    """

    def press(self, page: PageReader, decision: str, **changes: list[str]) -> Answer:
        """
        Press a button, after some changes of the form.
        """
        return self.fetch("POST", "/apps/auth", None, {**page.filledIn("consent"), **changes, "decision": decision})

    def granted(self, answer: Answer) -> tuple[int, list[int]]:
        """
        @return: the permission and the accounts that are granted, as the account list tells.
        """
        client = RawClient(self.exchange)
        client.logInApplication()
        token = self.buy(self.codeRequest(answer.sent["code"])).json["accessToken"]
        listed = client.ask(ProtoOAGetAccountListByAccessTokenReq(accessToken=token))
        return listed.permissionScope, [each.ctidTraderAccountId for each in listed.ctidTraderAccount]

    def test_all(self) -> None:
        """
        Left as it is, the form grants all accounts.
        """
        answer = self.press(self.authorise().page, "allow")
        self.assertTrue(answer.location.startswith(f"{REDIRECT}?code="))
        self.assertEqual(self.granted(answer), (ProtoOAClientPermissionScope.SCOPE_TRADE, ALL))

    def test_some(self) -> None:
        """
        Only the accounts that are checked are granted, and none of other users.
        """
        page = self.authorise(scope="accounts").page
        answer = self.press(page, "allow", account=[str(SECOND_ACCOUNT), str(EUR_ACCOUNT), "x"])
        self.assertEqual(self.granted(answer), (ProtoOAClientPermissionScope.SCOPE_VIEW, [EUR_ACCOUNT]))

    def test_none(self) -> None:
        """
        Without an account the page comes again with a sentence, and can be answered.
        """
        answer = self.press(self.authorise().page, "allow", account=[])
        self.assertEqual(answer.status, 200)
        self.assertIn("No account is chosen", answer.page.text)
        self.assertNotIn("account", answer.page.filledIn("consent"))
        answer = self.press(answer.page, "allow", account=[str(USD_ACCOUNT)])
        self.assertEqual(self.granted(answer)[1], [USD_ACCOUNT])

    def test_deny(self) -> None:
        """
        What is not allowed is denied.
        """
        for decision in ("deny", ""):
            answer = self.press(self.authorise(state="s").page, decision)
            self.assertEqual(answer.sent, {"error": "access_denied"})

    def test_auto(self) -> None:
        """
        For tests all accounts of a user can be granted without a page.
        """
        self.assertEqual(self.granted(self.authorise(auto="1"))[1], ALL)
        self.assertEqual(self.granted(self.authorise(auto="1", user="7002"))[1], [SECOND_ACCOUNT])

    def test_kept(self) -> None:
        """
        A code is made of a running number, as tokens are; the number is kept before the code is told, so that no code
        is made twice.
        """
        kept: list[int] = []
        self.exchange.onCredentials.append(lambda: kept.append(self.registry.mint.serial))
        self.code()
        self.assertEqual(kept, [self.registry.mint.serial])

    def test_address(self) -> None:
        """
        The parameters of the address to redirect to stay.
        """
        answer = self.authorise(auto="1", redirect_uri=f"{REDIRECT}?flow=7&empty=")
        self.assertTrue(answer.location.startswith(f"{REDIRECT}?flow=7&empty=&code="))
        answer = self.authorise(auto="1", redirect_uri="http://127.0.0.1/zurück \r\nX: y%41/[(~)]?ä=ö#end")
        before, _, after = answer.location.partition("&code=")
        self.assertEqual(before, "http://127.0.0.1/zur%C3%BCck%20X:%20y%41/[(~)]?%C3%A4=%C3%B6")
        self.assertTrue(after.endswith("#end"))

    def test_once(self) -> None:
        """
        A page can be answered once, and not after ten minutes.
        """
        page = self.authorise().page
        self.press(page, "deny")
        late = self.authorise().page
        self.clock.advance(600)
        for each in (page, late):
            answer = self.press(each, "allow")
            self.assertEqual((answer.status, answer.header("location")), (400, None))
            self.assertIn("not good any more", answer.page.text)

    def test_otherSites(self) -> None:
        """
        An answer that comes from no page of ours does not count, and neither does a decision in the address.
        """
        given = {"client_id": self.application.clientId, "redirect_uri": REDIRECT, "scope": "trading"}
        decision = {"decision": "allow", "account": str(USD_ACCOUNT)}
        self.assertEqual(self.fetch("POST", "/apps/auth", given, {**given, **decision}).status, 400)
        self.assertIn("consent", self.fetch("GET", "/apps/auth", {**given, **decision}).page.forms)

    def test_manyPages(self) -> None:
        """
        Of very many pages the first ones are not good any more.
        """
        first = self.authorise().page
        for _ in range(1_000):
            last = self.authorise().page
        self.assertEqual(self.press(first, "deny").status, 400)
        self.assertEqual(self.press(last, "deny").status, 302)


class EchoTests(WebCase):
    """
    A service that repeats the state.
    """

    settings = Settings(echoState=True)

    def test_echo(self) -> None:
        """
        The state comes back with a code and with a refusal, if there was one.
        """
        self.assertEqual(self.authorise(auto="1", state="a b").sent["state"], "a b")
        self.assertNotIn("state", self.authorise(auto="1").sent)
        form = self.authorise(state="s").page.filledIn("consent")
        answer = self.fetch("POST", "/apps/auth", None, {**form, "decision": "deny"})
        self.assertEqual(answer.sent, {"error": "access_denied", "state": "s"})


class TokenServiceTests(WebCase):
    """
    Tokens for codes and refresh tokens.
    """

    def refused(self, request: dict[str, str], code: str = "ACCESS_DENIED", words: str = "") -> None:
        """
        Check that the token service refuses a request, with nothing else in its answer.
        """
        answer = self.buy(request)
        self.assertEqual(answer.status, self.settings.tokenErrorStatus)
        self.assertEqual(list(answer.json), KEYS)
        self.assertEqual(answer.json["errorCode"], code)
        self.assertIn(words, answer.json["description"])
        self.assertEqual([answer.json[key] for key in KEYS[:4]], [None] * 4)

    def test_forms(self) -> None:
        """
        The parameters can stand in the address of a GET or of a POST, or in a form.
        """
        for method, inForm in (("GET", False), ("POST", False), ("POST", True)):
            request = self.codeRequest(self.code())
            answer = self.fetch(method, "/apps/token", None if inForm else request, request if inForm else None)
            self.assertEqual(answer.status, 200)
            self.assertEqual(list(answer.json), KEYS)
            self.assertEqual((answer.json["tokenType"], answer.json["expiresIn"]), ("bearer", 2_628_000))
            self.assertEqual((answer.json["errorCode"], answer.json["description"]), (None, None))
            grant = self.registry.grant(self.application.clientId, answer.json["accessToken"])
            self.assertEqual(grant.refreshToken.reveal(), answer.json["refreshToken"])
            self.assertEqual(answer.header("cache-control"), "no-store")

    def test_heads(self) -> None:
        """
        Asking for a head buys and consents to nothing, and no address is logged, since secrets stand in it.
        """
        request = self.codeRequest(self.code())
        with capturedLogs() as events:
            for path in ("/apps/token", "/apps/auth", "/callback"):
                answer = self.fetch("HEAD", path, request)
                self.assertEqual((answer.status, answer.body), (405, ""))
        self.assertNotIn(request["code"], str(events))
        self.assertEqual(self.buy(request).status, 200)

    def test_quiet(self) -> None:
        """
        No address is logged, since secrets stand in it.
        """
        site = makeSite(self.exchange)
        site.startFactory()
        self.addCleanup(site.stopFactory)
        target = f"/apps/token?{urlencode(self.refreshRequest())}"
        with capturedLogs() as events:
            for method in ("GET", "PUT", "OPTIONS"):
                transport = StringTransport()
                connection = site.buildProtocol(transport.getPeer())
                connection.makeConnection(transport)
                connection.dataReceived(f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                self.assertIn(b"\r\n\r\n", transport.value())
                connection.connectionLost(Failure(ConnectionDone()))
        self.assertEqual([each for each in events if "refresh_token" in f"{each} {formatEvent(each)}"], [])

    def test_codeOnce(self) -> None:
        """
        A code is good once, for its application and its address.
        """
        used = self.code()
        self.buy(self.codeRequest(used))
        self.refused(self.codeRequest(used), words="unknown, used or expired")
        self.refused(self.codeRequest("guess"), words="unknown, used or expired")
        self.refused(self.codeRequest(self.code(), "http://127.0.0.1:1/"), words="redirect address")
        self.refused({**self.codeRequest(self.code()), **self.credentials(self.other)}, words="another application")

    def test_codeInTime(self) -> None:
        """
        A code is good for a minute and no longer.
        """
        first, second = self.code(), self.code()
        self.clock.advance(59.9)
        self.assertEqual(self.buy(self.codeRequest(first)).status, 200)
        self.clock.advance(0.1)
        self.refused(self.codeRequest(second), words="expired")

    def test_refreshOnce(self) -> None:
        """
        A refresh token is good once, for its application; a wrong attempt does no harm.
        """
        first = self.refreshRequest()
        self.refused({**first, **self.credentials(self.other)}, words="Invalid refresh token")
        pair = self.buy(first).json
        self.refused(first, words="Invalid refresh token")
        self.refused(self.refreshRequest("guess"))
        again = self.buy(self.refreshRequest(pair["refreshToken"])).json
        self.assertEqual(self.registry.grantNamed("trade").accessToken.reveal(), again["accessToken"])

    def test_expiredAccess(self) -> None:
        """
        The refresh token outlives the access token, and buys a full lifetime.
        """
        self.clock.advance(2_628_000 * 5)
        answer = self.buy(self.refreshRequest())
        self.assertEqual(answer.status, 200)
        grant = self.registry.grant(self.application.clientId, answer.json["accessToken"])
        self.assertEqual(grant.expires, self.clock.seconds() + 2_628_000)

    def test_wrongApplication(self) -> None:
        """
        A wrong secret, an unknown application and one that waits for its approval have a code of their own, and use
        nothing up.
        """
        request = self.codeRequest(self.code())
        inactive = self.registry.applicationNamed("inactive")
        for wrong, words in (
            ({"client_secret": "guess"}, "incorrect"),
            ({"client_id": "nobody"}, "incorrect"),
            (self.credentials(inactive), "not in active state"),
        ):
            self.refused({**request, **wrong}, "CH_CLIENT_AUTH_FAILURE", words)
        self.refused({}, "CH_CLIENT_AUTH_FAILURE")
        self.assertEqual(self.buy(request).status, 200)

    def test_otherKinds(self) -> None:
        """
        There are two kinds of grants.
        """
        self.refused({**self.credentials(), "grant_type": "password"}, words="grant_type")
        self.refused(self.credentials(), words="grant_type")


class StatusTests(TokenServiceTests):
    """
    The same with errors of status 200.
    """

    settings = Settings(tokenErrorStatus=200)


class _OrderCase(WebCase):
    """
    A refresh over HTTP under a client that is logged in.
    """

    events = ("ProtoOAAccountsTokenInvalidatedEvent", "ProtoOAAccountDisconnectEvent")

    def order(self) -> list[str]:
        """
        @return: what is sent, in its order.
        """
        client = RawClient(self.exchange)
        client.logIn()
        sent: list[str] = []
        finish, send = Request.finish, ServerProtocol.send

        def finished(request: Request) -> None:
            sent.append("answer")
            finish(request)

        def told(protocol: ServerProtocol, message: Any, clientMsgId: str | None = None) -> None:
            sent.append(type(message).__name__)
            send(protocol, message, clientMsgId)

        self.patch(Request, "finish", finished)
        self.patch(ServerProtocol, "send", told)
        self.buy(self.refreshRequest())
        return sent


class OrderTests(_OrderCase):
    """
    When clients hear of a refresh over HTTP.
    """

    def test_after(self) -> None:
        """
        They hear of it after the answer.
        """
        self.assertEqual(self.order(), ["answer", *self.events])

    def test_nobodyElse(self) -> None:
        """
        A refresh ends no session of another grant.
        """
        viewer = RawClient(self.exchange)
        viewer.logIn(grant="view")
        viewer.received()
        self.buy(self.refreshRequest())
        self.assertEqual(viewer.messages(), [])


class EarlyOrderTests(_OrderCase):
    """
    When clients hear of it, of a server that tells them first.
    """

    settings = Settings(rotationMoment=RotationMoment.BEFORE_ANSWER)

    def test_before(self) -> None:
        """
        They hear of it before the answer.
        """
        self.assertEqual(self.order(), [*self.events, "answer"])
