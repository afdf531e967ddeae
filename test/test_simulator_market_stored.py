"""
Prices from a dataset.
"""

from __future__ import annotations

import tempfile
from array import array
from pathlib import Path
from random import Random
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import Quotes, Ticks
from ctrader_twisted.errors import ConfigurationError, CTraderError
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.source import SummarisedSource
from ctrader_twisted.simulator.market.stored import StoredPrices, readRecording
from ctrader_twisted.simulator.market.summary import Tick
from ctrader_twisted.store import Dataset, DatasetWriter, Series
from ctrader_twisted.tap import sim
from test.storecase import BID, DAY, HOUR, T0, ticks

ASK = Series.ticks("EURUSD", "ask")


def side(seed: int, days: int, price: int) -> Ticks:
    """
    Make ticks, some of which share a millisecond, with days without any.

    @param seed: they follow from it.
    @param days: how many days.
    @param price: the first price.
    @return: the ticks.
    """
    chance, moment = Random(seed), 0
    rows = []
    while moment < days * DAY:
        price += chance.randint(-3, 3)
        rows.append((moment, price))
        moment += chance.choice((0, 0, 1, 1, HOUR, 5 * HOUR, 60 * HOUR))
    return ticks(*rows)


def write(path: Path, bids: Ticks, asks: Ticks, days: int) -> None:
    """
    Write a dataset, of which the first half is final.

    @param path: the folder.
    @param bids: the ticks of the bid.
    @param asks: the ticks of the ask.
    @param days: how many days.
    """
    middle = T0 + days * DAY // 2
    with DatasetWriter(path) as writer:
        for series, rows in ((BID, bids), (ASK, asks)):
            writer.write(series, (T0, middle), rows.between(T0, middle))
            writer.append(series, (middle, T0 + days * DAY), rows.between(middle, T0 + 100 * DAY))


class PropertyTests(SynchronousTestCase):
    """
    The dataset gives what a file of the same quotes gives.
    """

    @settings(deadline=None, max_examples=12)
    @given(
        st.integers(0, 1 << 30), st.lists(st.tuples(st.integers(-DAY, 9 * DAY), st.integers(0, 4 * DAY)), max_size=8)
    )
    def test_same(self, seed: int, spans: list[tuple[int, int]]) -> None:
        """
        Whatever is asked for, in whatever order.
        """
        bids, asks = side(seed, 8, 110_000), side(seed + 1, 8, 110_010)
        quotes = Quotes.merged(bids, asks)
        whole = ReplayedPrices(map(Tick, quotes.timestamps, quotes.bid, quotes.ask))
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "data", bids, asks, 8)
            stored = StoredPrices(Path(folder) / "data", "EURUSD")
            self.assertEqual((stored.first, stored.last), (whole.first, whole.last))
            for start, length in [*spans, *spans[:1], (0, 9 * DAY)]:
                start += T0
                end = start + length
                self.assertEqual(stored.ticks(start, end), whole.ticks(start, end))
                self.assertEqual(stored.summary(start, end), whole.summary(start, end))
                for at in (start, end):
                    self.assertEqual(stored.lastTick(at), whole.lastTick(at))
                    self.assertEqual(stored.nextTick(at), whole.nextTick(at))


class StoredTests(SynchronousTestCase):
    """
    A dataset as a source.
    """

    def setUp(self) -> None:
        """
        Choose a folder.
        """
        self.path = Path(self.mktemp())

    def test_bounded(self) -> None:
        """
        Each day is read once when days follow each other, and only some are kept.
        """
        rows = [(day * DAY + hour * HOUR, 110_000 + day + hour) for day in range(12) for hour in range(24)]
        write(self.path, ticks(*rows), ticks(*[(moment, price + 10) for moment, price in rows]), 12)
        stored = StoredPrices(self.path, "EURUSD")
        self.assertIsInstance(stored, SummarisedSource)
        read = Dataset.read
        days: list[int] = []

        def counted(dataset: Dataset, series: Series, start: int, end: int) -> object:
            if series == BID:
                days.append((start - T0) // DAY)
            return read(dataset, series, start, end)

        with patch.object(Dataset, "read", counted):
            at = T0
            while (tick := stored.nextTick(at)) is not None:
                at = tick.timestamp
            self.assertEqual(len(days), len(set(days)))
            self.assertGreaterEqual(len(days), 10)
            self.assertLessEqual(stored._quotes.cache_info().currsize, 4)
            days.clear()
            self.assertEqual(stored.summary(T0, T0 + 12 * DAY - 1).volume, 12 * 24)  # type: ignore[union-attr]
            self.assertEqual(days, [])

    def test_before(self) -> None:
        """
        A side that does not change on a day is what it was before; there is no tick before both are known.
        """
        write(self.path, ticks((5, 110_000), (3 * DAY, 110_001)), ticks((DAY, 110_010), (4 * DAY, 110_011)), 5)
        stored = StoredPrices(self.path, "EURUSD")
        self.assertEqual(
            [(tick.timestamp - T0, tick.bid, tick.ask) for tick in stored.ticks(0, T0 + 9 * DAY)],
            [(DAY, 110_000, 110_010), (3 * DAY, 110_001, 110_010), (4 * DAY, 110_001, 110_011)],
        )
        self.assertIsNone(stored.lastTick(T0 + 5))
        self.assertIn("of EURUSD in", repr(stored))

    def test_nothing(self) -> None:
        """
        A folder that is no dataset, and one without ticks of both sides, are refused.
        """
        self.path.mkdir()
        error = self.assertRaises(ConfigurationError, StoredPrices, self.path, "EURUSD")
        self.assertIn("is no dataset", str(error))
        with DatasetWriter(self.path) as writer:
            writer.write(BID, (T0, T0 + DAY), ticks((1, 110_000)))
        for name in ("EURUSD", "XAUUSD"):
            error = self.assertRaises(ConfigurationError, StoredPrices, self.path, name)
            self.assertEqual(str(error), f"{self.path} holds no ticks of both sides of {name}")

    def test_growing(self) -> None:
        """
        What is added later is not seen, so that what was told stays true.
        """
        write(self.path, ticks((5, 110_000)), ticks((5, 110_010)), 1)
        stored = StoredPrices(self.path, "EURUSD")
        stored._quotes.cache_clear()
        with DatasetWriter(self.path) as writer:
            for series in (BID, ASK):
                writer.append(
                    series, (T0 + DAY, T0 + 2 * DAY), Ticks(array("q", [T0 + DAY]), array("q", [1]), digits=5)
                )
        self.assertIsNone(stored.nextTick(T0 + 5))


class ChoiceTests(SynchronousTestCase):
    """
    Files and datasets.
    """

    def test_readRecording(self) -> None:
        """
        A folder is a dataset, and all else a file; a dataset has both sides.
        """
        path = Path(self.mktemp())
        write(path, ticks((5, 110_000)), ticks((5, 110_010)), 1)
        self.assertIsInstance(readRecording("EURUSD", path), StoredPrices)
        error = self.assertRaises(ConfigurationError, readRecording, "EURUSD", path, Path("asks.csv"))
        self.assertIn("is a dataset, which has both sides; leave out asks.csv", str(error))
        file = Path(self.mktemp())
        file.write_text("timestamp,bid,ask\n2020-01-02T10:00:00Z,1.1,1.2\n")
        self.assertIsInstance(readRecording("EURUSD", file), ReplayedPrices)

    def test_daemon(self) -> None:
        """
        The daemon replays a dataset, from its first tick on; one that cannot be read ends it with a sentence.
        """
        self.assertIn("EURUSD", [symbol.name for symbol in Catalogue().symbols.values()])
        path = Path(self.mktemp())
        write(path, ticks((5, 110_000)), ticks((5, 110_010)), 1)
        options = sim.Options()
        options.parseOptions(["-d", self.mktemp(), "--replay", f"EURUSD={path}"])
        self.assertEqual(sim.makeService(options).exchange.timeline.epoch, T0 + 5)  # type: ignore[attr-defined]
        for file in path.rglob("*"):
            if file.is_file() and file.name != "_dataset.json":
                file.write_bytes(b"nonsense")
        error = self.assertRaises((SystemExit, CTraderError), sim.makeService, options)
        self.assertIsInstance(error, SystemExit)
        self.assertIn("ctrader-sim:", str(error))
