"""
The market makes and tells only the ticks that somebody wants.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import (
    ProtoOAClosePositionReq,
    ProtoOANewOrderReq,
    ProtoOAOrderType,
    ProtoOASpotEvent,
    ProtoOASubscribeSpotsReq,
    ProtoOATradeSide,
    ProtoOAUnsubscribeSpotsReq,
    ProtoOAv1PnLChangeSubscribeReq,
    ProtoOAv1PnLChangeUnSubscribeReq,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults.rules import Outgoing, Withhold
from ctrader_twisted.simulator.interest import tradedSymbols
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.periods import dayOpening, tradingDay
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.world import EUR_ACCOUNT, USD_ACCOUNT
from test.exchangecase import ClientCase
from test.rawclient import ListedPrices, RawClient

START = 1_772_625_600_000


class CountedPrices(ListedPrices):
    """
    Prices that count how often they are asked for.
    """

    asked = 0

    def ticks(self, start: int, end: int) -> list[Tick]:
        """
        @return: the ticks of a span.
        """
        self.asked += 1
        return super().ticks(start, end)


def every(seconds: int, bid: int, until: int = 120) -> CountedPrices:
    """
    @return: a tick every so many seconds.
    """
    return CountedPrices(
        [Tick(START + 1000 * second, bid + second, bid + second + 2) for second in range(0, until, seconds)]
    )


class InterestTests(SynchronousTestCase):
    """
    Symbols become wanted and unwanted while time passes.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.sources = {1: every(1, 1000), 2: every(2, 2000), 3: every(3, 3000)}
        self.market = Market(self.clock, self.sources, lambda: START + round(self.clock.seconds() * 1000))
        self.wanted: set[int] = set()
        self.heard: list[tuple[int, int]] = []
        self.market.listen(lambda symbolId, tick: self.heard.append((symbolId, tick.bid)), lambda: self.wanted)
        self.market.start()
        self.addCleanup(self.market.stop)

    def want(self, *symbolIds: int) -> None:
        """
        Want these and no others.
        """
        self.wanted = set(symbolIds)
        self.market.look()

    def told(self, seconds: float) -> list[tuple[int, int]]:
        """
        @return: what is told while time passes.
        """
        self.heard.clear()
        self.clock.pump([0.5] * round(seconds * 2))
        return list(self.heard)

    def test_nothing(self) -> None:
        """
        What nobody wants is not even asked for, and no time is kept for it.
        """
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.told(30), [])
        self.assertEqual([source.asked for source in self.sources.values()], [0, 0, 0])

    def test_fromNowOn(self) -> None:
        """
        Who begins to want a symbol hears of its next tick, in the order of time with those of others.
        """
        self.told(2.5)
        self.want(2)
        self.assertEqual(self.told(2), [(2, 2004)])
        self.want(1, 2)
        self.assertEqual(self.told(2), [(1, 1005), (1, 1006), (2, 2006)])
        self.want(1, 2, 3)
        self.assertEqual(self.told(3), [(1, 1007), (1, 1008), (2, 2008), (1, 1009), (3, 3009)])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_noMore(self) -> None:
        """
        What is not wanted any more is not told, even if it is soon wanted again, but for what comes after that.
        """
        self.want(1, 2)
        self.told(1)
        self.want(1)
        self.assertEqual(self.told(3), [(1, 1002), (1, 1003), (1, 1004)])
        self.want(1, 2)
        self.want(1, 2)
        self.assertEqual(self.told(2), [(1, 1005), (1, 1006), (2, 2006)])
        self.want()
        self.assertEqual(self.told(5), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.want(2)
        self.assertEqual(self.told(2), [(2, 2012)])

    def test_last(self) -> None:
        """
        While a symbol is wanted, its last price is what was told; otherwise it is the present one.
        """
        self.want(1)
        self.told(2)
        self.clock.rightNow += 3
        first, second = self.market.last(1), self.market.last(2)
        assert first is not None and second is not None
        self.assertEqual((first.bid, second.bid), (1002, 2004))
        self.want()
        now = self.market.last(1)
        assert now is not None
        self.assertEqual(now.bid, 1005)

    def test_lastWhileStopped(self) -> None:
        """
        While the market stands still, and until it tells a price again, the last price is the present one.
        """
        self.want(1)
        self.told(2)
        self.market.stop()
        self.told(3)
        for restart in (False, True):
            if restart:
                self.market.start()
            last = self.market.last(1)
            assert last is not None
            self.assertEqual(last.bid, 1005)

    def test_behind(self) -> None:
        """
        Where the market has still to tell what is long past, a symbol that is wanted by then is told from now on, too.
        """
        self.want(1)
        self.told(1)
        self.clock.rightNow += 99
        self.want(1, 2)
        self.clock.advance(0)
        self.assertEqual((self.heard[0], self.heard[-1], len(self.heard)), ((1, 1001), (1, 1100), 100))
        self.assertEqual(self.told(2), [(1, 1101), (1, 1102), (2, 2102)])

    def test_whileTelling(self) -> None:
        """
        A listener may want more because of what it hears.
        """

        def greedy(symbolId: int, tick: Tick) -> None:
            self.want(1, 2)

        self.want(1)
        self.market.listen(greedy, lambda: (1,))
        self.assertEqual(self.told(2), [(1, 1001), (1, 1002), (2, 2002)])

    def test_afterTurn(self) -> None:
        """
        What shall be called after a turn is called when all that was due has been told.
        """
        self.want(1)
        calls: list[int] = []
        self.market.listen(
            lambda symbolId, tick: self.market.afterTurn(lambda: calls.append(len(self.heard))), lambda: (1,)
        )
        self.clock.advance(3)
        self.assertEqual(calls, [len(self.heard)] * len(self.heard))
        self.assertFalse(self.market.isTelling)

    def test_source(self) -> None:
        """
        A symbol can have another source: what is past is told before, and its tick of this moment at once.
        """
        self.want(1, 2)
        self.told(2.5)
        self.clock.rightNow += 2
        self.heard.clear()
        self.market.catchUp()
        self.assertEqual(self.heard, [(1, 1003), (1, 1004), (2, 2004)])
        now = START + 4_500
        other = ListedPrices([Tick(START, 7, 8), Tick(now, 9, 10), Tick(START + 5_000, 11, 12)])
        self.market.setSource(1, other, Tick(now, 9, 10))
        self.assertEqual(self.heard[3:], [(1, 9)])
        self.assertIs(self.market.source(1), other)
        self.assertEqual(self.told(2), [(1, 11), (2, 2006)])
        self.market.setSource(3, other)
        self.market.stop()
        self.assertFalse(self.market.isRunning)
        self.market.catchUp()
        self.market.setSource(2, other, Tick(now, 9, 10))
        self.assertEqual(self.told(2), [])

    def test_sourceWhileTelling(self) -> None:
        """
        A listener may change a source because of what it hears, also that of a symbol that nobody wants or is told of.
        """
        now = START + 1_000
        other = ListedPrices([Tick(now, 7, 8), Tick(now + 500, 9, 10)])

        def change(symbolId: int, tick: Tick) -> None:
            if tick.bid == 1001:
                self.market.setSource(1, other, Tick(now, 7, 8))
                self.market.setSource(3, other, Tick(now, 7, 8))

        self.market.listen(change, lambda: (1,))
        self.want(1)
        self.assertEqual(self.told(2), [(1, 1001), (1, 7), (1, 9)])
        last = self.market.last(3)
        assert last is not None
        self.assertEqual(last.bid, 9)


class ExchangeTests(ClientCase):
    """
    What the exchange wants.
    """

    settings = Settings(generalRate=1_000, idleLimit=100_000)

    def followed(self) -> list[int]:
        """
        @return: the symbols whose ticks are told.
        """
        return list(self.exchange.market._followed)

    def test_subscriptions(self) -> None:
        """
        Symbols are wanted while somebody on any connection is subscribed to them.
        """
        self.assertEqual(self.followed(), [])
        self.ask(ProtoOASubscribeSpotsReq, symbolId=[1, 4])
        other = RawClient(self.exchange)
        other.logIn()
        other.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[4, 41]))
        self.assertEqual(self.followed(), [1, 4, 41])
        self.ask(ProtoOAUnsubscribeSpotsReq, symbolId=[1, 4])
        self.assertEqual(self.followed(), [4, 41])
        other.lose()
        self.assertEqual(self.followed(), [])
        self.assertEqual(self.exchange.feed._subscribers, {})

    def test_sessions(self) -> None:
        """
        What one account is subscribed to does not end with another account's session.
        """
        self.ask(ProtoOASubscribeSpotsReq, symbolId=[1, 4])
        self.client.logIn(EUR_ACCOUNT)
        self.client.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=EUR_ACCOUNT, symbolId=[4, 41]))
        self.client.protocol.endSession(EUR_ACCOUNT)
        self.assertEqual(self.followed(), [1, 4])
        self.client.protocol.endSession(USD_ACCOUNT)
        self.assertEqual(self.followed(), [])

    def test_trading(self) -> None:
        """
        The symbols of orders and positions are wanted, and those that convert their profit.
        """
        self.client.send(
            ProtoOANewOrderReq(
                ctidTraderAccountId=USD_ACCOUNT,
                symbolId=3,
                orderType=ProtoOAOrderType.MARKET,
                tradeSide=ProtoOATradeSide.BUY,
                volume=100_000,
            )
        )
        self.clock.advance(1)
        self.assertEqual(self.followed(), [3, 4])
        self.assertEqual(tradedSymbols(self.exchange.venue), {3, 4})

    def test_profits(self) -> None:
        """
        All symbols are wanted while somebody on any connection is subscribed to profits.
        """
        every = list(self.exchange.catalogue.symbols)
        self.ask(ProtoOAv1PnLChangeSubscribeReq)
        self.assertEqual(self.followed(), every)
        other = RawClient(self.exchange)
        other.logIn()
        other.send(ProtoOAv1PnLChangeSubscribeReq(ctidTraderAccountId=USD_ACCOUNT))
        self.ask(ProtoOAv1PnLChangeUnSubscribeReq)
        self.assertEqual(self.followed(), every)
        other.lose()
        self.assertEqual(self.followed(), [])
        self.ask(ProtoOAv1PnLChangeSubscribeReq)
        self.ask(ProtoOAv1PnLChangeUnSubscribeReq)
        self.assertEqual(self.followed(), [])

    def test_noHeartbeats(self) -> None:
        """
        While prices come there is no need of heartbeats.
        """
        self.ask(ProtoOASubscribeSpotsReq, symbolId=[1, 2, 4])
        self.client.received()
        self.clock.pump([0.5] * 120)
        self.assertEqual({type(message) for message, _ in self.client.received()}, {ProtoOASpotEvent})

    def test_otherConversion(self) -> None:
        """
        Where the broker lets profits be converted in another way, the prices for that are wanted from then on.
        """
        self.client.send(
            ProtoOANewOrderReq(
                ctidTraderAccountId=USD_ACCOUNT,
                symbolId=201,
                orderType=ProtoOAOrderType.MARKET,
                tradeSide=ProtoOATradeSide.BUY,
                volume=1,
            )
        )
        self.clock.advance(1)
        self.assertEqual(self.followed(), [201])
        catalogue = self.exchange.catalogue
        for name, followed in (("EUR", [1, 201]), ("JPY", [4, 201]), ("USD", [201])):
            self.exchange.changeSymbol(201, quoteAssetId=catalogue.assetNamed(name).assetId)
            self.assertEqual(self.followed(), followed)

    def test_archivedConversion(self) -> None:
        """
        Likewise where a symbol on the way is not offered any more.
        """
        self.test_trading()
        self.exchange.archiveSymbol(4)
        self.assertEqual(self.followed(), [1, 3])

    def test_oneWrite(self) -> None:
        """
        What prices cause in one turn goes out in one piece, in order, and before the connection ends.
        """
        self.ask(ProtoOASubscribeSpotsReq, symbolId=[1, 2, 4])
        self.client.transport.clear()
        pieces: list[bytes] = []
        write = self.client.transport.write

        def writing(data: bytes) -> None:
            pieces.append(data)
            write(data)

        self.patch(self.client.transport, "write", writing)
        self.clock.advance(30)
        spots = self.client.messages()
        self.assertGreater(len(spots), 20)
        self.assertLessEqual(len(pieces), 2)
        self.assertTrue(all(isinstance(each, ProtoOASpotEvent) for each in spots))

    def test_ruleWithinATurn(self) -> None:
        """
        A rule that comes into force while prices are being told takes effect from the next of them on.
        """
        self.ask(ProtoOASubscribeSpotsReq, symbolId=[1, 2, 4])
        self.client.messages()
        told: list[int] = []

        def listen(symbolId: int, tick: Tick) -> None:
            told.append(symbolId)
            if len(told) == 5:
                # The feed is told first, so the price after the next one is the second that the rule sees.
                self.exchange.faults.add(Outgoing(Withhold(), nth=2))

        registration = self.exchange.market.listen(listen, lambda: (1, 2, 4))
        self.clock.advance(30)
        registration.stop()
        self.assertEqual([spot.symbolId for spot in self.client.messages()], told[:6] + told[7:])

    def test_lastWords(self) -> None:
        """
        What prices have caused before the connection ended goes out.
        """
        for end in ("close", "abort"):
            client = RawClient(self.exchange)
            client.logIn()
            client.ask(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1]))
            client.received()
            ending = getattr(client.protocol, end)
            registration = self.exchange.market.listen(lambda *tick, ending=ending: ending(), lambda: (1,))
            self.clock.advance(5)
            registration.stop()
            self.assertEqual([type(each) for each in client.messages()], [ProtoOASpotEvent])
            client.lose()


class UntoldTests(ClientCase):
    """
    An exchange that does not tell everything.
    """

    settings = Settings(generalRate=1_000, idleLimit=100_000, closeEndsProtection=False)

    def test_closed(self) -> None:
        """
        With a position ends the interest in its symbol, also where the end of its protection is not told.
        """
        asked: dict[str, Any] = {"ctidTraderAccountId": USD_ACCOUNT, "volume": 100_000}
        terms: dict[str, Any] = {"orderType": ProtoOAOrderType.MARKET, "tradeSide": ProtoOATradeSide.BUY}
        self.client.send(ProtoOANewOrderReq(**asked, **terms, symbolId=3, relativeStopLoss=10_000))
        self.clock.advance(5)
        account = self.exchange.venue.accounts[USD_ACCOUNT]
        [position] = account.openPositions()
        self.assertEqual(len(account.orders), 1)
        self.client.send(ProtoOAClosePositionReq(**asked, positionId=position.positionId))
        self.clock.advance(5)
        self.assertEqual((account.positions, account.orders), ({}, {}))
        self.assertEqual(list(self.exchange.market._followed), [])


class SharingTests(SynchronousTestCase):
    """
    Equal subscriptions get the same bytes, and others their own.
    """

    def test_shared(self) -> None:
        """
        Who came later, on another account or wanting times, is told what concerns him.
        """
        clock = Clock()
        replay = {"EURUSD": ListedPrices([Tick(START + 1000 * n, 100 + n, 105 + n // 2) for n in range(9)])}
        settings = Settings(generalRate=1_000, idleLimit=100_000)
        exchange = Exchange.default(clock, epoch=START, replay=replay, settings=settings)
        exchange.start()
        self.addCleanup(exchange.stop)
        first, second, third = RawClient(exchange), RawClient(exchange), RawClient(exchange)
        for client, account, timed in (
            (first, USD_ACCOUNT, False),
            (second, USD_ACCOUNT, False),
            (third, EUR_ACCOUNT, True),
        ):
            client.logIn(account)
            client.send(
                ProtoOASubscribeSpotsReq(ctidTraderAccountId=account, symbolId=[1], subscribeToSpotTimestamp=timed)
            )
            self.addCleanup(client.lose)
            clock.pump([0.5, 0.5])
        for client in (first, second, third):
            client.received()
        clock.pump([1, 1])
        one, two, three = first.messages(), second.messages(), third.messages()
        self.assertEqual(one, two)
        self.assertEqual([(each.bid, each.HasField("ask")) for each in one], [(104, True), (105, False)])
        self.assertEqual([each.timestamp for each in three], [START + 4000, START + 5000])
        self.assertEqual([each.ctidTraderAccountId for each in three], [EUR_ACCOUNT] * 2)

    def test_toldOtherwise(self) -> None:
        """
        Who came while prices stood still knows other ones, and is told what has changed since then.
        """
        clock = Clock()
        replay = {"EURUSD": ListedPrices([Tick(START + 1000 * n, 100 + n, 105 + n // 2) for n in range(9)])}
        exchange = Exchange.default(clock, epoch=START, replay=replay, settings=Settings(idleLimit=100_000))
        exchange.start()
        self.addCleanup(exchange.stop)
        clients = RawClient(exchange), RawClient(exchange)
        for client, wait in zip(clients, (2, 0), strict=True):
            client.logIn()
            client.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1]))
            self.addCleanup(client.lose)
            exchange.stop()
            clock.advance(wait)
        exchange.start()
        for client in clients:
            client.received()
        clock.advance(1)
        [first], [second] = clients[0].messages(), clients[1].messages()
        self.assertEqual((first.bid, first.ask), (103, 106))
        self.assertEqual((second.bid, second.HasField("ask")), (103, False))

    def test_closes(self) -> None:
        """
        Of each symbol the first price of a trading day, and no other one, comes with the last of the day before.
        """
        clock = Clock()
        opening = dayOpening(tradingDay(START) + 1)
        bids = {"EURUSD": {-9: 101, -2: 102, 1: 103, 3: 104}, "GBPUSD": {-9: 201, 2: 202, 4: 203}}
        replay = {
            name: ListedPrices([Tick(opening + 1000 * second, bid, bid + 5) for second, bid in ticks.items()])
            for name, ticks in bids.items()
        }
        exchange = Exchange.default(clock, epoch=opening - 5_000, replay=replay, settings=Settings(sessionCloses=True))
        exchange.start()
        self.addCleanup(exchange.stop)
        client = RawClient(exchange)
        self.addCleanup(client.lose)
        client.logIn()
        client.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1, 2]))
        client.received()
        clock.pump([1] * 10)
        self.assertEqual(
            [(each.bid, each.sessionClose) for each in client.messages()],
            [(102, 0), (103, 102), (202, 201), (104, 0), (203, 0)],
        )
