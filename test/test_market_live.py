"""
Tests of live market data with the whole client against the simulated exchange, on virtual time: what is told, and what
the server is left to send.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import Account, Bar, Client, DepthBook, Gap, Lots, Quote, Symbol
from ctrader_twisted.simulator.settings import BarsWithoutSpots, Settings
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.units import toMilliseconds

_PERIODS = {1: "M1", 9: "H1"}


class LiveTests(SynchronousTestCase):
    """
    Quotes, bars and books against the simulator.
    """

    def setUp(self) -> None:
        """
        Make the exchange; at the end nothing is left.
        """
        self.virtual = VirtualExchange()
        self.addCleanup(lambda: self.assertEqual(self.virtual.clock.getDelayedCalls(), []))

    def onAccount(self, main: Callable[[Account, Symbol], Any]) -> Any:
        """
        Run a coroutine function.

        @param main: called with an account and its EURUSD.
        """

        async def started(client: Client) -> Any:
            self.client = client
            account = await client.account(self.virtual.accountId)
            return await main(account, await account.symbol("EURUSD"))

        return self.virtual.run(started)

    def pause(self, seconds: float) -> Deferred[None]:
        """
        @return: fires after some virtual time.
        """
        return deferLater(self.virtual.clock, seconds, lambda: None)

    async def sent(self, symbol: Symbol) -> set[str]:
        """
        Look at what the server sends to the only connection, once all requests are answered.

        @param symbol: the symbol.
        """
        await self.pause(1)
        exchange, accountId = self.virtual.exchange, self.virtual.accountId
        sent = set()
        for connection in exchange.connections:
            if exchange.feed.isSubscribed(connection, accountId, symbol.symbolId):
                sent.add("spots")
            if exchange.feed.depth.isSubscribed(connection, accountId, symbol.symbolId):
                sent.add("depth")
            for period, name in _PERIODS.items():
                if exchange.feed.hasBars(connection, accountId, symbol.symbolId, period):
                    sent.add(name)
        return sent

    def cut(self) -> None:
        """
        Cut the connection in the middle of a frame.
        """
        self.virtual.endpoint.links[-1].cut(after=b"\x00\x00")

    def test_barsAndHistory(self) -> None:
        """
        Bars of history, live ones and those of an outage make one row, which is that of history.
        """

        async def main(account: Account, symbol: Symbol) -> None:
            told: list[Bar | Gap] = []
            async with account.bars(symbol, "M1", warmUp=20) as bars:
                async for bar in bars:
                    told.append(bar)
                    if len(told) == 23:
                        self.cut()
                        await self.pause(200)
                        self.cut()
                    if len(told) == 32:
                        break
            first, last = told[0], told[-1]
            assert isinstance(first, Bar) and isinstance(last, Bar)
            history = await account.trendbars(symbol, "M1", first.timestamp, last.timestamp + 1)
            self.assertEqual(told, list(history))
            self.assertEqual(await self.sent(symbol), set())

        self.onAccount(main)

    def test_warmUpIsExact(self) -> None:
        """
        The warm-up has as many bars as it was asked for, the last of them just before the one that forms.
        """

        async def main(account: Account, symbol: Symbol) -> None:
            async with account.bars(symbol, "H1", warmUp=5) as bars:
                first = [await anext(bars) for _ in range(5)]
                forming = bars.forming
                assert forming is not None
                self.assertEqual([each for each in first if isinstance(each, Gap)], [])
                history = await account.trendbars(symbol, "H1", 0, forming.timestamp, count=5)
                self.assertEqual(first, list(history))

        self.onAccount(main)

    def test_listeners(self) -> None:
        """
        Scenario 68: bars and depth bring the spots that they need, and release them with the last user.
        """

        async def main(account: Account, symbol: Symbol) -> None:
            bars: list[Bar] = []
            books: list[DepthBook] = []
            users = [account.onBar(symbol, "M1", bars.append), account.onDepth(symbol, books.append)]
            self.assertEqual(await self.sent(symbol), {"spots", "M1", "depth"})
            await self.pause(120)
            users.pop().stop()
            self.assertEqual(await self.sent(symbol), {"spots", "M1"})
            users.append(account.onQuote(symbol, lambda _: None))
            users.pop(0).stop()
            self.assertEqual(await self.sent(symbol), {"spots"})
            users.pop().stop()
            self.assertEqual(await self.sent(symbol), set())
            self.assertEqual([each.timestamp for each in bars], sorted({each.timestamp for each in bars}))
            self.assertGreater(len(bars), 0)
            self.assertGreater(len(books), 10)

        self.onAccount(main)

    def test_twoConsumers(self) -> None:
        """
        Scenario 69: one of two consumers leaves and the other goes on; with the last one the server stops.
        """

        async def main(account: Account, symbol: Symbol) -> None:
            async with account.depth(symbol) as first:
                async with account.depth(symbol) as second:
                    self.assertIsInstance(await anext(second), DepthBook)
                self.assertEqual(await self.sent(symbol), {"spots", "depth"})
                await anext(first)
                self.assertIsInstance(await anext(first), DepthBook)
            self.assertEqual(await self.sent(symbol), set())

        self.onAccount(main)

    def test_waysOut(self) -> None:
        """
        Whichever way a block is left, the server is asked to stop: by break, by an exception, by cancelling.
        """

        async def broken(account: Account, symbol: Symbol) -> None:
            async with account.bars(symbol, "M1", warmUp=1) as bars:
                async for _ in bars:
                    break

        async def failing(account: Account, symbol: Symbol) -> None:
            async with account.quotes(symbol) as quotes, account.depth(symbol):
                async for _ in quotes:
                    raise ZeroDivisionError

        async def endless(account: Account, symbol: Symbol) -> None:
            async with account.bars(symbol, "H1") as bars, account.depth(symbol):
                async for _ in bars:
                    pass

        async def main(account: Account, symbol: Symbol) -> None:
            await broken(account, symbol)
            self.assertEqual(await self.sent(symbol), set())
            with self.assertRaises(ZeroDivisionError):
                await failing(account, symbol)
            self.assertEqual(await self.sent(symbol), set())
            running = Deferred.fromCoroutine(endless(account, symbol))
            self.assertEqual(await self.sent(symbol), {"spots", "H1", "depth"})
            running.cancel()
            with self.assertRaises(CancelledError):
                await running
            self.assertEqual(await self.sent(symbol), set())

        self.onAccount(main)

    def test_reconnect(self) -> None:
        """
        Scenario 39: after a reconnect all is subscribed again, spots first, before the account is ready; what was
        given up during the outage is not.
        """

        async def main(account: Account, symbol: Symbol) -> None:
            heard: list[Any] = []
            books: list[Any] = []
            account.onQuote(symbol, heard.append, onGap=heard.append)
            gone = account.onBar(symbol, "M1", lambda _: None)
            account.onBar(symbol, "H1", lambda _: None)
            account.onDepth(symbol, books.append, onGap=books.append)
            self.assertEqual(await self.sent(symbol), {"spots", "M1", "H1", "depth"})
            lost = self.client.onStatus(lambda _: gone.stop())
            self.cut()
            while not any(isinstance(each, Gap) for each in heard):
                await self.pause(0.1)
            lost.stop()
            await account.whenReady()
            seen = [type(each).__name__.removeprefix("ProtoOA") for each in self.virtual.exchange.seen]
            subscribing = [name for name in seen if name.startswith("Subscribe")][-3:]
            self.assertEqual(subscribing, ["SubscribeSpotsReq", "SubscribeLiveTrendbarReq", "SubscribeDepthQuotesReq"])
            self.assertEqual(await self.sent(symbol), {"spots", "H1", "depth"})
            await self.pause(10)
            for items, kind in ((heard, Quote), (books, DepthBook)):
                gaps = [index for index, item in enumerate(items) if isinstance(item, Gap)]
                self.assertEqual(len(gaps), 1)
                self.assertIsInstance(items[gaps[0] + 1], kind)

        self.onAccount(main)

    def test_books(self) -> None:
        """
        Books are sorted, never crossed, and agree with the quotes; a size has a price while the book holds it.
        """

        async def main(account: Account, symbol: Symbol) -> None:
            async with account.quotes(symbol), account.depth(symbol, limit=100) as books:
                for index in range(200):
                    book = await anext(books)
                    assert isinstance(book, DepthBook) and book.bestBid is not None and book.bestAsk is not None
                    if index == 100:
                        quote = account.quote(symbol)
                        assert quote is not None
                        self.assertEqual((book.bestBid.price, book.bestAsk.price), (quote.bid, quote.ask))
                    self.assertLessEqual(book.bestBid.price, book.bestAsk.price)
                    self.assertEqual([*book.bids], sorted(book.bids, reverse=True))
                    self.assertEqual([*book.asks], sorted(book.asks))
                    everything = sum(level.volume for level in book.asks)
                    price = book.buyPrice(symbol.lots(everything))
                    assert price is not None
                    self.assertTrue(book.asks[0].price < price < book.asks[-1].price)
                    self.assertIsNone(book.buyPrice(Lots(symbol.lots(everything).value + 1)))

        self.onAccount(main)

    def test_spotsFirst(self) -> None:
        """
        Bars flow whatever the server would do with a subscription to them without spots.
        """
        for choice in BarsWithoutSpots:
            self.virtual = VirtualExchange(settings=Settings(barsWithoutSpots=choice))

            async def main(account: Account, symbol: Symbol) -> None:
                async with account.bars(symbol, "M1", warmUp=1) as bars:
                    self.assertIsInstance(await anext(bars), Bar)
                    self.assertIsInstance(await anext(bars), Bar)

            self.onAccount(main)

    def test_notStale(self) -> None:
        """
        Over the hour of the day in which a symbol is not traded it is not reported as stale.
        """

        async def main(account: Account, symbol: Symbol) -> None:
            told: list[Any] = []
            account.onStale(told.append)
            account.onBar(await account.symbol("XAUUSD"), "M1", lambda _: None)
            await self.pause(4200)
            self.assertEqual((told, account.stale), ([], ()))

        self.virtual = VirtualExchange(epoch=toMilliseconds(datetime(2026, 3, 4, 21, 55, tzinfo=UTC)))
        self.onAccount(main)
