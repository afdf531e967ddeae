"""
Tests of damaged datasets: what is found, what can be read, and how it becomes whole again.
"""

from __future__ import annotations

import os
from pathlib import Path

from ctrader_twisted.errors import StoreDamaged, StoreFailed
from ctrader_twisted.store import Series, snapshots
from ctrader_twisted.store.folding import Holding
from ctrader_twisted.store.parquet import Stored, packParquet, signed
from ctrader_twisted.store.partitions import PARQUET, partitionAt
from ctrader_twisted.store.segments import FINAL, LIVE, Record, packed
from ctrader_twisted.store.series import arraysOf
from test.storecase import BID, DAY, HOUR, T0, bars, ticks
from test.test_store_writing import WritingCase


class DamageTests(WritingCase):
    """
    Files that are not as they were written.
    """

    def setUp(self) -> None:
        """
        Write two days to Parquet, and an hour of the third one.
        """
        super().setUp()
        self.writer.write(BID, (T0, T0 + 2 * DAY), ticks((5, 1), (DAY + 5, 2)))
        self.writer.write(BID, (T0 + 2 * DAY, T0 + 2 * DAY + HOUR), ticks((2 * DAY + 5, 3)))
        self.writer.compact()
        for hour in (1, 2, 3):
            moment = 2 * DAY + hour * HOUR
            self.writer.write(BID, (T0 + moment, T0 + moment + HOUR), ticks((moment, hour)))
        self.writer.flush()
        self.day = partitionAt(BID, T0).folder(self.root)
        self.third = partitionAt(BID, T0 + 2 * DAY).folder(self.root)
        self.assertEqual(self.dataset.verify(), ())

    def found(self) -> list[tuple[str, str]]:
        """
        Verify.

        @return: the name of each file and what is wrong with it; each finding names the file and a remedy.
        """
        found = self.dataset.verify()
        for finding in found:
            self.assertIn(str(finding.file), str(finding))
            self.assertIn(finding.remedy, str(finding))
        return [(finding.file.name, finding.problem) for finding in found]

    def test_damagedPage(self) -> None:
        """
        A byte of a page that has changed is found, and reading the day fails; once the file is moved away, its day is
        missing and can be written again.
        """
        path = self.day / PARQUET
        content = bytearray(path.read_bytes())
        content[60] ^= 0xFF
        path.write_bytes(content)
        ((name, problem),) = self.found()
        self.assertEqual(name, PARQUET)
        self.assertIn("cannot be read", problem)
        error = self.assertRaises(StoreDamaged, self.rows)
        self.assertEqual(error.file, str(path))
        self.assertIn("download its time again", error.explain())
        self.assertEqual(len(self.rows(DAY)), 5)
        path.unlink()
        self.assertEqual(self.dataset.missing(BID, T0, T0 + 2 * DAY), ((T0, T0 + DAY),))

    def test_damagedEnd(self) -> None:
        """
        Of a file whose end is damaged nothing is known: its day is missing, and written anew when it is complete, but
        not before; then compacting tells of it.
        """
        path = self.day / PARQUET
        content = path.read_bytes()
        for damaged in (b"", content[:-1], content.replace(b'"digits": 5', b'"digits": 4'), b"x" * 5):
            path.write_bytes(damaged)
            self.assertEqual([name for name, _ in self.found()], [PARQUET])
            self.assertEqual(self.dataset.missing(BID, T0, T0 + 2 * DAY), ((T0, T0 + DAY),))
        self.writer.write(BID, (T0, T0 + HOUR), ticks((7, 7)))
        (finding,) = self.writer.compact(BID)
        self.assertEqual(finding.file, path)
        self.assertEqual(self.dataset.missing(BID, T0, T0 + 2 * DAY), ((T0 + HOUR, T0 + DAY),))
        self.writer.write(BID, (T0 + HOUR, T0 + DAY), ticks((HOUR, 8)))
        self.assertEqual(self.rows(0, DAY), [(7, 7), (HOUR, 8)])
        self.assertEqual(self.found(), [])

    def test_restored(self) -> None:
        """
        What was written beside a damaged file is not taken for a part of the copy that takes its place, even if no
        index tells how far the file went.
        """
        self.writer.append(BID, (T0 + 2 * DAY, T0 + 2 * DAY + 5), ticks((2 * DAY + 1, 3)))
        self.writer.compact()
        path = self.third / PARQUET
        good = path.read_bytes()
        path.write_bytes(b"damaged")
        self.writer.close()
        next(self.third.parent.glob("_index-*")).unlink()
        self.writer.open()
        self.writer.write(BID, (T0 + 3 * DAY - 5, T0 + 3 * DAY), ticks((3 * DAY - 3, 7)))
        self.writer.flush()
        path.write_bytes(good)
        self.assertIn((3 * DAY - 3, 7), self.rows(2 * DAY, 3 * DAY))
        self.writer.compact()
        self.assertIn((3 * DAY - 3, 7), self.rows(2 * DAY, 3 * DAY))
        self.assertEqual(self.found(), [])

    def test_restoredAgain(self) -> None:
        """
        Nor is it when that happens once more, or where a segment was left that the file had taken in.
        """
        path = self.third / PARQUET
        [left] = self.third.glob("_segment-*")
        content = left.read_bytes()
        expected = self.rows(2 * DAY, 3 * DAY)
        for number in range(3):
            self.writer.compact()
            self.writer.close()
            good = path.read_bytes()
            path.write_bytes(b"damaged")
            if number:
                left.write_bytes(content)
            self.writer.open()
            for begin in (2 * DAY + 100 + 10 * number, 2 * DAY + 200 + 10 * number):
                self.writer.write(BID, (T0 + begin, T0 + begin + 10), ticks((begin, number)))
                expected.append((begin, number))
                self.writer.close()
                self.writer.open()
            self.assertEqual(len(list(self.third.glob("_segment-*"))), 2 if number else 1)
            path.write_bytes(good)
            self.assertEqual(self.rows(2 * DAY, 3 * DAY), sorted(expected), number)

    def test_damagedSegment(self) -> None:
        """
        A damaged record is told with its place; those before and behind it are read, also after compacting, which tells
        it once more; its time is missing.
        """
        path = self.third / "_segment-2"
        content = bytearray(path.read_bytes())
        size = len(content) // 3
        content[size + 40] ^= 1
        path.write_bytes(content)
        problem = f"bytes {size} to {2 * size} are damaged"
        self.assertEqual(self.found(), [("_segment-2", problem)])
        missing = ((T0 + 2 * DAY + 2 * HOUR, T0 + 2 * DAY + 3 * HOUR),)
        rows = [(2 * DAY + 5, 3), (2 * DAY + HOUR, 1), (2 * DAY + 3 * HOUR, 3)]
        # Compacting removes the file, so nobody can be told to move it away or to compact.
        remedy = "what it covered is missing now, and can be fetched from history"
        for told in ([(problem, remedy)], []):
            self.assertEqual(self.rows(2 * DAY, 3 * DAY), rows)
            self.assertEqual(self.dataset.missing(BID, T0, T0 + 2 * DAY + 4 * HOUR), missing)
            self.assertEqual([(finding.problem, finding.remedy) for finding in self.writer.compact()], told)
        self.assertEqual(self.found(), [])

    def test_tornSegment(self) -> None:
        """
        A torn end is told, and is gone with the next record.
        """
        path = self.third / "_segment-2"
        size = path.stat().st_size
        self.writer.close()
        os.truncate(path, size - 1)
        self.assertEqual(
            self.found(), [("_segment-2", f"bytes {2 * size // 3} to {size - 1} at its end are no whole record")]
        )
        self.writer.open()
        moment = 2 * DAY + 3 * HOUR
        self.writer.write(BID, (T0 + moment, T0 + moment + HOUR), ticks((moment, 9)))
        self.assertEqual(self.found(), [])
        self.assertEqual(self.rows(2 * DAY + 2 * HOUR, 3 * DAY), [(2 * DAY + 2 * HOUR, 2), (moment, 9)])

    def test_leftovers(self) -> None:
        """
        What a killed process leaves is told and removed by compacting; what does not belong there is told.
        """
        old = packed(Record(LIVE, (T0, T0 + 5), arraysOf(ticks((1, 1))), 5))
        (self.third / "_segment-1").write_bytes(old)
        (self.third / f".{PARQUET}.new").write_bytes(b"half")
        (self.third / "notes.txt").write_text("")
        (self.third.parent / "day=2024-13-01").mkdir()
        copy = self.third.parent.with_name("side=bid (copy)")
        copy.mkdir()
        self.assertEqual(
            self.found(),
            [
                (copy.name, "it does not belong here"),
                ("day=2024-13-01", "it does not belong here"),
                ("_segment-1", "it is in the Parquet file already"),
                (f".{PARQUET}.new", "a writer is at work, or has ended while it wrote this"),
                ("notes.txt", "it does not belong here"),
            ],
        )
        self.assertEqual(len(self.rows()), 6)
        self.assertEqual(self.writer.compact(), ())
        self.assertEqual([name for name, _ in self.found()], [copy.name, "day=2024-13-01", "notes.txt"])

    def test_recovery(self) -> None:
        """
        The first write to a day puts it in order, too.
        """
        self.writer.compact()
        for number in (1, 2):
            (self.third / f"_segment-{number}").write_bytes(b"")
        (self.third / f".{PARQUET}.new").write_bytes(b"half")
        self.writer.write(BID, (T0 + 2 * DAY, T0 + 2 * DAY + 5), ticks())
        self.assertEqual(sorted(path.name for path in self.third.iterdir()), ["_segment-3", PARQUET])

    def test_damagedIndex(self) -> None:
        """
        A damaged index is told, and costs nothing.
        """
        path = self.day.parent / "_index-2024"
        path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
        path.with_name("._index-2024.new").write_bytes(b"half")
        self.assertEqual(self.found(), [("_index-2024", "its checksum is wrong")])
        self.assertEqual(self.dataset.missing(BID, T0, T0 + 2 * DAY), ())

    def test_foreignParquet(self) -> None:
        """
        A Parquet file that is none of ours, or not of this series, is told.
        """
        import pyarrow
        import pyarrow.parquet

        path = self.day / PARQUET
        table = ticks((1, 1)).toArrow()
        stored = Stored(0, (), (), 5, 2, 0, 0)
        ours = {**(table.schema.metadata or {}), "ctrader_twisted": signed(stored)}
        null = pyarrow.table({"timestamp": table["timestamp"], "price": pyarrow.array([None], pyarrow.int64())})
        for wrong in (
            table,
            table.replace_schema_metadata({"ctrader_twisted": "{}"}),
            table.replace_schema_metadata(ours),
            null.replace_schema_metadata({**ours, "ctrader_twisted": signed(stored._replace(rows=1))}),
            table.rename_columns(["timestamp", "x"]).replace_schema_metadata(ours),
        ):
            pyarrow.parquet.write_table(wrong, path)
            self.assertEqual([name for name, _ in self.found()], [PARQUET])
            self.assertRaises(StoreDamaged, self.rows)

    def test_wrongContent(self) -> None:
        """
        Rows and coverage that do not fit to each other or to their day are told, wherever they are.
        """
        path = self.day / PARQUET
        day = ((T0, T0 + DAY),)
        for rows, final, provisional, problem in (
            ([(5, 1), (4, 1)], day, (), "its rows do not ascend in time"),
            ([(DAY, 1)], ((T0, T0 + DAY + 5),), (), "it has rows of another time than that of its folder"),
            ([(DAY, 1)], ((T0, T0 + DAY + 5),), (), "it covers other time than that of its folder"),
            ([(5, 1)], ((T0, T0 + 5),), (), "it has rows that it does not cover"),
            ([], day, ((T0, T0 + 5),), "it takes the same time for final and for provisional"),
        ):
            holding = Holding(arraysOf(ticks(*rows)), final, provisional, 5)
            path.write_bytes(packParquet(BID, holding, 0)[1])
            self.assertIn((PARQUET, problem), self.found())
        path.unlink()
        segment = self.day / "_segment-1"
        for kind, span, rows, problem in (
            (FINAL, (T0, T0 + DAY), [(5, 1), (4, 1)], "its rows do not ascend in time"),
            (FINAL, (T0, T0 + DAY), [(-4, 1)], "it has rows of another time than that of its folder"),
            (LIVE, (T0 - 5, T0 + DAY), [], "it covers other time than that of its folder"),
            (7, (T0, T0 + DAY), [], "it has a record of the unknown kind 7"),
        ):
            segment.write_bytes(packed(Record(kind, span, arraysOf(ticks(*rows)), 5)))
            self.assertIn(("_segment-1", problem), self.found())


class BesideWriterTests(WritingCase):
    """
    A reader between the steps of a writer.
    """

    def test_compactedMeanwhile(self) -> None:
        """
        Wherever a writer compacts while a partition is being read, all rows come, and each once.
        """
        rows = []
        read = Path.read_bytes
        steps = 0

        def meanwhile(path: Path) -> bytes:
            nonlocal steps
            steps += 1
            if steps == at:
                self.writer.compact()
            return read(path)

        for at in range(1, 6):
            for number in range(3):
                moment = at * 100 + number
                rows.append((moment, number))
                self.writer.append(BID, (T0 + moment, T0 + moment + 1), ticks((moment, number)))
                self.writer.flush()
            steps = 0
            self.patch(Path, "read_bytes", meanwhile)
            found = self.rows()
            self.patch(Path, "read_bytes", read)
            self.assertEqual(found, rows)

    def test_goneMeanwhile(self) -> None:
        """
        A partition that is gone has nothing.
        """
        with snapshots.openFiles(self.root / "nowhere") as files:
            self.assertEqual((files.segments, files.parquet), ({}, None))

    def test_rotatedMeanwhile(self) -> None:
        """
        A segment that comes while the folder is being read is seen, too; and one that never stays is told.
        """
        numbered = snapshots._numbered
        folder = partitionAt(BID, T0).folder(self.root)
        self.writer.append(BID, (T0, T0 + 5), ticks((1, 1)))
        self.writer.flush()
        number = 1

        def growing(path: Path) -> dict[int, Path]:
            nonlocal number
            names = numbered(path)
            if number < most:
                number += 1
                (folder / f"_segment-{number}").write_bytes(
                    packed(Record(LIVE, (T0, T0), arraysOf(ticks((number, number))), 5))
                )
            return names

        self.patch(snapshots, "_numbered", growing)
        most = 3
        self.assertEqual(self.rows(), [(1, 1), (2, 2), (3, 3)])
        most = 10_000
        self.assertIn("faster than", str(self.assertRaises(StoreFailed, self.rows)))


class OtherReadersTests(WritingCase):
    """
    Other programs read a dataset as plain Parquet.
    """

    def setUp(self) -> None:
        """
        Write two symbols, and leave something for which no other program looks.
        """
        super().setUp()
        for symbol in ("EURUSD", "#US Tech/100.x"):
            for side in ("bid", "ask"):
                self.writer.write(Series.ticks(symbol, side), (T0, T0 + 2 * DAY), ticks((5, 110_000), (DAY, 2)))
        self.writer.write(Series.bars("EURUSD", "M1"), (T0, T0 + DAY), bars((0, 5)))
        self.writer.write(Series.bars("EURUSD", "D1"), (T0, T0 + 366 * DAY), bars((0, 5), period="D1"))
        self.writer.append(BID, (T0 + 2 * DAY, T0 + 3 * DAY), ticks())
        self.writer.compact(Series.ticks("EURUSD", "ask"))
        (partitionAt(BID, T0).folder(self.root) / f".{PARQUET}.new").write_bytes(b"half")

    def test_pandas(self) -> None:
        """
        pandas reads all ticks with their symbol, side and day.
        """
        import pandas

        frame = pandas.read_parquet(self.root / "ticks")
        self.assertEqual(len(frame), 8)
        self.assertEqual(list(frame.columns), ["timestamp", "price", "symbol", "side", "day"])
        self.assertEqual(set(frame["symbol"]), {"EURUSD", "#US Tech/100.x"})
        one = pandas.read_parquet(self.root / "ticks", filters=[("symbol", "==", "EURUSD"), ("side", "==", "bid")])
        self.assertEqual(one["timestamp"].iloc[0].isoformat(), "2024-01-01T00:00:00.005000+00:00")
        self.assertEqual(list(one["price"] / 100_000), [1.1, 0.00002])
        minutes = pandas.read_parquet(self.root / "bars")
        self.assertEqual((list(minutes["period"]), list(minutes["day"])), (["M1"], ["2024-01-01"]))
        self.assertEqual(list(pandas.read_parquet(self.root / "longbars")["year"]), [2024])

    def test_arrow(self) -> None:
        """
        Arrow reads a dataset of which only one day's files are touched.
        """
        import pyarrow
        from pyarrow import dataset

        found = dataset.dataset(self.root / "ticks", partitioning="hive")
        self.assertEqual(len(found.files), 8)
        self.assertEqual(found.schema.field("timestamp").type, pyarrow.timestamp("ms", tz="UTC"))
        self.assertEqual(found.schema.metadata[b"scale"], b"100000")
        table = found.to_table(filter=(dataset.field("day") == "2024-01-02") & (dataset.field("side") == "ask"))
        self.assertEqual(table["price"].to_pylist(), [2, 2])
