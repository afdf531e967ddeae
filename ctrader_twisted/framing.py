"""
Bytes to envelopes and back: a frame is four bytes of length, high byte first, and one serialised C{ProtoMessage}.

Pure: it knows no Twisted, and both the client and the simulator use it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from struct import Struct
from struct import error as StructError
from typing import NamedTuple

from google.protobuf.message import DecodeError, Message

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.schema import messageClass, payloadType
from ctrader_twisted.schema.messages import ProtoMessage

__all__ = ["MAX_FRAME", "PLAIN", "Envelope", "FrameDecoder", "encodeEnvelope", "encodeFrame", "encodePayload"]

MAX_FRAME = 15_000_000
"""
The longest frame that is taken by default, in bytes without the four of its length (the official SDK's limit).
"""

PLAIN = os.environ.get("CTRADER_PLAIN", "") not in ("", "0")
"""
Whether everything is read the plain way, by protobuf alone and frame by frame, because C{CTRADER_PLAIN=1} is in the
environment. It gives the same results; it is for finding out whether a quick way is at fault.
"""

_LENGTH = Struct("!I")

# The tag of the payload type, its two bytes, of which only the second ends a number, and the payload's tag; then the
# payload's length, if that has one byte.
_HEAD = Struct("!IB")
_FIXED, _TAGS = 0xFF8080FF, 0x08800012


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

    def __init__(self, limit: int = MAX_FRAME, *, plain: bool = PLAIN) -> None:
        """
        @param limit: the longest frame to take, in bytes.
        @param plain: have protobuf read every envelope.
        """
        self._limit = limit
        self._read = _plainEnvelope if plain else _envelope
        # A frame that comes in many pieces is joined once for its length, and once when it is whole.
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
        stream = self._gather(data)
        start = 0
        try:
            while (body := self._body(stream, start)) is not None:
                start += _LENGTH.size + len(body)
                if body:
                    yield self._read(body)
        finally:
            self._keep(stream[start:])

    def _gather(self, data: bytes) -> bytes:
        """
        @return: what has come and was not used yet; nothing while that is too little for the next frame.
        """
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted:
            return b""
        stream = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        return stream

    def _keep(self, rest: bytes) -> None:
        if rest:
            self._pieces = [rest]
            self._held = len(rest)

    def _body(self, stream: bytes, start: int) -> bytes | None:
        """
        @return: what follows the length of the next frame; L{None} if it is not whole yet.
        """
        if not stream:
            # What is wanted, if that is known, stays so.
            return None
        self._wanted = wanted = _LENGTH.size
        if len(stream) - start < wanted:
            return None
        (length,) = _LENGTH.unpack_from(stream, start)
        if length > self._limit:
            raise ProtocolError(f"a frame of {length} bytes was announced; the limit is {self._limit}")
        self._wanted = wanted = wanted + length
        return stream[start + _LENGTH.size : start + wanted] if len(stream) - start >= wanted else None


def _envelope(body: bytes) -> Envelope:
    """
    Read an envelope by its tags, which is quicker than to make a C{ProtoMessage}: a number of two bytes, the payload,
    and perhaps an id, in this order and nothing else, as all known servers and clients write it. Whatever deviates from
    that is left to protobuf, so that it alone says what is an envelope and what is none.
    """
    try:
        tags, size = _HEAD.unpack_from(body)
        if tags & _FIXED == _TAGS:
            number, at = tags >> 16 & 0x7F | tags >> 1 & 0x7F << 7, _HEAD.size
            if size >= 0x80:
                size, at = _readVarint(body, at - 1)
            end = at + size
            if end == len(body):
                return Envelope(number, body[at:], None)
            if body[end] == 0x1A and body[end + 1] < 0x80 and end + 2 + body[end + 1] == len(body):
                return Envelope(number, body[at:end], body[end + 2 :].decode())
    except (StructError, IndexError, ValueError):
        pass
    return _plainEnvelope(body)


def _readVarint(data: bytes, at: int) -> tuple[int, int]:
    """
    @return: the number there, and where it ends.
    @raise ValueError: if it has more than four bytes.
    """
    value = 0
    for shift in (0, 7, 14, 21):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a longer number than any length has")


def _plainEnvelope(body: bytes) -> Envelope:
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
    return encodePayload(*envelope)


def encodeFrame(message: Message, clientMsgId: str | None = None) -> bytes:
    """
    Make the frame of a message.

    @param message: a message that has a payload type.
    @param clientMsgId: the id that the server shall repeat in its answer.
    @return: the bytes for the wire.
    @raise EncodeError: if a required field of the message is missing (C{google.protobuf.message.EncodeError}).
    """
    return encodePayload(payloadType(message), message.SerializeToString(), clientMsgId)


def encodePayload(number: int, payload: bytes, clientMsgId: str | None) -> bytes:
    """
    Make the frame of a message that is serialised already. It writes what a C{ProtoMessage} serialises to, which is
    quicker than to make one: its fields are in the order of their numbers, and before each stands eight times its
    number, and 2 more where a length follows.

    @param number: the payload type.
    @param payload: the message.
    @param clientMsgId: the id that the server shall repeat in its answer.
    @return: the bytes for the wire.
    """
    if clientMsgId is None:
        return _head(number, len(payload), 0) + payload
    text = clientMsgId.encode()
    tail = b"\x1a" + _varint(len(text)) + text
    return _head(number, len(payload), len(tail)) + payload + tail


@lru_cache(maxsize=4096)
def _head(number: int, size: int, more: int) -> bytes:
    """
    @return: what stands before a payload of this size, behind which there is more.
    """
    # A payload of no bytes is there too, as in the frames of the official SDK: some clients fail without one.
    head = b"\x08" + _varint(number) + b"\x12" + _varint(size)
    return _LENGTH.pack(len(head) + size + more) + head


@lru_cache(maxsize=1024)
def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
