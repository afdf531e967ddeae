"""
The simulated exchange on sockets of this computer, with TLS.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Self

from twisted.internet.defer import Deferred

from ctrader_twisted.client import Client
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import PriceSource
from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing.stage import SEEN, Stage
from ctrader_twisted.wire import hostEndpoint, trustFile

__all__ = ["LoopbackExchange"]


class LoopbackExchange(Stage):
    """
    A simulated exchange for programs that make their own connections, in whatever language: it listens on a free port
    of this computer, with a certificate of its own authority, on the reactor's time. Another port serves OAuth. For
    what needs no sockets L{VirtualExchange <ctrader_twisted.testing.VirtualExchange>} is faster, and repeatable::

        class ProgramTests(TestCase):
            async def test_program(self):
                async with LoopbackExchange(reactor) as exchange:
                    exchange.price("EURUSD", "1.10000", "1.10010")
                    await getProcessOutput(sys.executable, ["program.py", str(exchange.infoFile)])
                    exchange.assertSent("newOrder", tradeSide="BUY")

    @ivar infoFile: C{simulator.json}, from which a client can be configured: host, port, authority, credentials and
        accounts.
    @ivar caFile: the certificate of the authority that the program must trust.
    @ivar host: where it listens.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        reactor: Any,
        directory: Path | None = None,
        *,
        seed: int = 0,
        replay: Mapping[str, PriceSource] | None = None,
        settings: Settings | None = None,
        speed: float = 1.0,
        **options: Any,
    ) -> None:
        """
        @param reactor: listens and keeps time.
        @param directory: where it keeps its files; by default a new folder, which is removed at the end.
        @param seed: prices, credentials and ids follow from it.
        @param replay: by the name of a symbol, recorded prices to use in place of seeded ones.
        @param settings: how the server behaves.
        @param speed: simulated seconds in a second.
        @param options: more for L{Exchange.default}.
        """
        settings = settings or Settings(seenLimit=SEEN)
        exchange = Exchange.default(reactor, seed=seed, replay=replay, settings=settings, speed=speed, **options)
        super().__init__(exchange)
        self._reactor = reactor
        self._isOwn = directory is None
        self._path = Path(mkdtemp(prefix="ctrader-")) if directory is None else directory.absolute()
        self.infoFile = self._path / "simulator.json"
        self.caFile = self._path / "ca.pem"
        self._service = SimulatorService(reactor, exchange, Directory(self._path, reactor), isRealTime=True)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """
        Where it listens for clients, after the start.
        """
        return self._service.port

    def start(self) -> None:
        """
        Listen, and let prices move.

        @raise ConfigurationError: if the folder cannot be used.
        """
        self._service.startService()

    def stop(self) -> Deferred[None]:
        """
        Cut the connections and stop listening.

        @return: fires when the ports are closed.
        """
        stopped: Deferred[None] = self._service.stopService().addCallback(lambda _: self._tidy())
        return stopped

    def client(self, **options: Any) -> Client:
        """
        Make a client.

        @param options: replace what L{Client} is given: C{endpoint}, C{application}, C{tokens} and its keywords.
        @return: the client, not started.
        """
        given = {"application": self.application, "tokens": self.tokens, **options}
        if "endpoint" not in given:
            given["endpoint"] = hostEndpoint(self._reactor, self.host, self.port, trustRoot=trustFile(self.caFile))
        return Client(self._reactor, **given)

    def _tidy(self) -> None:
        if self._isOwn:
            rmtree(self._path, ignore_errors=True)
