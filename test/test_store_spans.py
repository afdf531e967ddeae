"""
Tests of sets of spans, against sets of milliseconds.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.store.spans import Span, common, length, union, without

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8)


def moments(spans: list[Span] | tuple[Span, ...]) -> set[int]:
    """
    Write spans as the milliseconds in them.

    @param spans: the spans.
    @return: the milliseconds.
    """
    return {moment for start, end in spans for moment in range(start, end)}


class SpanTests(SynchronousTestCase):
    """
    Sums, differences and parts.
    """

    @settings(deadline=None)
    @given(SPANS, SPANS, st.integers(0, 30), st.integers(0, 30))
    def test_likeSets(self, some: list[Span], others: list[Span], start: int, end: int) -> None:
        """
        Spans are added, taken away and cut as the sets of their milliseconds are, and the fewest spans are given.
        """
        one, other = union(some), union(others)
        self.assertEqual(moments(one), moments(some))
        self.assertEqual(moments(without(one, other)), moments(some) - moments(others))
        self.assertEqual(moments(common(one, start, end)), moments(some) & set(range(start, end)))
        self.assertEqual(length(one), len(moments(some)))
        for spans in (one, without(one, other), common(one, start, end)):
            self.assertEqual(union(spans), spans)
