"""
Tests of the quick way in, against the plain one: L{ctrader_twisted.wire.runs}, L{ctrader_twisted.wire.routes} and what
L{ctrader_twisted.wire.protocol} makes of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from struct import pack
from typing import Any

from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import CTraderError, NotConnected, ProtocolError
from ctrader_twisted.framing import Envelope, FrameDecoder, encodeEnvelope, encodeFrame
from ctrader_twisted.schema import messages as m
from ctrader_twisted.schema import payloadType
from ctrader_twisted.session import session as sessionModule
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.session.tables import AccountState
from ctrader_twisted.wire import OpenApiProtocol
from ctrader_twisted.wire.routes import Hearers, Routes
from ctrader_twisted.wire.runs import Run, RunDecoder

from .scripted import turns
from .test_session import SessionTestCase

PREFIX = f"{Random(1).getrandbits(64):016x}."
SPOT = payloadType(m.ProtoOASpotEvent)
PROJECT = Path(__file__).resolve().parent.parent


def spot(accountId: int = 7, symbolId: int = 1, more: bytes = b"") -> bytes:
    """
    @param more: further bytes in the payload.
    @return: the frame of a spot event.
    """
    event = m.ProtoOASpotEvent(ctidTraderAccountId=accountId, symbolId=symbolId, bid=symbolId + 100_000)
    return encodeEnvelope(Envelope(SPOT, event.SerializeToString() + more, None))


def framed(body: bytes) -> bytes:
    """
    @return: the frame of an envelope that was written otherwise than usual.
    """
    return pack("!I", len(body)) + body


SPOTS = st.builds(spot, st.sampled_from((0, 7, 8, 9)), st.integers(1, 300))
ODD = st.sampled_from(
    [
        b"",
        encodeFrame(m.ProtoHeartbeatEvent()),
        # Of unknown types, of no type, and without what is required.
        *(encodeEnvelope(Envelope(number, b"\x10\x07", None)) for number in (5, 300, 9_999, 60_000, 0, SPOT)),
        # Known to nobody, and not to be parsed.
        spot(more=b"\xf8\x06\x05"),
        *(encodeEnvelope(Envelope(SPOT, payload, None)) for payload in (b"", b"\xff\xff", b"\x10")),
        # Long ones, and ones with ids.
        encodeFrame(m.ProtoOASymbolChangedEvent(ctidTraderAccountId=7, symbolId=range(90))),
        encodeFrame(m.ProtoOASymbolChangedEvent(ctidTraderAccountId=7, symbolId=[1])),
        *(encodeFrame(m.ProtoOAVersionRes(version="91"), each) for each in (f"{PREFIX}1", f"{PREFIX}2", "x", "")),
        encodeFrame(m.ProtoOAErrorRes(errorCode="X"), f"{PREFIX}3"),
        encodeFrame(m.ProtoOAErrorRes(errorCode="Y")),
        encodeFrame(m.ProtoOAVersionRes(version="91")),
        encodeEnvelope(Envelope(SPOT, b"\xff", f"{PREFIX}3")),
        # Envelopes as protobuf would also take them.
        framed(b"\x12\x04\x10\x07\x18\x02\x08\xd3\x10"),
        framed(b"\x08\xd3\x10\x12\x84\x00\x10\x07\x18\x02"),
        framed(b"\x08\xd3\x10\x12\x84\x80\x80\x80\x00\x10\x07\x18\x02"),
        framed(b"\x08\x05\x08\xd3\x10\x12\x04\x10\x07\x18\x02"),
        framed(b"\x08\xd3\x10\x12\x04\x10\x07\x18\x02\x20\x01"),
        framed(b"\x08\xd3\x90\x00\x12\x04\x10\x07\x18\x02"),
        framed(b"\x08\xd3\x10"),
        framed(b"\x08\x33"),
        # With ids that are easy to overlook, since the bytes before them could be lengths of the whole rest.
        framed(b"\x08\xd3\x10\x12\x85\x00\x10\x07\x18\x82\x01\x1a\x7d" + PREFIX.ljust(125, "0").encode()),
        framed(b"\x08\x05\x12\x00\x1a\x85\x00abcde\x1a\x7d" + b"z" * 125),
        framed(b"\x08\xd3\x90\x12\x12\x11" + bytes(17)),
        *(encodeFrame(m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1), each) for each in (f"{PREFIX}9", "x")),
    ]
)
STREAMS = st.lists(
    st.builds(lambda frame, count: [frame] * count, ODD, st.sampled_from((1, 10)))
    | st.lists(SPOTS, min_size=1, max_size=20),
    max_size=8,
).map(lambda lists: b"".join(frame for frames in lists for frame in frames))
ENDS = st.sampled_from(
    [
        b"",
        b"\x00\x00",
        b"\x7f\xff\xff\xff",
        b"\xff" * 20,
        # Frames that hold no envelope: lengths that are wrong, text that is none.
        framed(b"\x08\xd3\x10\x12\x05\x10\x07\x18\x02") + spot(),
        framed(b"\x08\xd3\x10\x12\x03\x10\x07\x18\x02") + spot(),
        framed(b"\x08\xd3\x10\x12\x00\x1a\x01\xff"),
        framed(b"\x08\xd3\x10\x12\x00\x1a\x05a"),
        framed(b"\x08"),
        framed(b"\x08\xd3\x10\x12\xff"),
        framed(b"") + b"\x08\xd3\x10\x12\xfb",
    ]
)


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    """
    @return: the stream in pieces.
    """
    edges = [0, *sorted(place % (len(stream) + 1) for place in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


class Trace:
    """
    A protocol with three requests under way, and all that becomes of it, in order.
    """

    def __init__(self, act: Callable[[Trace], object], when: int, *, plain: bool, routed: bool) -> None:
        """
        @param act: done at one event.
        @param when: at which.
        """
        self.said: list[tuple[Any, ...]] = []
        self.places: list[Any] = []
        self._act, self._when = act, when
        self.hearers: Listeners[Message] = Listeners()
        self.places.append(self.hearers.add(partial(self._heard, "first")))
        self.places.append(self.hearers.add(partial(self._heard, "second")))
        self.protocol: OpenApiProtocol = OpenApiProtocol(
            Clock(), self, randomness=Random(1), plain=plain, routes=Routes(self._route) if routed else None
        )
        self.transport = StringTransportWithDisconnection()
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)
        for number in range(3):
            self.ask(number)

    def ask(self, number: int) -> None:
        asked = self.protocol.request(m.ProtoOAVersionReq())
        asked.addBoth(lambda result: self.said.append((number, _shown(result))))

    def _route(self, kind: type[Message], accountId: int) -> Hearers | None:
        return self.hearers if accountId in (7, 8) else None

    def _heard(self, who: str, message: Message) -> None:
        self.said.append((who, _shown(message)))
        if sum(each[0] == who for each in self.said) == self._when + (who == "second"):
            self._act(self)

    def connectionOpened(self, protocol: OpenApiProtocol) -> None:
        """
        Wait.
        """

    connectionSecured = connectionOpened

    def eventReceived(self, protocol: OpenApiProtocol, message: Message) -> None:
        if getattr(message, "ctidTraderAccountId", 0) in (7, 8):
            self.hearers.tell(message)
        else:
            self._heard("owner", message)

    def connectionBroken(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        self.said.append(("broken", _shown(reason)))

    def connectionEnded(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        self.said.append(("ended", _shown(reason)))


def _shown(thing: Any) -> tuple[str, Any]:
    if isinstance(thing, Failure):
        thing = thing.value
    return type(thing).__name__, thing.SerializeToString() if isinstance(thing, Message) else str(thing)


def _raise(trace: Trace) -> None:
    raise RuntimeError("a broken listener")


ACTS: list[Callable[[Trace], object]] = [
    lambda trace: None,
    _raise,
    lambda trace: trace.protocol.disconnect(),
    lambda trace: trace.protocol.abort(NotConnected("enough")),
    lambda trace: trace.ask(9),
    lambda trace: trace.places[0].stop(),
    lambda trace: trace.places[1].stop(),
    lambda trace: trace.hearers.add(lambda event: trace.said.append(("third", _shown(event)))),
]


def _divide(event: Message) -> None:
    raise ZeroDivisionError


class OracleTests(SynchronousTestCase):
    """
    Whatever comes, in whatever pieces: what the quick way tells is what the plain way tells.
    """

    @settings(deadline=None, max_examples=150)
    @given(STREAMS, ENDS, st.lists(st.integers(0, 2_000), max_size=6), st.sampled_from(ACTS), st.integers(1, 30))
    def test_sameAsPlain(
        self, stream: bytes, end: bytes, cuts: list[int], act: Callable[[Trace], object], when: int
    ) -> None:
        """
        The same events reach the same listeners in the same order, between the same answers and failures, and the
        connection ends at the same place for the same reason, whatever a listener does in the midst of it.
        """
        traces = [Trace(act, when, plain=plain, routed=not plain) for plain in (True, False)]
        for trace in traces:
            for piece in cut(stream + end, cuts):
                trace.protocol.dataReceived(piece)
            trace.protocol.abort(NotConnected("the test is over"))
        self.flushLoggedErrors(RuntimeError)
        plain, quick = traces
        self.assertEqual(quick.said, plain.said)
        counted = [trace.protocol.counters for trace in (quick, plain)]
        for name in ("late", "unknown", "malformed"):
            self.assertEqual(getattr(counted[0], name), getattr(counted[1], name), name)
        # In a run only the first one is asked.
        self.assertLessEqual(counted[0].fields, counted[1].fields)

    @settings(deadline=None, max_examples=100)
    @given(STREAMS, st.lists(st.integers(0, 2_000), max_size=6))
    def test_envelopes(self, stream: bytes, cuts: list[int]) -> None:
        """
        The envelopes that are read by their tags are those that protobuf reads.
        """
        one, two = FrameDecoder(plain=True), FrameDecoder(plain=False)
        for piece in cut(stream, cuts):
            try:
                expected = list(one.feed(piece))
            except ProtocolError:
                self.assertRaises(ProtocolError, list, two.feed(piece))
                return
            self.assertEqual(list(two.feed(piece)), expected)


class RunTests(SynchronousTestCase):
    """
    When frames are taken together.
    """

    def test_together(self) -> None:
        """
        Many frames of one kind become runs, none of them too long, and the rest waits for what is missing.
        """
        stream = b"".join(spot(symbolId=number) for number in range(1, 301))
        decoder = RunDecoder()
        runs = list(decoder.feed(stream[:-3]))
        self.assertTrue(all(isinstance(run, Run) and run.kind is m.ProtoOASpotEvent for run in runs))
        self.assertEqual([len(run.messages) for run in runs if isinstance(run, Run)], [128, 128, 43])
        found = [each.symbolId for run in runs if isinstance(run, Run) for each in run.messages]
        self.assertEqual(found, list(range(1, 300)))
        (last,) = decoder.feed(stream[-3:])
        assert isinstance(last, Run)
        self.assertEqual([each.symbolId for each in last.messages], [300])

    def test_few(self) -> None:
        """
        A few frames are not parsed together: each is a run of its own. What has an id, or a long payload, is none.
        """
        for count, lengths in ((7, [1] * 7), (8, [8])):
            runs = list(RunDecoder().feed(spot() * count))
            self.assertEqual([len(run.messages) for run in runs if isinstance(run, Run)], lengths)
        payload = m.ProtoOAErrorRes(errorCode="X" * 200).SerializeToString()
        for envelope in (
            Envelope(SPOT, spot()[9:], "id"),
            Envelope(m.ProtoOAErrorRes.DESCRIPTOR.fields_by_name["payloadType"].default_value, payload, None),
        ):
            self.assertEqual(list(RunDecoder().feed(encodeEnvelope(envelope))), [envelope])

    def test_smallLimit(self) -> None:
        """
        A limit that is shorter than the frames of a run holds for them too.
        """
        decoder = RunDecoder(len(spot()) - 4)
        self.assertEqual({type(each) for each in decoder.feed(spot() * 10)}, {Envelope})
        self.assertRaises(ProtocolError, list, RunDecoder(len(spot()) - 5).feed(spot() * 10))

    def test_oneBad(self) -> None:
        """
        If one of many lacks something, or is none, that one comes as an envelope, and the others alone.
        """
        for payload in (b"\x10\x07", b"\xff"):
            bad = Envelope(SPOT, payload, None)
            found = list(RunDecoder().feed(spot() * 7 + encodeEnvelope(bad) + spot()))
            self.assertEqual([each for each in found if isinstance(each, Envelope)], [bad])
            self.assertEqual(found.index(bad), 7)
            self.assertEqual([len(each.messages) for each in found if isinstance(each, Run)], [1] * 8)

    def test_counted(self) -> None:
        """
        What the schema does not know is counted once in a run.
        """
        trace = Trace(ACTS[0], 0, plain=False, routed=False)
        trace.protocol.dataReceived(spot(more=b"\xf8\x06\x05") * 10)
        self.assertEqual((trace.protocol.counters.fields, len(trace.said)), (1, 20))
        trace.protocol.abort(NotConnected("the test is over"))

    def test_cut(self) -> None:
        """
        After an abort in the midst of a run its rest is told to nobody, whichever way it goes.
        """
        for routed in (True, False):
            trace = Trace(lambda trace: trace.protocol.abort(NotConnected("enough")), 3, plain=False, routed=routed)
            trace.protocol.dataReceived(spot() * 20)
            self.assertEqual([who for who, *_ in trace.said].count("first"), 3)

    def test_switch(self) -> None:
        """
        C{CTRADER_PLAIN=1} in the environment makes the plain ways the default.
        """
        code = "from ctrader_twisted.framing import PLAIN; print(PLAIN)"
        said = [
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "CTRADER_PLAIN": value, "PYTHONPATH": str(PROJECT)},
                capture_output=True,
                check=True,
            ).stdout.split()
            for value in ("1", "0")
        ]
        self.assertEqual(said, [[b"True"], [b"False"]])


class RouteTests(SessionTestCase):
    """
    The short way of an event through the session, and when it must not be taken.
    """

    def setUp(self) -> None:
        """
        Take the quick way, whatever the environment says.
        """
        self.patch(sessionModule, "OpenApiProtocol", partial(OpenApiProtocol, plain=False))
        super().setUp()

    def told(self, *frames: bytes) -> None:
        """
        Let the server send some frames at once.
        """
        self.server.connections[-1].write(b"".join(frames))
        turns(self.clock)

    def test_listener(self) -> None:
        """
        Each account's listeners hear their own events; events of accounts that nobody wants reach nobody.
        """
        seven, eight = self.ready(7), self.ready(8)
        heard: list[tuple[int, int]] = []
        for account in (seven, eight):
            account.listen(m.ProtoOASpotEvent, partial(self._note, heard, account.accountId))
        self.told(*(spot(account, number) for number, account in enumerate((7, 8, 9, 0) * 5)))
        expected = [(7, 0), (8, 1), (7, 3), (8, 3), (7, 4), (8, 5), (7, 7), (8, 7)]
        self.assertEqual(heard[:8], expected)
        self.assertEqual(len(heard), 20)

    def _note(self, heard: list[tuple[int, int]], accountId: int, event: m.ProtoOASpotEvent) -> None:
        heard.append((accountId, event.symbolId))

    def test_lateListener(self) -> None:
        """
        A listener that comes after the first event hears the next one; a listener for all accounts is told before.
        """
        account = self.ready()
        heard: list[str] = []
        account.listen(m.ProtoOASpotEvent, lambda event: heard.append("a"))
        self.told(spot() * 10)
        account.listen(m.ProtoOASpotEvent, lambda event: heard.append("b"))
        place = self.session.listen(m.ProtoOASpotEvent, lambda event: heard.append("all"))
        self.told(spot() * 8)
        place.stop()
        self.told(spot() * 8)
        self.assertEqual(heard, ["a"] * 10 + ["all", "a", "b"] * 8 + ["a", "b"] * 8)

    def test_stopped(self) -> None:
        """
        When a listener stops the client in the midst of a run, nobody hears the rest.
        """
        account = self.ready()
        heard: list[Message] = []

        def take(event: Message) -> None:
            heard.append(event)
            if len(heard) == 4:
                self.session.stop()

        account.listen(m.ProtoOASpotEvent, take)
        self.told(spot() * 10)
        self.assertEqual(len(heard), 4)

    def test_loggedOut(self) -> None:
        """
        When the account is lost in the midst of a run, its listeners hear the rest only if the long way tells them.
        """
        account = self.ready()
        heard: list[Message] = []
        account.listen(m.ProtoOASpotEvent, heard.append)
        account.listen(m.ProtoOASpotEvent, lambda event: account.dropped(NotConnected("it ends")))
        self.told(spot() * 10)
        self.assertEqual(len(heard), 1)
        self.assertIs(account.state, AccountState.PAUSING)

    def test_consequences(self) -> None:
        """
        Events that end something are seen to, even when they come as a run.
        """
        account = self.ready()
        heard: list[Message] = []
        account.listen(m.ProtoOAAccountDisconnectEvent, heard.append)
        self.server.answers[m.ProtoOAAccountAuthReq] = lambda _: None
        self.server.connections[-1].write(encodeFrame(m.ProtoOAAccountDisconnectEvent(ctidTraderAccountId=7)) * 8)
        turns(self.clock)
        self.assertEqual((len(heard), account.state), (1, AccountState.PAUSING))

    def test_held(self) -> None:
        """
        Events that come before the account's state wait for it, as they do on the long way.
        """
        self.start()
        self.server.answers[m.ProtoOAReconcileReq] = lambda _: None
        waiting = self.session.whenAccountReady(7)
        account = self.session.account(7)
        heard: list[Message] = []
        account.listen(m.ProtoOASpotEvent, heard.append)
        turns(self.clock)
        self.told(spot() * 10)
        self.assertEqual(heard, [])
        number = self.server.seen.index(
            next(each for each in self.server.seen if isinstance(each, m.ProtoOAReconcileReq))
        )
        answer = encodeFrame(m.ProtoOAReconcileRes(ctidTraderAccountId=7), self.server.ids[number])
        self.told(answer, spot() * 10)
        self.successResultOf(waiting)
        self.assertEqual(len(heard), 20)

    def test_broken(self) -> None:
        """
        What a listener raises is logged, and the others and the next events are told.
        """
        account = self.ready()
        heard: list[Message] = []
        account.listen(m.ProtoOASpotEvent, _divide)
        account.listen(m.ProtoOASpotEvent, heard.append)
        self.told(spot() * 10)
        self.assertEqual(len(heard), 10)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 10)
