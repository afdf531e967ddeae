"""
The ways to the server through Twisted that are measured, all behind one face.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, NamedTuple

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.schema.messages import ProtoOASpotEvent, ProtoOAVersionReq
from ctrader_twisted.session.session import Session
from ctrader_twisted.wire import OpenApiProtocol, Throttle, Timing
from test.benchmark.frames import ACCOUNT
from test.benchmark.plain import PlainProtocol
from test.benchmark.results import Tally

__all__ = ["LINES", "Line", "makeSession"]

_PATIENCE = 60.0


class Line(NamedTuple):
    """
    A connection that is ready.

    @ivar ask: asks for the server's version; what it returns fires with the answer.
    @ivar tally: is given the events.
    @ivar close: ends it; what it returns fires when it is gone.
    """

    ask: Callable[[], Deferred[Any]]
    tally: Tally
    close: Callable[[], Deferred[None]]


class _Listener(Tally):
    """
    The listener of a connection. It is itself what counts, without a further call.
    """

    def __init__(self) -> None:
        super().__init__()
        self.secured: Deferred[None] = Deferred()

    def connectionOpened(self, protocol: OpenApiProtocol) -> None:
        """
        Wait for L{connectionSecured}.
        """

    def connectionSecured(self, protocol: OpenApiProtocol) -> None:
        self.secured.callback(None)

    def eventReceived(self, protocol: OpenApiProtocol, message: Message) -> None:
        assert isinstance(message, ProtoOASpotEvent)
        self.events += 1
        self.total += message.bid

    def connectionBroken(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        Wait for L{connectionEnded}.
        """

    def connectionEnded(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        Whoever waits for an answer is told by its failure.
        """


async def _plain(reactor: Any, endpoint: IStreamClientEndpoint) -> Line:
    tally = Tally()
    protocol = PlainProtocol(reactor, tally.take)
    await endpoint.connect(Factory.forProtocol(lambda: protocol))

    def close() -> Deferred[None]:
        assert protocol.transport is not None
        protocol.transport.loseConnection()
        return protocol.gone

    return Line(lambda: protocol.request(ProtoOAVersionReq(), _PATIENCE), tally, close)


async def _connection(reactor: Any, endpoint: IStreamClientEndpoint) -> Line:
    listener = _Listener()
    protocol = OpenApiProtocol(reactor, listener, randomness=Random(1))
    await endpoint.connect(Factory.forProtocol(lambda: protocol))
    await listener.secured
    return Line(lambda: protocol.request(ProtoOAVersionReq(), timeout=_PATIENCE), listener, protocol.disconnect)


def makeSession(reactor: Any, endpoint: IStreamClientEndpoint, seed: int = 1) -> Session:
    """
    @param reactor: the reactor.
    @param endpoint: where the server is.
    @param seed: for the spread of its attempts.
    @return: a session, not started.
    """
    return Session(
        reactor,
        endpoint,
        Application("id", "secret"),
        MemoryTokens(TokenPair("token")),
        randomness=Random(seed),
        wallClock=lambda: 0,
        timing=Timing(),
        throttle=Throttle(reactor),
        connectTimeout=_PATIENCE,
    )


async def _session(reactor: Any, endpoint: IStreamClientEndpoint) -> Line:
    tally = Tally()
    session = makeSession(reactor, endpoint)
    session.start()
    account = await session.whenAccountReady(ACCOUNT)
    account.listen(ProtoOASpotEvent, tally.take)
    return Line(lambda: session.request(ProtoOAVersionReq(), timeout=_PATIENCE), tally, session.stop)


LINES: dict[str, Callable[[Any, IStreamClientEndpoint], Awaitable[Line]]] = {
    "plain": _plain,
    "connection": _connection,
    "session": _session,
}
"""
How to open the line of each variant.
"""
