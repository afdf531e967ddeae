"""
Tests of the way out: requests that wait for their turn, are tried again, or never leave.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from google.protobuf.message import Message
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import (
    AccountRefused,
    ConnectionLost,
    IllegalValue,
    NotConnected,
    RateLimited,
    RequestTimedOut,
    TooManyRequests,
)
from ctrader_twisted.framing import FrameDecoder, encodeFrame
from ctrader_twisted.schema import RateClass
from ctrader_twisted.schema import messages as m
from ctrader_twisted.session.outgoing import Outgoing
from ctrader_twisted.wire import OpenApiProtocol, Throttle
from test.test_wire_protocol import Listener


class OutgoingTests(SynchronousTestCase):
    """
    A way out onto a string transport.
    """

    def setUp(self) -> None:
        """
        Make it, with one historical request a second.
        """
        self.clock = Clock()
        self.transport = StringTransport()
        self.protocol = OpenApiProtocol(self.clock, Listener(), randomness=Random(1))
        self.protocol.makeConnection(self.transport)
        self.throttle = Throttle(self.clock, share=1, historical=1)
        self.outgoing = Outgoing(self.clock, self.connection, self.throttle, lambda message: self.guard(message))
        self.isUp = True
        self.guard: Callable[[Message], Callable[[object], object] | None] = lambda message: None

    def connection(self) -> OpenApiProtocol:
        """
        @return: the connection, while it is up.
        """
        if not self.isUp:
            raise NotConnected("there is no connection")
        return self.protocol

    def sent(self) -> list[tuple[str, str]]:
        """
        @return: names and ids of the requests that have left since the last look.
        """
        data = self.transport.value()
        self.transport.clear()
        frames = [(type(frame.message()).__name__, frame.clientMsgId) for frame in FrameDecoder().feed(data)]
        return [(name, clientMsgId) for name, clientMsgId in frames if clientMsgId is not None]

    def names(self) -> list[str]:
        """
        @return: the names of the requests that have left since the last look.
        """
        return [name for name, _ in self.sent()]

    def refuse(self, clientMsgId: str, code: str = "REQUEST_FREQUENCY_EXCEEDED", retryAfter: int | None = None) -> None:
        """
        Refuse a request.
        """
        error = m.ProtoOAErrorRes(errorCode=code, retryAfter=retryAfter)
        self.protocol.dataReceived(encodeFrame(error, clientMsgId))

    def deals(self, accountId: int = 7) -> m.ProtoOADealListReq:
        """
        Make a historical request.
        """
        return m.ProtoOADealListReq(ctidTraderAccountId=accountId)

    def order(self) -> m.ProtoOACancelOrderReq:
        """
        Make a trading request.
        """
        return m.ProtoOACancelOrderReq(ctidTraderAccountId=7, orderId=1)

    def test_inTurn(self) -> None:
        """
        The second request leaves when the first is a second old, as it was when it was given.
        """
        first, message = self.outgoing.send(self.deals(), None), self.deals()
        second = self.outgoing.send(message, None)
        message.ctidTraderAccountId = 8
        [(_, clientMsgId)] = self.sent()
        self.protocol.dataReceived(encodeFrame(m.ProtoOADealListRes(ctidTraderAccountId=7, hasMore=False), clientMsgId))
        self.successResultOf(first)
        self.clock.advance(1.001)
        [frame] = FrameDecoder().feed(self.transport.value())
        waiting = frame.message()
        assert isinstance(waiting, m.ProtoOADealListReq)
        self.assertEqual(waiting.ctidTraderAccountId, 7)
        self.assertNoResult(second)

    def test_triedAgain(self) -> None:
        """
        A request that came too fast is sent again after the pause, and answered then.
        """
        answered = self.outgoing.send(m.ProtoOAVersionReq(), None)
        [(_, first)] = self.sent()
        self.refuse(first, "BLOCKED_PAYLOAD_TYPE", 3)
        self.clock.advance(2.9)
        self.assertEqual(self.names(), [])
        self.clock.advance(0.2)
        [(_, second)] = self.sent()
        self.assertNotEqual(first, second)
        self.protocol.dataReceived(encodeFrame(m.ProtoOAVersionRes(version="91"), second))
        self.assertEqual(self.successResultOf(answered).version, "91")

    def test_notForever(self) -> None:
        """
        After five refusals the caller is told.
        """
        answered = self.outgoing.send(m.ProtoOAVersionReq(), None)
        tries = 0
        for _ in range(100):
            for _, clientMsgId in self.sent():
                tries += 1
                self.refuse(clientMsgId)
            self.clock.advance(1)
        self.failureResultOf(answered, RateLimited)
        self.assertEqual(tries, 5)

    def test_tooLong(self) -> None:
        """
        A pause of minutes is for the caller to decide about.
        """
        answered = self.outgoing.send(m.ProtoOAVersionReq(), None)
        [(_, clientMsgId)] = self.sent()
        self.refuse(clientMsgId, "BLOCKED_PAYLOAD_TYPE", 300)
        error = self.failureResultOf(answered, RateLimited).value
        self.assertEqual(error.retryAfter, 300)

    def test_tradingNeverAgain(self) -> None:
        """
        Scenario 54: a trading request that came too fast is never sent again, and further ones are refused here with
        the time that is left.
        """
        answered = self.outgoing.send(self.order(), None)
        [(_, clientMsgId)] = self.sent()
        self.refuse(clientMsgId, "BLOCKED_PAYLOAD_TYPE", 3)
        self.failureResultOf(answered, RateLimited)
        self.clock.advance(0.5)
        error = self.failureResultOf(self.outgoing.send(self.order(), None), RateLimited).value
        self.assertEqual((error.retryAfter, error.request), (3, "ProtoOACancelOrderReq"))
        self.clock.advance(10)
        self.assertEqual([name for name in self.names() if name != "ProtoHeartbeatEvent"], [])
        self.outgoing.send(self.order(), None)
        self.assertEqual(self.names(), ["ProtoOACancelOrderReq"])

    def fill(self) -> None:
        """
        Take all the places of a second.
        """
        for _ in range(50):
            self.throttle.count(RateClass.TRADING)

    def test_checkedWhenItLeaves(self) -> None:
        """
        A request is looked at when it leaves, not when it is given; what is refused then never leaves.
        """
        self.fill()
        waiting, refused = self.outgoing.send(self.order(), None), self.outgoing.send(self.order(), None)
        results: list[object] = []
        checked: list[Message] = []

        def check(message: Message) -> Callable[[object], object]:
            if checked:
                raise NotConnected("forbidden by now")
            checked.append(message)
            return results.append

        self.guard = check
        self.clock.advance(1.001)
        self.failureResultOf(refused, NotConnected)
        [(_, clientMsgId)] = self.sent()
        self.assertEqual(results, [])
        answer = m.ProtoOAExecutionEvent(ctidTraderAccountId=7, executionType=m.ProtoOAExecutionType.ORDER_CANCELLED)
        self.protocol.dataReceived(encodeFrame(answer, clientMsgId))
        self.assertEqual(results, [self.successResultOf(waiting)])
        self.guard = lambda message: results.append
        failing = self.outgoing.send(self.order(), None)
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertIsInstance(results[-1], Failure)
        self.failureResultOf(failing, ConnectionLost)

    def test_turnedAway(self) -> None:
        """
        A trading request that waits for its turn when its type is closed fails at once, with the time that is left.
        """
        answered = self.outgoing.send(self.order(), None)
        self.fill()
        waiting = self.outgoing.send(self.order(), None)
        [(_, clientMsgId)] = self.sent()
        self.refuse(clientMsgId, "BLOCKED_PAYLOAD_TYPE", 30)
        self.failureResultOf(answered, RateLimited)
        error = self.failureResultOf(waiting, RateLimited).value
        self.assertEqual((error.retryAfter, error.accountId), (30, 7))
        self.assertIn("this one was not sent", str(error))
        self.assertEqual(len(self.outgoing), 0)

    def test_closing(self) -> None:
        """
        What came too fast is not tried again on a connection that closes, and no timer is left.
        """
        answered = self.outgoing.send(m.ProtoOAVersionReq(), None)
        [(_, clientMsgId)] = self.sent()
        self.isUp = False
        self.refuse(clientMsgId)
        self.failureResultOf(answered, NotConnected)
        self.assertEqual(self.throttle.waiting, 0)

    def test_lateTurn(self) -> None:
        """
        A request whose time is over when its turn comes, however late that is, never leaves.
        """
        self.fill()
        waiting = self.outgoing.send(self.order(), 1.5)
        # The timers have not run yet.
        self.clock.rightNow += 100
        self.throttle.count(RateClass.GENERAL)
        self.clock.advance(0)
        self.failureResultOf(waiting, TooManyRequests)
        self.assertEqual([name for name in self.names() if name != "ProtoHeartbeatEvent"], [])

    def test_takenAgain(self) -> None:
        """
        A refusal for another reason shows that the server takes the type again: the next pause is short.
        """
        for code in ("REQUEST_FREQUENCY_EXCEEDED", "CH_CTID_TRADER_ACCOUNT_NOT_FOUND"):
            self.outgoing.send(self.order(), None).addErrback(lambda _: None)
            [(_, clientMsgId)] = self.sent()
            self.refuse(clientMsgId, code)
            self.clock.advance(1.001)
        self.assertEqual(self.throttle.close("ProtoOACancelOrderReq", None, self.clock.seconds()), 1)

    def test_otherRefusals(self) -> None:
        """
        Every other refusal goes to the caller at once.
        """
        answered = self.outgoing.send(self.deals(), None)
        [(_, clientMsgId)] = self.sent()
        self.refuse(clientMsgId, "CH_CTID_TRADER_ACCOUNT_NOT_FOUND")
        self.failureResultOf(answered, AccountRefused)

    def test_cancelled(self) -> None:
        """
        Scenario 17: what is cancelled while it waits never leaves.
        """
        self.outgoing.send(self.deals(), None)
        waiting = self.outgoing.send(self.deals(), None)
        self.names()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.clock.advance(5)
        self.assertEqual(self.names(), [])

    def test_lost(self) -> None:
        """
        Scenario 31: when the connection is lost, what waits fails at once, and was not sent.
        """
        self.outgoing.send(self.deals(), None)
        waiting = self.outgoing.send(self.deals(), 30)
        self.outgoing.lost(NotConnected("gone"))
        error = self.failureResultOf(waiting, ConnectionLost).value
        self.assertFalse(error.maybeSent)
        self.assertEqual(self.throttle.waiting, 0)

    def test_givenUpWhenLost(self) -> None:
        """
        One who hears of the loss and gives up another request keeps nobody from hearing of it.
        """
        self.outgoing.send(self.deals(), None)
        waiting = [self.outgoing.send(self.deals(), None) for _ in range(3)]
        waiting[0].addErrback(lambda _: waiting[1].cancel())
        self.outgoing.lost(NotConnected("gone"))
        self.failureResultOf(waiting[1], CancelledError)
        self.failureResultOf(waiting[2], ConnectionLost)
        self.assertEqual(self.throttle.waiting, 0)

    def test_sharedThrottle(self) -> None:
        """
        Clients that share a throttle have their turns one after the other, for the same account too; what one of them
        loses the other keeps.
        """
        other = Outgoing(self.clock, self.connection, self.throttle, self.guard)
        self.outgoing.send(self.deals(), None)
        flood = [self.outgoing.send(self.deals(), None) for _ in range(3)]
        single = other.send(self.deals(), 2.5)
        self.clock.advance(1.001)
        self.clock.advance(1.001)
        self.outgoing.lost(NotConnected("gone"))
        self.assertNoResult(single)
        for lost in flood[1:]:
            self.failureResultOf(lost, ConnectionLost)
        self.clock.advance(0.6)
        # It was sent, and its own time has ended.
        self.failureResultOf(single, RequestTimedOut)

    def test_lostAccount(self) -> None:
        """
        When one account is lost, the others' requests go on waiting.
        """
        self.outgoing.send(self.deals(), None)
        lost, kept = self.outgoing.send(self.deals(7), None), self.outgoing.send(self.deals(8), None)
        self.outgoing.lost(NotConnected("gone"), 7)
        self.failureResultOf(lost, ConnectionLost)
        self.assertNoResult(kept)

    def test_impatient(self) -> None:
        """
        A timeout of the caller's own covers the waiting too; what was not sent in time never is.
        """
        self.outgoing.send(self.deals(), None)
        waiting = self.outgoing.send(self.deals(), 0.5)
        self.names()
        self.clock.advance(0.5)
        self.failureResultOf(waiting, TooManyRequests)
        self.clock.advance(5)
        self.assertEqual(self.names(), [])

    def test_restOfTheTime(self) -> None:
        """
        What is left of the caller's timeout is for the answer.
        """
        self.outgoing.send(self.deals(), None).addErrback(lambda _: None)
        waiting = self.outgoing.send(self.deals(), 2)
        self.clock.advance(1.001)
        self.clock.advance(0.99)
        self.assertNoResult(waiting)
        self.clock.advance(0.02)
        self.failureResultOf(waiting, RequestTimedOut)

    def test_notUp(self) -> None:
        """
        Without a connection a request fails at once.
        """
        self.isUp = False
        self.failureResultOf(self.outgoing.send(self.deals(), None), NotConnected)

    def test_noRequest(self) -> None:
        """
        What is no request is refused as such.
        """
        wrong = m.ProtoOAVersionRes(version="1")
        self.failureResultOf(self.outgoing.send(wrong, None), IllegalValue)  # type: ignore[arg-type]
