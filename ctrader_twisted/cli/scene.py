"""
Where the tour plays: a simulated exchange at a moment at which its market is open, behind TLS on the loopback
interface.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.client import Client
from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.directory import Directory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import Recording
from ctrader_twisted.simulator.market.stored import readRecording
from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.simulator.venue.schedule import isOpen
from ctrader_twisted.simulator.world import EPOCH
from ctrader_twisted.wire import hostEndpoint, trustFile

__all__ = ["TRADED", "Scene", "Stage", "readReplay", "sceneFor"]

TRADED = "EURUSD"
"""
The symbol that the tour trades.
"""

_FASTEST = 60.0
_SECONDS = 10
_PARTS = 200


@frozen
class Scene:
    """
    When the simulated world begins, and how fast it moves.

    @ivar replay: by the name of a symbol, recorded prices to use in place of seeded ones.
    @ivar epoch: its first moment, in milliseconds since 1970.
    @ivar speed: simulated seconds in a second.
    """

    replay: Mapping[str, Recording]
    epoch: int = EPOCH
    speed: float = _FASTEST

    def exchange(self, clock: IReactorTime, seed: int) -> Exchange:
        """
        @param clock: the reactor.
        @param seed: seeded prices follow from it.
        @return: the exchange, not started.
        """
        return Exchange.default(clock, seed=seed, epoch=self.epoch, replay=self.replay, speed=self.speed)


def readReplay(files: Mapping[str, Path]) -> dict[str, Recording]:
    """
    Read recorded prices.

    @param files: by the name of a symbol, a file of ticks, or the folder of a dataset.
    @return: the same with the prices.
    @raise ConfigurationError: if there is no such symbol, or the file cannot be used.
    """
    names = [symbol.name for symbol in Catalogue().symbols.values()]
    for name in files:
        if name not in names:
            raise ConfigurationError(f"the simulator has no symbol {name}; it has {', '.join(names)}")
    return {name: readRecording(name, path) for name, path in files.items()}


def sceneFor(replay: Mapping[str, Recording]) -> Scene:
    """
    Choose a moment with some history before it and some ticks to come, in an open market.

    @param replay: by the name of a symbol, recorded prices.
    @return: the scene.
    @raise ConfigurationError: if there is no such moment.
    """
    if not replay:
        return Scene({})
    first = max(prices.first for prices in replay.values())
    last = min(prices.last for prices in replay.values())
    if first > last:
        raise ConfigurationError("the files to replay have no time in common")
    middle = (first + last) // 2
    moments = sorted(
        {first + (last - first) * part // _PARTS for part in range(_PARTS)}, key=lambda at: abs(at - middle)
    )
    traded = Catalogue().symbolNamed(TRADED).full()
    for moment in moments:
        speed = min(_FASTEST, max(1.0, (last - moment) / 1000 / _SECONDS))
        if isOpen(traded, moment) and isOpen(traded, moment + round(speed * 1000) * _SECONDS):
            return Scene(replay, moment, speed)
    raise ConfigurationError(f"the market for {TRADED} is closed all the time that the files to replay cover")


class Stage:
    """
    The exchange in this process, and the way to it.
    """

    def __init__(self, reactor: Any, exchange: Exchange, folder: Path) -> None:
        """
        @param reactor: the reactor.
        @param exchange: the exchange.
        @param folder: where it keeps its certificates.
        """
        self._reactor = reactor
        self._folder = folder
        self._service = SimulatorService(reactor, exchange, Directory(folder, reactor))

    def open(self) -> int:
        """
        Begin to listen.

        @return: the port.
        """
        self._service.startService()
        return int(self._settings()["port"])

    def makeClient(self) -> Client:
        """
        Make a client from what the simulator has written for clients.

        @return: the client, not started.
        """
        settings = self._settings()
        trustRoot = trustFile(settings["caFile"])
        endpoint = hostEndpoint(self._reactor, settings["host"], settings["port"], trustRoot=trustRoot)
        application = Application(settings["clientId"], settings["clientSecret"])
        return Client(self._reactor, endpoint, application, MemoryTokens(TokenPair(settings["accessToken"])))

    def close(self) -> Deferred[Any]:
        """
        Listen no more.

        @return: fires when the port is free again.
        """
        return self._service.stopService()

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = json.loads((self._folder / "simulator.json").read_text(encoding="utf-8"))
        return settings
