"""
Where bars begin and end.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod as Period
from ctrader_twisted.simulator.market.periods import PERIODS, Span, spanOf


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

    def assertSpan(self, period: int, moment: str, opening: str, closing: str) -> None:
        """
        Check the bar that a moment belongs to.
        """
        self.assertEqual(Span(at(opening), at(closing)), spanOf(period, at(moment)))

    def test_all(self) -> None:
        """
        All fourteen periods of the schema are known.
        """
        self.assertEqual(sorted(Period.values()), sorted(PERIODS))
        self.assertRaises(KeyError, spanOf, 15, 0)

    def test_withinTheHour(self) -> None:
        """
        Minutes and hours do not care about New York.
        """
        self.assertSpan(Period.M1, "2026-07-01T12:34:56", "2026-07-01T12:34", "2026-07-01T12:35")
        self.assertSpan(Period.M4, "2026-07-01T12:34:56", "2026-07-01T12:32", "2026-07-01T12:36")
        self.assertSpan(Period.M30, "2026-07-01T12:34:56", "2026-07-01T12:30", "2026-07-01T13:00")
        self.assertSpan(Period.H1, "2026-07-01T12:00", "2026-07-01T12:00", "2026-07-01T13:00")

    def test_dayInWinterAndSummer(self) -> None:
        """
        Scenario 64: A day begins at 22:00 UTC in winter and at 21:00 UTC in summer.
        """
        self.assertSpan(Period.D1, "2026-01-14T21:59:59", "2026-01-13T22:00", "2026-01-14T22:00")
        self.assertSpan(Period.D1, "2026-01-14T22:00", "2026-01-14T22:00", "2026-01-15T22:00")
        self.assertSpan(Period.D1, "2026-07-14T20:59:59", "2026-07-13T21:00", "2026-07-14T21:00")

    def test_spring(self) -> None:
        """
        The day on which American clocks go forward has 23 hours, and its last four-hour bar three.
        """
        self.assertSpan(Period.D1, "2026-03-06T12:00", "2026-03-05T22:00", "2026-03-06T22:00")
        self.assertSpan(Period.D1, "2026-03-08T12:00", "2026-03-07T22:00", "2026-03-08T21:00")
        self.assertSpan(Period.D1, "2026-03-08T21:00", "2026-03-08T21:00", "2026-03-09T21:00")
        self.assertSpan(Period.H4, "2026-03-08T20:59", "2026-03-08T18:00", "2026-03-08T21:00")
        self.assertSpan(Period.H4, "2026-03-09T00:00", "2026-03-08T21:00", "2026-03-09T01:00")

    def test_autumn(self) -> None:
        """
        The day on which American clocks go back has 25 hours, of which the last makes a bar of its own.
        """
        self.assertSpan(Period.D1, "2026-11-01T21:30", "2026-10-31T21:00", "2026-11-01T22:00")
        self.assertSpan(Period.H12, "2026-11-01T21:30", "2026-11-01T21:00", "2026-11-01T22:00")
        self.assertSpan(Period.D1, "2026-11-01T22:00", "2026-11-01T22:00", "2026-11-02T22:00")

    def test_partsOfDays(self) -> None:
        """
        Bars of four and twelve hours count from the beginning of the day.
        """
        self.assertSpan(Period.H4, "2026-01-14T12:00", "2026-01-14T10:00", "2026-01-14T14:00")
        self.assertSpan(Period.H4, "2026-07-14T12:00", "2026-07-14T09:00", "2026-07-14T13:00")
        self.assertSpan(Period.H12, "2026-07-14T12:00", "2026-07-14T09:00", "2026-07-14T21:00")

    def test_week(self) -> None:
        """
        A week begins on Sunday at 17:00 in New York.
        """
        self.assertSpan(Period.W1, "2026-03-06T12:00", "2026-03-01T22:00", "2026-03-08T21:00")
        self.assertSpan(Period.W1, "2026-03-08T21:00", "2026-03-08T21:00", "2026-03-15T21:00")

    def test_month(self) -> None:
        """
        A month begins with the day that ends on its first date; December is followed by January.
        """
        self.assertSpan(Period.MN1, "2026-12-15T12:00", "2026-11-30T22:00", "2026-12-31T22:00")
        self.assertSpan(Period.MN1, "2026-12-31T22:00", "2026-12-31T22:00", "2027-01-31T22:00")
        self.assertSpan(Period.MN1, "2026-03-31T20:59", "2026-02-28T22:00", "2026-03-31T21:00")

    @given(st.sampled_from(PERIODS), st.integers(at("1990-01-01T00:00"), at("2037-12-31T00:00")))
    def test_noGapsNoOverlaps(self, period: int, moment: int) -> None:
        """
        Every moment lies in its bar, and the next bar begins where this one ends.
        """
        span = spanOf(period, moment)
        self.assertTrue(span.opening <= moment < span.closing)
        self.assertEqual(span, spanOf(period, span.opening))
        self.assertEqual(span, spanOf(period, span.closing - 1))
        self.assertEqual(span.closing, spanOf(period, span.closing).opening)

    @given(st.integers(at("1990-01-01T00:00"), at("2037-12-31T00:00")))
    def test_daysOpenInTheEvening(self, moment: int) -> None:
        """
        It is always 17:00 in New York when a day opens.
        """
        opening = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=spanOf(Period.D1, moment).opening)
        local = opening.astimezone(ZoneInfo("America/New_York"))
        self.assertEqual((17, 0, 0), (local.hour, local.minute, local.second))
