"""
Tests of L{ctrader_twisted.wire.protocol}.
"""

from __future__ import annotations

from random import Random
from time import monotonic

from google.protobuf.message import Message
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure
from twisted.python.runtime import seconds as wallSeconds
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import (
    ConnectionLost,
    CTraderError,
    IllegalValue,
    NotConnected,
    OrderRejected,
    ProtocolError,
    RateLimited,
    RequestTimedOut,
    TooManyRequests,
)
from ctrader_twisted.framing import Envelope, FrameDecoder, encodeEnvelope, encodeFrame
from ctrader_twisted.schema import messages as m
from ctrader_twisted.schema.pool import loadDescriptors, makeClasses
from ctrader_twisted.wire import OpenApiProtocol, Timing
from ctrader_twisted.wire.asked import ASKED
from ctrader_twisted.wire.clocks import steadySeconds
from ctrader_twisted.wire.liveness import Liveness
from ctrader_twisted.wire.outstanding import Outstanding


class Listener:
    """
    Notes what a protocol tells.
    """

    def __init__(self) -> None:
        self.opened = 0
        self.secured = 0
        self.events: list[Message] = []
        self.trouble: list[CTraderError] = []
        self.ended: list[CTraderError] = []
        self.broken = False

    def connectionOpened(self, protocol: OpenApiProtocol) -> None:
        """
        Note it.
        """
        self.opened += 1

    def connectionSecured(self, protocol: OpenApiProtocol) -> None:
        """
        Note it.
        """
        self.secured += 1

    def eventReceived(self, protocol: OpenApiProtocol, message: Message) -> None:
        """
        Note it, or fail.
        """
        self.events.append(message)
        if self.broken:
            raise RuntimeError("a broken listener")

    def connectionBroken(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        Note it.
        """
        self.trouble.append(reason)

    def connectionEnded(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        Note it.
        """
        self.ended.append(reason)


class ProtocolTestCase(SynchronousTestCase):
    """
    One protocol on a string transport.
    """

    def setUp(self) -> None:
        """
        Connect it.
        """
        self.clock = Clock()
        self.listener = Listener()
        self.protocol = OpenApiProtocol(
            self.clock, self.listener, randomness=Random(1), timing=Timing(), maxOutstanding=3
        )
        self.transport = StringTransportWithDisconnection()
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)
        self.addCleanup(self.noTimers)

    def noTimers(self) -> None:
        """
        After its end, a connection leaves no timer.
        """
        self.protocol.abort(NotConnected("the test is over"))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def sent(self) -> list[Envelope]:
        """
        @return: what has been written since the last call.
        """
        written = list(FrameDecoder().feed(self.transport.value()))
        self.transport.clear()
        return written

    def receive(self, message: Message, clientMsgId: str | None = None) -> None:
        """
        Let a message come.
        """
        self.protocol.dataReceived(encodeFrame(message, clientMsgId))


class RequestTests(ProtocolTestCase):
    """
    Requests and their answers.
    """

    def test_answer(self) -> None:
        """
        A request fires with the answer that carries its id.
        """
        version = self.protocol.request(m.ProtoOAVersionReq())
        (envelope,) = self.sent()
        self.assertEqual(envelope.payloadType, 2104)
        self.assertNoResult(version)
        self.receive(m.ProtoOAVersionRes(version="91"), envelope.clientMsgId)
        self.assertEqual(self.successResultOf(version).version, "91")
        self.assertEqual(self.listener.events, [])

    def test_answersOutOfOrder(self) -> None:
        """
        Each answer reaches its own request, in whatever order they come.
        """
        first, second = (self.protocol.request(m.ProtoOAVersionReq()) for _ in range(2))
        one, two = self.sent()
        self.receive(m.ProtoOAVersionRes(version="b"), two.clientMsgId)
        self.receive(m.ProtoOAVersionRes(version="a"), one.clientMsgId)
        self.assertEqual(self.successResultOf(first).version, "a")
        self.assertEqual(self.successResultOf(second).version, "b")

    def test_refusal(self) -> None:
        """
        Scenario 11: An error answer is a failure that knows code, words, request, account and the time to wait.
        """
        trader = self.protocol.request(m.ProtoOATraderReq(ctidTraderAccountId=7))
        (envelope,) = self.sent()
        self.receive(
            m.ProtoOAErrorRes(errorCode="BLOCKED_PAYLOAD_TYPE", description="slow down", retryAfter=3),
            envelope.clientMsgId,
        )
        error = self.failureResultOf(trader, RateLimited).value
        self.assertEqual((error.code, error.retryAfter, error.accountId), ("BLOCKED_PAYLOAD_TYPE", 3, 7))
        self.assertIn("slow down", str(error))
        self.assertIn("Trader", str(error))

    def test_commonRefusal(self) -> None:
        """
        The proxy's own error message refuses a request too.
        """
        version = self.protocol.request(m.ProtoOAVersionReq())
        (envelope,) = self.sent()
        self.receive(m.ProtoErrorRes(errorCode="UNSUPPORTED_MESSAGE"), envelope.clientMsgId)
        self.failureResultOf(version, CTraderError)

    def order(self) -> tuple[Deferred[m.ProtoOAExecutionEvent], str]:
        """
        Send an order.

        @return: the Deferred and its id.
        """
        message = m.ProtoOANewOrderReq(
            ctidTraderAccountId=7,
            symbolId=1,
            orderType=m.ProtoOAOrderType.MARKET,
            tradeSide=m.ProtoOATradeSide.BUY,
            volume=100_000,
        )
        answered = self.protocol.request(message)
        (envelope,) = self.sent()
        assert envelope.clientMsgId is not None
        return answered, envelope.clientMsgId

    def test_orderError(self) -> None:
        """
        Scenario 12: An order error event is the refusal of the order that it answers, even if it names order 0.
        """
        answered, clientMsgId = self.order()
        self.receive(
            m.ProtoOAOrderErrorEvent(ctidTraderAccountId=7, errorCode="NOT_ENOUGH_MONEY", orderId=0), clientMsgId
        )
        self.assertEqual(self.failureResultOf(answered, OrderRejected).value.code, "NOT_ENOUGH_MONEY")

    def test_executionEvents(self) -> None:
        """
        The first execution event answers an order; it and all later ones with the same id are events as well.
        """
        answered, clientMsgId = self.order()
        accepted = m.ProtoOAExecutionEvent(ctidTraderAccountId=7, executionType=m.ProtoOAExecutionType.ORDER_ACCEPTED)
        filled = m.ProtoOAExecutionEvent(ctidTraderAccountId=7, executionType=m.ProtoOAExecutionType.ORDER_FILLED)
        self.receive(accepted, clientMsgId)
        self.assertEqual(self.successResultOf(answered), accepted)
        self.receive(filled, clientMsgId)
        self.assertEqual(self.listener.events, [accepted, filled])

    def test_rejectedByEvent(self) -> None:
        """
        An execution event that rejects is an event and a failure.
        """
        answered, clientMsgId = self.order()
        rejected = m.ProtoOAExecutionEvent(
            ctidTraderAccountId=7,
            executionType=m.ProtoOAExecutionType.ORDER_REJECTED,
            errorCode="MARKET_CLOSED",
        )
        self.receive(rejected, clientMsgId)
        self.assertEqual(self.failureResultOf(answered, OrderRejected).value.code, "MARKET_CLOSED")
        self.assertEqual(self.listener.events, [rejected])

    def test_foreignId(self) -> None:
        """
        Scenario 14: A message with the id of another client is an event, and no request's answer.
        """
        answered, _ = self.order()
        event = m.ProtoOAExecutionEvent(ctidTraderAccountId=7, executionType=m.ProtoOAExecutionType.ORDER_FILLED)
        self.receive(event, "1")
        self.assertEqual(self.listener.events, [event])
        self.assertEqual(self.protocol.counters.late, 0)
        self.assertNoResult(answered)
        self.protocol.abort(NotConnected("over"))
        self.failureResultOf(answered, ConnectionLost)

    def test_wrongKindOfAnswer(self) -> None:
        """
        A message that cannot answer the request whose id it carries is counted; the request still waits.
        """
        version = self.protocol.request(m.ProtoOAVersionReq())
        (envelope,) = self.sent()
        stray = m.ProtoOAAccountAuthRes(ctidTraderAccountId=7)
        self.receive(stray, envelope.clientMsgId)
        self.assertEqual((self.listener.events, self.protocol.counters.late), ([], 1))
        self.receive(m.ProtoOAVersionRes(version="91"), envelope.clientMsgId)
        self.successResultOf(version)

    def test_timeout(self) -> None:
        """
        Scenario 13: A request that is not answered fails in its time, and its late answer reaches no other request.
        """
        slow = self.protocol.request(m.ProtoOAVersionReq())
        quick = self.protocol.request(m.ProtoOAVersionReq(), timeout=2)
        one, two = self.sent()
        self.clock.advance(2)
        self.assertIn("2 s", str(self.failureResultOf(quick, RequestTimedOut).value))
        self.assertNoResult(slow)
        self.receive(m.ProtoOAVersionRes(version="late"), two.clientMsgId)
        self.assertNoResult(slow)
        self.assertEqual((self.protocol.counters.late, self.listener.events), (1, []))
        self.clock.advance(13)
        self.failureResultOf(slow, RequestTimedOut)
        self.assertEqual(one.clientMsgId == two.clientMsgId, False)

    def test_answeredTwice(self) -> None:
        """
        Scenario 21: A second answer with the same id is counted, and reaches nobody.
        """
        version = self.protocol.request(m.ProtoOAVersionReq())
        (envelope,) = self.sent()
        answer = encodeFrame(m.ProtoOAVersionRes(version="91"), envelope.clientMsgId)
        other = self.protocol.request(m.ProtoOAVersionReq())
        self.protocol.dataReceived(answer + answer)
        self.successResultOf(version)
        self.assertNoResult(other)
        self.assertEqual((self.protocol.counters.late, self.listener.events), (1, []))
        other.cancel()
        self.failureResultOf(other, CancelledError)

    def test_timeoutsInAnyOrder(self) -> None:
        """
        Scenario 19: A request with a shorter time fails before an older one; answered ones do not keep the timer.
        """
        long = self.protocol.request(m.ProtoOAVersionReq(), timeout=100)
        self.protocol.request(m.ProtoOAVersionReq(), timeout=5)
        _, second = self.sent()
        self.receive(m.ProtoOAVersionRes(version="91"), second.clientMsgId)
        for _ in range(11):
            self.clock.advance(9)
            self.receive(m.ProtoHeartbeatEvent())
        self.assertNoResult(long)
        self.clock.advance(1)
        self.failureResultOf(long, RequestTimedOut)

    def test_deadlinesAreTidied(self) -> None:
        """
        Deadlines of requests that were answered long before them do not pile up.
        """
        outstanding = Outstanding(self.clock, "x", 10)
        for _ in range(1000):
            clientMsgId, answered = outstanding.add(ASKED[m.ProtoOAVersionReq], None, 86_400)
            outstanding.answer(clientMsgId, m.ProtoOAVersionRes())
            self.successResultOf(answered)
        self.assertLess(len(outstanding._deadlines), 200)
        self.assertEqual(len(outstanding), 0)
        outstanding.loseAll("over")

    def test_cancel(self) -> None:
        """
        Scenario 17: A cancelled request leaves nothing behind, and its answer counts as late.
        """
        version = self.protocol.request(m.ProtoOAVersionReq())
        (envelope,) = self.sent()
        version.cancel()
        self.failureResultOf(version)
        self.receive(m.ProtoOAVersionRes(version="91"), envelope.clientMsgId)
        self.assertEqual(self.protocol.counters.late, 1)

    def test_tooMany(self) -> None:
        """
        Scenario 20: More requests than the limit fail at once and are not sent.
        """
        waiting = [self.protocol.request(m.ProtoOAVersionReq()) for _ in range(3)]
        self.failureResultOf(self.protocol.request(m.ProtoOAVersionReq()), TooManyRequests)
        self.assertEqual(len(self.sent()), 3)
        self.protocol.abort(NotConnected("over"))
        for each in waiting:
            self.failureResultOf(each, ConnectionLost)

    def test_incomplete(self) -> None:
        """
        Scenario 30: A request without a required field is not sent, and the error names the field.
        """
        error = self.failureResultOf(self.protocol.request(m.ProtoOATraderReq()), IllegalValue).value
        self.assertIn("ctidTraderAccountId", str(error))
        self.assertEqual(self.sent(), [])

    def test_noRequest(self) -> None:
        """
        An event cannot be sent as a request.
        """
        event = m.ProtoOAVersionRes(version="91")
        self.failureResultOf(self.protocol.request(event), IllegalValue)  # type: ignore[arg-type]

    def test_foreignClass(self) -> None:
        """
        A message of the same name that another package made, such as the official SDK, cannot be sent.
        """
        other = makeClasses(loadDescriptors())["ProtoOAVersionReq"]
        self.failureResultOf(self.protocol.request(other()), IllegalValue)  # type: ignore[arg-type]
        self.assertEqual(self.sent(), [])

    def test_requestInCallbackOfLoss(self) -> None:
        """
        A request that is made while the others fail with the connection fails too, at once.
        """
        again: list[object] = []
        version = self.protocol.request(m.ProtoOAVersionReq())
        version.addErrback(lambda _: again.append(self.protocol.request(m.ProtoOAVersionReq())))
        self.protocol.abort(NotConnected("over"))
        self.failureResultOf(again[0], NotConnected)

    def test_idsAreNotShared(self) -> None:
        """
        Two connections make different ids.
        """
        other = OpenApiProtocol(self.clock, Listener(), randomness=Random(2))
        transport = StringTransportWithDisconnection()
        transport.protocol = other
        other.makeConnection(transport)
        self.protocol.request(m.ProtoOAVersionReq()).addErrback(lambda _: None)
        other.request(m.ProtoOAVersionReq()).addErrback(lambda _: None)
        (mine,) = self.sent()
        (theirs,) = FrameDecoder().feed(transport.value())
        self.assertNotEqual(mine.clientMsgId, theirs.clientMsgId)
        other.abort(NotConnected("over"))

    def test_givenUpWhenLost(self) -> None:
        """
        One who hears of the loss and gives up another request keeps nobody from hearing of it.
        """
        requests = [self.protocol.request(m.ProtoOAVersionReq()) for _ in range(3)]
        requests[0].addErrback(lambda _: requests[1].cancel())
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.failureResultOf(requests[1], CancelledError)
        self.failureResultOf(requests[2], ConnectionLost)


class EventTests(ProtocolTestCase):
    """
    What comes unasked.
    """

    def test_unknownType(self) -> None:
        """
        Scenario 9: A message of an unknown type is counted, and disturbs nothing.
        """
        self.protocol.dataReceived(encodeEnvelope(Envelope(9999, b"anything", None)))
        self.receive(m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, bid=1))
        self.assertEqual(self.protocol.counters.unknown, 1)
        self.assertEqual(len(self.listener.events), 1)

    def test_malformed(self) -> None:
        """
        Scenario 8: A message that does not parse is counted and logged; the connection goes on.
        """
        self.protocol.dataReceived(encodeEnvelope(Envelope(2131, b"\xff\xff", None)))
        self.receive(m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, bid=1))
        self.assertEqual(self.protocol.counters.malformed, 1)
        self.assertEqual(len(self.listener.events), 1)

    def test_malformedAnswer(self) -> None:
        """
        An answer that does not parse, or lacks a required field, fails its request.
        """
        version = self.protocol.request(m.ProtoOAVersionReq())
        (envelope,) = self.sent()
        self.protocol.dataReceived(encodeEnvelope(Envelope(2105, b"", envelope.clientMsgId)))
        self.failureResultOf(version, ProtocolError)

    def test_brokenListener(self) -> None:
        """
        Scenario 15: A listener's exception is logged and counted; the next event and the answers still come.
        """
        self.listener.broken = True
        version = self.protocol.request(m.ProtoOAVersionReq())
        (envelope,) = self.sent()
        spot = m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, bid=1)
        self.protocol.dataReceived(
            encodeFrame(spot) + encodeFrame(m.ProtoOAVersionRes(version="91"), envelope.clientMsgId) + encodeFrame(spot)
        )
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)
        self.assertEqual(self.protocol.counters.broken, 2)
        self.successResultOf(version)

    def test_garbage(self) -> None:
        """
        Bytes that are no frames end the connection with one clear error, for the listener and for what waits.
        """
        version = self.protocol.request(m.ProtoOAVersionReq())
        self.protocol.dataReceived(b"HTTP/1.1 400 Bad Request\r\n")
        self.assertIsInstance(self.listener.ended[0], ProtocolError)
        self.assertIn("limit", str(self.failureResultOf(version, ConnectionLost).value))
        self.protocol.dataReceived(b"")
        self.assertEqual(len(self.listener.ended), 1)


class LifeTests(ProtocolTestCase):
    """
    Heartbeats, silence and the end.
    """

    def test_heartbeat(self) -> None:
        """
        Scenario 27: An idle connection sends a heartbeat every ten seconds, without an id; a request counts as one.
        """
        self.clock.advance(9.9)
        self.assertEqual(self.sent(), [])
        self.clock.advance(0.2)
        self.assertEqual(self.sent(), [Envelope(51, b"", None)])
        self.clock.advance(5)
        self.protocol.request(m.ProtoOAVersionReq()).addErrback(lambda _: None)
        self.sent()
        self.clock.advance(9)
        self.assertEqual(self.sent(), [])
        self.clock.advance(1)
        self.assertEqual(len(self.sent()), 1)

    def test_silence(self) -> None:
        """
        A connection on which nothing comes for sixty seconds is cut, and says so.
        """
        for _ in range(6):
            self.clock.advance(9.5)
        self.receive(m.ProtoHeartbeatEvent())
        for _ in range(6):
            self.clock.advance(9.9)
        self.assertEqual(self.listener.ended, [])
        self.clock.advance(1)
        self.assertIn("nothing for 60 s", str(self.listener.ended[0]))

    def test_deafSilence(self) -> None:
        """
        Scenario 26: A connection that is cut for its silence is told to be broken before its transport is gone.
        """
        self.transport.abortConnection = lambda: None  # type: ignore[method-assign]
        self.clock.advance(60)
        self.assertEqual((len(self.listener.trouble), self.listener.ended), (1, []))
        self.failureResultOf(self.protocol.request(m.ProtoOAVersionReq()), NotConnected)
        self.transport.loseConnection()

    def test_sleep(self) -> None:
        """
        When the machine has slept, the connection is cut, without a burst of heartbeats.
        """
        self.clock.advance(3600)
        self.assertEqual(self.sent(), [])
        self.assertIsInstance(self.listener.ended[0], NotConnected)

    def test_heartbeatsFromAnyMoment(self) -> None:
        """
        Whenever the connection began, a look at the clock that comes a rounding too early is not repeated for ever.
        """
        for start in (0.54, 0.37, 0.1, 1e9 + 0.7):
            clock = Clock()
            clock.advance(start)
            beats: list[float] = []
            liveness = Liveness(clock, clock.seconds, lambda: beat(), self.fail, interval=10, patience=1000)

            def beat(clock: Clock = clock, liveness: Liveness = liveness, beats: list[float] = beats) -> None:
                liveness.sent()
                beats.append(clock.seconds())

            liveness.start()
            for _ in range(50):
                clock.advance(clock.getDelayedCalls()[0].getTime() - clock.seconds())
            self.assertGreater(len(beats), 20)
            liveness.stop()

    def test_clockSetBack(self) -> None:
        """
        Scenario 29: When the reactor's clock is set back, its timer is late; what comes makes the heartbeat go out all
        the same.
        """
        steady = Clock()
        beats: list[int] = []
        liveness = Liveness(
            self.clock, steady.seconds, lambda: beats.append(1) or liveness.sent(), self.fail, interval=10, patience=60
        )
        liveness.start()
        steady.advance(11)
        liveness.received()
        liveness.received()
        self.assertEqual(len(beats), 1)
        liveness.stop()

    def test_steadySeconds(self) -> None:
        """
        Time is measured by a clock that nobody sets, unless the reactor has one of its own.
        """

        class Real:
            seconds = staticmethod(wallSeconds)

        self.assertIs(steadySeconds(Real), monotonic)
        self.assertEqual(steadySeconds(self.clock)(), self.clock.seconds())

    def test_loss(self) -> None:
        """
        Scenario 2: A lost connection is told once, and fails each request with the word that it may have been executed.
        """
        version = self.protocol.request(m.ProtoOAVersionReq())
        self.transport.loseConnection()
        error = self.failureResultOf(version, ConnectionLost).value
        self.assertTrue(error.maybeSent)
        self.assertIn("may have been executed", str(error))
        self.assertEqual(len(self.listener.ended), 1)
        self.failureResultOf(self.protocol.request(m.ProtoOAVersionReq()), NotConnected)

    def test_orderOfTheEnd(self) -> None:
        """
        First the listener hears that nothing can be sent, then what waits fails, then the end is told.
        """
        told: list[str] = []
        self.protocol.request(m.ProtoOAVersionReq()).addErrback(lambda _: told.append("failed"))
        self.patch(self.listener, "connectionBroken", lambda *_: told.append("broken"))
        self.patch(self.listener, "connectionEnded", lambda *_: told.append("ended"))
        self.transport.loseConnection()
        self.assertEqual(told, ["broken", "failed", "ended"])

    def test_disconnect(self) -> None:
        """
        A polite close ends everything, for all who asked for it; later ones are told at once.
        """
        self.assertEqual((self.listener.opened, self.listener.secured), (1, 1))
        waiting = [self.protocol.disconnect(), self.protocol.disconnect()]
        for each in waiting:
            self.successResultOf(each)
        self.assertEqual(str(self.listener.ended[0]), "we closed the connection")
        self.successResultOf(self.protocol.disconnect())

    def test_deafPeer(self) -> None:
        """
        A close that the other side does not answer is forced after a few seconds, and nothing is sent meanwhile.
        """
        end = self.transport.loseConnection
        self.transport.loseConnection = lambda: None  # type: ignore[method-assign]
        self.transport.abortConnection = end  # type: ignore[method-assign]
        closed = self.protocol.disconnect(NotConnected("enough"))
        self.failureResultOf(self.protocol.request(m.ProtoOAVersionReq()), NotConnected)
        self.clock.advance(4.9)
        self.assertNoResult(closed)
        self.clock.advance(0.1)
        self.successResultOf(closed)
        self.assertEqual(str(self.listener.ended[0]), "enough")

    def test_disconnectBeforeConnecting(self) -> None:
        """
        A protocol that has no transport yet is disconnected already.
        """
        fresh = OpenApiProtocol(self.clock, Listener(), randomness=Random(2))
        self.successResultOf(fresh.disconnect())
        fresh.abort(NotConnected("over"))
        self.failureResultOf(fresh.request(m.ProtoOAVersionReq()), NotConnected)
