"""
Tests of one connection for a few questions.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ISSLTransport, IStreamClientEndpoint
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from ctrader_twisted.cli.visit import authorise, granted, visiting
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConnectFailed, ConnectionLost, NotConnected, TokenRefused
from ctrader_twisted.requests import ApplicationRequests
from ctrader_twisted.wire import OpenApiProtocol
from test.profilecase import ProfileCase


@implementer(ISSLTransport)
class _Tls(StringTransport):
    """
    A transport on which TLS is never established.
    """

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.protocol = protocol

    def getPeerCertificate(self) -> None:
        """
        Nobody has shown one.
        """

    def loseConnection(self) -> None:
        """
        Close.
        """
        self.protocol.connectionLost(Failure(ConnectionDone()))

    loseWriteConnection = abortConnection = loseConnection

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        There is no TCP.
        """

    setTcpKeepAlive = setTcpNoDelay

    def getTcpNoDelay(self) -> bool:
        """
        @return: nothing of use.
        """
        return False

    getTcpKeepAlive = getTcpNoDelay


@implementer(IStreamClientEndpoint)
class _Silent:
    """
    A host that does not speak.
    """

    def __init__(self, isConnected: bool) -> None:
        self.isConnected = isConnected
        self.transport: Any = None

    def connect(self, factory: Any) -> Deferred[Any]:
        """
        Connect, or do not even that.
        """
        done: Deferred[Any] = Deferred()
        if self.isConnected:
            protocol = factory.buildProtocol(None)
            self.transport = _Tls(protocol)
            protocol.makeConnection(self.transport)
            done.callback(protocol)
        return done


class VisitTests(ProfileCase):
    """
    Connections that come about, and others.
    """

    def visit(self, endpoint: Any) -> Deferred[OpenApiProtocol]:
        """
        @return: fires with the connection, after it has ended.
        """

        async def visit() -> OpenApiProtocol:
            async with visiting(self.virtual.clock, endpoint, Random(1)) as protocol:
                return protocol

        return Deferred.fromCoroutine(visit())

    def test_ended(self) -> None:
        """
        The connection ends with the block.
        """

        async def main() -> None:
            async with visiting(self.virtual.clock, self.virtual.endpoint, Random(1)) as protocol:
                answer = await ApplicationRequests(protocol.request).version()
                self.assertEqual(answer.version, "91")
                self.assertEqual(len(self.virtual.endpoint.openLinks), 1)

        self.drive(main())
        self.assertEqual(self.virtual.endpoint.openLinks, [])
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])

    def test_silent(self) -> None:
        """
        Nobody waits for ever for a host that does not answer, or for TLS.
        """
        for isConnected, words in ((False, "does not answer"), (True, "TLS is not established")):
            visit = self.visit(_Silent(isConnected))
            self.virtual.advance(29)
            self.assertNoResult(visit)
            self.virtual.advance(1)
            self.assertIn(words, str(self.failureResultOf(visit, ConnectFailed).value))
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])

    def test_cancelled(self) -> None:
        """
        Who gives up waiting is left alone.
        """
        visit = self.visit(_Silent(False))
        visit.cancel()
        self.failureResultOf(visit, CancelledError)

    def test_cutInTls(self) -> None:
        """
        A connection that is cut before it is secured.
        """
        endpoint = _Silent(True)
        visit = self.visit(endpoint)
        endpoint.transport.loseConnection()
        self.failureResultOf(visit, NotConnected)

    def test_cutLater(self) -> None:
        """
        What waits for an answer then fails.
        """

        async def main() -> None:
            async with visiting(self.virtual.clock, self.virtual.endpoint, Random(1)) as protocol:
                asked = ApplicationRequests(protocol.request).version()
                self.virtual.endpoint.links[-1].cut()
                await asked

        self.assertRaises(ConnectionLost, self.drive, main())


class QuestionTests(ProfileCase):
    """
    What is asked.
    """

    def ask(self, pair: TokenPair) -> Any:
        """
        @return: what a pair is good for.
        """

        async def main() -> Any:
            async with visiting(self.virtual.clock, self.virtual.endpoint, Random(1)) as protocol:
                requests = ApplicationRequests(protocol.request)
                await authorise(requests, self.profile())
                return await granted(requests, pair)

        return self.drive(main())

    def test_granted(self) -> None:
        """
        The server tells whose a pair is, what it allows, and where.
        """
        for name, canTrade, scope in (("trade", True, "trading"), ("view", False, "accounts")):
            found = self.ask(self.pair(name, expires=5))
            self.assertEqual(found.pair, self.pair(name, expires=5, userId=7001, scope=scope))
            self.assertEqual({each.accountId for each in found.accounts}, set(self.registry.users[7001]))
            self.assertEqual({each.canTrade for each in found.accounts}, {canTrade})
            self.assertEqual([each.accountId for each in found.accounts if each.isLive], [20_003])

    def test_refused(self) -> None:
        """
        A pair that is not good any more.
        """
        self.assertRaises(TokenRefused, self.ask, self.pair("expired"))
