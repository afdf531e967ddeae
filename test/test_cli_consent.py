"""
Tests of asking the user for access: in a browser here, over loopback, and in one elsewhere.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console
from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.client import Agent, HTTPConnectionPool

from ctrader_twisted.cli.consent import Question, ask, askElsewhere
from ctrader_twisted.errors import ConfigurationError, ConsentDenied, PortBusy
from ctrader_twisted.secret import Secret
from test.profilecase import freePort

URL = "https://id.example.com/grant?client_id=7&scope=trading&redirect_uri=a-rather-long-address&state=abc"


class HereTests(TestCase):
    """
    A browser on this machine.
    """

    timeout = 30

    def setUp(self) -> None:
        """
        Find an address to come back to.
        """
        self.screen = io.StringIO()
        self.console = Console(file=self.screen, width=60)
        self.redirectUri = f"http://127.0.0.1:{freePort()}/callback"
        pool = HTTPConnectionPool(reactor, persistent=False)
        self.http: Any = HTTPClient(Agent(reactor, pool=pool))

    def ask(self, openBrowser: Callable[[str], None], clock: Any = reactor) -> Deferred[Secret]:
        """
        Ask the user.
        """
        question = Question(URL, self.redirectUri, "abc", False)
        return Deferred.fromCoroutine(ask(clock, self.console, question, openBrowser))

    def browser(self, query: str) -> Callable[[str], None]:
        """
        @return: a browser that comes back with a query.
        """
        return lambda url: self.http.get(f"{self.redirectUri}?{query}").addCallback(lambda answer: answer.content())

    async def test_allowed(self) -> None:
        """
        The code that the browser brings is given back, and the address of the page was shown in one piece.
        """
        code = await self.ask(self.browser("code=the-code&state=abc"))
        self.assertEqual(code, Secret("the-code"))
        self.assertIn(URL, self.screen.getvalue().splitlines())
        self.assertIn("waits for 5 minutes", self.screen.getvalue())
        self.assertNotIn("the-code", self.screen.getvalue())

    async def test_opened(self) -> None:
        """
        The browser is opened when it can come back, and not before.
        """
        opened: list[str] = []

        def come(url: str) -> None:
            opened.append(url)
            self.browser("code=c&state=abc")(url)

        await self.ask(come)
        self.assertEqual(opened, [URL])

    async def test_denied(self) -> None:
        """
        If the user does not allow it, that is an error.
        """
        await self.assertFailure(self.ask(self.browser("error=access_denied&state=abc")), ConsentDenied)

    async def test_portIsFreeAgain(self) -> None:
        """
        While it waits, the port is busy; when it ends, however that is, it is free.
        """
        waiting = self.ask(lambda url: None)
        error = await self.assertFailure(self.ask(lambda url: self.fail()), PortBusy)
        self.assertIn("used by another program", str(error))
        waiting.cancel()
        await self.assertFailure(waiting, CancelledError)
        self.assertEqual(await self.ask(self.browser("code=c&state=abc")), Secret("c"))

    async def test_tooLate(self) -> None:
        """
        It does not wait for ever, and then says which address must be registered.
        """
        clock = _Listening()
        waiting = self.ask(lambda url: None, clock)
        clock.advance(299)
        self.assertNoResult(waiting)
        clock.advance(1)
        error = await self.assertFailure(waiting, ConsentDenied)
        self.assertIn(f"redirect URI {self.redirectUri}", str(error))


class _Listening(Clock):
    """
    Virtual time, on real ports.
    """

    def listenTCP(self, *args: Any, **options: Any) -> Any:
        """
        Listen.
        """
        return reactor.listenTCP(*args, **options)


class ElsewhereTests(SynchronousTestCase):
    """
    A browser on another machine, from which the user brings the answer by hand.
    """

    redirectUri = "http://127.0.0.1:8765/callback"

    def setUp(self) -> None:
        """
        Make a screen.
        """
        self.screen = io.StringIO()
        self.clock = Clock()

    def ask(self, line: Deferred[str]) -> Deferred[Secret]:
        """
        Ask the user, who brings a line.
        """
        question = Question(URL, self.redirectUri, "abc", False)
        console = Console(file=self.screen, width=60)
        return Deferred.fromCoroutine(askElsewhere(self.clock, console, question, lambda: line))

    def test_pasted(self) -> None:
        """
        The user brings the whole address.
        """
        asked = self.ask(succeed(f"{self.redirectUri}?code=the-code&state=abc"))
        self.assertEqual(self.successResultOf(asked), Secret("the-code"))
        self.assertIn(URL, self.screen.getvalue().splitlines())
        self.assertIn(self.redirectUri, self.screen.getvalue())

    def test_somethingElse(self) -> None:
        """
        What is no such address is refused, without showing it.
        """
        for line in ("", "the-code", f"{self.redirectUri}?code=the-code&state=other", "https://example.com/?code=c"):
            error = self.failureResultOf(self.ask(succeed(line)), ConfigurationError).value
            self.assertNotIn("the-code", str(error))

    def test_denied(self) -> None:
        """
        The address may tell that the user did not allow it.
        """
        self.failureResultOf(self.ask(succeed(f"{self.redirectUri}?error=access_denied&state=abc")), ConsentDenied)

    def test_tooLate(self) -> None:
        """
        It does not wait for ever.
        """
        line: Deferred[str] = Deferred()
        asked = self.ask(line)
        self.clock.advance(300)
        self.assertIn("within 5 minutes", str(self.failureResultOf(asked, ConsentDenied).value))
