"""
Tests of L{ctrader_twisted.testing.memory}.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from ctrader_twisted.testing import MemoryEndpoint, MemoryLink


class Recorder(Protocol):
    """
    Notes what comes, and how it ends.
    """

    data = b""
    closedReason: Failure

    def dataReceived(self, data: bytes) -> None:
        """
        Note some bytes.
        """
        self.data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Note the end.
        """
        self.closedReason = reason


class MemoryEndpointTests(SynchronousTestCase):
    """
    Two protocols joined in memory.
    """

    def setUp(self) -> None:
        """
        Make the endpoint.
        """
        self.clock = Clock()
        self.endpoint = MemoryEndpoint(self.clock, Factory.forProtocol(Recorder))
        verifyObject(IStreamClientEndpoint, self.endpoint)

    def join(self) -> MemoryLink:
        """
        Connect.
        """
        connected = self.endpoint.connect(Factory.forProtocol(Recorder))
        self.assertNoResult(connected)
        self.turns()
        self.successResultOf(connected)
        return self.endpoint.links[-1]

    def turns(self) -> None:
        """
        Let all happen that is due.
        """
        for _ in range(5):
            self.clock.advance(0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_bytes(self) -> None:
        """
        What one side writes, the other side gets, in a later turn and in order.
        """
        link = self.join()
        link.client.transport.write(b"one")
        link.client.transport.writeSequence([b"t", b"wo"])
        self.assertEqual(link.server.data, b"")
        self.turns()
        self.assertEqual(link.server.data, b"onetwo")
        self.assertEqual(link.client.transport.getPeer(), link.server.transport.getHost())

    def test_lose(self) -> None:
        """
        A polite close delivers what was written before it, and nothing after it.
        """
        link = self.join()
        link.client.transport.write(b"last")
        link.client.transport.loseConnection()
        link.client.transport.loseConnection()
        link.client.transport.write(b"too late")
        self.turns()
        self.assertEqual(link.server.data, b"last")
        link.server.closedReason.trap(ConnectionDone)
        link.client.closedReason.trap(ConnectionDone)
        self.assertEqual((link.isOpen, self.endpoint.openLinks), (False, []))

    def test_arrivesTooLate(self) -> None:
        """
        What is still on its way to a side that ends the connection does not come, however it ends it.
        """
        for end in ("loseConnection", "abortConnection"):
            link = self.join()
            link.server.transport.write(b"too late")
            getattr(link.client.transport, end)()
            self.turns()
            self.assertEqual(link.client.data, b"")

    def test_abort(self) -> None:
        """
        An abort tells the two sides different things.
        """
        link = self.join()
        link.server.transport.abortConnection()
        link.server.transport.abortConnection()
        self.turns()
        link.server.closedReason.trap(ConnectionAborted)
        link.client.closedReason.trap(ConnectionLost)
        link.client.transport.abortConnection()

    def test_cut(self) -> None:
        """
        A cut loses the connection for both, after the bytes that still got through.
        """
        link = self.join()
        link.cut(after=b"ha")
        self.turns()
        self.assertEqual(link.client.data, b"ha")
        link.client.closedReason.trap(ConnectionLost)
        link.server.closedReason.trap(ConnectionLost)

    def test_freeze(self) -> None:
        """
        A frozen link lets nothing through and tells nobody.
        """
        link = self.join()
        link.freeze()
        link.client.transport.write(b"anyone?")
        self.turns()
        link.client.transport.abortConnection()
        self.turns()
        link.client.closedReason.trap(ConnectionAborted)
        self.assertEqual((link.server.data, link.isOpen), (b"", True))

    def test_refusing(self) -> None:
        """
        An endpoint that refuses fails each attempt, and counts it.
        """
        self.endpoint.refusing = True
        connected = self.endpoint.connect(Factory.forProtocol(Recorder))
        self.turns()
        self.failureResultOf(connected, ConnectionRefusedError)
        self.assertEqual(self.endpoint.attempts, 1)

    def test_noProtocol(self) -> None:
        """
        A server that makes no protocol refuses.
        """
        refusing = Factory()
        refusing.buildProtocol = lambda addr: None  # type: ignore[method-assign]
        connected = MemoryEndpoint(self.clock, refusing).connect(Factory.forProtocol(Recorder))
        self.turns()
        self.failureResultOf(connected, ConnectionRefusedError)

    def test_cancel(self) -> None:
        """
        A cancelled attempt makes no connection.
        """
        connected = self.endpoint.connect(Factory.forProtocol(Recorder))
        connected.cancel()
        self.failureResultOf(connected)
        self.turns()
        self.assertEqual(self.endpoint.links, [])
