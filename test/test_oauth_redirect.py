"""
Tests of L{ctrader_twisted.oauth.redirect}, and of the web site that it opens.
"""

from __future__ import annotations

import errno
import os
import tempfile
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted import Secret
from ctrader_twisted.errors import ConfigurationError, ConsentDenied, PortBusy
from ctrader_twisted.oauth import RedirectCatcher, codeFrom

from .oauthcase import Heard

REDIRECT = "http://127.0.0.1:8765/callback"
STATE = "the-state"
CODE = "c0de-of-the-consent"


class CodeFromTests(SynchronousTestCase):
    """
    What a person pastes.
    """

    def refusal(self, url: str, redirectUri: str = REDIRECT, **options: Any) -> str:
        """
        @return: the words with which an address is refused; they hold no code.
        """
        with self.assertRaises(ConfigurationError) as caught:
            codeFrom(url, redirectUri, state=STATE, **options)
        self.assertNotIn(CODE, f"{caught.exception} {caught.exception.__context__}")
        return str(caught.exception)

    def denial(self, query: str) -> str:
        """
        @return: the words with which a denied consent is told.
        """
        with self.assertRaises(ConsentDenied) as caught:
            codeFrom(f"{REDIRECT}{query}", REDIRECT, state=STATE)
        return str(caught.exception)

    def test_code(self) -> None:
        """
        The code is found, with a state and without, and shows itself nowhere; spaces and broken lines do not matter.
        """
        for url in (
            f"{REDIRECT}?code={CODE}",
            f"  {REDIRECT}?code={CODE}&state={STATE}\n",
            f"HTTP://127.0.0.1:8765/call\n back?state={STATE}&more=1&code={CODE[:5]}\r\n{CODE[5:]}#top",
        ):
            code = codeFrom(url, REDIRECT, state=STATE)
            self.assertEqual(code, Secret(CODE))
            self.assertEqual(f"{code} {code!r}", "*** ***")

    def test_sameAddress(self) -> None:
        """
        Addresses are compared as browsers show them.
        """
        for redirectUri, url in (
            ("http://localhost", "http://localhost/?code=1"),
            ("http://localhost:80/", "http://LOCALHOST/?code=1"),
            ("https://example.com/a", "https://example.com:443/a?code=1"),
            ("http://[::1]:8765/a?b=c&d=e", "http://[::1]:8765/a?d=e&b=c&code=1"),
            ("http://localhost/<zurück>", "http://localhost/%3Czur%C3%BCck%3E?code=1"),
            ("http://localhost/<zurück>", "http://localhost/<zurück>?code=1"),
            ("http://localhost/%41;a=(b)", "http://localhost/%41;a=(b)?code=1"),
        ):
            self.assertEqual(codeFrom(url, redirectUri, state=STATE), Secret("1"))

    def test_otherAddress(self) -> None:
        """
        Another address is refused with what to copy instead; so is a bare code.
        """
        for url in (
            "",
            CODE,
            f"?code={CODE}",
            f"127.0.0.1:8765/callback?code={CODE}",
            f"https://127.0.0.1:8765/callback?code={CODE}",
            f"http://127.0.0.1:8766/callback?code={CODE}",
            f"http://127.0.0.1:99999/callback?code={CODE}",
            f"http://127.0.0.1:0/callback?code={CODE}",
            f"http://localhost:8765/callback?code={CODE}",
            f"http://127.0.0.1:8765/callback/?code={CODE}",
            f"http://127.0.0.1:8765/?code={CODE}",
            f"http://[::1?code={CODE}",
            f"http://\u2100/?code={CODE}",
        ):
            self.assertIn(f"begins with {REDIRECT}; copy all of it", self.refusal(url))
        self.refusal(f"{REDIRECT}?code={CODE}", f"{REDIRECT}?own=1")
        self.assertIn("redirectUri", self.refusal(f"{REDIRECT}?code={CODE}", "callback"))

    def test_state(self) -> None:
        """
        Scenario 50: A wrong state is refused; a missing one only where the service is known to send it.
        """
        self.assertIn("another login", self.refusal(f"{REDIRECT}?code={CODE}&state=other"))
        self.assertIn("another login", self.refusal(f"{REDIRECT}?error=access_denied&state=other"))
        self.assertIn("another login", self.refusal(f"{REDIRECT}?code={CODE}", needsState=True))
        url = f"{REDIRECT}?code={CODE}&state={STATE}"
        self.assertEqual(codeFrom(url, REDIRECT, state=STATE, needsState=True), Secret(CODE))

    def test_denied(self) -> None:
        """
        A consent that was denied is told with the reason, as far as it is known, in one line.
        """
        self.assertEqual(self.denial("?error=access_denied"), "access was denied on the page that asked for it")
        self.assertEqual(
            self.denial(f"?error=server%0A_error&error_description=It+%1B[31mbroke&code={CODE}"),
            "access was not granted: server _error (It  [31mbroke)",
        )
        self.assertEqual(self.denial("?error=x"), "access was not granted: x")
        for query in ("", "?", "?code=", "?something=else"):
            self.assertIn("without a code", self.denial(query))

    @settings(deadline=None)
    @given(st.text(min_size=1), st.text(), st.lists(st.tuples(st.sampled_from("abc"), st.text())))
    def test_oddCharacters(self, code: str, state: str, more: list[tuple[str, str]]) -> None:
        """
        Whatever characters a code and a state have, they arrive.
        """
        url = f"{REDIRECT}?{urlencode([*more, ('code', code), ('state', state)])}"
        self.assertEqual(codeFrom(url, REDIRECT, state=state), Secret(code))

    @settings(deadline=None)
    @given(st.text(), st.sampled_from(("", REDIRECT, f"{REDIRECT}?", f"{REDIRECT}?error=")))
    def test_anything(self, text: str, before: str) -> None:
        """
        Whatever is pasted, it is a code or an error of this package.
        """
        try:
            code = codeFrom(f"{before}{text}", REDIRECT, state=STATE)
        except (ConfigurationError, ConsentDenied) as error:
            self.assertTrue(str(error).isprintable())
        else:
            self.assertTrue(code.reveal())


class Browser:
    """
    One connection of a browser.

    @ivar transport: what the site writes to.
    """

    def __init__(self, factory: Any) -> None:
        """
        Connect.
        """
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 50000))
        self._site = factory.buildProtocol(self.transport.getPeer())
        self._site.makeConnection(self.transport)

    def ask(self, target: str, method: str = "GET", host: str = "Host: 127.0.0.1:8765\r\n") -> str:
        """
        @return: what the site answers.
        """
        self.transport.clear()
        self._site.dataReceived(f"{method} {target} HTTP/1.1\r\n{host}\r\n".encode())
        return bytes(self.transport.value()).decode()

    def send(self, data: bytes) -> None:
        """
        Send something, as it is.
        """
        self._site.dataReceived(data)

    def close(self) -> None:
        """
        The connection has ended.
        """
        self._site.connectionLost(Failure(ConnectionDone()))


class CatcherTests(SynchronousTestCase):
    """
    The site, in memory.
    """

    def setUp(self) -> None:
        """
        Listen, and hear what is logged.
        """
        self.reactor = MemoryReactorClock()
        self.heard = Heard(self)
        self.addCleanup(self.nothingLogged)
        self.catcher = self.listening()
        self.caught = self.catcher.whenCaught()

    def listening(self, redirectUri: str = REDIRECT, **options: Any) -> RedirectCatcher:
        """
        @return: a catcher that listens.
        """
        catcher = RedirectCatcher(self.reactor, redirectUri, state=STATE, **options)
        catcher.listen()
        return catcher

    def nothingLogged(self) -> None:
        """
        No log event holds the code.
        """
        for text in self.heard.texts:
            self.assertNotIn(CODE, text)

    def browser(self) -> Browser:
        """
        @return: a connection to the newest catcher.
        """
        return Browser(self.reactor.tcpServers[-1][1])

    def ignored(self, answer: str, status: int) -> None:
        """
        An answer has a status and a page, and the catcher goes on waiting.
        """
        self.assertTrue(answer.startswith(f"HTTP/1.1 {status} "), answer)
        self.page(answer)
        self.assertNoResult(self.caught)

    def page(self, answer: str) -> str:
        """
        @return: the page in an answer, whose head says what the head of each must.
        """
        head, _, body = answer.partition("\r\n\r\n")
        lines = head.lower().split("\r\n")
        self.assertIn("cache-control: no-store", lines)
        self.assertIn("referrer-policy: no-referrer", lines)
        self.assertIn("content-type: text/html; charset=utf-8", lines)
        self.assertTrue(body.startswith('<!DOCTYPE html>\n<html lang="en">\n'), body)
        return body

    def test_loopbackOnly(self) -> None:
        """
        Nobody but this machine can come.
        """
        ports = (
            (REDIRECT, 8765, "127.0.0.1"),
            ("http://localhost:81/", 81, "127.0.0.1"),
            ("http://[::1]:82", 82, "::1"),
            ("http://localhost/callback", 80, "127.0.0.1"),
        )
        for redirectUri, number, interface in ports:
            self.listening(redirectUri)
            port, _, _, listened = self.reactor.tcpServers[-1]
            self.assertEqual((port, listened), (number, interface))

    def test_unusable(self) -> None:
        """
        An address at which a browser cannot be caught is refused.
        """
        for redirectUri in (
            "",
            "https://127.0.0.1:8765/callback",
            "http://example.com/callback",
            "http://0.0.0.0:8765/callback",
            "http://127.0.0.1:0/callback",
            "http://user@127.0.0.1:8765/callback",
        ):
            with self.assertRaisesRegex(ConfigurationError, "redirectUri"):
                RedirectCatcher(self.reactor, redirectUri, state=STATE)

    def test_code(self) -> None:
        """
        Scenario 50: A redirect without a state brings the code, to everybody who waits, and the user can close the
        window.
        """
        others = [self.catcher.whenCaught(), self.catcher.whenCaught()]
        others[0].cancel()
        self.failureResultOf(others[0], CancelledError)
        body = self.page(self.browser().ask(f"/callback?code={CODE}"))
        self.assertIn("You can close this window now.", body)
        self.assertNotIn(CODE, body)
        for each in (self.caught, others[1], self.catcher.whenCaught()):
            self.assertEqual(self.successResultOf(each), Secret(CODE))

    def test_pageFirst(self) -> None:
        """
        The page is written before anybody hears of the code, who may stop at once.
        """
        browser = self.browser()
        stopped = self.caught.addCallback(lambda _: (len(browser.transport.value()), self.catcher.stop()))
        answer = browser.ask(f"/callback?code={CODE}&state={STATE}")
        written, _ = self.successResultOf(stopped)
        self.assertEqual(written, len(answer))
        self.page(answer)
        self.assertTrue(browser.transport.disconnecting)

    def test_once(self) -> None:
        """
        Scenario 50: A second redirect changes nothing.
        """
        self.assertIn("close this window", self.browser().ask(f"/callback?code={CODE}"))
        for query in (f"?code={CODE}", "?code=another", "?error=access_denied", ""):
            self.assertIn("HTTP/1.1 404 ", self.browser().ask(f"/callback{query}"))
        self.assertEqual(self.successResultOf(self.catcher.whenCaught()), Secret(CODE))
        self.assertEqual(self.successResultOf(self.caught), Secret(CODE))

    def test_strays(self) -> None:
        """
        Scenario 50: The browser's request for an icon and other strays are answered and ignored.
        """
        browser = self.browser()
        for target in (
            "/favicon.ico",
            "/",
            f"/callback/?code={CODE}",
            f"/callback/more?code={CODE}",
            f"/Callback?code={CODE}",
            f"//callback?code={CODE}",
            f"/other?code={CODE}",
            f"/%63allback?code={CODE}",
        ):
            self.ignored(browser.ask(target), 404)
        for method in ("POST", "PUT", "OPTIONS", "DELETE"):
            answer = browser.ask(f"/callback?code={CODE}", method)
            self.ignored(answer, 405)
            self.assertIn("\r\nAllow: GET\r\n", answer)
        head = browser.ask(f"/callback?code={CODE}", "HEAD")
        self.assertTrue(head.startswith("HTTP/1.1 405 ") and head.endswith("\r\n\r\n"))
        self.assertNoResult(self.caught)
        self.assertIn("close this window", browser.ask(f"/callback?code={CODE}"))

    def test_otherHosts(self) -> None:
        """
        A page from elsewhere, whose name was made to lead here, gets nothing.
        """
        for host in (
            "Host: evil.example:8765\r\n",
            "Host: localhost:8765\r\n",
            "Host: 127.0.0.1\r\n",
            "Host: \r\n",
            "",
        ):
            self.ignored(self.browser().ask(f"/callback?code={CODE}", host=host), 403)

    def test_ownHosts(self) -> None:
        """
        A browser leaves out the port that is usual, and writes names as it likes.
        """
        for redirectUri, host in (
            ("http://localhost/callback", "localhost"),
            ("http://localhost/callback", "LocalHost:80"),
            ("http://[::1]:8765/callback", "[::1]:8765"),
            ("http://LOCALHOST:8765/callback", "localhost:8765"),
        ):
            catcher = self.listening(redirectUri)
            self.browser().ask(f"/callback?code={CODE}", host=f"Host: {host}\r\n")
            self.assertEqual(self.successResultOf(catcher.whenCaught()), Secret(CODE))

    def test_partOfAnotherPage(self) -> None:
        """
        What a foreign page asks for behind the user's back, as for a picture, is none of the user's answers: it could
        bring the code of somebody else, or end the wait.
        """
        for kind in ("image", "iframe", "empty", "script", "object", ""):
            for query in (f"?code={CODE}", "?error=access_denied", ""):
                host = f"Host: 127.0.0.1:8765\r\nSec-Fetch-Dest: {kind}\r\n"
                self.ignored(self.browser().ask(f"/callback{query}", host=host), 403)
        host = "Host: 127.0.0.1:8765\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: cross-site\r\n"
        self.browser().ask(f"/callback?code={CODE}", host=host)
        self.assertEqual(self.successResultOf(self.caught), Secret(CODE))

    def test_sentAlong(self) -> None:
        """
        What comes with a request is not kept, however much it is, and whatever it is said to be.
        """
        kept: list[BytesIO] = []

        def file() -> BytesIO:
            kept.append(BytesIO())
            return kept[-1]

        self.patch(tempfile, "TemporaryFile", file)
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
            browser = self.browser()
            head = f"Host: 127.0.0.1:8765\r\nContent-Type: {kind}\r\nContent-Length: 1000000\r\n"
            browser.ask("/callback", "POST", head)
            browser.send(b"code=x&" * 10_000)
            self.assertEqual(bytes(browser.transport.value()), b"")
            self.assertEqual([each.getvalue() for each in kept], [b""])
            kept.clear()
            browser.send(b"x" * 930_000)
            self.assertIn(bytes(browser.transport.value())[:13], (b"HTTP/1.1 405 ", b"HTTP/1.1 400 "))
        self.assertNoResult(self.caught)

    def test_oddPath(self) -> None:
        """
        A path with letters of other languages is asked for as browsers write it.
        """
        catcher = self.listening("http://127.0.0.1:8765/zurück")
        self.browser().ask(f"/zur%C3%BCck?code={CODE}")
        self.assertEqual(self.successResultOf(catcher.whenCaught()), Secret(CODE))

    def test_root(self) -> None:
        """
        The address may be that of the whole site.
        """
        catcher = self.listening("http://127.0.0.1:8765")
        self.browser().ask(f"/?code={CODE}")
        self.assertEqual(self.successResultOf(catcher.whenCaught()), Secret(CODE))

    def test_wrongState(self) -> None:
        """
        The answer to another login is told to be one, and the wait goes on.
        """
        for query in (f"?code={CODE}&state=other", "?error=access_denied&state=other"):
            answer = self.browser().ask(f"/callback{query}")
            self.ignored(answer, 400)
            self.assertIn("belongs to another login", self.page(answer))
        self.browser().ask(f"/callback?code={CODE}&state={STATE}")
        self.assertEqual(self.successResultOf(self.caught), Secret(CODE))

    def test_missingState(self) -> None:
        """
        Where the service sends the state back, an answer without it is none.
        """
        self.caught = self.listening(needsState=True).whenCaught()
        self.ignored(self.browser().ask(f"/callback?code={CODE}"), 400)
        self.browser().ask(f"/callback?code={CODE}&state={STATE}")
        self.assertEqual(self.successResultOf(self.caught), Secret(CODE))

    def test_denied(self) -> None:
        """
        Scenario 50: A consent that is denied is told to the user and to the caller, and ends the wait.
        """
        body = self.page(self.browser().ask("/callback?error=access_denied"))
        self.assertIn("Access was denied on the page that asked for it.", body)
        self.assertIn("You can close this window now.", body)
        for waiting in (self.caught, self.catcher.whenCaught()):
            error = self.failureResultOf(waiting, ConsentDenied).value
            self.assertIn("Log in again", error.explain())
        self.assertIn("HTTP/1.1 404 ", self.browser().ask(f"/callback?code={CODE}"))

    def test_noCode(self) -> None:
        """
        So does an answer without a code.
        """
        self.assertIn("without a code", self.page(self.browser().ask("/callback")))
        self.failureResultOf(self.caught, ConsentDenied)

    def test_escaped(self) -> None:
        """
        What an address holds is no markup of the page.
        """
        query = urlencode({"error": "<script>&\"'", "error_description": "<img src=x>"})
        body = self.page(self.browser().ask(f"/callback?{query}"))
        self.assertIn("&lt;script&gt;&amp;&quot;&#x27;", body)
        self.assertNotIn("<img", body)
        self.failureResultOf(self.caught, ConsentDenied)

    @settings(deadline=None)
    @given(st.text(st.characters(min_codepoint=33, max_codepoint=126)))
    def test_anything(self, query: str) -> None:
        """
        Whatever the address holds, it is answered with a page.
        """
        catcher = self.listening()
        answer = self.browser().ask(f"/callback?{query}")
        self.page(answer)
        catcher.whenCaught().addErrback(lambda failure: failure.trap(ConsentDenied))
        self.assertIn(answer[:13], ("HTTP/1.1 200 ", "HTTP/1.1 400 "))

    def busy(self, number: int) -> ConfigurationError:
        """
        @return: what is raised if the system does not let us listen.
        """
        reason = CannotListenError("127.0.0.1", 8765, OSError(number, os.strerror(number)))

        def listenTCP(*_: object, **__: object) -> None:
            raise reason

        self.patch(self.reactor, "listenTCP", listenTCP)
        with self.assertRaises(ConfigurationError) as caught:
            self.listening()
        error: ConfigurationError = caught.exception
        return error

    def test_portBusy(self) -> None:
        """
        Scenario 50: A port that is in use is named, with what to do.
        """
        error = self.busy(errno.EADDRINUSE)
        self.assertIsInstance(error, PortBusy)
        self.assertEqual(
            error.explain(),
            "Port 8765 of 127.0.0.1, to which the browser is to come back, is used by another program. End the other "
            "program, or choose another port and register its address with the application.",
        )

    def test_notAllowed(self) -> None:
        """
        So is one to which this user may not listen.
        """
        error = self.busy(errno.EACCES)
        self.assertNotIsInstance(error, PortBusy)
        self.assertIn("port 8765 of 127.0.0.1, to which the browser is to come back, cannot be", str(error))

    def test_stopped(self) -> None:
        """
        Stopping ends the wait and the connections, those on which nothing was asked, too.
        """
        browsers = [self.browser(), self.browser(), self.browser()]
        browsers[0].ask("/favicon.ico")
        browsers[2].close()
        stopped = self.catcher.stop()
        self.failureResultOf(self.caught, CancelledError)
        self.failureResultOf(self.catcher.whenCaught(), CancelledError)
        self.assertTrue(all(each.transport.disconnecting for each in browsers[:2]))
        self.assertNoResult(stopped)
        browsers[0].close()
        self.assertNoResult(stopped)
        browsers[1].close()
        self.assertIsNone(self.successResultOf(stopped))
        self.assertIsNone(self.successResultOf(self.catcher.stop()))

    def test_stoppedLater(self) -> None:
        """
        What was caught before stays so.
        """
        self.browser().ask(f"/callback?code={CODE}")
        self.catcher.stop()
        self.assertEqual(self.successResultOf(self.catcher.whenCaught()), Secret(CODE))

    def test_neverListened(self) -> None:
        """
        What does not listen can be stopped, and asked.
        """
        catcher = RedirectCatcher(self.reactor, REDIRECT, state=STATE)
        waiting = catcher.whenCaught()
        self.assertIsNone(self.successResultOf(catcher.stop()))
        self.failureResultOf(waiting, CancelledError)


class Visitor(Protocol):
    """
    A browser's connection.

    @ivar closed: fires with everything that came over it.
    """

    def __init__(self) -> None:
        self.closed: Deferred[bytes] = Deferred()
        self._came = b""

    def dataReceived(self, data: bytes) -> None:
        """
        Keep it.
        """
        self._came += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Tell of it.
        """
        self.closed.callback(self._came)


class LoopbackTests(TestCase):
    """
    The site on a real port.
    """

    async def test_port(self) -> None:
        """
        A port that another program has is told to be busy. When it is free, the browser comes and is sent away with its
        page, an idle connection of its is closed, and the port is free again. The code is not logged.
        """
        from twisted.internet import reactor

        loop: Any = reactor
        heard = Heard(self)
        taken = loop.listenTCP(0, Factory(), interface="127.0.0.1")
        number = taken.getHost().port
        catcher = RedirectCatcher(loop, f"http://127.0.0.1:{number}/callback", state=STATE)
        with self.assertRaisesRegex(PortBusy, f"port {number} "):
            catcher.listen()
        await taken.stopListening()
        catcher.listen()
        endpoint = TCP4ClientEndpoint(loop, "127.0.0.1", number)
        idle, asking = [await connectProtocol(endpoint, Visitor()) for _ in range(2)]
        asking.transport.write(f"GET /callback?code={CODE} HTTP/1.1\r\nHost: 127.0.0.1:{number}\r\n\r\n".encode())
        self.assertEqual(await catcher.whenCaught(), Secret(CODE))
        await catcher.stop()
        self.assertEqual(await idle.closed, b"")
        self.assertIn(b"You can close this window now.", await asking.closed)
        again = loop.listenTCP(number, Factory(), interface="127.0.0.1")
        await again.stopListening()
        self.assertFalse([text for text in heard.texts if CODE in text])
