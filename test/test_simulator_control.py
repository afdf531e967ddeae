"""
The control of a running simulator over HTTP, and what a running one does on it: scripts, certificates, prices.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from treq.testing import StubTreq
from twisted.internet import reactor
from twisted.internet.defer import execute
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted.client import Client
from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import CertificateRefused, ConfigurationError, HostNameRefused
from ctrader_twisted.oauth.tokens import MemoryTokens
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.control import ControlPage, page
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults import CertificateKind, parseScript
from ctrader_twisted.simulator.market.override import OverriddenPrices
from ctrader_twisted.simulator.oauth import makeSite
from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.simulator.world import EPOCH, USD_ACCOUNT
from ctrader_twisted.tap import sim
from ctrader_twisted.wire.endpoints import hostEndpoint, trustFile
from test.rawclient import RawClient

_URL = "http://127.0.0.1:5080/control/"
_SECRET = "a-secret"


class PageTests(SynchronousTestCase):
    """
    The address, in memory.
    """

    def setUp(self) -> None:
        """
        Make an exchange and its site.
        """
        self.clock = Clock()
        self.exchange = Exchange.default(self.clock)
        page = ControlPage(self.exchange, Secret(_SECRET))
        self.treq: Any = StubTreq(makeSite(self.exchange, page).resource)

    def ask(self, order: Any, secret: str | None = _SECRET, method: str = "POST") -> tuple[int, Any]:
        """
        @return: the status of the answer, and what it says.
        """
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        data = order if isinstance(order, bytes) else json.dumps(order).encode()
        response = self.successResultOf(self.treq.request(method, _URL, data=data, headers=headers))
        body = self.successResultOf(self.treq.content(response))
        isJson = response.headers.getRawHeaders("content-type") == ["application/json"]
        return response.code, json.loads(body) if isJson else body

    def test_secret(self) -> None:
        """
        Without the secret nothing is done, and nothing told.
        """
        for secret in (None, "", "another", _SECRET + "a", "\xe9"):
            status, answer = self.ask({"clear": {}}, secret)
            self.assertEqual((status, list(answer)), (401, ["error"]))
            self.assertNotIn(_SECRET, str(answer))

    def test_methods(self) -> None:
        """
        Orders are posted; a browser that asks whether it may gets no permission.
        """
        for method in ("GET", "HEAD", "OPTIONS", "PUT"):
            self.assertIn(self.ask({"status": {}}, method=method)[0], (405, 501))

    def test_noControl(self) -> None:
        """
        A site without control has none.
        """
        self.treq = StubTreq(makeSite(self.exchange).resource)
        self.assertEqual(self.ask({"status": {}})[0], 404)

    def test_status(self) -> None:
        """
        The status tells accounts, connections, prices, time and faults.
        """
        client = RawClient(self.exchange)
        client.logIn()
        RawClient(self.exchange)
        self.exchange.faults.run(parseScript("[[incoming]]\nmute = {}\n[[happen]]\nat = 9\nrestart = {}"))
        self.exchange.faults.startMaintenance(5)
        self.exchange.faults.refuseConnections()
        code, status = self.ask({"status": {}})
        self.assertEqual(code, 200)
        self.assertEqual((status["time"], status["speed"]), (EPOCH, 1.0))
        self.assertEqual(
            status["accounts"][0],
            {
                "account": USD_ACCOUNT,
                "login": 5_000_001,
                "isLive": False,
                "type": "HEDGED",
                "asset": "USD",
                "balance": 1_000_000,
                "positions": 0,
                "orders": 0,
                "sessions": 1,
            },
        )
        self.assertEqual(
            status["connections"],
            [
                {"application": "standard", "isLive": False, "accounts": [USD_ACCOUNT]},
                {"application": None, "isLive": False, "accounts": []},
            ],
        )
        price = status["prices"][0]
        self.assertEqual((price["symbol"], len(price["bid"]), len(price["ask"])), ("EURUSD", 7, 7))
        self.assertEqual(status["rules"], [{"rule": "[[incoming]] mute = {}", "matches": 0, "hits": 0}])
        self.assertEqual((status["planned"], status["isRefusing"]), (1, True))
        self.assertEqual(status["maintenanceEnd"], EPOCH + 5_000)

    def test_orders(self) -> None:
        """
        Things happen, scripts run, and all of it ends.
        """
        _, status = self.ask({"happen": {"deposit": {"account": USD_ACCOUNT, "amount": 50}}})
        self.assertEqual(status["accounts"][0]["balance"], 1_000_050)
        _, status = self.ask({"run": {"script": "[[incoming]]\nmute = {}\n", "source": "a.toml"}})
        self.assertEqual(len(status["rules"]), 1)
        _, status = self.ask({"clear": {}})
        self.assertEqual(status["rules"], [])

    def test_noPrice(self) -> None:
        """
        A symbol that has no price yet is told all the same.
        """
        exchange = Exchange.default(self.clock, epoch=0)
        self.treq = StubTreq(makeSite(exchange, ControlPage(exchange, Secret(_SECRET))).resource)
        _, status = self.ask({"status": {}})
        self.assertEqual(status["prices"][0], {"symbol": "EURUSD", "bid": None, "ask": None, "time": None})

    def test_wrong(self) -> None:
        """
        What makes no sense, or cannot be, is refused in a sentence.
        """
        for order, words in (
            (b"{", "Expecting"),
            ([], "an order is an object"),
            ({"a": 1, "b": 2}, "an order is an object"),
            ({"stop": {}}, "no order stop; known are status, happen, run, clear"),
            ({"happen": 1}, "is to be a table"),
            ({"happen": {"gapp": {}}}, "no key gapp"),
            ({"happen": {"gap": {"symbol": "EURCHF", "pips": 1}}}, "no symbol EURCHF"),
            ({"happen": {"withdraw": {"account": USD_ACCOUNT, "amount": 9**9}}}, "3874204.89 cannot be paid out"),
            ({"happen": {"deposit": {"account": 5, "amount": 1}}}, "no account 5"),
            ({"happen": {"deposit": {"account": USD_ACCOUNT, "amount": 10**26}}}, "'amount' must be <= "),
            (b'{"happen": {"gap": {"symbol": "EURUSD", "pips": NaN}}}', "'pips' must be a number"),
            (b'{"happen": {"maintenance": {"seconds": Infinity}}}', "'seconds' must be a number"),
            (
                {"happen": {"setPrice": {"symbol": "EURUSD", "bid": 1.123456}}},
                "1.123456, which has more than 5 decimals",
            ),
            ({"happen": {"setPrice": {"symbol": "EURUSD", "bid": 1.0, "ask": 1e9 + 1}}}, "'ask' must be a number"),
            ({"happen": {"gap": {"symbol": "XAUUSD", "pips": 1e9}}}, "no price is above 1,000,000,000"),
            ({"happen": {"setPrice": {"symbol": "USDJPY", "bid": 1.0, "ask": 1.00001}}}, "its prices have 3 decimals"),
            ({"run": 1}, "run needs"),
            ({"run": {"script": 1}}, "run needs"),
            ({"run": {"script": "[[a]]", "source": "b.toml"}}, "b.toml: a: there is no kind"),
        ):
            status, answer = self.ask(order)
            self.assertEqual(status, 400, answer)
            self.assertIn(words, answer["error"])
        self.assertEqual(self.ask(b" " * 1_000_001)[0], 413)

    def test_failed(self) -> None:
        """
        What fails at an order is told as such, and logged.
        """

        def fail(exchange: Exchange, order: object) -> None:
            raise ZeroDivisionError

        self.patch(page, "obey", fail)
        status, answer = self.ask({"status": {}})
        self.assertEqual((status, answer), (500, {"error": "the simulator failed at this order; its log tells more"}))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class RunningTests(TestCase):
    """
    A simulator with its ports.
    """

    def setUp(self) -> None:
        """
        Choose its folder.
        """
        self.path = Path(self.mktemp()).absolute()

    def start(self, *words: str) -> SimulatorService:
        """
        Start one, which does not outlive the test.
        """
        options = sim.Options()
        options.parseOptions([*["--port", "0", "--oauth-port", "0", "--directory"], str(self.path), *words])
        service = sim.makeService(options)
        assert isinstance(service, SimulatorService)
        service.startService()
        self.addCleanup(lambda: service.stopService() if service.running else None)
        return service

    async def logIn(self) -> None:
        """
        Log a client in, or raise what stands in the way.
        """
        info = json.loads((self.path / "simulator.json").read_text())
        pair = TokenPair(info["accessToken"], info["refreshToken"])
        client = Client(
            reactor,
            hostEndpoint(reactor, "127.0.0.1", info["port"], trustRoot=trustFile(info["caFile"])),
            Application(info["clientId"], info["clientSecret"]),
            MemoryTokens(pair),
            runBlocking=execute,
            startTimeout=10,
        )
        async with client:
            await client.accounts()

    async def test_certificates(self) -> None:
        """
        Clients take a renewed certificate, and no wrong one.
        """
        exchange = self.start().exchange
        for kind, error in (
            (CertificateKind.RENEWED, None),
            (CertificateKind.EXPIRED, CertificateRefused),
            (CertificateKind.OTHER_AUTHORITY, CertificateRefused),
            (CertificateKind.OTHER_NAME, HostNameRefused),
            (CertificateKind.RENEWED, None),
        ):
            exchange.showCertificate(kind)
            if error is None:
                await self.logIn()
            else:
                with self.assertRaises(error):
                    await self.logIn()

    async def test_lostAuthority(self) -> None:
        """
        Without the authority's key there is no new certificate, and the old one is shown.
        """
        exchange = self.start().exchange
        (self.path / "ca.key").unlink()
        exchange.showCertificate(CertificateKind.EXPIRED)
        self.assertEqual(len(self.flushLoggedErrors(ConfigurationError)), 1)
        await self.logIn()

    async def test_file(self) -> None:
        """
        The file with the secret is its owner's alone, holds another secret each time, and goes with the simulator.
        """
        file = self.path / "control.json"
        secrets = set()
        for _ in range(2):
            service = self.start()
            control = json.loads(file.read_text())
            self.assertRegex(control["url"], r"^http://127\.0\.0\.1:\d+/control/$")
            if os.name == "posix":
                self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            secrets.add(control["secret"])
            await service.stopService()
            self.assertFalse(file.exists())
        self.assertEqual(len(secrets), 2)

    async def test_script(self) -> None:
        """
        A script runs from the start.
        """
        script = Path(self.mktemp())
        script.write_text("[[incoming]]\nmessage = 'ProtoOATraderReq'\nmute = {}\n")
        service = self.start("--faults", str(script))
        self.assertEqual(len(service.exchange.faults.applied), 1)

    def test_badScript(self) -> None:
        """
        A script that makes no sense, or names what is not there, ends the start with a sentence.
        """
        script = Path(self.mktemp())
        script.write_text("[[incoming]]\nmutt = {}\n")
        error = self.assertRaises(SystemExit, self.start, "--faults", str(script))
        self.assertIn(f"ctrader-sim: {script}, line 1: incoming 1: there is no key mutt", str(error))
        script.write_text("[[happen]]\nendSession = { account = 5 }\n")
        error = self.assertRaises(SystemExit, self.start, "--faults", str(script))
        self.assertIn(f"ctrader-sim: {script}: there is no account 5", str(error))

    async def test_prices(self) -> None:
        """
        Prices that were moved stay so in the next run, and its history tells the same.
        """
        service = self.start()
        exchange = service.exchange
        exchange.setPrice(1, 130_000, 130_007)
        start, end = exchange.timeline.now() - 60_000, exchange.timeline.now()
        before = exchange.market.ticks(1, start, end)
        self.assertIn(130_000, [tick.bid for tick in before])
        await service.stopService()
        service.startService()
        self.assertEqual(exchange.market.ticks(1, start, end), before)
        await service.stopService()
        again = self.start().exchange
        self.assertIsInstance(again.market.source(1), OverriddenPrices)
        self.assertEqual(again.market.ticks(1, start, end), before)

    async def test_replay(self) -> None:
        """
        A run with a time of its own neither takes up what was moved in the real one, nor loses it.
        """
        service = self.start()
        service.exchange.setPrice(1, 130_000, 130_007)
        await service.stopService()
        service = self.start("--replay-start", "2020-01-08T12:00:00Z")
        self.assertNotIsInstance(service.exchange.market.source(1), OverriddenPrices)
        await service.stopService()
        self.assertIsInstance(self.start().exchange.market.source(1), OverriddenPrices)

    async def test_brokenState(self) -> None:
        """
        A state whose moves make no sense is refused; an earlier one has none.
        """
        await self.start().stopService()
        file = self.path / "state.json"
        state = json.loads(file.read_text())
        wrong: tuple[Any, ...] = ({"99": []}, {"1": [[1, 2]]}, {"1": 5}, 7, {"x": []})
        for moves in wrong:
            file.write_text(json.dumps({**state, "moves": moves}))
            exchange, directory = Exchange.default(reactor), Directory(self.path, reactor)
            directory.load(exchange)
            self.addCleanup(directory.release)
            self.assertRaises(ConfigurationError, directory.continueTime, exchange)
        del state["moves"]
        file.write_text(json.dumps(state))
        self.start()
