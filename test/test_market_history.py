"""
Tests of downloads of history: what is asked for, and what becomes of it when something goes wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NoReturn

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import Ticks
from ctrader_twisted.errors import (
    HistoryFailed,
    IllegalValue,
    NotConnected,
    ProtocolError,
    RequestTimedOut,
    TooManyRequests,
    serverError,
)
from ctrader_twisted.market import Download, Part, Progress, Span
from ctrader_twisted.schema import messages as m
from test.historyserver import MINUTE, HistoryServer, tickPage
from test.marketlink import NOW, FakeLink, makeHistory, makeSymbol

HOUR = 3_600_000
DAY = 24 * HOUR
WEEK = 7 * DAY

EURUSD = makeSymbol(3)


class HistoryCase(SynchronousTestCase):
    """
    What these tests have in common: an account and its history.
    """

    def setUp(self) -> None:
        """
        A link on which the test answers.
        """
        self.link, self.clock, self.server = FakeLink(), Clock(), HistoryServer(chunk=3)
        self.history = makeHistory(self.link, self.clock)
        self.told: list[Progress] = []
        self.addCleanup(lambda: self.assertEqual((self.clock.getDelayedCalls(), self.link.listeners()), ([], 0)))

    def serve(self, *times: int) -> None:
        """
        Let a server answer.

        @param times: of its ticks.
        """
        self.server.ticks = [(time, time) for time in times]
        self.server.serve(self.link)

    def ticks(self, start: int, end: int, **options: Any) -> Deferred[Ticks]:
        """
        Ask for ticks.
        """
        asked: Deferred[Ticks] = self.history.ticks(EURUSD, "ask", start, end, **options)
        return asked

    def answer(self, *times: int, hasMore: bool = False) -> None:
        """
        Answer the oldest request.
        """
        self.link.answer(tickPage([(time, time) for time in times], hasMore))

    def read(self, download: Download, parts: list[Part]) -> Deferred[None]:
        """
        Read a download to its end.
        """

        async def main() -> None:
            async with download:
                async for part in download:
                    parts.append(part)

        return Deferred.fromCoroutine(main())


class RequestTests(HistoryCase):
    """
    What is asked for.
    """

    def test_bars(self) -> None:
        """
        The request names symbol and period, and its inclusive end is a millisecond before ours.
        """
        start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
        self.history.trendbars(EURUSD, "M1", start, end)
        (request,) = self.link.sent
        self.assertEqual((request.symbolId, request.period), (3, m.ProtoOATrendbarPeriod.M1))
        self.assertEqual((request.fromTimestamp, request.toTimestamp), (1704067200000, 1704153599999))
        self.assertTrue(request.HasField("period"))
        self.assertFalse(request.HasField("count"))

    def test_ticks(self) -> None:
        """
        The request names symbol and side.
        """
        self.history.ticks(EURUSD, "bid", 100, 200)
        (request,) = self.link.sent
        self.assertEqual((request.symbolId, request.type), (3, m.ProtoOAQuoteType.BID))
        self.assertEqual((request.fromTimestamp, request.toTimestamp), (100, 199))
        self.assertTrue(request.HasField("type"))

    def test_count(self) -> None:
        """
        The newest bars are asked for by their number.
        """
        self.server.bars = [1, 2, 3, 4, 5, 6]
        self.server.serve(self.link)
        bars = self.successResultOf(self.history.trendbars(EURUSD, "M1", 0, 6 * MINUTE, count=4))
        self.assertEqual([timestamp // MINUTE for timestamp in bars.timestamps], [2, 3, 4, 5])
        self.assertEqual([request.count for request in self.link.sent], [4, 1])
        self.assertTrue(bars.complete)

    def test_manyCounted(self) -> None:
        """
        No more than 5,000 bars are asked for at once, which servers are known to give. That there are no more than
        those is not believed.
        """
        self.server = HistoryServer(bars=list(range(12_000)), chunk=14_000, more=False)
        self.server.serve(self.link)
        bars = self.successResultOf(self.history.trendbars(EURUSD, "M1", 0, 12_000 * MINUTE, count=11_000))
        self.assertEqual([timestamp // MINUTE for timestamp in bars.timestamps], list(range(1_000, 12_000)))
        self.assertEqual([request.count for request in self.link.sent], [5_000, 5_000, 1_000])

    def test_otherPeriod(self) -> None:
        """
        Bars of another period, or of another symbol, are none that were asked for.
        """
        page = m.ProtoOAGetTrendbarsRes(ctidTraderAccountId=7, period=m.ProtoOATrendbarPeriod.H1, symbolId=3)
        self.link.answers[m.ProtoOAGetTrendbarsReq] = lambda _: page
        message = str(self.failureResultOf(self.history.trendbars(EURUSD, "M1", 0, HOUR), ProtocolError).value)
        self.assertEqual(message, "the M1 bars of EURUSD: the server answered with H1 bars")
        page.symbolId = 4
        for count in (None, 3):
            bars = self.history.trendbars(EURUSD, "H1", 0, HOUR, count=count)
            message = str(self.failureResultOf(bars, ProtocolError).value)
            self.assertEqual(message, "the H1 bars of EURUSD: the server answered with bars of symbol 4")

    def test_tooLarge(self) -> None:
        """
        Numbers that no table can hold fail the call as what they are: an answer that makes no sense.
        """
        page = tickPage([], False)
        for _ in range(2):
            page.tickData.add(timestamp=1, tick=2**63 - 1)
        self.link.answers[m.ProtoOAGetTickDataReq] = lambda _: page
        message = str(self.failureResultOf(self.ticks(0, 5), ProtocolError).value)
        self.assertIn("the ask ticks of EURUSD: in the server's answer for 0 to 4 ms since 1970 is a number", message)

    def test_illegal(self) -> None:
        """
        What makes no sense is refused before anything is sent.
        """
        bars = self.history.trendbars
        refused: list[Deferred[Any]] = [
            bars(EURUSD, "H2", 0, 1),
            bars(EURUSD, "H1", 5, 5),
            bars(EURUSD, "H1", -1, 5),
            bars(EURUSD, "H1", 0, 2147483646002),
            bars(EURUSD, "H1", 0, 5, count=0),
            bars(EURUSD, "H1", datetime(2024, 1, 1), 5),  # noqa: DTZ001
            self.ticks(0, 5, attempts=0),
            self.history.ticks(EURUSD, "mid", 0, 5),
        ]
        messages = [str(self.failureResultOf(each, IllegalValue).value) for each in refused]
        self.assertIn("M1, M2, M3, M4, M5, M10, M15, M30, H1, H4, H12, D1, W1, MN1", messages[0])
        self.assertIn("bid, ask", messages[-1])
        self.assertRaises(IllegalValue, self.history.history, EURUSD, "H2", 0, 5)
        self.assertRaises(IllegalValue, self.history.history, EURUSD, "H1", 5, 5)
        self.assertRaises(IllegalValue, self.history.history, EURUSD, "H1", 0, 5, ahead=0)
        self.assertEqual(self.link.sent, [])

    def test_spans(self) -> None:
        """
        No request is about a longer span than the server was ever known to take, and together they are the whole.
        """
        longest = {"M5": 5 * WEEK, "H1": 35 * WEEK, "D1": 366 * DAY, "MN1": 1830 * DAY, "bid": WEEK}
        for kind, limit in longest.items():
            self.setUp()
            self.server.serve(self.link)
            parts: list[Part] = []
            self.successResultOf(self.read(self.history.history(EURUSD, kind, NOW - 4 * limit, NOW - limit), parts))
            spans = [part.span for part in parts]
            self.assertEqual((spans[-1].start, spans[0].end), (NOW - 4 * limit, NOW - limit))
            for newer, older in pairwise(spans):
                self.assertEqual(newer.start, older.end)
            for first, last in self.server.asked:
                self.assertLessEqual(last - first, limit)

    def test_sizes(self) -> None:
        """
        Where there are many ticks, the windows shrink; where there are few, they grow.
        """
        self.serve(*range(0, DAY, 300_000))
        self.assertEqual(len(self.successResultOf(self.ticks(0, 30 * DAY))), 288)
        lengths = {last + 1 - first for first, last in self.server.asked}
        self.assertIn(WEEK, lengths)
        self.setUp()
        self.serve(*range(0, 10 * DAY, 300_000))
        self.assertEqual(len(self.successResultOf(self.ticks(0, 10 * DAY))), 2_880)
        self.assertLess(len(self.server.asked), 2_880 // 2 * 1.2)

    def test_atOnce(self) -> None:
        """
        Four windows of one download are asked for at once, and eight requests of the account; who asks for more takes
        turns with the others.
        """
        downloads = [self.ticks(start, start + 10 * DAY) for start in (0, 100 * DAY, 200 * DAY)]
        starts = [request.fromTimestamp // (100 * DAY) for request in self.link.sent]
        self.assertEqual(starts, [0] * 4 + [1] * 4)
        for _ in range(4):
            self.answer()
        starts = [request.fromTimestamp // (100 * DAY) for request in self.link.sent[8:]]
        self.assertEqual(starts, [2, 2, 0, 2])
        for download in downloads:
            download.cancel()
            self.failureResultOf(download, CancelledError)

    def test_turnsGivenUp(self) -> None:
        """
        Who gives up waiting for a turn leaves the others theirs.
        """
        downloads = [self.ticks(start * DAY, (start + 10) * DAY) for start in (0, 100, 200, 300)]
        for download in downloads[:3]:
            download.cancel()
            self.failureResultOf(download, CancelledError)
        left = [request.fromTimestamp >= 300 * DAY for request, waiting in self.link.pending if not waiting.called]
        self.assertEqual(left, [True] * 4)
        downloads[3].cancel()
        self.failureResultOf(downloads[3], CancelledError)

    def test_manyInTurn(self) -> None:
        """
        However many wait for a turn when the connection is lost, each is asked for after the next login, and none is
        lost in a recursion that is too deep.
        """
        downloads = [self.ticks(0, 10 * DAY) for _ in range(100)]
        self.link.lose()
        self.serve()
        self.link.restore()
        self.assertEqual([len(self.successResultOf(each)) for each in downloads], [0] * 100)


class DownloadTests(HistoryCase):
    """
    Parts come newest first, and no more of them than are wanted.
    """

    def test_parts(self) -> None:
        """
        Each part says what it covers, and has all of it, up to what is settled.
        """
        end = NOW - 10_000
        self.serve(end - 50, end - 40, end - 40, end - 30, end - 20, end)
        parts: list[Part] = []
        download = self.history.history(EURUSD, "bid", end - 100, NOW)
        self.assertEqual((download.span, self.link.sent), (Span(end - 100, end), []))
        self.assertIn("the bid ticks of EURUSD", repr(download))
        self.successResultOf(self.read(download, parts))
        spans = [(span.start - end, span.end - end, [time - end for time in rows.timestamps]) for span, rows in parts]
        self.assertEqual(spans, [(-39, 0, [-30, -20]), (-100, -39, [-50, -40, -40])])
        self.assertTrue(all(part.columns.complete for part in parts))

    def test_settled(self) -> None:
        """
        Bars that may not be closed for ten seconds are left out; where nothing is settled, nothing comes.
        """
        lengths = {"M1": MINUTE, "H1": HOUR, "D1": 25 * HOUR}
        for kind, length in lengths.items():
            download = self.history.history(EURUSD, kind, NOW - 100 * DAY, NOW + DAY)
            self.assertEqual(download.span, (NOW - 100 * DAY, NOW - length - 10_000 + 1))
        parts: list[Part] = []
        download = self.history.history(EURUSD, "M1", NOW, NOW + DAY)
        self.successResultOf(self.read(download, parts))
        self.assertEqual((download.span, parts, self.link.sent), ((NOW, NOW), [], []))

    def test_backPressure(self) -> None:
        """
        For a consumer that does not read only so many pages are kept, and the one that it waits for always comes.
        """
        self.serve(*range(0, 10 * DAY, HOUR))
        download = self.history.history(EURUSD, "bid", 0, 10 * DAY, ahead=2)
        self.successResultOf(Deferred.fromCoroutine(download.__aenter__()))
        self.assertEqual(len(self.server.asked), 2)
        rows = 0
        while rows < 240:
            part = self.successResultOf(Deferred.fromCoroutine(download.__anext__()))
            rows += len(part.columns)
            self.assertLessEqual(sum(len(each.parts) for each in download._readings), 3)
        download.close()

    def test_left(self) -> None:
        """
        Leaving the block cancels what is under way; who still reads is told that it is over.
        """
        download = self.history.history(EURUSD, "bid", 0, 10 * DAY)
        reading = self.read(download, [])
        self.assertEqual(len(self.link.pending), 4)
        download.close()
        self.successResultOf(reading)
        for _, waiting in self.link.pending:
            self.assertTrue(waiting.called)

    def test_abandoned(self) -> None:
        """
        A consumer that is ended while it waits, as an abandoned coroutine is, leaves the block like any other.
        """

        async def main() -> None:
            async with self.history.history(EURUSD, "bid", 0, HOUR) as parts:
                await anext(parts)

        consumer = main()
        reading = Deferred.fromCoroutine(consumer)
        consumer.close()
        self.assertNoResult(reading)
        ((_, waiting),) = self.link.pending
        self.assertTrue(waiting.called)

    def test_misused(self) -> None:
        """
        A download is entered before it is read, has one consumer, and is used once.
        """
        download = self.history.history(EURUSD, "bid", 0, DAY)
        self.failureResultOf(Deferred.fromCoroutine(download.__anext__()), RuntimeError)
        reading = self.read(download, [])
        self.failureResultOf(Deferred.fromCoroutine(download.__anext__()), RuntimeError)
        self.failureResultOf(Deferred.fromCoroutine(download.__aenter__()), RuntimeError)
        reading.cancel()
        self.failureResultOf(reading, CancelledError)

    def test_progress(self) -> None:
        """
        After each page it is told how far the download has come.
        """
        done = self.ticks(0, 4 * HOUR, progress=self.told.append)
        self.clock.advance(2)
        pending = [request for request, _ in self.link.pending]
        self.assertEqual([request.fromTimestamp // HOUR for request in pending], [3, 2, 1, 0])
        self.link.pending.append(self.link.pending.pop(0))
        self.answer(2 * HOUR + 1)
        self.answer(HOUR + 1, HOUR + 2)
        self.clock.advance(2)
        self.answer()
        self.answer(3 * HOUR + 1)
        self.assertEqual(len(self.successResultOf(done)), 4)
        self.assertEqual([each.rows for each in self.told], [1, 3, 3, 4])
        self.assertEqual([each.pages for each in self.told], [1, 2, 3, 4])
        self.assertEqual([each.share for each in self.told], [0.25, 0.5, 0.75, 1])
        self.assertEqual([each.span.start // HOUR for each in self.told], [4, 4, 4, 0])
        self.assertEqual([each.left for each in self.told], [6, 2, 4 / 3, 0])
        self.assertEqual([each.rate for each in self.told], [0.5, 1.5, 0.75, 1])

    def test_progressAtOnce(self) -> None:
        """
        Where no time has passed there is no rate yet.
        """
        nothing = Progress(rows=0, pages=0, span=Span(5, 5), share=0, started=1, now=1)
        self.assertEqual((nothing.rate, nothing.left), (None, None))

    def test_progressFails(self) -> None:
        """
        What the listener to the progress raises is logged, and changes nothing.
        """
        self.serve(1, 2)
        self.assertEqual(len(self.successResultOf(self.ticks(0, 5, progress=lambda told: 1 / 0))), 2)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class ResilienceTests(HistoryCase):
    """
    What passes is waited for, and what does not fails the download.
    """

    def test_lost(self) -> None:
        """
        Pages that the connection has lost are asked for again after the next login, and what came before is not.
        """
        done = self.ticks(0, 2 * HOUR)
        self.answer(HOUR + 5)
        self.link.lose()
        self.clock.advance(10_000)
        self.assertEqual(len(self.link.sent), 2)
        self.link.restore()
        self.assertEqual((len(self.link.sent), self.link.sent[2].toTimestamp), (3, HOUR - 1))
        self.answer(7)
        self.assertEqual(list(self.successResultOf(done).timestamps), [7, HOUR + 5])

    def test_offline(self) -> None:
        """
        A download that begins while the account is not logged in waits for the login.
        """
        self.link.ready = False
        done = self.ticks(0, 5)
        self.assertNoResult(done)
        self.serve(1, 2)
        self.link.restore()
        self.assertEqual(len(self.successResultOf(done)), 2)

    def test_later(self) -> None:
        """
        What the server cannot do now is asked for again after a pause that grows, or as long as the server says.
        """
        done = self.ticks(0, 5)
        pauses = [
            (RequestTimedOut("ProtoOAGetTickDataReq", 7, seconds=5), 1),
            (serverError("TIMEOUT_ERROR"), 2),
            (TooManyRequests("full"), 4),
            (serverError("REQUEST_FREQUENCY_EXCEEDED"), 8),
            (serverError("BLOCKED_PAYLOAD_TYPE", retryAfter=300), 300),
            (serverError("SERVER_IS_UNDER_MAINTENANCE", maintenanceEnd=NOW + 100_000), 100),
            (serverError("ACCOUNT_NOT_AUTHORIZED"), 60),
            (serverError("SERVER_IS_UNDER_MAINTENANCE"), 60),
        ]
        for number, (error, pause) in enumerate(pauses):
            self.assertEqual(len(self.link.sent), number + 1)
            self.link.answer(error)
            self.clock.advance(pause - 0.5)
            self.assertEqual(len(self.link.sent), number + 1)
            self.clock.advance(0.5)
        self.answer(1)
        self.assertEqual(len(self.successResultOf(done)), 1)

    def test_clockFarBehind(self) -> None:
        """
        The end of a maintenance, by a clock that is far behind the server's, is not waited for without asking again.
        """
        done = self.ticks(0, 5)
        self.link.answer(serverError("SERVER_IS_UNDER_MAINTENANCE", maintenanceEnd=NOW + 52 * WEEK))
        self.clock.advance(3600)
        self.answer(1)
        self.assertEqual(len(self.successResultOf(done)), 1)

    def test_attempts(self) -> None:
        """
        A page is asked for only so often; each new page has as many attempts again.
        """
        done = self.ticks(0, 5, attempts=2)
        self.link.answer(serverError("TIMEOUT_ERROR"))
        self.clock.advance(1)
        self.answer(2, 3, hasMore=True)
        self.link.answer(serverError("TIMEOUT_ERROR"))
        self.clock.advance(1)
        self.link.answer(serverError("TIMEOUT_ERROR"))
        error = self.failureResultOf(done, HistoryFailed).value
        self.assertIn("the ask ticks of EURUSD from 0 to 5 ms since 1970 cannot be had, asked for 2 times", str(error))
        self.assertIn("TIMEOUT_ERROR", error.explain())

    def test_attemptsOffline(self) -> None:
        """
        A connection that is always lost uses attempts up, too.
        """
        done = self.ticks(0, 5, attempts=2)
        for _ in range(2):
            self.link.lose()
            self.link.restore()
        self.failureResultOf(done, HistoryFailed)

    def test_neverSent(self) -> None:
        """
        What was still waiting for its turn when the connection was lost has used no attempt up.
        """
        done = self.ticks(0, 5, attempts=2)
        for _ in range(5):
            self.link.lose(maybeSent=False)
            self.link.restore()
        self.answer(1)
        self.assertEqual(len(self.successResultOf(done)), 1)

    def test_refused(self) -> None:
        """
        Scenario 63: what the server refuses for good fails the download at once, and cancels the rest.
        """
        done = self.ticks(0, 10 * DAY)
        others = [waiting for _, waiting in self.link.pending[1:]]
        self.link.answer(serverError("SYMBOL_NOT_FOUND", "gone"))
        error = self.failureResultOf(done, HistoryFailed).value
        self.assertIn("the ask ticks of EURUSD from 0 to 864000000 ms since 1970 cannot be had: ", str(error))
        self.assertEqual(error.reason.code, "SYMBOL_NOT_FOUND")
        for waiting in others:
            self.assertTrue(waiting.called)
        self.assertEqual(len(self.link.sent), 4)

    def test_refusedMeanwhile(self) -> None:
        """
        A page that comes in the very moment in which the download fails changes nothing.
        """
        others = [self.ticks(start, start + 10 * DAY) for start in (0, 100 * DAY)]
        done = self.ticks(200 * DAY, 210 * DAY)
        self.answer()

        def refuse(request: Any) -> NoReturn:
            raise serverError("SYMBOL_NOT_FOUND")

        self.link.answers[m.ProtoOAGetTickDataReq] = refuse
        request, waiting = self.link.pending.pop()
        self.assertEqual(request.fromTimestamp // (100 * DAY), 2)
        waiting.callback(tickPage([], False))
        self.failureResultOf(done, HistoryFailed)
        for each in others:
            each.cancel()
            self.failureResultOf(each)

    def test_refusedLater(self) -> None:
        """
        The parts that were complete before are given, then the error, as often as it is asked for.
        """
        parts: list[Part] = []
        download = self.history.history(EURUSD, "bid", 0, HOUR)
        reading = self.read(download, parts)
        self.answer(5, 6, hasMore=True)
        self.link.answer(serverError("SYMBOL_NOT_FOUND"))
        self.failureResultOf(reading, HistoryFailed)
        self.assertEqual([part.span for part in parts], [(6, HOUR)])

    def test_failedForGood(self) -> None:
        """
        A download that has failed does not look as if it were at its end.
        """
        download = self.history.history(EURUSD, "bid", 0, DAY)
        self.successResultOf(Deferred.fromCoroutine(download.__aenter__()))
        self.link.answer(serverError("SYMBOL_NOT_FOUND"))
        for _ in range(2):
            self.failureResultOf(Deferred.fromCoroutine(download.__anext__()), HistoryFailed)

    def test_cancelled(self) -> None:
        """
        Cancelling cancels what is under way, what pauses, and what waits for a login.
        """
        for happens in (lambda: None, lambda: self.link.answer(serverError("TIMEOUT_ERROR")), lambda: self.link.lose()):
            self.setUp()
            done = self.ticks(0, 2 * DAY)
            happens()
            done.cancel()
            self.failureResultOf(done, CancelledError)
            self.assertEqual((self.clock.getDelayedCalls(), self.link.listeners()), ([], 0))

    def test_ended(self) -> None:
        """
        When the client gives up, what pauses or waits for a login fails.
        """
        for happens in (lambda: self.link.answer(serverError("TIMEOUT_ERROR")), lambda: self.link.lose()):
            self.setUp()
            done = self.ticks(0, DAY)
            happens()
            self.history._patience.end(NotConnected("the client was stopped"))
            self.assertIn("the client was stopped", str(self.failureResultOf(done, HistoryFailed).value))

    def test_endedBefore(self) -> None:
        """
        When the client has given up before, nothing waits.
        """
        self.link.ready, self.link.given = False, NotConnected("the account is refused")
        self.assertIn("is refused", str(self.failureResultOf(self.ticks(0, 5), HistoryFailed).value))

    def test_broken(self) -> None:
        """
        A fault of our own comes as it is.
        """
        done = self.ticks(0, 5)
        self.link.answer(KeyError("a fault"))
        self.failureResultOf(done, KeyError)
