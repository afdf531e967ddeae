"""
The frames of connections in a file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import NoneType
from typing import Any, BinaryIO, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import (
    IAddress,
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer, providedBy

from ctrader_twisted.client.client import systemTime
from ctrader_twisted.errors import ConfigurationError, ProtocolError
from ctrader_twisted.framing import Envelope, FrameDecoder
from ctrader_twisted.schema import messageClass
from ctrader_twisted.testing.masks import Masks

__all__ = ["Frame", "Recording", "RecordingEndpoint", "readRecording"]

_VERSION = 1

_ReadT = TypeVar("_ReadT")


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
    def fromRow(cls, row: object) -> Frame:
        """
        @param row: as it stands in the file.
        @return: the frame.
        @raise ValueError: if something is missing or wrong.
        """
        envelope = None
        if not _held(row, "end", (bool, NoneType)):
            payload = bytes.fromhex(_held(row, "payload", (str,)))
            envelope = Envelope(_held(row, "type", (int,)), payload, _held(row, "id", (str, NoneType)))
        isFromServer = _held(row, "from", (str,)) == "server"
        return cls(_held(row, "connection", (int,)), _held(row, "at", (int, float)), isFromServer, envelope)


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
        head, *rows = path.read_text(encoding="utf-8").splitlines() or [""]
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} cannot be read as a recording of frames: it is no text") from error
    started = _readLine(path, 1, head, _startOf)
    return Recording(started, tuple(_readLine(path, number, row, Frame.fromRow) for number, row in enumerate(rows, 2)))


def _readLine(path: Path, number: int, line: str, read: Callable[[object], _ReadT]) -> _ReadT:
    try:
        return read(json.loads(line))
    except ValueError as error:
        raise ConfigurationError(f"{path} cannot be read as a recording of frames: line {number}: {error}") from error


def _startOf(head: object) -> int:
    version = _held(head, "recording", (int,))
    if version != _VERSION:
        raise ValueError(f"it is a recording of version {version}")
    return int(_held(head, "started", (int,)))


def _held(row: object, key: str, kinds: tuple[type, ...]) -> Any:
    if not isinstance(row, dict):
        raise ValueError("it is no object")
    if type(value := row.get(key)) not in kinds:
        raise ValueError(f"{key} is {'missing' if value is None else 'wrong'}")
    return value


@implementer(IStreamClientEndpoint)
class RecordingEndpoint:
    """
    Connects through another endpoint, and writes down what the two sides send: a line of JSON for each frame. Client
    ids, client secrets and tokens are replaced by stand-ins; account numbers and what was traded stay, so the file is
    for its owner only. If it cannot be written any more, such as on a full disk, that is logged, and the connections go
    on without it.
    """

    _log = Logger()

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
        @param path: the file; an old one is replaced by the first attempt to connect.
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
        self._isGivenUp = False

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        @see: C{IStreamClientEndpoint.connect}
        @raise ConfigurationError: (as a failure) if the file cannot be written.
        """
        try:
            self._begin()
        except OSError as error:
            self._drop()
            return fail(ConfigurationError(f"{self._path} cannot be written: {error.strerror}"))
        connecting: Deferred[Any] = self._endpoint.connect(_TapFactory(protocolFactory, self))
        return connecting.addCallback(lambda tap: tap.inner)

    def close(self) -> None:
        """
        Close the file; the next connection begins it anew.
        """
        self._isGivenUp = False
        self._drop()

    def opened(self) -> tuple[int, float]:
        """
        Note that there is another connection.

        @return: its number, and the time.
        """
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
        if self._file is None:
            return
        try:
            self._write(frame.row())
        except OSError as error:
            self._log.error("{path} cannot be written any more: {error}", path=self._path, error=str(error))
            self._isGivenUp = True
            self._drop()

    def _begin(self) -> None:
        if self._file is None and not self._isGivenUp:
            self._connections = 0
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(handle, "wb")
            self._write({"recording": _VERSION, "started": self._wallClock()})

    def _drop(self) -> None:
        file, self._file = self._file, None
        # What could not be written is tried once more.
        with suppress(OSError):
            if file is not None:
                file.close()

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
