"""
One client's connection, seen from the server.
"""

from __future__ import annotations

from google.protobuf.message import Message
from twisted.internet.interfaces import IAddress, IConsumer, IPushProducer, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.framing import Envelope, FrameDecoder
from ctrader_twisted.schema.messages import (
    ProtoHeartbeatEvent,
    ProtoOAAccountDisconnectEvent,
    ProtoOAAccountsTokenInvalidatedEvent,
)
from ctrader_twisted.simulator.call import Call
from ctrader_twisted.simulator.dispatch import malformed, serve, unsupported
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults.line import Line
from ctrader_twisted.simulator.rationing import Rationing
from ctrader_twisted.simulator.registry import Application, Grant
from ctrader_twisted.simulator.settings import RotationOrder

__all__ = ["ServerProtocol", "SimulatorFactory"]

# Seconds that do not matter.
_TOLERANCE = 0.001


class _Transport(ITCPTransport, IConsumer):
    """
    What TCP and TLS transports are: also something to register a producer with.
    """


@implementer(IPushProducer)
class ServerProtocol(Protocol):
    """
    Serves one client.

    @ivar exchange: what it serves.
    @ivar isLiveHost: whether it plays the live host, and not the demo host.
    @ivar application: the application that is logged in, or L{None}.
    @ivar sessions: the grants under which accounts are logged in, by account id.
    @ivar rationing: how many more requests it may send.
    """

    transport: _Transport
    _log = Logger()

    def __init__(self, exchange: Exchange, *, isLiveHost: bool) -> None:
        """
        @param exchange: what to serve.
        @param isLiveHost: whether to play the live host.
        """
        settings = exchange.settings
        self.exchange = exchange
        self.isLiveHost = isLiveHost
        self.application: Application | None = None
        self.sessions: dict[int, Grant] = {}
        self.rationing = Rationing(settings)
        self._settings = settings
        self._line = Line(self, exchange.clock, exchange.faults, serve, settings.maxBacklog)
        self._decoder = FrameDecoder(settings.maxFrame)
        self._seconds = exchange.clock.seconds
        self._market = exchange.market
        self._over = False
        self._paused = False
        self._isTaking = False
        self._backlog = bytearray()
        self._gathered: list[bytes] = []

    @property
    def clientId(self) -> str:
        """
        @return: the client id of the application that is logged in; empty if none is.
        """
        return self.application.clientId if self.application is not None else ""

    def connectionMade(self) -> None:
        """
        Begin to watch the client, unless connections are refused now.
        """
        clock, settings = self.exchange.clock, self._settings
        self.transport.registerProducer(self, True)
        self._loginTimer = clock.callLater(settings.loginLimit, self._tooSlow, "it did not log in")
        self._idleTimer = clock.callLater(settings.idleLimit, self._tooSlow, "it sent nothing")
        self._beatTimer = clock.callLater(settings.heartbeatInterval, self._beat)
        self._lastSent = clock.seconds()
        self.exchange.connections.append(self)
        if self.exchange.faults.isRefusing:
            self.abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Forget the client.

        @param reason: why the connection ended.
        """
        self._over = True
        for timer in (self._loginTimer, self._idleTimer, self._beatTimer):
            if timer.active():
                timer.cancel()
        self._line.lost()
        self.exchange.connections.remove(self)
        self.exchange.forget(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Serve what has come.

        @param data: the next bytes.
        """
        self._line.came(data)

    def take(self, data: bytes) -> None:
        """
        Serve what has come, and is looked at now.

        @param data: the next bytes.
        """
        if self._over:
            return
        self._isTaking = True
        try:
            for envelope in self._decoder.feed(data):
                self._hear()
                self._serve(envelope)
                if self._over:
                    return
        except ProtocolError as error:
            self._log.warn("A client sent what is no frame: {error}", error=str(error))
            self.close()
        finally:
            self._isTaking = False
            self._sendGathered()

    def logIn(self, application: Application) -> None:
        """
        Note that an application has logged in.

        @param application: which.
        """
        if self._settings.ratePerApplication:
            others = (each.rationing for each in self.exchange.connections if each.application is application)
            self.rationing = next(others, self.rationing)
        self.application = application
        if self._loginTimer.active():
            self._loginTimer.cancel()

    def endSession(self, accountId: int) -> None:
        """
        Log an account out, and say so.

        @param accountId: an account that is logged in here.
        """
        del self.sessions[accountId]
        self.exchange.forget(self, accountId)
        self.send(ProtoOAAccountDisconnectEvent(ctidTraderAccountId=accountId))

    def endGrant(self, grant: Grant, reason: str) -> None:
        """
        Log all accounts of a grant out, and say so.

        @param grant: a grant whose tokens are not valid any more.
        @param reason: what happened to them.
        """
        ended = [accountId for accountId, each in self.sessions.items() if each is grant]
        if not ended:
            return
        invalidated = ProtoOAAccountsTokenInvalidatedEvent(ctidTraderAccountIds=ended, reason=reason)
        isFirst = self._settings.rotationOrder is RotationOrder.INVALIDATED_FIRST
        if isFirst:
            self.send(invalidated)
        for accountId in ended:
            self.endSession(accountId)
        if not isFirst:
            self.send(invalidated)

    def send(self, message: Message, clientMsgId: str | None = None, *, frame: bytes | None = None) -> None:
        """
        Send a message. After the end of the connection it is dropped.

        @param message: what to send.
        @param clientMsgId: the id of the request that caused it.
        @param frame: the frame of both, if it has been made already for others.
        """
        if not self._over:
            self._lastSent = self._seconds()
            self._line.send(message, clientMsgId, frame)

    def relay(self, message: Message, frame: bytes) -> None:
        """
        Send what others are sent as well: L{send}, and quicker where nothing is to go wrong.

        @param message: what to send.
        @param frame: its frame.
        """
        if not self._line.isClear:
            self.send(message, frame=frame)
        elif self._gathered:
            self._gathered.append(frame)
        elif not self._over:
            self._lastSent = self._seconds()
            self.write(frame)

    def push(self, message: Message) -> None:
        """
        Send a message past the rules for what is to go wrong. After the end of the connection it is dropped.

        @param message: what to send; a C{ProtoMessage} is the envelope itself.
        """
        if not self._over:
            self._line.push(message)

    def write(self, data: bytes) -> None:
        """
        Send bytes. What prices cause in one turn goes in one piece, and so do the answers to what came in one. After
        the end of the connection they are dropped.

        @param data: what to send.
        """
        if self._over:
            return
        if self._isTaking:
            self._gathered.append(data)
        elif self._market.isTelling:
            if not self._gathered:
                self._market.afterTurn(self._sendGathered)
            self._gathered.append(data)
        else:
            self._transmit(data)

    def close(self) -> None:
        """
        End the connection after what is already on its way.
        """
        if self._over:
            return
        self._sendGathered()
        self._over = True
        self.resumeProducing()
        if self._idleTimer.active():
            self._idleTimer.cancel()
        self._idleTimer = self.exchange.clock.callLater(self._settings.closeGrace, self.transport.abortConnection)
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def abort(self) -> None:
        """
        Cut the connection.
        """
        if not self._over:
            self._sendGathered()
        if not self._over:
            self._over = True
            self.transport.unregisterProducer()
        self.transport.abortConnection()

    def pauseProducing(self) -> None:
        """
        Keep what is sent, since the client does not read fast enough.
        """
        self._paused = True

    def resumeProducing(self) -> None:
        """
        Send what was kept.
        """
        self._paused = False
        if self._backlog:
            kept = bytes(self._backlog)
            self._backlog.clear()
            self.transport.write(kept)

    def stopProducing(self) -> None:
        """
        Do nothing: the end of the connection is told otherwise.
        """

    def _sendGathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._transmit(b"".join(gathered))

    def _transmit(self, data: bytes) -> None:
        if self._over:
            return
        if not self._paused:
            self.transport.write(data)
            return
        self._backlog += data
        if len(self._backlog) > self._settings.maxBacklog:
            self._log.warn("A client does not read: {waiting} bytes wait for it", waiting=len(self._backlog))
            self.abort()

    def _serve(self, envelope: Envelope) -> None:
        try:
            message = envelope.message()
        except ProtocolError:
            malformed(self, envelope)
            return
        if message is None:
            unsupported(self, envelope.clientMsgId)
            return
        self.exchange.seen.append(message)
        if isinstance(message, ProtoHeartbeatEvent):
            self.rationing.heard(self.exchange.clock.seconds())
        else:
            self._line.request(Call(self, message, envelope.clientMsgId))

    def _hear(self) -> None:
        if self._idleTimer.active():
            self._idleTimer.reset(self._settings.idleLimit)
        else:
            self._idleTimer = self.exchange.clock.callLater(self._settings.idleLimit, self._tooSlow, "it sent nothing")

    def _tooSlow(self, why: str) -> None:
        if self._line.isSilent:
            # It is looked at again, since the silence may be over by then, and the client gone.
            if not self._idleTimer.active():
                self._hear()
            return
        self._log.info("Closing the connection of a client: {why}", why=why)
        self.close()

    def _beat(self) -> None:
        # Moving the timer whenever something is sent would cost more than the sending.
        clock, interval = self.exchange.clock, self._settings.heartbeatInterval
        wait = self._lastSent + interval - clock.seconds()
        isDue = wait < _TOLERANCE
        self._beatTimer = clock.callLater(interval if isDue else wait, self._beat)
        if isDue:
            self.send(ProtoHeartbeatEvent())


class SimulatorFactory(Factory):
    """
    Makes a L{ServerProtocol} for each client.

    @ivar exchange: what they serve.
    """

    noisy = False

    def __init__(self, exchange: Exchange, *, isLiveHost: bool = False) -> None:
        """
        @param exchange: what to serve.
        @param isLiveHost: whether to play the live host; live accounts can be used there only, and demo accounts only
            on the demo host.
        """
        self.exchange = exchange
        self._isLiveHost = isLiveHost

    @property
    def connections(self) -> list[ServerProtocol]:
        """
        @return: the connections of the exchange that are open now, oldest first.
        """
        return list(self.exchange.connections)

    def buildProtocol(self, addr: IAddress | None = None) -> ServerProtocol:
        """
        Make the server's side of a connection.

        @param addr: where the client comes from.
        """
        return ServerProtocol(self.exchange, isLiveHost=self._isLiveHost)
