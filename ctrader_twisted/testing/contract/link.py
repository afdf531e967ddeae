"""
A plain connection: it frames and parses, and keeps everything that comes, in its order. Unlike the client it interprets
nothing, so that a case sees what the server really does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar, cast

from attrs import frozen
from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.framing import Envelope, FrameDecoder, encodeFrame
from ctrader_twisted.schema.messages import ProtoHeartbeatEvent
from ctrader_twisted.testing.contract.pace import Pace

__all__ = ["Broken", "Link", "Received", "codeOf", "harmlessCode", "nameOf"]

_FoundT = TypeVar("_FoundT")

_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,60}")
_RATES = ("REQUEST_FREQUENCY_EXCEEDED", "BLOCKED_PAYLOAD_TYPE")
_LONGEST_BLOCK = 60
_TRIES = 3
_BEAT = 10.0


class Broken(Exception):
    """
    The server did what no reading of the protocol allows; the words say what, without anything that is secret.
    """


@frozen
class Received:
    """
    Something that came.

    @ivar message: the message; L{None} if the schema does not know it.
    @ivar clientMsgId: the id that it carries, or L{None}.
    @ivar payload: its bytes.
    @ivar at: when it came, in seconds of the clock.
    """

    message: Any
    clientMsgId: str | None
    payload: bytes
    at: float


class Link(Protocol):
    """
    One connection.

    @ivar received: what has come, oldest first.
    @ivar isOver: whether it has ended.
    @ivar pace: keeps the requests within the limits of the server.
    """

    def __init__(self, clock: IReactorTime, pace: Pace, randomness: Random) -> None:
        """
        @param clock: the reactor.
        @param pace: keeps the requests within the limits of the server.
        @param randomness: for ids that no other client uses.
        """
        self.received: list[Received] = []
        self.isOver = False
        self._clock = clock
        self.pace = pace
        self._prefix = f"{randomness.getrandbits(48):012x}."
        self._serial = 0
        self._decoder = FrameDecoder()
        self._waiting: list[Deferred[None]] = []

    # What Twisted calls.

    def dataReceived(self, data: bytes) -> None:
        """
        Some bytes came.

        @param data: the bytes.
        """
        try:
            for envelope in self._decoder.feed(data):
                self.received.append(self._read(envelope))
        except ProtocolError:
            self.abort()
        self._wake()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The connection is gone.

        @param reason: why.
        """
        self.isOver = True
        self._wake()

    def _read(self, envelope: Envelope) -> Received:
        try:
            message = envelope.message()
        except ProtocolError:
            message = None
        return Received(message, envelope.clientMsgId, envelope.payload, self._clock.seconds())

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(None)

    # What a case calls.

    def send(self, message: Message, *, named: bool = True) -> str:
        """
        Send a message, whatever the limits are.

        @param message: what to send.
        @param named: whether to give it an id.
        @return: its id; empty if it has none.
        """
        self._serial += 1
        clientMsgId = f"{self._prefix}{self._serial}" if named else ""
        self.write(encodeFrame(message, clientMsgId or None))
        return clientMsgId

    def write(self, data: bytes) -> None:
        """
        Send bytes.

        @param data: the bytes.
        """
        if not self.isOver:
            cast(ITransport, self.transport).write(data)

    def close(self) -> None:
        """
        End the connection.
        """
        if not self.isOver:
            cast(ITransport, self.transport).loseConnection()

    def abort(self) -> None:
        """
        End the connection at once.
        """
        if not self.isOver:
            cast(Any, self.transport).abortConnection()

    @property
    def mark(self) -> int:
        """
        A place in what has come: what comes from now on is behind it.
        """
        return len(self.received)

    def messages(self, mark: int = 0) -> list[Any]:
        """
        @param mark: a L{mark}.
        @return: the messages behind it, without heartbeats.
        """
        return [each.message for each in self.received[mark:] if not isinstance(each.message, ProtoHeartbeatEvent)]

    def answers(self, clientMsgId: str) -> list[Any]:
        """
        @param clientMsgId: the id of a request.
        @return: everything that has come with it.
        """
        return [each.message for each in self.received if each.clientMsgId == clientMsgId]

    async def ask(self, message: Message, seconds: float = 30.0) -> Any:
        """
        Send a request within the limits, and wait for its answer. If it is refused as one too many all the same, it is
        sent again later.

        @param message: the request.
        @param seconds: how long to wait.
        @return: the first message that carries its id, be it a refusal.
        @raise Broken: if none comes.
        """
        for _ in range(_TRIES):
            await self.pace.take(message)
            answer = await self.answerTo(self.send(message), seconds, nameOf(message))
            if codeOf(answer) not in _RATES:
                break
            await self.rest(min(max(1, answer.retryAfter), _LONGEST_BLOCK))
        return answer

    async def answerTo(self, clientMsgId: str, seconds: float, what: str) -> Any:
        """
        Wait for an answer.

        @param clientMsgId: the id of its request.
        @param seconds: how long to wait.
        @param what: the name of the request.
        @return: the first message that carries the id.
        @raise Broken: if none comes.
        """
        found = await self.watch(lambda: self.answers(clientMsgId) or None, seconds)
        if found is None:
            raise Broken(f"{what} was not answered, and the connection {'ended' if self.isOver else 'stayed'}")
        return found[0]

    async def event(self, kind: type[Message], seconds: float, mark: int = 0) -> Any:
        """
        Wait for a message of a kind.

        @param kind: its class.
        @param seconds: how long to wait.
        @param mark: a L{mark} that it must be behind.
        @return: the message; L{None} if it does not come.
        """

        def found() -> Any:
            return next((each for each in self.messages(mark) if isinstance(each, kind)), None)

        return await self.until(found, seconds)

    async def until(self, look: Callable[[], _FoundT | None], seconds: float) -> _FoundT | None:
        """
        Wait for something in what comes.

        @param look: finds it, or not.
        @param seconds: how long to wait.
        @return: what it found; L{None} if it did not, or the connection ended.
        """
        end = self._clock.seconds() + seconds
        while (found := look()) is None and not self.isOver and self._clock.seconds() < end:
            await self._next(end - self._clock.seconds())
        return found

    async def watch(self, look: Callable[[], _FoundT | None], seconds: float) -> _FoundT | None:
        """
        Wait for something that may take long, with heartbeats.

        @param look: finds it, or not.
        @param seconds: how long to wait.
        @return: what it found; L{None} if it did not, or the connection ended.
        """
        end = self._clock.seconds() + seconds
        while (left := end - self._clock.seconds()) > 0 and not self.isOver:
            found = await self.until(look, min(left, _BEAT))
            if found is not None:
                return found
            if left > _BEAT:
                self.send(ProtoHeartbeatEvent(), named=False)
        return look()

    async def ended(self, seconds: float) -> bool:
        """
        Wait for the end of the connection.

        @param seconds: how long to wait.
        @return: whether it has ended.
        """
        await self.until(lambda: None, seconds)
        return self.isOver

    async def rest(self, seconds: float) -> None:
        """
        Let time pass, with heartbeats.

        @param seconds: how much.
        """
        await self.watch(lambda: None, seconds)

    async def _next(self, seconds: float) -> None:
        arrived: Deferred[None] = Deferred()
        timer = self._clock.callLater(seconds, self._wake)
        self._waiting.append(arrived)
        try:
            await arrived
        finally:
            if timer.active():
                timer.cancel()
            if arrived in self._waiting:
                self._waiting.remove(arrived)


def codeOf(message: Any) -> str:
    """
    @param message: what came.
    @return: the error code that it carries; empty if it carries none.
    """
    if message is None or "errorCode" not in message.DESCRIPTOR.fields_by_name or not message.HasField("errorCode"):
        return ""
    return harmlessCode(str(message.errorCode))


def harmlessCode(code: str) -> str:
    """
    @param code: what a server sent as an error code.
    @return: the code, if it looks like one: what a report repeats must not be just anything that a server sends.
    """
    return code if _CODE.fullmatch(code) else "an error code that is none"


def nameOf(message: Any) -> str:
    """
    @param message: a message, or L{None}.
    @return: its name, without the prefix that all have.
    """
    return "nothing known" if message is None else str(message.DESCRIPTOR.name).removeprefix("ProtoOA")
