"""
Trendbars.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import groupby

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod as Period
from ctrader_twisted.simulator.market.bars import Bar, buildBars
from ctrader_twisted.simulator.market.periods import PERIODS, spanOf
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.seeded import SeededPrices
from ctrader_twisted.simulator.market.source import PriceSource
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
        seeded = SeededPrices(5, SYMBOLS[4], since=since)
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
