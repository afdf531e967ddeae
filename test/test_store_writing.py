"""
Tests of writing a dataset and reading it back.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections import Counter
from operator import itemgetter
from pathlib import Path
from unittest import mock
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import Ticks
from ctrader_twisted.errors import ConfigurationError, IllegalValue, StoreBusy, StoreDamaged, StoreFailed
from ctrader_twisted.store import Coverage, Dataset, DatasetWriter, Disk, Series, Span, State, tails
from ctrader_twisted.store import writer as writing
from ctrader_twisted.store.partitions import PARQUET, partitionAt
from ctrader_twisted.store.snapshots import holdingOf
from ctrader_twisted.store.spans import union
from ctrader_twisted.store.tails import Tails
from test.storecase import BID, DAY, HOUR, M1, MINUTE, T0, FullDisk, bars, pairs, ticks

WHOLE = (T0, T0 + 3 * DAY)


class WritingCase(SynchronousTestCase):
    """
    A writer of a dataset on a disk that is not really synced.
    """

    def setUp(self) -> None:
        """
        Open the writer.
        """
        self.root = Path(self.mktemp()) / "market"
        self.disk = FullDisk()
        self.writer = DatasetWriter(self.root, disk=self.disk)
        self.writer.open()
        self.addCleanup(self.writer.close)
        self.dataset = self.writer.dataset

    def names(self) -> list[str]:
        """
        List the files of the ticks.

        @return: their paths in the folder of the series.
        """
        folder = partitionAt(BID, T0).folder(self.root).parent
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def rows(self, start: int = 0, end: int = 3 * DAY) -> list[tuple[int, int]]:
        """
        Read ticks.

        @param start: from when, after the first day's begin.
        @param end: until when.
        @return: times and prices.
        """
        return pairs(self.dataset.read(BID, T0 + start, T0 + end))


class HistoryTests(WritingCase):
    """
    Rows of history.
    """

    def test_emptyDataset(self) -> None:
        """
        A new dataset has nothing, and all is missing.
        """
        self.assertEqual(self.dataset.series(), ())
        self.assertEqual(self.dataset.missing(BID, *WHOLE), (WHOLE,))
        read = self.dataset.read(BID, *WHOLE)
        self.assertEqual((len(read), read.complete, read.digits), (0, False, 5))
        summary = self.dataset.summary(BID)
        self.assertEqual((summary.rows, summary.first, summary.start, summary.size), (0, None, None, 0))
        self.assertEqual(self.dataset.coverage(BID, *WHOLE), (Coverage(*WHOLE, State.MISSING),))

    def test_overMidnight(self) -> None:
        """
        Rows of several days come back at once, and day by day; equal times keep their order.
        """
        rows = [(0, 5), (HOUR, 9), (HOUR, 2), (HOUR, 7), (DAY - 1, 3), (DAY, 4), (2 * DAY, 1)]
        self.writer.write(BID, WHOLE, ticks(*rows, digits=3))
        read = self.dataset.read(BID, *WHOLE)
        self.assertEqual((pairs(read), read.digits, read.complete), (rows, 3, True))
        days = list(self.dataset.byDay(BID, T0 + 1, T0 + 2 * DAY))
        self.assertEqual([pairs(day) for day in days], [rows[1:5], rows[5:6]])
        self.assertEqual([day.complete for day in days], [True, True])
        self.assertEqual(self.dataset.final(BID, T0 - 5, T0 + 9 * DAY), (WHOLE,))
        self.assertFalse(self.dataset.read(BID, T0 - 1, T0 + 5).complete)

    def test_completeDays(self) -> None:
        """
        A day is in Parquet as soon as it is complete, whether in parts or at once, and known to be empty or not; until
        then it is in a segment.
        """
        for hour in range(24):
            span = (T0 + hour * HOUR, T0 + (hour + 1) * HOUR)
            self.assertNotIn("day=2024-01-01/part.parquet", self.names())
            self.writer.write(BID, span, ticks((hour * HOUR + 5, hour)))
        self.writer.write(BID, (T0 + DAY, T0 + 2 * DAY), ticks())
        self.writer.write(BID, (T0 + 2 * DAY, T0 + 2 * DAY + HOUR), ticks())
        self.assertEqual(
            self.names(),
            ["day=2024-01-01/part.parquet", "day=2024-01-02/part.parquet", "day=2024-01-03/_segment-1"],
        )
        self.assertEqual(self.rows(), [(hour * HOUR + 5, hour) for hour in range(24)])
        self.assertEqual(self.dataset.missing(BID, *WHOLE), ((T0 + 2 * DAY + HOUR, WHOLE[1]),))

    def test_replaced(self) -> None:
        """
        What is written later takes the place of all that lies in its span, before and after it went to Parquet; and
        written once more it changes nothing.
        """
        self.writer.write(BID, WHOLE, ticks((HOUR, 1), (2 * HOUR, 2), (DAY + HOUR, 3)))
        for _ in range(2):
            self.writer.write(BID, (T0 + 2 * HOUR, T0 + DAY + 1), ticks((3 * HOUR, 4)))
            self.assertEqual(self.rows(), [(HOUR, 1), (3 * HOUR, 4), (DAY + HOUR, 3)])
        self.assertEqual(self.writer.compact(), ())
        self.assertEqual(self.rows(), [(HOUR, 1), (3 * HOUR, 4), (DAY + HOUR, 3)])
        self.writer.write(BID, (T0 + 2 * HOUR, T0 + 4 * HOUR), ticks())
        self.assertEqual(self.rows(), [(HOUR, 1), (DAY + HOUR, 3)])
        self.writer.write(BID, WHOLE, ticks((5, 5)))
        self.assertEqual(self.rows(), [(5, 5)])
        self.assertNotIn("_segment", "".join(self.names()))

    def test_smallParts(self) -> None:
        """
        A complete day that is written again in small parts is not made anew each time.
        """
        self.writer.write(BID, (T0, T0 + DAY), ticks())
        with mock.patch.object(writing, "compactPartition") as compacted:
            for hour in range(24):
                self.writer.write(BID, (T0 + hour * HOUR, T0 + (hour + 1) * HOUR), ticks((hour * HOUR, hour)))
        self.assertEqual(compacted.call_count, 0)
        self.assertEqual(len(self.rows()), 24)

    def test_manyPartitions(self) -> None:
        """
        Of the partitions that were written only some are kept in mind; the others are looked at again.
        """
        self.patch(tails, "_MOST_KNOWN", 2)
        for hour in range(2):
            for day in range(3):
                start = day * DAY + hour * HOUR
                self.writer.write(BID, (T0 + start, T0 + start + HOUR), ticks((start, hour)))
        self.assertEqual(self.rows(), [(day * DAY + hour * HOUR, hour) for day in range(3) for hour in range(2)])

    def test_bars(self) -> None:
        """
        Bars of minutes and of days come back with all their columns.
        """
        minutes = bars((0, 5), (5 * MINUTE, 9), (DAY, 7))
        self.writer.write(M1, WHOLE, minutes)
        self.assertEqual(self.dataset.read(M1, *WHOLE), minutes)
        daily = Series.bars("EURUSD", "D1")
        year = (T0 - 366 * DAY, T0 + 366 * DAY)
        rows = bars((-200 * DAY, 5), (-HOUR, 7), (DAY, 9), period="D1")
        self.writer.write(daily, year, rows)
        read = self.dataset.read(daily, *year)
        self.assertEqual((read, read.complete), (rows, True))
        self.assertEqual([len(part) for part in self.dataset.byDay(daily, *year)], [2, 1])
        self.assertEqual(self.dataset.series(), (daily, M1))
        self.assertEqual(self.dataset.verify(), ())

    def test_refused(self) -> None:
        """
        Rows that do not ascend, lie outside of their span or belong to another series are refused.
        """
        span = (T0, T0 + HOUR)
        for series, rows in (
            (BID, ticks((5, 1), (4, 1))),
            (BID, ticks((HOUR, 1))),
            (BID, ticks((-1, 1))),
            (M1, ticks((5, 1))),
            (BID, bars((0, 1))),
            (M1, bars((0, 1), (0, 1))),
            (M1, bars((0, 1), period="M5")),
        ):
            self.assertRaises(IllegalValue, self.writer.write, series, span, rows)
            self.assertRaises(IllegalValue, self.writer.seal, series, span, rows)
        for call in (self.writer.write, self.writer.seal, self.writer.append):
            self.assertRaises(IllegalValue, call, BID, (T0, T0), ticks())
        for reads in (self.dataset.read, self.dataset.byDay, self.dataset.missing, self.dataset.coverage):
            self.assertRaises(IllegalValue, reads, BID, T0, T0)
        self.assertEqual(self.dataset.series(), ())


class LiveTests(WritingCase):
    """
    Live rows.
    """

    def append(self, start: int, end: int, *rows: tuple[int, int]) -> None:
        """
        Add live ticks.

        @param start: from when they were observed, after the first day's begin.
        @param end: until when.
        @param rows: the ticks.
        """
        self.writer.append(BID, (T0 + start, T0 + end), ticks(*rows))

    def test_flushed(self) -> None:
        """
        Live rows are there once they are flushed; what was observed is provisional, also where nothing happened.
        """
        self.append(0, 1000, (5, 1), (9, 2))
        self.append(1000, 2000)
        self.append(2000, 3000, (2500, 3))
        self.assertEqual(self.rows(), [])
        self.writer.flush()
        self.writer.flush()
        self.assertEqual(self.rows(), [(5, 1), (9, 2), (2500, 3)])
        self.assertEqual(self.dataset.provisional(BID, *WHOLE), ((T0, T0 + 3000),))
        self.assertEqual(self.dataset.final(BID, *WHOLE), ())
        self.assertEqual(self.dataset.missing(BID, *WHOLE), ((T0 + 3000, WHOLE[1]),))
        self.assertFalse(self.dataset.read(BID, T0, T0 + 3000).complete)

    def test_outages(self) -> None:
        """
        What was not observed is missing; a row of before, as the first one after a reconnect can be, covers its own
        millisecond only, and a late one comes to its place.
        """
        self.append(0, 1000, (900, 1))
        self.append(5000, 6000, (2000, 2), (5500, 3))
        self.append(6000, 7000, (5200, 4), (6500, 5))
        self.writer.flush()
        self.assertEqual(self.rows(), [(900, 1), (2000, 2), (5200, 4), (5500, 3), (6500, 5)])
        spans = ((T0, T0 + 1000), (T0 + 2000, T0 + 2001), (T0 + 5000, T0 + 7000))
        self.assertEqual(self.dataset.provisional(BID, *WHOLE), spans)

    def test_repeated(self) -> None:
        """
        The last tick, which the server tells once more after each reconnect, is there once; all else stays.
        """
        self.append(0, 1000, (900, 1), (900, 2), (900, 2), (900, 1))
        self.writer.flush()
        self.append(5000, 6000, (900, 1), (5500, 1), (5500, 1))
        self.append(7000, 8000, (900, 1), (5500, 1), (6500, 2), (7500, 2))
        self.append(9000, 9500, (6500, 2))
        self.writer.flush()
        # Before anything was observed.
        for _ in range(2):
            self.writer.append(BID, None, ticks((6500, 2), (9700, 3)))
            self.writer.flush()
        self.writer.append(BID, None, ticks())
        expected = [(900, 1), (900, 2), (900, 2), (900, 1), (5500, 1), (5500, 1), (6500, 2), (7500, 2), (9700, 3)]
        self.assertEqual(self.rows(), expected)

    @settings(max_examples=60)
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 12), st.integers(1, 6), st.lists(st.tuples(st.integers(0, 20), st.integers(1, 3)))
            ),
            max_size=8,
        ),
        st.data(),
    )
    def test_anyAppends(self, told: list[tuple[int, int, list[tuple[int, int]]]], data: st.DataObject) -> None:
        """
        Whatever is told in whatever order, each tick is there, one inside of its span as often as it was told.
        """
        self.setUp()
        inside: Counter[tuple[int, int]] = Counter()
        total: Counter[tuple[int, int]] = Counter()
        spans: list[Span] = []
        for start, length, some in told:
            rows = sorted(some, key=itemgetter(0))
            self.append(start, start + length, *rows)
            inside.update(row for row in rows if start <= row[0] < start + length)
            total.update(rows)
            spans += [(start, start + length), *((moment, moment + 1) for moment, _ in rows)]
            then = data.draw(st.sampled_from([None, "flush", "compact"]))
            if then is not None:
                getattr(self.writer, then)()
        self.writer.flush()
        found = self.rows()
        self.assertEqual([moment for moment, _ in found], sorted(moment for moment, _ in found))
        times = Counter(found)
        self.assertEqual(times.keys(), total.keys())
        for row, often in times.items():
            self.assertTrue(max(1, inside[row]) <= often <= total[row], row)
        covered = tuple((T0 + start, T0 + end) for start, end in union(spans))
        self.assertEqual(self.dataset.provisional(BID, *WHOLE), covered)

    def test_otherDay(self) -> None:
        """
        A span over midnight, and a row of another day than its span.
        """
        self.append(2 * DAY - 1000, 2 * DAY + 1000, (DAY - 5, 1), (2 * DAY - 1, 2), (2 * DAY, 3))
        self.writer.flush()
        self.assertEqual(self.rows(), [(DAY - 5, 1), (2 * DAY - 1, 2), (2 * DAY, 3)])
        spans = ((T0 + DAY - 5, T0 + DAY - 4), (T0 + 2 * DAY - 1000, T0 + 2 * DAY + 1000))
        self.assertEqual(self.dataset.provisional(BID, *WHOLE), spans)

    def test_compacted(self) -> None:
        """
        Live rows in Parquet stay provisional, and take more of them.
        """
        self.append(0, 1000, (5, 1))
        self.assertEqual(self.writer.compact(end=T0 + DAY - 1), ())
        self.assertEqual(self.names(), ["day=2024-01-01/_segment-1"])
        self.assertEqual(self.writer.compact(end=T0 + DAY), ())
        self.assertIn("day=2024-01-01/part.parquet", self.names())
        self.append(1000, 2000, (5, 2), (1500, 3))
        self.writer.compact(BID)
        self.assertEqual(self.names(), ["_index-2024", "day=2024-01-01/part.parquet"])
        self.assertEqual(self.rows(), [(5, 1), (5, 2), (1500, 3)])
        self.assertEqual(self.dataset.provisional(BID, *WHOLE), ((T0, T0 + 2000),))
        self.assertEqual(self.dataset.verify(), ())

    def test_historyWins(self) -> None:
        """
        Where history is known, live rows are dropped, whichever came first.
        """
        self.append(0, 1000, (100, 1), (600, 2))
        self.writer.flush()
        self.writer.write(BID, (T0 + 500, T0 + 2000), ticks((700, 3)))
        self.append(1000, 3000, (1500, 4), (2500, 5))
        self.writer.flush()
        self.assertEqual(self.rows(), [(100, 1), (700, 3), (2500, 5)])
        self.assertEqual(self.dataset.provisional(BID, *WHOLE), ((T0, T0 + 500), (T0 + 2000, T0 + 3000)))

    def test_barsOnce(self) -> None:
        """
        Of live bars that open at the same time the last one stays.
        """
        for price in (1, 2):
            self.writer.append(M1, (T0, T0 + 2 * MINUTE), bars((0, price), (price * MINUTE, 5)))
        self.writer.flush()
        self.assertEqual(pairs(self.dataset.read(M1, *WHOLE)), [(0, 2), (MINUTE, 5), (2 * MINUTE, 5)])

    def test_bounded(self) -> None:
        """
        Not more than some thousand rows wait in memory.
        """
        self.patch(writing, "_MOST_PENDING", 3)
        for moment in range(4):
            self.append(moment, moment + 1, (moment, 7))
        self.assertEqual(len(self.rows()), 2)
        self.writer.flush()
        self.assertEqual(len(self.rows()), 4)

    def test_digitsChange(self) -> None:
        """
        When a symbol's digits change, the new ones hold for all its rows, whose prices stay.
        """
        self.append(0, 10, (5, 110_000))
        self.writer.append(BID, (T0 + 10, T0 + 20), ticks((15, 120_000), digits=3))
        self.writer.flush()
        read = self.dataset.read(BID, *WHOLE)
        assert isinstance(read, Ticks)
        self.assertEqual([str(tick.price) for tick in read], ["1.100", "1.200"])

    def test_rotated(self) -> None:
        """
        A segment that has grown large is followed by another, and all are read.
        """
        self.patch(self.writer, "_tails", Tails(self.root, self.disk, self.writer._indices, mostBytes=150))
        for moment in range(6):
            self.append(moment, moment + 1, (moment, moment))
            self.writer.flush()
        self.assertEqual(self.names(), [f"day=2024-01-01/_segment-{number}" for number in (1, 2, 3)])
        self.assertEqual(self.dataset.summary(BID).segments, 3)
        self.assertEqual(self.rows(), [(moment, moment) for moment in range(6)])
        self.writer.compact()
        self.assertEqual(self.rows(), [(moment, moment) for moment in range(6)])
        self.append(6, 7, (6, 6))
        self.writer.flush()
        self.assertIn("day=2024-01-01/_segment-4", self.names())


class SealTests(WritingCase):
    """
    Live rows against history.
    """

    def test_difference(self) -> None:
        """
        The rows that only one has are told, and how many each has, in the time that was provisional; then all is
        final, and a second time there is nothing to compare.
        """
        self.writer.append(BID, (T0, T0 + HOUR), ticks((5, 1), (5, 1), (5, 2), (9, 3)))
        self.writer.append(BID, (T0 + DAY, T0 + DAY + HOUR), ticks((DAY, 1)))
        history = ticks((5, 2), (5, 1), (9, 4), (2 * HOUR, 5), (DAY, 1))
        span = (T0, T0 + 2 * DAY)
        difference = self.writer.seal(BID, span, history)
        self.assertEqual(difference.spans, ((T0, T0 + HOUR), (T0 + DAY, T0 + DAY + HOUR)))
        self.assertEqual((difference.live, difference.history, bool(difference)), (5, 4, True))
        self.assertEqual((pairs(difference.onlyLive), pairs(difference.onlyHistory)), ([(5, 1), (9, 3)], [(9, 4)]))
        self.assertEqual(self.rows(), pairs(history))
        self.assertEqual(self.dataset.final(BID, *WHOLE), (span,))
        again = self.writer.seal(BID, span, history)
        self.assertEqual((again.spans, again.live, again.history, bool(again)), ((), 0, 0, False))
        self.assertEqual((len(again.onlyLive), len(again.onlyHistory)), (0, 0))

    def test_bars(self) -> None:
        """
        Bars are compared with all their columns.
        """
        self.writer.append(M1, (T0, T0 + HOUR), bars((0, 1), (MINUTE, 2)))
        difference = self.writer.seal(M1, (T0, T0 + HOUR), bars((0, 1), (MINUTE, 3)))
        self.assertEqual(difference.onlyLive, bars((MINUTE, 2)))
        self.assertEqual(difference.onlyHistory, bars((MINUTE, 3)))

    def test_manyParts(self) -> None:
        """
        For a day that is sealed in parts the live rows are read once, and again when more have come.
        """
        self.writer.append(BID, (T0, T0 + DAY), ticks(*((hour * HOUR, hour) for hour in range(24))))
        with mock.patch.object(writing, "holdingOf", wraps=holdingOf) as read:
            for hour in range(12):
                found = self.writer.seal(BID, (T0 + hour * HOUR, T0 + (hour + 1) * HOUR), ticks((hour * HOUR, 7)))
                self.assertEqual((found.live, found.history), (1, 1))
            self.assertEqual(read.call_count, 1)
            self.writer.append(BID, (T0, T0 + 1), ticks((13 * HOUR + 1, 1)))
            found = self.writer.seal(BID, (T0 + 12 * HOUR, T0 + DAY), ticks())
            self.assertEqual((found.live, found.history), (13, 0))
            self.assertEqual(read.call_count, 2)

    def test_known(self) -> None:
        """
        What is missing and what is provisional is known of what was just written, and not read again.
        """
        self.writer.append(BID, (T0, T0 + HOUR), ticks((5, 1)))
        self.writer.write(BID, (T0 + HOUR, T0 + 2 * HOUR), ticks())
        self.writer.flush()
        with mock.patch.object(tails, "outlineOf", side_effect=AssertionError):
            self.assertEqual(self.writer.missing(BID, T0, T0 + DAY), ((T0 + 2 * HOUR, T0 + DAY),))
            self.assertEqual(self.writer.provisional(BID, T0 + 1, T0 + DAY), ((T0 + 1, T0 + HOUR),))
        self.assertRaises(IllegalValue, self.writer.missing, BID, T0, T0)


class CoverageTests(WritingCase):
    """
    What is known of each part of the time.
    """

    def states(self, series: Series, end: int) -> list[tuple[int, int, str]]:
        """
        Read the coverage.

        @param series: the series.
        @param end: until when after the first day's begin.
        @return: begin, end and state of each part.
        """
        found = self.dataset.coverage(series, T0, T0 + end)
        self.assertEqual(found[-1].end, T0 + end)
        return [(part.start - T0, part.end - T0, part.state.value) for part in found]

    def test_ticks(self) -> None:
        """
        Final minutes without a tick are known to be empty; those before the first and behind the last one, too.
        """
        self.writer.write(BID, (T0, T0 + HOUR), ticks((90_000, 1), (100_000, 1), (170_000, 2), (5 * MINUTE, 3)))
        self.writer.append(BID, (T0 + HOUR, T0 + HOUR + 5), ticks())
        self.writer.write(BID, (T0 + 2 * HOUR + 7, T0 + 2 * HOUR + 9), ticks())
        self.writer.flush()
        self.assertEqual(
            self.states(BID, 3 * HOUR),
            [
                (0, MINUTE, "empty"),
                (MINUTE, 3 * MINUTE, "owned"),
                (3 * MINUTE, 5 * MINUTE, "empty"),
                (5 * MINUTE, 6 * MINUTE, "owned"),
                (6 * MINUTE, HOUR, "empty"),
                (HOUR, HOUR + 5, "provisional"),
                (HOUR + 5, 2 * HOUR + 7, "missing"),
                (2 * HOUR + 7, 2 * HOUR + 9, "empty"),
                (2 * HOUR + 9, 3 * HOUR, "missing"),
            ],
        )

    def test_bars(self) -> None:
        """
        A bar owns its whole period.
        """
        m5 = Series.bars("EURUSD", "M5")
        self.writer.write(m5, (T0, T0 + HOUR), bars((0, 1), (5 * MINUTE, 1), (20 * MINUTE, 1), period="M5"))
        self.assertEqual(
            self.states(m5, HOUR),
            [
                (0, 10 * MINUTE, "owned"),
                (10 * MINUTE, 20 * MINUTE, "empty"),
                (20 * MINUTE, 25 * MINUTE, "owned"),
                (25 * MINUTE, HOUR, "empty"),
            ],
        )

    def test_barsAcross(self) -> None:
        """
        So does one that began in the folder before, or in another final span.
        """
        h4 = Series.bars("EURUSD", "H4")
        self.writer.write(h4, (T0 - 2 * HOUR, T0 + 11 * HOUR), bars((-2 * HOUR, 1), (6 * HOUR, 1), period="H4"))
        self.writer.write(h4, (T0 + 12 * HOUR, T0 + 15 * HOUR), bars((12 * HOUR, 1), period="H4"))
        self.writer.write(h4, (T0 + 15 * HOUR + 1, T0 + 17 * HOUR), bars(period="H4"))
        self.writer.flush()
        self.assertEqual(
            self.states(h4, 17 * HOUR),
            [
                (0, 2 * HOUR, "owned"),
                (2 * HOUR, 6 * HOUR, "empty"),
                (6 * HOUR, 10 * HOUR, "owned"),
                (10 * HOUR, 11 * HOUR, "empty"),
                (11 * HOUR, 12 * HOUR, "missing"),
                (12 * HOUR, 15 * HOUR, "owned"),
                (15 * HOUR, 15 * HOUR + 1, "missing"),
                (15 * HOUR + 1, 16 * HOUR, "owned"),
                (16 * HOUR, 17 * HOUR, "empty"),
            ],
        )
        path = partitionAt(h4, T0 - 1).folder(self.root) / PARQUET
        path.write_bytes(b"damaged")
        self.assertEqual(self.states(h4, 6 * HOUR), [(0, 4 * HOUR, "owned"), (4 * HOUR, 6 * HOUR, "empty")])
        self.assertRaises(StoreDamaged, self.dataset.coverage, h4, T0 - 1, T0 + HOUR)

    def test_summary(self) -> None:
        """
        A series in figures, from Parquet and segments.
        """
        self.writer.write(BID, (T0, T0 + DAY), ticks((5, 1), (9, 2), digits=4))
        self.writer.append(BID, (T0 + DAY, T0 + DAY + 5), ticks((DAY, 3), digits=4))
        self.writer.flush()
        found = self.dataset.summary(BID)
        self.assertEqual(found.size, sum(path.stat().st_size for path in self.root.rglob("day=*/*")))
        self.assertEqual((found.rows, found.first, found.last, found.digits), (3, T0 + 5, T0 + DAY, 4))
        # A file that is gone when it is measured.
        (partitionAt(BID, T0).folder(self.root) / "notes.txt").symlink_to("gone")
        self.assertEqual(self.dataset.summary(BID).size, found.size)
        self.assertEqual((found.partitions, found.segments), (2, 1))
        self.assertEqual((found.final, found.provisional), (DAY, 5))
        self.assertEqual((found.start, found.end), (T0, T0 + DAY + 5))


class OpeningTests(WritingCase):
    """
    Who may open what.
    """

    def test_oneWriter(self) -> None:
        """
        There is one writer at a time; readers do not mind.
        """
        other = DatasetWriter(self.root)
        error = self.assertRaises(StoreBusy, other.open)
        self.assertIn(str(self.root), error.explain())
        other.close()
        self.assertEqual(Dataset(self.root).series(), ())
        self.writer.close()
        with other:
            self.assertRaises(StoreBusy, self.writer.open)

    def test_foreignFolder(self) -> None:
        """
        The folder above the one with the dataset may be one that only others can read.
        """

        class Restricted(Disk):
            def syncFolder(self, folder: Path) -> None:
                if folder == foreign:
                    raise PermissionError(errno.EACCES, "not allowed")
                super().syncFolder(folder)

        foreign = Path(self.mktemp())
        mine, other = foreign / "mine", foreign / "other"
        for folder in (mine, other):
            folder.mkdir(parents=True)
        for root in (mine, other / "market"):
            with DatasetWriter(root, disk=Restricted()) as writer:
                writer.write(BID, (T0, T0 + 5), ticks((1, 1)))
            self.assertEqual(pairs(Dataset(root).read(BID, *WHOLE)), [(1, 1)])

    def test_closed(self) -> None:
        """
        Who is not open does not write.
        """
        self.writer.append(BID, (T0, T0 + 5), ticks((1, 1)))
        self.writer.close()
        self.assertEqual(self.rows(), [(1, 1)])
        self.writer.close()
        self.assertRaises(StoreFailed, self.writer.flush)
        self.assertRaises(StoreFailed, self.writer.write, BID, WHOLE, ticks())
        self.writer.open()
        self.writer.flush()

    def test_noDataset(self) -> None:
        """
        A folder with other content is neither read nor written, and nothing is left in it.
        """
        folder = Path(self.mktemp())
        self.assertIn("is no dataset", str(self.assertRaises(ConfigurationError, Dataset(folder).check)))
        folder.mkdir()
        (folder / "thesis.txt").write_text("")
        self.assertIn("not empty", str(self.assertRaises(ConfigurationError, DatasetWriter(folder).open)))
        self.assertRaises(ConfigurationError, Dataset(folder).read, BID, *WHOLE)
        self.assertEqual(os.listdir(folder), ["thesis.txt"])
        file = folder / "thesis.txt"
        self.assertRaises(ConfigurationError, Dataset(file).series)
        self.assertRaises(StoreFailed, DatasetWriter(file).open)

    def test_marks(self) -> None:
        """
        A newer version, another program's file and a broken one are told, and the writer's lock is given back.
        """
        self.writer.close()
        mark = self.root / "_dataset.json"
        good = mark.read_text()
        for text, words in (
            (good.replace("1", "2"), "upgrade ctrader_twisted"),
            (good.replace("ctrader", "other"), "another program"),
            ("{", "restore it"),
            ("[]", "restore it"),
            ("[" * 10_000, "restore it"),
            (good.replace("1", "1e999"), "restore it"),
        ):
            mark.write_text(text)
            for call in (Dataset(self.root).series, self.writer.open):
                self.assertIn(words, str(self.assertRaises(ConfigurationError, call)))
        mark.write_text(good)
        self.writer.open()

    def test_ordinaryModes(self) -> None:
        """
        Market data are no secret: files have the usual modes.
        """
        if sys.platform == "win32":
            return
        before = os.umask(0o022)
        self.addCleanup(os.umask, before)
        self.writer.write(BID, (T0, T0 + DAY + 5), ticks())
        for name in self.names():
            path = partitionAt(BID, T0).folder(self.root).parent / name
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644, name)

    def test_withoutArrow(self) -> None:
        """
        Without pyarrow, everything works but Parquet, which says what to install.
        """
        with mock.patch.dict(sys.modules, {"pyarrow": None}):
            self.writer.write(BID, (T0, T0 + DAY), ticks((5, 1)))
            self.writer.append(BID, (T0 + DAY, T0 + DAY + 5), ticks((DAY, 2)))
            self.writer.flush()
            self.assertEqual(self.rows(), [(5, 1), (DAY, 2)])
            self.assertEqual(self.dataset.verify(), ())
            self.assertIn("ctrader-twisted[data]", str(self.assertRaises(ConfigurationError, self.writer.compact)))
            self.assertEqual(self.rows(), [(5, 1), (DAY, 2)])
        self.writer.compact()
        with mock.patch.dict(sys.modules, {"pyarrow": None}):
            self.assertRaises(ConfigurationError, self.rows)
            # The index tells what is owned.
            self.assertEqual(self.dataset.missing(BID, T0, T0 + 2 * DAY), ((T0 + DAY + 5, T0 + 2 * DAY),))
            self.writer.append(BID, (T0 + DAY + 5, T0 + DAY + 9), ticks((DAY + 7, 3)))
            self.writer.flush()
        self.assertEqual(self.rows(), [(5, 1), (DAY, 2), (DAY + 7, 3)])


class IndexTests(WritingCase):
    """
    The index spares time, and nothing depends on it.
    """

    def test_lost(self) -> None:
        """
        Lost, damaged or of another time, the index is not believed, and is made anew.
        """
        self.writer.write(BID, WHOLE, ticks((5, 1)))
        self.writer.compact()
        path = partitionAt(BID, T0).folder(self.root).parent / "_index-2024"
        good = path.read_bytes()
        with mock.patch("ctrader_twisted.store.snapshots.readStored") as read:
            self.assertEqual(self.dataset.missing(BID, *WHOLE), ())
        self.assertEqual(read.call_count, 0)
        self.writer.write(BID, (T0, T0 + DAY), ticks((9, 2)))
        old = path.read_bytes()
        self.assertEqual(old, good)
        damaged = (
            b"",
            b"[]",
            b'{"partitions": 1}',
            b'{"partitions": "[1]", "crc32": %d}' % crc32(b"[1]"),
            b'{"partitions": "{\\"x\\": []}", "crc32": %d}' % crc32(b'{"x": []}'),
            b"[" * 10_000,
        )
        for content in (good, good.replace(b"2024-01-01", b"2024-01-02"), *damaged, None):
            path.unlink() if content is None else path.write_bytes(content)
            self.assertEqual(self.dataset.missing(BID, T0, T0 + 4 * DAY), ((T0 + 3 * DAY, T0 + 4 * DAY),))
            self.assertEqual(self.dataset.summary(BID).first, T0 + 9)
        self.writer.compact()
        self.writer.write(BID, (T0, T0 + DAY), ticks((9, 3)))
        self.writer.compact()
        self.assertTrue(path.exists())

    def test_savedNowAndThen(self) -> None:
        """
        A long download saves the index in between.
        """
        self.patch(writing, "_INDEX_EVERY", 2)
        self.writer.write(BID, WHOLE, ticks())
        self.assertIn("_index-2024", self.names())
