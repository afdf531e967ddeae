"""
Tests of order books.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import IllegalValue, RequestRefused, TooSlow, serverError
from ctrader_twisted.market import DepthBook, DepthLevel, DepthStream, Gap, Quotes
from ctrader_twisted.market.book import Offers
from ctrader_twisted.market.depth import Depth
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.schema import messages as m
from ctrader_twisted.units import Lots, Units
from test.marketlink import FakeLink, makeSymbol

EURUSD = makeSymbol(1)
GOLD = makeSymbol(2, "XAUUSD", digits=2, lotSize=10_000)
LOT = 10_000_000

# An id, whether it is a bid, a price and a size.
_QUOTES = st.tuples(st.integers(1, 9), st.booleans(), st.integers(1, 12), st.integers(0, 3))


def bid(quoteId: int, price: int, size: int = LOT) -> m.ProtoOADepthQuote:
    """
    @return: a quote to sell to.
    """
    return m.ProtoOADepthQuote(id=quoteId, size=size, bid=price)


def ask(quoteId: int, price: int, size: int = LOT) -> m.ProtoOADepthQuote:
    """
    @return: a quote to buy from.
    """
    return m.ProtoOADepthQuote(id=quoteId, size=size, ask=price)


def event(*quotes: m.ProtoOADepthQuote, gone: tuple[int, ...] = (), symbolId: int = 1) -> m.ProtoOADepthEvent:
    """
    @return: a change of a book.
    """
    return m.ProtoOADepthEvent(ctidTraderAccountId=7, symbolId=symbolId, newQuotes=quotes, deletedQuotes=gone)


def raw(book: DepthBook) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """
    @return: the levels of both sides with wire prices.
    """
    bids, asks = ([(int(price * 100_000), volume) for price, volume in side] for side in (book.bids, book.asks))
    return bids, asks


class OffersTests(SynchronousTestCase):
    """
    Scenario 67: books are put together from single quotes.
    """

    def book(self, *events: m.ProtoOADepthEvent, symbol: Any = EURUSD) -> DepthBook:
        """
        @return: the book after some events.
        """
        offers = Offers()
        for each in events:
            offers.apply(each)
        return offers.book(symbol, 1000)

    def test_sorted(self) -> None:
        """
        The best price of each side comes first; quotes at one price make one level; prices have the symbol's digits.
        """
        quotes = [bid(1, 99), bid(2, 100, 5), ask(3, 103), ask(4, 102, 7), bid(5, 100, 6), ask(6, 104)]
        book = self.book(event(*quotes))
        self.assertEqual(raw(book), ([(100, 11), (99, LOT)], [(102, 7), (103, LOT), (104, LOT)]))
        self.assertEqual(book.bestBid, DepthLevel(Decimal("0.00100"), 11))
        self.assertEqual(book.bestAsk, DepthLevel(Decimal("0.00102"), 7))
        self.assertEqual(str(self.book(event(bid(1, 200_012_000)), symbol=GOLD).bids[0].price), "2000.12")

    def test_changes(self) -> None:
        """
        A known id is replaced, a deleted one goes, an unknown one that is deleted is ignored, and one that is deleted
        and added in the same event stays.
        """
        first = event(bid(1, 100), bid(2, 99), ask(3, 102))
        self.assertEqual(raw(self.book(first, event(bid(1, 100, 5)))), ([(100, 5), (99, LOT)], [(102, LOT)]))
        self.assertEqual(raw(self.book(first, event(gone=(1, 77)))), ([(99, LOT)], [(102, LOT)]))
        self.assertEqual(raw(self.book(first, event(bid(1, 98), gone=(1,)))), ([(99, LOT), (98, LOT)], [(102, LOT)]))

    def test_sideChanged(self) -> None:
        """
        An id may change its side, and one without a size or a price offers nothing.
        """
        self.assertEqual(raw(self.book(event(bid(1, 100)), event(ask(1, 100)))), ([], [(100, LOT)]))
        nothing = m.ProtoOADepthQuote(id=1, size=0, bid=100), m.ProtoOADepthQuote(id=1, size=5)
        for quote in nothing:
            self.assertEqual(raw(self.book(event(bid(1, 100)), event(quote))), ([], []))

    def test_crossed(self) -> None:
        """
        Where a new quote crosses older ones those go, of one event both; a bid at the ask crosses nothing.
        """
        first = event(bid(1, 100), bid(2, 99), ask(3, 102), ask(4, 105))
        self.assertEqual(raw(self.book(first, event(bid(5, 103)))), ([(103, LOT), (100, LOT), (99, LOT)], [(105, LOT)]))
        self.assertEqual(raw(self.book(first, event(bid(5, 102))))[1], [(102, LOT), (105, LOT)])
        both = event(bid(1, 103), bid(2, 99), ask(3, 102), ask(4, 105))
        self.assertEqual(raw(self.book(both)), ([(99, LOT)], [(105, LOT)]))

    @given(
        st.lists(
            st.tuples(
                st.lists(
                    st.tuples(st.integers(1, 9), st.booleans(), st.integers(1, 12), st.integers(0, 3)), max_size=5
                ),
                st.lists(st.integers(1, 9), max_size=3),
            ),
            max_size=12,
        )
    )
    def test_neverCrossed(self, changes: list[tuple[list[tuple[int, bool, int, int]], list[int]]]) -> None:
        """
        Whatever comes, the book is sorted and not crossed, and holds nothing that was not offered.
        """
        offers = Offers()
        for quotes, gone in changes:
            new = [(bid if isBid else ask)(quoteId, price, size) for quoteId, isBid, price, size in quotes]
            offers.apply(event(*new, gone=tuple(gone)))
            book = offers.book(EURUSD, 0)
            bids, asks = ([level.price for level in side] for side in (book.bids, book.asks))
            self.assertEqual((bids, asks), (sorted(set(bids), reverse=True), sorted(set(asks))))
            self.assertTrue(not bids or not asks or bids[0] <= asks[0])
            self.assertTrue(all(level.volume > 0 for level in book.bids + book.asks))

    def test_meanPrice(self) -> None:
        """
        The price for a size is the mean over the levels that it takes; a book that is too thin has none.
        """
        book = self.book(
            event(bid(1, 100_000, LOT), bid(2, 99_000, LOT), ask(3, 101_000, 2 * LOT), ask(4, 103_000, LOT))
        )
        self.assertEqual(book.sellPrice(Lots("0.5")), Decimal("1"))
        self.assertEqual(book.sellPrice(Lots(2)), Decimal("0.995"))
        self.assertEqual(book.buyPrice(Units(300_000)), Decimal("1.0166666667"))
        self.assertIsNone(book.sellPrice(Lots("2.01")))
        self.assertIsNone(self.book().buyPrice(Lots(1)))

    def test_illegalSize(self) -> None:
        """
        A size that cannot be traded is refused, as a bare number is.
        """
        book = DepthBook(makeSymbol(stepVolume=100_000), (), (), 0)
        self.assertRaises(IllegalValue, book.buyPrice, Lots("0.015"))
        self.assertRaises(TypeError, book.sellPrice, 1)

    @given(st.lists(st.tuples(st.integers(1, 10**7), st.integers(1, 10**12)), min_size=1, max_size=8), st.data())
    def test_meanIsExact(self, levels: list[tuple[int, int]], data: st.DataObject) -> None:
        """
        The mean is the exact quotient, or lies within half of the last of ten places.
        """
        book = self.book(event(*(ask(index, price, size) for index, (price, size) in enumerate(levels))))
        wanted = data.draw(st.integers(1, sum(size for _, size in levels)))
        rest, total = wanted, 0
        for price, size in sorted(levels):
            part = min(rest, size)
            rest, total = rest - part, total + part * price
        mean = book.buyPrice(Units(Decimal(wanted) / 100))
        assert mean is not None
        self.assertLessEqual(abs(Fraction(mean) - Fraction(total, wanted * 100_000)), Fraction(1, 2 * 10**10))


class DepthTests(SynchronousTestCase):
    """
    Books reach those who want them.
    """

    def setUp(self) -> None:
        """
        A server that subscribes whatever is asked for.
        """
        self.link, self.clock, self.now = FakeLink(), Clock(), 1000
        self.link.agree("SubscribeSpots", "UnsubscribeSpots", "SubscribeDepthQuotes", "UnsubscribeDepthQuotes")
        feeds = Feeds(self.link, self.clock)
        quotes = Quotes(self.link, feeds.spots, lambda: self.now)
        self.depth = Depth(self.link, feeds.depth, quotes, lambda: self.now)
        for part in (quotes, self.depth, feeds):
            part.start()

    def requests(self) -> list[str]:
        """
        @return: the kinds of the requests that were sent.
        """
        return [type(each).__name__[len("ProtoOA") : -len("Req")] for each in self.link.sent]

    def enter(self, **options: Any) -> DepthStream:
        """
        Enter a stream.

        @param options: how to make it.
        """
        stream = self.depth.depth(EURUSD, **options)
        return self.successResultOf(Deferred.fromCoroutine(stream.__aenter__()))

    def next(self, stream: DepthStream) -> Any:
        """
        @return: the next item of a stream: the wire price of the best bid, or a gap.
        """
        item = self.successResultOf(Deferred.fromCoroutine(stream.__anext__()))
        return item if isinstance(item, Gap) else raw(item)[0][0][0]

    def test_listener(self) -> None:
        """
        A listener hears the whole book after each change, of its symbol only.
        """
        heard: list[DepthBook] = []
        registration = self.depth.onDepth(EURUSD, heard.append)
        self.link.push(event(bid(1, 100), ask(2, 102)))
        self.link.push(event(gone=(2,)))
        self.link.push(event(bid(1, 100), symbolId=2))
        self.assertEqual([raw(book) for book in heard], [([(100, LOT)], [(102, LOT)]), ([(100, LOT)], [])])
        self.assertEqual(heard[0].received, 1000)
        registration.stop()
        registration.stop()
        subscribing = ["SubscribeSpots", "SubscribeDepthQuotes", "UnsubscribeDepthQuotes", "UnsubscribeSpots"]
        self.assertEqual(self.requests(), subscribing)

    def test_reconnect(self) -> None:
        """
        Scenario 67: a reconnect resets the book: a gap is told, and ids of before mean nothing.
        """
        heard: list[Any] = []
        self.depth.onDepth(EURUSD, lambda book: heard.append(raw(book)), onGap=heard.append)
        self.link.push(event(bid(1, 100), ask(2, 102)))
        self.link.lose()
        self.now = 3000
        self.link.restore()
        self.link.push(event(ask(1, 103)))
        self.assertEqual(heard[1:], [Gap(1000, 3000), ([], [(103, LOT)])])

    def test_subscribedAgain(self) -> None:
        """
        Who wants a book again while it is being unsubscribed gets a whole new one, without what came meanwhile.
        """
        answer = self.link.answers.pop(m.ProtoOAUnsubscribeDepthQuotesReq)
        self.depth.onDepth(EURUSD, lambda _: None).stop()
        heard: list[Any] = []
        self.depth.onDepth(EURUSD, lambda book: heard.append(raw(book)))
        self.link.push(event(bid(1, 100)))
        self.link.answer(answer(None))
        self.link.push(event(bid(1, 99)))
        self.assertEqual(heard[-1], ([(99, LOT)], []))
        self.assertEqual(self.requests()[-1], "SubscribeDepthQuotes")

    def test_stream(self) -> None:
        """
        A slow consumer gets the newest book, a later one begins with it, and a gap is kept.
        """
        stream = self.enter()
        for price in (100, 101, 102):
            self.link.push(event(bid(1, price)))
        later = self.enter()
        self.assertEqual((self.next(stream), stream.dropped, self.next(later)), (102, 2, 102))
        self.link.lose()
        self.link.restore()
        for price in (103, 104):
            self.link.push(event(bid(1, price)))
        self.assertEqual([self.next(stream), self.next(stream)], [Gap(1000, 1000), 104])

    def test_enteredInOutage(self) -> None:
        """
        Who comes during an outage is not given the book of before.
        """
        self.depth.onDepth(EURUSD, lambda _: None)
        self.link.push(event(bid(1, 100)))
        self.link.lose()
        stream = self.enter()
        self.link.restore()
        self.link.push(event(bid(1, 99)))
        self.assertEqual(self.next(stream), 99)

    def test_policies(self) -> None:
        """
        Scenario 70: a stream keeps as many books as it was told, and drops the oldest or fails.
        """
        dropping, failing = self.enter(limit=2), self.enter(limit=2, onFull="fail")
        for price in (100, 101, 102):
            self.link.push(event(bid(1, price)))
        self.assertEqual([self.next(dropping), self.next(dropping), dropping.dropped], [101, 102, 1])
        self.assertEqual([self.next(failing), self.next(failing)], [100, 101])
        self.failureResultOf(Deferred.fromCoroutine(failing.__anext__()), TooSlow)

    def test_refused(self) -> None:
        """
        A refusal is told to a listener, and ends a stream.
        """

        def refuse(_: Any) -> Any:
            raise serverError("CHANNEL_IS_BLOCKED")

        self.link.answers[m.ProtoOASubscribeDepthQuotesReq] = refuse
        errors: list[Any] = []
        registration = self.depth.onDepth(EURUSD, lambda _: None, onRefused=errors.append)
        self.assertIsInstance(errors[0], RequestRefused)
        registration.stop()
        asked = Deferred.fromCoroutine(self.enter().__anext__())
        self.failureResultOf(asked, RequestRefused)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_failingListener(self) -> None:
        """
        What a listener raises is logged, and the next one is called.
        """
        heard: list[Any] = []
        self.depth.onDepth(EURUSD, lambda _: 1 / 0)
        self.depth.onDepth(EURUSD, heard.append)
        self.link.push(event(bid(1, 100)))
        self.assertEqual((len(heard), len(self.flushLoggedErrors(ZeroDivisionError))), (1, 1))

    def test_endStreams(self) -> None:
        """
        Ending the streams ends their iterations, after what waits in them, with an error if there is one.
        """
        stream = self.enter()
        self.link.push(event(bid(1, 100)))
        self.depth.endStreams(serverError("RET_ACCOUNT_DISABLED"))
        self.assertEqual(self.next(stream), 100)
        self.failureResultOf(Deferred.fromCoroutine(stream.__anext__()), RequestRefused)
