"""
Tests of bars that do not fit on one page.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import RetryLater, serverError
from ctrader_twisted.market.paging import barsBetween, lastBars
from ctrader_twisted.schema import messages as m
from test.marketlink import FakeLink, makeHistory, makeSymbol

EURUSD = makeSymbol(1)
MINUTE = 60_000
WEEK = 7 * 24 * 60


class PagingTests(SynchronousTestCase):
    """
    A span comes whole or fails.
    """

    def setUp(self) -> None:
        """
        A server with some minutes of history, and pages of three bars.
        """
        self.begin(set())

    def begin(self, minutes: set[int]) -> None:
        """
        @param minutes: when there are bars.
        """
        self.link, self.minutes, self.failing = FakeLink(), minutes, 0
        self.history = makeHistory(self.link)
        self.link.answers[m.ProtoOAGetTrendbarsReq] = self.page

    def page(self, request: Any) -> m.ProtoOAGetTrendbarsRes:
        """
        Answer as the real server does: the newest part of the span, with a count beyond its start too, and now and
        then a bar less than there could be, or a bar twice.
        """
        if len(self.link.sent) == self.failing:
            raise serverError("TIMEOUT_ERROR")
        first = 0 if request.HasField("count") else request.fromTimestamp
        found = [each for each in sorted(self.minutes) if first <= each * MINUTE <= request.toTimestamp]
        size = min(request.count or 3, 3 - len(self.link.sent) % 2)
        shown = found[-size:]
        bars = [m.ProtoOATrendbar(utcTimestampInMinutes=each, low=1, volume=1) for each in [*shown, *shown[:1]]]
        return m.ProtoOAGetTrendbarsRes(
            ctidTraderAccountId=7, period=request.period, symbolId=1, trendbar=bars, hasMore=len(shown) < len(found)
        )

    def between(self, start: int, end: int) -> Deferred[Any]:
        """
        @return: fires with the bars of some minutes.
        """
        return Deferred.fromCoroutine(barsBetween(self.history, EURUSD, "M1", start * MINUTE, end * MINUTE))

    def last(self, end: int, count: int) -> list[int]:
        """
        @return: the minutes of the last bars before one.
        """
        bars = self.successResultOf(Deferred.fromCoroutine(lastBars(self.history, EURUSD, "M1", end * MINUTE, count)))
        return [bar.timestamp // MINUTE for bar in bars]

    @given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(0, 40))
    def test_whole(self, minutes: set[int], start: int, end: int) -> None:
        """
        Scenario 62: short pages, bars that come twice, and the inclusive end leave a row without a gap or a double.
        """
        self.begin(minutes)
        bars = self.successResultOf(self.between(start, end))
        self.assertEqual([bar.timestamp // MINUTE for bar in bars], [x for x in sorted(minutes) if start <= x < end])

    @given(st.sets(st.integers(0, 40)), st.integers(1, 40), st.integers(1, 12))
    def test_last(self, minutes: set[int], end: int, count: int) -> None:
        """
        Scenario 62: the newest bars before a moment are as many as were asked for, if there are so many.
        """
        self.begin(minutes)
        self.assertEqual(self.last(end, count), [each for each in sorted(minutes) if each < end][-count:])

    def test_pageFails(self) -> None:
        """
        Scenario 63: where a page fails, all fails.
        """
        self.begin(set(range(20)))
        self.failing = 3
        self.failureResultOf(self.between(0, 20), RetryLater)

    def test_longAgo(self) -> None:
        """
        A request is about no longer a span than the server is known to take, and history that is not there is looked
        for in two of them.
        """
        self.begin({3 * WEEK, 8 * WEEK})
        self.assertEqual(self.last(12 * WEEK, 5), [3 * WEEK, 8 * WEEK])
        for request in self.link.sent:
            self.assertLessEqual(request.toTimestamp - request.fromTimestamp, 5 * WEEK * MINUTE)
        self.begin(set())
        self.assertEqual((self.last(30 * WEEK, 5), len(self.link.sent)), ([], 2))

    def test_lookedBack(self) -> None:
        """
        With a count the server looks back beyond the span that it was asked for, and what it finds there counts.
        """
        self.begin({3 * WEEK, 4 * WEEK})
        self.assertEqual((self.last(30 * WEEK, 2), len(self.link.sent)), ([3 * WEEK, 4 * WEEK], 1))
