"""
A day of a client on the simulator, with all the bytes of its connections: C{python -m test.framesday SEED HOURS}.

The client trades, listens to quotes, bars and depth, and reads history, while connections are cut and messages are
lost, doubled, late, and out of order. It prints a digest for each connection, for comparing one process with another.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from random import Random
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.task import Clock, deferLater
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import provider

from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.simulator.faults import (
    Cut,
    Delay,
    Duplicate,
    Incoming,
    Mute,
    Outgoing,
    Refuse,
    Reorder,
    Stall,
    Withhold,
)
from ctrader_twisted.testing import MemoryEndpoint, VirtualExchange
from ctrader_twisted.trading import Side
from ctrader_twisted.units import Lots, Symbol

__all__ = ["Conversation", "day"]

_SYMBOLS = ("EURGBP", "EURJPY")
_RULES = (
    Outgoing(Cut(0.5), probability=0.0002),
    Outgoing(Duplicate(), probability=0.001),
    Outgoing(Delay(1.5), probability=0.001),
    Outgoing(Reorder(), probability=0.001),
    Outgoing(Withhold(), isAnswer=True, probability=0.01),
    Outgoing(Stall(20.0), probability=0.00005),
    Incoming(Cut(), probability=0.01),
    Incoming(Mute(), probability=0.02),
    Incoming(Refuse("REQUEST_FREQUENCY_EXCEEDED", retryAfter=2), probability=0.02),
)


@define
class Conversation:
    """
    What went over a connection.

    @ivar parts: for each piece the virtual time, whether the client sent it, and the bytes.
    """

    parts: list[tuple[float, bool, bytes]] = field(factory=list)

    def summary(self) -> tuple[int, int, str]:
        """
        @return: how many bytes the server sent, how many the client, and a digest of all pieces.
        """
        sizes = [sum(len(data) for _, isOurs, data in self.parts if isOurs is ours) for ours in (False, True)]
        return sizes[0], sizes[1], sha256(repr(self.parts).encode()).hexdigest()


class _Recorded(ProtocolWrapper):
    """
    Writes down what a client's connection carries.
    """

    conversation: Conversation
    clock: Clock

    def dataReceived(self, data: bytes) -> None:
        self.conversation.parts.append((self.clock.seconds(), False, data))
        super().dataReceived(data)

    def write(self, data: bytes) -> None:
        self.conversation.parts.append((self.clock.seconds(), True, data))
        super().write(data)


class _RecordingEndpoint(MemoryEndpoint):
    """
    Connects clients, and keeps what they say and hear.
    """

    def __init__(self, virtual: VirtualExchange) -> None:
        super().__init__(virtual.clock, virtual.endpoint._serverFactory)
        self.conversations: list[Conversation] = []

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        conversation = Conversation()
        self.conversations.append(conversation)
        wrapping = WrappingFactory(protocolFactory)
        kind = type("_Kept", (_Recorded,), {"conversation": conversation, "clock": self._clock})
        wrapping.protocol = kind
        return super().connect(wrapping)


class _Day:
    """
    What the client does.
    """

    def __init__(self, clock: Clock, seed: int) -> None:
        self.errors: list[str] = []
        self._clock = clock
        self._chance = Random(seed)

    async def trade(self, client: Client, account: Account, hours: float) -> None:
        """
        Do something every few minutes.
        """
        symbols = [await self._lookUp(account, name) for name in _SYMBOLS]
        account.onQuote(symbols[0], lambda quote: None)
        account.onBar(symbols[0], "M1", lambda bar: None)
        account.onDepth(symbols[0], lambda book: None)
        end = self._clock.seconds() + hours * 3600
        while self._clock.seconds() < end:
            await deferLater(self._clock, self._chance.expovariate(1 / 240), lambda: None)
            action = self._chance.choice((self._open, self._open, self._wait, self._end, self._read))
            try:
                await action(account, self._chance.choice(symbols))
            except CTraderError as error:
                self.errors.append(f"{self._clock.seconds():.3f} {error}")

    async def _lookUp(self, account: Account, name: str) -> Symbol:
        while True:
            try:
                return await account.symbol(name)
            except CTraderError:
                await deferLater(self._clock, 2.0, lambda: None)

    async def _open(self, account: Account, symbol: Symbol) -> None:
        order = self._chance.choice((account.buy, account.sell))
        await (await order(symbol, Lots("0.02"), stopLossPips=10, takeProfitPips=10)).whenFilled()

    async def _wait(self, account: Account, symbol: Symbol) -> None:
        quote = account.quote(symbol)
        if quote is not None:
            await account.limitOrder(
                Side.BUY, symbol, Lots("0.01"), quote.bid - symbol.pips(self._chance.randint(1, 5))
            )

    async def _end(self, account: Account, symbol: Symbol) -> None:
        await account.cancelAll()
        await account.closeAll()

    async def _read(self, account: Account, symbol: Symbol) -> None:
        now = int(self._clock.seconds() * 1000) + 1_772_618_400_000
        await account.trendbars(symbol, "M5", now - 86_400_000, now)
        await account.ticks(symbol, self._chance.choice(("bid", "ask")), now - 600_000, now)


def day(seed: int, *, hours: float = 24.0) -> list[Conversation]:
    """
    Let the day pass.

    @param seed: all that is left to chance follows from it.
    @param hours: how long it is.
    @return: what went over each connection, in the order of their beginnings.
    """
    virtual = VirtualExchange(seed=seed)
    endpoint = _RecordingEndpoint(virtual)
    for rule in _RULES:
        virtual.exchange.faults.add(rule)
    script = _Day(virtual.clock, seed)

    async def main() -> None:
        async with virtual.client(endpoint=endpoint, startTimeout=600) as client:
            await script.trade(client, await client.account(virtual.accountId), hours)

    virtual.drive(main(), hours=hours + 2)
    return endpoint.conversations


def main() -> None:
    """
    Print the summary of each connection.
    """

    @provider(ILogObserver)
    def ignore(event: LogEvent) -> None:
        """
        What is logged is no matter here.
        """

    globalLogPublisher.addObserver(ignore)
    seed, hours = int(sys.argv[1]), float(sys.argv[2])
    print(json.dumps([conversation.summary() for conversation in day(seed, hours=hours)]))


if __name__ == "__main__":
    main()
