"""
Tests of L{ctrader_twisted.wire.endpoints}: real TLS on the loopback interface.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from cryptography import x509
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.wire import Echo
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import CertificateRefused, ConfigurationError, CTraderError, HostNameRefused
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.session.session import Session
from ctrader_twisted.session.status import Status
from ctrader_twisted.session.tables import State
from ctrader_twisted.simulator import authority
from ctrader_twisted.wire import Throttle, Timing, demo, endpoints, hostEndpoint, live, trustFile

from .scripted import ScriptedServer


class LoopbackTests(TestCase):
    """
    A session and a scripted server, over TLS.
    """

    def setUp(self) -> None:
        """
        Listen, with a certificate of our own authority.
        """
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.server = ScriptedServer()
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.sessions: list[Session] = []

    def listen(self) -> int:
        """
        @return: the port.
        """
        made = authority.Authority(self.folder, datetime.now(UTC))
        self.caFile = made.caFile
        port = self.reactor.listenSSL(0, self.server, made.serverOptions(), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        number: int = port.getHost().port
        return number

    def session(self, port: int, host: str = "127.0.0.1", caFile: Path | None = None) -> Session:
        """
        @return: a session, started.
        """
        session = Session(
            self.reactor,
            hostEndpoint(self.reactor, host, port, trustRoot=trustFile(caFile or self.caFile)),
            Application("id", "secret"),
            MemoryTokens(TokenPair("token")),
            randomness=Random(1),
            wallClock=lambda: 0,
            timing=Timing(),
            throttle=Throttle(self.reactor),
            connectTimeout=30,
        )
        self.addCleanup(self.closed, session)
        session.start()
        return session

    async def closed(self, session: Session) -> None:
        """
        Stop a session, and the server's side with it.
        """
        await session.stop()
        for connection in list(self.server.connections):
            assert connection.transport is not None
            connection.transport.loseConnection()

    async def test_verified(self) -> None:
        """
        A server with a certificate of a trusted authority, and for the name that was dialled, is spoken to.
        """
        port = self.listen()
        for host in ("127.0.0.1", "localhost"):
            await self.session(port, host).whenUp()

    async def refused(self, session: Session, kind: type[CTraderError]) -> None:
        """
        Wait for the error that ends a session.
        """
        with self.assertRaises(kind):
            await session.whenUp()
        self.assertEqual(session.status.connection, State.FAILED)
        self.assertEqual(self.server.seen, [])

    async def test_untrusted(self) -> None:
        """
        Scenario 36: A certificate of another authority ends the session, before anything is sent.
        """
        port = self.listen()
        other = self.folder / "other"
        other.mkdir()
        authority.Authority(other, datetime.now(UTC)).serverOptions()
        await self.refused(self.session(port, caFile=other / "ca.pem"), CertificateRefused)

    async def test_platformTrust(self) -> None:
        """
        Without a trust root of one's own, only the platform's authorities are trusted.
        """
        port = self.listen()
        session = self.session(port)
        await session.whenUp()
        endpoint = hostEndpoint(self.reactor, "127.0.0.1", port)
        self.patch(session._connection, "_endpoint", endpoint)
        await session.stop()
        session.start()
        with self.assertRaises(CertificateRefused):
            await session.whenUp()

    async def test_platformsOfTheirOwn(self) -> None:
        """
        On platforms where OpenSSL does not find their authorities, Python is asked for them.
        """
        port = self.listen()
        known = ssl.create_default_context(cafile=str(self.caFile))
        self.patch(endpoints, "_OWN_STORES", (sys.platform,))
        self.patch(ssl, "create_default_context", lambda: known)
        options = hostEndpoint(self.reactor, "127.0.0.1", port)
        session = self.session(port)
        self.patch(session._connection, "_endpoint", options)
        await session.stop()
        session.start()
        await session.whenUp()

    async def test_wrongName(self) -> None:
        """
        Scenario 36: A certificate for another name ends the session, before anything is sent.
        """
        self.patch(authority, "_GENERAL_NAMES", (x509.DNSName("simulator.invalid"),))
        await self.refused(self.session(self.listen()), HostNameRefused)

    async def test_expired(self) -> None:
        """
        A certificate that is not valid any more ends the session.
        """
        self.patch(authority, "_SERVER_DAYS", -0.5)
        await self.refused(self.session(self.listen()), CertificateRefused)

    async def statusWith(self, session: Session, words: str) -> Status:
        """
        Wait until a session tells of a failure in certain words.
        """
        found: Deferred[Status] = Deferred()

        def look(status: Status) -> None:
            if words in str(status.reason) and not found.called:
                found.callback(status)

        session.onStatus(look)
        return await found

    async def test_noTls(self) -> None:
        """
        A server that speaks no TLS is a failed attempt that says so.
        """
        self.listen()
        echo = self.reactor.listenTCP(0, Factory.forProtocol(Echo), interface="127.0.0.1")
        self.addCleanup(echo.stopListening)
        status = await self.statusWith(self.session(echo.getHost().port), "TLS failed")
        self.assertEqual(status.connection, State.WAITING)

    async def test_nobodyListens(self) -> None:
        """
        A port on which nobody listens is a failed attempt that says so.
        """
        self.listen()
        taken = self.reactor.listenTCP(0, Factory.forProtocol(Echo), interface="127.0.0.1")
        number = taken.getHost().port
        await taken.stopListening()
        status = await self.statusWith(self.session(number), "refused")
        self.assertEqual(status.connection, State.WAITING)


class HostTests(SynchronousTestCase):
    """
    Where the endpoints go.
    """

    def test_hosts(self) -> None:
        """
        The demo and the live host are dialled by their names, on the protobuf port.
        """
        self.assertEqual(self.dialled(demo), [("demo.ctraderapi.com", 5035)])
        self.assertEqual(self.dialled(live), [("live.ctraderapi.com", 5035)])

    def dialled(self, make: Callable[[Any], IStreamClientEndpoint]) -> list[tuple[str, int]]:
        """
        @return: which names an endpoint looks up, for which ports.
        """
        asked: list[tuple[str, int]] = []
        reactor: Any = MemoryReactorClock()
        reactor.nameResolver.resolveHostName = lambda receiver, hostName, portNumber, **_: asked.append(
            (hostName, portNumber)
        )
        make(reactor).connect(Factory())
        return asked


class TrustFileTests(SynchronousTestCase):
    """
    Files of authorities.
    """

    def refused(self, text: str | None) -> str:
        """
        @return: the words with which a file is refused.
        """
        path = Path(self.mktemp())
        if text is not None:
            path.write_text(text, encoding="utf-8")
        with self.assertRaises(ConfigurationError) as caught:
            trustFile(path)
        self.assertIn(str(path), str(caught.exception))
        return str(caught.exception)

    def test_refused(self) -> None:
        """
        A missing file, one without certificates and a damaged one are told apart.
        """
        self.assertIn("cannot be read", self.refused(None))
        self.assertIn("cannot be read", self.refused("\N{EURO SIGN}"))
        self.assertIn("no certificate", self.refused("hello"))
        self.assertIn("damaged", self.refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
