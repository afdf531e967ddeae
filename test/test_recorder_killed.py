"""
Tests of a recorder that is killed again and again: its dataset is complete in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from twisted.internet.defer import Deferred

from ctrader_twisted.client import Client
from ctrader_twisted.recorder import Recorder
from ctrader_twisted.simulator.market.replay import ReplayedPrices
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.store import Dataset, DatasetWriter, Series
from ctrader_twisted.testing import VirtualExchange
from test.recordercase import DAY, SIDES, RecorderCase
from test.storecase import Killed, MortalDisk

KILLS = 50
DAYS = 7


def bursts(start: int, days: int, random: Random) -> Iterator[Tick]:
    """
    Make few ticks, many of them close together, so that a week is short.

    @param start: when they begin, in milliseconds since 1970.
    @param days: for how long.
    @param random: decides.
    @return: the ticks.
    """
    time, bid = start, 110_000
    while time < start + days * DAY:
        time += random.choice((0, 1, 40, 900, 15_000, 400_000))
        bid += random.randint(-3, 3)
        yield Tick(time, bid, bid + random.randint(1, 9))


class KilledTests(RecorderCase):
    """
    Kill -9, and the loss of power.
    """

    def setUp(self) -> None:
        """
        Make an exchange with few ticks.
        """
        super().setUp()
        self.random = Random(20_260_304)
        start = self.now - DAY
        prices = ReplayedPrices(bursts(start, DAYS + 3, self.random))
        self.virtual = VirtualExchange(replay={"EURUSD": prices})
        self.exchange = self.virtual.exchange
        self.left = 0

    def mortal(self, client: Client, dieAt: int | None) -> tuple[Recorder, MortalDisk]:
        """
        Start a recorder that may be killed while it writes.

        @param client: its client.
        @param dieAt: before which step on the disk.
        @return: the recorder and its disk.
        """
        recorder, disk = self.recorder(client), MortalDisk(dieAt)
        recorder._writer = DatasetWriter(self.path, disk=disk)
        recorder.onFailed(self.died)
        recorder.startService()
        return recorder, disk

    def died(self, error: BaseException) -> None:
        """
        Its process has ended by itself, as it was told to.
        """
        self.assertIsInstance(error, Killed)

    async def kill(self, recorder: Recorder, disk: MortalDisk) -> None:
        """
        End its process; every other time the machine loses its power with it.

        @param recorder: the recorder.
        @param disk: its disk.
        """
        recorder._failure = Killed()
        for task in recorder._halt():
            await task
        recorder._writer._fileLock.release()
        if self.random.random() < 0.5:
            disk.cutPower(self.random.randint)

    async def live(self, client: Client) -> None:
        """
        Record a week, with many deaths.

        @param client: the client.
        """
        recorder, disk = self.mortal(client, None)
        await self.virtual.pause(60)
        start, pause = self.now, DAYS * DAY / 1000 / KILLS
        for _ in range(KILLS):
            await self.virtual.pause(self.random.uniform(0.5, 1.0) * pause)
            await self.kill(recorder, disk)
            self.assertKept(start)
            await self.virtual.pause(self.random.uniform(0.0, 0.5) * pause)
            recorder, disk = self.mortal(client, self.random.choice((None, self.random.randint(1, 400))))
        await self.kill(recorder, disk)
        recorder, _ = self.mortal(client, None)
        await self.virtual.pause(2 * DAY / 1000)
        end = (self.now // DAY - 1) * DAY
        self.assertGreater(end, start + (DAYS - 2) * DAY)
        await self.assertComplete(client, start, end)
        await recorder.stopService()
        self.assertEqual(Dataset(self.path).verify(), ())

    def assertKept(self, start: int) -> None:
        """
        Demand that what was final is still there, and that nothing is damaged.
        """
        dataset = Dataset(self.path)
        self.assertEqual([each for each in dataset.verify() if "damaged" in each.problem], [])
        kept = sum(end - begin for begin, end in dataset.final(Series.ticks("EURUSD", SIDES[0]), start, self.now))
        self.assertGreaterEqual(kept, self.left)
        self.left = kept

    def test_week(self) -> None:
        """
        A recorder that is killed fifty times in a week, between its writes and amidst them, has the week in the end.
        """

        def run(client: Client) -> Deferred[None]:
            return Deferred.fromCoroutine(self.live(client))

        async def main(client: Client) -> None:
            await run(client)

        self.perform(main, hours=24 * (DAYS + 4))
