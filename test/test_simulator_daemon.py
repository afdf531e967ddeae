"""
The simulator as a daemon: certificates, its directory, OAuth, and the command line.
"""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography import x509
from twisted.application.service import IServiceMaker
from twisted.internet import reactor as globalReactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.internet.task import Clock
from twisted.plugin import getPlugins
from twisted.python.failure import Failure
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.client import Agent, readBody

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.framing import FrameDecoder, encodeFrame
from ctrader_twisted.schema.messages import (
    ProtoOAAccountsTokenInvalidatedEvent,
    ProtoOAClosePositionReq,
    ProtoOANewOrderReq,
    ProtoOAOrderType,
    ProtoOAReconcileReq,
    ProtoOARefreshTokenReq,
    ProtoOATradeSide,
    ProtoOAVersionReq,
)
from ctrader_twisted.simulator.authority import Authority
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.oauth import _Codes
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.simulator.world import USD_ACCOUNT
from ctrader_twisted.tap import sim
from test.rawclient import RawClient

_NOW = datetime(2026, 3, 4, tzinfo=UTC)


def _isPrivate(path: Path) -> bool:
    return os.name == "nt" or stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


class AuthorityTests(SynchronousTestCase):
    """
    The certificates.
    """

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()

    def serial(self, name: str) -> int:
        return x509.load_pem_x509_certificate((self.directory / name).read_bytes()).serial_number

    def test_names(self) -> None:
        """
        The server's certificate is signed by the authority and names this computer.
        """
        Authority(self.directory, _NOW).serverOptions()
        authority = x509.load_pem_x509_certificate((self.directory / "ca.pem").read_bytes())
        server = x509.load_pem_x509_certificate((self.directory / "server.pem").read_bytes())
        server.verify_directly_issued_by(authority)
        names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(names.get_values_for_type(x509.DNSName), ["localhost"])
        addresses = [str(each) for each in names.get_values_for_type(x509.IPAddress)]
        self.assertEqual(addresses, ["127.0.0.1", "::1"])
        self.assertTrue(_isPrivate(self.directory / "ca.key"))
        self.assertTrue(_isPrivate(self.directory / "server.pem"))

    def test_kept(self) -> None:
        """
        What is there and good is used again.
        """
        Authority(self.directory, _NOW).serverOptions()
        before = self.serial("ca.pem"), self.serial("server.pem")
        Authority(self.directory, _NOW + timedelta(days=300)).serverOptions()
        self.assertEqual((self.serial("ca.pem"), self.serial("server.pem")), before)

    def test_renewed(self) -> None:
        """
        A server certificate that ends soon is renewed under the same authority; an authority that ends is replaced.
        """
        Authority(self.directory, _NOW).serverOptions()
        authority, server = self.serial("ca.pem"), self.serial("server.pem")
        Authority(self.directory, _NOW + timedelta(days=340)).serverOptions()
        self.assertEqual(self.serial("ca.pem"), authority)
        self.assertNotEqual(self.serial("server.pem"), server)
        Authority(self.directory, _NOW + timedelta(days=3_640)).serverOptions()
        self.assertNotEqual(self.serial("ca.pem"), authority)

    def test_broken(self) -> None:
        """
        Files that are no certificates are an error of configuration.
        """
        Authority(self.directory, _NOW).serverOptions()
        (self.directory / "ca.pem").write_text("nonsense")
        self.assertRaises(ConfigurationError, Authority(self.directory, _NOW).serverOptions)


class DirectoryTests(SynchronousTestCase):
    """
    What outlives the process.
    """

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()

    def start(self) -> tuple[Clock, Exchange, Directory]:
        clock = Clock()
        exchange, directory = Exchange.default(clock), Directory(self.path, clock)
        directory.create()
        directory.load(exchange)
        exchange.start()
        directory.announce(exchange, port=1, oauthPort=2)
        return clock, exchange, directory

    def info(self) -> Any:
        return json.loads((self.path / "simulator.json").read_text())

    def trade(self, clock: Clock, client: RawClient, **fields: Any) -> int:
        client.logIn()
        client.received()
        client.send(
            ProtoOANewOrderReq(
                ctidTraderAccountId=USD_ACCOUNT,
                symbolId=1,
                orderType=ProtoOAOrderType.MARKET,
                tradeSide=ProtoOATradeSide.BUY,
                volume=100_000,
                **fields,
            )
        )
        clock.advance(0.15)
        return int(client.messages()[0].position.positionId)

    def reconcile(self, client: RawClient) -> Any:
        return client.ask(ProtoOAReconcileReq(ctidTraderAccountId=USD_ACCOUNT, returnProtectionOrders=True))

    def test_roundTrip(self) -> None:
        """
        Positions, orders, deals, balances and ids are there again after a restart, and trading goes on.
        """
        clock, exchange, _ = self.start()
        client = RawClient(exchange)
        first = self.trade(clock, client, relativeStopLoss=900, trailingStopLoss=True, label="kept")
        second = self.trade(clock, client)
        client.send(ProtoOAClosePositionReq(ctidTraderAccountId=USD_ACCOUNT, positionId=second, volume=100_000))
        clock.advance(1)
        before = exchange.venue.accounts[USD_ACCOUNT]
        picture = self.reconcile(client)

        clock, exchange, _ = self.start()
        client = RawClient(exchange)
        client.logIn()
        self.assertEqual(self.reconcile(client), picture)
        account = exchange.venue.accounts[USD_ACCOUNT]
        self.assertEqual((account.balance, account.balanceVersion), (before.balance, 1))
        self.assertEqual((account.lastClose, account.trails), (before.lastClose, before.trails))
        self.assertEqual((account.deals, account.ended), (before.deals, before.ended))
        self.assertEqual([each.tradeData.label for each in account.positions.values()], ["kept"])
        self.assertGreater(self.trade(clock, client), second)
        self.assertIn(first, account.positions)

    def test_writtenWithoutStopping(self) -> None:
        """
        A change is on disk within a fifth of a second, so that little is lost if the process is killed.
        """
        clock, exchange, _ = self.start()
        self.trade(clock, RawClient(exchange))
        clock.advance(0.2)
        _, again, _ = self.start()
        self.assertEqual(len(again.venue.accounts[USD_ACCOUNT].positions), 1)

    def test_underWay(self) -> None:
        """
        An order that was accepted and not executed when the process was killed is executed by the next one.
        """
        clock, exchange, directory = self.start()
        client = RawClient(exchange)
        client.logIn()
        client.send(
            ProtoOANewOrderReq(
                ctidTraderAccountId=USD_ACCOUNT,
                symbolId=1,
                orderType=ProtoOAOrderType.MARKET,
                tradeSide=ProtoOATradeSide.SELL,
                volume=100_000,
            )
        )
        directory.save(exchange)
        clock, exchange, _ = self.start()
        clock.advance(1)
        [position] = exchange.venue.accounts[USD_ACCOUNT].openPositions()
        self.assertEqual(position.tradeData.volume, 100_000)

    def test_tokens(self) -> None:
        """
        Refreshed tokens are told in the file for clients, are good after a restart, and never come again.
        """
        clock, exchange, _ = self.start()
        before = self.info()
        client = RawClient(exchange)
        client.logInApplication()
        client.ask(ProtoOARefreshTokenReq(refreshToken=before["refreshToken"]))
        clock.advance(0.2)
        after = self.info()
        self.assertNotEqual(after["accessToken"], before["accessToken"])
        _, exchange, _ = self.start()
        self.assertEqual(self.info(), after)
        client = RawClient(exchange)
        client.logInApplication()
        answer = client.ask(ProtoOARefreshTokenReq(refreshToken=after["refreshToken"]))
        self.assertNotIn(answer.accessToken, (before["accessToken"], after["accessToken"]))

    def test_info(self) -> None:
        """
        The file for clients says how to reach the simulator and is for its owner alone.
        """
        self.start()
        info = self.info()
        self.assertEqual((info["host"], info["port"], info["caFile"]), ("127.0.0.1", 1, str(self.path / "ca.pem")))
        self.assertEqual(
            info["oauth"],
            {"authorizeUrl": "http://127.0.0.1:2/apps/auth", "tokenUrl": "http://127.0.0.1:2/apps/token"},
        )
        self.assertEqual(info["redirectUri"], "http://127.0.0.1:2/callback")
        self.assertEqual(
            info["accounts"][0],
            {
                "ctidTraderAccountId": USD_ACCOUNT,
                "traderLogin": 5_000_001,
                "isLive": False,
                "depositAsset": "USD",
                "accountType": "HEDGED",
            },
        )
        self.assertTrue(all(_isPrivate(self.path / name) for name in ("simulator.json", "state.json")))
        self.assertTrue(_isPrivate(self.path))

    def test_broken(self) -> None:
        """
        A state that cannot be used is an error of configuration that names the file.
        """
        self.start()
        for content in ("nonsense", "{}", '{"format": 99}', '{"format": 1, "serial": 1, "applications": [1]}'):
            (self.path / "state.json").write_text(content)
            error = self.assertRaises(ConfigurationError, self.start)
            self.assertIn("state.json", str(error))

    def test_noDirectory(self) -> None:
        """
        A directory that cannot be made is an error of configuration.
        """
        self.path.write_text("a file")
        self.assertRaises(ConfigurationError, Directory(self.path / "below", Clock()).create)

    def test_cannotSave(self) -> None:
        """
        If the state cannot be saved, that is logged, and the exchange goes on.
        """
        clock, exchange, _ = self.start()
        for file in self.path.iterdir():
            file.unlink()
        self.path.rmdir()
        exchange.changed()
        clock.advance(0.2)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)


class OptionTests(SynchronousTestCase):
    """
    The command line.
    """

    def parse(self, *words: str) -> sim.Options:
        options = sim.Options()
        options.parseOptions(list(words))
        return options

    def test_defaults(self) -> None:
        """
        Without choices the ports are those that are documented.
        """
        options = self.parse("--directory", "d")
        self.assertEqual((options["port"], options["oauth-port"], options["seed"]), (5035, 5080, 0))
        self.assertEqual((options["replay"], options["replay-start"], options["speed"]), ({}, None, 1.0))

    def test_choices(self) -> None:
        """
        Everything can be chosen.
        """
        words = "-d d --port 0 --oauth-port 0 --seed -3 --speed 2.5 --replay EURUSD=a=b --replay USDJPY=c"
        options = self.parse(*words.split(), "--replay-start", "1970-01-01T01:00:01+01:00")
        self.assertEqual((options["port"], options["oauth-port"], options["seed"]), (0, 0, -3))
        self.assertEqual((options["speed"], options["replay-start"]), (2.5, 1_000))
        self.assertEqual(options["replay"], {"EURUSD": Path("a=b"), "USDJPY": Path("c")})

    def test_refusals(self) -> None:
        """
        What makes no sense is refused in a sentence that names it.
        """
        for words, part in (
            ("", "--directory"),
            ("-d d --port x", "'x' is no port"),
            ("-d d --port 65536", "'65536' is no port"),
            ("-d d --seed y", "'y' is no seed"),
            ("-d d --speed 0", "'0' is no speed"),
            ("-d d --speed fast", "'fast' is no speed"),
            ("-d d --replay-start soon", "'soon' is no time"),
            ("-d d --replay-start 2020-01-01", "no time zone"),
            ("-d d --replay EURUSD", "SYMBOL=FILE"),
            ("-d d --replay NOTHING=f", "no symbol NOTHING"),
        ):
            error = self.assertRaises(UsageError, self.parse, *words.split())
            self.assertIn(part, str(error))

    def test_badReplay(self) -> None:
        """
        A file that is not there ends in a sentence.
        """
        options = self.parse("-d", "d", "--replay", f"EURUSD={self.mktemp()}")
        error = self.assertRaises(SystemExit, sim.makeService, options)
        self.assertIn("ctrader-sim:", str(error))

    def test_epoch(self) -> None:
        """
        The simulated world begins now, with the first recorded tick, or where it was told to.
        """
        file = Path(self.mktemp())
        file.write_text("20200101 170000065,1.121200,1.121720,0\n")
        words = ("-d", self.mktemp())
        self.assertGreater(self.epoch(*words), 1_700_000_000_000)
        self.assertEqual(self.epoch(*words, "--replay", f"EURUSD={file}"), 1_577_916_000_065)
        self.assertEqual(self.epoch(*words, "--replay-start", "1970-01-01T00:00:02Z"), 2_000)

    def epoch(self, *words: str) -> int:
        service = sim.makeService(self.parse(*words))
        assert isinstance(service, SimulatorService)
        return service.exchange.timeline.epoch

    def test_plugins(self) -> None:
        """
        twistd finds the simulator.
        """
        [maker] = [each for each in getPlugins(IServiceMaker) if each.tapname == "ctrader-sim"]
        self.assertIs(maker.options, sim.Options)
        self.assertIs(maker.makeService, sim.makeService)


class _Collecting(Protocol):
    """
    Asks for the version once TLS is up and keeps the first answer.
    """

    def __init__(self) -> None:
        self.answer: Deferred[Any] = Deferred()
        self.lost: Deferred[None] = Deferred()
        self._decoder = FrameDecoder()

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(encodeFrame(ProtoOAVersionReq(), "v"))

    def dataReceived(self, data: bytes) -> None:
        for envelope in self._decoder.feed(data):
            self.answer.callback(envelope.message())

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self.lost.callback(None)


class ServiceTests(TestCase):
    """
    The whole daemon, on loopback.
    """

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.service = self.start()

    def start(self, *words: str) -> SimulatorService:
        options = sim.Options()
        options.parseOptions([*["--port", "0", "--oauth-port", "0", "--directory"], str(self.path), *words])
        service = sim.makeService(options)
        assert isinstance(service, SimulatorService)
        service.startService()
        self.info = json.loads((self.path / "simulator.json").read_text())
        return service

    async def tearDown(self) -> None:  # type: ignore[override]
        if self.service.running:
            await self.service.stopService()

    async def connect(self) -> _Collecting:
        authority = Certificate.loadPEM(Path(self.info["caFile"]).read_bytes())
        endpoint = wrapClientTLS(
            optionsForClientTLS("localhost", trustRoot=authority),
            HostnameEndpoint(globalReactor, "127.0.0.1", self.info["port"]),
        )
        client = _Collecting()
        await connectProtocol(endpoint, client)
        return client

    async def fetch(self, method: bytes, url: str, **query: str) -> tuple[int, dict[str, Any], str | None]:
        response = await Agent(globalReactor).request(method, f"{url}?{urlencode(query)}".encode())
        body = await readBody(response)
        location = response.headers.getRawHeaders("location")
        isJson = response.headers.getRawHeaders("content-type") == ["application/json"]
        return response.code, json.loads(body) if isJson else {"page": body.decode()}, location[0] if location else None

    async def authorise(self, **query: str) -> tuple[int, dict[str, Any], str | None]:
        given = {"client_id": self.info["clientId"], "redirect_uri": self.info["redirectUri"], "scope": "trading"}
        return await self.fetch(b"GET", self.info["oauth"]["authorizeUrl"], **{**given, **query})

    async def token(self, method: bytes = b"GET", /, **query: str) -> tuple[int, dict[str, Any]]:
        given = {"client_id": self.info["clientId"], "client_secret": self.info["clientSecret"]}
        code, body, _ = await self.fetch(method, self.info["oauth"]["tokenUrl"], **{**given, **query})
        return code, body

    async def code(self) -> str:
        _, _, location = await self.authorise(auto="1")
        assert location is not None
        return parse_qs(urlsplit(location).query)["code"][0]

    async def test_tls(self) -> None:
        """
        A client that trusts the written authority gets an answer over TLS, and is cut off when the service stops.
        """
        client = await self.connect()
        self.assertEqual((await client.answer).version, "91")
        await self.service.stopService()
        await client.lost

    async def test_restart(self) -> None:
        """
        After a restart with the same directory the credentials and the authority are the same.
        """
        before, authority = self.info, Path(self.info["caFile"]).read_bytes()
        await self.service.stopService()
        self.service = self.start()
        ignored = ("port", "oauth", "redirectUri")
        self.assertEqual(
            {key: value for key, value in self.info.items() if key not in ignored},
            {key: value for key, value in before.items() if key not in ignored},
        )
        self.assertEqual(Path(self.info["caFile"]).read_bytes(), authority)
        self.assertEqual((await (await self.connect()).answer).version, "91")

    def test_portTaken(self) -> None:
        """
        If a port is taken the process ends with a sentence, and holds no other port.
        """
        second = urlsplit(self.info["oauth"]["tokenUrl"]).port
        error = self.assertRaises(SystemExit, self.start, "--oauth-port", str(second))
        self.assertIn(f"port {second} of 127.0.0.1 is taken", str(error))

    async def test_grant(self) -> None:
        """
        A code buys tokens that work on the wire, once; the browser is sent back where it came from.
        """
        status, _, location = await self.authorise(auto="1", redirect_uri="http://127.0.0.1:4567/catch?flow=7")
        self.assertEqual(status, 302)
        assert location is not None
        self.assertTrue(location.startswith("http://127.0.0.1:4567/catch?flow=7&code="))
        query = {
            "grant_type": "authorization_code",
            "code": location.rpartition("=")[2],
            "redirect_uri": "http://127.0.0.1:4567/catch?flow=7",
        }
        status, body = await self.token(**query)
        self.assertEqual((status, body["tokenType"], body["expiresIn"]), (200, "bearer", 2_628_000))
        self.assertIsNone(body["errorCode"])
        granted = self.service.exchange.registry.grant(self.info["clientId"], body["accessToken"])
        self.assertTrue(granted.mayTrade)
        status, body = await self.token(**query)
        self.assertEqual((status, body["errorCode"], body["accessToken"]), (400, "ACCESS_DENIED", None))

    async def test_refresh(self) -> None:
        """
        A refresh over HTTP, by POST, gives a new pair and ends the sessions of the old one.
        """
        client = RawClient(self.service.exchange)
        client.logIn()
        client.received()
        status, body = await self.token(b"POST", grant_type="refresh_token", refresh_token=self.info["refreshToken"])
        self.assertEqual(status, 200)
        self.assertNotEqual(body["refreshToken"], self.info["refreshToken"])
        self.assertIsInstance(client.messages()[0], ProtoOAAccountsTokenInvalidatedEvent)
        status, body = await self.token(grant_type="refresh_token", refresh_token=self.info["refreshToken"])
        self.assertEqual((status, body["errorCode"]), (400, "ACCESS_DENIED"))
        client.lose()

    async def test_consentPage(self) -> None:
        """
        The page offers to allow and to deny, and each does what it says.
        """
        status, body, _ = await self.authorise()
        self.assertEqual(status, 200)
        self.assertIn("decision=allow", body["page"])
        self.assertIn("decision=deny", body["page"])
        status, _, location = await self.authorise(decision="deny")
        self.assertEqual((status, location), (302, f"{self.info['redirectUri']}?error=access_denied"))
        _, _, location = await self.authorise(decision="allow", scope="accounts")
        assert location is not None
        _, shown, _ = await self.fetch(b"GET", self.info["redirectUri"], code="<b>")
        self.assertIn("&lt;b&gt;", shown["page"])
        _, shown, _ = await self.fetch(b"GET", self.info["redirectUri"], error="access_denied")
        self.assertIn("denied", shown["page"])

    async def test_badConsent(self) -> None:
        """
        An unknown application, a foreign address or an unknown scope is told on the page and redirected nowhere.
        """
        for wrong in (
            {"client_id": "nobody"},
            {"redirect_uri": "http://example.org/catch"},
            {"redirect_uri": "http://127.0.0.1:port/"},
            {"redirect_uri": "https://127.0.0.1/"},
            {"scope": "everything"},
        ):
            status, _, location = await self.authorise(auto="1", **wrong)
            self.assertEqual((status, location), (400, None))

    async def test_badTokenRequests(self) -> None:
        """
        A wrong secret, an unknown kind of grant, a code of another address and an old code are all refused.
        """
        code = await self.code()
        for wrong in (
            {"grant_type": "password"},
            {"client_secret": "guess", "grant_type": "refresh_token", "refresh_token": self.info["refreshToken"]},
            {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://127.0.0.1:1/"},
        ):
            status, body = await self.token(**wrong)
            self.assertEqual((status, body["errorCode"]), (400, "ACCESS_DENIED"))


class CodeTests(SynchronousTestCase):
    """
    The time limit of codes.
    """

    def test_expires(self) -> None:
        """
        A code is good for a minute and no longer.
        """
        clock = Clock()
        exchange = Exchange.default(clock)
        clientId = exchange.registry.applicationNamed("standard").clientId
        codes = _Codes(exchange)
        first, second = (codes.issue(clientId, "http://localhost/", mayTrade=False) for _ in range(2))
        clock.advance(59.9)
        self.assertFalse(codes.redeem(first, clientId, "http://localhost/").mayTrade)
        clock.advance(0.1)
        self.assertRaises(Refusal, codes.redeem, second, clientId, "http://localhost/")
