"""
The simulator as a daemon, on loopback: TLS and OAuth.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from twisted.internet import reactor as globalReactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, readBody

from ctrader_twisted.framing import FrameDecoder, encodeFrame
from ctrader_twisted.schema.messages import (
    ProtoOAAccountsTokenInvalidatedEvent,
    ProtoOAVersionReq,
    ProtoOAVersionRes,
)
from ctrader_twisted.simulator.faults import Cut, Outgoing
from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.tap import sim
from test.rawclient import RawClient


class _Collecting(Protocol):
    """
    Asks for the version once TLS is up and keeps the first answer.
    """

    def __init__(self) -> None:
        self.data = b""
        self.answer: Deferred[Any] = Deferred()
        self.lost: Deferred[None] = Deferred()
        self._decoder = FrameDecoder()

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(encodeFrame(ProtoOAVersionReq(), "v"))

    def dataReceived(self, data: bytes) -> None:
        self.data += data
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

    async def test_tls(self) -> None:
        """
        A client that trusts the written authority gets an answer over TLS, and is cut off when the service stops.
        """
        client = await self.connect()
        self.assertEqual((await client.answer).version, "91")
        await self.service.stopService()
        await client.lost

    async def test_faults(self) -> None:
        """
        Over TLS, too, an answer can be cut in the middle of its frame, and connections can be refused.
        """
        faults = self.service.exchange.faults
        faults.add(Outgoing(Cut(0.5), message="ProtoOAVersionRes"))
        client = await self.connect()
        await client.lost
        frame = encodeFrame(ProtoOAVersionRes(version="91"), "v")
        self.assertEqual(client.data, frame[: len(frame) // 2])
        faults.refuseConnections()
        refused = await self.connect()
        await refused.lost
        self.assertEqual(refused.data, b"")

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
        first, self.path = self.path, Path(self.mktemp()).absolute()
        self.addCleanup(setattr, self, "path", first)
        error = self.assertRaises(SystemExit, self.start, "--oauth-port", str(second))
        self.assertIn(f"port {second} of 127.0.0.1 is taken", str(error))

    async def test_cannotWrite(self) -> None:
        """
        If the file for clients cannot be written the process ends with a sentence, and holds neither ports nor folder.
        """
        await self.service.stopService()
        (self.path / "simulator.json").unlink()
        (self.path / "simulator.json").mkdir()
        error = self.assertRaises(SystemExit, self.start)
        self.assertIn(f"ctrader-sim: nothing can be written in {self.path}", str(error))
        # twistd hears of nothing else when it has gone into the background.
        self.assertIsInstance(error, Exception)
        (self.path / "simulator.json").rmdir()
        self.service = self.start()

    async def test_lateRequest(self) -> None:
        """
        A connection for OAuth that outlives the service changes nothing on disk any more.
        """
        await self.service.stopService()
        before = (self.path / "state.json").read_bytes()
        self.service.exchange.credentialsChanged()
        self.service.exchange.changed()
        self.assertEqual((self.path / "state.json").read_bytes(), before)

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
        self.assertIn(body["refreshToken"], (self.path / "state.json").read_text())
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
        # On disk before it was told, or else a process that is killed now would lock the client out.
        self.assertIn(body["refreshToken"], (self.path / "simulator.json").read_text())
        self.assertIsInstance(client.messages()[0], ProtoOAAccountsTokenInvalidatedEvent)
        status, body = await self.token(grant_type="refresh_token", refresh_token=self.info["refreshToken"])
        self.assertEqual((status, body["errorCode"]), (400, "ACCESS_DENIED"))
        client.lose()
