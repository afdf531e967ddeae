"""
The server, a process of its own: C{python -m test.benchmark.server}, followed by its L{Settings} as JSON.

It answers the few requests that a login needs, and the one for its version, before which it sends its block of events.
The clients are connected together, but only one of them asks at a time.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from struct import Struct
from threading import Thread
from typing import NamedTuple

from google.protobuf.message import Message

from ctrader_twisted.framing import FrameDecoder, encodeFrame
from test.benchmark.certificate import HOST
from test.benchmark.child import endWithParent, obey
from test.benchmark.frames import spotFrames
from test.scripted import standardAnswers

__all__ = ["Settings", "records"]

_LENGTH = Struct("!I")
_VERSION_REQUEST, _VERSION_ANSWER = bytes.fromhex("08b810"), bytes.fromhex("08b91012041202") + b"91"
_ID_TAG = b"\x1a"
_RECORD = 16_384


class Settings(NamedTuple):
    """
    What the server does.

    @ivar certificate: the path of its certificate.
    @ivar key: the path of its key.
    @ivar shape: how the events go into TLS records: C{burst} or C{live}; C{reconnect} if the request for the version
        ends the connection in place of being answered.
    @ivar events: how many events are sent before each answer to a request for the version.
    @ivar core: which core to keep to, or L{None} for any.
    @ivar seconds: the longest time to live.
    """

    certificate: str
    key: str
    shape: str
    events: int
    core: int | None
    seconds: float


def records(frames: list[bytes], shape: str) -> list[bytes]:
    """
    Distribute frames over TLS records.

    @param frames: the frames.
    @param shape: C{live} for one frame per record, C{burst} for full records.
    @return: the content of each record.
    """
    if shape == "live":
        return frames
    stream = b"".join(frames)
    return [stream[start : start + _RECORD] for start in range(0, len(stream), _RECORD)]


class _Channel:
    """
    TLS on a blocking socket, with all records of one sending in one write.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._socket = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def handshake(self) -> None:
        done = False
        while not done:
            try:
                self._tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                self._socket.sendall(self._outgoing.read())
                self._feed()
        self._socket.sendall(self._outgoing.read())

    def receive(self) -> bytes:
        """
        @return: what has come, or nothing at the end.
        """
        while True:
            try:
                return self._tls.read(_RECORD)
            except ssl.SSLWantReadError:
                self._feed()

    def send(self, contents: Iterable[bytes]) -> None:
        """
        @param contents: the content of each record; an empty one is left out.
        """
        for content in filter(None, contents):
            self._tls.write(content)
        self._socket.sendall(self._outgoing.read())

    def _feed(self) -> None:
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionAbortedError("the client has gone")
        self._incoming.write(data)


class _Conversation:
    """
    What is said on one connection.
    """

    def __init__(self, channel: _Channel, block: list[bytes], isDropping: bool) -> None:
        self._channel = channel
        self._block = block
        self._isDropping = isDropping
        self._rest = b""
        self._others = {kind.DESCRIPTOR.name: answer for kind, answer in standardAnswers().items()}

    def hold(self) -> None:
        while data := self._channel.receive():
            self._channel.send([self._answer(body) for body in self._bodies(data)])

    def _bodies(self, data: bytes) -> Iterator[bytes]:
        data = self._rest + data
        start = 0
        while len(data) - start >= 4:
            end = start + 4 + _LENGTH.unpack_from(data, start)[0]
            if end > len(data):
                break
            yield data[start + 4 : end]
            start = end
        self._rest = data[start:]

    def _answer(self, body: bytes) -> bytes:
        if not body.startswith(_VERSION_REQUEST):
            return self._otherAnswer(body)
        if self._isDropping:
            raise ConnectionAbortedError("as asked")
        if self._block:
            self._channel.send(self._block)
        # By hand, so that the server's part of a round trip is small beside the client's.
        answer = _VERSION_ANSWER + body[body.index(_ID_TAG) :]
        return _LENGTH.pack(len(answer)) + answer

    def _otherAnswer(self, body: bytes) -> bytes:
        (envelope,) = FrameDecoder().feed(_LENGTH.pack(len(body)) + body)
        message = envelope.message()
        assert message is not None
        answer = self._others[message.DESCRIPTOR.name](message)
        return encodeFrame(answer, envelope.clientMsgId) if isinstance(answer, Message) else b""


def main() -> None:
    """
    Serve until the parent ends us.
    """
    settings = Settings(**json.loads(sys.argv[1]))
    obey(settings.core, settings.seconds)
    endWithParent()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(settings.certificate, settings.key)
    block = records(spotFrames(settings.events), settings.shape)
    with socket.create_server((HOST, 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            connection, _ = listening.accept()
            isDropping = settings.shape == "reconnect"
            Thread(target=_serve, args=(connection, context, block, isDropping), daemon=True).start()


def _serve(connection: socket.socket, context: ssl.SSLContext, block: list[bytes], isDropping: bool) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    channel = _Channel(connection, context)
    # How clients go is no concern of ours; whether they got all, the parent sees from their count.
    with connection, suppress(OSError):
        channel.handshake()
        _Conversation(channel, block, isDropping).hold()


if __name__ == "__main__":
    main()
