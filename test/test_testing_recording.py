"""
Tests of L{ctrader_twisted.testing.recording}, L{ctrader_twisted.testing.replaying} and
L{ctrader_twisted.testing.masks}.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Client, Lots
from ctrader_twisted.errors import ConfigurationError, ConnectFailed, CTraderError
from ctrader_twisted.framing import Envelope, encodeEnvelope, encodeFrame
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.schema import payloadType
from ctrader_twisted.schema.messages import (
    ProtoHeartbeatEvent,
    ProtoOAErrorRes,
    ProtoOARefreshTokenReq,
    ProtoOAVersionReq,
    ProtoOAVersionRes,
)
from ctrader_twisted.testing import (
    Frame,
    MemoryEndpoint,
    Recording,
    RecordingEndpoint,
    ReplayedServer,
    ReplayFactory,
    VirtualExchange,
    readRecording,
)
from ctrader_twisted.testing.masks import Masks


async def day(client: Client) -> list[str]:
    """
    Hear some quotes and trade.

    @param client: logged in.
    @return: what happened, in words.
    """
    account = await client.account(VirtualExchange.accountId)
    eurusd = await account.symbol("EURUSD")
    told = []
    async with account.quotes(eurusd) as quotes:
        async for quote in quotes:
            told.append(repr(quote))
            if len(told) == 100:
                break
    trade = await account.buy(eurusd, Lots("0.10"), stopLossPips=20)
    await trade.whenFilled()
    deal = await trade.position.close()
    return [*told, str(deal.price), str(deal.grossProfit)]


class RecordingCase(SynchronousTestCase):
    """
    A file, and an exchange to record.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.path = Path(self.mktemp())
        self.virtual = VirtualExchange()
        self.endpoint = RecordingEndpoint(
            self.virtual.endpoint,
            self.path,
            self.virtual.clock,
            wallClock=self.virtual.exchange.timeline.now,
        )
        self.addCleanup(self.endpoint.close)

    def record(self, **options: Any) -> list[str]:
        """
        Record a day.

        @param options: more for the client.
        @return: what happened.
        """

        async def main() -> list[str]:
            async with self.virtual.client(endpoint=self.endpoint, **options) as client:
                return await day(client)

        return self.virtual.drive(main())


class RoundTripTests(RecordingCase):
    """
    What was recorded happens again.
    """

    def test_again(self) -> None:
        """
        A client of the recording sees the same, each time, and sends the same.
        """
        told = self.record()
        for _ in range(2):
            server = ReplayedServer(self.path)
            self.assertEqual(server.run(day), told)
            self.assertEqual(server.unexpected, [])
            server.clock.advance(100)
            self.assertEqual(server.clock.getDelayedCalls(), [])

    def test_noSecrets(self) -> None:
        """
        No credentials are in the file, and others than its owner cannot read it.
        """
        self.record()
        content = self.path.read_bytes() + b"".join(
            frame.envelope.payload for frame in readRecording(self.path).frames if frame.envelope
        )
        [pair] = self.successResultOf(self.virtual.tokens.load())
        for secret in (self.virtual.application.clientSecret, pair.accessToken, pair.refreshToken):
            assert secret is not None
            self.assertNotIn(secret.reveal().encode(), content)
        self.assertNotIn(self.virtual.application.clientId.encode(), content)
        self.assertIn(b"accessToken-1", content)
        self.assertEqual(self.path.stat().st_mode & 0o077, 0)

    def test_otherwise(self) -> None:
        """
        What a client did not send then is not answered, and named.
        """
        self.record()

        async def main(client: Client) -> None:
            account = await client.account(VirtualExchange.accountId)
            await account.symbol("EURUSD")
            await account.requests.assetClassList()

        server = ReplayedServer(self.path)
        with self.assertRaises(Exception):  # noqa: B017
            server.run(main)
        [unexpected] = {type(each).__name__ for each in server.unexpected}
        self.assertEqual(unexpected, "ProtoOAAssetClassListReq")

    def test_reconnect(self) -> None:
        """
        Each connection is recorded, and served in its turn; further ones are refused.
        """
        self.virtual.clock.callLater(30, lambda: self.virtual.endpoint.openLinks[0].cut())
        told = self.record()
        recording = readRecording(self.path)
        self.assertEqual({frame.connection for frame in recording.frames}, {1, 2})
        ends = [(frame.connection, frame.isFromServer) for frame in recording.frames if frame.envelope is None]
        self.assertEqual(ends, [(1, True), (2, False)])
        server = ReplayedServer(self.path)
        self.assertEqual(server.run(day), told)
        self.assertRaises(ConnectFailed, server.run, day)


class FileTests(RecordingCase):
    """
    The file.
    """

    def test_rows(self) -> None:
        """
        A frame is a line, which names what it holds.
        """
        self.record()
        head, first, *_, last = map(json.loads, self.path.read_text().splitlines())
        self.assertEqual(head, {"recording": 1, "started": 1_772_618_400_000})
        self.assertEqual((first["from"], first["name"]), ("client", "ProtoOAApplicationAuthReq"))
        self.assertEqual(last["end"], True)

    def test_close(self) -> None:
        """
        After a close the file is begun anew.
        """
        self.record()
        size = self.path.stat().st_size
        self.endpoint.close()
        self.virtual = VirtualExchange()
        self.assertGreater(size, 0)

    def test_unreadable(self) -> None:
        """
        What is no recording is refused in words.
        """
        head = '{"recording": 1, "started": 1}'
        frame = '{"connection": 1, "at": 0.5, "from": "client", "type": 51, "id": null, "payload": ""}'
        for content, words in (
            ("", "line 1: Expecting value"),
            ("x", "line 1: Expecting value"),
            ("[]", "line 1: it is no object"),
            ("{}", "line 1: recording is missing"),
            ('{"recording": 2, "started": 1}', "line 1: it is a recording of version 2"),
            ('{"recording": 1, "started": "now"}', "line 1: started is wrong"),
            (f"{head}\n{frame}\n5", "line 3: it is no object"),
            (f'{head}\n{{"at": 1}}', "line 2: payload is missing"),
            (f"{head}\n{frame.replace('0.5', 'null')}", "line 2: at is missing"),
            (f"{head}\n{frame.replace('51', '[51]')}", "line 2: type is wrong"),
            (f"{head}\n{frame.replace('null', '7')}", "line 2: id is wrong"),
            (f"{head}\n{frame[:-1]}", "line 2: Expecting"),
        ):
            self.path.write_text(content)
            with self.assertRaises(ConfigurationError) as caught:
                ReplayedServer(self.path)
            self.assertIn(f"{self.path} cannot be read as a recording of frames: {words}", str(caught.exception))
        self.path.write_bytes(b"\xff\xfe")
        self.assertRaises(ConfigurationError, readRecording, self.path)
        self.path.unlink()
        with self.assertRaises(ConfigurationError) as caught:
            readRecording(self.path)
        self.assertEqual(str(caught.exception), f"{self.path} cannot be read: No such file or directory")

    def test_unwritable(self) -> None:
        """
        Where no file can be written, the connection fails with words; a client tells them, and comes to an end.
        """
        path = self.path / "none" / "there"
        endpoint = RecordingEndpoint(self.virtual.endpoint, path, self.virtual.clock)
        failure = self.failureResultOf(endpoint.connect(Factory.forProtocol(Protocol)), ConfigurationError)
        self.assertEqual(str(failure.value), f"{path} cannot be written: No such file or directory")

        async def main() -> None:
            async with self.virtual.client(endpoint=endpoint):
                pass

        with self.assertRaises(CTraderError) as caught:
            self.virtual.drive(main(), hours=1)
        self.assertIn("cannot be written", str(caught.exception))

    def test_fullDisk(self) -> None:
        """
        When nothing more can be written, that is logged once, and the client goes on, also after a reconnect; after a
        close the file is begun anew.
        """
        full = self.virtual.exchange.timeline.now() + 20_000
        write = RecordingEndpoint._write

        def fail(recorder: RecordingEndpoint, row: dict[str, Any]) -> None:
            if self.virtual.exchange.timeline.now() >= full:
                raise OSError(28, "No space left on device")
            write(recorder, row)

        self.patch(RecordingEndpoint, "_write", fail)
        self.virtual.clock.callLater(30, lambda: self.virtual.endpoint.openLinks[0].cut())
        with capturedLogs() as logged:
            self.record()
        [words] = [formatEvent(each) for each in logged if each["log_namespace"].endswith("RecordingEndpoint")]
        self.assertEqual(words, f"{self.path} cannot be written any more: [Errno 28] No space left on device")
        self.assertEqual({frame.connection for frame in readRecording(self.path).frames}, {1})
        self.endpoint.close()
        connecting = self.endpoint.connect(Factory.forProtocol(Protocol))
        self.failureResultOf(connecting, ConfigurationError)


class TapTests(SynchronousTestCase):
    """
    What stands between the client and its transport.
    """

    def setUp(self) -> None:
        """
        Connect two plain protocols.
        """
        self.clock = Clock()
        self.path = Path(self.mktemp())
        self.server: list[Protocol] = []
        factory = Factory.forProtocol(Protocol)
        factory.doStart = lambda: None  # type: ignore[method-assign]
        memory = MemoryEndpoint(self.clock, Factory.forProtocol(Protocol))
        self.endpoint = RecordingEndpoint(memory, self.path, self.clock)
        self.addCleanup(self.endpoint.close)
        connecting: Deferred[Any] = self.endpoint.connect(Factory.forProtocol(Protocol))
        self.clock.advance(0)
        self.client = self.successResultOf(connecting)
        [self.link] = memory.links

    def names(self) -> list[tuple[str, Any]]:
        """
        @return: who sent what.
        """
        rows = [json.loads(line) for line in self.path.read_text().splitlines()[1:]]
        return [(row["from"], row.get("name")) for row in rows]

    def test_passes(self) -> None:
        """
        All goes through, and the attributes of the transport are there.
        """
        self.client.transport.writeSequence([encodeFrame(ProtoOAVersionReq()), encodeFrame(ProtoHeartbeatEvent())])
        self.assertEqual(self.client.transport.getPeer(), self.link.server.transport.getHost())
        self.clock.advance(0)
        self.client.transport.abortConnection()
        self.clock.advance(0)
        expected = [("client", "ProtoOAVersionReq"), ("client", "ProtoHeartbeatEvent"), ("client", None)]
        self.assertEqual(self.names(), expected)

    def test_noFrame(self) -> None:
        """
        What is no frame is passed on and ends the recording of that side.
        """
        self.link.server.transport.write(b"\xff" * 8)
        self.clock.advance(0)
        self.link.server.transport.write(encodeFrame(ProtoHeartbeatEvent()))
        self.clock.advance(0)
        self.client.transport.write(encodeFrame(ProtoHeartbeatEvent()))
        self.client.transport.loseConnection()
        self.clock.advance(0)
        self.assertEqual(self.names(), [("client", "ProtoHeartbeatEvent"), ("client", None)])

    def test_unknown(self) -> None:
        """
        A frame of an unknown kind is recorded without a name; after a close of the file nothing is.
        """
        self.client.transport.write(encodeEnvelope(Envelope(9_999, b"abc", None)))
        self.endpoint.close()
        self.client.transport.write(encodeFrame(ProtoHeartbeatEvent()))
        self.assertEqual(self.names(), [("client", None)])

    def test_noProtocol(self) -> None:
        """
        A client that makes no protocol has no connection.
        """
        refusing = Factory()
        refusing.buildProtocol = lambda addr: None  # type: ignore[method-assign]
        connecting = self.endpoint.connect(refusing)
        self.clock.advance(0)
        self.failureResultOf(connecting)


class MaskTests(SynchronousTestCase):
    """
    Stand-ins.
    """

    def test_words(self) -> None:
        """
        A secret that is known is masked in words and in what cannot be parsed too; what holds none stays byte for byte.
        """
        masks = Masks()
        request = ProtoOARefreshTokenReq(refreshToken="very-secret")
        masked = masks.mask(Envelope(payloadType(request), request.SerializeToString(), "1")).message()
        assert isinstance(masked, ProtoOARefreshTokenReq)
        self.assertEqual(masked.refreshToken, "refreshToken-1")
        error = ProtoOAErrorRes(errorCode="X", description="no token very-secret")
        told = masks.mask(Envelope(payloadType(error), error.SerializeToString(), "1")).message()
        assert isinstance(told, ProtoOAErrorRes)
        self.assertEqual(told.description, "no token refreshToken-1")
        self.assertEqual(masks.mask(Envelope(9_999, b"a very-secret b", None)).payload, b"a xxxxxxxxxxx b")
        broken = Envelope(payloadType(request), b"\xff\xff", None)
        self.assertEqual(masks.mask(broken), broken)

    def test_short(self) -> None:
        """
        What is short is masked in its own field only.
        """
        masks = Masks()
        for number, secret in ((1, "a"), (2, "b"), (1, "a")):
            request = ProtoOARefreshTokenReq(refreshToken=secret)
            masked = masks.mask(Envelope(payloadType(request), request.SerializeToString(), None)).message()
            assert isinstance(masked, ProtoOARefreshTokenReq)
            self.assertEqual(masked.refreshToken, f"refreshToken-{number}")
        self.assertEqual(masks.mask(Envelope(9_999, b"a cat", None)).payload, b"a cat")
        error = ProtoOAErrorRes(errorCode="X", description="a cat")
        whole = Envelope(payloadType(error), error.SerializeToString(), None)
        self.assertEqual(masks.mask(whole), whole)


class ReplayTests(SynchronousTestCase):
    """
    The server of a recording.
    """

    def setUp(self) -> None:
        """
        Serve two requests of one kind and their answers, of which the second comes after two seconds.
        """
        self.clock = Clock()
        request = Envelope(payloadType(ProtoOAVersionReq), b"", "old-1")
        answer = ProtoOAVersionRes(version="1")
        reply = Envelope(payloadType(answer), answer.SerializeToString(), "old-1")
        beat = Envelope(payloadType(ProtoHeartbeatEvent), b"", None)
        frames = (
            Frame(1, 0.5, True, beat),
            Frame(1, 1.0, False, beat),
            Frame(1, 5.0, False, request),
            Frame(1, 7.0, True, reply),
            Frame(1, 8.0, True, None),
        )
        self.factory = ReplayFactory(self.clock, Recording(0, frames))
        endpoint = MemoryEndpoint(self.clock, self.factory)
        connecting: Deferred[Any] = endpoint.connect(Factory.forProtocol(Protocol))
        self.clock.advance(0)
        self.client = self.successResultOf(connecting)
        self.came: list[bytes] = []
        self.client.dataReceived = self.came.append
        self.ended: list[Any] = []
        self.client.connectionLost = self.ended.append

    def test_times(self) -> None:
        """
        An answer comes as long after the request as it did, with the id of now, and so does the end.
        """
        self.clock.pump([0.5, 0.0])
        self.assertEqual(self.came, [encodeFrame(ProtoHeartbeatEvent())])
        self.clock.pump([10.0] * 2)
        self.client.transport.write(encodeFrame(ProtoHeartbeatEvent()) + encodeFrame(ProtoOAVersionReq(), "new-7"))
        self.clock.pump([0.0, 1.9])
        self.assertEqual(len(self.came), 1)
        self.clock.pump([0.2, 0.0])
        self.assertEqual(self.came[1:], [encodeFrame(ProtoOAVersionRes(version="1"), "new-7")])
        self.assertEqual(self.ended, [])
        self.clock.pump([1.0, 0.0, 0.0])
        self.assertEqual(len(self.ended), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lost(self) -> None:
        """
        When the client leaves, what was to come is forgotten.
        """
        self.client.transport.write(encodeFrame(ProtoOAVersionReq(), "1") * 2)
        self.clock.pump([0.0] * 3)
        self.assertEqual([each.payloadType for each in self.factory.unexpected], [payloadType(ProtoOAVersionReq)])
        self.client.transport.abortConnection()
        self.clock.pump([0.0] * 3)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class MatchingTests(SynchronousTestCase):
    """
    Which answer is whose.
    """

    def test_byContents(self) -> None:
        """
        Requests of one kind get the answers that those with the same contents got then, in whatever order they come;
        heartbeats are not counted.
        """
        clock = Clock()
        frames = [Frame(1, 0.0, False, Envelope(payloadType(ProtoHeartbeatEvent), b"", None))]
        for word in ("a", "b"):
            request = ProtoOARefreshTokenReq(refreshToken=word)
            frames.append(Frame(1, 0.0, False, Envelope(payloadType(request), request.SerializeToString(), word)))
        for word in ("a", "b"):
            answer = ProtoOAErrorRes(errorCode=word)
            frames.append(Frame(1, 0.0, True, Envelope(payloadType(answer), answer.SerializeToString(), word)))
        factory = ReplayFactory(clock, Recording(0, tuple(frames)))
        connecting: Deferred[Any] = MemoryEndpoint(clock, factory).connect(Factory.forProtocol(Protocol))
        clock.advance(0)
        client = self.successResultOf(connecting)
        came: list[bytes] = []
        client.dataReceived = came.append
        beat = encodeFrame(ProtoHeartbeatEvent())
        sent = [encodeFrame(ProtoOARefreshTokenReq(refreshToken=word), f"new-{word}") for word in ("b", "a")]
        client.transport.write(b"".join([beat, beat, *sent, beat]))
        clock.pump([0.0] * 6)
        answers = [encodeFrame(ProtoOAErrorRes(errorCode=word), f"new-{word}") for word in ("a", "b")]
        self.assertEqual(b"".join(came), b"".join(answers))
        self.assertEqual(factory.unexpected, [])


class TokensTests(RecordingCase):
    """
    Tokens that a client renews.
    """

    def test_renewed(self) -> None:
        """
        Renewed tokens have stand-ins of their own, which the client of the replay gets and keeps.
        """

        async def renew(client: Client, tokens: MemoryTokens) -> str:
            account = await client.account(VirtualExchange.accountId)
            [pair] = await tokens.load()
            assert pair.refreshToken is not None
            answer = await client.requests.refreshToken(refreshToken=pair.refreshToken.reveal())
            await account.whenReady()
            return answer.accessToken

        async def main() -> str:
            async with self.virtual.client(endpoint=self.endpoint) as client:
                return await renew(client, self.virtual.tokens)

        self.assertNotEqual(self.virtual.drive(main()), "accessToken-2")
        server = ReplayedServer(self.path)
        self.assertEqual(server.run(lambda client: renew(client, server.tokens)), "accessToken-2")
        [pair] = self.successResultOf(server.tokens.load())
        self.assertEqual(pair.accessToken.reveal(), "accessToken-2")
