"""
The simulator under a crowd, a process of its own: C{python -m test.benchmark.fanout}, followed by its L{Crowd} as JSON.

It prints its port and the credentials, waits for a line, lets a hundred symbols tick for some time, prints what that
took, and ends all connections.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.internet.threads import deferToThreadPool

from ctrader_twisted.simulator import world
from ctrader_twisted.simulator.authority import Authority
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.connection import SimulatorFactory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.source import PriceSource, Tick
from ctrader_twisted.simulator.market.symbols import SYMBOLS
from ctrader_twisted.simulator.registry import Mint, Registry
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.timeline import Timeline
from test.benchmark.certificate import HOST
from test.benchmark.child import obey

__all__ = ["FIRST_SYMBOL", "SYMBOLS_OFFERED", "Crowd", "Metronome"]

SYMBOLS_OFFERED = 100
FIRST_SYMBOL = 1_000
_INTERVAL = 1_000


class Crowd(NamedTuple):
    """
    What is measured.

    @ivar folder: where the certificates are kept.
    @ivar clients: how many clients there are.
    @ivar together: how many symbols tick in the same millisecond.
    @ivar ticks: how many ticks there are in all.
    @ivar core: which core to keep to, or L{None} for any.
    @ivar seconds: the longest time to live.
    """

    folder: str
    clients: int
    together: int
    ticks: int
    core: int | None
    seconds: float


class Metronome:
    """
    A tick each second.
    """

    def __init__(self, offset: int) -> None:
        """
        @param offset: at which millisecond of each second.
        """
        self._offset = offset

    def ticks(self, start: int, end: int) -> list[Tick]:
        """
        @return: the ticks of a span.
        """
        first = start + (self._offset - start) % _INTERVAL
        return [_tick(moment) for moment in range(first, end + 1, _INTERVAL)]

    def lastTick(self, at: int) -> Tick:
        """
        @return: the newest tick that is not after a moment.
        """
        return _tick(at - (at - self._offset) % _INTERVAL)

    def nextTick(self, after: int) -> Tick:
        """
        @return: the oldest tick after a moment.
        """
        return _tick(after + 1 + (self._offset - after - 1) % _INTERVAL)


def _tick(moment: int) -> Tick:
    bid = 110_000 + moment // _INTERVAL * 7 % 1_000
    return Tick(moment, bid, bid + 8)


def _exchange(reactor: Any, crowd: Crowd) -> Exchange:
    """
    Make an exchange with symbols of our own.
    """
    settings = Settings(
        maxConnections=crowd.clients + 1,
        generalRate=10_000,
        loginLimit=crowd.seconds,
        idleLimit=crowd.seconds,
        heartbeatInterval=crowd.seconds,
    )
    added = [
        attrs.evolve(SYMBOLS[0], symbolId=FIRST_SYMBOL + number, name=f"TEST{number}")
        for number in range(SYMBOLS_OFFERED)
    ]
    catalogue = Catalogue((*SYMBOLS, *added))
    turns = SYMBOLS_OFFERED // crowd.together
    sources: dict[int, PriceSource] = {
        symbolId: Metronome(symbolId % turns * _INTERVAL // turns) for symbolId in catalogue.symbols
    }
    timeline = Timeline(reactor, world.EPOCH)
    registry = Registry(Mint(0), reactor.seconds, settings.tokenLifetime)
    world.register(registry)
    return Exchange(
        reactor,
        market=Market(reactor, sources, timeline.now),
        timeline=timeline,
        registry=registry,
        catalogue=catalogue,
        accounts=world.openAccounts(catalogue, settings),
        settings=settings,
    )


def _say(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


async def _serve(reactor: Any, crowd: Crowd) -> None:
    exchange = _exchange(reactor, crowd)
    folder = Path(crowd.folder)
    options = Authority(folder, datetime.now(UTC)).serverOptions()
    port = reactor.listenSSL(0, SimulatorFactory(exchange), options, interface=HOST, backlog=1_000)
    application = exchange.registry.applicationNamed("standard")
    _say(
        {
            "port": port.getHost().port,
            "caFile": str(folder / "ca.pem"),
            "clientId": application.clientId,
            "clientSecret": application.clientSecret.reveal(),
            "accessToken": exchange.registry.grantNamed("trade").accessToken.reveal(),
        }
    )
    await deferToThreadPool(reactor, reactor.getThreadPool(), sys.stdin.readline)
    _say(await _measured(exchange, crowd))
    for connection in list(exchange.connections):
        connection.close()
    await deferToThreadPool(reactor, reactor.getThreadPool(), sys.stdin.readline)


async def _measured(exchange: Exchange, crowd: Crowd) -> dict[str, Any]:
    done: Deferred[None] = Deferred()
    told = 0

    def count(symbolId: int, tick: Tick) -> None:
        nonlocal told
        told += 1
        if told == crowd.ticks:
            exchange.market.afterTurn(lambda: done.callback(None))
            exchange.market.stop()

    exchange.start()
    exchange.market.listen(count, tuple)
    started, cpu = perf_counter(), process_time()
    await done
    return {"deliveries": told * crowd.clients, "cpu": process_time() - cpu, "seconds": perf_counter() - started}


def main() -> None:
    """
    Serve until the parent ends us.
    """
    crowd = Crowd(**json.loads(sys.argv[1]))
    obey(crowd.core, crowd.seconds)
    react(lambda reactor: Deferred.fromCoroutine(_serve(reactor, crowd)))


if __name__ == "__main__":
    main()
