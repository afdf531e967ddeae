"""
The simulator under a crowd, a process of its own: C{python -m test.benchmark.fanout}, followed by its L{Crowd} as JSON.

It prints its port and the credentials, waits for a line, lets a hundred symbols tick for some time, prints what that
took, and ends all connections.

The ticks follow a clock of their own, which goes from one to the next when the server has sent the one before: what is
due together is what was planned, and not what piled up while the machine had other work.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater, react
from twisted.internet.threads import deferToThreadPool
from twisted.protocols.tls import TLSMemoryBIOFactory

from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.schema.messages import ProtoOASpotEvent
from ctrader_twisted.simulator import world
from ctrader_twisted.simulator.authority import Authority
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.connection import ServerProtocol, SimulatorFactory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.source import PriceSource, Tick
from ctrader_twisted.simulator.market.symbols import SYMBOLS
from ctrader_twisted.simulator.registry import Mint, Registry
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.timeline import Timeline
from ctrader_twisted.simulator.tls import SecuringFactory
from ctrader_twisted.testing.clock import VirtualClock
from test.benchmark.certificate import HOST
from test.benchmark.child import obey

__all__ = ["FIRST_SYMBOL", "SYMBOLS_OFFERED", "Crowd", "Metronome"]

SYMBOLS_OFFERED = 100
FIRST_SYMBOL = 1_000
_INTERVAL = 1_000
# Seconds in which everything written has certainly left the process.
_REST = 0.2


class Crowd(NamedTuple):
    """
    What is measured.

    @ivar folder: where the certificates are kept.
    @ivar clients: how many clients there are.
    @ivar isPlain: whether not the simulator is measured, but a server as one writes it with Twisted at first: a write
        for each event and client.
    @ivar together: how many symbols tick in the same millisecond.
    @ivar ticks: how many ticks there are in all.
    @ivar core: which core to keep to, or L{None} for any.
    @ivar seconds: the longest time to live.
    """

    folder: str
    clients: int
    isPlain: bool
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


def _exchange(reactor: Any, ticking: VirtualClock, crowd: Crowd) -> Exchange:
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
    timeline = Timeline(ticking, world.EPOCH)
    registry = Registry(Mint(0), reactor.seconds, settings.tokenLifetime)
    world.register(registry)
    return Exchange(
        reactor,
        market=Market(ticking, sources, timeline.now),
        timeline=timeline,
        registry=registry,
        catalogue=catalogue,
        accounts=world.openAccounts(catalogue, settings),
        settings=settings,
    )


class _PlainProtocol(Protocol):
    """
    What a plain server has for each client. Whatever a client says first, it is sent the present prices.
    """

    def __init__(self, everybody: list[_PlainProtocol]) -> None:
        self._everybody = everybody

    def dataReceived(self, data: bytes) -> None:
        if self not in self._everybody:
            self._everybody.append(self)
            for symbolId in range(FIRST_SYMBOL, FIRST_SYMBOL + SYMBOLS_OFFERED):
                self.tell(symbolId, _tick(world.EPOCH))

    def tell(self, symbolId: int, tick: Tick) -> None:
        assert self.transport is not None
        event = ProtoOASpotEvent(ctidTraderAccountId=world.USD_ACCOUNT, symbolId=symbolId, bid=tick.bid, ask=tick.ask)
        self.transport.write(encodeFrame(event))

    def close(self) -> None:
        assert self.transport is not None
        self.transport.loseConnection()


class _Served(NamedTuple):
    """
    A server.

    @ivar factory: makes the protocols of its connections.
    @ivar next: lets pass what is due next, for everybody.
    @ivar connections: the connections that are open.
    @ivar credentials: what clients log in with.
    """

    factory: Factory
    next: Callable[[], object]
    connections: Sequence[_PlainProtocol | ServerProtocol]
    credentials: dict[str, str]


def _plain(crowd: Crowd) -> _Served:
    everybody: list[_PlainProtocol] = []
    ticks = count()

    def tell() -> None:
        for _ in range(crowd.together):
            number = next(ticks)
            symbolId, tick = FIRST_SYMBOL + number % SYMBOLS_OFFERED, _tick(world.EPOCH + 10 * number)
            for connection in everybody:
                connection.tell(symbolId, tick)

    credentials = dict.fromkeys(("clientId", "clientSecret", "accessToken"), "any")
    return _Served(Factory.forProtocol(lambda: _PlainProtocol(everybody)), tell, everybody, credentials)


def _simulated(reactor: Any, crowd: Crowd) -> _Served:
    ticking = VirtualClock()
    exchange = _exchange(reactor, ticking, crowd)
    exchange.start()
    application = exchange.registry.applicationNamed("standard")
    credentials = {
        "clientId": application.clientId,
        "clientSecret": application.clientSecret.reveal(),
        "accessToken": exchange.registry.grantNamed("trade").accessToken.reveal(),
    }
    return _Served(SimulatorFactory(exchange), lambda: ticking.step(float("inf")), exchange.connections, credentials)


def _say(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


async def _serve(reactor: Any, crowd: Crowd) -> None:
    served = _plain(crowd) if crowd.isPlain else _simulated(reactor, crowd)
    folder = Path(crowd.folder)
    options = Authority(folder, datetime.now(UTC)).serverOptions()
    securing = TLSMemoryBIOFactory if crowd.isPlain else SecuringFactory
    port = reactor.listenTCP(0, securing(options, False, served.factory, reactor), interface=HOST, backlog=1_000)
    _say({"port": port.getHost().port, "caFile": str(folder / "ca.pem"), **served.credentials})
    await deferToThreadPool(reactor, reactor.getThreadPool(), sys.stdin.readline)
    _say(await _measured(reactor, served, crowd))
    for connection in list(served.connections):
        connection.close()
    await deferToThreadPool(reactor, reactor.getThreadPool(), sys.stdin.readline)


async def _measured(reactor: Any, served: _Served, crowd: Crowd) -> dict[str, Any]:
    turns = crowd.ticks // crowd.together
    started, cpu = perf_counter(), process_time()
    for turn in range(turns):
        # As in life, a second has as many ticks as there are symbols, if the machine is fast enough.
        due = started + turn * crowd.together / SYMBOLS_OFFERED
        await deferLater(reactor, max(0.0, due - perf_counter()))
        served.next()
    await deferLater(reactor, _REST)
    return {"deliveries": turns * crowd.together * crowd.clients, "cpu": process_time() - cpu}


def main() -> None:
    """
    Serve until the parent ends us.
    """
    crowd = Crowd(**json.loads(sys.argv[1]))
    obey(crowd.core, crowd.seconds)
    react(lambda reactor: Deferred.fromCoroutine(_serve(reactor, crowd)))


if __name__ == "__main__":
    main()
