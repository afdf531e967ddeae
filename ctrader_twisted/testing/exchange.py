"""
The simulated exchange on virtual time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from random import Random
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, execute

from ctrader_twisted.client import Client
from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.simulator.connection import SimulatorFactory
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import PriceSource
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EUR_ACCOUNT, LIVE_ACCOUNT, NETTED_ACCOUNT, USD_ACCOUNT
from ctrader_twisted.testing.clock import VirtualClock
from ctrader_twisted.testing.memory import MemoryEndpoint

__all__ = ["NothingHappens", "VirtualExchange"]

_ResultT = TypeVar("_ResultT")

_GOODBYE = 30.0


class NothingHappens(AssertionError):
    """
    The code under test waits for something that did not come in the virtual time that it was given. The message tells
    where it waits.
    """


class VirtualExchange:
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
    @ivar exchange: the simulator, for looking at what it has seen and for disturbing it.
    @ivar endpoint: connects clients to the demo host, where the demo accounts are.
    @ivar liveEndpoint: connects clients to the live host.
    @ivar accountId: a demo account in dollars.
    @ivar euroAccountId: a demo account in euros.
    @ivar liveAccountId: a live account in dollars.
    @ivar nettedAccountId: a netted demo account in dollars.
    @ivar application: credentials that the exchange takes.
    @ivar tokens: access to all these accounts, with permission to trade.
    """

    accountId = USD_ACCOUNT
    euroAccountId = EUR_ACCOUNT
    liveAccountId = LIVE_ACCOUNT
    nettedAccountId = NETTED_ACCOUNT

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
        self.exchange = Exchange.default(self.clock, seed=seed, replay=replay, settings=settings, **options)
        self.endpoint = MemoryEndpoint(self.clock, SimulatorFactory(self.exchange))
        self.liveEndpoint = MemoryEndpoint(self.clock, SimulatorFactory(self.exchange, isLiveHost=True))
        standard = self.exchange.registry.applicationNamed("standard")
        self.application = Application(standard.clientId, standard.clientSecret)
        self.tokens = self.grant("trade")
        self._randomness = Random(seed)

    def grant(self, name: str) -> MemoryTokens:
        """
        Get the tokens of one of the grants that the exchange begins with.

        @param name: C{trade}, C{view} or C{expired}.
        @return: a token store for a client.
        """
        grant = self.exchange.registry.grantNamed(name)
        return MemoryTokens(TokenPair(grant.accessToken, grant.refreshToken))

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
        """
        self.exchange.start()
        try:
            return self._await(coroutine, self.clock.seconds() + hours * 3600)
        finally:
            self.exchange.stop()

    def advance(self, seconds: float) -> None:
        """
        Let time pass, whether somebody waits or not, with all that is due in it.

        @param seconds: how much time.
        """
        end = self.clock.seconds() + seconds
        while self._step(end):
            pass
        self.clock.advance(end - self.clock.seconds())

    def _step(self, end: float) -> bool:
        """
        Go to the next thing that is due.

        @param end: not further than this.
        @return: whether there was something.
        """
        return self.clock.step(end)

    def _await(self, coroutine: Coroutine[Any, Any, _ResultT], end: float) -> _ResultT:
        results: list[_ResultT] = []
        failures: list[BaseException] = []
        done = Deferred.fromCoroutine(coroutine)
        done.addCallbacks(results.append, lambda failure: failures.append(failure.value))
        while not results and not failures:
            if not self._step(end):
                place = _place(coroutine)
                done.cancel()
                # Clients say goodbye, and the simulator hears of it.
                self.advance(_GOODBYE)
                raise NothingHappens(f"nothing that is still to happen in the virtual time given ends the wait {place}")
        if failures:
            raise failures[0]
        return results[0]


def _place(awaitable: Awaitable[Any]) -> str:
    """
    Say where a coroutine waits.
    """
    places = []
    inner: Any = awaitable
    while (frame := getattr(inner, "cr_frame", None)) is not None:
        places.append(f"in {frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})")
        inner = inner.cr_await
    waiting = getattr(getattr(inner, "gi_frame", None), "f_locals", {})
    return f"{', '.join(places)} for {waiting.get('self', inner)!r}"
