"""
The protocol on one connection: requests and their answers, events, heartbeats, and the end.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define, field
from google.protobuf.message import EncodeError, Message
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import (
    IDelayedCall,
    IHandshakeListener,
    IReactorTime,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ctrader_twisted.errors import CTraderError, IllegalValue, NotConnected, ProtocolError
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.framing import MAX_FRAME, PLAIN, Envelope, FrameDecoder, encodeFrame, encodePayload
from ctrader_twisted.schema.messages import ProtoHeartbeatEvent, ProtoOAExecutionEvent
from ctrader_twisted.wire.asked import ASKED
from ctrader_twisted.wire.clocks import steadySeconds
from ctrader_twisted.wire.counters import Counters
from ctrader_twisted.wire.listener import ConnectionListener
from ctrader_twisted.wire.liveness import Liveness
from ctrader_twisted.wire.outstanding import Outstanding, Waiting
from ctrader_twisted.wire.reasons import explain
from ctrader_twisted.wire.records import joinRecords
from ctrader_twisted.wire.refusals import FORMS, refusal
from ctrader_twisted.wire.routes import Routes
from ctrader_twisted.wire.runs import Run, RunDecoder
from ctrader_twisted.wire.strangers import strangers
from ctrader_twisted.wire.timing import Timing

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["OpenApiProtocol"]

_AnswerT = TypeVar("_AnswerT", bound=Message)

_HEARTBEAT = encodeFrame(ProtoHeartbeatEvent())


@define
class _Ends:
    """
    How the connection is ending.

    @ivar reason: why we end it ourselves, if we do.
    @ivar timer: aborts it when a polite close is not answered.
    @ivar waiters: fire when it is over.
    """

    over: bool = False
    reason: CTraderError | None = None
    timer: IDelayedCall | None = None
    waiters: list[Deferred[None]] = field(factory=list)


@implementer(IHandshakeListener)
class OpenApiProtocol(TwistedProtocol):
    """
    One connection to the Open API: level 1 of this package, raw messages and nothing that outlives the connection.

    @ivar counters: what was seen that should be rare.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        listener: ConnectionListener,
        *,
        randomness: Random,
        timing: Timing | None = None,
        maxFrame: int = MAX_FRAME,
        maxOutstanding: int = 10_000,
        counters: Counters | None = None,
        routes: Routes | None = None,
        plain: bool = PLAIN,
    ) -> None:
        """
        @param clock: the reactor.
        @param listener: hears what happens.
        @param randomness: for ids that no other client uses.
        @param timing: how long things may take.
        @param maxFrame: the longest frame to take, in bytes.
        @param maxOutstanding: how many requests may wait at once.
        @param counters: where to count, if several connections shall be counted together.
        @param routes: who is told events of an account in place of the listener.
        @param plain: take the plain ways only: frame by frame as TLS gives them, each event by the listener. By default
            that is so if C{CTRADER_PLAIN=1} is in the environment.
        """
        self.counters = Counters() if counters is None else counters
        self._clock = clock
        self._listener = listener
        self._timing = timing or Timing()
        self._plain = plain
        self._decoder = FrameDecoder(maxFrame, plain=True) if plain else RunDecoder(maxFrame)
        self._routes = routes
        # Nothing is told any more: it is over, or we have cut it.
        self._isDeaf = False
        # While the records of one read are being decrypted: what they hold.
        self._joined: list[bytes] | None = None
        self._outstanding = Outstanding(clock, f"{randomness.getrandbits(64):016x}.", maxOutstanding)
        self._liveness = Liveness(
            clock,
            steadySeconds(clock),
            self._sendHeartbeat,
            self._fallSilent,
            interval=self._timing.heartbeat,
            patience=self._timing.patience,
        )
        self._secured = False
        self._ends = _Ends()

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        Send a request.

        @param message: the request, complete.
        @param timeout: seconds to wait for the answer, or L{None} for what L{Timing} says of its class.
        @return: fires with the answer; for a trading request, with its first execution event. Cancelling it gives up
            waiting; what was sent stays sent.
        @raise NotConnected: (as a failure) if the connection is not up; nothing was sent.
        @raise IllegalValue: (as a failure) if the message is no request or lacks a required field.
        @raise TooManyRequests: (as a failure) if too many requests wait already.
        @raise ServerError: (as a failure) if the server refused, by what to do next.
        @raise RequestTimedOut: (as a failure) if no answer came in time.
        @raise ConnectionLost: (as a failure) if the connection ended first.
        """
        try:
            return cast("Deferred[_AnswerT]", self._send(message, timeout))
        except CTraderError:
            return fail()

    def _send(self, message: Message, timeout: float | None) -> Deferred[Message]:
        asked = ASKED.get(type(message))
        if not self._secured or self._ends.over or self._ends.reason is not None:
            raise NotConnected(f"{message.DESCRIPTOR.name} was not sent: the connection is not up")
        if asked is None:
            raise IllegalValue(f"{message.DESCRIPTOR.name} is no request of this package's classes")
        try:
            payload = message.SerializeToString()
        except EncodeError as error:
            missing = ", ".join(cast(Any, message).FindInitializationErrors())
            raise IllegalValue(f"{asked.name} was not sent: it lacks {missing}") from error
        seconds = self._timing.answers[asked.rate] if timeout is None else timeout
        accountId = cast(Any, message).ctidTraderAccountId if asked.isOfAccount else None
        clientMsgId, answered = self._outstanding.add(asked, accountId, seconds)
        self._write(encodePayload(asked.number, payload, clientMsgId))
        return answered

    def disconnect(self, reason: CTraderError | None = None) -> Deferred[None]:
        """
        Close politely: what was written is sent first, and the other side may answer the close for a few seconds.

        @param reason: what L{ConnectionListener.connectionEnded} shall be told; by default, that we closed.
        @return: fires when the connection is gone.
        """
        over: Deferred[None] = Eventual()
        if self._ends.over or self.transport is None:
            over.callback(None)
            return over
        self._ends.waiters.append(over)
        if self._ends.reason is None:
            self._ends.reason = reason or NotConnected("we closed the connection")
            self._ends.timer = self._clock.callLater(self._timing.closing, self._abortTransport)
            self.transport.loseConnection()
        return over

    def abort(self, reason: CTraderError) -> None:
        """
        Close at once, whatever the other side does.

        @param reason: what L{ConnectionListener.connectionEnded} shall be told.
        """
        if not self._ends.over and self.transport is not None:
            self._ends.reason = reason
            self._isDeaf = True
            self._abortTransport()

    # What Twisted calls.

    def connectionMade(self) -> None:
        """
        The transport is there; over TLS its certificate is not verified yet.
        """
        transport = self.transport
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
        if not self._plain:
            joinRecords(transport, self._joinBegins, self._joinEnds)
        self._listener.connectionOpened(self)
        if not ISSLTransport.providedBy(transport):
            self.handshakeCompleted()

    def handshakeCompleted(self) -> None:
        """
        The certificate is verified.
        """
        self._secured = True
        self._liveness.start()
        self._listener.connectionSecured(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Some bytes came.

        @param data: the bytes.
        """
        if self._joined is None:
            self._take(data)
        else:
            self._joined.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The connection is gone: fail what waits, and tell the listener.

        @param reason: why, as the transport knows it.
        """
        self._joinEnds()
        ends = self._ends
        error = ends.reason or explain(reason)
        ends.over = self._isDeaf = True
        ends.reason = error
        self._liveness.stop()
        if ends.timer is not None and ends.timer.active():
            ends.timer.cancel()
        # Who tries again as soon as a request fails must not find that all is well; and who waits for the end must find
        # every request failed.
        self._listener.connectionBroken(self, error)
        self._outstanding.loseAll(str(error))
        self._listener.connectionEnded(self, error)
        waiters, ends.waiters = ends.waiters, []
        for waiter in waiters:
            waiter.callback(None)

    # What comes in.

    def _joinBegins(self) -> None:
        self._joined = self._joined or []

    def _joinEnds(self) -> None:
        joined, self._joined = self._joined, None
        if joined:
            self._take(b"".join(joined))

    def _take(self, data: bytes) -> None:
        if self._isDeaf:
            return
        isAlive = False
        try:
            for came in self._decoder.feed(data):
                isAlive = True
                if isinstance(came, Run):
                    self._runReceived(came)
                else:
                    self._envelopeReceived(came)
                if self._isDeaf:
                    return
        except ProtocolError as error:
            self._log.error("closing the connection: {error}", error=error)
            self._break(error)
            return
        if isAlive:
            # Once for all, and last, since the listeners may have taken their time.
            self._liveness.received()

    def _runReceived(self, run: Run) -> None:
        """
        Tell the events of a run, each as if it had come alone: whoever listens may end the connection, or change who
        is told the next one. L{RunDecoder} has seen to it that they are whole, and that they answer no request. Of what
        the schema does not know, only the first is asked: what is new in one is new in all.
        """
        self._count(run.messages[0])
        table = None if self._routes is None else self._routes.table(run.kind)
        if table is None:
            for message in run.messages:
                self._tell(message)
                if self._isDeaf:
                    return
            return
        for message in run.messages:
            # Found anew for each, since the one before may have changed it.
            hearers = table[message.ctidTraderAccountId]
            if hearers is None:
                self._tell(message)
            else:
                for place in hearers.places:
                    listener = place.listener
                    try:
                        listener(message)
                    except Exception:
                        hearers.failed(listener)
            if self._isDeaf:
                return

    def _envelopeReceived(self, envelope: Envelope) -> None:
        clientMsgId = envelope.clientMsgId
        waiting = None if clientMsgId is None else self._outstanding.find(clientMsgId)
        try:
            message = envelope.message()
        except ProtocolError as error:
            self.counters.malformed += 1
            self._log.warn("{error}", error=error)
            if waiting is not None and clientMsgId is not None:
                self._outstanding.refuse(clientMsgId, error)
            return
        if message is None:
            self.counters.unknown += 1
            self._log.debug("a message of the unknown payload type {type}", type=envelope.payloadType)
            return
        self._count(message)
        if waiting is not None and clientMsgId is not None and type(message) in waiting.asked.answers:
            self._answerReceived(clientMsgId, waiting, message)
        else:
            isLate = clientMsgId is not None and self._outstanding.isOurs(clientMsgId)
            self.counters.late += isLate
            # A late answer is of use to nobody, and may hold a token; a late event of an order is one all the same.
            if not (isLate and message.DESCRIPTOR.name.endswith("Res")):
                self._tell(message)

    def _count(self, message: Message) -> None:
        fields, values = strangers(message)
        if fields or values:
            self.counters.fields += fields
            self.counters.values += values
            self._log.debug("{name} holds what the schema does not know", name=message.DESCRIPTOR.name)

    def _answerReceived(self, clientMsgId: str, waiting: Waiting, message: Message) -> None:
        if type(message) not in FORMS:
            self._outstanding.answer(clientMsgId, message)
            return
        if isinstance(message, ProtoOAExecutionEvent):
            self._tell(message)
        error = refusal(message, waiting.asked.name, waiting.accountId)
        if error is None:
            self._outstanding.answer(clientMsgId, message)
        else:
            self._outstanding.refuse(clientMsgId, error)

    def _tell(self, message: Message) -> None:
        try:
            self._listener.eventReceived(self, message)
        except Exception:
            self.counters.broken += 1
            self._log.failure("the listener of {name} failed", name=message.DESCRIPTOR.name)

    # What goes out.

    def _write(self, frame: bytes) -> None:
        """
        Write a frame. What is written in one turn of the reactor leaves in one piece, at the end of the turn: Twisted
        sees to that, over TLS too, and to its being sent before a close.
        """
        self._liveness.sent()
        self.transport.write(frame)  # type: ignore[union-attr]

    def _sendHeartbeat(self) -> None:
        self._write(_HEARTBEAT)

    def _fallSilent(self, silence: float) -> None:
        self._break(NotConnected(f"the server has sent nothing for {silence:.0f} s"))

    def _break(self, reason: CTraderError) -> None:
        self.abort(reason)
        if not self._ends.over:
            self._listener.connectionBroken(self, reason)

    def _abortTransport(self) -> None:
        # All transports that Twisted makes can do it, but only the one for TCP says so.
        cast(Any, self.transport).abortConnection()
