"""
The simulator's side of one connection: frames, liveness, limits.
"""

from __future__ import annotations

from google.protobuf.message import Message
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.framing import Envelope, FrameDecoder, encodeEnvelope, encodeFrame
from ctrader_twisted.schema import payloadType
from ctrader_twisted.schema.messages import (
    ProtoErrorRes,
    ProtoHeartbeatEvent,
    ProtoOAApplicationAuthRes,
    ProtoOAAssetListReq,
    ProtoOAGetTickDataReq,
    ProtoOAQuoteType,
    ProtoOARefreshTokenReq,
    ProtoOARefreshTokenRes,
    ProtoOAVersionReq,
    ProtoOAVersionRes,
)
from ctrader_twisted.simulator.connection import SimulatorFactory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import USD_ACCOUNT
from test.rawclient import RawClient


class _WithClient(SynchronousTestCase):
    settings = Settings()

    def setUp(self) -> None:
        self.clock = Clock()
        self.exchange = Exchange.default(self.clock, settings=self.settings)
        self.client = RawClient(self.exchange)

    def tearDown(self) -> None:
        for connection in list(self.exchange.connections):
            connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def isClosing(self) -> bool:
        return bool(self.client.transport.disconnecting)


class FrameTests(_WithClient):
    """
    What comes as bytes.
    """

    def test_splitAnywhere(self) -> None:
        """
        Two requests are answered however their bytes are cut.
        """
        data = encodeFrame(ProtoOAVersionReq(), "a") + encodeFrame(ProtoOAVersionReq(), "b")
        for cut in range(1, len(data)):
            self.client.protocol.dataReceived(data[:cut])
            self.client.protocol.dataReceived(data[cut:])
            self.assertEqual([clientMsgId for _, clientMsgId in self.client.received()], ["a", "b"])
            self.clock.advance(1)

    def test_oneWrite(self) -> None:
        """
        The answers to requests that came together leave in one piece, in order; those to others in another.
        """
        written: list[bytes] = []
        self.patch(self.client.transport, "write", written.append)
        self.client.protocol.dataReceived(encodeFrame(ProtoOAVersionReq(), "a") + encodeFrame(ProtoOAVersionReq(), "b"))
        self.client.protocol.dataReceived(encodeFrame(ProtoOAVersionReq(), "c"))
        self.assertEqual(
            [[each.clientMsgId for each in FrameDecoder().feed(data)] for data in written], [["a", "b"], ["c"]]
        )

    def test_noId(self) -> None:
        """
        A request without an id is answered without one, and the inner payload type stays unset.
        """
        self.client.send(ProtoOAVersionReq())
        [(answer, clientMsgId)] = self.client.received()
        self.assertIsNone(clientMsgId)
        self.assertFalse(answer.HasField("payloadType"))

    def test_heartbeatFirst(self) -> None:
        """
        A heartbeat before the login is not answered and does no harm.
        """
        self.client.send(ProtoHeartbeatEvent())
        self.assertEqual(self.client.received(), [])
        self.assertIsInstance(self.client.logInApplication(), ProtoOAApplicationAuthRes)

    def test_oversize(self) -> None:
        """
        A frame that is announced as too long ends the connection; what came before it is still served.
        """
        self.client.protocol.dataReceived(encodeFrame(ProtoOAVersionReq()) + b"\x7f\xff\xff\xff")
        self.assertIsInstance(self.client.messages()[0], ProtoOAVersionRes)
        self.assertTrue(self.isClosing())
        self.client.send(ProtoOAVersionReq())
        self.assertEqual(self.client.received(), [])

    def test_nothingAfterTheEnd(self) -> None:
        """
        A connection that is being closed sends nothing more, and closing it again changes nothing.
        """
        self.client.logIn()
        self.client.received()
        self.client.protocol.close()
        self.client.protocol.close()
        self.exchange.publish(USD_ACCOUNT, ProtoHeartbeatEvent())
        self.assertEqual(self.client.received(), [])

    def test_garbage(self) -> None:
        """
        A frame that holds no envelope ends the connection.
        """
        self.client.protocol.dataReceived(b"\x00\x00\x00\x02\xff\xff")
        self.assertTrue(self.isClosing())

    def test_malformedPayload(self) -> None:
        """
        A payload that cannot be parsed is refused with the request's id, and the connection goes on.
        """
        number = payloadType(ProtoOAVersionReq)
        self.client.protocol.dataReceived(encodeEnvelope(Envelope(number, b"\xff\xff", "x")))
        [(answer, clientMsgId)] = self.client.received()
        self.assertIsInstance(answer, ProtoErrorRes)
        self.assertEqual((answer.errorCode, clientMsgId), ("INVALID_REQUEST", "x"))
        self.assertIsInstance(self.client.ask(ProtoOAVersionReq()), ProtoOAVersionRes)

    def test_unknownMessages(self) -> None:
        """
        A payload type that is unknown, or that no client sends, is not supported.
        """
        for number in (9_999, payloadType(ProtoOAVersionRes)):
            self.client.protocol.dataReceived(encodeEnvelope(Envelope(number, b"\x12\x01a", "x")))
            [(answer, clientMsgId)] = self.client.received()
            self.assertIsInstance(answer, ProtoErrorRes)
            self.assertEqual((answer.errorCode, clientMsgId), ("UNSUPPORTED_MESSAGE", "x"))

    def test_seen(self) -> None:
        """
        The exchange remembers what clients have sent.
        """
        self.client.send(ProtoHeartbeatEvent())
        self.client.send(ProtoOAVersionReq())
        self.assertEqual(list(self.exchange.seen), [ProtoHeartbeatEvent(), ProtoOAVersionReq()])

    def test_failureInside(self) -> None:
        """
        A failure of the simulator itself is logged and answered.
        """

        def fail(*args: object) -> None:
            raise RuntimeError("broken")

        self.patch(self.exchange.registry, "application", fail)
        answer = self.client.logInApplication()
        self.assertEqual(answer.errorCode, "UNKNOWN_ERROR")
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class ListenerTests(_WithClient):
    """
    Who listens to the exchange from within the process.
    """

    def test_failingListener(self) -> None:
        """
        What a listener raises is logged, and changes nothing for the client or for other listeners.
        """
        heard: list[str] = []

        def fail() -> None:
            raise RuntimeError("broken")

        for listeners in (self.exchange.onChange, self.exchange.onCredentials):
            listeners.extend([fail, lambda: heard.append("it")])
        self.client.logInApplication()
        refreshToken = self.exchange.registry.grantNamed("trade").refreshToken.reveal()
        answer = self.client.ask(ProtoOARefreshTokenReq(refreshToken=refreshToken))
        self.assertIsInstance(answer, ProtoOARefreshTokenRes)
        self.exchange.changed()
        self.assertEqual(heard, ["it", "it"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)


class LivenessTests(_WithClient):
    """
    When the server speaks unasked, and when it closes.
    """

    def test_heartbeats(self) -> None:
        """
        The server sends a heartbeat when it has sent nothing for its interval, and then again.
        """
        self.client.logInApplication()
        self.clock.advance(29)
        self.client.send(ProtoHeartbeatEvent())
        self.assertEqual(self.client.received(), [])
        self.clock.advance(1)
        self.assertEqual(self.client.received(), [(ProtoHeartbeatEvent(), None)])
        self.clock.advance(15)
        self.client.ask(ProtoOAVersionReq())
        self.clock.advance(29.9)
        self.client.send(ProtoHeartbeatEvent())
        self.assertEqual(self.client.received(), [])
        self.clock.advance(0.1)
        self.assertEqual(self.client.received(), [(ProtoHeartbeatEvent(), None)])

    def test_idle(self) -> None:
        """
        A client that sends nothing is dropped after 30 seconds, counted from its last frame.
        """
        self.client.logInApplication()
        self.clock.advance(20)
        self.client.send(ProtoHeartbeatEvent())
        self.clock.advance(29.9)
        self.assertFalse(self.isClosing())
        self.clock.advance(0.1)
        self.assertTrue(self.isClosing())

    def test_heartbeatsDoNotReplaceTheLogin(self) -> None:
        """
        A client that does not log in is dropped 30 seconds after it connected, heartbeats or not.
        """
        for _ in range(2):
            self.clock.advance(14)
            self.client.send(ProtoHeartbeatEvent())
        self.assertFalse(self.isClosing())
        self.clock.advance(2)
        self.assertTrue(self.isClosing())

    def test_goneAtLast(self) -> None:
        """
        A peer that does not answer the end of the connection is aborted a little later.
        """
        self.clock.advance(30)
        self.clock.advance(4.9)
        self.assertFalse(self.client.transport.disconnected)
        self.clock.advance(0.1)
        self.assertTrue(self.client.transport.disconnected)

    def test_disconnectAll(self) -> None:
        """
        The exchange can cut all of its connections.
        """
        other = RawClient(self.exchange)
        self.assertEqual(SimulatorFactory(self.exchange).connections, [self.client.protocol, other.protocol])
        self.exchange.disconnectAll()
        self.assertTrue(self.isClosing())
        self.assertTrue(other.transport.disconnecting)
        self.client.protocol.abort()


class LimitTests(_WithClient):
    """
    How much a client may ask and leave unread.
    """

    settings = Settings(generalRate=4, historicalRate=2, maxBacklog=1_000)

    def answers(self, request: Message, count: int) -> list[str]:
        return [type(answer).__name__ for answer in (self.client.ask(request) for _ in range(count))]

    def test_general(self) -> None:
        """
        One request more than the limit within a second is refused in the server's words and not counted; then there is
        room again.
        """
        self.assertEqual(self.answers(ProtoOAVersionReq(), 4), ["ProtoOAVersionRes"] * 4)
        self.clock.advance(0.999)
        answer = self.client.ask(ProtoOAVersionReq())
        self.assertEqual(answer.errorCode, "REQUEST_FREQUENCY_EXCEEDED")
        self.assertEqual(answer.description, "You have reached the rate limit of requests")
        self.assertFalse(answer.HasField("ctidTraderAccountId"))
        self.clock.advance(0.001)
        self.assertEqual(self.answers(ProtoOAVersionReq(), 4), ["ProtoOAVersionRes"] * 4)

    def test_historical(self) -> None:
        """
        Historical requests have a limit of their own, and heartbeats have none.
        """
        self.client.logIn()
        self.clock.advance(1)
        request = ProtoOAGetTickDataReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=1, type=ProtoOAQuoteType.BID)
        kinds = self.answers(request, 3)
        self.assertEqual(kinds, ["ProtoOAGetTickDataRes", "ProtoOAGetTickDataRes", "ProtoOAErrorRes"])
        for _ in range(20):
            self.client.send(ProtoHeartbeatEvent())
        self.assertEqual(self.answers(ProtoOAVersionReq(), 1), ["ProtoOAVersionRes"])

    def test_eachConnectionItsOwn(self) -> None:
        """
        What one connection has used does not count on another.
        """
        self.answers(ProtoOAVersionReq(), 4)
        self.assertIsInstance(RawClient(self.exchange).ask(ProtoOAVersionReq()), ProtoOAVersionRes)

    def test_slowReader(self) -> None:
        """
        While the client does not read, what is sent waits, and follows in order when it reads again.
        """
        self.client.protocol.pauseProducing()
        self.client.send(ProtoOAVersionReq(), "1")
        self.client.send(ProtoOAVersionReq(), "2")
        self.assertEqual(self.client.received(), [])
        self.client.protocol.resumeProducing()
        self.client.send(ProtoOAVersionReq(), "3")
        self.assertEqual([clientMsgId for _, clientMsgId in self.client.received()], ["1", "2", "3"])
        self.client.protocol.resumeProducing()
        self.client.protocol.stopProducing()
        self.assertEqual(self.client.received(), [])

    def test_closedWhileNotReading(self) -> None:
        """
        What waits for a slow client is still sent when its connection ends.
        """
        self.client.protocol.pauseProducing()
        self.client.send(ProtoOAVersionReq(), "1")
        self.client.protocol.dataReceived(b"\x7f\xff\xff\xff")
        self.assertTrue(self.isClosing())
        self.assertEqual([clientMsgId for _, clientMsgId in self.client.received()], ["1"])

    def test_neverReads(self) -> None:
        """
        A client that does not read is cut off when too much waits for it.
        """
        self.client.logIn()
        self.clock.advance(1)
        self.client.protocol.pauseProducing()
        for _ in range(4):
            self.client.send(ProtoOAAssetListReq(ctidTraderAccountId=USD_ACCOUNT))
        self.assertFalse(self.isClosing())
        self.clock.advance(1)
        for _ in range(4):
            self.client.send(ProtoOAAssetListReq(ctidTraderAccountId=USD_ACCOUNT))
        self.assertTrue(self.isClosing())
