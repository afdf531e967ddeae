"""
The reference: the least code that does the work, on a blocking TLS socket.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from functools import cache
from struct import Struct
from time import perf_counter

from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAApplicationAuthReq,
    ProtoOASpotEvent,
    ProtoOAVersionReq,
)
from test.benchmark.certificate import HOST
from test.benchmark.frames import ACCOUNT
from test.benchmark.results import DEPTH, Assignment, DropsSurvived, EventsSeen, Tally, TripsMade

__all__ = ["bareTurn"]

# With an id as long as those of the other clients.
_REQUEST = encodeFrame(ProtoOAVersionReq(), f"{0:016x}.1000")

_LOGIN = (
    encodeFrame(ProtoOAApplicationAuthReq(clientId="id", clientSecret="secret"), "1"),
    encodeFrame(ProtoOAAccountAuthReq(ctidTraderAccountId=ACCOUNT, accessToken="token"), "2"),
)

# Length of the frame; tag and number of the payload type, and the payload's tag; length of the payload.
_HEAD = Struct("!IIB")
_SPOT, _VERSION = 0x08D31012, 0x08B91012


def bareTurn(assignment: Assignment) -> Callable[[], EventsSeen | TripsMade | DropsSurvived]:
    """
    Connect.

    @param assignment: what to measure.
    @return: measures one turn each time it is called.
    """
    if assignment.work == "drops":
        return lambda: _drops(assignment)
    connection = _connect(assignment)
    return (lambda: _events(connection)) if assignment.work == "events" else (lambda: _trips(connection, assignment))


def _events(connection: ssl.SSLSocket) -> EventsSeen:
    tally = Tally()
    _receive(connection, tally.take)
    return tally.seen()


def _receive(connection: ssl.SSLSocket, callback: Callable[[ProtoOASpotEvent], None]) -> None:
    connection.sendall(_REQUEST)
    parse = ProtoOASpotEvent.FromString
    rest = b""
    while True:
        data = connection.recv(262_144)
        if not data:
            raise ConnectionAbortedError("the server has gone")
        data = rest + data
        start, end = 0, len(data)
        while end - start >= _HEAD.size:
            length, kind, size = _HEAD.unpack_from(data, start)
            following = start + 4 + length
            if following > end:
                break
            if kind == _SPOT:
                callback(parse(data[start + 9 : start + 9 + size]))
            elif kind == _VERSION:
                return
            start = following
        rest = data[start:]


def _trips(connection: ssl.SSLSocket, assignment: Assignment) -> TripsMade:
    connection.sendall(_REQUEST)
    answer = len(connection.recv(65_536))
    single = [_trip(connection, 1, answer) for _ in range(assignment.trips)]
    batches = [_trip(connection, DEPTH, answer) for _ in range(assignment.batches)]
    return TripsMade(single, DEPTH * len(batches), sum(batches))


def _trip(connection: ssl.SSLSocket, count: int, answer: int) -> float:
    started = perf_counter()
    connection.sendall(_REQUEST * count)
    missing = answer * count
    while missing:
        data = connection.recv(65_536)
        if not data:
            raise ConnectionAbortedError("the server has gone")
        missing -= len(data)
    return perf_counter() - started


def _drops(assignment: Assignment) -> DropsSurvived:
    seconds = []
    connection = _loggedIn(assignment)
    for _ in range(assignment.drops):
        started = perf_counter()
        connection.sendall(_REQUEST)
        while connection.recv(65_536):
            pass
        connection.close()
        connection = _loggedIn(assignment)
        seconds.append(perf_counter() - started)
    connection.close()
    return DropsSurvived(seconds)


def _loggedIn(assignment: Assignment) -> ssl.SSLSocket:
    connection = _connect(assignment)
    for request in _LOGIN:
        connection.sendall(request)
        connection.recv(65_536)
    return connection


@cache
def _context(certificate: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def _connect(assignment: Assignment) -> ssl.SSLSocket:
    context = _context(assignment.certificate)
    connection = socket.create_connection((HOST, assignment.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(connection, server_hostname=HOST)
