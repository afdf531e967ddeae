"""
Tests of a recorder with wrong clocks, refusals, and disks that are full, slow or in use.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any
from unittest import mock

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.client import Client
from ctrader_twisted.columns import Tick, Ticks
from ctrader_twisted.errors import ConfigurationError, StoreBusy, StoreFull, SymbolNotFound
from ctrader_twisted.recorder import Recorder, intake
from ctrader_twisted.recorder.live import LiveTicks
from ctrader_twisted.recorder.servertime import ServerTime
from ctrader_twisted.schema.messages import ProtoOASpotEvent
from ctrader_twisted.simulator.faults import Incoming, Refuse
from ctrader_twisted.store import Dataset, DatasetWriter, Series
from ctrader_twisted.store.partitions import LATEST
from test.marketlink import makeSymbol
from test.recordercase import DAY, SIDES, RecorderCase
from test.storecase import FullDisk

HOUR = 3_600_000
BID = Series.ticks("EURUSD", "bid")


def spot(timestamp: int, **prices: Any) -> ProtoOASpotEvent:
    """
    @return: an event of this time.
    """
    return ProtoOASpotEvent(ctidTraderAccountId=7, symbolId=1, timestamp=timestamp, **prices)


def changes(rows: Iterable[Tick]) -> list[Tick]:
    """
    @return: the ticks that change the price; the others come in history only.
    """
    return [new for old, new in pairwise(rows) if old.price != new.price]


class ServerTimeTests(SynchronousTestCase):
    """
    What time it is at the server.
    """

    def setUp(self) -> None:
        """
        Make a clock of this machine.
        """
        self.clock = Clock()
        self.wall = 10 * HOUR
        self.time = ServerTime(self.clock.seconds, lambda: self.wall)

    def test_proven(self) -> None:
        """
        It goes on from the tick that came in the shortest time; nothing is known before the first.
        """
        self.assertIsNone(self.time.now())
        self.time.heard(9 * HOUR)
        self.clock.advance(5)
        self.assertEqual(self.time.now(), 9 * HOUR + 5_000)
        self.time.heard(9 * HOUR + 4_000)
        self.assertEqual(self.time.now(), 9 * HOUR + 5_000)
        self.time.heard(9 * HOUR + 6_000)
        self.clock.advance(1)
        self.assertEqual(self.time.now(), 9 * HOUR + 7_000)

    def test_doubted(self) -> None:
        """
        A time that is far ahead of this machine's proves nothing, until the machine's clock is set.
        """
        with capturedLogs() as events:
            self.time.heard(self.wall + HOUR + 1)
            self.time.heard(self.wall + HOUR + 2)
        [event] = events
        self.assertIn("1.0 h later than this machine's clock: set the clock", formatEvent(event))
        self.assertIsNone(self.time.now())
        self.wall += 2
        self.time.heard(10 * HOUR + HOUR + 2)
        self.assertEqual(self.time.now(), 11 * HOUR + 2)

    def test_impossible(self) -> None:
        """
        A time that no calendar has proves nothing, nor does it make the clock of this machine suspect.
        """
        with capturedLogs() as events:
            for timestamp in (-5, 0, LATEST):
                self.time.heard(timestamp)
        self.assertIsNone(self.time.now())
        self.assertEqual(list(events), [])


class LiveTicksTests(SynchronousTestCase):
    """
    Events that make no sense.
    """

    def test_impossible(self) -> None:
        """
        A tick with a time that no calendar has, or a price that no file can hold, spoils no other; the time at which
        it came is the better one.
        """
        live = LiveTicks(makeSymbol(1))
        live.received(spot(-5, bid=1), None)
        live.received(spot(LATEST, bid=2), None)
        self.assertEqual(len(live), 0)
        live.received(spot(LATEST, bid=3), 10 * HOUR)
        live.received(spot(-5, ask=4), 10 * HOUR + 1)
        self.assertRaises(OverflowError, live.received, spot(5, ask=2**63), 10 * HOUR + 2)
        bids, asks = (taken.ticks for taken in live.take(11 * HOUR))
        self.assertEqual((list(bids.timestamps), list(bids.prices)), ([10 * HOUR], [3]))
        self.assertEqual((list(asks.timestamps), list(asks.prices)), ([10 * HOUR + 1], [4]))


class ClockTests(RecorderCase):
    """
    Clocks that are set wrong.
    """

    def test_before1970(self) -> None:
        """
        A first tick that tells an impossible time ends no recording.
        """
        received = intake.Intake._received
        impossible = [-50_000]

        def spoiled(heard: intake.Intake, event: ProtoOASpotEvent) -> None:
            if impossible:
                event.timestamp = impossible.pop()
            received(heard, event)

        async def main(client: Client) -> None:
            recorder = self.recorder(client)
            recorder.startService()
            await self.virtual.pause(60)
            self.assertIsNone(recorder.status.failure)
            await recorder.stopService()
            self.assertGreater(len(Dataset(self.path).read(BID, 0, self.now)), 10)

        self.patch(intake.Intake, "_received", spoiled)
        self.perform(main)

    def test_ahead(self) -> None:
        """
        A machine whose clock is ahead by hours takes no time for over that is not, and loses nothing.
        """

        async def main(client: Client) -> None:
            midnight = await self.toMidnight(3_600)
            recorder = self.recorder(client, wallClock=lambda: self.now + 3 * HOUR)
            recorder.startService()
            await self.virtual.pause(20)
            start = self.now
            await self.virtual.pause(1_800)
            for side in SIDES:
                series = Series.ticks("EURUSD", side)
                ahead = self.now, midnight + DAY
                self.assertEqual(Dataset(self.path).missing(series, *ahead), (ahead,))
            await self.virtual.pause(1_800 + 400)
            await self.assertComplete(client, start, midnight)
            await recorder.stopService()

        self.perform(main)

    def test_behind(self) -> None:
        """
        On a machine whose clock is behind by hours ticks are kept, but no time is taken for complete until it is set.
        """
        wrong = 2 * HOUR

        async def main(client: Client) -> None:
            nonlocal wrong
            recorder = self.recorder(client, wallClock=lambda: self.now - wrong)
            recorder.startService()
            start = self.now
            await self.virtual.pause(600)
            dataset = Dataset(self.path)
            kept = dataset.read(BID, start, self.now)
            self.assertGreater(len(kept), 100)
            covered = sum(end - begin for begin, end in dataset.provisional(BID, start, self.now))
            self.assertLessEqual(covered, len(kept))
            wrong = 0
            await self.virtual.pause(600)
            self.assertEqual(dataset.missing(BID, start + 10_000, self.now - 300_000), ())
            await recorder.stopService()

        self.perform(main)


class RefusalTests(RecorderCase):
    """
    What the server does not give.
    """

    def test_patient(self) -> None:
        """
        What cannot be had from history is told, and asked for later and later, but each hour; others are not held up.
        """

        async def main(client: Client) -> None:
            rule = self.exchange.faults.add(Incoming(Refuse("INVALID_REQUEST", "no"), message="ProtoOAGetTickDataReq"))
            recorder = self.recorder(client, since=self.now - DAY)
            recorder.startService()
            start = self.now
            await self.virtual.pause(5 * 3_600)
            self.assertEqual(len(recorder.status.incomplete), 2)
            asked = len(self.virtual.sent("ProtoOAGetTickDataReq"))
            # Each attempt asks for a few windows of time at once.
            self.assertGreater(asked, 2 * 7)
            self.assertLess(asked, 2 * 40)
            self.exchange.faults.remove(rule)
            await self.virtual.pause(3_700)
            self.assertEqual(recorder.status.incomplete, {})
            await recorder.stopService()
            self.assertEqual(Dataset(self.path).missing(BID, start - DAY, start), ())

        self.perform(main)

    def test_unknownSymbols(self) -> None:
        """
        Symbols that the broker does not have are told of, and the others are recorded; if there is no other one, the
        recorder ends.
        """
        failed: list[BaseException] = []

        async def main(client: Client) -> None:
            recorder = self.recorder(client, "EURUSD", "NOSUCH", "EURUSD")
            recorder.startService()
            await self.virtual.pause(60)
            self.assertIsInstance(recorder.status.refused["NOSUCH"], SymbolNotFound)
            self.assertEqual(set(recorder.status.live), {"EURUSD"})
            await recorder.stopService()
            alone = self.recorder(client, "NOSUCH")
            alone.onFailed(failed.append)
            alone.startService()
            await self.virtual.pause(60)
            await alone.stopService()

        self.perform(main)
        [error] = failed
        self.assertIsInstance(error, SymbolNotFound)
        self.assertRaises(ConfigurationError, Recorder, None, 1, (), self.path, reactor=self.virtual.clock)


class DiskTests(RecorderCase):
    """
    Disks that do not take everything.
    """

    def failing(self, recorder: Recorder) -> list[BaseException]:
        """
        @return: to this list it is added why a recorder has ended.
        """
        failed: list[BaseException] = []
        recorder.onFailed(failed.append)
        return failed

    def test_full(self) -> None:
        """
        A full disk ends the recording, and the dataset is whole and free; when there is room, all is made up for.
        """
        disk = FullDisk()

        async def main(client: Client) -> None:
            recorder = self.recorder(client)
            recorder._writer = DatasetWriter(self.path, disk=disk)
            failed = self.failing(recorder)
            recorder.startService()
            await self.virtual.pause(60)
            start = self.now
            disk.failing = range(disk.steps + 1, 10**9)
            await self.virtual.pause(60)
            [error] = failed
            self.assertIsInstance(error, StoreFull)
            self.assertIs(recorder.status.failure, error)
            kept = len(Dataset(self.path).read(BID, 0, self.now))
            self.assertGreater(kept, 10)
            self.assertEqual(Dataset(self.path).verify(), ())
            with DatasetWriter(self.path):
                pass
            disk.failing = ()
            await recorder.stopService()
            recorder.startService()
            back = self.now
            await self.virtual.pause(400)
            self.assertIsNone(recorder.status.failure)
            await self.assertComplete(client, start, back)
            await recorder.stopService()

        self.perform(main)

    def test_busy(self) -> None:
        """
        A dataset that another process writes is none to record into.
        """

        async def main(client: Client) -> None:
            recorder = self.recorder(client)
            failed = self.failing(recorder)
            with DatasetWriter(self.path):
                recorder.startService()
                await self.virtual.pause(60)
                [error] = failed
                self.assertIsInstance(error, StoreBusy)
                await recorder.stopService()

        self.perform(main)

    def test_withoutArrow(self) -> None:
        """
        Without pyarrow everything is recorded and completed, but nothing becomes Parquet.
        """

        async def main(client: Client) -> None:
            midnight = await self.toMidnight(600)
            recorder = self.recorder(client)
            recorder.startService()
            await self.virtual.pause(20)
            start = self.now
            await self.virtual.pause(1_200)
            self.assertEqual((recorder.status.failure, recorder.status.incomplete), (None, {}))
            await self.assertComplete(client, start, midnight)
            await recorder.stopService()

        with mock.patch.dict(sys.modules, {"pyarrow": None}):
            self.perform(main)
        self.assertEqual(list(self.path.rglob("*.parquet")), [])

    def test_damaged(self) -> None:
        """
        A day that was recorded live and cannot be read any more holds up nothing but its series, until its file is
        moved away.
        """

        async def main(client: Client) -> None:
            midnight = await self.toMidnight(-HOUR / 1000)
            start = midnight - DAY
            with DatasetWriter(self.path) as writer:
                for side in SIDES:
                    series = Series.ticks("EURUSD", side)
                    writer.append(series, (start, midnight), await self.history(client, series, start, midnight))
                writer.compact()
            path = next(self.path.rglob("side=bid/*/*.parquet"))
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 0xFF
            path.write_bytes(content)
            recorder = self.recorder(client, since=start)
            recorder.startService()
            await self.virtual.pause(900)
            self.assertIsNone(recorder.status.failure)
            [(series, error)] = recorder.status.incomplete.items()
            self.assertEqual(series, BID)
            self.assertIn(str(path), error.explain())
            self.assertIn("Move the file away", error.explain())
            dataset = Dataset(self.path)
            self.assertEqual(dataset.provisional(Series.ticks("EURUSD", "ask"), start, midnight), ())
            self.assertGreater(len(dataset.read(BID, midnight, self.now)), 100)
            path.unlink()
            await self.virtual.pause(3_600)
            self.assertEqual(recorder.status.incomplete, {})
            await self.assertComplete(client, start, midnight)
            await recorder.stopService()

        self.perform(main)

    def test_slow(self) -> None:
        """
        What the disk is too slow for does not fill the memory: it is dropped, told of, and comes from history.
        """
        self.patch(intake, "_MOST_WAITING", 50)
        waiting: list[Callable[[], object]] = []
        isSlow = False

        def run(function: Callable[..., Any], /, *args: Any) -> Deferred[Any]:
            if not isSlow:
                return execute(function, *args)
            done: Deferred[Any] = Deferred()
            waiting.append(lambda: execute(function, *args).chainDeferred(done))
            return done

        async def main(client: Client) -> None:
            nonlocal isSlow
            recorder = self.recorder(client, runBlocking=run)
            recorder.startService()
            await self.virtual.pause(60)
            isSlow, start = True, self.now
            await self.virtual.pause(300)
            self.assertGreater(recorder.status.dropped, 100)
            self.assertLess(len(waiting), 5)
            isSlow, back = False, self.now
            for each in waiting:
                each()
            await self.virtual.pause(400)
            await self.assertCovered(client, start, back)
            await recorder.stopService()

        self.perform(main)

    async def assertCovered(self, client: Client, start: int, end: int) -> None:
        """
        Demand that nothing is missing in a span, live or from history.
        """
        for side in SIDES:
            series = Series.ticks("EURUSD", side)
            dataset = Dataset(self.path)
            self.assertEqual(dataset.missing(series, start, end), ())
            history = await self.history(client, series, start, end)
            found = dataset.read(series, start, end)
            assert isinstance(found, Ticks)
            self.assertEqual(changes(found), changes(history))
