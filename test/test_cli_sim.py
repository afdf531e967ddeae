"""
C{ctrader sim}, in this process and as one that is ended by a signal; and its commands for a simulator that runs.
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
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted.cli import commands, running
from ctrader_twisted.cli.running import Interrupted
from ctrader_twisted.cli.sim import Wanted, sim
from ctrader_twisted.cli.simulated import tellStatus
from ctrader_twisted.cli.steering import order
from ctrader_twisted.client import Client
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth.tokens import FileTokens
from ctrader_twisted.profiles import ProfileFile
from ctrader_twisted.simulator.control.status import status as statusOf
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.simulator.world import USER
from test.daemons import Command
from test.rawclient import RawClient


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

    async def test_faults(self) -> None:
        """
        A script runs from the start; a bad one is told of before anything is.
        """
        script = Path(self.mktemp())
        script.write_text("[[happen]]\ndeposit = { account = 20001, amount = 1234 }\n")
        self.start(faults=script)
        await deferLater(reactor, 0.05)
        status = await order(reactor, self.folder / "sim", {"status": {}})
        self.assertEqual(status["accounts"][0]["balance"], 1_001_234)
        script.write_text("[[sometimes]]")
        failure = self.failureResultOf(self.start(faults=script, directory=self.folder / "b"), ConfigurationError)
        self.assertIn("there is no kind of table sometimes", str(failure.value))
        self.assertFalse((self.folder / "b").exists())


class SteeringTests(TestCase):
    """
    A simulator that runs, as the commands see it.
    """

    async def setUp(self) -> None:  # type: ignore[override]
        """
        Start one.
        """
        self.folder = Path(self.mktemp()).absolute()
        # Prices stand still, or else one might move between what sets it and what tells it.
        service = SimulatorService(reactor, Exchange.default(Clock()), Directory(self.folder, reactor))
        service.startService()
        self.addCleanup(self.end)
        self.service = service
        self.exchange = service.exchange

    def end(self) -> Any:
        """
        Stop it, and forget the clients that are in memory.
        """
        for connection in tuple(self.exchange.connections):
            connection.connectionLost()
        return self.service.stopService() if self.service.running else None

    async def enter(self, *words: str) -> str:
        """
        Give a command.

        @param words: what follows C{ctrader sim}.
        @return: what is on the screen then.
        """
        given: list[Any] = []
        self.patch(running, "run", lambda main, reactor: given.append(main))
        result = CliRunner().invoke(commands.ctrader, ["sim", *words, "--directory", str(self.folder)])
        self.assertEqual(result.exit_code, 0, result.output)
        [main] = given
        screen = io.StringIO()
        await main.func(main.args[0], Console(file=screen, width=200), *main.args[2:])
        return screen.getvalue()

    async def refused(self, *words: str) -> str:
        """
        @return: what is wrong with a command.
        """
        try:
            await self.enter(*words)
        except ConfigurationError as error:
            return str(error)
        raise self.failureException(words)

    async def test_status(self) -> None:
        """
        The status is told in tables and sentences.
        """
        RawClient(self.exchange).logIn()
        RawClient(self.exchange)
        text = await self.enter("status")
        self.assertRegex(text, r"Its time is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.")
        self.assertRegex(text, r"20001 +5000001 +demo +hedged +10,000\.00 USD +0 +0 +1")
        self.assertRegex(text, r"EURUSD +\d\.\d{5} +\d\.\d{5} +\d{4}-")
        self.assertIn("Connections: 2.", text)
        self.assertIn("application: standard; accounts: 20001", text)
        self.assertIn("application: not logged in; accounts: none", text)
        self.assertIn("Nothing is made to go wrong.", text)

    async def test_speed(self) -> None:
        """
        Another speed than the real one is told, and so are symbols without a price.
        """
        screen = io.StringIO()
        exchange = Exchange.default(Clock(), epoch=0, speed=60.0)
        tellStatus(Console(file=screen, width=200), statusOf(exchange))
        self.assertIn("Its time is 1970-01-01 00:00:00, and runs 60 times as fast.", screen.getvalue())
        self.assertRegex(screen.getvalue(), r"EURUSD +- +- +-")

    async def test_cut(self) -> None:
        """
        Connections are cut: all, or those of an account.
        """
        client = RawClient(self.exchange)
        self.assertEqual(await self.enter("cut", "--account", "20001"), "Connections are cut.\n")
        self.assertFalse(client.transport.disconnected)
        await self.enter("cut")
        self.assertTrue(client.transport.disconnected)

    async def test_prices(self) -> None:
        """
        A price is set, and moved.
        """
        self.assertEqual(await self.enter("price", "USDJPY", "150.1", "150.123"), "USDJPY is at 150.100 150.123.\n")
        self.assertRegex(await self.enter("price", "EURUSD", "1.2"), r"EURUSD is at 1\.[12]\d+ 1\.[12]\d+\.\n")
        before = self.exchange.market.quote(1)
        assert before is not None
        await self.enter("gap", "EURUSD", "-100.5")
        after = self.exchange.market.quote(1)
        assert after is not None
        self.assertLess(after.bid, before.bid - 900)
        self.assertIn("there is no symbol EURCHF; known are EURUSD", await self.refused("gap", "EURCHF", "5"))

    async def test_money(self) -> None:
        """
        Money is paid in and out.
        """
        self.assertEqual(await self.enter("deposit", "20001", "12.34"), "Account 20001 has 10,012.34 USD.\n")
        self.assertEqual(await self.enter("withdraw", "20002", "1000"), "Account 20002 has 9,000.00 EUR.\n")
        self.assertIn("the balance is 9000.00", await self.refused("withdraw", "20002", "9000.01"))
        self.assertIn("there is no account 7", await self.refused("deposit", "7", "1"))
        for amount in ("0", "x", "nan", "inf", "1.234", "1e30", "-5"):
            for command in ("deposit", "withdraw"):
                result = CliRunner().invoke(commands.ctrader, ["sim", command, "1", amount])
                self.assertEqual(result.exit_code, 2)
                self.assertIn("is no amount of money", result.output)

    async def test_access(self) -> None:
        """
        Access ends, or is taken away.
        """
        grant = self.exchange.registry.grantNamed("trade")
        token = grant.accessToken
        self.assertEqual(await self.enter("expire", "--account", "20001"), "The access tokens have ended.\n")
        self.assertLessEqual(grant.expires, reactor.seconds())
        self.assertEqual(await self.enter("revoke"), "Access is taken away.\n")
        self.assertNotEqual(grant.accessToken, token)

    async def test_faults(self) -> None:
        """
        A script runs, with what went wrong before or without it.
        """
        script = Path(self.mktemp())
        script.write_text("[[outgoing]]\ncut = { share = 0.5 }\n[[happen]]\nat = 600\nrestart = {}\n")
        text = await self.enter("faults", str(script))
        self.assertIn("[[outgoing]] cut = {share = 0.5}  (fitted 0, took effect 0 times)", text)
        self.assertIn("Still to happen by itself: 1.", text)
        self.assertEqual((await self.enter("faults", str(script))).count("[[outgoing]]"), 2)
        self.assertEqual((await self.enter("faults", "--clear", str(script))).count("[[outgoing]]"), 1)
        self.assertEqual(await self.enter("faults", "--clear"), "Nothing is made to go wrong.\n")
        self.exchange.faults.refuseConnections()
        text = await self.enter("maintenance", "30")
        self.assertEqual(text, "There is a maintenance for 30 seconds.\n")
        text = await self.enter("faults")
        self.assertRegex(text, r"New connections are refused\.\nThere is a maintenance until \d{4}-.* of its time\.")
        script.write_text("[[happen]]\nendSession = { account = 7 }\n")
        self.assertIn(f"{script}: there is no account 7", await self.refused("faults", str(script)))

    async def test_badScript(self) -> None:
        """
        What is wrong in a script is told without a simulator.
        """
        script = Path(self.mktemp())
        script.write_text("[[outgoing]]\ncute = {}\n")
        result = CliRunner().invoke(commands.ctrader, ["sim", "faults", str(script)])
        self.assertEqual(result.exit_code, 1)
        self.assertIn("line 1: outgoing 1: there is no key cute", result.output)

    async def test_folder(self) -> None:
        """
        The folder can be named before the command, too.
        """
        given: list[Any] = []
        self.patch(running, "run", lambda main, reactor: given.append(main))
        CliRunner().invoke(commands.ctrader, ["sim", "--directory", "a", "status"])
        self.assertEqual(given[0].args[2], Path("a"))

    async def test_noSimulator(self) -> None:
        """
        Where none runs, that is told in a sentence, whatever an earlier one has left.
        """
        file = self.folder / "control.json"
        kept = file.read_bytes()
        await self.service.stopService()
        absent = f"no simulator runs in {self.folder}; start one with ctrader sim, or name its folder with --directory"
        self.assertEqual(await self.refused("status"), absent)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, kept)
        os.close(descriptor)
        self.assertEqual(await self.refused("status"), absent)

    async def test_badControl(self) -> None:
        """
        A control file that cannot be used, or is of another simulator, is told of without the secret.
        """
        file = self.folder / "control.json"
        control = json.loads(file.read_text())
        file.write_text(json.dumps({**control, "secret": "b"}))
        self.assertIn("is not the simulator of", await self.refused("status"))
        url = control["url"].replace("control/", "callback")
        file.write_text(json.dumps({**control, "url": url}))
        self.assertIn("no simulator runs in", await self.refused("status"))
        for content in ("{", "[]", "{}", json.dumps({**control, "url": "nowhere"})):
            file.write_text(content)
            self.assertIn("has no control.json that can be used", await self.refused("status"))
        file.unlink()
        file.mkdir()
        self.assertIn("cannot be read", await self.refused("status"))
        file.rmdir()


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
        self.invoke("--faults", "b.toml")
        self.assertEqual(self.given[1], Wanted(None, 5035, 5080, 0, 1.0, Path("b.toml")))

    def test_wrongOptions(self) -> None:
        """
        Wrong options are refused with a sentence.
        """
        for words in (
            ("--port", "65536"),
            ("--oauth-port", "x"),
            ("--seed", "x"),
            ("--speed", "0"),
            ("--speed", "nan"),
        ):
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
