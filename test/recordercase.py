"""
What tests of the recorder share.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from twisted.internet.defer import execute
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.client import Client
from ctrader_twisted.columns import Ticks
from ctrader_twisted.recorder import Recorder, Sealed
from ctrader_twisted.store import Dataset, Series
from ctrader_twisted.testing import VirtualExchange

__all__ = ["DAY", "SIDES", "RecorderCase"]

DAY = 86_400_000
SIDES = ("bid", "ask")


class RecorderCase(SynchronousTestCase):
    """
    A simulated exchange on virtual time, a client, and a recorder.

    @ivar sealed: what was told of days that have been compared with history.
    """

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange()
        self.exchange = self.virtual.exchange
        self.path = Path(self.mktemp())
        self.sealed: list[Sealed] = []

    @property
    def now(self) -> int:
        """
        @return: the time at the exchange.
        """
        return self.exchange.timeline.now()

    def perform(self, main: Callable[[Client], Coroutine[Any, Any, None]], *, hours: float = 24.0) -> None:
        """
        Run a coroutine function with a client; nothing is left in the end.

        @param main: called with the client.
        @param hours: how much virtual time it may take.
        """
        self.virtual.run(main, hours=hours)
        self.assertEqual(self.exchange.connections, [])
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])

    def recorder(self, client: Client, *names: str, **options: Any) -> Recorder:
        """
        Make a recorder.

        @param client: its client.
        @param names: of symbols; by default EURUSD.
        @param options: more arguments.
        @return: the recorder, not started.
        """
        recorder = Recorder(
            client,
            self.virtual.accountId,
            names or ("EURUSD",),
            self.path,
            reactor=self.virtual.clock,
            **{"runBlocking": execute, "wallClock": self.exchange.timeline.now, **options},
        )
        recorder.onSealed(self.sealed.append)
        return recorder

    async def toMidnight(self, seconds: float) -> int:
        """
        Wait until a day is almost over.

        @param seconds: how much is left of it then.
        @return: when it will be over.
        """
        midnight = (self.now // DAY + 1) * DAY
        await self.virtual.pause((midnight - self.now) / 1000 - seconds)
        return midnight

    async def history(self, client: Client, series: Series, start: int, end: int) -> Ticks:
        """
        @return: what the exchange has of a span.
        """
        account = await client.account(self.virtual.accountId)
        return await account.ticks(await account.symbol(series.symbol), series.of, start, end)

    async def assertComplete(self, client: Client, start: int, end: int, *names: str) -> None:
        """
        Demand that the dataset has all that history has, and knows it.

        @param client: asks for the history.
        @param start: from when on.
        @param end: until when.
        @param names: of symbols; by default EURUSD.
        """
        dataset = Dataset(self.path)
        for name in names or ("EURUSD",):
            for series in (Series.ticks(name, side) for side in SIDES):
                self.assertEqual(dataset.missing(series, start, end), (), series)
                self.assertEqual(dataset.provisional(series, start, end), (), series)
                found = dataset.read(series, start, end)
                self.assertTrue(found.complete, series)
                self.assertEqual(found, await self.history(client, series, start, end), series)
