"""
Tests of L{ctrader_twisted.simulator.market.scripted}, and of how a market takes to it.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.scripted import ScriptedPrices
from ctrader_twisted.simulator.market.seeded import SeededPrices
from ctrader_twisted.simulator.market.summary import Summary, Tick, summarise
from ctrader_twisted.simulator.market.symbols import SYMBOLS
from ctrader_twisted.simulator.world import EPOCH
from test.rawclient import ListedPrices

BEFORE = [Tick(1_000, 10, 11), Tick(2_000, 12, 13), Tick(3_000, 14, 15)]


class ScriptedPricesTests(SynchronousTestCase):
    """
    The source itself.
    """

    def setUp(self) -> None:
        """
        Make one that has two ticks after those of another, of which the last is hidden.
        """
        self.prices = ScriptedPrices(ListedPrices(BEFORE), 2_500)
        self.assertEqual(self.prices.last, 2_500)
        self.prices.add(Tick(2_500, 20, 22))
        self.prices.add(Tick(4_000, 30, 32))

    def test_ticks(self) -> None:
        """
        Up to the moment the other's ticks are there, from then on those that were given.
        """
        given = [Tick(2_500, 20, 22), Tick(4_000, 30, 32)]
        self.assertEqual(self.prices.ticks(0, 9_000), [*BEFORE[:2], *given])
        self.assertEqual(self.prices.ticks(2_600, 3_999), [])
        self.assertEqual(self.prices.ticks(4_000, 4_000), given[1:])

    def test_neighbours(self) -> None:
        """
        Last and next tick agree with the list.
        """
        ticks = self.prices.ticks(0, 9_000)
        for moment in range(0, 5_000, 500):
            past = [tick for tick in ticks if tick.timestamp <= moment]
            coming = [tick for tick in ticks if tick.timestamp > moment]
            self.assertEqual(self.prices.lastTick(moment), past[-1] if past else None)
            self.assertEqual(self.prices.nextTick(moment), coming[0] if coming else None)

    def test_summary(self) -> None:
        """
        A summary is that of the ticks, whether or not the other source can sum up.
        """
        self.assertEqual(self.prices.summary(0, 9_000), Summary(10, 30, 10, 30, 4))
        self.assertIsNone(self.prices.summary(2_600, 3_000))
        seeded = ScriptedPrices(SeededPrices(0, SYMBOLS[0]), EPOCH)
        seeded.add(Tick(EPOCH + 5, 110_000, 110_010))
        start, end = EPOCH - 3_600_000, EPOCH + 10
        self.assertEqual(seeded.summary(start, end), summarise(seeded.ticks(start, end)))

    def test_order(self) -> None:
        """
        Time does not go back, unless what comes later is forgotten.
        """
        self.assertRaises(ValueError, self.prices.add, Tick(3_999, 1, 2))
        self.prices.dropAfter(3_000)
        self.prices.add(Tick(3_999, 1, 2))
        self.assertEqual(self.prices.nextTick(2_500), Tick(3_999, 1, 2))
        self.prices.dropAfter(1_500)
        self.assertEqual((self.prices.last, self.prices.ticks(0, 9_000)), (1_500, BEFORE[:1]))


class MarketTests(SynchronousTestCase):
    """
    A market whose source changes.
    """

    def setUp(self) -> None:
        """
        Start a market of two symbols.
        """
        self.clock = Clock()
        sources = {1: ListedPrices(BEFORE), 2: ListedPrices([Tick(2_000, 5, 6), Tick(9_000, 7, 8)])}
        self.market = Market(self.clock, sources, lambda: round(self.clock.seconds() * 1_000))
        self.told: list[tuple[int, int]] = []
        self.market.listen(lambda symbolId, tick: self.told.append((symbolId, tick.timestamp)))
        self.assertFalse(self.market.isRunning)
        self.market.start()
        self.addCleanup(self.market.stop)

    def test_change(self) -> None:
        """
        What was due is told before a change, what was to come of the old source is not told after it; other symbols go
        on.
        """
        self.clock.advance(1.5)
        self.clock.rightNow = 2.0
        self.market.catchUp()
        self.assertEqual(self.told, [(1, 1_000), (1, 2_000), (2, 2_000)])
        tick = Tick(2_000, 50, 51)
        self.market.setSource(1, ListedPrices([*BEFORE[:2], tick, Tick(8_000, 60, 61)]), tick)
        self.assertEqual(self.told[3:], [(1, 2_000)])
        self.assertEqual(self.market.quote(1), tick)
        self.clock.pump([1.0] * 10)
        self.assertEqual(self.told[4:], [(1, 8_000), (2, 9_000)])

    def test_silent(self) -> None:
        """
        A market that had nothing to tell any more goes on when it has.
        """
        self.clock.pump([1.0] * 20)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.market.setSource(2, ListedPrices([Tick(25_000, 7, 8)]))
        self.clock.pump([1.0] * 10)
        self.assertEqual(self.told[-1], (2, 25_000))

    def test_stopped(self) -> None:
        """
        While it is stopped, a market tells nothing of a change.
        """
        self.market.stop()
        self.market.catchUp()
        self.market.setSource(1, ListedPrices([Tick(0, 1, 2)]), Tick(0, 1, 2))
        self.assertEqual(self.told, [])
        self.assertEqual(self.market.quote(1), Tick(0, 1, 2))
