"""
Depth, as the simulator sends it.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOADepthEvent,
    ProtoOADepthQuote,
    ProtoOASpotEvent,
    ProtoOASubscribeDepthQuotesReq,
    ProtoOASubscribeDepthQuotesRes,
    ProtoOASubscribeSpotsReq,
    ProtoOAUnsubscribeDepthQuotesReq,
    ProtoOAUnsubscribeDepthQuotesRes,
    ProtoOAUnsubscribeSpotsReq,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.depth import LEVELS, SeededDepth
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.market.symbols import SYMBOLS
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT, USD_ACCOUNT
from test.exchangecase import ClientCase
from test.rawclient import ListedPrices, RawClient


class SeededDepthTests(SynchronousTestCase):
    """
    Books that a seed makes up.
    """

    @settings(deadline=None)
    @given(st.sampled_from(SYMBOLS), st.integers(1, 10**10), st.integers(0, 10**6), st.integers(0, 10**13))
    def test_shape(self, symbol: Any, bid: int, spread: int, timestamp: int) -> None:
        """
        The best levels are the quote's, no two sides cross, and every size can be traded.
        """
        book = SeededDepth(0, symbol).book(Tick(timestamp, bid, bid + spread))
        bids = [level.price for level in book if level.isBid]
        asks = [level.price for level in book if not level.isBid]
        self.assertEqual((bids[0], asks[0]), (bid, bid + spread))
        self.assertEqual(bids, sorted(set(bids), reverse=True))
        self.assertEqual(asks, sorted(set(asks)))
        self.assertGreater(bids[-1], 0)
        self.assertEqual(len(asks), LEVELS)
        self.assertEqual([size for size in book.values() if size <= 0 or size % symbol.stepVolume], [])

    def test_crossedQuote(self) -> None:
        """
        A recorded quote whose sides cross has no book.
        """
        self.assertEqual(SeededDepth(0, SYMBOLS[0]).book(Tick(0, 2, 1)), {})


class _ClientBook:
    """
    What a client makes of the events.
    """

    def __init__(self) -> None:
        self.quotes: dict[int, ProtoOADepthQuote] = {}
        self.replaced = 0

    def take(self, event: ProtoOADepthEvent) -> None:
        for quoteId in event.deletedQuotes:
            del self.quotes[quoteId]
        for quote in event.newQuotes:
            self.replaced += quote.id in self.quotes
            self.quotes[quote.id] = quote

    @property
    def best(self) -> tuple[int, int]:
        bids = [quote.bid for quote in self.quotes.values() if quote.HasField("bid")]
        asks = [quote.ask for quote in self.quotes.values() if quote.HasField("ask")]
        return max(bids), min(asks)


class DepthTests(ClientCase):
    """
    Subscriptions to depth.
    """

    def makeExchange(self) -> Exchange:
        still = ListedPrices([Tick(EPOCH + second * 1_000, 14_800_000, 14_800_500) for second in (-1, -1, 1, 1, 11)])
        replay = {"GBPUSD": ListedPrices([]), "USDJPY": still}
        return Exchange.default(self.clock, replay=replay, settings=self.settings)

    def spots(self, *symbolIds: int) -> None:
        self.ask(ProtoOASubscribeSpotsReq, symbolId=symbolIds)
        self.client.received()

    def depth(self, *symbolIds: int, client: RawClient | None = None) -> list[Any]:
        client = client or self.client
        client.received()
        client.send(ProtoOASubscribeDepthQuotesReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=symbolIds))
        answer, *events = client.messages()
        self.assertEqual(answer, ProtoOASubscribeDepthQuotesRes(ctidTraderAccountId=USD_ACCOUNT))
        return events

    def test_book(self) -> None:
        """
        The whole book comes first; then quotes are added, replaced and deleted, after each spot event that changes the
        book, so that the best levels are always those of the last spots.
        """
        self.spots(1)
        [whole] = self.depth(1)
        book = _ClientBook()
        book.take(whole)
        self.assertEqual((len(whole.newQuotes), list(whole.deletedQuotes)), (2 * LEVELS, []))
        bid, ask = book.best
        self.clock.advance(60)
        events = self.client.messages()
        self.assertGreater(len([event for event in events if isinstance(event, ProtoOADepthEvent)]), 10)
        for event, following in zip(events, [*events[1:], ProtoOASpotEvent()], strict=True):
            if isinstance(event, ProtoOADepthEvent):
                book.take(event)
                self.assertEqual(book.best, (bid, ask))
            else:
                bid = event.bid if event.HasField("bid") else bid
                ask = event.ask if event.HasField("ask") else ask
                if not isinstance(following, ProtoOADepthEvent):
                    self.assertEqual(book.best, (bid, ask))
        self.assertGreater(book.replaced, 0)

    def test_sameBook(self) -> None:
        """
        A tick that changes nothing of the book brings no event; in time sizes change while prices stand.
        """
        self.spots(4)
        self.depth(4)
        self.clock.advance(1)
        self.assertEqual(
            [type(event) for event in self.client.messages()], [ProtoOASpotEvent, ProtoOADepthEvent, ProtoOASpotEvent]
        )
        self.clock.advance(10)
        [event] = [event for event in self.client.messages() if isinstance(event, ProtoOADepthEvent)]
        self.assertGreater(len(event.newQuotes), LEVELS)
        self.assertEqual(list(event.deletedQuotes), [])

    def test_nothingLeft(self) -> None:
        """
        A book that nobody wants any more is not kept.
        """
        self.spots(1)
        self.depth(1)
        self.client.lose()
        self.assertEqual(self.exchange.feed.depth._books, {})

    def test_lateSubscriber(self) -> None:
        """
        Who subscribes later gets the same book as the others have, whole.
        """
        self.spots(1)
        first, second = _ClientBook(), _ClientBook()
        [whole] = self.depth(1)
        first.take(whole)
        self.clock.advance(10)
        for event in self.client.messages():
            if isinstance(event, ProtoOADepthEvent):
                first.take(event)
        other = RawClient(self.exchange)
        other.logIn()
        other.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1]))
        [whole] = self.depth(1, client=other)
        second.take(whole)
        self.assertEqual(first.quotes, second.quotes)

    def test_seed(self) -> None:
        """
        The same seed has the same book.
        """
        self.spots(1, 41)
        other = Exchange.default(Clock(), settings=self.settings)
        client = RawClient(other)
        client.logIn()
        client.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1, 41]))
        books = self.depth(1, 41)
        self.assertEqual(books, self.depth(1, 41, client=client))
        self.assertEqual([book.symbolId for book in books], [1, 41])
        client.lose()

    def test_withoutAPrice(self) -> None:
        """
        Without a price there is no book, and no event.
        """
        self.spots(2)
        self.assertEqual(self.depth(2), [])

    def test_afterAPause(self) -> None:
        """
        A book is of the prices of its time, also right after the exchange stood still.
        """
        self.spots(1)
        self.depth(1)
        self.exchange.stop()
        self.clock.advance(60)
        self.exchange.start()
        client = RawClient(self.exchange)
        client.logIn()
        client.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1]))
        [spot] = [message for message in client.messages() if isinstance(message, ProtoOASpotEvent)]
        [whole] = self.depth(1, client=client)
        book = _ClientBook()
        book.take(whole)
        self.assertEqual(book.best, (spot.bid, spot.ask))

    def test_refusals(self) -> None:
        """
        Depth needs spots and is subscribed to once; one bad symbol spoils the batch.
        """
        kind = ProtoOASubscribeDepthQuotesReq
        self.refused("NOT_SUBSCRIBED_TO_SPOTS", kind, symbolId=[1])
        self.spots(1, 4)
        self.depth(1)
        self.refused("ALREADY_SUBSCRIBED", kind, symbolId=[4, 1])
        self.refused("SYMBOL_NOT_FOUND", kind, symbolId=[4, 999])
        self.refused("INVALID_REQUEST", kind)
        self.assertEqual(len(self.depth(4)), 1)

    def test_ends(self) -> None:
        """
        Depth ends when it is unsubscribed from, and with the spots; one can subscribe again.
        """
        self.spots(1)
        self.depth(1)
        for _ in range(2):
            answer = self.ask(ProtoOAUnsubscribeDepthQuotesReq, symbolId=[1])
            self.assertIsInstance(answer, ProtoOAUnsubscribeDepthQuotesRes)
        self.clock.advance(10)
        self.assertEqual({type(event) for event in self.client.messages()}, {ProtoOASpotEvent})
        self.depth(1)
        self.ask(ProtoOAUnsubscribeSpotsReq, symbolId=[1])
        self.clock.advance(10)
        self.assertEqual(self.client.messages(), [])
        self.spots(1)
        self.assertEqual(len(self.depth(1)[0].newQuotes), 2 * LEVELS)

    def test_perAccount(self) -> None:
        """
        A subscription is for one account, and ends with its session.
        """
        self.client.logIn(EUR_ACCOUNT)
        for accountId in (USD_ACCOUNT, EUR_ACCOUNT):
            self.client.ask(ProtoOASubscribeSpotsReq(ctidTraderAccountId=accountId, symbolId=[1]))
            self.client.ask(ProtoOASubscribeDepthQuotesReq(ctidTraderAccountId=accountId, symbolId=[1]))
        self.client.protocol.endSession(USD_ACCOUNT)
        self.client.received()
        self.clock.advance(30)
        events = [event for event in self.client.messages() if isinstance(event, ProtoOADepthEvent)]
        self.assertEqual({event.ctidTraderAccountId for event in events}, {EUR_ACCOUNT})
        self.assertEqual({event.symbolId for event in events}, {1})
