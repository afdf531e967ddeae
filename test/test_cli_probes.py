"""
Tests of how C{ctrader doctor} looks at the network, against a simulator on this machine.
"""

from __future__ import annotations

import socket
from collections.abc import Coroutine
from pathlib import Path
from threading import Event
from time import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from ctrader_twisted.cli import probes as module
from ctrader_twisted.cli.probes import NetworkProbes
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.service import SimulatorService
from test.profilecase import freePort


class _Timeless(Resource):
    """
    A page without a date, or with one that makes no sense.
    """

    isLeaf = True

    def __init__(self, *dates: str) -> None:
        super().__init__()
        self.dates = dates

    def render_GET(self, request: Request) -> bytes:
        """
        Say nothing.
        """
        request.responseHeaders.setRawHeaders("date", self.dates)
        return b""


class _Plain(Protocol):
    """
    Does not speak TLS.
    """

    def dataReceived(self, data: bytes) -> None:
        """
        Refuse, in clear.
        """
        assert self.transport is not None
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class _Closing(Protocol):
    """
    Closes at once.
    """

    def connectionMade(self) -> None:
        """
        Close.
        """
        assert self.transport is not None
        self.transport.loseConnection()


class ProbeTests(TestCase):
    """
    A network of one machine.
    """

    timeout = 30

    def setUp(self) -> None:
        """
        Make the probes.
        """
        self.probes = NetworkProbes(reactor)

    def listen(self, factory: Any) -> int:
        """
        @return: the port at which somebody listens until the test ends.
        """
        port: Any = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return int(port.getHost().port)

    async def failure(self, attempt: Coroutine[Any, Any, Any]) -> str:
        """
        @return: the words of the error that something ends with.
        """
        return str(await self.assertFailure(Deferred.fromCoroutine(attempt), CTraderError))

    async def test_addresses(self) -> None:
        """
        Each address that a name stands for is told once.
        """
        found = await self.probes.addresses("localhost")
        self.assertIn("127.0.0.1", found)
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(await self.probes.addresses("127.0.0.1"), ("127.0.0.1",))

    async def test_unresolved(self) -> None:
        """
        A name that stands for nothing.
        """

        def refuse(*args: object, **options: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        self.patch(socket, "getaddrinfo", refuse)
        words = await self.failure(self.probes.addresses("nowhere.example"))
        self.assertEqual(words, "nowhere.example cannot be resolved: Name or service not known")

    async def test_certificate(self) -> None:
        """
        The certificate is told, though nobody trusts its authority; and the time of the token service.
        """
        folder = Path(self.mktemp()).absolute()
        service = SimulatorService(reactor, Exchange.default(reactor), Directory(folder, reactor))
        service.startService()
        self.addCleanup(service.stopService)
        port, oauthPort = (each.getHost().port for each in service._listening)
        for host in ("127.0.0.1", "localhost"):
            seen = await self.probes.certificate(host, port)
            self.assertEqual(seen.issuer, "ctrader_twisted simulator authority")
            self.assertLess(seen.begins.timestamp(), time())
            self.assertGreater(seen.ends.timestamp(), time())
        told = await self.probes.time(f"http://127.0.0.1:{oauthPort}/apps/token")
        assert told is not None
        self.assertLess(abs(told - time()), 60)

    async def test_noTls(self) -> None:
        """
        Servers that are not there, do not speak TLS, or close at once.
        """
        for port, expected in (
            (freePort(), "no connection could be made"),
            (self.listen(Factory.forProtocol(_Plain)), "TLS failed"),
            (self.listen(Factory.forProtocol(_Closing)), "was cut"),
        ):
            self.assertIn(expected, await self.failure(self.probes.certificate("127.0.0.1", port)))

    async def test_silent(self) -> None:
        """
        Nobody is waited for for ever.
        """
        self.patch(module, "_PATIENCE", 0.05)
        port = self.listen(Factory.forProtocol(Protocol))
        self.assertIn("does not speak TLS", await self.failure(self.probes.certificate("127.0.0.1", port)))
        self.assertIn("does not answer", await self.failure(self.probes.time(f"http://127.0.0.1:{port}/")))
        late = Event()
        self.addCleanup(late.set)

        def resolve(*args: object, **options: object) -> list[Any]:
            late.wait(30)
            return []

        self.patch(socket, "getaddrinfo", resolve)
        self.assertIn("does not answer", await self.failure(self.probes.addresses("slow.example")))

    async def test_noTime(self) -> None:
        """
        Pages that do not tell the time, or are not there.
        """
        for page in (_Timeless(), _Timeless("teatime")):
            self.assertIsNone(await self.probes.time(f"http://127.0.0.1:{self.listen(Site(page))}/"))
        for port, words in (
            (freePort(), "no connection could be made"),
            (self.listen(Factory.forProtocol(_Closing)), "closed"),
        ):
            self.assertIn(words, await self.failure(self.probes.time(f"http://127.0.0.1:{port}/")))
