"""
Tests of one page of history.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.errors import IllegalValue, RequestTimedOut
from ctrader_twisted.market import History
from ctrader_twisted.schema import messages as m
from test.marketlink import FakeLink, makeSymbol
from test.test_columns_columns import bar, tickPage

HOUR = 3_600_000


class HistoryTests(SynchronousTestCase):
    """
    Spans are half open, and a page that is not all says so.
    """

    def setUp(self) -> None:
        """
        A link and its history.
        """
        self.link = FakeLink()
        self.history = History(self.link)
        self.symbol = makeSymbol(3)

    def bars(self, hours: list[int], hasMore: bool = False, **options: Any) -> Trendbars:
        """
        Ask for the hours 10 to 20 and let the server answer.

        @param hours: the bars of the answer.
        @param hasMore: the flag of the page.
        @param options: further arguments.
        @return: the result.
        """
        asked = self.history.trendbars(self.symbol, "H1", 10 * HOUR, 20 * HOUR, **options)
        page = [bar(60 * hour) for hour in hours]
        self.link.answer(
            m.ProtoOAGetTrendbarsRes(
                ctidTraderAccountId=7, period=m.ProtoOATrendbarPeriod.H1, trendbar=page, symbolId=3, hasMore=hasMore
            )
        )
        return self.successResultOf(asked)

    def ticks(self, times: list[int], hasMore: bool = False) -> Ticks:
        """
        Ask for the milliseconds 100 to 200 and let the server answer.

        @param times: the ticks of the answer.
        @param hasMore: the flag of the page.
        @return: the result.
        """
        asked = self.history.ticks(self.symbol, "ask", 100, 200)
        self.link.answer(tickPage([(time, 1) for time in times], hasMore))
        return self.successResultOf(asked)

    def hours(self, bars: Trendbars) -> list[int]:
        """
        @return: the hours at which bars open.
        """
        return [timestamp // HOUR for timestamp in bars.timestamps]

    def test_barRequest(self) -> None:
        """
        The request names symbol and period, and its inclusive end is a millisecond before ours.
        """
        start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
        self.history.trendbars(self.symbol, "M1", start, end)
        (request,) = self.link.sent
        self.assertEqual((request.symbolId, request.period), (3, m.ProtoOATrendbarPeriod.M1))
        self.assertEqual((request.fromTimestamp, request.toTimestamp), (1704067200000, 1704153599999))
        self.assertTrue(request.HasField("period"))
        self.assertFalse(request.HasField("count"))

    def test_tickRequest(self) -> None:
        """
        The request names symbol and side.
        """
        self.history.ticks(self.symbol, "bid", 100, 200)
        (request,) = self.link.sent
        self.assertEqual((request.symbolId, request.type), (3, m.ProtoOAQuoteType.BID))
        self.assertEqual((request.fromTimestamp, request.toTimestamp), (100, 199))
        self.assertTrue(request.HasField("type"))

    def test_barsOfTheSpan(self) -> None:
        """
        The first moment is in, the last is out.
        """
        bars = self.bars([9, 10, 11, 19, 20])
        self.assertEqual(self.hours(bars), [10, 11, 19])
        self.assertTrue(bars.complete)
        self.assertEqual(bars.digits, 5)

    def test_barsTruncated(self) -> None:
        """
        With more to come the result is complete only if the page reaches the start.
        """
        self.assertFalse(self.bars([15, 16], hasMore=True).complete)
        self.assertTrue(self.bars([10, 16], hasMore=True).complete)
        self.assertTrue(self.bars([], hasMore=True).complete)
        self.assertTrue(self.bars([15, 16]).complete)

    def test_count(self) -> None:
        """
        A count gives the newest of the span, also where the server looks further back than asked.
        """
        bars = self.bars([9, 10, 11, 12], hasMore=True, count=2)
        self.assertEqual(self.link.sent[-1].count, 2)
        self.assertEqual(self.hours(bars), [11, 12])
        self.assertTrue(bars.complete)
        bars = self.bars([7, 8, 9, 10], hasMore=True, count=4)
        self.assertEqual((self.hours(bars), bars.complete), ([10], True))
        self.assertTrue(self.bars([18, 19], hasMore=True, count=2).complete)
        self.assertFalse(self.bars([18, 19], hasMore=True, count=3).complete)

    def test_ticksOfTheSpan(self) -> None:
        """
        Ticks come ascending and within the span.
        """
        ticks = self.ticks([99, 100, 150, 150, 199])
        self.assertEqual(list(ticks.timestamps), [100, 150, 150, 199])
        self.assertTrue(ticks.complete)

    def test_ticksTruncated(self) -> None:
        """
        With more to come a tick at the very start does not prove that all of that millisecond are there.
        """
        self.assertFalse(self.ticks([100, 150], hasMore=True).complete)
        self.assertTrue(self.ticks([99, 150], hasMore=True).complete)
        self.assertTrue(self.ticks([], hasMore=True).complete)

    def test_illegal(self) -> None:
        """
        What makes no sense is refused before anything is sent.
        """
        refused: list[Deferred[Any]] = [
            self.history.trendbars(self.symbol, "H2", 0, 1),
            self.history.trendbars(self.symbol, "H1", 5, 5),
            self.history.trendbars(self.symbol, "H1", -1, 5),
            self.history.trendbars(self.symbol, "H1", 0, 2147483646002),
            self.history.trendbars(self.symbol, "H1", 0, 5, count=0),
            self.history.trendbars(self.symbol, "H1", datetime(2024, 1, 1), 5),  # noqa: DTZ001
            self.history.ticks(self.symbol, "mid", 0, 5),
        ]
        messages = [str(self.failureResultOf(each, IllegalValue).value) for each in refused]
        self.assertIn("M1, M2, M3, M4, M5, M10, M15, M30, H1, H4, H12, D1, W1, MN1", messages[0])
        self.assertIn("bid, ask", messages[-1])
        self.assertEqual(self.link.sent, [])

    def test_failure(self) -> None:
        """
        The request's failure is the result's.
        """
        asked = self.history.ticks(self.symbol, "bid", 0, 5)
        self.link.answer(RequestTimedOut("ProtoOAGetTickDataReq", 7, seconds=5))
        self.failureResultOf(asked, RequestTimedOut)
