"""
Tests of the recorder, with a simulated exchange on virtual time.
"""

from __future__ import annotations

from itertools import pairwise

from ctrader_twisted.client import Client
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.store import Dataset, Series
from ctrader_twisted.testing import VirtualExchange
from test.recordercase import DAY, SIDES, RecorderCase

BID = Series.ticks("EURUSD", "bid")


class LiveTests(RecorderCase):
    """
    What comes live.
    """

    def test_live(self) -> None:
        """
        The ticks of all symbols come into the dataset; what was listened to is provisional.
        """
        names = ("EURUSD", "USDJPY")

        async def main(client: Client) -> None:
            recorder = self.recorder(client, *names)
            recorder.startService()
            await self.virtual.pause(5)
            start = self.now
            await self.virtual.pause(120)
            await recorder.stopService()
            dataset = Dataset(self.path)
            for name in names:
                self.assertGreater(recorder.status.live[name], 20)
                for series in (Series.ticks(name, side) for side in SIDES):
                    provisional = dataset.provisional(series, start, self.now)
                    self.assertLess(provisional[0][0], start + 6_000)
                    self.assertGreater(provisional[-1][1], self.now - 20_000)
                    live = list(dataset.read(series, start, self.now))
                    history = await self.history(client, series, start, self.now)
                    # Prices that do not change are in history only.
                    changes = [new for old, new in pairwise(history) if old.price != new.price]
                    self.assertEqual([tick for tick in live if tick in changes], changes)
                    self.assertLessEqual(set(live), set(history))

        self.perform(main)

    def test_repeated(self) -> None:
        """
        The last tick, which the server tells once more after each reconnect, is there once.
        """
        prices = [Tick(self.now + 40_000 * number, 110_000 + number, 110_001 + number) for number in range(60)]
        self.virtual = VirtualExchange(replay={"EURUSD": ReplayedPrices(prices)})
        self.exchange = self.virtual.exchange

        async def main(client: Client) -> None:
            recorder = self.recorder(client)
            recorder.startService()
            await self.virtual.pause(300)
            for _ in range(3):
                self.exchange.faults.restart(1.0)
                await self.virtual.pause(6)
            await recorder.stopService()
            self.assertEqual(recorder.status.live["EURUSD"], 2 * 11)
            rows = Dataset(self.path).read(BID, 0, self.now)
            self.assertEqual(list(rows.timestamps), [tick.timestamp for tick in prices[:8]])

        self.perform(main)

    def test_flushed(self) -> None:
        """
        What came is on the disk after a few seconds.
        """

        async def main(client: Client) -> None:
            recorder = self.recorder(client)
            recorder.startService()
            await self.virtual.pause(60)
            last = self.exchange.feed.last(1)
            assert last is not None
            rows = Dataset(self.path).read(BID, 0, self.now + 1)
            self.assertGreater(len(rows), 20)
            self.assertGreater(rows.timestamps[-1], last.timestamp - 10_000)
            await recorder.stopService()

        self.perform(main)


class FillingTests(RecorderCase):
    """
    What is completed from history.
    """

    def test_outage(self) -> None:
        """
        What was missed while the connection was lost comes from history, soon after.
        """

        async def main(client: Client) -> None:
            recorder = self.recorder(client)
            recorder.startService()
            await self.virtual.pause(300)
            lost = self.now
            self.exchange.faults.restart(120.0)
            await self.virtual.pause(120)
            back = self.now
            await self.virtual.pause(300)
            await self.assertComplete(client, lost, back)
            self.assertGreater(recorder.status.filled, 20)
            await recorder.stopService()

        self.perform(main)

    def test_quiet(self) -> None:
        """
        Where little happens, nothing is asked for: what was quiet is stored before it would count as missed.
        """
        ticks = [Tick(self.now + 200_000 * number, 110_000 + number, 110_001 + number) for number in range(60)]
        self.virtual = VirtualExchange(replay={"EURUSD": ReplayedPrices(ticks)})
        self.exchange = self.virtual.exchange

        async def main(client: Client) -> None:
            recorder = self.recorder(client)
            recorder.startService()
            await self.virtual.pause(2 * 3_600)
            await recorder.stopService()
            # Of the first seconds, for both sides.
            self.assertLessEqual(len(self.virtual.sent("ProtoOAGetTickDataReq")), 4)

        self.perform(main)

    def test_restart(self) -> None:
        """
        What was missed while nothing was recorded comes from history.
        """

        async def main(client: Client) -> None:
            recorder = self.recorder(client)
            recorder.startService()
            await self.virtual.pause(300)
            await recorder.stopService()
            lost = self.now
            await self.virtual.pause(3_600)
            back = self.now
            recorder.startService()
            await self.virtual.pause(300)
            await self.assertComplete(client, lost, back)
            await recorder.stopService()

        self.perform(main)

    def test_since(self) -> None:
        """
        A recorder can be told from when on its dataset shall be complete.
        """

        async def main(client: Client) -> None:
            start = self.now - DAY // 4
            recorder = self.recorder(client, since=start)
            recorder.startService()
            await self.virtual.pause(300)
            await self.assertComplete(client, start, self.now - 300_000)
            await recorder.stopService()

        self.perform(main)

    def test_sealed(self) -> None:
        """
        When a day is over, all of it comes from history, and what is different is told.
        """

        async def main(client: Client) -> None:
            midnight = await self.toMidnight(600)
            recorder = self.recorder(client)
            recorder.startService()
            await self.virtual.pause(20)
            start = self.now
            await self.virtual.pause(600 + 400)
            await self.assertComplete(client, start, midnight)
            await recorder.stopService()
            days = {(str(each.series), each.day) for each in self.sealed}
            self.assertEqual(days, {("EURUSD bid", midnight - DAY), ("EURUSD ask", midnight - DAY)})

        self.perform(main)
        for each in self.sealed:
            self.assertGreater(each.live, 50)
            self.assertEqual(each.onlyLive, 0)
            self.assertEqual(each.history - each.live, each.onlyHistory)
