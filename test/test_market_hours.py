"""
Tests of the hours of symbols, and of the report of what should flow and does not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import SymbolNotFound, serverError
from ctrader_twisted.market import Quotes, Stale
from ctrader_twisted.market.bars import LiveBars
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.market.hours import isOpenThroughout
from ctrader_twisted.market.staleness import Staleness
from ctrader_twisted.schema import messages as m
from ctrader_twisted.units import Symbol, toMilliseconds
from test.marketlink import FakeLink, makeHistory, makeSymbol

HOUR = 3600
DAY = 24 * HOUR


def scheduled(*intervals: tuple[int, int], zone: str = "Europe/Moscow", **fields: Any) -> Symbol:
    """
    @return: a symbol that is traded at some seconds from Sunday 00:00.
    """
    schedule = [m.ProtoOAInterval(startSecond=start, endSecond=end) for start, end in intervals]
    return makeSymbol(schedule=schedule, scheduleTimeZone=zone, **fields)


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> int:
    """
    @return: a moment of November 2026 in UTC; the 1st is a Sunday.
    """
    return toMilliseconds(datetime(2026, 11, day, hour, minute, second, tzinfo=UTC))


class HoursTests(SynchronousTestCase):
    """
    A symbol is traded by its schedule, in the schedule's time zone, but not on holidays.
    """

    def test_schedule(self) -> None:
        """
        The span has to lie in one interval, whose start is in and whose end is out.
        """
        symbol = scheduled((DAY + 9 * HOUR, DAY + 17 * HOUR), (DAY + 18 * HOUR, DAY + 20 * HOUR))
        # Moscow is three hours ahead.
        for start, end, expected in [
            ((2, 6), (2, 6, 1), True),
            ((2, 5, 59, 59), (2, 6, 1), False),
            ((2, 13, 59), (2, 13, 59, 59), True),
            ((2, 13, 59), (2, 14), False),
            ((2, 13, 59), (2, 15), False),
            ((3, 6), (3, 6, 1), False),
        ]:
            self.assertEqual(isOpenThroughout(symbol, at(*start), at(*end)), expected, (start, end))

    def test_week(self) -> None:
        """
        An interval may be the whole week, or go beyond its end.
        """
        around = scheduled((0, 7 * DAY), zone="UTC")
        self.assertTrue(isOpenThroughout(around, at(7, 23, 59), at(8, 0, 1)))
        beyond = scheduled((6 * DAY, 7 * DAY + HOUR), zone="UTC")
        self.assertTrue(isOpenThroughout(beyond, at(7, 23, 59), at(8, 0, 1)))
        self.assertFalse(isOpenThroughout(beyond, at(8, 1), at(8, 1, 1)))

    def test_summerTime(self) -> None:
        """
        The schedule follows the clocks of its zone.
        """
        symbol = scheduled((DAY + 9 * HOUR, DAY + 10 * HOUR), zone="America/New_York")
        self.assertTrue(isOpenThroughout(symbol, at(2, 14), at(2, 14, 1)))
        summer = toMilliseconds(datetime(2026, 7, 6, 13, tzinfo=UTC))
        self.assertTrue(isOpenThroughout(symbol, summer, summer))

    def test_holidays(self) -> None:
        """
        A holiday closes a day or a part of it, once or each year.
        """
        today = at(3, 0) // DAY // 1000
        cases: list[tuple[dict[str, Any], bool]] = [
            ({}, False),
            ({"startSecond": 0, "endSecond": 6 * HOUR}, True),
            ({"startSecond": 11 * HOUR}, False),
            ({"isRecurring": True, "holidayDate": today - 365}, False),
            ({"holidayDate": today - 365}, True),
        ]
        day = {"holidayDate": today, "holidayId": 1, "name": "x", "scheduleTimeZone": "UTC", "isRecurring": False}
        for fields, expected in cases:
            symbol = scheduled((0, 7 * DAY), zone="UTC", holiday=[m.ProtoOAHoliday(**{**day, **fields})])
            self.assertEqual(isOpenThroughout(symbol, at(3, 12), at(3, 12, 1)), expected, fields)

    def test_unknown(self) -> None:
        """
        Without a schedule, in an unknown zone, and where trading is disabled, nothing is expected to flow.
        """
        disabled = m.ProtoOATradingMode.DISABLED_WITHOUT_PENDINGS_EXECUTION
        for symbol in (
            makeSymbol(),
            scheduled(zone="UTC"),
            scheduled((0, 7 * DAY), zone="Mars/Base"),
            scheduled((0, 7 * DAY), zone="UTC", tradingMode=disabled),
        ):
            self.assertFalse(isOpenThroughout(symbol, at(3, 0), at(3, 1)))


class StalenessTests(SynchronousTestCase):
    """
    What should flow and does not is reported.
    """

    def setUp(self) -> None:
        """
        A server that subscribes whatever is asked for, and a symbol that is traded all week, at Monday noon.
        """
        self.link, self.clock = FakeLink(), Clock()
        self.link.agree("SubscribeSpots", "UnsubscribeSpots", "SubscribeLiveTrendbar", "UnsubscribeLiveTrendbar")
        self.feeds = Feeds(self.link, self.clock)
        self.quotes = Quotes(self.link, self.feeds.spots, self.now)
        self.bars = LiveBars(self.link, self.feeds.bars, self.quotes, makeHistory(self.link), self.clock, self.now)
        self.staleness = Staleness(self.feeds, self.quotes, self.bars, self.clock, self.now)
        for part in (self.quotes, self.bars, self.feeds, self.staleness):
            part.start()
        self.told: list[tuple[Stale, ...]] = []
        self.staleness.onStale(self.told.append)

    def now(self) -> int:
        """
        @return: the wall clock.
        """
        return at(2, 12) + int(self.clock.seconds() * 1000)

    def spot(self, **fields: Any) -> None:
        """
        An event comes.
        """
        self.link.push(m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, **fields))

    def test_silence(self) -> None:
        """
        A symbol that is traded and silent is reported within four minutes, once, and no more when it speaks.
        """
        symbol = scheduled((0, 7 * DAY), zone="UTC")
        registration = self.quotes.onQuote(symbol, lambda _: None)
        self.clock.advance(120)
        self.spot(bid=1)
        self.clock.advance(120)
        self.assertEqual((self.told, self.staleness.stale), ([], ()))
        with capturedLogs() as events:
            self.clock.pump([120, 120])
        self.assertEqual([event["symbolId"] for event in events], [1])
        self.assertEqual(self.told, [(Stale("spots", 1, None, None),)])
        self.spot(bid=2)
        self.assertEqual(self.staleness.stale, ())
        self.clock.advance(120)
        self.assertEqual(self.told[1:], [()])
        registration.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closed(self) -> None:
        """
        There is no false alarm while the market is closed, nor before it has been open for two minutes.
        """
        symbol = scheduled((DAY + 13 * HOUR, 7 * DAY), zone="UTC")
        self.quotes.onQuote(symbol, lambda _: None)
        self.clock.pump([120] * 30)
        self.assertEqual(self.told, [])
        self.clock.advance(120)
        self.assertEqual(len(self.told), 1)

    def test_lost(self) -> None:
        """
        An account that is not logged in is not stale, and leaves no timer.
        """
        self.quotes.onQuote(scheduled((0, 7 * DAY), zone="UTC"), lambda _: None)
        self.clock.pump([120] * 3)
        self.assertEqual(len(self.staleness.stale), 1)
        self.link.lose()
        self.assertEqual((self.staleness.stale, self.told[-1], self.clock.getDelayedCalls()), ((), (), []))
        self.link.restore()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_barsMissing(self) -> None:
        """
        Bars are missed where bids come without them; where only asks come they are not.
        """
        self.bars.onBar(scheduled((0, 7 * DAY), zone="UTC"), "M5", lambda _: None)
        for fields in ({"ask": 5}, {"ask": 6}, {"bid": 3}):
            self.assertEqual(self.told, [])
            self.spot(**fields)
            self.clock.advance(120)
        self.assertEqual(self.told, [(Stale("trendbars", 1, "M5", None),)])
        bar = m.ProtoOATrendbar(period=m.ProtoOATrendbarPeriod.M5, low=1, volume=1, utcTimestampInMinutes=5)
        self.spot(bid=4, trendbar=[bar])
        self.assertEqual(self.staleness.stale, ())

    def test_refused(self) -> None:
        """
        What the server refuses or cannot do now is reported with its reason, until it flows or nobody wants it.
        """
        good = self.link.answers.pop(m.ProtoOASubscribeSpotsReq)
        registration = self.bars.onBar(makeSymbol(), "M1", lambda _: None, onRefused=lambda _: None)
        error = serverError("TIMEOUT_ERROR")
        self.link.answer(error)
        self.assertEqual(self.told, [(Stale("spots", 1, None, error),)])
        self.clock.advance(1)
        refusal = serverError("SYMBOL_NOT_FOUND")
        self.link.answer(refusal)
        self.assertEqual(
            {(each.kind, each.period) for each in self.staleness.stale}, {("spots", None), ("trendbars", "M1")}
        )
        self.assertIsInstance(self.staleness.stale[0].reason, SymbolNotFound)
        self.link.answers[m.ProtoOASubscribeSpotsReq] = good
        self.clock.advance(60)
        self.assertEqual((self.staleness.stale, self.told[-1]), ((), ()))
        registration.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
