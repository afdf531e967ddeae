"""
Cases about connections: frames, ids, heartbeats, and the end.
"""

from __future__ import annotations

from ctrader_twisted.framing import Envelope, encodeEnvelope, encodeFrame
from ctrader_twisted.schema import payloadType
from ctrader_twisted.schema.messages import (
    ProtoErrorRes,
    ProtoHeartbeatEvent,
    ProtoOAApplicationAuthReq,
    ProtoOAErrorRes,
    ProtoOAGetAccountListByAccessTokenReq,
    ProtoOAPayloadType,
    ProtoOAVersionReq,
    ProtoOAVersionRes,
)
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing.contract.bench import Bench, demand, expect
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.link import Received, codeOf, nameOf

__all__ = ["CONNECTION"]

CONNECTION = Group(101, "connections")
_case = CONNECTION.case
_DEFAULT = Settings()
_FAR = "it opens more connections than a real server allows"


@_case("The version is told before any login", "version")
async def _version(bench: Bench) -> None:
    link = await bench.connect()
    answer = expect(await link.ask(ProtoOAVersionReq()), ProtoOAVersionRes)
    known = answer.version if answer.version.replace(".", "").isalnum() and len(answer.version) < 20 else "no number"
    bench.decide("version", known, default=_DEFAULT.version, words=f"the version is {known}")


@_case("An answer carries the id of its request", "answers-carry-ids")
async def _ids(bench: Bench) -> None:
    link = await bench.connect()
    first, second = (link.send(ProtoOAVersionReq()) for _ in range(2))
    for clientMsgId in (first, second):
        await link.answerTo(clientMsgId, 30, "VersionReq")
    demand(all(len(link.answers(each)) == 1 for each in (first, second)), "a request was answered twice")


@_case("A request without an id is answered without one", "no-id-no-id")
async def _noId(bench: Bench) -> None:
    link = await bench.connect()
    link.send(ProtoOAVersionReq(), named=False)
    demand(await link.event(ProtoOAVersionRes, 30), "VersionReq without an id was not answered")
    demand(link.received[-1].clientMsgId is None, "the answer has an id")


@_case("Nothing but the version is told before the application's login", "application-first")
async def _applicationFirst(bench: Bench) -> None:
    link = await bench.connect()
    answer = await link.ask(ProtoOAGetAccountListByAccessTokenReq(accessToken="none"))
    expect(answer, ProtoOAErrorRes, "CH_CLIENT_NOT_AUTHENTICATED")


@_case("A heartbeat before the login does no harm, and is not answered", "heartbeat-before-login")
async def _heartbeatFirst(bench: Bench) -> None:
    link = await bench.connect()
    link.send(ProtoHeartbeatEvent(), named=False)
    expect(await link.ask(ProtoOAVersionReq()), ProtoOAVersionRes)
    demand(len(link.messages()) == 1, "a heartbeat drew an answer")


@_case("A connection without login is closed after 30 s, heartbeats or not", "login-limit")
async def _loginLimit(bench: Bench) -> None:
    link = await bench.connect()
    begun = bench.clock.seconds()
    while not link.isOver and bench.clock.seconds() - begun < 90:
        await link.ended(5)
        link.send(ProtoHeartbeatEvent(), named=False)
    _decideSpan(bench, "login-limit", bench.clock.seconds() - begun, _DEFAULT.loginLimit, isOver=link.isOver)


@_case("A client that sends nothing is disconnected after 30 s", "idle-limit")
async def _idleLimit(bench: Bench) -> None:
    link = await bench.application()
    begun = bench.clock.seconds()
    await link.ended(90)
    _decideSpan(bench, "idle-limit", bench.clock.seconds() - begun, _DEFAULT.idleLimit, isOver=link.isOver)


@_case("Heartbeats keep a connection that is logged in", "heartbeats-keep")
async def _kept(bench: Bench) -> None:
    link = await bench.application()
    for _ in range(8):
        await link.ended(10)
        link.send(ProtoHeartbeatEvent(), named=False)
    demand(not link.isOver, "the connection was closed in spite of heartbeats")


@_case("The server sends a heartbeat after 30 s without sending", "server-heartbeat")
async def _beats(bench: Bench) -> None:
    link = await bench.application()
    mark = link.mark

    def beat() -> Received | None:
        beats = (each for each in link.received[mark:] if isinstance(each.message, ProtoHeartbeatEvent))
        return next(beats, None)

    begun = bench.clock.seconds()
    for _ in range(6):
        if await link.until(beat, 10) is not None:
            break
        link.send(ProtoHeartbeatEvent(), named=False)
    span = bench.clock.seconds() - begun
    _decideSpan(bench, "server-heartbeat", span, _DEFAULT.heartbeatInterval, isOver=beat() is not None)


@_case("A frame of 15,000,000 bytes is the longest", "frame-limit", onlySimulated="it would look like an attack")
async def _frameLimit(bench: Bench) -> None:
    limit = _DEFAULT.maxFrame
    taken, refused = await bench.connect(), await bench.connect()
    taken.write(limit.to_bytes(4, "big"))
    refused.write((limit + 1).to_bytes(4, "big"))
    ends, stays = await refused.ended(5), not await taken.ended(5)
    words = f"a frame of {limit} bytes is {'taken' if stays else 'refused'}, one more {'refused' if ends else 'taken'}"
    bench.decide("frame-limit", limit if ends and stays else None, default=limit, words=words)


@_case("What cannot be parsed is refused, and the connection stays", "unreadable")
async def _unreadable(bench: Bench) -> None:
    link = await bench.connect()
    number = payloadType(ProtoOAApplicationAuthReq(clientId="", clientSecret=""))
    link.write(encodeEnvelope(Envelope(number, b"\xff\xff\xff", "unreadable")))
    answer = await link.answerTo("unreadable", 30, "a payload that cannot be parsed")
    demand(codeOf(answer) == "INVALID_REQUEST", f"it drew {nameOf(answer)} {codeOf(answer)}")
    expect(await link.ask(ProtoOAVersionReq()), ProtoOAVersionRes)


@_case("A request that lacks a required field is refused with INVALID_REQUEST", "missing-field")
async def _missing(bench: Bench) -> None:
    link = await bench.connect()
    number = payloadType(ProtoOAApplicationAuthReq(clientId="", clientSecret=""))
    link.write(encodeEnvelope(Envelope(number, b"", "missing")))
    answer = await link.answerTo("missing", 30, "a request without its fields")
    demand(codeOf(answer) == "INVALID_REQUEST", f"it drew {nameOf(answer)} {codeOf(answer)}")


@_case("A payload type that does not exist is refused with UNSUPPORTED_MESSAGE", "unknown-type")
async def _unknownType(bench: Bench) -> None:
    link = await bench.connect()
    link.write(encodeEnvelope(Envelope(9_999, b"", "unknown")))
    answer = await link.answerTo("unknown", 30, "a message of an unknown type")
    demand(codeOf(answer) == "UNSUPPORTED_MESSAGE", f"it drew {nameOf(answer)} {codeOf(answer)}")
    demand(isinstance(answer, ProtoErrorRes | ProtoOAErrorRes), f"it drew {nameOf(answer)}")


@_case("Frames may come in pieces, and several at once", "frames")
async def _pieces(bench: Bench) -> None:
    link = await bench.connect()
    data = b"".join(encodeFrame(ProtoOAVersionReq(), f"piece-{each}") for each in range(3))
    link.write(data[:2])
    await link.ended(0.2)
    link.write(data[2:7])
    await link.ended(0.2)
    link.write(data[7:])
    for each in range(3):
        await link.answerTo(f"piece-{each}", 30, "a frame in pieces")


@_case("The inner payload type is not set in what the server sends", "inner-type-unset")
async def _innerUnset(bench: Bench) -> None:
    link = await bench.connect()
    answer = expect(await link.ask(ProtoOAVersionReq()), ProtoOAVersionRes)
    demand(not answer.HasField("payloadType"), "the inner payload type is set")


@_case("The inner payload type may be set in what a client sends", "inner-type-taken")
async def _innerSet(bench: Bench) -> None:
    link = await bench.connect()
    request = ProtoOAVersionReq(payloadType=ProtoOAPayloadType.PROTO_OA_VERSION_REQ)
    expect(await link.ask(request), ProtoOAVersionRes)


@_case("An application may have several connections", "several-connections")
async def _several(bench: Bench) -> None:
    for link in (await bench.application(), await bench.application()):
        expect(await link.ask(ProtoOAVersionReq()), ProtoOAVersionRes)


@_case("An application may have 25 connections", "connection-limit", onlySimulated=_FAR)
async def _connectionLimit(bench: Bench) -> None:
    count, refusal = 0, ""
    while not refusal and count < 100:
        answer = await bench.logIn(await bench.connect())
        refusal = codeOf(answer)
        count += not refusal
    demand(refusal in ("", "CONNECTIONS_LIMIT_EXCEEDED"), f"the login was refused with {refusal}")
    value = count if refusal else None
    words = f"{count} connections are taken, one more draws {refusal}" if refusal else f"{count} connections are taken"
    bench.decide("connection-limit", value, default=_DEFAULT.maxConnections, words=words)


def _decideSpan(bench: Bench, entryId: str, seconds: float, usual: float, *, isOver: bool) -> None:
    # Networks and timers of servers are not exact.
    agrees = isOver and 0.75 * usual <= seconds <= 1.25 * usual
    words = f"after {seconds:.0f} s" if isOver else f"not within {seconds:.0f} s"
    bench.decide(entryId, usual if agrees else None, agrees=agrees, words=words)
