"""
Prices from files of bars and of Parquet.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod as Period
from ctrader_twisted.simulator.market.barfiles import PriceBar, barTicks, readBars
from ctrader_twisted.simulator.market.bars import Bar, buildBars
from ctrader_twisted.simulator.market.pricefiles import BARS
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.summary import Tick

MARKET_DATA = Path(__file__).resolve().parents[2] / "shared" / "market-data"
MINUTE = 60_000
FOREVER = 2**41

BIDS = """\
timestamp,open,high,low,close
2012-02-01 00:00:00+00:00,1.57597,1.57606,1.57576,1.57576
2012-02-01T00:01:00Z,1.57576,1.57583,1.57543,1.57580,17

2012-02-01 00:07:00,1.5758,1.5758,1.5758,1.5758
"""

ASKS = """\
timestamp,open,high,low,close
2012-02-01 00:00:00+00:00,1.57608,1.57610,1.57585,1.57585
2012-02-01 00:01:00+00:00,1.57585,1.57591,1.57552,1.57552
2012-02-01 00:07:00+00:00,1.57552,1.57560,1.57548,1.57557
"""

START = 1_328_054_400_000

TICKS_OF_BOTH = [
    Tick(START, 157597, 157608),
    Tick(START + 15_000, 157606, 157610),
    Tick(START + 30_000, 157576, 157585),
    Tick(START + 45_000, 157576, 157585),
    Tick(START + 60_000, 157576, 157585),
    Tick(START + 75_000, 157543, 157552),
    Tick(START + 90_000, 157583, 157591),
    Tick(START + 105_000, 157580, 157552),
    Tick(START + 420_000, 157580, 157552),
    Tick(START + 435_000, 157580, 157548),
    Tick(START + 450_000, 157580, 157560),
    Tick(START + 465_000, 157580, 157557),
]


def swapped(prices: ReplayedPrices) -> ReplayedPrices:
    """
    @return: the same prices with bid and ask exchanged, so that bars are those of the ask.
    """
    return ReplayedPrices([Tick(each.timestamp, each.ask, each.bid) for each in prices.ticks(0, FOREVER)])


def rebuilt(prices: ReplayedPrices, period: int) -> list[PriceBar]:
    """
    @return: the bars of the bid, built from the ticks, as a file would have them.
    """
    bars: list[Bar] = buildBars(prices, period, 0, FOREVER, FOREVER)
    return [PriceBar(bar.minute * MINUTE, bar.open, bar.high, bar.low, bar.close) for bar in bars]


class FileCase(SynchronousTestCase):
    """
    Writes files.
    """

    def write(self, text: str) -> Path:
        """
        @return: the path of a file with this text.
        """
        path = Path(self.mktemp())
        path.write_text(text, encoding="utf-8")
        return path

    def refused(self, path: Path, asks: Path | None = None) -> str:
        """
        @return: why files are refused.
        """
        return str(self.assertRaises(ConfigurationError, ReplayedPrices.fromFile, path, asks))


class BarFileTests(FileCase):
    """
    The bars of both sides become ticks.
    """

    def test_ticks(self) -> None:
        """
        Each bar is four ticks at its quarters; low and high come in the order that the bid's direction says.
        """
        prices = ReplayedPrices.fromFile(self.write(BIDS), self.write(ASKS))
        self.assertEqual(prices.ticks(0, FOREVER), TICKS_OF_BOTH)

    def test_longerBars(self) -> None:
        """
        Bars are as long as the shortest distance between two rows.
        """
        head = "timestamp,open,high,low,close\n"
        rows = "2012-02-01 00:00,1,2,1,2\n2012-02-01 04:00,1,2,1,2\n2012-02-01 05:00,1,2,1,2\n"
        file = self.write(head + rows)
        times = [tick.timestamp - START for tick in ReplayedPrices.fromFile(file, file).ticks(0, FOREVER)]
        self.assertEqual(times[:5], [0, 15 * MINUTE, 30 * MINUTE, 45 * MINUTE, 240 * MINUTE])

    def test_refusals(self) -> None:
        """
        One side alone, sides that do not go together, and bars that cannot be are refused in words.
        """
        bids, asks = self.write(BIDS), self.write(ASKS)
        ticks = self.write("timestamp,bid,ask\n2012-02-01 00:00,1,2\n")
        head = "timestamp,open,high,low,close\n"
        self.assertIn("bars of one side", self.refused(bids))
        self.assertIn("holds no bars", self.refused(bids, ticks))
        self.assertIn("holds no bars", self.refused(ticks, asks))
        lonely = self.refused(bids, self.write(ASKS.replace("00:07:00", "00:08:00")))
        self.assertIn(f"only one has a bar of {START + 420_000} ms", lonely)
        for row, why in (
            ("2012-02-01 00:08:00,1.5,1.4,1.3,1.4", "outside its range"),
            ("2012-02-01 00:08:00,1.5,1.6,1.3,1.2", "outside its range"),
            ("2012-02-01 00:07:00,1.5,1.6,1.3,1.5", "two bars"),
            ("2012-02-01 00:06:00,1.5,1.6,1.3,1.5", "line 6: it is older"),
            ("2012-02-01 00:08:00,1.5,1.6,1.3", "line 6: '2012-02-01 00:08:00,1.5,1.6,1.3' is no bar"),
            ("2012-02-01 00:08:00,1.5,1.6,0,1.5", "line 6: a price of 0"),
        ):
            self.assertIn(why, self.refused(self.write(BIDS + row), asks))
        self.assertIn("holds no bars", self.refused(self.write(head), self.write(head)))

    @given(st.data())
    def test_rebuilt(self, data: st.DataObject) -> None:
        """
        Bars that are built again from the ticks are those that the ticks were made of, on either side.
        """
        minutes = sorted({0, 1, *data.draw(st.lists(st.integers(2, 400), max_size=10))})

        def bars() -> list[PriceBar]:
            made = []
            for minute in minutes:
                low, first, last, high = sorted(data.draw(st.lists(st.integers(1, 90), min_size=4, max_size=4)))
                opening, closing = (first, last) if data.draw(st.booleans()) else (last, first)
                made.append(PriceBar(START + minute * MINUTE, opening, high, low, closing))
            return made

        bids, asks = bars(), bars()
        prices = ReplayedPrices(barTicks(bids, asks))
        self.assertEqual(rebuilt(prices, Period.M1), bids)
        self.assertEqual(rebuilt(swapped(prices), Period.M1), asks)

    def test_realFiles(self) -> None:
        """
        So it is with the bars of a whole month.
        """
        files = [MARKET_DATA / f"gbpusd-m1-{side}-2012.csv" for side in ("bid", "ask")]
        if not files[0].exists():
            raise SkipTest("the market data are not there")
        prices = ReplayedPrices.fromFile(*files)
        self.assertEqual(rebuilt(prices, Period.M1), readBars(files[0]))
        self.assertEqual(rebuilt(swapped(prices), Period.M1), readBars(files[1]))


class ParquetTests(FileCase):
    """
    The same prices as Parquet.
    """

    def table(self, **columns: Any) -> Path:
        """
        @return: the path of a Parquet file with these columns.
        """
        import pyarrow
        from pyarrow import parquet

        path = Path(self.mktemp())
        parquet.write_table(pyarrow.table(columns), path)
        return path

    def test_ticks(self) -> None:
        """
        Times may be times or milliseconds, prices doubles or decimals; other columns do not matter.
        """
        import pyarrow

        times = [1_577_916_000_065, 1_577_916_010_447]
        expected = [Tick(times[0], 112120, 112172), Tick(times[1], 112117, 112161)]
        bids, asks = [1.1212, 1.12117], [Decimal("1.121720"), Decimal("1.121610")]
        for unit, factor in (("ms", 1), ("us", 1000), ("ns", 1_000_000)):
            for zone in (None, "UTC", "America/New_York"):
                stamps = pyarrow.array([time * factor for time in times], pyarrow.timestamp(unit, zone))
                path = self.table(symbol=["a", "b"], timestamp=stamps, bid=bids, ask=asks)
                self.assertEqual(ReplayedPrices.fromFile(path).ticks(0, FOREVER), expected)
        self.assertEqual(
            ReplayedPrices.fromFile(self.table(timestamp=times, ask=asks, bid=bids)).ticks(0, FOREVER), expected
        )

    def test_bars(self) -> None:
        """
        Bars of both sides become the ticks that they become from CSV.
        """
        files = []
        for text in (BIDS, ASKS):
            bars = readBars(self.write(text))
            columns = {name: [getattr(bar, name) / 100_000 for bar in bars] for name in BARS}
            times = [datetime.fromtimestamp(bar.timestamp / 1000, UTC) for bar in bars]
            files.append(self.table(timestamp=times, **columns))
        self.assertEqual(ReplayedPrices.fromFile(*files).ticks(0, FOREVER), TICKS_OF_BOTH)
        self.assertIn("bars of one side", self.refused(files[0]))

    def test_refusals(self) -> None:
        """
        What is missing, and what is no time or price, is refused with its row.
        """
        one: dict[str, Any] = {"timestamp": [1, 2], "bid": [1.0, 1.1], "ask": [1.0, 1.1]}
        for changes, why in (
            ({"bid": [1.0, 1.000001]}, "row 2: the price 1.000001 is finer"),
            ({"bid": [Decimal("1.000001"), Decimal(1)]}, "row 1: the price 1.000001 is finer"),
            ({"bid": [1.0, None]}, "row 2: None is no price"),
            ({"bid": [1.0, float("nan")]}, "row 2: nan is no price"),
            ({"bid": [1, 1]}, "row 1: 1 is no price"),
            ({"bid": [1.0, -1.0]}, "row 2: a price"),
            ({"timestamp": [1, None]}, "row 2: its time is missing"),
            ({"timestamp": [2, 1]}, "row 2: it is older"),
            ({"timestamp": ["a", "b"]}, "neither times nor whole milliseconds"),
        ):
            self.assertIn(why, self.refused(self.table(**{**one, **changes})))
        self.assertIn("has no column ask, bid", self.refused(self.table(timestamp=[1])))
        self.assertIn("holds no ticks", self.refused(self.table(timestamp=[], bid=[], ask=[])))

    def test_broken(self) -> None:
        """
        A file that only begins like Parquet is refused by its name.
        """
        path = self.write("PAR1 and no more")
        self.assertIn(f"{path} cannot be read", self.refused(path))

    def test_notInstalled(self) -> None:
        """
        Without pyarrow the message says what to install.
        """
        path = self.table(timestamp=[1], bid=[1.0], ask=[1.1])
        with patch.dict(sys.modules, {"pyarrow": None}):
            self.assertIn("install ctrader-twisted[data]", self.refused(path))
