"""
The frames of connections in a file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer, providedBy

from ctrader_twisted.client.client import systemTime
from ctrader_twisted.errors import ConfigurationError, ProtocolError
from ctrader_twisted.framing import Envelope, FrameDecoder
from ctrader_twisted.schema import messageClass
from ctrader_twisted.testing.masks import Masks

__all__ = ["Frame", "Recording", "RecordingEndpoint", "readRecording"]

_VERSION = 1


@frozen
class Frame:
    """
    What one side sent, or that it ended the connection.

    @ivar connection: on which connection, counted from 1.
    @ivar at: seconds since that was made.
    @ivar isFromServer: which side.
    @ivar envelope: what it sent; L{None} for the end.
    """

    connection: int
    at: float
    isFromServer: bool
    envelope: Envelope | None

    def row(self) -> dict[str, Any]:
        """
        @return: this as it stands in the file.
        """
        row = {"connection": self.connection, "at": self.at, "from": "server" if self.isFromServer else "client"}
        if self.envelope is None:
            return {**row, "end": True}
        number, payload, clientMsgId = self.envelope
        kind = messageClass(number)
        name = kind.DESCRIPTOR.name if kind is not None else None
        return {**row, "type": number, "name": name, "id": clientMsgId, "payload": payload.hex()}

    @classmethod
    def fromRow(cls, row: dict[str, Any]) -> Frame:
        """
        @param row: as it stands in the file.
        @return: the frame.
        @raise KeyError: if something is missing.
        @raise ValueError: if something is wrong.
        """
        envelope = None
        if not row.get("end"):
            envelope = Envelope(row["type"], bytes.fromhex(row["payload"]), row["id"])
        return cls(row["connection"], row["at"], row["from"] == "server", envelope)


@frozen
class Recording:
    """
    What a file holds.

    @ivar started: when it was begun, in milliseconds since 1970.
    @ivar frames: the frames of all connections, in the order in which they were seen.
    """

    started: int
    frames: tuple[Frame, ...]


def readRecording(path: Path) -> Recording:
    """
    Read a file that a L{RecordingEndpoint} has written.

    @param path: the file.
    @return: what it holds.
    @raise ConfigurationError: if it cannot be read, or is no recording.
    """
    try:
        head, *rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        if head["recording"] != _VERSION:
            raise ValueError(f"it is a recording of version {head['recording']}")
        return Recording(head["started"], tuple(map(Frame.fromRow, rows)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path} cannot be read as a recording of frames: {error!r}") from error


@implementer(IStreamClientEndpoint)
class RecordingEndpoint:
    """
    Connects through another endpoint, and writes down what the two sides send: a line of JSON for each frame. Client
    ids, client secrets and tokens are replaced by stand-ins; account numbers and what was traded stay, so the file is
    for its owner only.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        path: Path,
        clock: IReactorTime,
        *,
        wallClock: Callable[[], int] = systemTime,
    ) -> None:
        """
        @param endpoint: where to connect to.
        @param path: the file; an old one is replaced with the first connection.
        @param clock: the reactor.
        @param wallClock: gives the time of the day, in milliseconds since 1970.
        """
        self._endpoint = endpoint
        self._path = path
        self._clock = clock
        self._wallClock = wallClock
        self._masks = Masks()
        self._file: BinaryIO | None = None
        self._connections = 0

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        @see: C{IStreamClientEndpoint.connect}
        """
        connecting: Deferred[Any] = self._endpoint.connect(_TapFactory(protocolFactory, self))
        return connecting.addCallback(lambda tap: tap.inner)

    def close(self) -> None:
        """
        Close the file; the next connection begins it anew.
        """
        if self._file is not None:
            self._file.close()
            self._file = None

    def opened(self) -> tuple[int, float]:
        """
        Note that there is another connection.

        @return: its number, and the time.
        """
        if self._file is None:
            self._connections = 0
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(handle, "wb")
            self._write({"recording": _VERSION, "started": self._wallClock()})
        self._connections += 1
        return self._connections, self._clock.seconds()

    def seen(self, connection: tuple[int, float], envelope: Envelope | None, *, isFromServer: bool) -> None:
        """
        Write a frame down.

        @param connection: the connection's number, and when it was made.
        @param envelope: what was sent, or L{None} at the end.
        @param isFromServer: which side sent it.
        """
        number, made = connection
        masked = None if envelope is None else self._masks.mask(envelope)
        frame = Frame(number, round(self._clock.seconds() - made, 6), isFromServer, masked)
        if self._file is not None:
            self._write(frame.row())

    def _write(self, row: dict[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(row).encode() + b"\n")
        self._file.flush()


class _TapFactory(Factory):
    """
    Puts a tap before each protocol of a client.
    """

    noisy = False

    def __init__(self, inner: Any, recorder: RecordingEndpoint) -> None:
        self._inner = inner
        self._recorder = recorder

    def doStart(self) -> None:
        self._inner.doStart()

    def doStop(self) -> None:
        self._inner.doStop()

    def buildProtocol(self, addr: IAddress | None) -> _Tap | None:
        inner = self._inner.buildProtocol(addr)
        return None if inner is None else _Tap(inner, self._recorder)


@implementer(IHandshakeListener)
class _Tap(Protocol):
    """
    Between a transport and its protocol: it passes everything on, and shows it.
    """

    def __init__(self, inner: Any, recorder: RecordingEndpoint) -> None:
        self.inner = inner
        self._recorder = recorder
        self._decoders = {True: FrameDecoder(), False: FrameDecoder()}
        self._hasEnded = False

    def connectionMade(self) -> None:
        self._connection = self._recorder.opened()
        self.inner.makeConnection(_TapTransport(self.transport, self))

    def handshakeCompleted(self) -> None:
        if IHandshakeListener.providedBy(self.inner):
            self.inner.handshakeCompleted()

    def dataReceived(self, data: bytes) -> None:
        self.show(data, isFromServer=True)
        self.inner.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended(isFromServer=True)
        self.inner.connectionLost(reason)

    def show(self, data: bytes, *, isFromServer: bool) -> None:
        decoder = self._decoders.get(isFromServer)
        if decoder is None:
            return
        try:
            for envelope in decoder.feed(data):
                self._recorder.seen(self._connection, envelope, isFromServer=isFromServer)
        except ProtocolError:
            # What is no frame cannot be written down as one; the client will say what it thinks of it.
            del self._decoders[isFromServer]

    def ended(self, *, isFromServer: bool) -> None:
        if not self._hasEnded:
            self._hasEnded = True
            self._recorder.seen(self._connection, None, isFromServer=isFromServer)


class _TapTransport:
    """
    A transport as its protocol sees it through a tap.
    """

    def __init__(self, transport: Any, tap: _Tap) -> None:
        self._transport = transport
        self._tap = tap
        directlyProvides(self, providedBy(transport))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._tap.show(data, isFromServer=False)
        self._transport.write(data)

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self._tap.ended(isFromServer=False)
        self._transport.loseConnection()

    def abortConnection(self) -> None:
        self._tap.ended(isFromServer=False)
        self._transport.abortConnection()
