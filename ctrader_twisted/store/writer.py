"""
Writing a dataset.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from threading import RLock
from typing import Self

from ctrader_twisted.durable import FileLock
from ctrader_twisted.errors import IllegalValue, StoreBusy, StoreDamaged, StoreFailed
from ctrader_twisted.store.compacting import compactPartition
from ctrader_twisted.store.comparing import Difference, compared
from ctrader_twisted.store.dataset import Dataset
from ctrader_twisted.store.disk import Disk, asStoreErrors
from ctrader_twisted.store.folding import cut, isAscending, joined
from ctrader_twisted.store.marking import LOCK, checkFree, makeDataset
from ctrader_twisted.store.parquet import hasArrow
from ctrader_twisted.store.partitions import LATEST, Partition, checkSpan, listPartitions, partitionAt, partitionsOf
from ctrader_twisted.store.pending import Pending
from ctrader_twisted.store.segments import FINAL, Record
from ctrader_twisted.store.series import Arrays, Rows, Series, arraysOf
from ctrader_twisted.store.snapshots import Indices, holdingOf
from ctrader_twisted.store.spans import Span, common, union, without
from ctrader_twisted.store.tails import Tails
from ctrader_twisted.store.verifying import FETCH, Finding

__all__ = ["DatasetWriter"]

_MOST_PENDING = 10_000
_INDEX_EVERY = 32
_MOST_READ = 8


class DatasetWriter:
    """
    The one writer of a dataset: rows of history, which are final, and live ones, which are provisional until history
    confirms them. Use it as a context manager, or L{open} and L{close} it.

    Its methods block, and wait for each other when several threads call them. Spans are of milliseconds since 1970; the
    first is inside, the second outside. What fails with
    L{StoreFailed<ctrader_twisted.errors.StoreFailed>}, such as on a full disk
    (L{StoreFull<ctrader_twisted.errors.StoreFull>}), has changed nothing.

    @ivar dataset: the same dataset for reading. It does not know the live rows that are not flushed yet.
    """

    def __init__(self, path: str | os.PathLike[str], *, disk: Disk | None = None) -> None:
        """
        @param path: the folder of the dataset.
        @param disk: the file system, for tests.
        """
        self.dataset = Dataset(path)
        self._root = self.dataset.path
        self._disk = disk or Disk()
        self._fileLock = FileLock(self._root / LOCK)
        self._lock = RLock()
        self._pending = Pending()
        self._indices = Indices(self._root)
        self._tails = Tails(self._root, self._disk, self._indices)
        self._read: dict[Partition, Arrays] = {}

    def open(self) -> None:
        """
        Begin to write; the dataset is made if need be.

        @raise StoreBusy: if another writer is at work.
        @raise ConfigurationError: if the folder has other content, or is a dataset of a newer version.
        @raise StoreFailed: if it cannot be written.
        """
        with self._lock:
            with asStoreErrors(self._root, "write"):
                self._makeRoot()
                checkFree(self._root)
                isFree = self._fileLock.acquire()
            if not isFree:
                raise StoreBusy("another program is writing this dataset", self._root)
            try:
                makeDataset(self._root, self._disk)
            except BaseException:
                self._fileLock.release()
                raise

    def close(self) -> None:
        """
        Let the disk have everything, and end to write. Without L{open} nothing happens.

        @raise StoreFailed: if live rows could not be written; they are lost.
        """
        with self._lock:
            if not self._fileLock.isHeld:
                return
            try:
                self.flush()
                self._saveIndices()
            finally:
                self._fileLock.release()
                self._pending = Pending()
                self._indices = Indices(self._root)
                self._tails = Tails(self._root, self._disk, self._indices)
                self._read = {}

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    def append(self, series: Series, span: Span | None, rows: Rows) -> None:
        """
        Add live rows: they are provisional. They are kept in memory until L{flush}; not more than some thousand of a
        series. Rows outside of the span are taken, too, and cover each their own millisecond. Where history is known,
        they are dropped. Of bars that open at the same time the last one stays. A tick outside of the span that is
        there already is not added again.

        @param series: the series.
        @param span: the time that was observed; L{None} for none, so that all rows are outside of it.
        @param rows: the rows; none, if nothing happened in the span.
        @raise IllegalValue: if there is no such span, or the rows do not ascend or are of another kind.
        @raise StoreFailed: if so many rows wait that some must be written first, and that fails. These rows are not
            taken.
        """
        if span is not None:
            checkSpan(*span)
        columns = _checked(series, rows, 0, LATEST)
        with self._writing():
            if self._pending.size(series) >= _MOST_PENDING:
                self._writePending(series)
            spans = [] if span is None else [span]
            for partition in _touched(series, spans, columns):
                observed = common(spans, *partition.span) or ((partition.start, partition.start),)
                self._pending.add(partition, observed[0], cut(columns, *partition.span), rows.digits)

    def flush(self) -> None:
        """
        Let the disk have everything that has been told so far. What cannot be written is kept, and tried again with the
        next call.

        @raise StoreFailed: if something cannot be written.
        """
        with self._writing():
            self._writePending()
            self._tails.sync()

    def write(self, series: Series, span: Span, rows: Rows) -> None:
        """
        Put rows of history in the place of all that lies in a span. The disk has them after the next L{flush}. A
        partition that is complete with them goes to Parquet at once, if pyarrow is installed.

        @param series: the series.
        @param span: the time of which the rows are all that history has.
        @param rows: the rows.
        @raise IllegalValue: if there is no such span, or the rows lie outside of it, do not ascend, or are of another
            kind.
        @raise StoreFailed: if they cannot be written.
        """
        checkSpan(*span)
        columns = _checked(series, rows, *span)
        with self._writing():
            self._replace(series, span, columns, rows.digits)

    def seal(self, series: Series, span: Span, rows: Rows) -> Difference:
        """
        Do as L{write} does, and tell how the rows differ from the live ones whose place they take. The disk has
        everything when this returns.

        @param series: the series.
        @param span: the time of which the rows are all that history has.
        @param rows: the rows.
        @return: the difference.
        @raise IllegalValue: as L{write}.
        @raise StoreFailed: if it cannot be read or written; then the live rows are still there.
        """
        checkSpan(*span)
        columns = _checked(series, rows, *span)
        with self._writing():
            self._writePending(series)
            spans, live = self._provisional(series, span)
            self._replace(series, span, columns, rows.digits, isLasting=True)
            return compared(series, spans, live, columns, rows.digits)

    def missing(self, series: Series, start: int, end: int) -> tuple[Span, ...]:
        """
        Tell what is to be fetched from history, as L{Dataset.missing <ctrader_twisted.store.dataset.Dataset.missing>},
        but without reading again what this writer has appended.

        @param series: the series.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @return: the spans of which nothing is known.
        @raise IllegalValue: if the span is none.
        @raise StoreFailed: if it cannot be read.
        """
        final, provisional = self._spans(series, start, end)
        return without([(start, end)], union((*final, *provisional)))

    def provisional(self, series: Series, start: int, end: int) -> tuple[Span, ...]:
        """
        Tell what history is to confirm, as L{Dataset.provisional <ctrader_twisted.store.dataset.Dataset.provisional>},
        but without reading again what this writer has appended.

        @param series: the series.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @return: the spans in which only live rows are known.
        @raise IllegalValue: if the span is none.
        @raise StoreFailed: if it cannot be read.
        """
        return self._spans(series, start, end)[1]

    def compact(self, series: Series | None = None, *, end: int = LATEST) -> tuple[Finding, ...]:
        """
        Fold all that is in segments into Parquet, and remove what a process has left that was killed.

        @param series: only this one; by default, all.
        @param end: only partitions that have ended then, in milliseconds since 1970.
        @return: what was damaged: its time is missing now, and can be fetched again.
        @raise StoreFailed: if something cannot be written; what is not done yet stays as it was.
        @raise ConfigurationError: if pyarrow is not installed.
        """
        with self._writing():
            self.flush()
            found: list[Finding] = []
            for each in self.dataset.series() if series is None else (series,):
                with asStoreErrors(self._root, "read"):
                    partitions = listPartitions(self._root, each)
                found += self._compact([partition for partition in partitions if partition.end <= end])
            self._saveIndices()
            return tuple(found)

    def _makeRoot(self) -> None:
        missing = [folder for folder in (self._root, *self._root.parents) if not folder.exists()]
        # The last that is there may have been made by a process that ended before the disk knew it.
        last = missing[-1].parent if missing else self._root
        with suppress(PermissionError):
            self._disk.syncFolder(last.parent)
        for folder in reversed(missing):
            self._disk.makeFolder(folder)
            self._disk.syncFolder(folder.parent)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            if not self._fileLock.isHeld:
                raise StoreFailed("it is not open for writing", self._root)
            yield

    def _writePending(self, series: Series | None = None) -> None:
        records = self._pending.records(series)
        for partition, _ in records:
            self._read.pop(partition, None)
        self._tails.append(records)
        self._pending.drop(records)

    def _replace(self, series: Series, span: Span, columns: Arrays, digits: int, *, isLasting: bool = False) -> None:
        records = [
            (partition, Record(FINAL, part, cut(columns, *part), digits))
            for partition in partitionsOf(series, *span)
            for part in common([span], *partition.span)
        ]
        completed = [partition for partition, record in records if self._completes(partition, record)]
        self._tails.append(records, isLasting=isLasting)
        if completed and hasArrow():
            # The rows are safe where they are; who reads them or compacts is told what is wrong.
            with suppress(StoreFailed):
                self._compact(completed)

    def _completes(self, partition: Partition, record: Record) -> bool:
        if record.span == partition.span:
            return True
        final = self._tails.of(partition).final
        whole = (partition.span,)
        return final != whole and union((*final, record.span)) == whole

    def _spans(self, series: Series, start: int, end: int) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        checkSpan(start, end)
        with self._writing():
            with asStoreErrors(self._root, "read"):
                partitions = listPartitions(self._root, series)
            known = [self._tails.spans(each) for each in partitions if each.start < end and start < each.end]
        final = union(span for spans, _ in known for span in common(spans, start, end))
        return final, union(span for _, spans in known for span in common(spans, start, end))

    def _provisional(self, series: Series, span: Span) -> tuple[tuple[Span, ...], Arrays]:
        spans = self.provisional(series, *span)
        touched = {partition for one in spans for partition in partitionsOf(series, *one)}
        rows = [self._rows(partition) for partition in sorted(touched, key=lambda partition: partition.start)]
        return spans, joined(rows, series.width)

    def _rows(self, partition: Partition) -> Arrays:
        """
        A day is sealed in many parts. What is read for the first of them holds for the others: what is final since then
        is not looked at any more.
        """
        rows = self._read.get(partition)
        if rows is None:
            while len(self._read) >= _MOST_READ:
                del self._read[next(iter(self._read))]
            rows = self._read[partition] = holdingOf(partition.folder(self._root), partition.series).columns
        return rows

    def _compact(self, partitions: list[Partition]) -> list[Finding]:
        found: list[Finding] = []
        for partition in partitions:
            self._tails.forget(partition)
            self._read.pop(partition, None)
            try:
                found += compactPartition(self._root, partition, self._disk, self._indices)
            except StoreDamaged as error:
                found.append(Finding(Path(error.file), str(error.args[0]), FETCH))
            if self._indices.changes >= _INDEX_EVERY:
                self._saveIndices()
        return found

    def _saveIndices(self) -> None:
        # They only spare time; the files say the same.
        with suppress(OSError):
            self._indices.save(self._disk)


def _checked(series: Series, rows: Rows, start: int, end: int) -> Arrays:
    series.check(rows)
    columns = arraysOf(rows)
    timestamps = columns[0]
    isFine = (
        isAscending(timestamps) if series.kind == "ticks" else all(one < other for one, other in pairwise(timestamps))
    )
    if not isFine:
        raise IllegalValue(f"the rows of {series} do not ascend in time")
    if timestamps and not start <= timestamps[0] <= timestamps[-1] < end:
        raise IllegalValue(f"{rows!r} has rows outside of the span from {start} to {end} ms")
    return columns


def _touched(series: Series, spans: list[Span], columns: Arrays) -> list[Partition]:
    found = {partition for span in spans for partition in partitionsOf(series, *span)}
    timestamps, place = columns[0], 0
    while place < len(timestamps):
        partition = partitionAt(series, timestamps[place])
        found.add(partition)
        place = bisect_left(timestamps, partition.end)
    return sorted(found, key=lambda partition: partition.start)
