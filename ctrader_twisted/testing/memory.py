"""
Connections without sockets: two protocols in one process, joined through a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import frozen
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from ctrader_twisted.testing.clock import VirtualClock

__all__ = ["MemoryEndpoint", "MemoryLink"]


@implementer(ITransport)
class _Side:
    """
    One end of a link: what its protocol knows as its transport.
    """

    def __init__(self, clock: IReactorTime, address: IAddress, peerAddress: IAddress) -> None:
        self.protocol: IProtocol | None = None
        self.peer: _Side
        self.disconnected = False
        self.disconnecting = False
        self.isFrozen = False
        self._address = address
        self._peerAddress = peerAddress
        self._inbox: list[bytes] = []
        self._isDelivering = False
        self._soon: Callable[[Callable[[], None]], object] = (
            clock.soon if isinstance(clock, VirtualClock) else partial(clock.callLater, 0)
        )
        self._ending: Failure | None = None

    def write(self, data: bytes) -> None:
        if not self.disconnecting and not self.disconnected and not self.isFrozen:
            self.peer.arrive(data)

    def writeSequence(self, iovec: Any) -> None:
        self.write(b"".join(iovec))

    def loseConnection(self) -> None:
        if not self.disconnecting and not self.disconnected:
            self.disconnecting = True
            self._endPeer(Failure(ConnectionDone()))  # type: ignore[no-untyped-call]
            self.end(Failure(ConnectionDone()))  # type: ignore[no-untyped-call]

    def abortConnection(self) -> None:
        if not self.disconnected:
            self.disconnecting = True
            self._inbox.clear()
            self._endPeer(Failure(ConnectionLost()))  # type: ignore[no-untyped-call]
            self.end(Failure(ConnectionAborted()))  # type: ignore[no-untyped-call]

    def getPeer(self) -> IAddress:
        return self._peerAddress

    def getHost(self) -> IAddress:
        return self._address

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """
        Nothing is ever held back here, so no producer is ever paused.
        """

    def unregisterProducer(self) -> None:
        """
        @see: L{registerProducer}
        """

    def arrive(self, data: bytes) -> None:
        """
        Take bytes from the other side; the protocol gets them in a later turn.
        """
        if self._ending is None and not self.disconnected:
            self._inbox.append(bytes(data))
            self._deliverSoon()

    def end(self, reason: Failure) -> None:
        """
        Let the protocol know of the end, after what has arrived before it.
        """
        if self._ending is None and not self.disconnected:
            self._ending = reason
            self._deliverSoon()

    def _endPeer(self, reason: Failure) -> None:
        if not self.isFrozen:
            self.peer.end(reason)

    def _deliverSoon(self) -> None:
        if not self._isDelivering:
            self._isDelivering = True
            self._soon(self._deliver)

    def _deliver(self) -> None:
        self._isDelivering = False
        assert self.protocol is not None
        data = b"".join(self._inbox)
        self._inbox.clear()
        if data and not self.disconnecting:
            self.protocol.dataReceived(data)
        if self._ending is not None and not self.disconnected:
            self.disconnected = True
            self.protocol.connectionLost(self._ending)


@frozen
class MemoryLink:
    """
    One connection between a client and a server.

    @ivar client: the client's protocol.
    @ivar server: the server's protocol.
    """

    client: Any
    server: Any
    _clientSide: _Side
    _serverSide: _Side

    @property
    def isOpen(self) -> bool:
        """
        Whether either side still believes in the connection.
        """
        return not (self._clientSide.disconnected and self._serverSide.disconnected)

    def cut(self, *, after: bytes = b"") -> None:
        """
        Cut the connection, as a network failure would: neither side can say goodbye.

        @param after: bytes that still reach the client, such as the beginning of a frame.
        """
        if after:
            self._clientSide.arrive(after)
        self._clientSide.end(Failure(ConnectionLost()))  # type: ignore[no-untyped-call]
        self._serverSide.end(Failure(ConnectionLost()))  # type: ignore[no-untyped-call]

    def freeze(self) -> None:
        """
        Let nothing through any more, in either direction, not even the end: the peer has vanished.
        """
        self._clientSide.isFrozen = self._serverSide.isFrozen = True


@implementer(IStreamClientEndpoint)
class MemoryEndpoint:
    """
    Connects clients to a server's factory in this process, in a turn of the clock of their own.

    @ivar links: the connections made so far, the newest last; only open ones are kept once another is made.
    @ivar attempts: how often somebody tried.
    @ivar refusing: whether connections are refused now.
    """

    def __init__(self, clock: IReactorTime, serverFactory: IProtocolFactory) -> None:
        """
        @param clock: carries the bytes; a L{twisted.internet.task.Clock} for virtual time.
        @param serverFactory: makes the protocols of the server's side.
        """
        self.links: list[MemoryLink] = []
        self.attempts = 0
        self.refusing = False
        self._clock = clock
        self._serverFactory = serverFactory

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        @see: C{IStreamClientEndpoint.connect}
        """
        self.attempts += 1
        done: Deferred[IProtocol] = Deferred(lambda _: turn.cancel())
        turn = self._clock.callLater(0, self._join, protocolFactory, done)
        return done

    @property
    def openLinks(self) -> list[MemoryLink]:
        """
        The connections that are open now.
        """
        return [link for link in self.links if link.isOpen]

    def _join(self, clientFactory: IProtocolFactory, done: Deferred[IProtocol]) -> None:
        if self.refusing:
            done.errback(ConnectionRefusedError())  # type: ignore[no-untyped-call]
            return
        here = IPv4Address("TCP", "127.0.0.1", 40000 + self.attempts % 20000)
        there = IPv4Address("TCP", "127.0.0.1", 5035)
        server = self._serverFactory.buildProtocol(here)
        client = clientFactory.buildProtocol(there)
        if server is None or client is None:
            done.errback(ConnectionRefusedError())  # type: ignore[no-untyped-call]
            return
        clientSide, serverSide = _Side(self._clock, here, there), _Side(self._clock, there, here)
        clientSide.peer, serverSide.peer = serverSide, clientSide
        clientSide.protocol, serverSide.protocol = client, server
        self.links = [*self.openLinks, MemoryLink(client, server, clientSide, serverSide)]
        server.makeConnection(serverSide)
        client.makeConnection(clientSide)
        done.callback(client)
