"""
Prices made up from a seed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod as Period
from ctrader_twisted.simulator.market.bars import buildBars
from ctrader_twisted.simulator.market.paths import DRAWS_PER_CHILD, MIN_TICKS, bell, minutePath, split
from ctrader_twisted.simulator.market.seeded import SeededPrices
from ctrader_twisted.simulator.market.source import SummarisedSource
from ctrader_twisted.simulator.market.summary import Summary, Tick, joined, summarise
from ctrader_twisted.simulator.market.symbols import SYMBOLS
from ctrader_twisted.simulator.world import EPOCH

HOUR = 3_600_000
EURUSD = SYMBOLS[0]
QUIET = evolve(EURUSD, motion=evolve(EURUSD.motion, ticksPerMinute=5))
"""
A symbol with few ticks, where a test makes those of weeks.
"""


def at(text: str) -> int:
    """
    @param text: an ISO date and time, UTC.
    @return: the milliseconds since 1970.
    """
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


WEDNESDAY = at("2026-03-04T12:00")

moments = st.integers(at("2025-12-30T00:00"), at("2026-03-20T00:00"))

KNOWN = [(1772625601538, 111749, 111756), (1772625604640, 111743, 111756), (1772625607413, 111743, 111749)]


class SeededPricesTests(SynchronousTestCase):
    """
    The prices are one world: the same however one asks, and as a market would show them.
    """

    def test_knownPrices(self) -> None:
        """
        The first ticks of a minute are these, on every platform and in every release.
        """
        ticks = SeededPrices(1, EURUSD).ticks(WEDNESDAY, WEDNESDAY + 59_999)
        self.assertEqual(KNOWN, [tuple(tick) for tick in ticks[:3]])

    def test_orderOfAsking(self) -> None:
        """
        Another instance that was asked for other times before, and for pieces, gives the same ticks.
        """
        whole = SeededPrices(7, EURUSD).ticks(WEDNESDAY, WEDNESDAY + HOUR)
        other = SeededPrices(7, EURUSD)
        other.ticks(WEDNESDAY + 9 * HOUR, WEDNESDAY + 10 * HOUR)
        late = other.ticks(WEDNESDAY + HOUR // 2 + 1, WEDNESDAY + HOUR)
        early = other.ticks(WEDNESDAY, WEDNESDAY + HOUR // 2)
        self.assertEqual(whole, early + late)

    def test_seedsAndSymbolsDiffer(self) -> None:
        """
        Another seed gives other prices, and so does another symbol.
        """
        worlds = {
            tuple(SeededPrices(seed, symbol).ticks(WEDNESDAY, WEDNESDAY + 60_000))
            for seed in (1, 2, -3, 2**80)
            for symbol in SYMBOLS
        }
        self.assertEqual(4 * len(SYMBOLS), len(worlds))

    def test_continuous(self) -> None:
        """
        A minute opens within one step of where the one before closed, over the borders of hours and days, too, and
        time never runs backwards.
        """
        start = at("2026-03-03T20:00")
        for symbol in SYMBOLS:
            ticks = SeededPrices(3, symbol).ticks(start, start + 4 * HOUR)
            self.assertTrue(all(before.timestamp <= after.timestamp for before, after in pairwise(ticks)))
            borders = [
                abs(after.bid - before.bid)
                for before, after in pairwise(ticks)
                if before.timestamp // 60_000 != after.timestamp // 60_000
            ]
            self.assertEqual(4 * 60 - 1, len(borders))
            self.assertLessEqual(max(borders), symbol.point, symbol.name)

    def test_noWildJumps(self) -> None:
        """
        From tick to tick the price moves by less than half of what it moves in a week, and by little on average.
        """
        for symbol in SYMBOLS:
            ticks = SeededPrices(3, symbol).ticks(WEDNESDAY - 2 * HOUR, WEDNESDAY + 2 * HOUR)
            jumps = [abs(after.bid - before.bid) for before, after in pairwise(ticks)]
            week = symbol.motion.reference * symbol.motion.volatility // 10_000
            self.assertLess(max(jumps), week // 2, symbol.name)
            self.assertLess(sum(jumps), week * len(jumps) // 100, symbol.name)

    def test_neverFrozen(self) -> None:
        """
        In every hour of a week the price moves by some steps at least.
        """
        start = at("2026-03-01T22:00")
        for symbol in SYMBOLS:
            prices = SeededPrices(3, symbol)
            for hour in range(start, start + 120 * HOUR, HOUR):
                summary = prices.summary(hour, hour + HOUR - 1)
                assert summary is not None
                self.assertGreaterEqual(summary.high - summary.low, 5 * symbol.point, symbol.name)

    def test_looksLikeAMarket(self) -> None:
        """
        Prices lie on the symbol's digits, spreads are near the usual one, a minute has 5 to 60 ticks on average, and
        bid and ask move alone, together, or not at all.
        """
        for symbol in SYMBOLS:
            ticks = SeededPrices(3, symbol).ticks(WEDNESDAY, WEDNESDAY + HOUR)
            spreads = [tick.ask - tick.bid for tick in ticks]
            self.assertTrue(all(tick.bid % symbol.point == tick.ask % symbol.point == 0 for tick in ticks))
            usual = symbol.motion.spread * symbol.point
            self.assertTrue(usual // 2 <= min(spreads) and max(spreads) <= 2 * usual, symbol.name)
            self.assertTrue(10 * 60 <= len(ticks) <= 120 * 60, symbol.name)
            moves = {(before.bid != after.bid, before.ask != after.ask) for before, after in pairwise(ticks)}
            self.assertEqual(4, len(moves))

    def test_closedAtWeekends(self) -> None:
        """
        From Friday 17:00 to Sunday 17:00 in New York there are no ticks, on either side of a change of the clocks.
        """
        prices = SeededPrices(1, EURUSD)
        for friday, sunday in (("2026-03-06T22:00", "2026-03-08T21:00"), ("2026-10-30T21:00", "2026-11-01T22:00")):
            closing, opening = at(friday), at(sunday)
            self.assertEqual([], prices.ticks(closing, opening - 1))
            self.assertIsNone(prices.summary(closing + HOUR, closing + 2 * HOUR))
            last, following = prices.lastTick(opening - 1), prices.nextTick(closing)
            assert last is not None
            self.assertTrue(closing - 60_000 <= last.timestamp < closing)
            self.assertTrue(opening <= following.timestamp < opening + 60_000)

    def test_spreads(self) -> None:
        """
        Spreads are widest when the week begins, wide when a day begins or the week ends, wider than usual at night, and
        the usual ones while London and New York are awake; bids do not depend on that.
        """
        prices = SeededPrices(2, EURUSD)

        def spread(moment: str) -> float:
            ticks = prices.ticks(at(moment), at(moment) + 600_000)
            return sum(tick.ask - tick.bid for tick in ticks) / len(ticks) / EURUSD.motion.spread

        usual = spread("2026-03-04T15:00")
        self.assertApproximates(usual, 1, 0.15)
        for moment, times in (
            ("2026-03-01T22:00", 8),
            ("2026-03-01T22:30", 4),
            ("2026-03-04T22:00", 4),
            ("2026-03-04T22:30", 2),
            ("2026-03-05T03:00", 1.5),
            ("2026-03-05T08:00", 1),
            ("2026-03-05T21:20", 1.5),
            ("2026-03-06T21:20", 3),
        ):
            self.assertApproximates(spread(moment) / usual, times, times * 0.2, moment)

    def test_holidays(self) -> None:
        """
        On Christmas and on New Year's Day, which begin on the evening before, there are no ticks, and no bars, whatever
        way one asks; the price goes on afterwards, with a gap.
        """
        prices = SeededPrices(1, QUIET)
        for opening, closing, following in (
            ("2025-12-24T22:00", "2025-12-25T22:00", "2025-12-25T22:00"),
            ("2026-12-31T22:00", "2027-01-01T22:00", "2027-01-03T22:00"),
        ):
            start, end = at(opening), at(closing)
            self.assertEqual([], prices.ticks(start, end - 1))
            self.assertIsNone(prices.summary(start, end - 1))
            last, after = prices.lastTick(end - 1), prices.nextTick(start)
            assert last is not None
            self.assertTrue(start - 60_000 <= last.timestamp < start)
            self.assertTrue(at(following) <= after.timestamp < at(following) + 60_000)
            self.assertEqual(after, prices.nextTick(start + 3 * HOUR))
            week = (start - 5 * 24 * HOUR, end + 5 * 24 * HOUR)
            self.assertEqual(summarise(prices.ticks(*week)), prices.summary(*week))
        days = buildBars(prices, Period.D1, at("2025-12-22T00:00"), at("2025-12-26T00:00"), at("2026-01-10T00:00"))
        self.assertEqual(
            [datetime.fromtimestamp(bar.minute * 60, UTC).day for bar in days],
            [22, 23, 25],
        )

    def test_beginningOfHistory(self) -> None:
        """
        Before the week in which history begins there is nothing, and the next tick is the first of that week.
        """
        prices = SeededPrices(1, EURUSD, since=date(2026, 1, 7))
        opening = at("2026-01-04T22:00")
        self.assertIsNone(prices.lastTick(opening - 1))
        self.assertEqual([], prices.ticks(0, opening - 1))
        self.assertEqual(prices.nextTick(opening - 1), prices.nextTick(0))

    @given(moments)
    def test_neighbours(self, moment: int) -> None:
        """
        The last and the next tick of any moment are those that a look at the ticks around finds.
        """
        prices = SeededPrices(5, EURUSD)
        before, following = prices.lastTick(moment), prices.nextTick(moment)
        assert before is not None
        self.assertTrue(before.timestamp <= moment < following.timestamp)
        self.assertEqual(before, prices.ticks(before.timestamp, moment)[-1])
        self.assertEqual(following, prices.nextTick(before.timestamp))
        self.assertEqual([], prices.ticks(before.timestamp + 1, following.timestamp - 1))

    @given(moments, st.integers(0, 3 * HOUR))
    def test_summaries(self, start: int, length: int) -> None:
        """
        The summary of any span is what its ticks amount to.
        """
        prices = SeededPrices(5, SYMBOLS[2])
        self.assertEqual(summarise(prices.ticks(start, start + length)), prices.summary(start, start + length))

    def test_summaryOfAWeek(self) -> None:
        """
        A week's summary, which makes no ticks, is what all its ticks amount to.
        """
        prices = SeededPrices(5, QUIET)
        self.assertIsInstance(prices, SummarisedSource)
        start, end = at("2026-03-01T22:00"), at("2026-03-06T22:00") - 1
        self.assertEqual(summarise(prices.ticks(start, end)), prices.summary(start, end))

    def test_staysNearItsReference(self) -> None:
        """
        Over a quarter of a century no price leaves half and twice its reference.
        """
        for symbol in SYMBOLS:
            whole = SeededPrices(11, symbol).summary(0, WEDNESDAY)
            assert whole is not None
            self.assertTrue(symbol.motion.reference < 2 * whole.low < 2 * whole.high < 4 * symbol.motion.reference)


bits = st.integers(0, 2**64 - 1)


@st.composite
def spans(draw: st.DrawFn, ticks: int) -> Summary:
    """
    @param ticks: the least number of ticks.
    @return: any possible summary.
    """
    low, opening, closing, high = sorted(draw(st.tuples(*[st.integers(1000, 1300)] * 4)))
    if draw(st.booleans()):
        opening, closing = closing, opening
    return Summary(opening, high, low, closing, draw(st.integers(ticks, 3 * ticks)))


class SpanTests(SynchronousTestCase):
    """
    The ticks of a span.
    """

    @given(st.integers(0, 400_000), st.integers(0, 200_000))
    def test_partOfMinutes(self, start: int, length: int) -> None:
        """
        A span has those of the ticks of its whole minutes that lie in it.
        """
        prices = SeededPrices(7, SYMBOLS[0])
        first = EPOCH + start
        whole = prices.ticks(EPOCH, EPOCH + 660_000)
        self.assertEqual(
            prices.ticks(first, first + length), [tick for tick in whole if first <= tick.timestamp <= first + length]
        )


class PathTests(SynchronousTestCase):
    """
    Filling a span in loses and adds nothing.
    """

    @given(spans(6 * 10 * MIN_TICKS), st.lists(bits, min_size=6 * DRAWS_PER_CHILD, max_size=6 * DRAWS_PER_CHILD))
    def test_split(self, parent: Summary, draws: list[int]) -> None:
        """
        The parts join to the whole, each is possible in itself, and each follows from the one before.
        """
        parts = split(parent, 10, (5, 8, 9, 14, 20, 12), draws)
        self.assertEqual(parent, joined(parts))
        for part in parts:
            self.assertTrue(part.low <= min(part.open, part.close) <= max(part.open, part.close) <= part.high)
            self.assertGreaterEqual(part.volume, 10 * MIN_TICKS)
        self.assertTrue(all(abs(before.close - after.open) <= 1 for before, after in pairwise(parts)))

    @given(spans(MIN_TICKS), st.integers(1, 30), st.data())
    def test_minute(self, span: Summary, spread: int, data: st.DataObject) -> None:
        """
        The ticks of a minute amount to it, lie within it and in order, and ask is above bid.
        """
        draws = data.draw(st.lists(bits, min_size=span.volume, max_size=span.volume))
        ticks = list(map(Tick, *minutePath(span, spread, draws)))
        self.assertEqual(span, summarise(ticks))
        times = [tick.timestamp for tick in ticks]
        self.assertEqual(sorted(times), times)
        self.assertTrue(times[0] >= 0 and times[-1] < 60_000)
        self.assertTrue(all(tick.bid < tick.ask for tick in ticks))

    @given(bits, st.integers(0, 10_000))
    def test_bell(self, draw: int, deviation: int) -> None:
        """
        A drawn number is within three and a half deviations.
        """
        self.assertLessEqual(abs(bell(draw, deviation)), deviation * 7 // 2 + 1)
