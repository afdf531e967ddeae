"""
A server that says what was recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import execute
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime, ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from ctrader_twisted.client import Client
from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.framing import Envelope, FrameDecoder, encodeEnvelope
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.schema import payloadType
from ctrader_twisted.schema.messages import ProtoHeartbeatEvent
from ctrader_twisted.testing.clock import VirtualClock
from ctrader_twisted.testing.driving import drive
from ctrader_twisted.testing.masks import standIn
from ctrader_twisted.testing.memory import MemoryEndpoint
from ctrader_twisted.testing.recording import Frame, Recording, readRecording

__all__ = ["ReplayFactory", "ReplayedServer"]

_ResultT = TypeVar("_ResultT")

_HEARTBEAT = payloadType(ProtoHeartbeatEvent)


class ReplayFactory(Factory):
    """
    Serves what was recorded: its first connection to the first client that connects, and so on; further ones are
    refused.

    What the server sent comes as long after the frame before it as it did then, once the client has sent all that it
    had sent until then, of the same kinds in any order. Answers carry the ids that the client uses now. Heartbeats of
    the client are not waited for.

    @ivar unexpected: what clients have sent and did not send when it was recorded; it is not answered.
    """

    noisy = False

    def __init__(self, clock: IReactorTime, recording: Recording) -> None:
        """
        @param clock: the reactor.
        @param recording: what was recorded.
        """
        self.unexpected: list[Envelope] = []
        self._clock = clock
        self._recording = recording
        self._connections = 0

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """
        Make the server's side of a connection.

        @param addr: where the client comes from.
        """
        self._connections += 1
        frames = [frame for frame in self._recording.frames if frame.connection == self._connections]
        return _Replay(self._clock, frames, self.unexpected.append) if frames else None


class _Replay(Protocol):
    """
    One connection as it was.
    """

    transport: ITransport
    # By how much the time that was recorded is ahead of the clock.
    _lead: float

    def __init__(self, clock: IReactorTime, frames: Sequence[Frame], unexpected: Callable[[Envelope], None]) -> None:
        self._clock = clock
        self._frames = frames
        self._unexpected = unexpected
        self._decoder = FrameDecoder()
        self._next = 0
        self._came: list[Envelope] = []
        self._ids: dict[str | None, str | None] = {}
        self._timer: IDelayedCall | None = None
        self._coming = Counter(each.envelope.payloadType for each in frames if each.envelope and not each.isFromServer)

    def connectionMade(self) -> None:
        self._lead = -self._clock.seconds()
        self._go()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._next = len(self._frames)

    def dataReceived(self, data: bytes) -> None:
        for envelope in self._decoder.feed(data):
            kind = envelope.payloadType
            if kind == _HEARTBEAT:
                continue
            if not self._coming[kind]:
                self._unexpected(envelope)
                continue
            self._coming[kind] -= 1
            self._came.append(envelope)
        if self._timer is None:
            self._go()

    def _go(self) -> None:
        """
        Go on as far as the client lets it.
        """
        while self._next < len(self._frames):
            frame = self._frames[self._next]
            if frame.isFromServer:
                self._timer = self._clock.callLater(self._pause(frame), self._say, frame)
                return
            if frame.envelope is not None and frame.envelope.payloadType != _HEARTBEAT:
                if not self._heard(frame.envelope):
                    return
                self._lead = frame.at - self._clock.seconds()
            self._next += 1

    def _pause(self, frame: Frame) -> float:
        return max(0.0, frame.at - self._lead - self._clock.seconds())

    def _heard(self, recorded: Envelope) -> bool:
        """
        Find what the client sends now for what it sent then.
        """
        alike = [each for each in self._came if each.payloadType == recorded.payloadType]
        if not alike:
            return False
        found = next((each for each in alike if each.payload == recorded.payload), alike[0])
        self._came.remove(found)
        self._ids[recorded.clientMsgId] = found.clientMsgId
        return True

    def _say(self, frame: Frame) -> None:
        self._timer = None
        self._next += 1
        if frame.envelope is None:
            self.transport.loseConnection()
            return
        clientMsgId = frame.envelope.clientMsgId
        answer = frame.envelope._replace(clientMsgId=self._ids.get(clientMsgId, clientMsgId))
        self.transport.write(encodeEnvelope(answer))
        self._go()


class ReplayedServer:
    """
    A recording as a server, and clients on it, in memory and on virtual time: the same frames at the same times,
    whatever it was that sent them first::

        server = ReplayedServer(Path("trouble.frames"))
        server.run(main)

    @ivar clock: the virtual time.
    @ivar factory: serves the recording; it can also listen on a port.
    @ivar endpoint: connects clients to it.
    @ivar application: the stand-ins for the credentials that were recorded.
    @ivar tokens: the stand-ins for the tokens that were used first.
    """

    def __init__(self, path: Path) -> None:
        """
        @param path: a file that a L{RecordingEndpoint <ctrader_twisted.testing.RecordingEndpoint>} has written.
        @raise ConfigurationError: if it cannot be read, or is no recording.
        """
        recording = readRecording(path)
        self.clock = VirtualClock()
        self.factory = ReplayFactory(self.clock, recording)
        self.endpoint = MemoryEndpoint(self.clock, self.factory)
        self.application = Application(standIn("clientId"), standIn("clientSecret"))
        self.tokens = MemoryTokens(TokenPair(standIn("accessToken"), standIn("refreshToken")))
        self._started = recording.started
        self._randomness = Random(0)

    @property
    def unexpected(self) -> list[Message | None]:
        """
        What clients have sent and did not send when it was recorded.
        """
        return [envelope.message() for envelope in self.factory.unexpected]

    def client(self, **options: Any) -> Client:
        """
        Make a client.

        @param options: replace what L{Client} is given: C{endpoint}, C{application}, C{tokens} and its keywords.
        @return: the client, not started.
        """
        given = {
            "endpoint": self.endpoint,
            "application": self.application,
            "tokens": self.tokens,
            "randomness": Random(self._randomness.random()),
            "wallClock": lambda: self._started + round(self.clock.seconds() * 1000),
            "runBlocking": execute,
            **options,
        }
        return Client(self.clock, **given)

    def run(self, main: Callable[[Client], Coroutine[Any, Any, _ResultT]], *, hours: float = 24.0) -> _ResultT:
        """
        Start a client, run a coroutine function with it, and stop it.

        @param main: called with the client, which is logged in.
        @param hours: how much virtual time it may take.
        @return: what the coroutine returned; what it raised is raised.
        @raise NothingHappens: if it waits for something that does not come.
        """

        async def started() -> _ResultT:
            async with self.client() as client:
                return await main(client)

        return drive(self.clock, started(), hours=hours)
