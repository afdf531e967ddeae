"""
Tests that what was kept in a dataset, and is replayed from there, is what comes again: as history, and live.
"""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

from rich.console import Console
from twisted.internet.defer import execute

from ctrader_twisted.cli.history import fetchHistory
from ctrader_twisted.client import Client
from ctrader_twisted.columns import Ticks
from ctrader_twisted.market import Quote
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.stored import StoredPrices
from ctrader_twisted.store import Dataset, Series
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.units import priceFromWire
from test.recordercase import DAY, SIDES, RecorderCase
from test.test_cli_history import crowded

NAME = "EURUSD"


def changes(rows: Ticks) -> list[tuple[int, int]]:
    """
    @param rows: ticks of one side.
    @return: times and prices of those at which the price is another one.
    """
    found = list(zip(rows.timestamps, rows.prices, strict=True))
    return found[:1] + [after for before, after in pairwise(found) if before[1] != after[1]]


class ReplayTests(RecorderCase):
    """
    There and back.
    """

    def fetched(self, virtual: VirtualExchange, start: int, end: int) -> dict[str, Ticks]:
        """
        Download a span.

        @param virtual: the exchange.
        @param start: from when on.
        @param end: until when.
        @return: the ticks of both sides.
        """
        path = Path(self.mktemp())

        async def main(client: Client) -> None:
            await fetchHistory(
                await client.account(virtual.accountId),
                Console(file=io.StringIO()),
                virtual.clock,
                names=[NAME],
                kinds=[lambda name, side=side: Series.ticks(name, side) for side in SIDES],  # type: ignore[misc]
                span=(start, end),
                directory=path,
                runBlocking=execute,
            )

        virtual.run(main)
        self.path = path
        return self.read(path, start, end)

    def read(self, path: Path, start: int, end: int) -> dict[str, Ticks]:
        """
        @return: the ticks of both sides in a dataset.
        """
        found: dict[str, Ticks] = {}
        for side in SIDES:
            rows = Dataset(path).read(Series.ticks(NAME, side), start, end)
            assert isinstance(rows, Ticks)
            found[side] = rows
        return found

    def test_downloaded(self) -> None:
        """
        What was downloaded, and is replayed, is downloaded again, to the last tick.
        """
        end = self.now - DAY // 2
        start = end - 2 * DAY
        prices = ReplayedPrices(crowded(7, start, end, 60_000))
        first = self.fetched(VirtualExchange(replay={NAME: prices}), start, end)
        self.assertGreater(len(first["bid"]), 1_000)
        virtual = VirtualExchange(replay={NAME: StoredPrices(self.path, NAME)})
        self.assertEqual(self.fetched(virtual, start, end), first)

    def test_recorded(self) -> None:
        """
        What was recorded, and is replayed, gives the same ticks of each side, as far as its price changes: the exchange
        tells both sides with each tick.
        """
        start = (self.now // DAY - 1) * DAY

        async def main(client: Client) -> None:
            recorder = self.recorder(client, NAME, since=start + DAY - 7_200_000)
            recorder.startService()
            await self.virtual.pause(120)
            await recorder.stopService()

        self.perform(main)
        span = start + DAY - 7_200_000, start + DAY
        recorded = self.read(self.path, *span)
        self.assertGreater(len(recorded["bid"]), 1_000)
        again = self.fetched(VirtualExchange(replay={NAME: StoredPrices(self.path, NAME)}), *span)
        for side in SIDES:
            self.assertEqual(changes(again[side]), changes(recorded[side]))
            self.assertTrue(again[side].complete)

    def test_live(self) -> None:
        """
        It is heard live as it was, tick by tick.
        """
        start = self.now - DAY
        end = start + 1_800_000
        ticks = list(crowded(9, start + 60_000, end, 2_000))
        self.fetched(VirtualExchange(replay={NAME: ReplayedPrices(ticks)}), start, end)
        virtual = VirtualExchange(epoch=start, replay={NAME: StoredPrices(self.path, NAME)})
        quotes: list[Quote] = []

        async def main(client: Client) -> None:
            account = await client.account(virtual.accountId)
            account.onQuote(await account.symbol(NAME), quotes.append)
            virtual.advance((end - start) / 1000)

        virtual.run(main)
        expected = [(each.timestamp, priceFromWire(each.bid, 5), priceFromWire(each.ask, 5)) for each in ticks]
        self.assertEqual([(quote.timestamp, quote.bid, quote.ask) for quote in quotes], expected)
