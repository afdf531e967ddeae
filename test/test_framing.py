"""
Tests of frames: any bytes, in any pieces, become the same envelopes or one clear error.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from struct import pack

from google.protobuf.message import EncodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.framing import MAX_FRAME, Envelope, FrameDecoder, encodeEnvelope, encodeFrame
from ctrader_twisted.schema.messages import (
    ProtoHeartbeatEvent,
    ProtoMessage,
    ProtoOAApplicationAuthReq,
    ProtoOASpotEvent,
)

ENVELOPES = st.builds(
    Envelope,
    payloadType=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=300),
    clientMsgId=st.none() | st.text(max_size=20),
)

THREE = [Envelope(51, b"", None), Envelope(2131, b"\x10\x01\x18\x02", None), Envelope(2101, b"", "a-1")]


def decoded(pieces: Iterable[bytes], limit: int = MAX_FRAME) -> list[Envelope]:
    """
    Feed a fresh decoder.

    @param pieces: the stream, piece by piece.
    @param limit: the longest frame to take, in bytes.
    @return: all envelopes in order.
    """
    decoder = FrameDecoder(limit)
    return [envelope for piece in pieces for envelope in decoder.feed(piece)]


class DecodingTests(SynchronousTestCase):
    """
    Bytes become envelopes.
    """

    def test_everySplitPoint(self) -> None:
        """
        Scenario 6: Wherever a stream is cut in two, the envelopes are the same.
        """
        stream = b"".join(map(encodeEnvelope, THREE))
        for cut in range(len(stream) + 1):
            self.assertEqual(decoded([stream[:cut], stream[cut:]]), THREE, cut)

    def test_byteByByte(self) -> None:
        """
        A stream that comes in single bytes gives each envelope with its last byte.
        """
        decoder = FrameDecoder()
        counts = [len(list(decoder.feed(bytes([byte])))) for byte in encodeEnvelope(THREE[1])]
        self.assertEqual(counts, [0] * (len(counts) - 1) + [1])

    @settings(deadline=None)
    @given(st.lists(ENVELOPES, max_size=8), st.data())
    def test_anyChunking(self, envelopes: list[Envelope], data: st.DataObject) -> None:
        """
        Any envelopes, in any pieces, come out as they went in.
        """
        stream = b"".join(map(encodeEnvelope, envelopes))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
        edges = [0, *cuts, len(stream)]
        pieces = [stream[start:end] for start, end in pairwise(edges)]
        self.assertEqual(decoded(pieces), envelopes)

    def test_nothing(self) -> None:
        """
        No bytes give no envelopes.
        """
        self.assertEqual(decoded([b""]), [])

    def test_emptyFrames(self) -> None:
        """
        Scenario 7: Frames without bytes are skipped, also before and between others.
        """
        empty = pack("!I", 0)
        stream = empty * 2 + encodeEnvelope(THREE[0]) + empty + encodeEnvelope(THREE[2]) + empty
        self.assertEqual(decoded([stream]), [THREE[0], THREE[2]])

    def test_manyTinyFramesInOneRead(self) -> None:
        """
        Scenario 4: One read with twenty thousand frames gives them all, in order.
        """
        envelopes = [Envelope(51, b"", str(number)) for number in range(20_000)]
        self.assertEqual(decoded([b"".join(map(encodeEnvelope, envelopes))]), envelopes)

    def test_largeFrameInSmallReads(self) -> None:
        """
        Scenario 5: A frame of three million bytes comes whole out of the pieces that TLS gives.
        """
        envelope = Envelope(2115, bytes(3_000_000), "large")
        frame = encodeEnvelope(envelope)
        pieces = [frame[start : start + 16_384] for start in range(0, len(frame), 16_384)]
        self.assertEqual(decoded(pieces), [envelope])

    def test_joinedOnce(self) -> None:
        """
        A large frame is joined when it is whole, not over and over as its pieces come.
        """
        envelope = Envelope(2115, bytes(100_000), "large")
        frame = encodeEnvelope(envelope)
        looked: list[int] = []

        class Watched(FrameDecoder):
            def _body(self, stream: bytes, start: int) -> bytes | None:
                if stream:
                    looked.append(len(stream))
                return super()._body(stream, start)

        decoder = Watched()
        pieces = [frame[start : start + 1_000] for start in range(0, len(frame), 1_000)]
        self.assertEqual([found for piece in pieces for found in decoder.feed(piece)], [envelope])
        self.assertEqual(looked, [1_000, len(frame), len(frame)])

    def test_longestFrame(self) -> None:
        """
        A frame of exactly the limit is taken.
        """
        frame = encodeEnvelope(THREE[1])
        self.assertEqual(decoded([frame], limit=len(frame) - 4), [THREE[1]])


class BadStreamTests(SynchronousTestCase):
    """
    What is no stream of frames ends in a L{ProtocolError}, after what was good before it.
    """

    def refused(self, stream: bytes, limit: int = MAX_FRAME) -> tuple[list[Envelope], str]:
        """
        Feed what must be refused.

        @param stream: the bytes, in one piece.
        @param limit: the longest frame to take, in bytes.
        @return: the envelopes before the error, and its message.
        """
        seen: list[Envelope] = []
        decoder = FrameDecoder(limit)

        def consume() -> None:
            for envelope in decoder.feed(stream):
                seen.append(envelope)

        return seen, str(self.assertRaises(ProtocolError, consume))

    def test_tooLong(self) -> None:
        """
        Scenario 5: A length above the limit is refused as soon as it is announced, and the message gives both numbers.
        """
        seen, message = self.refused(pack("!I", 101), limit=100)
        self.assertEqual(seen, [])
        self.assertIn("101", message)
        self.assertIn("100", message)

    def test_defaultLimit(self) -> None:
        """
        Fifteen million bytes are the limit if nothing else is said.
        """
        self.assertEqual(decoded([pack("!I", 15_000_000)]), [])
        self.refused(pack("!I", 15_000_001))

    def test_topBit(self) -> None:
        """
        Scenario 5: A length with the top bit set is large, not negative.
        """
        _, message = self.refused(b"\x80\x00\x00\x01")
        self.assertIn("2147483649", message)

    def test_anotherProtocol(self) -> None:
        """
        The first bytes of an HTTP answer are refused.
        """
        self.refused(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def test_noEnvelope(self) -> None:
        """
        Scenario 8: A frame of bytes that are no envelope is refused, and the message shows how it begins.
        """
        _, message = self.refused(pack("!I", 3) + b"\xff\xff\xff")
        self.assertIn("ff ff ff", message)

    def test_noPayloadType(self) -> None:
        """
        An envelope that does not say what it holds is refused.
        """
        body = ProtoMessage(payload=b"x").SerializePartialToString()
        self.refused(pack("!I", len(body)) + body)

    def test_idThatIsNoText(self) -> None:
        """
        An id that is no UTF-8 makes the frame one that holds no message.
        """
        body = b"\x08\x33\x1a\x02\xff\xfe"
        with self.assertRaises(ProtocolError):
            list(FrameDecoder().feed(len(body).to_bytes(4, "big") + body))

    def test_longGarbageIsNotQuotedWhole(self) -> None:
        """
        The message shows no more than sixteen bytes of the frame.
        """
        _, message = self.refused(pack("!I", 1000) + b"\xff" * 1000)
        self.assertEqual(message.count("ff"), 16)

    def test_whatCameBefore(self) -> None:
        """
        The envelopes before the bad frame are delivered first.
        """
        good = b"".join(map(encodeEnvelope, THREE))
        for bad in (b"\xff\xff\xff\xff", pack("!I", 1) + b"\xff"):
            seen, _ = self.refused(good + bad)
            self.assertEqual(seen, THREE)

    @settings(deadline=None)
    @given(st.binary(max_size=200))
    def test_anyGarbage(self, stream: bytes) -> None:
        """
        Any bytes whatever give envelopes or a L{ProtocolError}, never another error.
        """
        try:
            for envelope in decoded([stream], limit=1000):
                self.assertIsInstance(envelope.payloadType, int)
        except ProtocolError:
            pass


class EncodingTests(SynchronousTestCase):
    """
    Envelopes and messages become bytes.
    """

    def test_frame(self) -> None:
        """
        A frame is the length, high byte first, and the envelope.
        """
        body = b"\x08\xb4\x10\x12\x06\x12\x01a\x1a\x01b\x1a\x03x-1"
        message = ProtoOAApplicationAuthReq(clientId="a", clientSecret="b")
        self.assertEqual(encodeFrame(message, "x-1"), b"\x00\x00\x00\x10" + body)

    @given(ENVELOPES, st.integers(0, 20_000))
    def test_asProtobuf(self, envelope: Envelope, more: int) -> None:
        """
        The envelope is what protobuf makes of a C{ProtoMessage}.
        """
        outer = ProtoMessage(
            payloadType=envelope.payloadType, payload=envelope.payload + bytes(more), clientMsgId=envelope.clientMsgId
        )
        body = outer.SerializeToString()
        frame = encodeEnvelope(envelope._replace(payload=outer.payload))
        self.assertEqual(frame, pack("!I", len(body)) + body)

    def test_emptyPayload(self) -> None:
        """
        A message without set fields travels with a payload of no bytes.
        """
        self.assertEqual(encodeFrame(ProtoHeartbeatEvent()), b"\x00\x00\x00\x04\x08\x33\x12\x00")

    def test_noId(self) -> None:
        """
        No id and an empty id are two things.
        """
        self.assertEqual(decoded([encodeEnvelope(Envelope(51, b"", ""))])[0].clientMsgId, "")
        self.assertIsNone(decoded([encodeEnvelope(Envelope(51, b"", None))])[0].clientMsgId)

    def test_missingField(self) -> None:
        """
        A message without a required field is not sent.
        """
        self.assertRaises(EncodeError, encodeFrame, ProtoOAApplicationAuthReq(clientId="a"))

    def test_notOnItsOwn(self) -> None:
        """
        A message that has no payload type cannot be framed.
        """
        self.assertRaises(KeyError, encodeFrame, ProtoMessage(payloadType=51))


class EnvelopeTests(SynchronousTestCase):
    """
    An envelope gives its message.
    """

    def test_message(self) -> None:
        """
        The payload is parsed as what the payload type says.
        """
        event = ProtoOASpotEvent(ctidTraderAccountId=1, symbolId=2, bid=3)
        self.assertEqual(decoded([encodeFrame(event)])[0].message(), event)

    def test_unknownType(self) -> None:
        """
        A payload type that the schema does not know gives no message, and is no error.
        """
        self.assertIsNone(Envelope(9999, b"\xff", None).message())

    def test_badPayload(self) -> None:
        """
        A payload that cannot be parsed is refused with the name of what it should have been.
        """
        error = self.assertRaises(ProtocolError, Envelope(2131, b"\xff", None).message)
        self.assertIn("ProtoOASpotEvent", str(error))
