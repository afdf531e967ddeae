"""
Tests of live quotes, as listeners and as streams.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import IllegalValue, SymbolNotFound, TooSlow, serverError
from ctrader_twisted.market import Gap, Quote, Quotes, QuoteStream
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.schema import messages as m
from test.marketlink import FakeLink, makeSymbol

EURUSD = makeSymbol(1)
GOLD = makeSymbol(2, "XAUUSD", digits=2)


class QuotesCase(SynchronousTestCase):
    """
    What the tests of quotes have in common.
    """

    def setUp(self) -> None:
        """
        A server that subscribes whatever is asked for.
        """
        self.link = FakeLink()
        self.link.answers[m.ProtoOASubscribeSpotsReq] = lambda _: m.ProtoOASubscribeSpotsRes(ctidTraderAccountId=7)
        self.link.answers[m.ProtoOAUnsubscribeSpotsReq] = lambda _: m.ProtoOAUnsubscribeSpotsRes(ctidTraderAccountId=7)
        self.clock = Clock()
        self.now = 1000
        feeds = Feeds(self.link, self.clock)
        self.quotes = Quotes(self.link, feeds.spots, lambda: self.now)
        self.quotes.start()
        feeds.start()
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def spot(self, symbolId: int = 1, **fields: Any) -> None:
        """
        An event comes.

        @param symbolId: the symbol.
        @param fields: what the event holds.
        """
        self.link.push(m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=symbolId, **fields))

    def requests(self) -> list[tuple[str, list[int]]]:
        """
        @return: kinds and symbols of the requests that were sent.
        """
        return [(type(each).__name__[7:-8], list(each.symbolId)) for each in self.link.sent]


class ListenerTests(QuotesCase):
    """
    Listeners hear each quote.
    """

    def heard(self, symbol: Any = EURUSD) -> list[Quote]:
        """
        Begin to listen.

        @param symbol: the symbol.
        @return: a list that grows.
        """
        quotes: list[Quote] = []
        self.quotes.onQuote(symbol, quotes.append)
        return quotes

    def test_oneSided(self) -> None:
        """
        Scenarios 57 and 59: there is a quote once both sides are known; then each change of a side makes one, with the
        time that the server told, if it did.
        """
        heard = self.heard()
        self.spot(ask=110_010)
        self.spot(ask=110_020, bid=0)
        self.assertEqual(heard, [])
        self.spot(bid=110_000, timestamp=999)
        self.spot(ask=110_030)
        self.assertEqual(
            heard,
            [
                Quote(1, Decimal("1.1"), Decimal("1.1002"), 999, 1000),
                Quote(1, Decimal("1.1"), Decimal("1.1003"), None, 1000),
            ],
        )

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.none() | st.integers(0, 10**10), st.none() | st.integers(0, 10**10)), max_size=20))
    def test_neverZero(self, sides: list[tuple[int | None, int | None]]) -> None:
        """
        Whatever comes, a quote holds the newest price that was named for each side, and never zero.
        """
        self.setUp()
        heard = self.heard()
        bid = ask = None
        for bidSide, askSide in sides:
            self.spot(bid=bidSide, ask=askSide)
            bid, ask = bidSide or bid, askSide or ask
            if bid and ask:
                self.assertEqual((heard[-1].bid * 100_000, heard[-1].ask * 100_000), (bid, ask))
            else:
                self.assertEqual(heard, [])

    def test_barsOnly(self) -> None:
        """
        An event without a price is no quote.
        """
        heard = self.heard()
        self.spot(bid=1, ask=2)
        self.spot(trendbar=[m.ProtoOATrendbar(volume=1)])
        self.spot(sessionClose=5)
        self.assertEqual(len(heard), 1)

    def test_symbolsApart(self) -> None:
        """
        Each symbol has its own prices and digits; a symbol that nobody uses is ignored.
        """
        euro, gold = self.heard(), self.heard(GOLD)
        self.spot(1, bid=110_000)
        self.spot(2, bid=200_012_000, ask=200_050_000)
        self.spot(3, bid=1, ask=2)
        self.assertEqual((euro, str(gold[0].bid)), ([], "2000.12"))

    def test_newest(self) -> None:
        """
        The newest quote can be looked at while somebody uses the symbol.
        """
        self.assertIsNone(self.quotes.quote(EURUSD))
        heard = self.heard()
        self.assertIsNone(self.quotes.quote(EURUSD))
        self.spot(bid=1, ask=2)
        self.assertIs(self.quotes.quote(EURUSD), heard[0])

    def test_sharedSubscription(self) -> None:
        """
        Scenario 69: Several users share a subscription, which ends with the last of them; stopping twice does nothing.
        """
        first, second = (self.quotes.onQuote(EURUSD, lambda _: None) for _ in range(2))
        first.stop()
        first.stop()
        self.assertEqual(self.requests(), [("Subscribe", [1])])
        second.stop()
        self.assertEqual(self.requests(), [("Subscribe", [1]), ("Unsubscribe", [1])])

    def test_lateEvents(self) -> None:
        """
        Prices that come after the last user left are not taken for those of a later one.
        """
        self.quotes.onQuote(EURUSD, lambda _: None).stop()
        self.spot(bid=1)
        heard = self.heard()
        self.spot(ask=2)
        self.assertEqual(heard, [])

    def test_failingListener(self) -> None:
        """
        What a listener raises is logged, and the next one is called.
        """
        self.quotes.onQuote(EURUSD, lambda _: 1 / 0)
        heard = self.heard()
        self.spot(bid=1, ask=2)
        self.assertEqual(len(heard), 1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_stopsAnother(self) -> None:
        """
        A listener that another one has stopped is not called any more, not even for the same quote.
        """
        heard: list[Quote] = []
        self.quotes.onQuote(EURUSD, lambda _: second.stop())
        second = self.quotes.onQuote(EURUSD, heard.append)
        third = self.heard()
        self.spot(bid=1, ask=2)
        self.assertEqual((heard, len(third)), ([], 1))

    def test_forgottenAtLoss(self) -> None:
        """
        After a loss both sides have to come again.
        """
        heard = self.heard()
        self.spot(bid=1, ask=2)
        self.link.lose()
        self.assertIsNone(self.quotes.quote(EURUSD))
        self.link.restore()
        self.spot(ask=5)
        self.assertEqual(len(heard), 1)
        self.spot(bid=4)
        self.assertEqual(len(heard), 2)
        self.assertEqual(self.requests(), [("Subscribe", [1])] * 2)

    def test_halfForgottenAtLoss(self) -> None:
        """
        A single side is forgotten too, also where the answer to the subscription had not come.
        """
        del self.link.answers[m.ProtoOASubscribeSpotsReq]
        heard = self.heard()
        self.spot(ask=5)
        self.link.lose()
        self.link.restore()
        self.spot(bid=4)
        self.assertEqual(heard, [])

    def test_refused(self) -> None:
        """
        A refusal is logged for a listener, which is served if a later login allows it.
        """

        def refuse(_: Any) -> Any:
            raise serverError("SYMBOL_NOT_FOUND")

        self.link.answers[m.ProtoOASubscribeSpotsReq], good = refuse, self.link.answers[m.ProtoOASubscribeSpotsReq]
        heard = self.heard()
        self.assertEqual(heard, [])
        self.link.answers[m.ProtoOASubscribeSpotsReq] = good
        self.link.lose()
        self.link.restore()
        self.spot(bid=1, ask=2)
        self.assertEqual(len(heard), 1)

    def test_toldRefusals(self) -> None:
        """
        A listener that wants to hear of a refusal is told, and it is not logged; what it raises is.
        """

        def refuse(_: Any) -> Any:
            raise serverError("SYMBOL_NOT_FOUND")

        self.link.answers[m.ProtoOASubscribeSpotsReq] = refuse
        errors: list[Any] = []
        with capturedLogs() as events:
            first = self.quotes.onQuote(EURUSD, lambda _: None, onRefused=errors.append)
        self.assertEqual((type(errors[0]), events), (SymbolNotFound, []))
        first.stop()
        second = self.quotes.onQuote(EURUSD, lambda _: None, onRefused=lambda _: 1 / 0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        second.stop()

    def test_toldGaps(self) -> None:
        """
        A listener that wants to hear of gaps is told before the first quote after an outage.
        """
        heard: list[Any] = []
        self.quotes.onQuote(EURUSD, lambda _: heard.append("quote"), onGap=heard.append)
        self.spot(bid=1, ask=2)
        self.link.lose()
        self.now = 2000
        self.link.restore()
        self.assertEqual(heard, ["quote"])
        self.spot(bid=1, ask=2)
        self.assertEqual(heard, ["quote", Gap(1000, 2000), "quote"])

    def test_subscribedAgain(self) -> None:
        """
        Who wants a symbol again while it is being unsubscribed has to wait for a new price.
        """
        answer = self.link.answers.pop(m.ProtoOAUnsubscribeSpotsReq)
        registration = self.quotes.onQuote(EURUSD, lambda _: None)
        self.spot(bid=1, ask=2)
        registration.stop()
        heard = self.heard()
        self.link.answer(answer(None))
        self.assertIsNone(self.quotes.quote(EURUSD))
        self.spot(bid=1, ask=2)
        self.assertEqual(len(heard), 1)
        self.link.answers[m.ProtoOAUnsubscribeSpotsReq] = answer

    def test_refusedLater(self) -> None:
        """
        A refusal that comes after the last user left is nobody's.
        """
        del self.link.answers[m.ProtoOASubscribeSpotsReq]
        self.quotes.onQuote(EURUSD, lambda _: None).stop()
        self.link.answer(serverError("SYMBOL_NOT_FOUND"))
        self.assertEqual(self.link.pending, [])


class StreamTests(QuotesCase):
    """
    Streams are iterated over.
    """

    def enter(self, symbol: Any = EURUSD, **options: Any) -> QuoteStream:
        """
        Enter a stream.

        @param symbol: the symbol.
        @param options: how to make it.
        @return: the stream.
        """
        stream = self.quotes.quotes(symbol, **options)
        return self.successResultOf(Deferred.fromCoroutine(stream.__aenter__()))

    def next(self, stream: QuoteStream) -> Deferred[Quote | Gap]:
        """
        Ask a stream for its next item.

        @param stream: the stream.
        @return: fires with the item.
        """
        return Deferred.fromCoroutine(stream.__anext__())

    def bids(self, stream: QuoteStream) -> list[Any]:
        """
        Take what a stream has.

        @param stream: the stream.
        @return: bids in wire units, and gaps.
        """
        items: list[Any] = []
        while (asked := self.next(stream)).called:
            item = self.successResultOf(asked)
            items.append(int(item.bid * 100_000) if isinstance(item, Quote) else item)
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        return items

    def test_asyncFor(self) -> None:
        """
        The block subscribes, the loop gets quotes as they come, and leaving it unsubscribes.
        """
        seen: list[Quote | Gap] = []

        async def consume() -> None:
            async with self.quotes.quotes(EURUSD) as quotes:
                async for quote in quotes:
                    seen.append(quote)
                    if len(seen) == 2:
                        break

        done = Deferred.fromCoroutine(consume())
        self.spot(bid=1, ask=2)
        self.assertEqual(len(seen), 1)
        self.assertNoResult(done)
        self.spot(bid=2)
        self.successResultOf(done)
        self.assertEqual(self.requests(), [("Subscribe", [1]), ("Unsubscribe", [1])])

    def test_failureInBlock(self) -> None:
        """
        An error in the block unsubscribes too, and comes out.
        """

        async def consume() -> None:
            async with self.quotes.quotes(EURUSD):
                raise ZeroDivisionError

        self.failureResultOf(Deferred.fromCoroutine(consume()), ZeroDivisionError)
        self.assertEqual(self.requests()[-1], ("Unsubscribe", [1]))

    def test_cancelled(self) -> None:
        """
        Cancelling who waits for a quote ends the block.
        """

        async def consume() -> None:
            async with self.quotes.quotes(EURUSD) as quotes:
                async for _ in quotes:
                    pass

        done = Deferred.fromCoroutine(consume())
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual(self.requests()[-1], ("Unsubscribe", [1]))

    def test_latest(self) -> None:
        """
        By default a slow consumer gets the newest quote, and what it missed is counted.
        """
        stream = self.enter()
        for bid in (1, 2, 3):
            self.spot(bid=bid, ask=9)
        self.assertEqual((self.bids(stream), stream.dropped), ([3], 2))

    def test_limit(self) -> None:
        """
        With a limit so many wait, in order; another consumer of the symbol notices nothing.
        """
        slow, fast = self.enter(limit=2), self.enter(limit=100)
        for bid in (1, 2, 3, 4):
            self.spot(bid=bid, ask=9)
        self.assertEqual((self.bids(slow), slow.dropped), ([3, 4], 2))
        self.assertEqual((self.bids(fast), fast.dropped), ([1, 2, 3, 4], 0))

    def test_fail(self) -> None:
        """
        Scenario 70: a stream that is to fail gives what it has kept, then fails, and lets the symbol go.
        """
        stream = self.enter(limit=2, onFull="fail")
        for bid in (1, 2, 3, 4):
            self.spot(bid=bid, ask=9)
        kept = [self.successResultOf(self.next(stream)) for _ in range(2)]
        self.assertEqual([int(quote.bid * 100_000) for quote in kept if isinstance(quote, Quote)], [1, 2])
        self.failureResultOf(self.next(stream), TooSlow)
        self.assertEqual(self.requests()[-1], ("Unsubscribe", [1]))

    def test_illegal(self) -> None:
        """
        A stream keeps at least one quote, and has one of two policies.
        """
        self.assertRaises(IllegalValue, self.quotes.quotes, EURUSD, limit=0)
        self.assertRaises(IllegalValue, self.quotes.quotes, EURUSD, onFull="block")

    def test_joinedLater(self) -> None:
        """
        A second consumer begins with the newest quote, since the server would not send it again.
        """
        self.enter()
        self.spot(bid=1, ask=2)
        self.assertEqual(self.bids(self.enter()), [1])

    def test_notReady(self) -> None:
        """
        A stream that is entered while the account is not ready begins with the login, without a gap.
        """
        self.link.ready = False
        stream = self.enter()
        asked = self.next(stream)
        self.link.restore()
        self.spot(bid=1, ask=2)
        self.assertIsInstance(self.successResultOf(asked), Quote)

    def test_gap(self) -> None:
        """
        After an outage a gap comes before the first quote, from the last quote before it.
        """
        stream = self.enter(limit=5)
        self.spot(bid=1, ask=9)
        self.now = 2000
        self.link.lose()
        self.link.restore()
        self.link.lose()
        self.now = 3000
        self.link.restore()
        self.spot(bid=2)
        self.assertEqual(self.bids(stream), [1])
        self.spot(ask=9)
        self.spot(bid=3)
        self.assertEqual(self.bids(stream), [Gap(1000, 3000), 2, 3])

    def test_gapForWhoWasThere(self) -> None:
        """
        Who joined during the outage missed nothing, and who left hears nothing.
        """
        before, gone = self.enter(limit=5), self.enter()
        self.spot(bid=1, ask=9)
        self.link.lose()
        gone.close()
        after = self.enter(limit=5)
        self.link.restore()
        self.spot(bid=2, ask=9)
        self.assertEqual(self.bids(before), [1, Gap(1000, 1000), 2])
        self.assertEqual(self.bids(after), [2])

    def outage(self, bid: int) -> None:
        """
        Go through an outage and a quote after it, a millisecond later.
        """
        self.link.lose()
        self.link.restore()
        self.now += 1
        self.spot(bid=bid, ask=9)

    def test_gapsAreNotDropped(self) -> None:
        """
        A slow consumer loses quotes but no gap; gaps with nothing between them become one.
        """
        stream = self.enter(limit=2)
        self.spot(bid=1, ask=9)
        for bid in (2, 3, 4):
            self.outage(bid)
        self.spot(bid=5)
        self.assertEqual((self.bids(stream), stream.dropped), ([Gap(1000, 1003), 4, 5], 3))

    @settings(deadline=None)
    @given(st.integers(1, 4), st.lists(st.sampled_from(["quote", "outage", "take"]), max_size=30))
    def test_everyPace(self, limit: int, steps: list[str]) -> None:
        """
        At any pace: order is kept, every quote is taken, dropped or waits, and each outage is within a gap.
        """
        self.setUp()
        stream = self.enter(limit=limit)
        sent, taken, outages = 0, [], []
        for step in [*steps, "take"]:
            self.now += 10
            if step == "take":
                taken += self.bids(stream)
                continue
            sent += 1
            if step == "outage":
                outages += [self.now] if sent > 1 else []
                self.outage(sent)
            else:
                self.spot(bid=sent, ask=9)
        bids = [item for item in taken if isinstance(item, int)]
        gaps = [item for item in taken if isinstance(item, Gap)]
        self.assertEqual(bids, sorted(set(bids)))
        self.assertEqual(len(bids) + stream.dropped, sent)
        self.assertEqual(bids[-1:], [sent] if sent else [])
        for moment in outages:
            self.assertTrue(any(gap.start <= moment <= gap.end for gap in gaps))

    def test_refused(self) -> None:
        """
        A stream of a symbol that the server will not send fails once, with its refusal, and then is over.
        """
        del self.link.answers[m.ProtoOASubscribeSpotsReq]
        stream = self.enter()
        asked = self.next(stream)
        self.link.answer(serverError("SYMBOL_NOT_FOUND"))
        self.failureResultOf(asked, SymbolNotFound)
        self.failureResultOf(self.next(stream), StopAsyncIteration)
        stream.close()
        self.link.lose()
        self.link.restore()
        self.assertEqual(len(self.link.sent), 1)

    def test_close(self) -> None:
        """
        Closing ends the iteration, and what waits is forgotten.
        """
        stream = self.enter()
        asked = self.next(stream)
        stream.close()
        self.failureResultOf(asked, StopAsyncIteration)
        stream = self.enter()
        self.spot(bid=1, ask=2)
        stream.close()
        stream.close()
        self.failureResultOf(self.next(stream), StopAsyncIteration)

    def test_endStreams(self) -> None:
        """
        Ending the streams ends their iterations, after what waits in them; listeners hear on.
        """
        heard: list[Quote] = []
        self.quotes.onQuote(EURUSD, heard.append)
        stream = self.enter()
        self.spot(bid=1, ask=2)
        self.quotes.endStreams()
        self.assertIsInstance(self.successResultOf(self.next(stream)), Quote)
        self.failureResultOf(self.next(stream), StopAsyncIteration)
        self.spot(bid=2, ask=3)
        self.assertEqual(len(heard), 2)

    def test_misuse(self) -> None:
        """
        A stream is entered first, entered once, and read by one consumer.
        """
        stream = self.quotes.quotes(EURUSD)
        self.failureResultOf(self.next(stream), RuntimeError)
        stream = self.enter()
        self.failureResultOf(Deferred.fromCoroutine(stream.__aenter__()), RuntimeError)
        waiting = self.next(stream)
        self.failureResultOf(self.next(stream), RuntimeError)
        self.spot(bid=1, ask=2)
        self.successResultOf(waiting)
