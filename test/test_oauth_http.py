"""
Tests of L{ctrader_twisted.oauth.http}, and of what it is made of.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL.SSL import Error as TlsError
from treq.client import HTTPClient
from treq.testing import RequestTraversalAgent
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError, TimeoutError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from ctrader_twisted import Application, OAuth, Secret, Services, TokenPair
from ctrader_twisted.errors import (
    ApplicationInactive,
    ApplicationRefused,
    CertificateRefused,
    ConfigurationError,
    ConnectFailed,
    ConnectionLost,
    CTraderError,
    HostNameRefused,
    RequestRefused,
    RequestTimedOut,
    TokenAnswerUnreadable,
    TokenRefused,
    TokenServiceFailed,
)
from ctrader_twisted.oauth.answers import BY_CODE, BY_REFRESH_TOKEN, Answer, Purchase, harmless, readAnswer
from ctrader_twisted.oauth.redirect import codeFrom
from ctrader_twisted.simulator import authority
from ctrader_twisted.simulator.exchange import Exchange as SimulatedExchange
from ctrader_twisted.simulator.oauth import makeSite
from ctrader_twisted.wire import endpoints, trustFile

from .oauthcase import CODE, NOW, PATIENCE, REDIRECT, REFRESH, SECRET, SECRETS, Exchange, Heard, OAuthCase

GOOD = {
    "accessToken": "access",
    "tokenType": "bearer",
    "expiresIn": 2628000,
    "refreshToken": "refresh",
    "errorCode": None,
    "description": None,
}


def body(**changes: Any) -> bytes:
    """
    @return: what the service answers when all is well, with some changes.
    """
    return json.dumps({**GOOD, **changes}).encode()


class RequestTests(OAuthCase):
    """
    What is sent, and what comes of a good answer.
    """

    def test_exchange(self) -> None:
        """
        A code is exchanged with one GET, and the tokens are told with the times of this machine.
        """
        bought = self.oauth.exchangeCode(CODE, "trading")
        exchange = self.exchange()
        self.assertTrue(exchange.request.startswith(b"GET /apps/token?"))
        self.assertIn(b"Accept: application/json\r\n", exchange.request)
        self.assertEqual(
            exchange.parameters,
            {
                "grant_type": "authorization_code",
                "code": CODE,
                "redirect_uri": REDIRECT,
                "client_id": "12_client",
                "client_secret": SECRET,
            },
        )
        self.assertNoResult(bought)
        exchange.answer(body())
        self.assertEqual(
            self.successResultOf(bought),
            TokenPair("access", "refresh", issued=NOW, expires=NOW + 2_628_000_000, scope="trading"),
        )
        self.assertTrue(exchange.ended)

    def test_refresh(self) -> None:
        """
        So is a refresh token, and what is known of the grant stays with the tokens.
        """
        bought = self.oauth.refresh(Secret(REFRESH), scope="accounts", userId=7)
        exchange = self.exchange()
        self.assertEqual(
            exchange.parameters,
            {
                "grant_type": "refresh_token",
                "refresh_token": REFRESH,
                "client_id": "12_client",
                "client_secret": SECRET,
            },
        )
        exchange.answer(body())
        pair = self.successResultOf(bought)
        self.assertEqual((pair.scope, pair.userId, pair.refreshToken), ("accounts", 7, Secret("refresh")))

    def test_noNewRefreshToken(self) -> None:
        """
        If the answer names no new refresh token, the old one is kept.
        """
        bought = self.oauth.refresh(REFRESH)
        self.exchange().answer(body(refreshToken=None))
        self.assertEqual(self.successResultOf(bought).refreshToken, Secret(REFRESH))

    def test_tokenUrlWithQuery(self) -> None:
        """
        What the address of the service asks by itself is asked, too.
        """
        oauth = OAuth(
            self.reactor,
            Application("12_client", SECRET),
            services=Services("http://localhost/auth", "http://localhost:8080/token?kind=x%20y"),
        )
        bought = oauth.refresh(REFRESH)
        ((_, port, factory, *_),) = self.reactor.tcpClients
        self.assertEqual(port, 8080)
        self.assertEqual(Exchange(factory).parameters["kind"], "x y")
        bought.cancel()
        self.refused(bought, CancelledError)

    def test_pieces(self) -> None:
        """
        An answer may come in pieces, without its length, compressed, or after a provisional one.
        """
        whole = body()
        packed = gzip.compress(whole)
        for head, came in (
            (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(whole), whole),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(whole), whole + b"\r\n0\r\n\r\n"),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n", whole),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed), packed),
        ):
            bought = self.oauth.refresh(REFRESH)
            exchange = self.exchange()
            for index in range(len(head + came)):
                exchange.write((head + came)[index : index + 1])
            if b"1.0" in head:
                exchange.cut()
            self.assertEqual(self.successResultOf(bought).accessToken, Secret("access"))
            self.reactor.tcpClients.clear()

    def test_ownTime(self) -> None:
        """
        A call can be given more time than the others.
        """
        bought = self.oauth.refresh(REFRESH, timeout=900)
        exchange = self.exchange()
        self.reactor.advance(890)
        exchange.answer(body())
        self.successResultOf(bought)

    def test_nothingToSend(self) -> None:
        """
        Without a redirect address no code is exchanged; an empty code or token is none.
        """
        oauth = OAuth(self.reactor, Application("12_client", SECRET))
        self.assertIn("redirectUri", str(self.refused(oauth.exchangeCode(CODE), ConfigurationError)))
        self.refused(self.oauth.exchangeCode(""), ValueError)
        self.refused(self.oauth.refresh(""), ValueError)
        self.assertEqual(self.reactor.tcpClients, [])

    def test_authorizationUrl(self) -> None:
        """
        The address that asks a person is that of the same services.
        """
        self.assertEqual(
            self.oauth.authorizationUrl("trading", state="1"),
            "http://127.0.0.1/apps/auth?client_id=12_client&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback"
            "&scope=trading&state=1",
        )


class FailureTests(OAuthCase):
    """
    What goes wrong on the way.
    """

    def test_refusedConnection(self) -> None:
        """
        If there is no connection, nothing was sent.
        """
        bought = self.oauth.refresh(REFRESH)
        self.notConnected(ConnectionRefusedError())
        self.assertIn("no connection could be made", str(self.refused(bought, ConnectFailed)))

    def notConnected(self, reason: Exception) -> None:
        """
        Fail the attempt to connect.
        """
        ((_, _, factory, _, _),) = self.reactor.tcpClients
        factory.clientConnectionFailed(self.reactor.connectors[-1], Failure(reason))

    def test_unknownHost(self) -> None:
        """
        So if the name of the host leads nowhere.
        """
        self.patch(self.reactor.nameResolver, "resolveHostName", _leadsNowhere)
        self.assertIn("cannot be resolved", str(self.refused(self.oauth.refresh(REFRESH), ConnectFailed)))

    def test_notReached(self) -> None:
        """
        So if the host does not answer, by the network's patience and by the caller's.
        """
        self.assertIn("30 s", str(self.afterWaiting(PATIENCE, ConnectFailed)))
        self.reactor.tcpClients.clear()
        bought = self.oauth.refresh(REFRESH, timeout=900)
        self.notConnected(TimeoutError())
        self.assertIn("does not answer", str(self.refused(bought, ConnectFailed)))

    def afterWaiting(self, seconds: float, kind: type[Exception]) -> Exception:
        """
        Refresh, and wait; nothing happens before the end.
        """
        bought = self.oauth.refresh(REFRESH)
        self.reactor.advance(seconds - 0.1)
        self.assertNoResult(bought)
        self.reactor.advance(0.1)
        return self.refused(bought, kind)

    def test_slowName(self) -> None:
        """
        So if the name of the host is looked up for too long.
        """
        self.patch(self.reactor.nameResolver, "resolveHostName", _neverEnds)
        self.assertIn("not reached", str(self.afterWaiting(PATIENCE, ConnectFailed)))

    def test_noAnswer(self) -> None:
        """
        If the answer does not come in time, the token may be used up; the connection is ended.
        """
        bought = self.oauth.refresh(REFRESH)
        exchange = self.exchange()
        self.reactor.advance(PATIENCE)
        error = self.refused(bought, RequestTimedOut)
        self.assertEqual(str(error), "the token refresh: no answer within 30 s")
        self.assertIn("The refresh token may be used up", error.explain())
        self.assertTrue(exchange.ended)

    def test_slowAnswer(self) -> None:
        """
        The time counts until the end of the answer, not only to its beginning.
        """
        bought = self.oauth.exchangeCode(CODE)
        exchange = self.exchange()
        self.reactor.advance(PATIENCE - 1)
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        self.reactor.advance(1)
        error = self.refused(bought, RequestTimedOut)
        self.assertIn("The code may be used up", error.explain())
        self.assertTrue(exchange.ended)
        exchange.cut()

    def test_cut(self) -> None:
        """
        A connection that is cut after the request was sent fails it at whatever byte of the answer, and it is not sent
        again.
        """
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body()
        for length in (0, 5, 20, 38, 45, len(whole)):
            bought = self.oauth.refresh(REFRESH)
            exchange = self.exchange()
            if length:
                exchange.write(whole[:length])
            exchange.cut()
            error = self.refused(bought, ConnectionLost)
            self.assertTrue(error.maybeSent)
            self.assertEqual(
                str(error),
                "the token refresh: the connection was lost (the connection was cut); it may have been executed",
            )
            self.assertIn("try once more", error.explain())
            self.reactor.advance(1000)
            self.assertEqual(len(self.reactor.tcpClients), 1)
            self.reactor.tcpClients.clear()

    def test_brokenTls(self) -> None:
        """
        If TLS breaks, it is not known when: the request may have been sent.
        """
        bought = self.oauth.refresh(REFRESH)
        self.exchange().cut(TlsError([("SSL routines", "", "bad record mac")]))
        self.assertIn("TLS failed: bad record mac", str(self.refused(bought, ConnectionLost)))

    def test_noPersistentConnection(self) -> None:
        """
        A connection is used once, even if the service would keep it: Twisted sends what it sends on a used connection
        again if that is lost.
        """
        first = self.oauth.refresh(REFRESH)
        exchange = self.exchange()
        self.assertIn(b"Connection: close\r\n", exchange.request)
        exchange.answer(body(), headers=b"Connection: keep-alive\r\n")
        self.successResultOf(first)
        second = self.oauth.refresh(REFRESH)
        self.assertEqual(len(self.reactor.tcpClients), 2)
        Exchange(self.reactor.tcpClients[-1][2]).cut()
        self.refused(second, ConnectionLost)
        self.assertEqual(len(self.reactor.tcpClients), 2)
        self.assertEqual(exchange.request.count(b"GET"), 1)

    def test_noHttp(self) -> None:
        """
        What is no HTTP, and even repeats what was sent, fails the request without repeating it once more.
        """
        for echo in (lambda sent: sent, lambda sent: b"HTTP/1.1 200 OK\r\nContent-Length: " + sent.split(b" ")[1]):
            bought = self.oauth.refresh(REFRESH)
            exchange = self.exchange()
            exchange.write(echo(exchange.request) + b"\r\n\r\n")
            self.assertIn("it ended with", str(self.refused(bought, ConnectionLost)))
            self.reactor.tcpClients.clear()

    def test_badCompression(self) -> None:
        """
        So does what cannot be unpacked.
        """
        bought = self.oauth.refresh(REFRESH)
        exchange = self.exchange()
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n")
        exchange.write(b"0123456789")
        self.refused(bought, ConnectionLost)

    def test_clientThatRaises(self) -> None:
        """
        An HTTP client that raises what it was asked for cannot give it away.
        """

        class Client:
            def get(self, url: str, *, params: dict[str, str], **options: Any) -> Deferred[Any]:
                raise ValueError(f"{url} {params}")

        oauth = OAuth(self.reactor, Application("12_client", SECRET), http=Client())
        self.assertIn("ValueError", str(self.refused(oauth.refresh(REFRESH), ConnectionLost)))

    def test_tooLong(self) -> None:
        """
        No more than 64 KiB are read, and the end of the connection does not depend on the service.
        """
        bought = self.oauth.refresh(REFRESH)
        exchange = self.exchange()
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
        exchange.write(b" " * 65536)
        self.assertNoResult(bought)
        self.assertFalse(exchange.ended)
        exchange.write(b" ")
        error = self.refused(bought, TokenAnswerUnreadable)
        self.assertIn("more than 65536 bytes", str(error))
        self.assertEqual(exchange.transport.producerState, "stopped")
        exchange.write(b" " * 65536)
        exchange.cut()

    def test_longest(self) -> None:
        """
        But 64 KiB are.
        """
        bought = self.oauth.refresh(REFRESH)
        self.exchange().answer(body().ljust(65536))
        self.successResultOf(bought)

    def test_cancelled(self) -> None:
        """
        Cancelling ends the connection, in whatever state it is.
        """
        for said in (b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"):
            bought = self.oauth.refresh(REFRESH)
            exchange = self.exchange()
            if said:
                exchange.write(said)
            bought.cancel()
            self.refused(bought, CancelledError)
            self.assertTrue(exchange.ended)
            self.reactor.tcpClients.clear()

    def test_cancelledEarly(self) -> None:
        """
        So it does while the connection is made, and while its host is looked for.
        """
        bought = self.oauth.refresh(REFRESH)
        bought.cancel()
        self.refused(bought, CancelledError)
        self.assertTrue(self.reactor.connectors[0].stoppedConnecting)
        self.patch(self.reactor.nameResolver, "resolveHostName", _neverEnds)
        bought = self.oauth.refresh(REFRESH)
        bought.cancel()
        self.refused(bought, CancelledError)

    def test_noRedirect(self) -> None:
        """
        Tokens are not asked for where the service points to.
        """
        for status in (301, 302, 303, 307, 308):
            bought = self.oauth.refresh(REFRESH)
            self.exchange().answer(body(), status, b"Location: http://127.0.0.1:81/\r\n")
            error = self.refused(bought, TokenServiceFailed)
            self.assertEqual(error.status, status)
            self.assertIn("points to another address", str(error))
            self.assertEqual(len(self.reactor.tcpClients), 1)
            self.reactor.tcpClients.clear()


def _leadsNowhere(receiver: Any, hostName: str, **_: object) -> None:
    receiver.resolutionComplete()


def _neverEnds(receiver: Any, hostName: str, **_: object) -> None:
    """
    Look for a host for ever.
    """


class AnswerTests(SynchronousTestCase):
    """
    What the answers mean.
    """

    def read(self, came: bytes, status: int = 200, purchase: Purchase = BY_REFRESH_TOKEN) -> TokenPair:
        """
        @return: what an answer holds.
        """
        return readAnswer(purchase, Answer(status, came), [Secret(each) for each in SECRETS], NOW)

    def refusal(self, kind: type[Exception], came: bytes, status: int = 200, purchase: Purchase = BY_CODE) -> Any:
        """
        @return: the error that an answer makes, which is of just this kind.
        """
        with self.assertRaises(CTraderError) as caught:
            self.read(came, status, purchase)
        self.assertIs(type(caught.exception), kind)
        return caught.exception

    def test_spellings(self) -> None:
        """
        Scenario 50: The names of the fields are read as cTrader writes them, and else as the standard does.
        """
        old = b'{"access_token": "a", "refresh_token": "r", "expires_in": 5, "token_type": "bearer"}'
        self.assertEqual(self.read(old), TokenPair("a", "r", issued=NOW, expires=NOW + 5000))
        both = b'{"access_token": "no", "accessToken": "a", "refreshToken": null, "refresh_token": "r"}'
        self.assertEqual(self.read(both), TokenPair("a", "r", issued=NOW))

    def test_lifetimes(self) -> None:
        """
        The lifetime is used as it comes, as a number or as digits; if it is missing, it is not known.
        """
        for lasts, seconds in ((0, 0), (1, 1), ("2628000", 2628000), (2628000.0, 2628000), (10**10, 10**10)):
            self.assertEqual(self.read(body(expiresIn=lasts)).expires, NOW + seconds * 1000)
        for nothing in (None, ""):
            self.assertIsNone(self.read(body(expiresIn=nothing)).expires)

    def test_noLifetimes(self) -> None:
        """
        What is no number of seconds tells nothing; the tokens are kept, since they are nowhere else.
        """
        lasts: object
        for lasts in ("soon", "-1", "1.5", "٣", "9" * 5000, -1, 10**10 + 1, 1e300, True, [], {}, float("nan")):
            self.assertIsNone(self.read(body(expiresIn=lasts)).expires)

    def test_hidden(self) -> None:
        """
        An answer does not show what is in it.
        """
        self.assertNotIn("access", repr(Answer(200, body())))

    def test_noTokens(self) -> None:
        """
        What holds no tokens is told apart from a refusal, with what to look at.
        """
        for came in (
            b"",
            b"<!DOCTYPE html><title>Welcome</title>",
            b"\xff\xfe\x00",
            b"null",
            b"[]",
            b'"accessToken"',
            b"{}",
            b"[" * 60_000,
            b'{"accessToken": ' + b"9" * 5000 + b"}",
            body(accessToken=None),
            body(accessToken=""),
            body(accessToken=5),
            body(accessToken={"a": 1}),
            body(accessToken="\ud800"),
            body(accessToken="a\nb"),
            body(refreshToken=5),
            body(refreshToken="é"),
        ):
            error = self.refusal(TokenAnswerUnreadable, came)
            self.assertEqual(error.status, 200)
            self.assertIn("the code exchange: the token service answered with something", str(error))
            self.assertIn("proxy", error.explain())

    def test_statusAlone(self) -> None:
        """
        A status that tells of a failure, with a page for people or with nothing, is the service's failure.
        """
        for status, words in ((503, "503 Service Unavailable"), (404, "404 Not Found"), (599, "599"), (400, "400")):
            for came in (b"", b"<html>", b"{}", body()):
                error = self.refusal(TokenServiceFailed, came, status)
                self.assertEqual(error.status, status)
                self.assertIn(f"HTTP status {words}", str(error))

    def test_refusedCode(self) -> None:
        """
        A code that is refused, with whatever status, is explained: a new login is needed.
        """
        for status in (200, 400, 401, 500):
            came = b'{"accessToken":null,"errorCode":"ACCESS_DENIED","description":"The code is used"}'
            error = self.refusal(TokenRefused, came, status)
            self.assertEqual((error.code, error.description), ("ACCESS_DENIED", "The code is used"))
            self.assertEqual(
                error.explain(),
                "The server refused the code exchange with ACCESS_DENIED, and says: The code is used. Log in again: a "
                "code is good once, for about a minute, and only with the redirect address that it came to. Without a "
                "good token the account stays logged out.",
            )

    def test_refusedRefreshToken(self) -> None:
        """
        A refresh token that is refused is explained otherwise, whatever the code for it.
        """
        for code in ("ACCESS_DENIED", "CH_ACCESS_TOKEN_INVALID"):
            error = self.refusal(TokenRefused, body(errorCode=code), purchase=BY_REFRESH_TOKEN)
            self.assertIn(f"the token refresh: {code}; a refresh token is good once", str(error))

    def test_refusedApplication(self) -> None:
        """
        Wrong credentials of the application, one that is not active yet, and codes that nobody knows have their own
        classes.
        """
        for code, description, kind in (
            ("CH_CLIENT_AUTH_FAILURE", "clientId or clientSecret is incorrect", ApplicationRefused),
            ("CH_OA_CLIENT_NOT_FOUND", "", ApplicationRefused),
            ("CH_CLIENT_AUTH_FAILURE", "OA client is not in active state", ApplicationInactive),
            ("SOMETHING_NEW", "", RequestRefused),
        ):
            error = self.refusal(kind, body(errorCode=code, description=description), 400)
            self.assertEqual((error.code, error.description), (code, description))

    def test_otherRefusals(self) -> None:
        """
        The standard's names for a refusal are understood, and a code need not be a text.
        """
        error = self.refusal(RequestRefused, b'{"error": "invalid_grant", "error_description": "No."}', 400)
        self.assertEqual((error.code, error.description), ("invalid_grant", "No."))
        error = self.refusal(RequestRefused, body(errorCode=17, description=["x"]))
        self.assertEqual((error.code, error.description), ("17", ""))
        nothing: object
        for nothing in (0, False, "", {}, []):
            self.read(body(errorCode=nothing))

    def test_harmless(self) -> None:
        """
        What the service says is one line of limited length, without the secrets that were sent.
        """
        secrets = (Secret("se/cr et"), Secret("se"), Secret("be\x07ll"))
        for said, left in (
            ("no se/cr et here", "no *** here"),
            ("GET /?a=se%2Fcr+et&b=se%2Fcr%20et", "GET /?a=***&b=***"),
            ("GET /?a=se%2fcr+et&b=se/cr%20et", "GET /?a=***&b=***"),
            ("se/cr\net", "***"),
            ("be\x07ll", "***"),
            ("a\x1b[31m\r\nb\u2028c", "a [31m  b c"),
            ("x" * 201, "x" * 200 + "…"),
            ("\ud800 ", ""),
        ):
            self.assertEqual(harmless(said, secrets), left)
        self.assertEqual(harmless("a &lt;b", (Secret("<b"),)), "a ***")

    @settings(deadline=None)
    @given(
        st.one_of(
            st.binary(),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(SECRETS),
                lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(GOOD)) | st.text(), inner),
            ).map(lambda found: json.dumps(found).encode()),
            st.fixed_dictionaries(
                {},
                optional={
                    name: st.none()
                    | st.integers()
                    | st.text()
                    | st.builds("{}{}{}".format, st.text(), st.sampled_from(SECRETS), st.text())
                    for name in (*GOOD, "access_token", "refresh_token", "expires_in", "error", "error_description")
                },
            ).map(lambda found: json.dumps(found).encode()),
        ),
        st.integers(200, 599),
        st.sampled_from((BY_CODE, BY_REFRESH_TOKEN)),
    )
    def test_anything(self, came: bytes, status: int, purchase: Purchase) -> None:
        """
        Whatever comes is tokens or an error of this package, which holds no secret that was sent.
        """
        try:
            pair = self.read(came, status, purchase)
        except CTraderError as error:
            written = f"{error} {error!r} {error.explain()} {error.__dict__}"
            for secret in SECRETS:
                self.assertNotIn(secret, written)
            self.assertIsNone(error.__context__)
        else:
            self.assertIsInstance(pair, TokenPair)


class SimulatorTests(SynchronousTestCase):
    """
    Against the simulator's services.
    """

    def setUp(self) -> None:
        """
        Make the services, and a client of theirs.
        """
        self.clock = Clock()
        self.simulated = SimulatedExchange.default(self.clock)
        known = self.simulated.registry.applicationNamed("standard")
        self.application = Application(known.clientId, known.clientSecret)
        self.agent = RequestTraversalAgent(makeSite(self.simulated).resource)

    def oauth(self, application: Application | None = None) -> OAuth:
        """
        @return: a client of the services.
        """
        return OAuth(
            self.clock,
            application or self.application,
            redirectUri=REDIRECT,
            services=Services("http://127.0.0.1/apps/auth?auto=1", "http://127.0.0.1/apps/token"),
            http=HTTPClient(self.agent),
            wallClock=lambda: NOW,
        )

    def code(self) -> Secret:
        """
        @return: the code that a consent gave.
        """
        url = self.oauth().authorizationUrl("trading", state="mine")
        response = self.successResultOf(self.agent.request(b"GET", url.encode()))
        (location,) = response.headers.getRawHeaders(b"location")
        return codeFrom(location.decode("ascii"), REDIRECT, state="mine")

    def test_wholeFlow(self) -> None:
        """
        From consent to tokens, and from these to the next ones; each is good once.
        """
        code = self.code()
        first = self.successResultOf(self.oauth().exchangeCode(code, "trading"))
        self.assertEqual((first.scope, first.issued), ("trading", NOW))
        assert first.refreshToken is not None and first.expires is not None
        self.assertGreater(first.expires, NOW)
        second = self.successResultOf(self.oauth().refresh(first.refreshToken, scope=first.scope))
        self.assertNotIn(second.refreshToken, (first.refreshToken, None))
        self.failureResultOf(self.oauth().exchangeCode(code), TokenRefused)
        self.failureResultOf(self.oauth().refresh(first.refreshToken), TokenRefused)

    def test_wrongSecret(self) -> None:
        """
        With a wrong client secret the application is refused.
        """
        oauth = self.oauth(Application(self.application.clientId, "wrong-s3cret"))
        error = self.failureResultOf(oauth.exchangeCode(self.code())).value
        self.assertIsInstance(error, ApplicationRefused)
        self.assertNotIn("wrong-s3cret", error.explain())


class Silent(Protocol):
    """
    Hears and says nothing.
    """


class CertificateTests(TestCase):
    """
    The default client, over TLS on the loopback interface.
    """

    def setUp(self) -> None:
        """
        Make an authority.
        """
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.heard = Heard(self)

    def oauth(self, *, trusted: bool) -> OAuth:
        """
        @return: a client of a service that listens now; whether the platform trusts its authority.
        """
        made = authority.Authority(self.folder, datetime.now(UTC))
        root = Resource()
        root.putChild(b"token", Data(body(), "application/json"))
        self.served: list[object] = []
        site = Site(root)
        self.patch(site, "log", self.served.append)
        port = self.reactor.listenSSL(0, site, made.serverOptions(), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        if trusted:
            self.patch(endpoints, "_platformTrust", lambda: trustFile(made.caFile))
        address = f"https://127.0.0.1:{port.getHost().port}/token"
        return OAuth(self.reactor, Application("12_client", SECRET), services=Services(address, address))

    async def test_trusted(self) -> None:
        """
        A service whose certificate the platform trusts is asked, and nothing secret is logged.
        """
        pair = await self.oauth(trusted=True).refresh(REFRESH)
        self.assertEqual(pair.accessToken, Secret("access"))
        self.assertTrue(any("_HTTP11ClientFactory" in each for each in self.heard.texts))
        for secret in (SECRET, REFRESH):
            self.assertFalse([each for each in self.heard.texts if secret[:20] in each])

    async def test_untrusted(self) -> None:
        """
        Another one is not.
        """
        with self.assertRaises(CertificateRefused):
            await self.oauth(trusted=False).refresh(REFRESH)
        self.assertEqual(self.served, [])

    async def test_wrongName(self) -> None:
        """
        Nor is one whose certificate is for another name.
        """
        self.patch(authority, "_GENERAL_NAMES", (x509.DNSName("simulator.invalid"),))
        with self.assertRaises(HostNameRefused):
            await self.oauth(trusted=True).refresh(REFRESH)
        self.assertEqual(self.served, [])

    async def test_nobodyListens(self) -> None:
        """
        A port on which nobody listens is told of as such.
        """
        port = self.reactor.listenTCP(0, Factory.forProtocol(Silent), interface="127.0.0.1")
        address = f"http://127.0.0.1:{port.getHost().port}/token"
        await port.stopListening()
        oauth = OAuth(self.reactor, Application("12_client", SECRET), services=Services(address, address))
        with self.assertRaises(ConnectFailed):
            await oauth.refresh(REFRESH)
