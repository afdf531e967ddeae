"""
What the simulator tells of its symbols and their prices.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAssetClassListReq,
    ProtoOAAssetListReq,
    ProtoOAGetTickDataReq,
    ProtoOAGetTrendbarsReq,
    ProtoOAQuoteType,
    ProtoOASpotEvent,
    ProtoOASubscribeSpotsReq,
    ProtoOASubscribeSpotsRes,
    ProtoOASymbolByIdReq,
    ProtoOASymbolCategoryListReq,
    ProtoOASymbolsForConversionReq,
    ProtoOASymbolsListReq,
    ProtoOATrendbarPeriod,
    ProtoOAUnsubscribeSpotsReq,
    ProtoOAUnsubscribeSpotsRes,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EPOCH, EUR_ACCOUNT, USD_ACCOUNT
from test.exchangecase import ClientCase
from test.rawclient import ListedPrices, RawClient

_TICKS = [
    Tick(EPOCH - 2_000, 110_000, 110_010),
    Tick(EPOCH + 1_000, 110_005, 110_010),
    Tick(EPOCH + 2_000, 110_005, 110_020),
    Tick(EPOCH + 3_000, 110_007, 110_021),
    Tick(EPOCH + 4_000, 110_007, 110_021),
]


class ReferenceTests(ClientCase):
    """
    Assets and symbols.
    """

    def test_hierarchy(self) -> None:
        """
        Each symbol is of a known category, each category of a known class, and its assets are in the list.
        """
        symbols = self.ask(ProtoOASymbolsListReq).symbol
        categories = {each.id: each for each in self.ask(ProtoOASymbolCategoryListReq).symbolCategory}
        classes = {each.id for each in self.ask(ProtoOAAssetClassListReq).assetClass}
        assets = {each.assetId for each in self.ask(ProtoOAAssetListReq).asset}
        self.assertIn("EURUSD", [symbol.symbolName for symbol in symbols])
        for symbol in symbols:
            self.assertIn(categories[symbol.symbolCategoryId].assetClassId, classes)
            self.assertLessEqual({symbol.baseAssetId, symbol.quoteAssetId}, assets)

    def test_byId(self) -> None:
        """
        Known symbols of a batch are answered in full; only if none is known it is refused.
        """
        answer = self.ask(ProtoOASymbolByIdReq, symbolId=[4, 999, 1])
        self.assertEqual([(each.symbolId, each.digits) for each in answer.symbol], [(4, 3), (1, 5)])
        self.refused("SYMBOL_NOT_FOUND", ProtoOASymbolByIdReq, symbolId=[999])
        self.refused("INVALID_REQUEST", ProtoOASymbolByIdReq)

    def test_conversion(self) -> None:
        """
        A chain leads from one asset to another; between equal ones it is empty, and without a way it is refused.
        """
        ids = {each.name: each.assetId for each in self.ask(ProtoOAAssetListReq).asset}
        chain = self.ask(ProtoOASymbolsForConversionReq, firstAssetId=ids["GER40"], lastAssetId=ids["USD"])
        self.assertEqual([each.symbolName for each in chain.symbol], ["EURUSD", "GER40"][::-1])
        same = self.ask(ProtoOASymbolsForConversionReq, firstAssetId=ids["USD"], lastAssetId=ids["USD"])
        self.assertEqual(list(same.symbol), [])
        self.refused("SYMBOL_NOT_FOUND", ProtoOASymbolsForConversionReq, firstAssetId=ids["USD"], lastAssetId=9)


class SpotTests(ClientCase):
    """
    Prices as they come.
    """

    def makeExchange(self) -> Exchange:
        replay = {"EURUSD": ListedPrices(list(_TICKS)), "GBPUSD": ListedPrices([])}
        return Exchange.default(self.clock, replay=replay, settings=self.settings)

    def subscribe(self, *symbolIds: int, **fields: Any) -> None:
        self.client.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=symbolIds, **fields), "s")

    def test_snapshotAndChanges(self) -> None:
        """
        First the answer, then the last price, then only the sides that have changed; both, if neither has.
        """
        self.subscribe(1)
        self.clock.advance(5)
        base: dict[str, Any] = {"ctidTraderAccountId": USD_ACCOUNT, "symbolId": 1}
        self.assertEqual(
            self.client.received(),
            [
                (ProtoOASubscribeSpotsRes(ctidTraderAccountId=USD_ACCOUNT), "s"),
                (ProtoOASpotEvent(**base, bid=110_000, ask=110_010), None),
                (ProtoOASpotEvent(**base, bid=110_005), None),
                (ProtoOASpotEvent(**base, ask=110_020), None),
                (ProtoOASpotEvent(**base, bid=110_007, ask=110_021), None),
                (ProtoOASpotEvent(**base, bid=110_007, ask=110_021), None),
            ],
        )

    def test_timestamp(self) -> None:
        """
        Events carry the time of the tick if that was asked for.
        """
        self.subscribe(1, subscribeToSpotTimestamp=True)
        self.clock.advance(1)
        _, snapshot, update = self.client.messages()
        self.assertEqual((snapshot.timestamp, update.timestamp), (EPOCH - 2_000, EPOCH + 1_000))

    def test_noPriceYet(self) -> None:
        """
        Without a price the first event has neither side.
        """
        self.subscribe(2)
        _, snapshot = self.client.messages()
        self.assertEqual(snapshot, ProtoOASpotEvent(ctidTraderAccountId=USD_ACCOUNT, symbolId=2))

    def test_lateSubscriber(self) -> None:
        """
        Who subscribes later gets the price that the others were told last.
        """
        self.clock.advance(2)
        self.subscribe(1)
        _, snapshot = self.client.messages()
        self.assertEqual((snapshot.bid, snapshot.ask), (110_005, 110_020))

    def test_afterAPause(self) -> None:
        """
        What was told before the exchange stood still is not the last price when it goes on.
        """
        self.clock.advance(1)
        self.exchange.stop()
        self.clock.advance(2)
        self.exchange.start()
        self.subscribe(1)
        _, snapshot = self.client.messages()
        self.assertEqual((snapshot.bid, snapshot.ask), (110_007, 110_021))

    def test_twoAccounts(self) -> None:
        """
        A subscription is for one account: two of them get two streams.
        """
        self.client.logIn(EUR_ACCOUNT)
        self.subscribe(1)
        self.client.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=EUR_ACCOUNT, symbolId=[1]))
        self.client.received()
        self.clock.advance(1)
        self.assertEqual([each.ctidTraderAccountId for each in self.client.messages()], [USD_ACCOUNT, EUR_ACCOUNT])

    def test_refusals(self) -> None:
        """
        A batch with a symbol that is subscribed already or unknown is refused as a whole, and so is an empty one.
        """
        self.subscribe(1)
        self.refused("ALREADY_SUBSCRIBED", ProtoOASubscribeSpotsReq, symbolId=[2, 1])
        self.refused("SYMBOL_NOT_FOUND", ProtoOASubscribeSpotsReq, symbolId=[2, 999])
        self.refused("INVALID_REQUEST", ProtoOASubscribeSpotsReq)
        self.refused("SYMBOL_NOT_FOUND", ProtoOAUnsubscribeSpotsReq, symbolId=[999])
        self.subscribe(2)
        self.assertIsInstance(self.client.messages()[0], ProtoOASubscribeSpotsRes)

    def test_unsubscribe(self) -> None:
        """
        Nothing comes after unsubscribing, which succeeds without a subscription too; then one can subscribe again.
        """
        self.subscribe(1)
        for _ in range(2):
            answer = self.ask(ProtoOAUnsubscribeSpotsReq, symbolId=[1])
            self.assertIsInstance(answer, ProtoOAUnsubscribeSpotsRes)
        self.clock.advance(5)
        self.assertEqual(self.client.messages(), [])
        self.subscribe(1)
        self.assertEqual(len(self.client.messages()), 2)

    def test_endOfConnection(self) -> None:
        """
        A connection that has ended is sent nothing, and others go on.
        """
        self.subscribe(1)
        other = RawClient(self.exchange)
        other.logIn()
        other.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1]))
        self.client.lose()
        self.client.received()
        other.received()
        self.clock.advance(1)
        self.assertEqual(self.client.received(), [])
        self.assertEqual(len(other.messages()), 1)


class TickTests(ClientCase):
    """
    Ticks of the past.
    """

    settings = Settings(historicalRate=1_000, tickChunk=3)
    ticks = [
        Tick(EPOCH - 9_000_000, 110_000, 110_010),
        Tick(EPOCH - 4_000, 110_001, 110_011),
        Tick(EPOCH - 3_000, 110_002, 110_012),
        Tick(EPOCH - 2_000, 110_003, 110_012),
        Tick(EPOCH - 1_000, 109_999, 110_013),
        Tick(EPOCH + 1_000, 110_009, 110_019),
    ]

    def setUp(self) -> None:
        self.ticks = list(self.ticks)
        super().setUp()

    def makeExchange(self) -> Exchange:
        return Exchange.default(self.clock, replay={"EURUSD": ListedPrices(self.ticks)}, settings=self.settings)

    def page(self, side: Any = ProtoOAQuoteType.BID, **fields: Any) -> tuple[list[tuple[int, int]], bool]:
        answer = self.ask(ProtoOAGetTickDataReq, symbolId=1, type=side, **fields)
        found, timestamp, price = [], 0, 0
        for each in answer.tickData:
            timestamp, price = timestamp + each.timestamp, price + each.tick
            found.append((timestamp, price))
        return found, answer.hasMore

    def test_pages(self) -> None:
        """
        The newest come first, as differences; the page before is asked for up to the millisecond before the oldest.
        """
        newest, more = self.page()
        self.assertEqual([price for _, price in newest], [109_999, 110_003, 110_002])
        self.assertTrue(more)
        rest, more = self.page(toTimestamp=newest[-1][0] - 1)
        self.assertEqual(rest, [(tick.timestamp, tick.bid) for tick in reversed(self.ticks[:2])])
        self.assertFalse(more)

    def test_crowded(self) -> None:
        """
        The ticks of a millisecond come together, and do not hide that there are more before.
        """
        self.ticks[2:5] = [Tick(EPOCH - 2_000, bid, 110_020) for bid in (110_002, 110_003, 110_004, 110_005)]
        newest, more = self.page()
        self.assertEqual(([price for _, price in newest], more), ([110_005, 110_004, 110_003, 110_002], True))
        newest, more = self.page(fromTimestamp=EPOCH - 3_999)
        self.assertEqual((len(newest), more), (4, False))
        rest, more = self.page(toTimestamp=EPOCH - 2_001)
        self.assertEqual(([price for _, price in rest], more), ([110_001, 110_000], False))

    def test_ask(self) -> None:
        """
        The other side has the same times and its own prices.
        """
        self.assertEqual([price for _, price in self.page(ProtoOAQuoteType.ASK)[0]], [110_013, 110_012, 110_012])

    def test_endsCount(self) -> None:
        """
        Both ends of the span belong to it.
        """
        found, more = self.page(fromTimestamp=EPOCH - 3_000, toTimestamp=EPOCH - 2_000)
        self.assertEqual(([price for _, price in found], more), ([110_003, 110_002], False))
        self.assertEqual(self.page(fromTimestamp=EPOCH - 2_999, toTimestamp=EPOCH - 2_001), ([], False))

    def test_notTheFuture(self) -> None:
        """
        A tick is history only once its time has come.
        """
        span = {"fromTimestamp": EPOCH, "toTimestamp": EPOCH + 5_000}
        self.assertEqual(self.page(**span), ([], False))
        self.clock.advance(1)
        self.assertEqual(self.page(**span), ([(EPOCH + 1_000, 110_009)], False))
        self.assertEqual(self.page(fromTimestamp=EPOCH + 9_000, toTimestamp=EPOCH + 9_999), ([], False))

    def test_boundaries(self) -> None:
        """
        A span that is upside down, before 1970 or too late is refused.
        """
        for fields in (
            {"fromTimestamp": 2, "toTimestamp": 1},
            {"fromTimestamp": -1, "toTimestamp": 1},
            {"fromTimestamp": 1, "toTimestamp": 2_147_483_646_001},
        ):
            self.refused("INCORRECT_BOUNDARIES", ProtoOAGetTickDataReq, symbolId=1, type=ProtoOAQuoteType.BID, **fields)
        self.refused("SYMBOL_NOT_FOUND", ProtoOAGetTickDataReq, symbolId=9_999, type=ProtoOAQuoteType.BID)

    def crowd(self, *timestamps: int) -> None:
        self.ticks[:] = [Tick(EPOCH + each, 110_000 + index, 110_100) for index, each in enumerate(timestamps)]

    def test_notTorn(self) -> None:
        """
        A page ends before a millisecond that would not fit into it whole.
        """
        self.crowd(-5, -4, -4, -3, -2)
        found, more = self.page()
        self.assertEqual(([price for _, price in found], more), ([110_004, 110_003], True))
        found, more = self.page(toTimestamp=found[-1][0] - 1)
        self.assertEqual(([price for _, price in found], more), ([110_002, 110_001, 110_000], False))

    def test_oneBigMillisecond(self) -> None:
        """
        A millisecond with more ticks than a page holds comes whole.
        """
        self.crowd(-5, -4, -4, -4, -4)
        found, more = self.page()
        self.assertEqual(([price for _, price in found], more), ([110_004, 110_003, 110_002, 110_001], True))


class TrendbarTests(ClientCase):
    """
    Bars of the past.
    """

    settings = Settings(historicalRate=1_000, barChunk=3)

    def makeExchange(self) -> Exchange:
        ticks = [
            Tick(EPOCH - 60_000 * minute + offset, 110_000 + minute + extra, 110_100)
            for minute in range(6, -1, -1)
            for offset, extra in ((0, 0), (1_000, 5), (2_000, -5), (59_000, 1))
        ]
        return Exchange.default(self.clock, replay={"EURUSD": ListedPrices(ticks)}, settings=self.settings)

    def page(self, **fields: Any) -> tuple[list[int], bool]:
        answer = self.ask(ProtoOAGetTrendbarsReq, symbolId=1, period=ProtoOATrendbarPeriod.M1, **fields)
        return [each.utcTimestampInMinutes - EPOCH // 60_000 for each in answer.trendbar], answer.hasMore

    def test_shape(self) -> None:
        """
        A bar has its low and differences to it, no period of its own, and the number of its ticks.
        """
        moment = EPOCH - 120_000
        answer = self.ask(
            ProtoOAGetTrendbarsReq,
            symbolId=1,
            period=ProtoOATrendbarPeriod.M1,
            fromTimestamp=moment,
            toTimestamp=moment,
        )
        self.assertEqual((answer.period, answer.symbolId), (ProtoOATrendbarPeriod.M1, 1))
        self.assertEqual((answer.timestamp, answer.hasMore), (moment, False))
        [bar] = answer.trendbar
        self.assertEqual((bar.low, bar.deltaOpen, bar.deltaHigh, bar.deltaClose), (109_997, 5, 10, 6))
        self.assertEqual((bar.volume, bar.utcTimestampInMinutes), (4, moment // 60_000))
        self.assertFalse(bar.HasField("period"))

    def test_newestPart(self) -> None:
        """
        A span that holds more than a chunk is answered with its newest part, in ascending order.
        """
        self.assertEqual(self.page(fromTimestamp=0, toTimestamp=EPOCH - 1), ([-3, -2, -1], True))
        self.assertEqual(self.page(fromTimestamp=EPOCH - 120_000, toTimestamp=EPOCH), ([-2, -1, 0], False))

    def test_count(self) -> None:
        """
        A count is satisfied backwards from the end, wherever the span begins, up to a chunk.
        """
        self.assertEqual(self.page(fromTimestamp=EPOCH - 60_000, toTimestamp=EPOCH - 60_000, count=2), ([-2, -1], True))
        self.assertEqual(self.page(count=100), ([-2, -1, 0], True))

    def test_refusals(self) -> None:
        """
        The symbol must exist and the span make sense.
        """
        period = ProtoOATrendbarPeriod.M1
        self.refused("SYMBOL_NOT_FOUND", ProtoOAGetTrendbarsReq, symbolId=9_999, period=period)
        self.refused(
            "INCORRECT_BOUNDARIES",
            ProtoOAGetTrendbarsReq,
            symbolId=1,
            period=period,
            fromTimestamp=EPOCH,
            toTimestamp=EPOCH - 1,
        )
