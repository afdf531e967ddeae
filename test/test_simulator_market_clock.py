"""
The market tells ticks at their time.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod as Period
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.seeded import SeededPrices
from ctrader_twisted.simulator.market.source import PriceSource
from ctrader_twisted.simulator.market.summary import Tick
from ctrader_twisted.simulator.market.symbols import SYMBOLS

START = 1772625600000
HOUR = 3_600_000


class MarketTests(SynchronousTestCase):
    """
    Stream and history of several symbols, on a virtual clock.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.heard: list[tuple[int, Tick]] = []

    def market(self, sources: dict[int, PriceSource], speed: float = 1.0) -> Market:
        """
        @return: a started market whose ticks are kept in C{heard}.
        """
        market = Market(self.clock, sources, lambda: START + round(self.clock.seconds() * 1000 * speed), speed=speed)
        market.listen(lambda symbolId, tick: self.heard.append((symbolId, tick)))
        market.start()
        self.addCleanup(self.assertEqual, [], self.clock.getDelayedCalls())
        self.addCleanup(market.stop)
        return market

    def replay(self, *ticks: tuple[int, int]) -> ReplayedPrices:
        """
        @return: a source of ticks, each given by milliseconds after the start and its bid.
        """
        return ReplayedPrices([Tick(START + after, bid, bid + 1) for after, bid in ticks])

    def seeded(self) -> dict[int, PriceSource]:
        """
        @return: the seeded prices of all symbols.
        """
        return {symbol.symbolId: SeededPrices(1, symbol) for symbol in SYMBOLS}

    def bids(self) -> list[tuple[int, int]]:
        """
        @return: symbol and bid of each tick heard.
        """
        return [(symbolId, tick.bid) for symbolId, tick in self.heard]

    def test_atItsTime(self) -> None:
        """
        A tick is heard at its millisecond and not before; what lies at the start itself is past.
        """
        self.market({1: self.replay((-5, 9), (0, 10), (1500, 11))})
        self.clock.advance(1.499)
        self.assertEqual([], self.heard)
        self.clock.advance(0.001)
        self.assertEqual([(1, 11)], self.bids())

    def test_order(self) -> None:
        """
        Ticks come in order of time, within a millisecond in order of symbol ids, and of one symbol as the source has
        them.
        """
        self.market({7: self.replay((10, 1), (20, 2), (20, 3)), 2: self.replay((20, 4), (30, 5))})
        self.clock.advance(1)
        self.assertEqual([(7, 1), (2, 4), (7, 2), (7, 3), (2, 5)], self.bids())

    def test_oneTimer(self) -> None:
        """
        However many symbols there are, one call is delayed, and none when the sources have come to their end.
        """
        self.market({1: self.replay((10, 1)), 2: self.replay((20, 2)), 3: self.replay((60_000, 3))})
        for wait in (0.0, 0.01, 0.01):
            self.clock.advance(wait)
            self.assertEqual(1, len(self.clock.getDelayedCalls()))
        self.clock.advance(60)
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual(3, len(self.heard))

    def test_jump(self) -> None:
        """
        If the clock jumps by hours, every tick is told, in order, and no turn of the reactor tells more than a few
        hundred.
        """
        sources = self.seeded()
        self.market(sources)
        self.clock.rightNow += 2 * 3600
        turns = []
        while self.clock.getDelayedCalls()[0].getTime() <= self.clock.seconds():
            before = len(self.heard)
            call = self.clock.calls.pop(0)
            call.called = 1
            call.func(*call.args, **call.kw)
            turns.append(len(self.heard) - before)
        self.assertLess(max(turns), 500)
        expected = [
            (key, tick) for key, source in sources.items() for tick in source.ticks(START + 1, START + 2 * HOUR)
        ]
        self.assertEqual(sorted(expected, key=lambda item: (item[1].timestamp, item[0])), self.heard)

    def test_jumpAndSteps(self) -> None:
        """
        One long advance tells the same as many short ones.
        """
        self.market(self.seeded())
        self.clock.pump([0.37] * 200)
        steps, self.heard = self.heard, []
        self.clock = Clock()
        self.market(self.seeded())
        self.clock.advance(74)
        self.assertEqual(steps, self.heard)
        self.assertGreater(len(steps), 50)

    def test_speed(self) -> None:
        """
        Where simulated time runs faster, delays are shorter.
        """
        self.market({1: self.replay((60_000, 1))}, speed=60)
        self.clock.advance(0.999)
        self.assertEqual([], self.heard)
        self.clock.advance(0.001)
        self.assertEqual([(1, 1)], self.bids())

    def test_stop(self) -> None:
        """
        A stopped market tells nothing and leaves no timer; started again, it goes on from then.
        """
        market = self.market({1: self.replay((1000, 1), (3000, 2), (5000, 3))})
        self.clock.advance(1)
        market.stop()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.clock.advance(3)
        market.start()
        market.start()
        self.clock.advance(1)
        self.assertEqual([(1, 1), (1, 3)], self.bids())

    def test_stopFromListener(self) -> None:
        """
        A listener that stops the market hears nothing more, and may start it again.
        """
        market = self.market({1: self.replay((10, 1), (20, 2), (30, 3))})
        market.listen(lambda symbolId, tick: market.stop())
        self.clock.advance(0.02)
        self.assertEqual([(1, 1)], self.bids())
        market.listen(lambda symbolId, tick: market.start())
        market.start()
        self.clock.advance(1)
        self.assertEqual([(1, 1), (1, 3)], self.bids())

    def test_listeners(self) -> None:
        """
        What one listener raises is logged and changes nothing; one that was stopped hears nothing, even of the tick
        that is being told.
        """
        market = self.market({1: self.replay((10, 1), (20, 2))})
        late: list[int] = []

        def fail(symbolId: int, tick: Tick) -> None:
            registration.stop()
            registration.stop()
            raise ZeroDivisionError

        failing = market.listen(fail)
        registration = market.listen(lambda symbolId, tick: late.append(tick.bid))
        market.listen(lambda symbolId, tick: late.append(-tick.bid))
        self.clock.advance(0.01)
        failing.stop()
        self.clock.advance(0.01)
        self.assertEqual([-1, -2], late)
        self.assertEqual(2, len(self.heard))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_historyEndsNow(self) -> None:
        """
        Quote, ticks and bars show nothing that is later than now, and all that was told.
        """
        sources = self.seeded()
        market = self.market(sources)
        self.clock.advance(90.5)
        now = START + 90_500
        told = [tick for symbolId, tick in self.heard if symbolId == 1]
        self.assertEqual(told, market.ticks(1, START + 1, now + HOUR))
        self.assertEqual(told[-1], market.quote(1))
        bars = market.trendbars(1, Period.M1, START, now + HOUR)
        self.assertEqual(len(market.ticks(1, START, now)), sum(bar.volume for bar in bars))
        self.assertEqual(told[-1].bid, bars[-1].close)
        self.assertEqual(bars[-1:], market.trendbars(1, Period.M1, START, now, 1))

    def test_beforeTheFirst(self) -> None:
        """
        A symbol that has had no tick yet has no quote; a symbol without a source is an error.
        """
        market = self.market({1: self.replay((10, 1))})
        self.assertIsNone(market.quote(1))
        self.assertRaises(KeyError, market.quote, 2)
