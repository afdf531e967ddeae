"""
Many messages of one kind at once, as they come when prices move.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from struct import error as StructError
from typing import Any, NamedTuple, cast

from google.protobuf.message import DecodeError, EncodeError, Message

from ctrader_twisted.framing import Envelope, FrameDecoder, encodeEnvelope
from ctrader_twisted.schema import messageClass, payloadTypes
from ctrader_twisted.schema.batches import batchClass

__all__ = ["Run", "RunDecoder"]

# The length of the frame; the tag and the two bytes of the payload type, and the payload's tag; the payload's length.
_HEAD = Struct("!IIB")
_LENGTH = Struct("!I")

# The longest frame that a run can have, without its length.
_LONGEST = 0x80 + 4

# A batch costs more than single messages while it is small.
_LEAST_BATCH = 8

# Whoever keeps one message keeps the memory of its whole batch.
_MOST_BATCH = 128


class Run(NamedTuple):
    """
    Messages of one kind that came one after the other, without ids.

    @ivar kind: their class.
    @ivar messages: the messages, in order; no required field is missing in them.
    """

    kind: type[Message]
    messages: Sequence[Any]


class RunDecoder(FrameDecoder):
    """
    Turns bytes into envelopes as its base does, and into L{Run}s where it can.

    Frames that follow each other, of one payload type, without ids and with short payloads, are told by their first
    nine bytes; if they are many, they are parsed together in one call (see L{batchClass}). Then they are written once
    more, which costs less than to look for required fields, and fails where one is missing. If anything is amiss, or
    there are few, each is a run of its own; a bad one goes the plain way, as an envelope, which knows what to do.
    """

    def feed(self, data: bytes) -> Iterator[Envelope | Run]:  # type: ignore[override]
        """
        Take some bytes.

        @param data: the next bytes of the stream.
        @return: as L{FrameDecoder.feed}, and runs.
        @raise ProtocolError: as L{FrameDecoder.feed}.
        """
        if self._limit < _LONGEST:
            return super().feed(data)
        # An answer to a single request, or a price in a quiet market, mostly.
        if not self._held and 4 < len(data) == _LENGTH.unpack_from(data)[0] + 4 <= self._limit:
            return iter((self._single(data[4:]),))
        return self._feed(data)

    def _feed(self, data: bytes) -> Iterator[Envelope | Run]:
        stream = self._gather(data)
        start = 0
        try:
            while (body := self._body(stream, start)) is not None:
                # Without an id, the payload ends where the frame does.
                if len(body) > 5 and body[4] + 5 == len(body):
                    kind, bodies, start = _scan(stream, start)
                    if kind is not None:
                        yield from self._runs(kind, bodies)
                        continue
                start += 4 + len(body)
                if body:
                    yield self._read(body)
        finally:
            self._keep(stream[start:])

    def _runs(self, kind: type[Message], bodies: list[bytes]) -> Iterator[Envelope | Run]:
        for first in range(0, len(bodies), _MOST_BATCH):
            some = bodies[first : first + _MOST_BATCH]
            messages = _together(kind, some) if len(some) >= _LEAST_BATCH else None
            if messages is None:
                yield from map(self._single, some)
            else:
                yield Run(kind, messages)

    def _single(self, body: bytes) -> Envelope | Run:
        """
        @return: the run of one that a frame is, if it could be in a longer one; else its envelope.
        """
        if len(body) > 5 and body[4] + 5 == len(body):
            kind: Any = _KINDS.get(_LENGTH.unpack_from(body)[0])
            try:
                message = kind and kind.FromString(body[5:])
            except DecodeError:
                message = None
            if message is not None and message.IsInitialized():
                return Run(kind, (message,))
        return self._read(body)


def _scan(stream: bytes, start: int) -> tuple[type[Message] | None, list[bytes], int]:
    """
    @return: the class of the messages of a run that begins with the whole frame there, what follows the lengths of its
        frames, and where it ends; L{None} if none begins there.
    """
    length, tags, size = _HEAD.unpack_from(stream, start)
    kind, first = _KINDS.get(tags), tags
    if kind is None or length != size + 5:
        return None, [], start
    bodies: list[bytes] = []
    head, append = _HEAD.unpack_from, bodies.append
    try:
        while tags == first and length == size + 5 and size < 0x80:
            begin = start + 4
            start = begin + length
            append(stream[begin:start])
            length, tags, size = head(stream, start)
    except StructError:
        # The bytes end.
        if start > len(stream):
            # The last frame is not whole.
            start = len(stream) - len(bodies.pop()) - 4
    return kind if bodies else None, bodies, start


def _together(kind: type[Message], bodies: list[bytes]) -> Sequence[Message] | None:
    """
    @return: the messages; L{None} if any of them is none, or lacks something.
    """
    try:
        batch = batchClass(cast(Any, kind)).FromString(b"".join(bodies))
        batch.SerializeToString()
    except (DecodeError, EncodeError):
        return None
    messages: Sequence[Message] = batch.payload
    return messages


def _tags() -> Iterator[tuple[int, type[Message]]]:
    for number in payloadTypes():
        kind = messageClass(number)
        # A payload type of fewer or more than two bytes, such as a heartbeat's, comes in no runs.
        if kind is not None and 0x80 <= number < 0x4000:
            yield _HEAD.unpack(encodeEnvelope(Envelope(number, b"", None)))[1], kind


_KINDS = dict(_tags())
