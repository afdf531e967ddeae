"""
The simulated exchange on virtual time.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from random import Random
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import deferLater

from ctrader_twisted.client import Client
from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.simulator.connection import SimulatorFactory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import PriceSource
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing.clock import VirtualClock
from ctrader_twisted.testing.driving import advance, drive
from ctrader_twisted.testing.memory import MemoryEndpoint
from ctrader_twisted.testing.stage import SEEN, Stage

__all__ = ["VirtualExchange"]

_ResultT = TypeVar("_ResultT")


class VirtualExchange(Stage):
    """
    A simulated exchange with three accounts, and clients on it. A day passes as fast as it can be computed::

        class QuoteTests(SynchronousTestCase):
            def test_bidBelowAsk(self):
                async def main(client):
                    account = await client.account(exchange.accountId)
                    async with account.quotes(await account.symbol("EURUSD")) as quotes:
                        quote = await anext(quotes)
                    self.assertLess(quote.bid, quote.ask)

                exchange = VirtualExchange()
                exchange.run(main)

    @ivar clock: the virtual time; the exchange and its clients have no other.
    @ivar endpoint: connects clients to the demo host, where the demo accounts are.
    @ivar liveEndpoint: connects clients to the live host.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        replay: Mapping[str, PriceSource] | None = None,
        settings: Settings | None = None,
        **options: Any,
    ) -> None:
        """
        @param seed: prices, credentials and ids follow from it.
        @param replay: by the name of a symbol, recorded prices to use in place of seeded ones.
        @param settings: how the server behaves.
        @param options: more for L{Exchange.default}.
        """
        self.clock = VirtualClock()
        settings = settings or Settings(seenLimit=SEEN)
        super().__init__(Exchange.default(self.clock, seed=seed, replay=replay, settings=settings, **options))
        self.endpoint = MemoryEndpoint(self.clock, SimulatorFactory(self.exchange))
        self.liveEndpoint = MemoryEndpoint(self.clock, SimulatorFactory(self.exchange, isLiveHost=True))
        self._randomness = Random(seed)
        self._isDriving = False

    def client(self, **options: Any) -> Client:
        """
        Make a client. It is the client's own code that runs, on transports in memory.

        @param options: replace what L{Client} is given: C{endpoint}, C{application}, C{tokens} and its keywords.
        @return: the client, not started.
        """
        given = {
            "endpoint": self.endpoint,
            "application": self.application,
            "tokens": self.tokens,
            "randomness": Random(self._randomness.random()),
            "wallClock": self.exchange.timeline.now,
            "runBlocking": execute,
            **options,
        }
        return Client(self.clock, **given)

    def run(self, main: Callable[[Client], Coroutine[Any, Any, _ResultT]], *, hours: float = 24.0) -> _ResultT:
        """
        Start the exchange and a client, run a coroutine function with the client, and stop both.

        @param main: called with the client, which is logged in.
        @param hours: how much virtual time it may take.
        @return: what the coroutine returned; what it raised is raised.
        @raise NothingHappens: if it waits for something that does not come.
        """

        async def started() -> _ResultT:
            async with self.client() as client:
                return await main(client)

        return self.drive(started(), hours=hours)

    def drive(self, coroutine: Coroutine[Any, Any, _ResultT], *, hours: float = 24.0) -> _ResultT:
        """
        Run a coroutine, with prices moving. Time passes only while it waits.

        @param coroutine: what to run; it makes its own clients, if it needs some.
        @param hours: how much virtual time it may take.
        @return: what the coroutine returned; what it raised is raised.
        @raise NothingHappens: if it waits for something that does not come.
        @raise RuntimeError: if something runs already; what runs can await the coroutine itself.
        """
        if self._isDriving:
            coroutine.close()
            raise RuntimeError("this exchange runs something already, which can await the coroutine itself")
        self._isDriving = True
        self.exchange.start()
        try:
            return drive(self.clock, coroutine, hours=hours)
        finally:
            self.exchange.stop()
            self._isDriving = False

    def pause(self, seconds: float) -> Deferred[None]:
        """
        Wait, in the code under test.

        @param seconds: how much virtual time.
        @return: fires then.
        @raise IllegalValue: if it is less than none.
        """
        _demandForwards(seconds)
        return deferLater(self.clock, seconds, lambda: None)

    def advance(self, seconds: float) -> None:
        """
        Let time pass, whether somebody waits or not, with all that is due in it.

        @param seconds: how much time.
        @raise IllegalValue: if it is less than none.
        """
        _demandForwards(seconds)
        advance(self.clock, seconds)


def _demandForwards(seconds: float) -> None:
    # What is no number is not at least 0, either.
    if not seconds >= 0:
        raise IllegalValue(f"time goes forwards only, and not by {seconds} seconds")
