"""
Tests of L{ctrader_twisted.wire.records}: TLS in memory, with the standard library on the server's side.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from random import Random

from google.protobuf.message import Message
from twisted.internet.protocol import Factory
from twisted.internet.ssl import optionsForClientTLS
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import CTraderError, NotConnected
from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.schema import messages as m
from ctrader_twisted.wire import OpenApiProtocol, trustFile
from ctrader_twisted.wire.records import joinRecords

from .benchmark.certificate import HOST, makeIdentity

SPOT = m.ProtoOASpotEvent.FromString(b"\x10\x07\x18\x01\xf8\x06\x05")


class Wire(StringTransportWithDisconnection):
    """
    A transport that, as those for TCP, tells its end in a later turn.
    """

    isClosing = False

    def loseConnection(self) -> None:
        """
        Wait for L{end}.
        """
        self.isClosing = True

    abortConnection = loseConnection

    def end(self) -> None:
        """
        It is over.
        """
        super().loseConnection()

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        It has no delay.
        """

    setTcpKeepAlive = setTcpNoDelay


class RecordsTests(SynchronousTestCase):
    """
    A protocol that is sent several records at once. Each holds a field that the schema does not know, which is counted
    once for each run: so the count tells whether the records were put together.
    """

    def setUp(self) -> None:
        """
        Make the identity of the server.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        self.identity = makeIdentity(folder)
        self.events: list[Message] = []
        self.ended: list[CTraderError] = []
        self.isAborting = False
        self.expected = 0

    def connect(self, *, plain: bool = False) -> None:
        """
        Connect, up to the end of the handshake.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.identity)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.protocol = OpenApiProtocol(Clock(), self, randomness=Random(1), plain=plain)
        options = optionsForClientTLS(HOST, trustRoot=trustFile(self.identity[0]))
        factory = TLSMemoryBIOFactory(options, True, Factory.forProtocol(lambda: self.protocol), Clock())
        self.client = factory.buildProtocol(None)
        self.transport = Wire()
        self.transport.protocol = self.client
        self.client.makeConnection(self.transport)
        for _ in range(2):
            self.incoming.write(self.transport.value())
            self.transport.clear()
            try:
                self.server.do_handshake()
            except ssl.SSLWantReadError:
                self.client.dataReceived(self.outgoing.read())

    def records(self, count: int) -> bytes:
        """
        @return: as many records, with an event each.
        """
        for _ in range(count):
            self.server.write(encodeFrame(SPOT))
        return self.outgoing.read()

    def connectionOpened(self, protocol: OpenApiProtocol) -> None:
        """
        Wait.
        """

    connectionSecured = connectionOpened

    def eventReceived(self, protocol: OpenApiProtocol, message: Message) -> None:
        """
        Note it.
        """
        self.events.append(message)
        if self.isAborting:
            protocol.abort(NotConnected("enough"))

    def connectionBroken(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        Wait for the end.
        """

    def connectionEnded(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        Note how many events came before.
        """
        self.ended.append(reason)
        self.assertEqual(len(self.events), self.expected)

    def seen(self) -> tuple[int, int]:
        """
        @return: how many events came, and how many unknown fields were counted in them.
        """
        return len(self.events), self.protocol.counters.fields

    def closes(self) -> None:
        """
        Ten events have been told in one run, and the connection is being closed.
        """
        self.assertEqual((*self.seen(), self.transport.isClosing, self.ended), (10, 1, True, []))
        self.transport.end()
        self.assertEqual((len(self.events), len(self.ended)), (10, 1))

    def test_together(self) -> None:
        """
        The records of one read come together, on the plain way each for itself.
        """
        self.expected = 20
        for plain, counted in ((False, 2), (True, 20)):
            self.events.clear()
            self.connect(plain=plain)
            self.client.dataReceived(self.records(10))
            self.client.dataReceived(self.records(10))
            self.assertEqual(self.seen(), (20, counted))
            self.transport.end()

    def test_closed(self) -> None:
        """
        If the server closes in the same read, all that it sent before is told first, and then the end.
        """
        self.expected = 10
        self.connect()
        data = self.records(10)
        try:
            self.server.unwrap()
        except ssl.SSLWantReadError:
            data += self.outgoing.read()
        self.client.dataReceived(data)
        self.closes()

    def test_damaged(self) -> None:
        """
        If a record is damaged, all before it is told, and then the connection ends.
        """
        self.expected = 10
        self.connect()
        data, last = self.records(10), self.records(1)
        self.client.dataReceived(data + last[:-1] + bytes([last[-1] ^ 1]))
        self.closes()

    def test_cut(self) -> None:
        """
        A cut in the midst of a record ends the connection after what was whole.
        """
        self.expected = 10
        self.connect()
        self.client.dataReceived(self.records(11)[:-5])
        self.transport.end()
        self.assertEqual((*self.seen(), len(self.ended)), (10, 1, 1))

    def test_abort(self) -> None:
        """
        After an abort nothing more is told.
        """
        self.isAborting = True
        self.expected = 1
        self.connect()
        self.client.dataReceived(self.records(10))
        self.transport.end()
        self.assertEqual((len(self.events), [str(each) for each in self.ended]), (1, ["enough"]))

    def test_noHook(self) -> None:
        """
        Where Twisted has no such method, nothing is wrapped.
        """
        calls: list[str] = []
        self.assertFalse(joinRecords(StringTransportWithDisconnection(), lambda: None, lambda: None))

        class Changed:
            _flushReceiveBIO = None

        self.assertFalse(joinRecords(Changed(), lambda: None, lambda: None))

        class Failing:
            def _flushReceiveBIO(self) -> None:
                raise ValueError("no")

        failing = Failing()
        self.assertTrue(joinRecords(failing, lambda: calls.append("begins"), lambda: calls.append("ends")))
        self.assertRaises(ValueError, failing._flushReceiveBIO)
        self.assertEqual(calls, ["begins", "ends"])
