"""
Tests of the conversion of assets: the way through symbols, its rate, and what is asked and subscribed for it.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import NotConnected, RequestTimedOut, ValueUnknown
from ctrader_twisted.market import Quote, Quotes, SymbolCache
from ctrader_twisted.market.conversion import Chain, Conversions, middle
from ctrader_twisted.market.feeds import Feeds
from ctrader_twisted.schema import messages as m
from test.marketlink import FakeLink, fullSymbol

EUR, USD, JPY, XAU = 104, 115, 109, 141
EURUSD, USDJPY, XAUUSD = 1, 4, 41
PAIRS = {EURUSD: (EUR, USD), USDJPY: (USD, JPY), XAUUSD: (XAU, USD)}


def light(symbolId: int) -> m.ProtoOALightSymbol:
    """
    @return: a symbol as the server names it.
    """
    base, quote = PAIRS[symbolId]
    return m.ProtoOALightSymbol(symbolId=symbolId, symbolName=f"S{symbolId}", baseAssetId=base, quoteAssetId=quote)


class ChainTests(SynchronousTestCase):
    """
    The way through symbols is joined by assets.
    """

    prices = {EURUSD: Fraction("1.25"), USDJPY: Fraction(150), XAUUSD: Fraction(2_400)}

    def rate(self, first: int, last: int, *symbolIds: int) -> Fraction | None:
        """
        @return: the rate through symbols, as the server names them in order.
        """
        return Chain.through(first, last, map(light, symbolIds)).rate(self.prices.get)

    def test_directions(self) -> None:
        """
        A symbol is gone through in whichever direction fits.
        """
        self.assertEqual(self.rate(EUR, USD, EURUSD), Fraction("1.25"))
        self.assertEqual(self.rate(USD, EUR, EURUSD), Fraction("0.8"))
        self.assertEqual(self.rate(JPY, XAU, USDJPY, XAUUSD), Fraction(1, 360_000))
        self.assertEqual(self.rate(XAU, EUR, XAUUSD, EURUSD), 1_920)

    def test_order(self) -> None:
        """
        The order in which the server names the symbols does not matter, nor what it names after the end.
        """
        self.assertEqual(self.rate(JPY, XAU, XAUUSD, USDJPY), Fraction(1, 360_000))
        self.assertEqual(self.rate(EUR, USD, EURUSD, USDJPY), Fraction("1.25"))

    def test_sameAsset(self) -> None:
        """
        An asset is worth 1 in itself, without a price.
        """
        self.assertEqual(self.rate(EUR, EUR), 1)
        self.assertEqual(self.rate(EUR, EUR, EURUSD), 1)

    def test_leadsNowhere(self) -> None:
        """
        Symbols that do not join the assets are no way.
        """
        for symbolIds in ((), (USDJPY,), (EURUSD, EURUSD), (EURUSD, XAUUSD)):
            self.assertRaises(ValueUnknown, self.rate, EUR, JPY, *symbolIds)

    def test_missingPrice(self) -> None:
        """
        If one price is missing there is no rate.
        """
        chain = Chain.through(EUR, JPY, [light(EURUSD), light(USDJPY)])
        self.assertIsNone(chain.rate({EURUSD: Fraction(1)}.get))

    @given(st.fractions(min_value=Fraction(1, 10**6), max_value=10**6), st.fractions(Fraction(1, 10**6), 10**6))
    def test_thereAndBack(self, first: Fraction, second: Fraction) -> None:
        """
        The way back has exactly the reciprocal rate.
        """
        prices = {EURUSD: first, USDJPY: second}
        there, back = Chain.through(EUR, JPY, map(light, prices)), Chain.through(JPY, EUR, map(light, prices))
        rates = there.rate(prices.get), back.rate(prices.get)
        self.assertEqual(rates, (first * second, 1 / (first * second)))

    def test_middle(self) -> None:
        """
        The middle is exact, and is no price if there is no quote, or one that cannot be divided by.
        """
        self.assertEqual(middle(Quote(1, Decimal("1.11980"), Decimal("1.11985"), None, 0)), Fraction("1.119825"))
        self.assertIsNone(middle(None))
        self.assertIsNone(middle(Quote(1, Decimal("-0.01"), Decimal("0.01"), None, 0)))


class ConversionsTests(SynchronousTestCase):
    """
    What is asked, subscribed and waited for.
    """

    def setUp(self) -> None:
        """
        Make an account whose server knows three symbols.
        """
        self.link, self.clock = FakeLink(), Clock()
        self.ways = {(JPY, EUR): [USDJPY, EURUSD], (EUR, USD): [EURUSD]}
        self.link.answers = {
            m.ProtoOAAssetListReq: lambda _: m.ProtoOAAssetListRes(ctidTraderAccountId=7),
            m.ProtoOASymbolsListReq: lambda _: m.ProtoOASymbolsListRes(ctidTraderAccountId=7, symbol=map(light, PAIRS)),
            m.ProtoOASymbolByIdReq: self.specifications,
            m.ProtoOASymbolsForConversionReq: self.way,
            m.ProtoOASubscribeSpotsReq: lambda _: m.ProtoOASubscribeSpotsRes(ctidTraderAccountId=7),
            m.ProtoOAUnsubscribeSpotsReq: lambda _: m.ProtoOAUnsubscribeSpotsRes(ctidTraderAccountId=7),
        }
        feeds = Feeds(self.link, self.clock)
        symbols, quotes = SymbolCache(self.link), Quotes(self.link, feeds.spots, lambda: 0)
        symbols.start()
        quotes.start()
        feeds.start()
        self.conversions = Conversions(self.link, self.clock, symbols, quotes)
        self.conversions.start()

    def specifications(self, request: Any) -> m.ProtoOASymbolByIdRes:
        """
        Answer with specifications.
        """
        full = [fullSymbol(symbolId) for symbolId in request.symbolId]
        return m.ProtoOASymbolByIdRes(ctidTraderAccountId=7, symbol=full)

    def way(self, request: Any) -> m.ProtoOASymbolsForConversionRes:
        """
        Answer with a way.
        """
        symbolIds = self.ways[request.firstAssetId, request.lastAssetId]
        return m.ProtoOASymbolsForConversionRes(ctidTraderAccountId=7, symbol=map(light, symbolIds))

    def rate(self, first: int, last: int, timeout: float = 10) -> Deferred[Fraction]:
        """
        Ask for a rate.
        """
        return Deferred.fromCoroutine(self.conversions.rate(first, last, timeout))

    def quote(self, symbolId: int, bid: int, ask: int) -> None:
        """
        A price comes.
        """
        self.link.push(m.ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=symbolId, bid=bid, ask=ask))

    def sent(self, kind: type[Any]) -> list[Any]:
        """
        @return: the requests of a kind.
        """
        return [each for each in self.link.sent if isinstance(each, kind)]

    def subscribed(self) -> set[int]:
        """
        @return: the symbols that the server sends.
        """
        wanted: set[int] = set()
        for each in self.link.sent:
            if isinstance(each, m.ProtoOASubscribeSpotsReq):
                wanted.update(each.symbolId)
            if isinstance(each, m.ProtoOAUnsubscribeSpotsReq):
                wanted.difference_update(each.symbolId)
        return wanted

    def test_waitsForAllPrices(self) -> None:
        """
        A rate is given when the last of its prices has come; then all are let go.
        """
        rate = self.rate(JPY, EUR)
        self.assertEqual(self.subscribed(), {USDJPY, EURUSD})
        self.quote(USDJPY, 15_000_000, 15_000_000)
        self.assertNoResult(rate)
        self.quote(EURUSD, 124_990, 125_010)
        self.assertEqual(self.successResultOf(rate), Fraction(1, 150) / Fraction("1.25"))
        self.assertEqual(self.subscribed(), set())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_asksOnce(self) -> None:
        """
        A way is asked for once in each login.
        """
        waiting = [self.rate(EUR, USD), self.rate(EUR, USD)]
        self.assertEqual(len(self.sent(m.ProtoOASymbolsForConversionReq)), 1)
        self.link.lose()
        for rate in waiting:
            self.failureResultOf(rate, NotConnected)
        self.link.restore()
        self.assertNoResult(self.rate(EUR, USD))
        self.assertEqual(len(self.sent(m.ProtoOASymbolsForConversionReq)), 2)

    def test_sameAsset(self) -> None:
        """
        Nothing is asked to convert an asset into itself.
        """
        self.assertEqual(self.successResultOf(self.rate(EUR, EUR)), 1)
        self.assertEqual(self.link.sent, [])

    def test_live(self) -> None:
        """
        A conversion that is followed has the newest rate, none after a loss, and tells of each price.
        """
        heard: list[Fraction | None] = []
        following = self.conversions.follow(EUR, USD, lambda: heard.append(conversion.rate))
        conversion = self.successResultOf(Deferred.fromCoroutine(following))
        self.assertIsNone(conversion.rate)
        self.quote(EURUSD, 110_000, 110_000)
        self.quote(EURUSD, 110_000, 110_010)
        self.assertEqual(heard, [Fraction("1.1"), Fraction("1.10005")])
        self.link.lose()
        self.assertIsNone(conversion.rate)
        self.link.restore()
        self.assertIsNone(conversion.rate)
        self.quote(EURUSD, 120_000, 120_000)
        self.assertEqual(conversion.rate, Fraction("1.2"))
        conversion.stop()
        conversion.stop()
        self.assertEqual(self.subscribed(), set())

    def test_late(self) -> None:
        """
        A price that does not come in time leaves the rate unknown, and nothing behind; a silent server does so too.
        """
        rate = self.rate(EUR, USD, timeout=3)
        self.clock.advance(3)
        self.failureResultOf(rate, ValueUnknown)
        self.assertEqual(self.subscribed(), set())
        del self.link.answers[m.ProtoOASymbolsForConversionReq]
        rate = self.rate(JPY, EUR, timeout=3)
        self.clock.advance(3)
        self.failureResultOf(rate, ValueUnknown)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancelled(self) -> None:
        """
        A cancelled wait lets its symbols go, and disturbs nobody else.
        """
        first, second = self.rate(EUR, USD), self.rate(EUR, USD)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertEqual(self.subscribed(), {EURUSD})
        self.quote(EURUSD, 110_000, 110_000)
        self.assertEqual(self.successResultOf(second), Fraction("1.1"))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lost(self) -> None:
        """
        Whoever waits when the connection is lost is told.
        """
        rate = self.rate(EUR, USD)
        self.link.lose()
        self.failureResultOf(rate, NotConnected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_failureIsNotKept(self) -> None:
        """
        A way that could not be asked for is asked for again.
        """

        def refuse(request: Any) -> Any:
            raise RequestTimedOut("SymbolsForConversion", 7, seconds=5)

        self.link.answers[m.ProtoOASymbolsForConversionReq] = refuse
        self.failureResultOf(self.rate(EUR, USD), RequestTimedOut)
        self.link.answers[m.ProtoOASymbolsForConversionReq] = self.way
        self.assertNoResult(self.rate(EUR, USD))
