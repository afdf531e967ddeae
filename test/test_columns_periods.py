"""
Tests of where bars begin and end.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import MINUTES, PERIODS, Span, spanOf
from ctrader_twisted.columns.periods import checkedPeriod, isPartOf
from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod
from ctrader_twisted.simulator.market import periods as simulated

MINUTE = 60_000
HOUR = 60 * MINUTE


def at(text: str) -> int:
    """
    @param text: an ISO date and time, UTC.
    @return: the milliseconds since 1970.
    """
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


class SpanTests(SynchronousTestCase):
    """
    Short bars lie on the UTC grid, long ones follow New York.
    """

    def assertSpan(self, period: str, moment: str, opening: str, closing: str) -> None:
        """
        Check the bar that a moment lies in.
        """
        self.assertEqual(spanOf(period, at(moment)), Span(at(opening), at(closing)))

    def test_names(self) -> None:
        """
        All fourteen periods of the schema are known, and no other.
        """
        self.assertEqual(list(PERIODS), ProtoOATrendbarPeriod.keys())
        self.assertEqual(checkedPeriod("MN1"), "MN1")
        error = self.assertRaises(IllegalValue, spanOf, "M7", 0)
        self.assertEqual(error.nearest, PERIODS)

    def test_withinTheHour(self) -> None:
        """
        Minutes and hours do not care about New York.
        """
        self.assertSpan("M4", "2026-07-01T12:34:56", "2026-07-01T12:32", "2026-07-01T12:36")
        self.assertSpan("H1", "2026-07-01T12:00", "2026-07-01T12:00", "2026-07-01T13:00")

    def test_days(self) -> None:
        """
        A day begins at 17:00 in New York, and has an hour less or more when the clocks change.
        """
        self.assertSpan("D1", "2026-01-14T21:59:59", "2026-01-13T22:00", "2026-01-14T22:00")
        self.assertSpan("D1", "2026-07-14T21:00", "2026-07-14T21:00", "2026-07-15T21:00")
        self.assertSpan("D1", "2026-03-08T12:00", "2026-03-07T22:00", "2026-03-08T21:00")
        self.assertSpan("H4", "2026-03-08T20:59", "2026-03-08T18:00", "2026-03-08T21:00")
        self.assertSpan("D1", "2026-11-01T21:30", "2026-10-31T21:00", "2026-11-01T22:00")
        self.assertSpan("H12", "2026-11-01T21:30", "2026-11-01T21:00", "2026-11-01T22:00")

    def test_weeksAndMonths(self) -> None:
        """
        A week begins on Sunday evening, and a month on the evening before its first day.
        """
        self.assertSpan("W1", "2026-07-15T12:00", "2026-07-12T21:00", "2026-07-19T21:00")
        self.assertSpan("MN1", "2026-03-31T20:59", "2026-02-28T22:00", "2026-03-31T21:00")
        self.assertSpan("MN1", "2026-12-31T22:00", "2026-12-31T22:00", "2027-01-31T22:00")

    def test_simulator(self) -> None:
        """
        Client and simulator agree, around each change of the clocks of twenty years, and in between.
        """
        changes = [moment for year in range(2007, 2027) for moment in (at(f"{year}-03-08"), at(f"{year}-11-01"))]
        for change in changes:
            for hours in (*range(-30, 8 * 24, 7), 60 * 24):
                moment = change + hours * HOUR - hours % 2
                for period in PERIODS:
                    expected = simulated.spanOf(ProtoOATrendbarPeriod.Value(period), moment)
                    self.assertEqual(tuple(spanOf(period, moment)), tuple(expected), (period, moment))

    @settings(deadline=None)
    @given(st.sampled_from(PERIODS), st.integers(0, 2**31 * 1000))
    def test_everyMoment(self, period: str, moment: int) -> None:
        """
        Every moment lies in one bar, which is the bar of all of its moments, and the next one follows at once.
        """
        span = spanOf(period, moment)
        self.assertLessEqual(span.opening, moment)
        self.assertLess(moment, span.closing)
        self.assertEqual((spanOf(period, span.opening), spanOf(period, span.closing - 1)), (span, span))
        self.assertEqual(spanOf(period, span.closing).opening, span.closing)
        self.assertLessEqual(span.closing - span.opening, (MINUTES[period] + 60) * MINUTE)

    @settings(deadline=None)
    @given(st.integers(0, 2**31 * 1000))
    def test_parts(self, moment: int) -> None:
        """
        A bar of a period that is part of another lies in one bar of it.
        """
        for longer in PERIODS:
            whole = spanOf(longer, moment)
            for shorter in PERIODS:
                if isPartOf(shorter, longer):
                    part = spanOf(shorter, moment)
                    self.assertLessEqual(whole.opening, part.opening, (shorter, longer))
                    self.assertLessEqual(part.closing, whole.closing, (shorter, longer))

    def test_outside(self) -> None:
        """
        A moment that no calendar has is refused.
        """
        for moment in (10**17, -(10**17)):
            for period in ("H4", "D1", "MN1"):
                self.assertRaises(IllegalValue, spanOf, period, moment)


class PartTests(SynchronousTestCase):
    """
    Which bars make up which.
    """

    def test_parts(self) -> None:
        """
        Each period makes up itself and its multiples; weeks make up no months.
        """
        self.assertTrue(all(isPartOf(period, period) for period in PERIODS))
        self.assertTrue(all(isPartOf(*pair) for pair in pairwise(("M1", "M5", "M10", "M30", "H1", "H4", "H12", "D1"))))
        self.assertTrue(isPartOf("D1", "W1") and isPartOf("D1", "MN1") and isPartOf("M1", "MN1"))
        for pair in (("M2", "M5"), ("M3", "M4"), ("M4", "M10"), ("M10", "M15"), ("H4", "H1"), ("W1", "MN1")):
            self.assertFalse(isPartOf(*pair), pair)
        self.assertRaises(IllegalValue, isPartOf, "M1", "H2")
        self.assertRaises(IllegalValue, isPartOf, "H2", "D1")
