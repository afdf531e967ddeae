"""
Tests of joining pages, whatever they are like.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.market import History
from ctrader_twisted.schema import messages as m
from test.historyserver import MINUTE, HistoryServer, tickPage
from test.marketlink import FakeLink, makeHistory, makeSymbol

EURUSD = makeSymbol(1)
_settings = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Times that are close together, so that many ticks share one; the prices tell ticks of one time apart.
_TIMES = st.lists(st.integers(1_000, 1_030), max_size=60).map(sorted)


def numbered(times: list[int]) -> list[tuple[int, int]]:
    """
    @return: ticks of these times, each with a price of its own.
    """
    return [(time, 100 + number) for number, time in enumerate(times)]


class PagesCase(SynchronousTestCase):
    """
    What these tests have in common: a server, and a client that knows its pages from a longer download.
    """

    def begin(self, **habits: Any) -> None:
        """
        @param habits: of the server.
        """
        self.server, self.link = HistoryServer(**habits), FakeLink()
        self.server.serve(self.link)
        self.history: History = makeHistory(self.link, smallestPage=1)

    def learn(self) -> None:
        """
        Let the client see a page that is full.
        """
        ticks, bars = self.server.ticks, self.server.bars
        self.server.ticks = [(number, 1) for number in range(self.server.chunk)]
        self.server.bars = list(range(self.server.chunk))
        for got in (self.ticks(0, 100), self.bars(0, 100)):
            self.assertEqual(len(self.successResultOf(got)), self.server.chunk)
        self.server.ticks, self.server.bars = ticks, bars
        self.server.asked.clear()

    def ticks(self, start: int, end: int) -> Deferred[Any]:
        """
        @return: fires with times and raw prices.
        """
        asked: Deferred[Any] = self.history.ticks(EURUSD, "bid", start, end)
        return asked.addCallback(lambda ticks: list(zip(ticks.timestamps, ticks.prices, strict=True)))

    def bars(self, start: int, end: int, **options: Any) -> Deferred[Any]:
        """
        @return: fires with the minutes at which bars open.
        """
        asked: Deferred[Any] = self.history.trendbars(EURUSD, "M1", start * MINUTE, end * MINUTE, **options)
        return asked.addCallback(lambda bars: [timestamp // MINUTE for timestamp in bars.timestamps])


class TickPagesTests(PagesCase):
    """
    Ticks come all and once, or the download fails and says where.
    """

    @_settings
    @given(
        times=_TIMES,
        chunk=st.integers(2, 12),
        start=st.integers(995, 1_031),
        length=st.integers(1, 40),
        isTearing=st.booleans(),
        isGenerous=st.booleans(),
        more=st.sampled_from([None, True, False]),
    )
    def test_whatTheServerHas(
        self, times: list[int], chunk: int, start: int, length: int, more: bool | None, **habits: bool
    ) -> None:
        """
        Scenario 62 for ticks: whatever the pages are like, what comes is what the server has. Only where a millisecond
        has more ticks than a page may have, it may be that they cannot be had.
        """
        ticks = numbered(times)
        most = max((times.count(time) for time in times), default=0)
        crowded = most >= chunk
        if more is False and (crowded or 2 * (most - 1) > chunk):
            # A server that denies just these ticks cannot be found out, nor one whose pages differ much in length.
            more = None
        self.begin(ticks=ticks, chunk=chunk, more=more, **habits)
        self.learn()
        outcome: list[Any] = []
        self.ticks(start, start + length).addBoth(outcome.append)
        if crowded and isinstance(outcome[0], Failure):
            outcome[0].trap(ProtocolError)
            return
        self.assertEqual(outcome, [[tick for tick in ticks if start <= tick[0] < start + length]])
        self.assertLess(len(self.server.asked), 3 * len(ticks) + 5)

    @_settings
    @given(times=_TIMES, chunk=st.integers(2, 12), isTearing=st.booleans())
    def test_honest(self, times: list[int], chunk: int, isTearing: bool) -> None:
        """
        Of a server that tells the truth all ticks come, unless a millisecond has more of them than a page; where no
        page is torn, also then.
        """
        ticks = numbered(times)
        self.begin(ticks=ticks, chunk=chunk, isTearing=isTearing)
        got = self.ticks(1_000, 1_040)
        if isTearing and any(times.count(time) > chunk for time in times):
            message = str(self.failureResultOf(got, ProtocolError).value)
            self.assertIn("the bid ticks of EURUSD: the server has more rows than fit on a page at 10", message)
        else:
            self.assertEqual(self.successResultOf(got), ticks)

    def test_tornMillisecond(self) -> None:
        """
        Scenario 66 for ticks: a millisecond in which a page ends is asked for again, and comes whole and once.
        """
        self.begin(ticks=numbered([1, 2, 3, 3, 3, 4, 5]), chunk=4)
        self.history = makeHistory(self.link)
        self.assertEqual(self.successResultOf(self.ticks(0, 10)), self.server.ticks)
        self.assertEqual(self.server.asked, [(0, 9), (0, 3), (0, 2)])

    def test_generous(self) -> None:
        """
        What a page has beyond its span does not make another one look as if it had room for more.
        """
        self.begin(ticks=numbered([1_000] * 3 + [1_001] * 2), chunk=2, isGenerous=True)
        self.failureResultOf(self.ticks(990, 1_010), ProtocolError)

    def test_strayRow(self) -> None:
        """
        A row from before the span on a page that is cut off does not pass for the end: what is between comes, too.
        """
        self.begin(ticks=numbered([1_000, *range(1_010, 1_022)]), chunk=5, isGenerous=True)
        self.assertEqual(self.successResultOf(self.ticks(1_005, 1_030)), self.server.ticks[1:])

    def test_longWithItsStrayRows(self) -> None:
        """
        A page that says there is no more is doubted by all its rows, not only by those of the span.
        """
        self.begin()
        pages = [
            tickPage([(number, 1) for number in range(10, 20)], True),
            # Most of it has been there before.
            tickPage([(number, 1) for number in range(8, 18)], False),
            tickPage([(number, 1) for number in range(6, 9)], False),
        ]
        self.link.answers[m.ProtoOAGetTickDataReq] = lambda _: pages.pop(0)
        self.assertEqual([time for time, _ in self.successResultOf(self.ticks(0, 20))], list(range(6, 20)))

    def test_nothingNew(self) -> None:
        """
        A server that gives the same page again is not asked for ever.
        """
        self.begin()
        self.link.answers[m.ProtoOAGetTickDataReq] = lambda _: tickPage([(5, 1), (6, 1), (7, 1)], True)
        message = str(self.failureResultOf(self.ticks(0, 10), ProtocolError).value)
        self.assertIn("gives nothing new at 4 ms", message)

    def test_leftOut(self) -> None:
        """
        A server whose next page does not have what the last one had at the border does not pass for complete.
        """
        self.begin()
        pages = [tickPage([(5, 1), (5, 2), (7, 1)], True), tickPage([(4, 1), (5, 2)], False)]
        self.link.answers[m.ProtoOAGetTickDataReq] = lambda _: pages.pop(0)
        message = str(self.failureResultOf(self.ticks(0, 10), ProtocolError).value)
        self.assertIn("leaves rows out that it gave before at 5 ms", message)

    def test_smallPagesAreBelieved(self) -> None:
        """
        A server that says that there is no more is asked again only where its page is as long as pages are.
        """
        self.begin(ticks=numbered([1, 2, 3]))
        self.history = makeHistory(self.link, smallestPage=4)
        self.assertEqual(len(self.successResultOf(self.ticks(0, 10))), 3)
        self.assertEqual(self.server.asked, [(0, 9)])


class BarPagesTests(PagesCase):
    """
    Bars come all and once.
    """

    @_settings
    @given(
        minutes=st.sets(st.integers(0, 40)).map(sorted),
        chunk=st.integers(2, 12),
        start=st.integers(0, 40),
        length=st.integers(1, 40),
        isShort=st.booleans(),
        isGenerous=st.booleans(),
        more=st.sampled_from([None, True, False]),
        count=st.none() | st.integers(1, 15),
    )
    def test_whatTheServerHas(
        self, minutes: list[int], start: int, length: int, count: int | None, **habits: Any
    ) -> None:
        """
        Scenario 62: whatever the pages are like, what comes is what the server has, or the newest of it.
        """
        self.begin(bars=minutes, **habits)
        self.learn()
        got = self.successResultOf(self.bars(start, start + length, count=count))
        expected = [minute for minute in minutes if start <= minute < start + length]
        self.assertEqual(got, expected[-count:] if count else expected)
        self.assertLess(len(self.server.asked), 2 * len(minutes) + 5)

    def test_nothingNew(self) -> None:
        """
        A server that gives bars after the end is not asked for ever.
        """
        self.begin()
        answer = m.ProtoOAGetTrendbarsRes(
            ctidTraderAccountId=7, period=m.ProtoOATrendbarPeriod.M1, symbolId=1, hasMore=True
        )
        answer.trendbar.add(utcTimestampInMinutes=30, low=1, volume=1)
        self.link.answers[m.ProtoOAGetTrendbarsReq] = lambda _: answer
        for options in ({}, {"count": 3}):
            message = str(self.failureResultOf(self.bars(0, 10, **options), ProtocolError).value)
            self.assertIn("the M1 bars of EURUSD: the server gives nothing new at 599999 ms", message)
