"""
A client that takes in spot events for long, in a process of its own: C{python -m test.benchmark.soaking}, followed by
its L{Soak} as JSON. It prints what the process held after each part of the events.
"""

from __future__ import annotations

import gc
import json
import sys
from typing import NamedTuple

from twisted.internet.defer import Deferred

from ctrader_twisted.client import Client
from ctrader_twisted.framing import encodeFrame
from ctrader_twisted.market import Quote
from ctrader_twisted.schema.messages import ProtoOASpotEvent
from ctrader_twisted.testing import VirtualExchange
from test.benchmark.child import obey
from test.benchmark.memory import residentMemory

__all__ = ["Held", "Soak"]

_SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "EURJPY", "XAUUSD")
_PIECE = 16_384


class Soak(NamedTuple):
    """
    What is done.

    @ivar block: how many events come in a second of virtual time; they are the same ones each time.
    @ivar blocks: after how many blocks to look, each counted from the beginning.
    @ivar core: which core to keep to, or L{None} for any.
    @ivar seconds: the longest time to live.
    """

    block: int
    blocks: tuple[int, ...]
    core: int | None
    seconds: float


class Held(NamedTuple):
    """
    What the process held at one moment.

    @ivar events: how many quotes the listeners had been given.
    @ivar memory: the memory of the process in bytes, or L{None} where the system does not tell.
    @ivar allocated: how many blocks of memory Python had in use.
    @ivar objects: how many objects that can hold others there were, among them all listeners.
    @ivar deferreds: how many Deferreds.
    @ivar timers: how many calls were planned.
    """

    events: int
    memory: int | None
    allocated: int
    objects: int
    deferreds: int
    timers: int


class _Bath:
    """
    Lets the events through a client.
    """

    def __init__(self, soak: Soak) -> None:
        self.found: list[Held] = []
        self._soak = soak
        self._virtual = VirtualExchange()
        self._events = 0

    def run(self) -> None:
        """
        Do it.
        """
        self._virtual.run(self._soaked, hours=1 + self._soak.blocks[-1] / 3600)

    async def _soaked(self, client: Client) -> None:
        account = await client.account(self._virtual.accountId)
        symbols = [await account.symbol(name) for name in _SYMBOLS]
        for symbol in symbols:
            account.onQuote(symbol, self._take)
        await self._virtual.pause(10)
        # From here on nothing comes but what is recorded.
        self._virtual.exchange.pause()
        pieces = self._pieces([symbol.symbolId for symbol in symbols])
        # What is made when it is first used is no growth.
        self._feed(pieces)
        self._held()
        self._events = done = 0
        for blocks in self._soak.blocks:
            for _ in range(blocks - done):
                self._feed(pieces)
                await self._virtual.pause(1)
            done = blocks
            self.found.append(self._held())

    def _pieces(self, symbolIds: list[int]) -> list[bytes]:
        accountId = self._virtual.accountId
        frames = [
            encodeFrame(
                ProtoOASpotEvent(
                    ctidTraderAccountId=accountId,
                    symbolId=symbolIds[number % len(symbolIds)],
                    bid=110_000 + number % 100,
                    ask=110_010 + number % 100,
                )
            )
            for number in range(self._soak.block)
        ]
        stream = b"".join(frames)
        return [stream[start : start + _PIECE] for start in range(0, len(stream), _PIECE)]

    def _feed(self, pieces: list[bytes]) -> None:
        (link,) = self._virtual.endpoint.openLinks
        for piece in pieces:
            link.client.dataReceived(piece)

    def _take(self, quote: Quote) -> None:
        self._events += 1

    def _held(self) -> Held:
        gc.collect()
        objects = gc.get_objects()
        return Held(
            self._events,
            residentMemory(),
            sys.getallocatedblocks(),
            len(objects),
            sum(isinstance(each, Deferred) for each in objects),
            len(self._virtual.clock.getDelayedCalls()),
        )


def main() -> None:
    """
    Let the events through.
    """
    told = json.loads(sys.argv[1])
    soak = Soak(**{**told, "blocks": tuple(told["blocks"])})
    obey(soak.core, soak.seconds)
    bath = _Bath(soak)
    bath.run()
    print(json.dumps([held._asdict() for held in bath.found]), flush=True)


if __name__ == "__main__":
    main()
