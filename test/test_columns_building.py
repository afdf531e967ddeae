"""
Tests of bars made of ticks, and of longer bars made of shorter ones.
"""

from __future__ import annotations

from array import array
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import MINUTES, PERIODS, Bar, Ticks, Trendbars, spanOf
from ctrader_twisted.columns.periods import isPartOf
from ctrader_twisted.errors import IllegalValue

MINUTE = 60_000
HOUR = 60 * MINUTE
# The Friday evening before the American clocks go forward.
START = 1_772_838_000_000


def ticksOf(rows: list[tuple[int, int]], complete: bool = True) -> Ticks:
    """
    Make ticks.

    @param rows: time in milliseconds since 1970, and price.
    @param complete: whether they are all.
    @return: the ticks.
    """
    return Ticks(
        array("q", [row[0] for row in rows]), array("q", [row[1] for row in rows]), digits=5, complete=complete
    )


def someTicks(days: int, seed: int = 1) -> Ticks:
    """
    Make some ticks, with silent hours.

    @param days: of how many days.
    @param seed: the seed of chance.
    @return: the ticks.
    """
    chance = Random(seed)
    rows, moment, price = [], START, 110_000
    while moment < START + days * 24 * HOUR:
        rows.append((moment, price))
        moment += chance.choice((0, 1, 60_000, 7 * MINUTE, 3 * HOUR))
        price += chance.randint(-9, 9)
    return ticksOf(rows)


def slowly(ticks: Ticks, period: str) -> list[tuple[int, ...]]:
    """
    Make bars in the plainest way.

    @param ticks: the ticks.
    @param period: the name of the period.
    @return: the columns of each bar.
    """
    bars: dict[int, list[int]] = {}
    for timestamp, price in zip(ticks.timestamps, ticks.prices, strict=True):
        bars.setdefault(spanOf(period, timestamp).opening, []).append(price)
    return [(opening, p[0], max(p), min(p), p[-1], len(p)) for opening, p in bars.items()]


def rowsOf(bars: Trendbars) -> list[tuple[int, ...]]:
    """
    @param bars: bars.
    @return: the columns of each.
    """
    return list(zip(bars.timestamps, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True))


class TickTests(SynchronousTestCase):
    """
    Bars of ticks.
    """

    def test_bars(self) -> None:
        """
        A bar has the first, highest, lowest and last price, and the number of its ticks; a minute without has no bar.
        """
        base = 28_000_000 * MINUTE
        rows = [(base + 5, 7), (base + 5, 9), (base + 59_999, 8), (base + 60_000, 4), (base + 200_000, 3)]
        bars = Trendbars.fromTicks(ticksOf(rows, complete=False), "M1")
        self.assertEqual(
            rowsOf(bars), [(base, 7, 9, 7, 8, 3), (base + MINUTE, 4, 4, 4, 4, 1), (base + 3 * MINUTE, 3, 3, 3, 3, 1)]
        )
        self.assertEqual((bars.period, bars.digits, bars.complete), ("M1", 5, False))
        price = Decimal("0.00004")
        self.assertEqual(bars[1], Bar(base + MINUTE, price, price, price, price, 1))

    def test_everyPeriod(self) -> None:
        """
        Bars of all periods are those of the plainest way, over a change of the clocks.
        """
        ticks = someTicks(40)
        for period in PERIODS:
            self.assertEqual(rowsOf(Trendbars.fromTicks(ticks, period)), slowly(ticks, period), period)

    @settings(deadline=None)
    @given(st.lists(st.integers(0, 10**11), max_size=30).map(sorted), st.sampled_from(PERIODS))
    def test_everyTick(self, timestamps: list[int], period: str) -> None:
        """
        Every tick is in one bar.
        """
        ticks = ticksOf([(timestamp, index * 37 % 11) for index, timestamp in enumerate(timestamps)])
        self.assertEqual(rowsOf(Trendbars.fromTicks(ticks, period)), slowly(ticks, period))

    def test_edges(self) -> None:
        """
        If it is told what the ticks cover, only bars of whole periods are made.
        """
        base = 470_000 * HOUR
        ticks = ticksOf([(base + 30 * MINUTE, 1), (base + HOUR, 2), (base + 2 * HOUR, 3), (base + 3 * HOUR, 4)])

        def openings(start: int | None, end: int | None) -> list[int]:
            bars = Trendbars.fromTicks(ticks, "H1", start=start, end=end)
            return [(opening - base) // HOUR for opening in bars.timestamps]

        self.assertEqual(openings(None, None), [0, 1, 2, 3])
        self.assertEqual(openings(base, base + 4 * HOUR), [0, 1, 2, 3])
        self.assertEqual(openings(base + 1, base + 4 * HOUR), [1, 2, 3])
        self.assertEqual(openings(base + HOUR, base + 4 * HOUR - 1), [1, 2])
        self.assertEqual(openings(None, base + 3 * HOUR), [0, 1, 2])
        self.assertEqual(openings(base + 3 * HOUR, None), [3])

    def test_illegal(self) -> None:
        """
        A period that there is not is refused.
        """
        self.assertRaises(IllegalValue, Trendbars.fromTicks, someTicks(1), "M7")


class ResamplingTests(SynchronousTestCase):
    """
    Longer bars of shorter ones.
    """

    def test_everyPeriod(self) -> None:
        """
        They are the bars that the same ticks make, wherever whole bars fit into the longer ones.
        """
        ticks = someTicks(70)
        made = {period: Trendbars.fromTicks(ticks, period) for period in PERIODS}
        for shorter in PERIODS:
            for longer in filter(lambda longer: isPartOf(shorter, longer), PERIODS):
                bars = made[shorter].resampled(longer)
                self.assertEqual(rowsOf(bars), rowsOf(made[longer]), (shorter, longer))
                self.assertEqual(bars.period, longer)

    def test_edges(self) -> None:
        """
        Only whole periods are kept if it is told what the bars cover; what is known of the bars stays.
        """
        hours = Trendbars.fromTicks(someTicks(5), "H1").marked(False)
        every = hours.resampled("D1")
        some = hours.resampled("D1", start=every.timestamps[0] + 1, end=every.timestamps[-1])
        self.assertEqual(some, every[1:-1])
        self.assertEqual((every.complete, every.digits), (False, 5))

    def test_refused(self) -> None:
        """
        Where bars would have to be cut, the periods that are possible are named.
        """
        bars = Trendbars.fromTicks(someTicks(3), "M4")
        error = self.assertRaises(IllegalValue, bars.resampled, "M10")
        self.assertEqual(error.nearest, ("M4", "H1", "H4", "H12", "D1", "W1", "MN1"))
        self.assertIn("M10 bars do not consist of M4 bars", str(error))
        self.assertRaises(IllegalValue, bars.resampled, "H2")

    def test_otherGrid(self) -> None:
        """
        Bars of a server that opens them at other times are not put into bars that they do not fit.
        """
        column = array("q", [START + MINUTES["H4"] * MINUTE // 3])
        bars = Trendbars(column, column, column, column, column, column, period="H4", digits=5)
        self.assertIn("does not open where H4 bars do", str(self.assertRaises(ValueError, bars.resampled, "D1")))
