"""
The simulator as a service: a TLS port for clients and an HTTP port for OAuth.
"""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.authority import Authority, ShownCertificate
from ctrader_twisted.simulator.connection import SimulatorFactory
from ctrader_twisted.simulator.control import ControlPage
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults.script import Script
from ctrader_twisted.simulator.oauth import makeSite
from ctrader_twisted.simulator.tls import SecuringFactory

__all__ = ["SimulatorService"]

_INTERFACE = "127.0.0.1"


class SimulatorService(Service):
    """
    Serves an exchange on this computer, out of a directory.

    @ivar exchange: the exchange.
    """

    name = "ctrader-sim"
    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        exchange: Exchange,
        directory: Directory,
        *,
        port: int = 0,
        oauthPort: int = 0,
        isRealTime: bool = False,
        script: Script | None = None,
    ) -> None:
        """
        @param reactor: listens and keeps time.
        @param exchange: the exchange.
        @param directory: where it lives.
        @param port: the port for clients; 0 for a free one.
        @param oauthPort: the port for OAuth; 0 for a free one.
        @param isRealTime: whether the exchange shall have the reactor's time, but skip the time until the market opens
            if that is closed when it starts; see L{Directory.continueTime}. Otherwise it keeps the time that it has.
        @param script: what is to go wrong once it has started.
        """
        self.exchange = exchange
        self._reactor = reactor
        self._directory = directory
        self._ports = (port, oauthPort)
        self._isRealTime = isRealTime
        self._script = script
        self._certificate: ShownCertificate | None = None
        self._listening: list[Any] = []

    @property
    def port(self) -> int:
        """
        The port for clients, while it runs.
        """
        port: int = self._listening[0].getHost().port
        return port

    def startService(self) -> None:
        """
        Bring the last state back, listen, and say where.

        @raise ConfigurationError: if the directory, a port or the script cannot be used, or another simulator uses the
            directory.
        """
        self._directory.create()
        self._directory.claim()
        try:
            self._open()
        except BaseException:
            self.exchange.stop()
            self._close()
            raise
        super().startService()  # type: ignore[no-untyped-call]

    def stopService(self) -> Deferred[Any]:
        """
        Stop listening, cut the connections, and save the state.

        @return: fires when the ports are closed.
        """
        super().stopService()  # type: ignore[no-untyped-call]
        self.exchange.disconnectAll()
        self.exchange.stop()
        self._directory.save(self.exchange)
        return self._close()

    def _open(self) -> None:
        reactor, directory = self._reactor, self._directory
        # Not from the exchange's mint: whoever knows the seed must not know it.
        secret = Secret(token_urlsafe())
        certificate = ShownCertificate(Authority(directory.path, datetime.fromtimestamp(reactor.seconds(), UTC)))
        directory.load(self.exchange)
        hours = directory.continueTime(self.exchange) if self._isRealTime else 0.0
        if self._script is not None:
            self.exchange.faults.run(self._script)
        self._listen(certificate, secret)
        port, oauthPort = (listening.getHost().port for listening in self._listening)
        try:
            directory.announce(self.exchange, port=port, oauthPort=oauthPort)
            directory.announceControl(secret, oauthPort)
        except OSError as error:
            raise ConfigurationError(f"nothing can be written in {directory.path}: {error.strerror}") from error
        self.exchange.start()
        self._log.info(
            "The simulator listens on port {port}; its files are in {path}", port=port, path=str(directory.path)
        )
        if hours:
            self._log.info(
                "Its time is {hours:.1f} hours ahead, at {moment} UTC, so that its market was open when it started",
                hours=hours,
                moment=datetime.fromtimestamp(self.exchange.timeline.now() // 1000, UTC).strftime("%A, %Y-%m-%d %H:%M"),
            )

    def _close(self) -> Deferred[Any]:
        closed = [maybeDeferred(listening.stopListening) for listening in self._listening]
        self._listening.clear()
        if self._certificate is not None:
            self.exchange.onCertificate.remove(self._certificate.show)
            self._certificate = None
        self._directory.release()
        return gatherResults(closed)

    def _listen(self, certificate: ShownCertificate, secret: Secret) -> None:
        port, oauthPort = self._ports
        self._certificate = certificate
        self.exchange.onCertificate.append(certificate.show)
        factory = SecuringFactory(certificate, False, SimulatorFactory(self.exchange), self._reactor)
        try:
            self._listening.append(self._reactor.listenTCP(port, factory, interface=_INTERFACE))
            site = makeSite(self.exchange, ControlPage(self.exchange, secret))
            self._listening.append(self._reactor.listenTCP(oauthPort, site, interface=_INTERFACE))
        except CannotListenError as error:
            taken = f"port {error.port} of {_INTERFACE} is taken, or may not be used"
            raise ConfigurationError(f"{taken}; choose another one, 0 for any free one") from error
