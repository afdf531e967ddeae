"""
Trendbars.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import groupby

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod as Period
from ctrader_twisted.simulator.market.bars import Bar, buildBars
from ctrader_twisted.simulator.market.periods import PERIODS, spanOf
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.seeded import SeededPrices
from ctrader_twisted.simulator.market.source import PriceSource
from ctrader_twisted.simulator.market.specification import SymbolSpec
from ctrader_twisted.simulator.market.summary import Tick
from ctrader_twisted.simulator.market.symbols import SYMBOLS

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(text: str) -> int:
    """
    @param text: an ISO date and time, UTC.
    @return: the milliseconds since 1970.
    """
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def plainBars(period: int, ticks: list[Tick]) -> list[Bar]:
    """
    @return: the bars of some ticks, made in the plainest way.
    """
    bars = []
    for opening, group in groupby(ticks, key=lambda tick: spanOf(period, tick.timestamp).opening):
        bids = [tick.bid for tick in group]
        bars.append(Bar(opening // MINUTE, bids[0], max(bids), min(bids), bids[-1], len(bids)))
    return bars


class TicksOnly:
    """
    A source that cannot sum up.
    """

    def __init__(self, source: PriceSource) -> None:
        self.ticks = source.ticks
        self.lastTick = source.lastTick
        self.nextTick = source.nextTick


class BarTests(SynchronousTestCase):
    """
    Bars are what the ticks say, whoever makes them.
    """

    def test_everyPeriod(self) -> None:
        """
        From the beginning of history to a moment within a minute, bars of every period are those of the ticks, whether
        the prices are seeded, replayed, or from a source that only has ticks; the last one is still forming.
        """
        since = date(2026, 3, 1)
        quiet = evolve(SYMBOLS[4], motion=evolve(SYMBOLS[4].motion, ticksPerMinute=5))
        seeded = SeededPrices(5, quiet, since=since)
        now = at("2026-03-10T14:35:27")
        ticks = seeded.ticks(0, now)
        sources: list[PriceSource] = [seeded, ReplayedPrices(ticks), TicksOnly(ReplayedPrices(ticks))]
        for period in PERIODS:
            expected = plainBars(period, ticks)
            for source in sources:
                self.assertEqual(expected, buildBars(source, period, 0, 2**41, now))

    def test_span(self) -> None:
        """
        The bars are those that open in the span, both ends included, and a bar that began before it is left out.
        """
        prices = SeededPrices(5, SYMBOLS[0])
        start = at("2026-03-10T14:00")
        bars = buildBars(prices, Period.H1, start, start + 2 * HOUR, start + DAY)
        self.assertEqual([start // MINUTE + 60 * hour for hour in range(3)], [bar.minute for bar in bars])
        later = buildBars(prices, Period.H1, start + 1, start + 2 * HOUR - 1, start + DAY)
        self.assertEqual(bars[1:2], later)

    def test_limit(self) -> None:
        """
        With a limit come the newest bars, the oldest of them first.
        """
        prices = SeededPrices(5, SYMBOLS[0])
        now = at("2026-03-10T14:00:30")
        every = buildBars(prices, Period.M5, now - DAY, now, now)
        self.assertEqual(every[-10:], buildBars(prices, Period.M5, now - DAY, now, now, 10))
        self.assertEqual([], buildBars(prices, Period.M5, now - DAY, now, now, 0))

    def test_future(self) -> None:
        """
        Nothing later than now shows: the forming bar holds the ticks until now and no bar opens after now.
        """
        prices = SeededPrices(5, SYMBOLS[0])
        now = at("2026-03-10T14:00:30")
        (bar,) = buildBars(prices, Period.M1, now - MINUTE + 1, now + HOUR, now)
        self.assertEqual(len(prices.ticks(at("2026-03-10T14:00"), now)), bar.volume)
        self.assertEqual([], buildBars(prices, Period.M1, now + 1, now + HOUR, now))

    def test_gaps(self) -> None:
        """
        Where there are no ticks there are no bars, however long that is.
        """
        prices = ReplayedPrices([Tick(at("2001-01-02T10:00"), 5, 7), Tick(at("2024-01-02T10:00"), 6, 8)])
        bars = buildBars(prices, Period.M1, 0, at("2026-01-01T00:00"), at("2026-01-01T00:00"))
        self.assertEqual([at("2001-01-02T10:00"), at("2024-01-02T10:00")], [bar.minute * MINUTE for bar in bars])

    def test_daysOverClockChanges(self) -> None:
        """
        Around both changes of the American clocks there are five days a week, which open at 17:00 in New York.
        """
        prices = SeededPrices(5, SYMBOLS[0])
        for start, before, after in (("2026-03-01T00:00", 22, 21), ("2026-10-25T00:00", 21, 22)):
            bars = buildBars(prices, Period.D1, at(start), at(start) + 14 * DAY, at(start) + 30 * DAY)
            hours = [bar.minute // 60 % 24 for bar in bars]
            self.assertEqual([before] * 5 + [after] * 5, hours)

    def test_largePages(self) -> None:
        """
        A page of 1000 bars of any period needs a few nodes for each bar and nearly no ticks.
        """
        now = at("2026-03-10T14:00:30")
        whole: dict[int, int] = {Period.MN1: 315}
        for period in PERIODS:
            prices = SeededPrices(5, SYMBOLS[0])
            bars = buildBars(prices, period, 0, now, now, 1000)
            self.assertEqual(whole.get(period, 1000), len(bars))
            self.assertLess(prices._children.cache_info().misses, 4_000, period)
            self.assertLess(prices._minute.cache_info().misses, 250, period)


# Which period's bars each longer period's bars are made of.
PARTS = {
    Period.M2: Period.M1,
    Period.M3: Period.M1,
    Period.M4: Period.M2,
    Period.M5: Period.M1,
    Period.M10: Period.M5,
    Period.M15: Period.M5,
    Period.M30: Period.M10,
    Period.H1: Period.M15,
    Period.H4: Period.H1,
    Period.H12: Period.H4,
    Period.D1: Period.H12,
    Period.W1: Period.D1,
    Period.MN1: Period.D1,
}


def joinedBars(period: int, bars: list[Bar]) -> list[Bar]:
    """
    @return: the bars of a longer period, made of those of a shorter one.
    """
    made = []
    for opening, group in groupby(bars, key=lambda bar: spanOf(period, bar.minute * MINUTE).opening):
        parts = list(group)
        highest, lowest = max(part.high for part in parts), min(part.low for part in parts)
        volume = sum(part.volume for part in parts)
        made.append(Bar(opening // MINUTE, parts[0].open, highest, lowest, parts[-1].close, volume))
    return made


class AgreementTests(SynchronousTestCase):
    """
    Bars of different periods agree with each other, whatever the clocks do.
    """

    def assertAgreement(self, source: PriceSource, now: int, since: int) -> None:
        """
        Check that the bars of every period are those of the next shorter ones, from the first that is whole on.
        """
        bars = {period: buildBars(source, period, spanOf(period, since).closing, now, now) for period in PERIODS}
        for period, part in PARTS.items():
            start = spanOf(period, since).closing // MINUTE
            parts = [bar for bar in bars[part] if bar.minute >= start]
            self.assertEqual(bars[period], joinedBars(period, parts), period)

    @given(st.integers(at("2024-12-20T00:00"), at("2027-01-10T00:00")), st.sampled_from(SYMBOLS))
    @settings(max_examples=15, deadline=None)
    def test_anyTime(self, now: int, symbol: SymbolSpec) -> None:
        """
        So it is at any moment, with the last bars still forming.
        """
        self.assertAgreement(SeededPrices(5, symbol), now, now - 3 * DAY)

    def test_clockChanges(self) -> None:
        """
        So it is in the weeks in which the American clocks change, and in the months of these, up to a year.
        """
        prices = SeededPrices(5, SYMBOLS[0])
        for moment in ("2026-03-10T14:35:27", "2026-11-03T14:35:27"):
            now = at(moment)
            self.assertAgreement(prices, now, now - 8 * DAY)
            hours = buildBars(prices, Period.H1, now - 400 * DAY, now, now)
            for period in (Period.D1, Period.W1, Period.MN1):
                start = spanOf(period, now - 400 * DAY).closing
                parts = [hour for hour in hours if hour.minute * MINUTE >= start]
                self.assertEqual(buildBars(prices, period, start, now, now), joinedBars(period, parts))

    def test_clockChangesInsideTheWeek(self) -> None:
        """
        Of a market that never closes, the day on which clocks go forward has 23 hours, and that on which they go back
        25; bars of four and twelve hours begin with the day, and its last ones are cut short or of one hour.
        """
        for sunday, hours, lastHours in (("2026-03-07T22:00", 23, 3), ("2026-10-31T21:00", 25, 1)):
            start = at(sunday)
            end = start + hours * HOUR
            ticks = [Tick(moment, 100 + moment // 77 % 900, 1_100) for moment in range(start - DAY, end + DAY, 300_000)]
            prices = ReplayedPrices(ticks)
            self.assertAgreement(prices, end + DAY, start - DAY)
            (day,) = buildBars(prices, Period.D1, start, end - 1, end + DAY)
            self.assertEqual((day.minute, day.volume), (start // MINUTE, hours * 12))
            fours = buildBars(prices, Period.H4, start, end - 1, end + DAY)
            self.assertEqual(fours[-1].volume, lastHours * 12)
            self.assertEqual([bar.minute - start // MINUTE for bar in fours], [240 * n for n in range(len(fours))])
            self.assertEqual(spanOf(Period.D1, end).opening, end)

    def test_weeksAndMonths(self) -> None:
        """
        Weeks begin on Sunday at 17:00 in New York, months at that time of the day before their first; ticks on both
        sides of these moments fall into different bars.
        """
        for period, moment in (
            (Period.W1, "2026-03-08T21:00"),
            (Period.W1, "2026-11-01T22:00"),
            (Period.MN1, "2026-03-31T21:00"),
            (Period.MN1, "2026-11-30T22:00"),
        ):
            edge = at(moment)
            prices = ReplayedPrices([Tick(edge - 1, 5, 6), Tick(edge, 7, 8)])
            before, after = buildBars(prices, period, 0, edge, edge + DAY)
            self.assertEqual((before.close, after.open, after.minute), (5, 7, edge // MINUTE))
