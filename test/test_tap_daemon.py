"""
Tests of C{twistd ctrader} as a process, against C{twistd ctrader-sim} as another one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.oauth import FileTokens
from ctrader_twisted.profiles import ProfileFile
from test.daemons import Daemon

QUOTE = r"QuoteLog#info\] EURUSD 1\.\d+ 1\.\d+"

CONFIGURATION = """
simulator = "sim/simulator.json"
[[accounts]]
id = 20001
symbols = ["EURUSD"]
"""

SPELLED_OUT = """
endpoint = "ctrader:{host}:{port}:caFile={caFile}"
[application]
clientId = "{clientId}"
[[accounts]]
id = 20001
symbols = ["EURUSD"]
"""

PROFILED = """
profile = "sim"
profiles = "profiles.toml"
[[accounts]]
id = 20001
symbols = ["EURUSD"]
"""


class DaemonCase(TestCase):
    """
    A folder for daemons, and the simulator.
    """

    timeout = 90
    if os.name != "posix":
        skip = "there are no such signals here"

    def setUp(self) -> None:
        """
        Make a folder for both.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.settings = self.folder / "sim" / "simulator.json"

    def daemon(self, *words: str, **environment: str) -> Daemon:
        """
        Start a daemon; it does not outlive the test.

        @param words: its command line.
        @param environment: more variables of its environment.
        @return: the process.
        """
        daemon = Daemon(self.folder, *words, environment=environment)
        self.addCleanup(daemon.end, "KILL")
        return daemon

    async def simulator(self, port: int = 0) -> Daemon:
        """
        Start the simulator, and wait until it listens.

        @param port: its port.
        @return: the process.
        """
        # A speed at which a quote comes every moment.
        words = ("--directory", "sim", "--port", str(port), "--oauth-port", "0", "--speed", "60")
        start = ("--replay-start", "2026-03-04T10:00:00Z")
        simulator = self.daemon("ctrader-sim", *words, *start)
        await simulator.says("simulator listens")
        return simulator

    def toTheEnd(self, main: Coroutine[Any, Any, None]) -> Deferred[None]:
        """
        @param main: the test's coroutine.
        @return: what trial waits for.
        """
        return Deferred.fromCoroutine(main)


class DaemonTests(DaemonCase):
    """
    C{twistd ctrader} and the simulator.
    """

    def client(self, text: str, **environment: str) -> Daemon:
        """
        Start the client.

        @param text: its configuration.
        @param environment: more variables of its environment.
        @return: the process.
        """
        (self.folder / "client.toml").write_text(text, encoding="utf-8")
        return self.daemon("ctrader", "--config", "client.toml", **environment)

    def spelledOut(self) -> dict[str, Any]:
        """
        @return: what the simulator has written for clients.
        """
        settings: dict[str, Any] = json.loads(self.settings.read_text(encoding="utf-8"))
        return settings

    def test_killedSimulator(self) -> Deferred[None]:
        """
        Quotes come back when the simulator was killed and started again, and a termination signal ends the client well.
        """

        async def main() -> None:
            simulator = await self.simulator()
            client = self.client(CONFIGURATION)
            await client.says(QUOTE)
            self.assertEqual(await simulator.end("KILL"), -9)
            lost = (await client.says("QuoteLog#warn. lost")).end()
            await self.simulator(self.spelledOut()["port"])
            back = await client.says(r"QuoteLog#info\] back after", lost)
            await client.says(QUOTE, back.end())
            self.assertEqual(await client.end("TERM"), 0)
            for name in ("clientSecret", "accessToken", "refreshToken"):
                self.assertNotIn(self.spelledOut()[name], client.text)

        return self.toTheEnd(main())

    def test_wrongSecret(self) -> Deferred[None]:
        """
        A secret that is refused ends the client with a status that is no success, and one that is right does not.
        """

        async def main() -> None:
            await self.simulator()
            settings = self.spelledOut()
            text = SPELLED_OUT.format(**settings)
            token = settings["accessToken"]
            refused = self.client(text, CTRADER_CLIENT_SECRET="wrong", CTRADER_ACCESS_TOKEN=token)
            self.assertEqual(await refused.whenEnded(), 77)
            self.assertIn("CH_CLIENT_AUTH_FAILURE", refused.text)
            secret = settings["clientSecret"]
            accepted = self.client(text, CTRADER_CLIENT_SECRET=secret, CTRADER_ACCESS_TOKEN=token)
            await accepted.says(QUOTE)
            self.assertEqual(await accepted.end("TERM"), 0)
            self.assertNotIn(secret, accepted.text)

        return self.toTheEnd(main())

    def test_profile(self) -> Deferred[None]:
        """
        A profile says all but the accounts; its tokens are in a file, or it cannot be used.
        """

        async def main() -> None:
            await self.simulator()
            ProfileFile(self.folder / "profiles.toml").write("sim", {"simulator": "sim", "tokens": "tokens.json"})
            refused = self.client(PROFILED)
            self.assertEqual(await refused.whenEnded(), 78)
            self.assertIn("profile cannot be used: there is no token in it; ctrader login gets one", refused.text)
            settings = self.spelledOut()
            pair = TokenPair(settings["accessToken"], settings["refreshToken"])
            await FileTokens(self.folder / "tokens.json").save((pair,))
            accepted = self.client(PROFILED)
            await accepted.says(QUOTE)
            self.assertEqual(await accepted.end("TERM"), 0)

        return self.toTheEnd(main())

    def test_configurationErrors(self) -> Deferred[None]:
        """
        A wrong configuration ends the process with status 78 and one sentence.
        """

        async def main() -> None:
            for text, words in (("endpoint = 5", "accounts is missing"), (CONFIGURATION, "is the simulator running?")):
                client = self.client(text)
                self.assertEqual(await client.whenEnded(), 78)
                self.assertEqual(len(client.text.splitlines()), 1, client.text)
                self.assertIn(words, client.text)

        return self.toTheEnd(main())
