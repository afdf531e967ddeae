"""
Bytes to envelopes and back: a frame is four bytes of length, high byte first, and one serialised C{ProtoMessage}.

Pure: it knows no Twisted, and both the client and the simulator use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from google.protobuf.message import DecodeError, Message

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.schema import messageClass, payloadType
from ctrader_twisted.schema.messages import ProtoMessage

__all__ = ["MAX_FRAME", "Envelope", "FrameDecoder", "encodeEnvelope", "encodeFrame"]

MAX_FRAME = 15_000_000
"""
The longest frame that is taken by default, in bytes without the four of its length (the official SDK's limit).
"""

_LENGTH = Struct("!I")


class Envelope(NamedTuple):
    """
    What one frame holds.

    @ivar payloadType: the number that says which message the payload is.
    @ivar payload: the serialised message.
    @ivar clientMsgId: the id that the client gave the request, or L{None}.
    """

    payloadType: int
    payload: bytes
    clientMsgId: str | None

    def message(self) -> Message | None:
        """
        Parse the payload.

        @return: the message, or L{None} if the schema does not know its payload type.
        @raise ProtocolError: if the payload is no such message, or lacks a required field.
        """
        kind = messageClass(self.payloadType)
        if kind is None:
            return None
        try:
            parsed = kind.FromString(self.payload)
        except DecodeError:
            parsed = None
        # Not every release of protobuf checks required fields when it parses.
        if parsed is None or not parsed.IsInitialized():
            raise ProtocolError(f"a payload of type {self.payloadType} is no {kind.DESCRIPTOR.name}")
        return parsed


class FrameDecoder:
    """
    Turns bytes, in whatever pieces they come, into envelopes.

    After a L{ProtocolError} the stream has no known frame boundary any more, and the decoder must not be fed again.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        """
        @param limit: the longest frame to take, in bytes.
        """
        self._limit = limit
        # A frame that comes in many pieces is joined once, when enough is there to go on.
        self._pieces: list[bytes] = []
        self._held = 0
        self._wanted = _LENGTH.size

    def feed(self, data: bytes) -> Iterator[Envelope]:
        """
        Take some bytes.

        @param data: the next bytes of the stream.
        @return: the envelopes that are whole now, in order. Frames of no bytes are skipped. Consume it before feeding
            again.
        @raise ProtocolError: if a frame is longer than the limit, or holds no envelope.
        """
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted:
            return
        stream = b"".join(self._pieces)
        start, end = 0, len(stream)
        try:
            while True:
                self._wanted = _LENGTH.size
                if end - start < _LENGTH.size:
                    break
                (length,) = _LENGTH.unpack_from(stream, start)
                if length > self._limit:
                    raise ProtocolError(f"a frame of {length} bytes was announced; the limit is {self._limit}")
                self._wanted += length
                if end - start < self._wanted:
                    break
                body = stream[start + _LENGTH.size : start + self._wanted]
                start += self._wanted
                if body:
                    yield _envelope(body)
        finally:
            self._pieces = [stream[start:]]
            self._held = end - start


def _envelope(body: bytes) -> Envelope:
    try:
        parsed = ProtoMessage.FromString(body)
    except DecodeError:
        parsed = None
    # Not every release of protobuf refuses strings that are no UTF-8.
    if parsed is None or not parsed.HasField("payloadType") or not isinstance(parsed.clientMsgId, str):
        raise ProtocolError(f"a frame of {len(body)} bytes holds no message; it begins with {body[:16].hex(' ')}")
    return Envelope(parsed.payloadType, parsed.payload, parsed.clientMsgId if parsed.HasField("clientMsgId") else None)


def encodeEnvelope(envelope: Envelope) -> bytes:
    """
    Make the frame of an envelope.

    @param envelope: what the frame shall hold.
    @return: the bytes for the wire.
    """
    return _frame(*envelope)


def encodeFrame(message: Message, clientMsgId: str | None = None) -> bytes:
    """
    Make the frame of a message.

    @param message: a message that has a payload type.
    @param clientMsgId: the id that the server shall repeat in its answer.
    @return: the bytes for the wire.
    @raise EncodeError: if a required field of the message is missing (C{google.protobuf.message.EncodeError}).
    """
    return _frame(payloadType(message), message.SerializeToString(), clientMsgId)


def _frame(number: int, payload: bytes, clientMsgId: str | None) -> bytes:
    """
    Write what a C{ProtoMessage} serialises to, which is quicker than to make one: its fields are in the order of their
    numbers, and before each stands eight times its number, and 2 more where a length follows.
    """
    # A payload of no bytes is there too, as in the frames of the official SDK: some clients fail without one.
    body = b"\x08" + _varint(number) + b"\x12" + _varint(len(payload)) + payload
    if clientMsgId is not None:
        text = clientMsgId.encode()
        body += b"\x1a" + _varint(len(text)) + text
    return _LENGTH.pack(len(body)) + body


@lru_cache(maxsize=1024)
def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
