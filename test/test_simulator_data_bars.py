"""
Live trendbars, as the simulator sends them.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAGetTrendbarsReq,
    ProtoOASpotEvent,
    ProtoOASubscribeLiveTrendbarReq,
    ProtoOASubscribeLiveTrendbarRes,
    ProtoOASubscribeSpotsReq,
    ProtoOATrendbar,
    ProtoOATrendbarPeriod,
    ProtoOAUnsubscribeLiveTrendbarReq,
    ProtoOAUnsubscribeLiveTrendbarRes,
    ProtoOAUnsubscribeSpotsReq,
)
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.periods import PERIODS
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.settings import BarsWithoutSpots, Settings
from ctrader_twisted.simulator.world import EPOCH, USD_ACCOUNT
from test.exchangecase import ClientCase
from test.rawclient import ListedPrices, RawClient

_M1, _M2 = ProtoOATrendbarPeriod.M1, ProtoOATrendbarPeriod.M2
_MINUTE = EPOCH // 60_000


class _WithBars(ClientCase):
    def spots(self, *symbolIds: int) -> None:
        self.ask(ProtoOASubscribeSpotsReq, symbolId=symbolIds)
        self.client.received()

    def bars(self, period: Any = _M1, symbolId: int = 1) -> None:
        answer = self.ask(ProtoOASubscribeLiveTrendbarReq, symbolId=symbolId, period=period)
        self.assertIsInstance(answer, ProtoOASubscribeLiveTrendbarRes)

    def history(self, period: Any, symbolId: int = 1) -> list[ProtoOATrendbar]:
        return list(self.ask(ProtoOAGetTrendbarsReq, symbolId=symbolId, period=period, count=100).trendbar)


class LiveBarTests(_WithBars):
    """
    Bars over ticks that are written down.
    """

    def makeExchange(self) -> Exchange:
        ticks = [
            Tick(EPOCH - 60_000, 110_000, 110_010),
            Tick(EPOCH + 1_000, 110_005, 110_010),
            Tick(EPOCH + 2_000, 110_005, 110_020),
            Tick(EPOCH + 3_000, 110_001, 110_021),
            Tick(EPOCH + 60_000, 110_002, 110_021),
            Tick(EPOCH + 200_000, 110_007, 110_021),
        ]
        replay = {"EURUSD": ListedPrices(ticks), "GBPUSD": ListedPrices([])}
        return Exchange.default(self.clock, replay=replay, settings=self.settings)

    def bar(self, minute: int, low: int, deltaOpen: int, deltaHigh: int, volume: int) -> ProtoOATrendbar:
        return ProtoOATrendbar(
            period=_M1,
            utcTimestampInMinutes=_MINUTE + minute,
            low=low,
            deltaOpen=deltaOpen,
            deltaHigh=deltaHigh,
            volume=volume,
        )

    def test_life(self) -> None:
        """
        The answer is followed by the newest bar, closed or not; then each tick brings the bar without its close, and a
        tick in a later minute begins the next.
        """
        self.spots(1)
        request = ProtoOASubscribeLiveTrendbarReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=1, period=_M1)
        self.client.send(request, "b")
        self.clock.advance(200)
        base: dict[str, Any] = {"ctidTraderAccountId": USD_ACCOUNT, "symbolId": 1}
        self.assertEqual(
            self.client.messages(),
            [
                ProtoOASubscribeLiveTrendbarRes(ctidTraderAccountId=USD_ACCOUNT),
                ProtoOASpotEvent(**base, bid=110_000, ask=110_010, trendbar=[self.bar(-1, 110_000, 0, 0, 1)]),
                ProtoOASpotEvent(**base, bid=110_005, trendbar=[self.bar(0, 110_005, 0, 0, 1)]),
                ProtoOASpotEvent(**base, ask=110_020, trendbar=[self.bar(0, 110_005, 0, 0, 2)]),
                ProtoOASpotEvent(**base, bid=110_001, ask=110_021, trendbar=[self.bar(0, 110_001, 4, 4, 3)]),
                ProtoOASpotEvent(**base, bid=110_002, trendbar=[self.bar(1, 110_002, 0, 0, 1)]),
                ProtoOASpotEvent(**base, bid=110_007, trendbar=[self.bar(3, 110_007, 0, 0, 1)]),
            ],
        )

    def test_inTheMiddle(self) -> None:
        """
        A bar that began before somebody subscribed to it holds what was before.
        """
        self.clock.advance(2)
        self.spots(1)
        self.bars()
        self.clock.advance(1)
        [event] = self.client.messages()
        self.assertEqual(list(event.trendbar), [self.bar(0, 110_001, 4, 4, 3)])

    def test_withoutAPrice(self) -> None:
        """
        Where there was no tick, no bar is made up.
        """
        self.spots(2)
        self.bars(symbolId=2)
        self.clock.advance(200)
        self.assertEqual(self.client.messages(), [])

    def test_severalPeriods(self) -> None:
        """
        An event carries one bar for each period, and the others go on when one is unsubscribed from.
        """
        self.spots(1)
        self.bars(_M2)
        self.bars(_M1)
        self.clock.advance(1)
        self.assertEqual([bar.period for bar in self.client.messages()[-1].trendbar], [_M1, _M2])
        for _ in range(2):
            answer = self.ask(ProtoOAUnsubscribeLiveTrendbarReq, symbolId=1, period=_M1)
            self.assertIsInstance(answer, ProtoOAUnsubscribeLiveTrendbarRes)
        self.clock.advance(1)
        [event] = self.client.messages()
        self.assertEqual([(bar.period, bar.volume) for bar in event.trendbar], [(_M2, 2)])

    def test_endWithSpots(self) -> None:
        """
        Unsubscribing from the spots ends the bars, and they do not come back with new spots.
        """
        self.spots(1)
        self.bars()
        self.ask(ProtoOAUnsubscribeSpotsReq, symbolId=[1])
        self.spots(1)
        self.clock.advance(1)
        [event] = self.client.messages()
        self.assertEqual(list(event.trendbar), [])
        self.bars()

    def test_refusals(self) -> None:
        """
        Bars need spots, are subscribed to once, and are of a symbol that exists.
        """
        kind = ProtoOASubscribeLiveTrendbarReq
        self.refused("NOT_SUBSCRIBED_TO_SPOTS", kind, symbolId=1, period=_M1)
        self.spots(1)
        self.bars()
        self.refused("ALREADY_SUBSCRIBED", kind, symbolId=1, period=_M1)
        self.refused("SYMBOL_NOT_FOUND", kind, symbolId=999, period=_M1)
        self.refused("SYMBOL_NOT_FOUND", ProtoOAUnsubscribeLiveTrendbarReq, symbolId=999, period=_M1)

    def test_twoConnections(self) -> None:
        """
        Each connection has its own bars, and the end of one leaves the other's alone.
        """
        other = RawClient(self.exchange)
        other.logIn()
        for client in (self.client, other):
            client.ask(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1]))
            client.ask(ProtoOASubscribeLiveTrendbarReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=1, period=_M1))
        self.clock.advance(1)
        other.lose()
        self.client.received()
        self.clock.advance(1)
        self.assertEqual(self.client.messages()[0].trendbar[0].volume, 2)

    def test_afterAPause(self) -> None:
        """
        What happened while the exchange stood still is in the bar.
        """
        self.spots(1)
        self.bars()
        self.clock.advance(1)
        self.exchange.stop()
        self.clock.advance(1)
        self.exchange.start()
        self.client.received()
        self.clock.advance(1)
        [event] = self.client.messages()
        self.assertEqual(list(event.trendbar), [self.bar(0, 110_001, 4, 4, 3)])

    def test_duringAPause(self) -> None:
        """
        Who subscribes before the first tick after a standstill gets a bar with what happened meanwhile.
        """
        self.spots(1)
        self.bars()
        self.clock.advance(1)
        self.exchange.stop()
        self.clock.advance(1)
        self.exchange.start()
        other = RawClient(self.exchange)
        other.logIn()
        other.send(ProtoOASubscribeSpotsReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=[1]))
        other.send(ProtoOASubscribeLiveTrendbarReq(ctidTraderAccountId=USD_ACCOUNT, symbolId=1, period=_M1))
        self.assertEqual(list(other.messages()[-1].trendbar), [self.bar(0, 110_005, 0, 0, 2)])

    def test_nothingLeft(self) -> None:
        """
        Bars that nobody wants any more are not followed any more.
        """
        self.spots(1)
        self.bars(_M1)
        self.bars(_M2)
        self.ask(ProtoOAUnsubscribeLiveTrendbarReq, symbolId=1, period=_M1)
        followed = self.exchange.feed._bars
        self.assertEqual(set(followed.newest(1)), {_M2})
        self.client.lose()
        self.assertEqual(followed.newest(1), {})


class InvalidBarsTests(_WithBars):
    """
    A server that calls bars without spots invalid.
    """

    settings = Settings(barsWithoutSpots=BarsWithoutSpots.INVALID)

    def test_refusal(self) -> None:
        """
        The request is refused with the other code.
        """
        self.refused("INVALID_REQUEST", ProtoOASubscribeLiveTrendbarReq, symbolId=1, period=_M1)


class SilentBarsTests(_WithBars):
    """
    A server that accepts bars without spots, and forgets them.
    """

    settings = Settings(barsWithoutSpots=BarsWithoutSpots.ACCEPT)

    def test_silence(self) -> None:
        """
        No bar ever comes.
        """
        self.bars()
        self.spots(1)
        self.clock.advance(10)
        events = self.client.messages()
        self.assertGreater(len(events), 3)
        self.assertEqual([bar for event in events for bar in event.trendbar], [])


class AgreementTests(_WithBars):
    """
    Bars over seeded ticks.
    """

    def test_history(self) -> None:
        """
        The last state of each live bar is, with the bid of its time as the close, the bar that history tells later: in
        all periods, over the change of the trading day.
        """
        self.exchange.timeline.setTo(EPOCH + 12 * 3_600_000 - 90_000)
        self.exchange.stop()
        self.exchange.start()
        self.spots(1)
        for period in PERIODS:
            self.bars(period)
        self.client.received()
        live: dict[tuple[int, int], ProtoOATrendbar] = {}
        bid = 0
        for _ in range(25):
            self.clock.advance(10)
            for event in self.client.messages():
                bid = event.bid if event.HasField("bid") else bid
                for bar in event.trendbar:
                    self.assertFalse(bar.HasField("deltaClose"))
                    bar.deltaClose = bid - bar.low
                    live[bar.period, bar.utcTimestampInMinutes] = bar
        self.assertEqual({period for period, _ in live}, set(PERIODS))
        self.assertGreater(len([minute for period, minute in live if period == ProtoOATrendbarPeriod.D1]), 1)
        told = {(period, bar.utcTimestampInMinutes): bar for period in PERIODS for bar in self.history(period)}
        for key, bar in live.items():
            bar.ClearField("period")
            self.assertEqual(bar, told[key], key)
