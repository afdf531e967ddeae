"""
The connection machine: dials, waits for TLS, logs the application in, and dials again after a loss.

Twisted's C{ClientService} would dial too, but it leaks connections whose login is refused and takes TCP for success, so
that its backoff never grows against a server that accepts and then refuses. Here one timeout spans all from dialling to
being logged in, every connection that does not get that far is closed before the next is made, and the backoff starts
anew only after a connection has held for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from google.protobuf.message import Message
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IProtocol, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory as ProtocolFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.credentials import Application
from ctrader_twisted.errors import (
    AlreadySo,
    ApplicationRefused,
    CertificateRefused,
    ConnectFailed,
    ConnectionLost,
    CTraderError,
    HostNameRefused,
    NotConnected,
    RequestTimedOut,
    ServerError,
)
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.schema.messages import ProtoOAApplicationAuthReq, ProtoOAApplicationAuthRes
from ctrader_twisted.session.backoff import Backoff
from ctrader_twisted.session.machine import Machine
from ctrader_twisted.session.tables import TABLE, Input, State
from ctrader_twisted.wire import OpenApiProtocol
from ctrader_twisted.wire.reasons import explain
from ctrader_twisted.wire.refusals import refusal

__all__ = ["Connection", "ConnectionOwner"]


class ConnectionOwner(Protocol):
    """
    Who is told how the connection fares.
    """

    def connectionUp(self) -> None:
        """
        The application is logged in.
        """

    def connectionDown(self, reason: CTraderError) -> None:
        """
        It was logged in, and is not any more.

        @param reason: why.
        """

    def connectionFailed(self, error: CTraderError) -> None:
        """
        No further attempt is made, because the next one would fail too.

        @param error: why.
        """

    def connectionMoved(self) -> None:
        """
        The state is another one, and nothing has been done about that yet.
        """

    def connectionChanged(self) -> None:
        """
        The state is another one, and what was to be done has been done.
        """

    def eventReceived(self, message: Message) -> None:
        """
        Something came that nobody waits for.

        @param message: what came.
        """


class Connection:
    """
    One application's connection to one host, made again whenever it is lost.

    @ivar reason: what went wrong last, or L{None}.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        application: Application,
        owner: ConnectionOwner,
        makeProtocol: Callable[[Connection], OpenApiProtocol],
        backoff: Backoff,
        *,
        timeout: float,
    ) -> None:
        """
        @param clock: the reactor.
        @param endpoint: where to connect.
        @param application: who to log in as.
        @param owner: is told how it goes.
        @param makeProtocol: makes the protocol of one connection, which has this object as its listener.
        @param backoff: tells how long to wait after a failure.
        @param timeout: seconds from dialling to being logged in.
        """
        self._clock = clock
        self._endpoint = endpoint
        self._application = application
        self._owner = owner
        self._factory = ProtocolFactory.forProtocol(lambda: makeProtocol(self))
        self._factory.noisy = False
        self._backoff = backoff
        self._timeout = timeout
        self._machine: Machine[State, Input] = Machine(
            State.IDLE,
            TABLE,
            {
                "dial": self._dial,
                "cancelDial": self._cancelDial,
                "authorise": self._authorise,
                "up": self._up,
                "down": self._down,
                "close": self._close,
                "abort": self._abort,
                "waitForRetry": self._waitForRetry,
                "cancelRetry": self._cancelRetry,
                "stopped": self._tellStopped,
                "failed": self._tellFailed,
            },
            self._changed,
            entered=owner.connectionMoved,
        )
        self._protocol: OpenApiProtocol | None = None
        self._dialling: Deferred[IProtocol] | None = None
        self._expiry: IDelayedCall | None = None
        self._retry: IDelayedCall | None = None
        self._upSince = 0.0
        self._leastPause = 0.0
        self._stopped: list[Deferred[None]] = []
        self.reason: CTraderError | None = None

    @property
    def state(self) -> State:
        """
        Where the connection stands.
        """
        return self._machine.state

    @property
    def attempts(self) -> int:
        """
        How many attempts have failed since all was well.
        """
        return self._backoff.failures

    def protocol(self) -> OpenApiProtocol:
        """
        The connection to send requests on.

        @raise NotConnected: if the application is not logged in now.
        """
        if self.state is not State.UP or self._protocol is None:
            raise NotConnected(f"not connected ({self.state.value}); {self.reason or 'nothing was tried yet'}")
        return self._protocol

    def start(self) -> None:
        """
        Connect, and stay connected. Starting twice is starting once.
        """
        self._machine.handle(Input.START)

    def stop(self) -> Deferred[None]:
        """
        Disconnect, and stay so.

        @return: fires when no socket and no timer is left.
        """
        over: Deferred[None] = Eventual()
        self._stopped.append(over)
        self._machine.handle(Input.STOP)
        if self.state is State.IDLE:
            self._tellStopped()
        return over

    def giveUp(self, reason: CTraderError) -> None:
        """
        Close the connection, and do not try again.

        @param reason: why the next attempt would fail too.
        """
        self.reason = reason
        self._machine.handle(Input.REFUSED)

    def tryAgain(self, reason: CTraderError, *, pause: float = 0.0) -> None:
        """
        Close the connection, and make a new one after the backoff.

        @param reason: why this one is of no use.
        @param pause: do not come back sooner than after this time, in seconds.
        """
        self.reason = reason
        self._leastPause = pause
        self._machine.handle(Input.POSTPONED)

    # What the protocol tells.

    def connectionOpened(self, protocol: OpenApiProtocol) -> None:
        """
        @see: L{ctrader_twisted.wire.ConnectionListener.connectionOpened}
        """
        if self.state is State.CONNECTING:
            self._protocol = protocol
            self._machine.handle(Input.OPENED)
        else:
            # It finished connecting after we had stopped waiting for it.
            protocol.abort(NotConnected("the connection came too late"))

    def connectionSecured(self, protocol: OpenApiProtocol) -> None:
        """
        @see: L{ctrader_twisted.wire.ConnectionListener.connectionSecured}
        """
        if protocol is self._protocol:
            self._machine.handle(Input.SECURED)

    def eventReceived(self, protocol: OpenApiProtocol, message: Message) -> None:
        """
        @see: L{ctrader_twisted.wire.ConnectionListener.eventReceived}
        """
        if protocol is not self._protocol:
            return
        state = self.state
        error = refusal(message) if state is State.AUTHORISING else None
        if error is not None:
            # An error without an id, while only the login is under way, is the answer to it.
            self._loginRefused(error)
        elif state is State.UP or state is State.AUTHORISING:
            self._owner.eventReceived(message)

    def connectionBroken(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.wire.ConnectionListener.connectionBroken}
        """
        if protocol is self._protocol and self.state in (State.AUTHORISING, State.UP):
            self.tryAgain(reason)

    def connectionEnded(self, protocol: OpenApiProtocol, reason: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.wire.ConnectionListener.connectionEnded}
        """
        if protocol is not self._protocol:
            return
        self._protocol = None
        if self.state in (State.SECURING, State.AUTHORISING, State.UP):
            self.reason = reason
        distrusted = self.state is State.SECURING and isinstance(reason, CertificateRefused | HostNameRefused)
        self._machine.handle(Input.DISTRUSTED if distrusted else Input.LOST)

    # What the machine does.

    def _dial(self) -> None:
        self._retry = None
        self._expiry = self._clock.callLater(self._timeout, self._expire)
        self._dialling = maybeDeferred(self._endpoint.connect, self._factory)
        self._dialling.addErrback(self._unreached)

    def _unreached(self, failure: Failure) -> None:
        if self.state is State.CONNECTING:
            self.reason = explain(failure)
            self._machine.handle(Input.UNREACHED)

    def _cancelDial(self) -> None:
        if self._dialling is not None:
            self._dialling.cancel()

    def _expire(self) -> None:
        stage = "the login was not answered" if self.state is State.AUTHORISING else "no secure connection was made"
        self.reason = ConnectFailed(f"{stage} within {self._timeout:g} s")
        self._machine.handle(Input.EXPIRED)

    def _authorise(self) -> None:
        assert self._protocol is not None
        secret = self._application.clientSecret.reveal()
        message = ProtoOAApplicationAuthReq(clientId=self._application.clientId, clientSecret=secret)
        answered = self._protocol.request(message, timeout=self._timeout)
        answered.addCallbacks(self._loginAnswered, self._loginFailed)

    def _loginAnswered(self, answer: ProtoOAApplicationAuthRes) -> None:
        self._machine.handle(Input.ACCEPTED)

    def _loginFailed(self, failure: Failure) -> None:
        error = failure.value
        # A loss or a timeout is handled as such.
        if self.state is not State.AUTHORISING or isinstance(error, ConnectionLost | RequestTimedOut):
            return
        if isinstance(error, ServerError):
            self._loginRefused(error)
        else:
            self.giveUp(error if isinstance(error, CTraderError) else ConnectFailed(f"the login failed: {error}"))

    def _loginRefused(self, error: ServerError) -> None:
        if isinstance(error, AlreadySo):
            self._machine.handle(Input.ACCEPTED)
        elif isinstance(error, ApplicationRefused):
            self.giveUp(error)
        else:
            self.tryAgain(error)

    def _up(self) -> None:
        self.reason = None
        self._upSince = self._clock.seconds()
        self._owner.connectionUp()

    def _down(self) -> None:
        self._backoff.lasted(self._clock.seconds() - self._upSince)
        self._owner.connectionDown(self.reason or NotConnected("the client was stopped"))

    def _close(self) -> None:
        assert self._protocol is not None
        self._protocol.disconnect(self.reason)

    def _abort(self) -> None:
        assert self._protocol is not None
        self._protocol.abort(self.reason or NotConnected("the client was stopped"))

    def _waitForRetry(self) -> None:
        delay = self._backoff.after(self.reason, least=self._leastPause)
        self._leastPause = 0.0
        self._log.info("connecting again in {delay:.1f} s: {reason}", delay=delay, reason=self.reason)
        self._retry = self._clock.callLater(delay, self._machine.handle, Input.RETRY)

    def _cancelRetry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _tellStopped(self) -> None:
        stopped, self._stopped = self._stopped, []
        for over in stopped:
            over.callback(None)

    def _tellFailed(self) -> None:
        assert self.reason is not None
        self._owner.connectionFailed(self.reason)

    def _changed(self) -> None:
        under = (State.CONNECTING, State.SECURING, State.AUTHORISING)
        if self.state not in under and self._expiry is not None:
            if self._expiry.active():
                self._expiry.cancel()
            self._expiry = None
        self._owner.connectionChanged()
