"""
From C{ctrader login} to a quote, with a real browser, against C{twistd ctrader-sim}.
"""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from ctrader_twisted.simulator.world import EUR_ACCOUNT, LIVE_ACCOUNT, USD_ACCOUNT
from test.browser import CHROMIUM, Browser
from test.daemons import Command, Daemon
from test.profilecase import freePort

_OPENER = """\
import sys
from pathlib import Path

whole = Path(sys.argv[1] + ".new")
whole.write_text(sys.argv[2], encoding="utf-8")
whole.rename(sys.argv[1])
"""
_PROFILE = """\
[sim]
simulator = "sim"
tokens = "tokens.json"
redirectUri = "http://127.0.0.1:{port}/callback"
"""


class BrowserTests(TestCase):
    """
    A person at a browser, the command, and the simulator as a daemon.
    """

    timeout = 120
    if CHROMIUM is None:
        skip = "there is no Chromium here"

    def setUp(self) -> None:
        """
        Make a folder with a profile, and a browser that the command opens: it only notes where to.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        opener, self.opened = self.folder / "opener.py", self.folder / "opened.txt"
        opener.write_text(_OPENER, encoding="utf-8")
        self.environment = {
            "BROWSER": f"{sys.executable} {opener} {self.opened} %s",
            "CTRADER_PROFILES": str(self.folder / "profiles.toml"),
            "COLUMNS": "200",
        }
        self.profiles = self.folder / "profiles.toml"
        self.profiles.touch(0o600)
        self.profiles.write_text(_PROFILE.format(port=freePort()), encoding="utf-8")

    async def simulator(self) -> None:
        """
        Start the simulator.
        """
        words = ("--directory", "sim", "--port", "0", "--oauth-port", "0", "--speed", "10")
        simulator = Daemon(self.folder, "ctrader-sim", *words)
        self.addCleanup(simulator.end, "KILL")
        await simulator.says("simulator listens")

    def command(self, *words: str) -> Command:
        """
        Start a command with the profile.
        """
        command = Command(self.folder, *words, "--profile", "sim", environment=self.environment)
        self.addCleanup(command.end, "KILL")
        return command

    async def atTheQuestion(self) -> tuple[Command, Browser]:
        """
        Start the login, and go with the browser where it was sent.
        """
        login = self.command("login")
        await login.says("Ctrl-C ends it")
        while not self.opened.exists():
            await deferLater(reactor, 0.05)
        browser = Browser(self.folder / "browser")
        self.addCleanup(browser.end)
        await browser.open(self.opened.read_text(encoding="utf-8"))
        return login, browser

    def toTheEnd(self, main: Coroutine[Any, Any, None]) -> Deferred[None]:
        """
        @return: what trial waits for.
        """
        return Deferred.fromCoroutine(main)

    def test_allow(self) -> Deferred[None]:
        """
        The user leaves one account out and allows the rest; then prices move.
        """

        async def main() -> None:
            await self.simulator()
            login, browser = await self.atTheQuestion()
            await browser.click(f"input[name=account][value='{EUR_ACCOUNT}']")
            await browser.click("#allow")
            await browser.says("You can close this window now.")
            self.assertEqual(await login.whenEnded(), 0, login.text)
            self.assertIn(str(USD_ACCOUNT), login.text)
            self.assertIn(str(LIVE_ACCOUNT), login.text)
            self.assertNotIn(str(EUR_ACCOUNT), login.text)
            quotes = self.command("quotes", "EURUSD", "--count", "2", "--account", str(USD_ACCOUNT))
            self.assertEqual(await quotes.whenEnded(), 0, quotes.text)
            self.assertRegex(quotes.text, r"EURUSD\s+\d\.\d+\s+\d\.\d+")

        return self.toTheEnd(main())

    def test_deny(self) -> Deferred[None]:
        """
        The user denies it; page and command say so, and nothing is stored.
        """

        async def main() -> None:
            await self.simulator()
            login, browser = await self.atTheQuestion()
            await browser.click("#deny")
            await browser.says("close this window")
            self.assertEqual(await login.whenEnded(), 1)
            self.assertIn("log in again", login.text.lower())
            self.assertFalse((self.folder / "tokens.json").exists())

        return self.toTheEnd(main())
