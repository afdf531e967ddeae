"""
What the tests of the token service's client share: a network in memory, and a search for secrets in whatever comes out.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import ILogObserver, LogEvent, formatEventAsClassicLogText, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from ctrader_twisted import Application, OAuth, Services
from ctrader_twisted.errors import CTraderError

SECRET = "s3cret-of-the-client/+&=<é>"
CODE = "c0de-of-the-consent/+&=<é>"
REFRESH = "r3fresh-token-that-was-sent/+&=<é>"
SECRETS = (SECRET, CODE, REFRESH)
REDIRECT = "http://127.0.0.1:8765/callback"
NOW = 1_700_000_000_000
PATIENCE = 30.0

_ErrorT = TypeVar("_ErrorT", bound=Exception)


class Exchange:
    """
    One connection to the token service, seen from the service.

    @ivar transport: what the client writes to.
    """

    def __init__(self, factory: Any) -> None:
        """
        Accept a connection.
        """
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 80))
        self._client = factory.buildProtocol(self.transport.getPeer())
        self._client.makeConnection(self.transport)

    @property
    def request(self) -> bytes:
        """
        What the client has sent.
        """
        return bytes(self.transport.value())

    @property
    def parameters(self) -> dict[str, str]:
        """
        The parameters of the request.
        """
        target = self.request.split(b" ", 2)[1].decode("ascii")
        return dict(parse_qsl(target.partition("?")[2], strict_parsing=True))

    @property
    def ended(self) -> bool:
        """
        Whether the client has ended the connection.
        """
        return self.transport.disconnected or self.transport.disconnecting or self.transport.producerState == "stopped"

    def write(self, data: bytes) -> None:
        """
        Send something, as it is.
        """
        self._client.dataReceived(data)

    def answer(self, body: bytes, status: int = 200, headers: bytes = b"") -> None:
        """
        Send a whole answer.
        """
        self.write(b"HTTP/1.1 %d Some Words\r\nContent-Length: %d\r\n%b\r\n%b" % (status, len(body), headers, body))

    def cut(self, reason: Exception | None = None) -> None:
        """
        The connection is lost.
        """
        self._client.connectionLost(Failure(reason or ConnectionLost()))


@implementer(ILogObserver)
class Heard:
    """
    What is logged from now to the end of a test.

    @ivar texts: each event, as a log file has it and as the program has it.
    """

    def __init__(self, test: TestCase | SynchronousTestCase) -> None:
        """
        @param test: the test.
        """
        self.texts: list[str] = []
        globalLogPublisher.addObserver(self)
        test.addCleanup(globalLogPublisher.removeObserver, self)

    def __call__(self, event: LogEvent) -> None:
        """
        Keep an event.
        """
        self.texts.append(f"{formatEventAsClassicLogText(event)} {event}")


class OAuthCase(SynchronousTestCase):
    """
    A client of the token service, and the service, on virtual time; nothing that is logged holds a secret.
    """

    def setUp(self) -> None:
        """
        Make the client, and listen to the log.
        """
        self.heard = Heard(self)
        self.reactor = MemoryReactorClock()
        self.oauth = OAuth(
            self.reactor,
            Application("12_client", SECRET),
            redirectUri=REDIRECT,
            services=Services("http://127.0.0.1/apps/auth", "http://127.0.0.1/apps/token"),
            wallClock=lambda: NOW,
            timeout=PATIENCE,
        )
        self.addCleanup(self.nothingIsLeft)

    def nothingIsLeft(self) -> None:
        """
        No timer runs, and no log event holds a secret.
        """
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        for text in self.heard.texts:
            self.assertNoSecret(text)

    def assertNoSecret(self, text: str) -> None:
        """
        Look for secrets, as they are and as they are written in addresses.
        """
        for secret in SECRETS:
            self.assertNotIn(secret[:20], text)

    def exchange(self) -> Exchange:
        """
        Accept the only connection that the client has asked for.
        """
        ((_, _, factory, _, _),) = self.reactor.tcpClients
        self.reactor.advance(1)
        return Exchange(factory)

    def refused(self, deferred: Deferred[Any], kind: type[_ErrorT]) -> _ErrorT:
        """
        Take the error out of a Deferred; it and what it hangs on hold no secret.

        @return: the error, which is of just this kind.
        """
        self.reactor.advance(1)
        error = self.failureResultOf(deferred).value
        assert isinstance(error, kind), error
        self.assertIs(type(error), kind)
        for each in _chain(error):
            told = each.explain() if isinstance(each, CTraderError) else ""
            written = "".join(traceback.format_exception(each))
            self.assertNoSecret(f"{each} {each!r} {each.args} {each.__dict__} {told} {written}")
        return error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
