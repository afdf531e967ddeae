"""
Tests of a dataset whose writer is killed, loses its power, or finds the disk full, at every instant.

What is expected is said by a model: of each hour, whether it is final or live, and its rows.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from itertools import count, product
from pathlib import Path
from random import Random
from typing import IO, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import StoreFailed, StoreFull
from ctrader_twisted.store import Dataset, DatasetWriter, Disk, Span, folding, tails
from ctrader_twisted.store.spans import without
from test.storecase import BID, DAY, HOUR, T0, FullDisk, Killed, MortalDisk, pairs, ticks

DAYS = 2

Known = dict[int, tuple[str, list[tuple[int, int]]]]
"""
What is known of some hours: C{final} or C{live}, and the rows. Missing hours are not there.
"""

Change = Callable[[Known], Known]


class Step(NamedTuple):
    """
    Something that a writer does.

    @ivar what: the name of its method, or C{reopen}.
    @ivar hours: from which hour to which one.
    @ivar price: the price of the first row.
    """

    what: str
    hours: Span = (0, 0)
    price: int = 0

    def rows(self, day: int = 0, days: int = DAYS) -> list[tuple[int, int]]:
        """
        List the rows: two in the first hour, one in each other, but none in the last.

        @param day: the first day of which they are wanted.
        @param days: of how many days.
        @return: the rows.
        """
        first, behind = self.hours
        rows = [
            (first * HOUR, self.price),
            *((hour * HOUR + 5, self.price + hour) for hour in range(first, behind - 1)),
        ]
        return [row for row in rows if day * DAY <= row[0] < (day + days) * DAY]

    def run(self, writer: DatasetWriter) -> None:
        """
        Do it.

        @param writer: with this one.
        """
        if self.what == "reopen":
            writer.close()
            writer.open()
        elif self.what in ("flush", "compact"):
            getattr(writer, self.what)()
        else:
            span = (T0 + self.hours[0] * HOUR, T0 + self.hours[1] * HOUR)
            getattr(writer, self.what)(BID, span, ticks(*self.rows()))

    def changed(self, before: Known, day: int) -> Known:
        """
        Say what it does to a day.

        @param before: what is known of the day.
        @param day: the number of the day.
        @return: what is known then.
        """
        after = dict(before)
        for hour in range(max(self.hours[0], day * 24), min(self.hours[1], day * 24 + 24)):
            rows = [row for row in self.rows(day, 1) if row[0] // HOUR == hour]
            state, present = before.get(hour, ("live", []))
            if self.what != "append":
                after[hour] = ("final", rows)
            elif state == "live":
                after[hour] = ("live", sorted(present + rows))
        return after


class Day:
    """
    What one day may hold.
    """

    def __init__(self, number: int) -> None:
        """
        @param number: the number of the day.
        """
        self._number = number
        self._lasting: Known = {}
        self._writes: list[Step] = []
        self._done = 0
        self._appends: list[Step] = []

    def begin(self, step: Step) -> None:
        """
        Something begins.

        @param step: what.
        """
        if step.what == "append":
            self._appends.append(step)
        elif step.what in ("write", "seal"):
            self._writes.append(step)

    def end(self, step: Step) -> None:
        """
        It has come to its end.

        @param step: what.
        """
        self._done = len(self._writes)
        if step.what not in ("append", "write"):
            self.settle(self.possible(isPowerLost=False, isOver=True)[0])

    def fail(self, step: Step) -> None:
        """
        It has failed.

        @param step: what.
        """
        if step.what in ("write", "seal"):
            self._writes.pop()

    def settle(self, state: Known) -> None:
        """
        This is it.

        @param state: what the day holds.
        """
        self._lasting, self._writes, self._done, self._appends = state, [], 0, []

    def possible(self, *, isPowerLost: bool, isOver: bool = False) -> list[Known]:
        """
        List what the day may hold.

        @param isPowerLost: whether what was written and not flushed can be lost.
        @param isOver: whether nothing can be lost.
        @return: the possible states.
        """
        least = 0 if isPowerLost else self._done
        writes = range(len(self._writes) if isOver else least, len(self._writes) + 1)
        appends = range(len(self._appends) if isOver else 0, len(self._appends) + 1)
        found = []
        for some, others in product(writes, appends):
            state = self._lasting
            for step in [*self._writes[:some], *self._appends[:others]]:
                state = step.changed(state, self._number)
            found.append(state)
        return found


def known(dataset: Dataset, day: int) -> Known:
    """
    Read what is known of a day.

    @param dataset: the dataset.
    @param day: the number of the day.
    @return: what is known.
    """
    whole = (T0 + day * DAY, T0 + day * DAY + DAY)
    rows = pairs(dataset.read(BID, *whole))
    assert rows == sorted(rows, key=lambda row: row[0])
    found: Known = {}
    for state, spans in (("final", dataset.final(BID, *whole)), ("live", dataset.provisional(BID, *whole))):
        for start, end in spans:
            # Nothing is known by halves.
            assert (start - T0) % HOUR == (end - T0) % HOUR == 0, spans
            for hour in range((start - T0) // HOUR, (end - T0) // HOUR):
                assert hour not in found
                found[hour] = (state, sorted(row for row in rows if row[0] // HOUR == hour))
    assert sum(len(each) for _, each in found.values()) == len(rows)
    return found


class StoreCase(SynchronousTestCase):
    """
    A dataset, and what it may hold.
    """

    def begin(self) -> None:
        """
        Start with nothing.
        """
        self.root = Path(self.mktemp())
        self.days = [Day(number) for number in range(DAYS)]

    def run_(self, disk: Disk, steps: list[Step]) -> bool:
        """
        Do things until the process ends.

        @param disk: the file system.
        @param steps: the things.
        @return: whether all were done.
        """
        writer = DatasetWriter(self.root, disk=disk)
        try:
            writer.open()
            for step in steps:
                for day in self.days:
                    day.begin(step)
                try:
                    step.run(writer)
                except StoreFailed:
                    for day in self.days:
                        day.fail(step)
                else:
                    for day in self.days:
                        day.end(step)
                self.assertKnown(writer, isAll=not isinstance(disk, FullDisk))
            if isinstance(disk, FullDisk):
                disk.failing = ()
            writer.close()
        except Killed:
            return False
        finally:
            # The system does that for a process that is gone.
            writer._fileLock.release()
        for day in self.days:
            day.end(Step("flush"))
        return True

    def assertKnown(self, writer: DatasetWriter, *, isAll: bool) -> None:
        """
        Demand that a writer knows what it has written.

        @param writer: the writer.
        @param isAll: whether there is no more than that, such as what could not be taken back on a full disk.
        """
        span = T0 - DAY, T0 + (DAYS + 1) * DAY
        known = writer.missing(BID, *span), writer.provisional(BID, *span)
        there = writer.dataset.missing(BID, *span), writer.dataset.provisional(BID, *span)
        if isAll:
            self.assertEqual(known, there)
        else:
            self.assertEqual(without(there[0], known[0]), ())

    def look(self, *, isPowerLost: bool = False) -> None:
        """
        Demand that each day holds what it may.

        @param isPowerLost: whether what was not flushed can be lost.
        """
        dataset = Dataset(self.root)
        for number, day in enumerate(self.days):
            found = known(dataset, number) if (self.root / "_dataset.json").exists() else {}
            self.assertIn(found, day.possible(isPowerLost=isPowerLost))
            day.settle(found)

    def finish(self) -> None:
        """
        Demand that the next writer makes everything whole.
        """
        last = Step("seal", (0, 24 * DAYS), 77)
        self.assertTrue(self.run_(FullDisk(), [Step("compact"), last, Step("compact")]))
        self.look()
        self.assertEqual(Dataset(self.root).verify(), ())
        names = {path.name for path in self.root.rglob("*") if path.is_file()}
        self.assertEqual(names, {"_dataset.json", "_lock", "_index-2024", "part.parquet"})


SCRIPT = [
    Step("append", (0, 3), 10),
    Step("append", (20, 26), 20),
    Step("flush"),
    Step("write", (1, 23), 30),
    Step("append", (26, 28), 40),
    Step("seal", (23, 30), 50),
    Step("write", (0, 2), 60),
    Step("flush"),
    Step("append", (30, 31), 70),
    Step("compact"),
    Step("append", (31, 33), 80),
]


class KilledTests(StoreCase):
    """
    Processes that end at any step.
    """

    def test_everyStep(self) -> None:
        """
        Whichever step was the last one: what was flushed is there, nothing is doubled, and no more is claimed than is
        there; and the next writer goes on.
        """
        self.assertGreater(self._killEverywhere(isPowerLost=False), 50)

    def test_everyPowerCut(self) -> None:
        """
        The same where the machine loses power, and any part of what was not synced.
        """
        self.assertGreater(self._killEverywhere(isPowerLost=True), 50)

    def test_anotherProcess(self) -> None:
        """
        What a process flushes lasts, also where it goes on with files that were made by one that was killed before the
        disk knew their names.
        """
        for number in count(1):
            self.begin()
            disk = MortalDisk(number)
            isOver = self.run_(disk, [Step("append", (0, 1), 10), Step("write", (2, 3), 20)])
            following = MortalDisk(before=disk)
            with DatasetWriter(self.root, disk=following) as writer:
                Step("append", (5, 7), 30).run(writer)
                writer.flush()
                # As much is lost as can be.
                following.cutPower(min)
                rows = pairs(writer.dataset.read(BID, T0 + 5 * HOUR, T0 + 7 * HOUR))
            self.assertEqual(rows, [(5 * HOUR, 30), (5 * HOUR + 5, 35)], number)
            if isOver:
                break

    def _killEverywhere(self, isPowerLost: bool) -> int:
        for number in count(1):
            self.begin()
            disk = MortalDisk(number)
            isOver = self.run_(disk, SCRIPT)
            if isPowerLost:
                disk.cutPower(Random(number).randint)
            self.look(isPowerLost=isPowerLost)
            self.finish()
            if isOver:
                return number
        raise AssertionError


HOURS = st.tuples(st.integers(0, 24 * DAYS - 1), st.integers(1, 24)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], 24 * DAYS))
)
STEPS = st.lists(
    st.one_of(
        st.builds(Step, st.sampled_from(["append", "append", "write", "seal"]), HOURS, st.integers(1, 1000)),
        st.sampled_from([Step("flush"), Step("compact"), Step("reopen"), Step("write", (0, 24), 5)]),
    ),
    max_size=8,
)


class AnyOrderTests(StoreCase):
    """
    Writers that do anything in any order.
    """

    @settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.tuples(STEPS, st.integers(1, 150), st.booleans()), min_size=1, max_size=3), st.integers(0, 99))
    def test_anyOrder(self, lives: list[tuple[list[Step], int, bool]], seed: int) -> None:
        """
        Whatever several writers do one after the other, and wherever each of them is killed or loses its power, what
        was flushed is there, and no more is claimed than is there.
        """
        self.begin()
        for steps, dieAt, isPowerLost in lives:
            disk = MortalDisk(dieAt)
            self.run_(disk, steps)
            if isPowerLost:
                disk.cutPower(Random(seed).randint)
            self.look(isPowerLost=isPowerLost)
        self.finish()


class FullTests(StoreCase):
    """
    Disks that are full, or broken.
    """

    def test_everyStep(self) -> None:
        """
        Whichever step fails: what it was to write is told as not written, everything else is as it was, live rows are
        kept for the next time, and the writer goes on.
        """
        # The first eight steps make the dataset.
        for number in count(9):
            self.begin()
            disk = FullDisk([number, number + 1])
            self.assertTrue(self.run_(disk, SCRIPT))
            self.look()
            self.finish()
            if disk.steps < number:
                self.assertGreater(number, 50)
                break

    def test_interrupted(self) -> None:
        """
        What is written when Ctrl-C comes is there once, whether it was written before or is only then.
        """

        class Interrupted(Disk):
            written = 0

            def write(self, file: IO[bytes], content: bytes) -> None:
                super().write(file, content)
                self.written += "_segment" in str(file.name)
                if self.written == 3:
                    raise KeyboardInterrupt

        self.begin()
        with DatasetWriter(self.root, disk=Interrupted()) as writer:
            for day in range(4):
                writer.append(BID, (T0 + day * DAY, T0 + day * DAY + HOUR), ticks((day * DAY, day)))
            self.assertRaises(KeyboardInterrupt, writer.flush)
        self.assertEqual(pairs(Dataset(self.root).read(BID, T0, T0 + 4 * DAY)), [(day * DAY, day) for day in range(4)])

    def test_outOfMemory(self) -> None:
        """
        So it is where the memory ends behind the last byte that is written, and nothing counts as covered until then.
        """
        self.begin()
        calls = count(1)

        def outside(timestamps: Iterable[int], span: Span) -> list[Span]:
            if next(calls) == 3:
                raise MemoryError
            return folding.outside(timestamps, span)

        self.patch(tails, "outside", outside)
        with DatasetWriter(self.root) as writer:
            for day in range(4):
                writer.append(BID, (T0 + day * DAY, T0 + day * DAY + HOUR), ticks((day * DAY, day)))
            self.assertRaises(MemoryError, writer.flush)
            self.assertEqual(writer.provisional(BID, T0, T0 + 4 * DAY), ())
        self.assertEqual(pairs(Dataset(self.root).read(BID, T0, T0 + 4 * DAY)), [(day * DAY, day) for day in range(4)])

    def test_whatIsSaid(self) -> None:
        """
        A full disk has an error of its own, which names the file; what else can be wrong has another one.
        """
        for code, kind in ((errno.ENOSPC, StoreFull), (errno.EDQUOT, StoreFull), (errno.EIO, StoreFailed)):
            self.begin()
            disk = FullDisk(code=code)
            with DatasetWriter(self.root, disk=disk) as writer:
                writer.write(BID, (T0, T0 + HOUR), ticks((1, 1)))
                disk.failing = range(disk.steps + 1, 1000)
                error = self.assertRaises(StoreFailed, writer.write, BID, (T0 + HOUR, T0 + DAY), ticks())
                self.assertIs(type(error), kind)
                self.assertTrue(error.file.endswith("_segment-1"), error.file)
                self.assertIn(error.file, error.explain())
                writer.append(BID, (T0 + HOUR, T0 + 2 * HOUR), ticks((HOUR, 5)))
                for _ in range(2):
                    self.assertRaises(kind, writer.flush)
                    self.assertEqual(pairs(writer.dataset.read(BID, T0, T0 + DAY)), [(1, 1)])
                self.assertRaises(kind, writer.compact)
                disk.failing = ()
                writer.flush()
                self.assertEqual(pairs(writer.dataset.read(BID, T0, T0 + DAY)), [(1, 1), (HOUR, 5)])
                self.assertEqual(writer.dataset.missing(BID, T0, T0 + DAY), ((T0 + 2 * HOUR, T0 + DAY),))

    def test_compaction(self) -> None:
        """
        Where there is no room for Parquet, the rows stay in their segment, and are there.
        """
        self.begin()
        disk = FullDisk()
        with DatasetWriter(self.root, disk=disk) as writer:
            writer.write(BID, (T0, T0 + HOUR), ticks((1, 1)))
            # The next record can be written, and nothing more.
            disk.failing = range(disk.steps + 3, 1000)
            writer.write(BID, (T0 + HOUR, T0 + DAY), ticks((HOUR, 2)))
            self.assertEqual(pairs(writer.dataset.read(BID, T0, T0 + DAY)), [(1, 1), (HOUR, 2)])
            self.assertRaises(StoreFull, writer.compact)
            disk.failing = ()
            self.assertEqual(writer.compact(), ())
            self.assertEqual(pairs(writer.dataset.read(BID, T0, T0 + DAY)), [(1, 1), (HOUR, 2)])

    def test_noDataset(self) -> None:
        """
        Where a dataset cannot be made, nobody has its lock.
        """
        self.begin()
        self.assertRaises(StoreFull, DatasetWriter(self.root, disk=FullDisk([1])).open)
        with DatasetWriter(self.root):
            pass
