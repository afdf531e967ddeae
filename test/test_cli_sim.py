"""
C{ctrader sim}, in this process and as one that is ended by a signal.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from rich.console import Console
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, execute
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted.cli import commands, running
from ctrader_twisted.cli.running import Interrupted
from ctrader_twisted.cli.sim import Wanted, sim
from ctrader_twisted.client import Client
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth.tokens import FileTokens
from ctrader_twisted.profiles import ProfileFile
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.world import USER
from test.daemons import Command


class SimulationTests(TestCase):
    """
    The simulator, its profile and its tokens.
    """

    def setUp(self) -> None:
        """
        Choose where the file of profiles is.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.file = ProfileFile(self.folder / "profiles.toml")
        self.screen = io.StringIO()

    def start(self, **wanted: Any) -> Deferred[None]:
        """
        Start a simulator, which does not outlive the test.
        """
        console = Console(file=self.screen, width=200)
        given = Wanted(**{"directory": None, "port": 0, "oauthPort": 0, "seed": 0, "speed": 1.0, **wanted})
        running = Deferred.fromCoroutine(sim(reactor, console, self.file, given))
        self.addCleanup(self.end, running)
        return running

    def end(self, running: Deferred[None]) -> Deferred[None]:
        """
        End a simulator, unless it has ended.
        """
        running.addErrback(lambda failure: failure.trap(CancelledError))
        running.cancel()
        return running

    def info(self) -> Any:
        """
        @return: what the simulator tells its clients.
        """
        return json.loads((self.folder / "sim" / "simulator.json").read_text())

    def stored(self) -> tuple[TokenPair, ...]:
        """
        @return: the pairs in the token store.
        """
        return self.successResultOf(FileTokens(self.folder / "tokens-sim.json").load())

    def store(self, *pairs: TokenPair) -> None:
        """
        Replace the pairs in the token store.
        """
        self.successResultOf(FileTokens(self.folder / "tokens-sim.json").save(pairs))

    def world(self) -> Exchange:
        """
        @return: an exchange where the last simulator has stopped.
        """
        exchange = Exchange.default(reactor)
        Directory(self.folder / "sim", reactor).load(exchange)
        return exchange

    async def test_start(self) -> None:
        """
        A client of the profile gets in, and the screen tells how to go on.
        """
        self.start()
        profile = self.file.read("sim")
        client = Client(reactor, profile.makeEndpoint(reactor), profile.application, profile.tokenStoreWith(execute))
        async with client:
            accounts = await client.accounts()
        self.assertEqual([each.accountId for each in accounts], [20_001, 20_002, 20_003, 20_004])
        [pair] = self.stored()
        self.assertEqual(pair.accessToken.reveal(), self.info()["accessToken"])
        self.assertEqual((pair.scope, pair.userId), ("trading", USER))
        assert pair.expires is not None
        self.assertLess(abs(pair.expires / 1000 - reactor.seconds() - 2_628_000), 60)
        text = self.screen.getvalue()
        self.assertIn("ctrader quotes EURUSD --account 20001 --profile sim\n", text)
        self.assertIn(f"The profile sim in {self.file.path} leads to it", text)
        self.assertNotIn(pair.accessToken.reveal(), text)

    async def test_ahead(self) -> None:
        """
        If its time is not ours, that is told.
        """
        await self.end(self.start())
        state = json.loads((self.folder / "sim" / "state.json").read_text())
        state["time"]["ahead"] += 7 * 86_400_000
        (self.folder / "sim" / "state.json").write_text(json.dumps(state))
        self.start()
        self.assertRegex(self.screen.getvalue(), r"Its time is \d+\.\d hours ahead")

    async def test_goodPairs(self) -> None:
        """
        As long as one of the stored pairs is good, they stay; also if only its refresh token is.
        """
        await self.end(self.start())
        exchange = self.world()
        expired = exchange.registry.grantNamed("trade")
        exchange.expireTokens(expired)
        unknown = TokenPair("unknown", "unknown")
        for good in (
            TokenPair(expired.accessToken, expired.refreshToken),
            TokenPair(exchange.registry.grantNamed("view").accessToken),
        ):
            self.store(unknown, good)
            await self.end(self.start())
            self.assertEqual(self.stored(), (unknown, good))

    async def test_badPairs(self) -> None:
        """
        Pairs that are good for nothing make room for one that is.
        """
        expired = Exchange.default(reactor).registry.grantNamed("expired")
        self.folder.mkdir()
        self.store(TokenPair("unknown", "unknown"), TokenPair(expired.accessToken, "used"))
        await self.end(self.start())
        [pair] = self.stored()
        self.assertEqual(pair.refreshToken, self.world().registry.grantNamed("trade").refreshToken)

    async def test_busy(self) -> None:
        """
        A directory or a port that is used already is told in a sentence, and nothing is left behind.
        """
        self.start()
        before = self.file.path.read_bytes()
        failure = self.failureResultOf(self.start(), ConfigurationError)
        self.assertIn("another simulator is running in", str(failure.value))
        other = self.folder / "other"
        failure = self.failureResultOf(self.start(directory=other, port=self.info()["port"]), ConfigurationError)
        self.assertIn("is taken", str(failure.value))
        self.assertEqual(self.file.path.read_bytes(), before)

    async def test_badTokens(self) -> None:
        """
        If the tokens cannot be stored, the simulator stops again.
        """
        (self.folder / "tokens-sim.json").mkdir(parents=True)
        running = self.start()
        with self.assertRaises(ConfigurationError):
            await running
        (self.folder / "tokens-sim.json").rmdir()
        self.start()


class CommandTests(SynchronousTestCase):
    """
    The command line.
    """

    def invoke(self, *words: str, error: Exception | None = None) -> Result:
        """
        @param words: what follows C{ctrader sim}.
        @param error: what running it raises.
        @return: how it ended.
        """
        self.given: list[Any] = []

        def run(main: Any, reactor: object) -> None:
            self.given = list(main.args[2:])
            if error is not None:
                raise error

        self.patch(running, "run", run)
        path = str(Path(self.mktemp()).absolute())
        return CliRunner().invoke(commands.ctrader, ["sim", *words], env={"CTRADER_PROFILES": path})

    def test_options(self) -> None:
        """
        What is said on the command line reaches the simulator.
        """
        self.assertEqual(self.invoke().exit_code, 0)
        self.assertEqual(self.given[1], Wanted(None, 5035, 5080, 0, 1.0))
        self.invoke("--directory", "a", "--port", "0", "--oauth-port", "1", "--seed", "-7", "--speed", "60")
        self.assertEqual(self.given[1], Wanted(Path("a"), 0, 1, -7, 60.0))

    def test_wrongOptions(self) -> None:
        """
        Wrong options are refused with a sentence.
        """
        for words in (("--port", "65536"), ("--oauth-port", "x"), ("--seed", "x"), ("--speed", "0")):
            result = self.invoke(*words)
            self.assertEqual((result.exit_code, self.given), (2, []))
            self.assertIn("Invalid value for", result.output)

    def test_ends(self) -> None:
        """
        A signal is a clean end, and anything else is not.
        """
        for error, status, words in (
            (Interrupted(15), 0, ""),
            (Interrupted(2), 0, ""),
            (ConfigurationError("the port is taken"), 1, "The port is taken.\n"),
        ):
            result = self.invoke(error=error)
            self.assertEqual((result.exit_code, result.output), (status, words))


class ProcessTests(TestCase):
    """
    The command as a process.
    """

    timeout = 60
    if os.name != "posix":
        skip = "there are no such signals here"

    async def test_terminated(self) -> None:
        """
        It tells how to go on, a termination signal ends it with status 0, and its state is kept.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        environment = {"CTRADER_PROFILES": str(folder / "profiles.toml")}
        words = ("sim", "--directory", "there", "--port", "0", "--oauth-port", "0")
        child = Command(folder, *words, environment=environment)
        self.addCleanup(child.end, "KILL")
        await child.says("Ctrl-C ends it")
        self.assertEqual(ProfileFile(folder / "profiles.toml").names(), ("sim",))
        self.assertEqual(await child.end("TERM"), 0)
        self.assertNotIn("Traceback", child.text)
        self.assertTrue((folder / "there" / "state.json").exists())
