"""
Prices from files.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.summary import Tick, summarise

HISTDATA = """\
20200101 170000065,1.121200,1.121720,0
20200101 170010447,1.121200,1.121920,0
20200701 170010447,1.12117,1.1216,0
20200701 170010447,1.12,1,0
"""

ISO = """\
timestamp,bid,ask
2013-01-01 22:00:00.295000+00:00,86.655,86.728
2013-01-01T22:02:35.907999,86.657,86.728

2013-01-02T00:02:36Z,86.655,86.728
2013-01-02 01:02:36+01:00,86.65501,86.728
"""

MARKET_DATA = Path(__file__).resolve().parents[2] / "shared" / "market-data"


class FileTests(SynchronousTestCase):
    """
    What is in the file is what comes out.
    """

    def read(self, text: str) -> ReplayedPrices:
        """
        @return: the prices of a file with this text.
        """
        return ReplayedPrices.fromFile(self.write(text.encode()))

    def write(self, content: bytes) -> Path:
        """
        @return: the path of a file with this content.
        """
        path = Path(self.mktemp())
        path.write_bytes(content)
        return path

    def assertRefused(self, text: str, line: int, why: str) -> None:
        """
        Check that a file is refused because of one of its lines.
        """
        path = self.write(text.encode())
        error = self.assertRaises(ConfigurationError, ReplayedPrices.fromFile, path)
        self.assertIn(f"{path}, line {line}: ", str(error))
        self.assertIn(why, str(error))

    def test_histData(self) -> None:
        """
        Times are five hours behind UTC in summer, too; ticks of one millisecond stay in the order of the file.
        """
        prices = self.read(HISTDATA)
        self.assertEqual(
            [
                Tick(1577916000065, 112120, 112172),
                Tick(1577916010447, 112120, 112192),
                Tick(1593640810447, 112117, 112160),
                Tick(1593640810447, 112000, 100000),
            ],
            prices.ticks(0, 2**41),
        )
        self.assertEqual((1577916000065, 1593640810447), (prices.first, prices.last))

    def test_iso(self) -> None:
        """
        Times are UTC unless they say otherwise, parts of milliseconds are cut, and empty lines do not matter.
        """
        prices = self.read("\ufeff" + ISO.replace("\n", "\r\n"))
        self.assertEqual(
            [
                Tick(1357077600295, 8665500, 8672800),
                Tick(1357077755907, 8665700, 8672800),
                Tick(1357084956000, 8665500, 8672800),
                Tick(1357084956000, 8665501, 8672800),
            ],
            prices.ticks(0, 2**41),
        )

    def test_refusals(self) -> None:
        """
        What is no tick is refused with the number of its line.
        """
        self.assertRefused(HISTDATA + "20200701 170010446,1.1,1.2,0\n", 5, "older")
        self.assertRefused(HISTDATA + "20200801 170010446,1.1\n", 5, "no tick")
        self.assertRefused(HISTDATA + "20201301 170010446,1.1,1.2,0\n", 5, "month")
        self.assertRefused(HISTDATA + "20200801 170010446,1.100001,1.2,0\n", 5, "finer")
        self.assertRefused(HISTDATA + "20200801 170010446,-1.1,1.2,0\n", 5, "no price")
        self.assertRefused(HISTDATA + "20200801 170010446,nan,1.2,0\n", 5, "no price")
        self.assertRefused(HISTDATA + "20200801 170010446,1.1,0.000,0\n", 5, "no price")
        self.assertRefused(ISO + "yesterday,1.1,1.2\n", 7, "isoformat")
        self.assertRefused("open,high,low\n" + HISTDATA, 1, "timestamp,bid,ask")

    def test_otherContent(self) -> None:
        """
        A file that is missing, empty, only a header, or no text is refused by its name.
        """
        missing = Path(self.mktemp())
        for path in (missing, self.write(b""), self.write(b"timestamp,bid,ask\n"), self.write(bytes(range(256)))):
            error = self.assertRaises(ConfigurationError, ReplayedPrices.fromFile, path)
            self.assertIn(str(path), str(error))

    def test_realFiles(self) -> None:
        """
        Each tick of a real file is served with the digits and the milliseconds that the file has.
        """
        path = MARKET_DATA / "eurusd-ticks-2020-01.csv"
        if not path.exists():
            raise SkipTest("the market data are not there")
        ticks = ReplayedPrices.fromFile(path).ticks(0, 2**41)
        lines = path.read_text().splitlines()
        self.assertEqual(len(lines), len(ticks))
        for tick, line in zip(ticks, lines, strict=True):
            time, bid, ask, _ = line.split(",")
            self.assertEqual((Decimal(bid), Decimal(ask)), (Decimal(tick.bid) / 100000, Decimal(tick.ask) / 100000))
            self.assertEqual(
                (int(time[-5:]), int(time[11:13])), (tick.timestamp % 60_000, tick.timestamp // 60_000 % 60)
            )
        self.assertEqual(9500, len(ticks))

    def test_realIsoFile(self) -> None:
        """
        The other layout's real file is served whole, too.
        """
        path = MARKET_DATA / "usdjpy-ticks-2013-01.csv"
        if not path.exists():
            raise SkipTest("the market data are not there")
        ticks = ReplayedPrices.fromFile(path).ticks(0, 2**41)
        lines = path.read_text().splitlines()[1:]
        self.assertEqual(
            [(Decimal(bid), Decimal(ask)) for _, bid, ask in (line.split(",") for line in lines)],
            [(Decimal(tick.bid) / 100000, Decimal(tick.ask) / 100000) for tick in ticks],
        )
        self.assertEqual(Tick(1357077600295, 8665500, 8672800), ticks[0])


def _inOrder(ticks: list[Tick]) -> list[Tick]:
    return sorted(ticks, key=lambda tick: tick.timestamp)


someTicks = st.lists(
    st.builds(Tick, st.integers(0, 50), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=40
).map(_inOrder)


class LookupTests(SynchronousTestCase):
    """
    What is asked of the replay is what a plain look at all ticks says.
    """

    @given(someTicks, st.integers(-2, 52), st.integers(-2, 52))
    def test_lookups(self, ticks: list[Tick], start: int, end: int) -> None:
        """
        Spans include both ends; the last tick may be at the moment itself, the next one not.
        """
        prices = ReplayedPrices(ticks)

        def within(low: int, high: int) -> Iterator[Tick]:
            return (tick for tick in ticks if low <= tick.timestamp <= high)

        self.assertEqual(list(within(start, end)), prices.ticks(start, end))
        self.assertEqual(summarise(list(within(start, end))), prices.summary(start, end))
        self.assertEqual([*within(-9, start)][-1:], [tick for tick in [prices.lastTick(start)] if tick])
        self.assertEqual(next(within(start + 1, 99), None), prices.nextTick(start))
