"""
Tests of live trendbars, and of how they are joined to history.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import Bar
from ctrader_twisted.errors import IllegalValue, RequestRefused, TooSlow, serverError
from ctrader_twisted.market import BarStream, Gap, Quotes
from ctrader_twisted.market.bars import LiveBars
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.schema import messages as m
from test.marketlink import FakeLink, makeHistory, makeSymbol

EURUSD = makeSymbol(1)
MINUTE = 60_000


class BarsCase(SynchronousTestCase):
    """
    What the tests of bars have in common: a market whose one price is known to the minute, and a server that keeps
    history of it.

    @ivar past: the prices by minute, each with the last one of that minute.
    """

    def setUp(self) -> None:
        """
        Begin.
        """
        self.begin()
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def begin(self) -> None:
        """
        A server that subscribes whatever is asked for.
        """
        self.link, self.clock = FakeLink(), Clock()
        self.link.agree("SubscribeSpots", "UnsubscribeSpots", "SubscribeLiveTrendbar", "UnsubscribeLiveTrendbar")
        self.link.answers[m.ProtoOAGetTrendbarsReq] = self.history
        self.past: dict[int, int] = {}
        self.now = 100 * MINUTE
        feeds = Feeds(self.link, self.clock)
        quotes = Quotes(self.link, feeds.spots, lambda: self.now)
        self.bars = LiveBars(self.link, feeds.bars, quotes, makeHistory(self.link), self.clock, lambda: self.now)
        for part in (quotes, self.bars, feeds):
            part.start()

    def history(self, request: Any) -> m.ProtoOAGetTrendbarsRes:
        """
        Answer a request for history: at most three bars on a page, the newest.
        """
        first, last = request.fromTimestamp, request.toTimestamp
        minutes = [minute for minute in sorted(self.past) if first <= minute * MINUTE <= last]
        shown = minutes[-min(request.count or 3, 3) :]
        bars = [m.ProtoOATrendbar(utcTimestampInMinutes=each, low=self.past[each], volume=1) for each in shown]
        return m.ProtoOAGetTrendbarsRes(
            ctidTraderAccountId=7, period=request.period, symbolId=1, trendbar=bars, hasMore=len(shown) < len(minutes)
        )

    def tick(self, minute: int, bid: int | None = None, *, stamped: bool = True, **fields: Any) -> None:
        """
        A spot event comes, with its minute's M1 bar.

        @param minute: when.
        @param bid: the price.
        @param stamped: whether the event tells its time, half a minute later.
        @param fields: of the bar.
        """
        if bid is not None:
            self.past[minute] = bid
        price = self.past.get(minute, 1)
        bar = {"low": price, "volume": 1, "utcTimestampInMinutes": minute, "period": m.ProtoOATrendbarPeriod.M1}
        self.event(bid, minute * MINUTE + 30_000 if stamped else None, {**bar, **fields})

    def event(self, bid: int | None, moment: int | None, *bars: dict[str, Any]) -> None:
        """
        A spot event comes.

        @param bid: the bid.
        @param moment: its time.
        @param bars: what it carries.
        """
        trendbars = [m.ProtoOATrendbar(**bar) for bar in bars]
        event = m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, bid=bid, timestamp=moment, trendbar=trendbars)
        self.link.push(event)

    def requests(self, kind: type[Any]) -> list[Any]:
        """
        @return: the requests of a kind.
        """
        return [each for each in self.link.sent if isinstance(each, kind)]

    def heard(self) -> list[Any]:
        """
        Begin to listen to M1 bars.

        @return: a list of minutes with closes, and of gaps, that grows.
        """
        heard: list[Any] = []
        registration = self.bars.onBar(EURUSD, "M1", lambda bar: heard.append(short(bar)), onGap=heard.append)
        self.addCleanup(registration.stop)
        return heard


def short(bar: Bar | Gap) -> Any:
    """
    @return: a bar's minute and its close in 1/100000.
    """
    return bar if isinstance(bar, Gap) else (bar.timestamp // MINUTE, int(bar.close * 100_000))


class ListenerTests(BarsCase):
    """
    A listener hears each closed bar once.
    """

    def test_closes(self) -> None:
        """
        A bar closes when a newer one comes, with the last bid before that; its other prices are the server's.
        """
        bars: list[Bar] = []
        self.addCleanup(self.bars.onBar(EURUSD, "M1", bars.append).stop)
        self.tick(10, 110_000)
        self.tick(10, 110_020, low=109_990, deltaOpen=10, deltaHigh=50, volume=7)
        self.assertEqual(bars, [])
        self.tick(11, 110_500)
        prices = [Decimal(price) for price in ("1.1", "1.1004", "1.0999", "1.1002")]
        self.assertEqual(bars, [Bar(600_000, prices[0], prices[1], prices[2], prices[3], 7)])

    def test_askOnly(self) -> None:
        """
        Scenario 58: where the event that brings a bar has no bid, the close is the last bid that was known.
        """
        heard = self.heard()
        self.tick(10, 110_000)
        self.tick(11)
        self.tick(12)
        self.assertEqual(heard, [(10, 110_000), (11, 110_000)])

    def test_neverABid(self) -> None:
        """
        Scenario 58: where no bid was known at all, the bar is taken from history, and never has a zero.
        """
        heard = self.heard()
        self.tick(10)
        self.past[10] = 110_000
        self.tick(11)
        self.assertEqual(heard, [])
        self.clock.advance(2)
        self.assertEqual(heard, [(10, 110_000)])

    def test_noPhantom(self) -> None:
        """
        Scenario 65: a bar that is repeated does not close, an older one is ignored, and a minute without ticks has no
        bar.
        """
        heard = self.heard()
        for _ in range(3):
            self.tick(10, 110_000)
        self.tick(9)
        self.assertEqual(heard, [])
        self.tick(15, 110_100)
        self.assertEqual(heard, [(10, 110_000)])

    def test_bidWithoutBar(self) -> None:
        """
        A bid that comes without a bar changes the close, unless it is later than the bar.
        """
        heard = self.heard()
        self.tick(10, 110_000)
        self.event(110_050, 10 * MINUTE + 59_999)
        self.event(110_900, 11 * MINUTE)
        self.tick(11, 110_901)
        self.assertEqual(heard, [(10, 110_050)])

    def test_extremes(self) -> None:
        """
        A close beyond the extremes that the server has told widens them.
        """
        bars: list[Bar] = []
        self.addCleanup(self.bars.onBar(EURUSD, "M1", bars.append).stop)
        self.tick(10, 110_000)
        self.event(109_000, 10 * MINUTE + 40_000)
        self.tick(11, 110_000)
        self.assertEqual((bars[0].low, bars[0].close, bars[0].high), (Decimal("1.09"), Decimal("1.09"), Decimal("1.1")))

    def test_bidFromBefore(self) -> None:
        """
        Where the symbol's spots are subscribed already, the bid that is known counts.
        """
        self.bars.onBar(EURUSD, "H1", lambda bar: None)
        self.event(110_000, 10 * MINUTE)
        heard = self.heard()
        self.tick(10)
        self.tick(11)
        self.assertEqual(heard, [(10, 110_000)])

    def test_periodsApart(self) -> None:
        """
        Bars of two periods ride in one event and are told to those who want them.
        """
        hours: list[Bar] = []
        self.addCleanup(self.bars.onBar(EURUSD, "H1", hours.append).stop)
        heard = self.heard()
        m1 = {"period": m.ProtoOATrendbarPeriod.M1, "low": 1, "volume": 1}
        h1 = {"period": m.ProtoOATrendbarPeriod.H1, "low": 1, "volume": 1, "utcTimestampInMinutes": 0}
        self.event(5, 10 * MINUTE, {**m1, "utcTimestampInMinutes": 10}, h1)
        self.event(6, 11 * MINUTE, {**m1, "utcTimestampInMinutes": 11}, h1)
        self.assertEqual((heard, hours), ([(10, 5)], []))

    def test_longDay(self) -> None:
        """
        The day on which New York sets its clocks back has an hour more, and its close is the last bid of that hour.
        """
        bars: list[Bar] = []
        self.addCleanup(self.bars.onBar(EURUSD, "D1", bars.append).stop)
        opening = int(datetime(2026, 10, 31, 21, tzinfo=UTC).timestamp()) // 60
        day = {"period": m.ProtoOATrendbarPeriod.D1, "low": 5, "volume": 1}
        for hours, bid in ((0, 5), (24.5, 7)):
            moment = int(opening + hours * 60) * MINUTE
            self.event(bid, moment, {**day, "utcTimestampInMinutes": opening})
        self.event(9, (opening + 25 * 60) * MINUTE)
        self.event(9, (opening + 25 * 60) * MINUTE, {**day, "utcTimestampInMinutes": opening + 25 * 60})
        self.assertEqual([short(bar) for bar in bars], [(opening, 7)])

    def test_shortMonth(self) -> None:
        """
        The close of a month is the last bid before its end, however many days it has; of a bar that opens when none
        should, the last bid of as many minutes as the period has.
        """
        bars: list[Bar] = []
        self.addCleanup(self.bars.onBar(EURUSD, "MN1", bars.append).stop)
        opening = int(datetime(2026, 1, 31, 22, tzinfo=UTC).timestamp()) // 60
        month = {"period": m.ProtoOATrendbarPeriod.MN1, "low": 5, "volume": 1}
        end = opening + 28 * 24 * 60
        self.event(6, opening * MINUTE, {**month, "utcTimestampInMinutes": opening})
        self.event(7, end * MINUTE - 1)
        self.event(8, end * MINUTE)
        odd = end + 60
        self.event(9, odd * MINUTE, {**month, "utcTimestampInMinutes": odd})
        self.event(10, (odd + 31 * 24 * 60) * MINUTE - 1)
        self.event(11, (odd + 31 * 24 * 60) * MINUTE)
        later = odd + 31 * 24 * 60
        self.event(12, later * MINUTE, {**month, "utcTimestampInMinutes": later})
        self.assertEqual([short(bar) for bar in bars], [(opening, 7), (odd, 10)])

    def test_illegal(self) -> None:
        """
        A period that there is not, or a number that makes no sense, is refused at once.
        """
        self.assertRaises(IllegalValue, self.bars.onBar, EURUSD, "M7", print)
        self.assertRaises(IllegalValue, self.bars.bars, EURUSD, "M1", warmUp=-1)
        self.assertRaises(IllegalValue, self.bars.bars, EURUSD, "M1", onFull="latest")

    def test_failingListener(self) -> None:
        """
        What a listener raises is logged, and the next one is called.
        """
        self.addCleanup(self.bars.onBar(EURUSD, "M1", lambda _: 1 / 0).stop)
        heard = self.heard()
        self.tick(10, 1)
        self.tick(11, 1)
        self.assertEqual(len(heard), 1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_sharedSubscription(self) -> None:
        """
        Several users share a subscription, which ends with the last of them.
        """
        first, second = (self.bars.onBar(EURUSD, "M1", lambda _: None) for _ in range(2))
        first.stop()
        first.stop()
        self.assertEqual(self.requests(m.ProtoOAUnsubscribeLiveTrendbarReq), [])
        second.stop()
        self.assertEqual(len(self.requests(m.ProtoOASubscribeLiveTrendbarReq)), 1)
        self.assertEqual(len(self.requests(m.ProtoOAUnsubscribeLiveTrendbarReq)), 1)

    def test_refused(self) -> None:
        """
        The server's refusal is told, or logged where nobody wants to hear of it.
        """

        def refuse(_: Any) -> Any:
            raise serverError("CHANNEL_IS_BLOCKED")

        self.link.answers[m.ProtoOASubscribeLiveTrendbarReq] = refuse
        errors: list[Any] = []
        first = self.bars.onBar(EURUSD, "M1", lambda _: None, onRefused=errors.append)
        self.assertIsInstance(errors.pop(), RequestRefused)
        with capturedLogs() as events:
            second = self.bars.onBar(EURUSD, "M1", lambda _: None)
        self.assertEqual([event["name"] for event in events], ["M1 bars of EURUSD"])
        first.stop()
        second.stop()


class OutageTests(BarsCase):
    """
    Bars that close during an outage are taken from history.
    """

    def outage(self) -> None:
        """
        The connection is lost and made again.
        """
        self.link.lose()
        self.link.restore()

    def test_recovered(self) -> None:
        """
        After an outage come first the bars that have closed meanwhile, with the one that was cut off, then those that
        have closed since, each once and in order.
        """
        heard = self.heard()
        self.tick(10, 1)
        self.outage()
        self.past.update({10: 2, 11: 3, 12: 4, 13: 5, 14: 6})
        self.tick(15, 7, stamped=False)
        self.tick(16, 8, stamped=False)
        self.assertEqual(heard, [])
        self.clock.advance(2)
        self.assertEqual(heard, [(10, 2), (11, 3), (12, 4), (13, 5), (14, 6), (15, 7)])
        self.tick(17, 9)
        self.assertEqual(heard[-1], (16, 8))

    def test_sameBar(self) -> None:
        """
        Where the bar is still the same after the outage nothing is missing.
        """
        heard = self.heard()
        self.tick(10, 1)
        self.outage()
        self.tick(10, 2)
        self.tick(11, 3)
        self.assertEqual(heard, [(10, 2)])
        self.assertEqual(self.requests(m.ProtoOAGetTrendbarsReq), [])

    def test_settling(self) -> None:
        """
        History is asked at once where the last bar has closed long enough ago to be in it, else two seconds after.
        """
        heard = self.heard()
        self.tick(10, 1)
        self.outage()
        self.tick(12, 2)
        self.clock.advance(0)
        self.assertEqual(heard, [(10, 1)])
        self.outage()
        self.event(5, 13 * MINUTE + 500, {"period": 1, "low": 5, "volume": 1, "utcTimestampInMinutes": 13})
        self.clock.advance(1.4)
        self.assertEqual(len(heard), 1)
        self.clock.advance(0.1)
        self.assertEqual(heard[1:], [(12, 2)])

    def test_historyFails(self) -> None:
        """
        Where history fails for now it is asked again, ever more rarely, and nothing is told out of order.
        """
        heard = self.heard()
        self.tick(10, 1)
        good = self.link.answers.pop(m.ProtoOAGetTrendbarsReq)
        self.outage()
        self.tick(12, 3)
        for pause in (0, 1, 2, 4):
            self.clock.advance(pause)
            self.link.answer(serverError("TIMEOUT_ERROR"))
        self.tick(13, 4)
        self.link.answers[m.ProtoOAGetTrendbarsReq] = good
        self.clock.advance(7)
        self.assertEqual(heard, [])
        self.clock.advance(1)
        self.assertEqual(heard, [(10, 1), (12, 3)])

    def test_historyRefused(self) -> None:
        """
        Where history refuses the bars, a gap tells which they are, and what closes later is told.
        """
        heard = self.heard()
        self.tick(10, 1)
        del self.link.answers[m.ProtoOAGetTrendbarsReq]
        self.outage()
        self.tick(12, 3)
        self.tick(13, 4)
        self.clock.advance(0)
        self.link.answer(serverError("INCORRECT_BOUNDARIES"))
        self.assertEqual(heard, [Gap(10 * MINUTE, 12 * MINUTE), (12, 3)])

    def test_lostAgain(self) -> None:
        """
        A second outage while history is asked loses and doubles nothing.
        """
        heard = self.heard()
        self.tick(10, 1)
        good = self.link.answers.pop(m.ProtoOAGetTrendbarsReq)
        self.outage()
        self.tick(12, 3)
        self.clock.advance(0)
        self.tick(13, 4)
        self.outage()
        self.link.answers[m.ProtoOAGetTrendbarsReq] = good
        self.tick(14, 5)
        self.clock.advance(0)
        self.assertEqual(heard, [(10, 1), (12, 3), (13, 4)])

    def test_inDoubt(self) -> None:
        """
        Where the server turns out to have forgotten the subscriptions, what it did not send is taken from history,
        also if that was being asked already.
        """
        heard = self.heard()
        self.tick(10, 1)
        good = self.link.answers.pop(m.ProtoOAGetTrendbarsReq)
        for minute, period in ((13, "H1"), (16, "H4")):
            self.forgetSubscriptions(period)
            self.past.update({minute - 2: 5, minute - 1: 6})
            self.tick(minute, 7, stamped=False)
            self.tick(minute + 1, 8, stamped=False)
        self.link.answers[m.ProtoOAGetTrendbarsReq] = good
        self.assertEqual(heard, [])
        self.clock.advance(2)
        self.assertEqual(heard, [(each, self.past[each]) for each in range(10, 17) if each in self.past])

    def forgetSubscriptions(self, period: str) -> None:
        """
        The server forgets what was subscribed, which comes out when another period is wanted.
        """
        kind = m.ProtoOASubscribeLiveTrendbarReq
        good = self.link.answers.pop(kind)
        self.addCleanup(self.bars.onBar(EURUSD, period, lambda _: None).stop)
        self.link.answers[kind] = good
        self.link.answer(serverError("NOT_SUBSCRIBED_TO_SPOTS"))

    @settings(deadline=None, max_examples=300)
    @given(
        st.lists(
            st.sampled_from(["tick", "tick", "minute", "quiet", "outage", "down", "up", "busy", "second", "join"]),
            max_size=40,
        ),
        st.integers(0, 5),
    )
    def test_everyHistory(self, steps: list[str], warmUp: int) -> None:
        """
        Whatever happens in whatever order: a listener hears each bar that history has, once and in order, and so does
        a stream that joins at any time with bars from before.
        """
        self.begin()
        self.past = dict.fromkeys(range(4, 10), 1)
        heard: list[Any] = []
        listener = self.bars.onBar(EURUSD, "M1", lambda bar: heard.append(short(bar)))
        minute, price = 10, 1
        self.tick(minute, price)
        streams: list[tuple[int, BarStream]] = []
        for step in [*steps, "up", "minute", "second", "second"]:
            price += 1
            if step in ("minute", "quiet"):
                minute += 1 if step == "minute" else 3
            if step in ("tick", "minute", "quiet"):
                # The market moves whether or not somebody listens.
                self.tick(minute, price, stamped=step != "quiet")
            elif step == "join":
                stream = self.bars.bars(EURUSD, "M1", warmUp=warmUp)
                self.successResultOf(Deferred.fromCoroutine(stream.__aenter__()))
                streams.append((minute, stream))
            else:
                self.disturb(step)
        self.clock.pump([1.0] * 200)
        expected = [(each, self.past[each]) for each in sorted(self.past) if each < minute]
        self.assertEqual(heard, [each for each in expected if each[0] >= 10])
        for joined, stream in streams:
            got = drain(self, stream)
            self.assertEqual(got, expected[len(expected) - len(got) :])
            self.assertGreaterEqual(len(got), min(warmUp, len(expected)))
            if not warmUp:
                self.assertLessEqual({each for each in expected if each[0] >= joined}, set(got))
            stream.close()
        listener.stop()
        self.clock.pump([1.0] * 5)

    def disturb(self, step: str) -> None:
        """
        Do one step that is no tick.
        """
        if step == "outage" and self.link.ready:
            self.outage()
        elif step == "down" and self.link.ready:
            self.link.lose()
        elif step == "up" and not self.link.ready:
            self.link.restore()
        elif step == "second":
            self.clock.advance(1)
        elif step == "busy":
            good = self.link.answers[m.ProtoOAGetTrendbarsReq]
            self.link.answers[m.ProtoOAGetTrendbarsReq] = busy
            self.clock.advance(1)
            self.link.answers[m.ProtoOAGetTrendbarsReq] = good


def busy(_: Any) -> Any:
    """
    Fail for now.
    """
    raise serverError("TIMEOUT_ERROR")


def drain(case: SynchronousTestCase, stream: BarStream) -> list[Any]:
    """
    Take what a stream has.

    @return: minutes with closes, and gaps.
    """
    items: list[Any] = []
    while (asked := Deferred.fromCoroutine(stream.__anext__())).called:
        items.append(short(case.successResultOf(asked)))
    asked.addErrback(lambda _: None)
    asked.cancel()
    return items


class StreamTests(BarsCase):
    """
    Streams begin with bars of history.
    """

    def enter(self, **options: Any) -> BarStream:
        """
        Enter a stream of M1 bars.

        @param options: how to make it.
        """
        stream = self.bars.bars(EURUSD, "M1", **options)
        self.addCleanup(stream.close)
        return self.successResultOf(Deferred.fromCoroutine(stream.__aenter__()))

    def take(self, stream: BarStream) -> list[Any]:
        """
        @return: what a stream has.
        """
        return drain(self, stream)

    def test_warmUp(self) -> None:
        """
        So many closed bars come first, over several pages, then those that close; the one that forms can be looked at.
        """
        self.past = dict.fromkeys(range(1, 10), 5)
        stream = self.enter(warmUp=7)
        self.assertIsNone(stream.forming)
        self.tick(10, 6)
        self.clock.advance(0)
        self.assertEqual(self.take(stream), [(minute, 5) for minute in range(3, 10)])
        self.tick(10, 7)
        forming = stream.forming
        assert forming is not None
        self.assertEqual((forming.timestamp, forming.close, forming.volume), (10 * MINUTE, Decimal("0.00007"), 1))
        self.tick(11, 8)
        self.assertEqual(self.take(stream), [(10, 7)])

    def test_shortHistory(self) -> None:
        """
        Fewer bars come where there are no more; a symbol without any begins with the first that closes.
        """
        stream = self.enter(warmUp=7)
        self.tick(10, 6)
        self.clock.advance(0)
        self.tick(11, 6)
        self.assertEqual(self.take(stream), [(10, 6)])

    def test_marketClosed(self) -> None:
        """
        Where no live bar comes, history is asked after two seconds; its newest bar may be forming, and is told when a
        newer one shows that it is not.
        """
        self.past = dict.fromkeys(range(1, 10), 5)
        stream = self.enter(warmUp=2)
        self.clock.advance(1.9)
        self.assertEqual(self.take(stream), [])
        self.clock.advance(0.1)
        self.assertEqual(self.take(stream), [(7, 5), (8, 5)])
        self.tick(50, 6)
        self.clock.advance(2)
        self.assertEqual(self.take(stream), [(9, 5)])

    def test_firstBarWhileAsking(self) -> None:
        """
        Where the first live bar comes while history is asked, history is asked again for the bars before that.
        """
        self.past = {7: 3, 8: 4}
        good = self.link.answers.pop(m.ProtoOAGetTrendbarsReq)
        stream = self.enter(warmUp=2)
        self.clock.advance(2)
        page = good(self.link.pending[0][0])
        self.past[9] = 5
        self.tick(10, 6)
        self.link.answers[m.ProtoOAGetTrendbarsReq] = good
        self.link.answer(page)
        self.clock.advance(0)
        self.assertEqual(self.take(stream), [(8, 4), (9, 5)])

    def test_gapsBecomeOne(self) -> None:
        """
        Gaps that nobody has taken become one.
        """
        stream = self.enter()
        del self.link.answers[m.ProtoOAGetTrendbarsReq]
        for minute in (10, 12, 14):
            self.link.lose()
            self.link.restore()
            self.tick(minute, 1)
            if minute > 10:
                self.clock.advance(0)
                self.link.answer(serverError("INCORRECT_BOUNDARIES"))
        self.assertEqual(self.take(stream), [Gap(10 * MINUTE, 14 * MINUTE)])

    def test_joinedWhileAsking(self) -> None:
        """
        A bar that closes while history is asked comes after it, once.
        """
        self.past = {9: 5}
        good = self.link.answers.pop(m.ProtoOAGetTrendbarsReq)
        stream = self.enter(warmUp=1)
        self.tick(10, 6)
        self.clock.advance(0)
        self.tick(11, 7)
        self.link.answer(good(self.link.pending[0][0]))
        self.assertEqual(self.take(stream), [(9, 5), (10, 6)])

    def test_notEntered(self) -> None:
        """
        A stream that has not been entered knows of no bar that is forming.
        """
        self.assertIsNone(self.bars.bars(EURUSD, "M1").forming)

    def test_offline(self) -> None:
        """
        A stream that is entered while the account is not logged in begins with the login; an outage while history is
        asked begins it anew.
        """
        self.past = {8: 4, 9: 5}
        self.link.lose()
        stream = self.enter(warmUp=1)
        del self.link.answers[m.ProtoOAGetTrendbarsReq]
        self.link.restore()
        self.tick(10, 6)
        self.clock.advance(0)
        self.link.lose()
        self.link.answers[m.ProtoOAGetTrendbarsReq] = self.history
        self.link.restore()
        self.tick(10, 6)
        self.clock.advance(0)
        self.assertEqual(self.take(stream), [(9, 5)])

    def test_historyRefused(self) -> None:
        """
        Where history refuses the bars, the iteration does.
        """
        del self.link.answers[m.ProtoOAGetTrendbarsReq]
        stream = self.enter(warmUp=1)
        self.tick(10, 6)
        self.clock.advance(0)
        asked = Deferred.fromCoroutine(stream.__anext__())
        self.link.answer(serverError("INCORRECT_BOUNDARIES"))
        self.failureResultOf(asked, RequestRefused)
        self.assertEqual(len(self.requests(m.ProtoOAUnsubscribeLiveTrendbarReq)), 1)

    def test_loginEnded(self) -> None:
        """
        Where history is refused because the account is not logged in any more, the next login asks again.
        """
        self.past = {9: 5}
        stream = self.enter(warmUp=1)
        self.link.answers[m.ProtoOAGetTrendbarsReq] = self.refuseLogin
        self.tick(10, 6)
        self.clock.advance(0)
        self.link.answers[m.ProtoOAGetTrendbarsReq] = self.history
        self.link.restore()
        self.tick(10, 6)
        self.clock.advance(0)
        self.assertEqual(self.take(stream), [(9, 5)])

    def refuseLogin(self, request: Any) -> NoReturn:
        """
        Refuse a request as one without a login, which ends the account's own.
        """
        self.link.lose()
        raise serverError("ACCOUNT_NOT_AUTHORIZED")

    def test_tooSlow(self) -> None:
        """
        Scenario 70: bars are not dropped silently: what was kept is given, then the iteration fails; bars of history
        do not count, and others notice nothing.
        """
        self.past = dict.fromkeys(range(1, 10), 5)
        slow, other = self.enter(warmUp=5, limit=2), self.enter(limit=100)
        for minute in range(10, 14):
            self.tick(minute, 6)
            self.clock.advance(0)
        minutes = []
        asked = Deferred.fromCoroutine(slow.__anext__())
        while asked.called and not isinstance(asked.result, Exception):
            if not hasattr(asked.result, "value"):
                minutes.append(short(self.successResultOf(asked))[0])
                asked = Deferred.fromCoroutine(slow.__anext__())
            else:
                break
        self.failureResultOf(asked, TooSlow)
        self.assertEqual(minutes, [5, 6, 7, 8, 9, 10, 11])
        self.assertEqual([minute for minute, _ in self.take(other)], [10, 11, 12])

    def test_drop(self) -> None:
        """
        Where a stream is to drop, the newest are kept, and what was dropped is counted.
        """
        stream = self.enter(limit=2, onFull="drop")
        for minute in range(10, 15):
            self.tick(minute, 6)
        self.assertEqual(([minute for minute, _ in self.take(stream)], stream.dropped), ([12, 13], 2))

    def test_endStreams(self) -> None:
        """
        Ending the streams ends their iterations, after what waits in them; listeners hear on.
        """
        heard = self.heard()
        stream = self.enter()
        for minute in (10, 11):
            self.tick(minute, 6)
        self.bars.endStreams()
        self.assertEqual(short(self.successResultOf(Deferred.fromCoroutine(stream.__anext__()))), (10, 6))
        self.failureResultOf(Deferred.fromCoroutine(stream.__anext__()), StopAsyncIteration)
        self.tick(12, 6)
        self.assertEqual(len(heard), 2)
