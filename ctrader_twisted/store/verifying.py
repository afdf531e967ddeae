"""
Reading a whole dataset, to see whether it is as it was written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from ctrader_twisted.errors import StoreDamaged
from ctrader_twisted.store.disk import asStoreErrors, scratchOf
from ctrader_twisted.store.folding import isAscending, outside
from ctrader_twisted.store.index import Index, indexPath
from ctrader_twisted.store.parquet import Stored, readParquet
from ctrader_twisted.store.partitions import PARQUET, Partition, listPartitions, listSeries, seriesFolder, strayPaths
from ctrader_twisted.store.segments import FINAL, LIVE, Damage, Record, segmentName, segmentNumber, unpacked
from ctrader_twisted.store.series import Arrays, Series
from ctrader_twisted.store.snapshots import Files, openFiles
from ctrader_twisted.store.spans import length, union, without

__all__ = ["FETCH", "Finding", "damageFindings", "verifyDataset"]

FETCH = "move it away, and download its time again"
"""
What to do about a file whose rows are lost.
"""
_COMPACT = "compact the dataset, which removes it"


@frozen
class Finding:
    """
    Something that is wrong with a dataset.

    @ivar file: where.
    @ivar problem: what is wrong.
    @ivar remedy: what to do about it.
    """

    file: Path
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}; {self.remedy}"


def verifyDataset(root: Path) -> Iterator[Finding]:
    """
    Look for whatever is wrong.

    @param root: the folder of the dataset.
    @return: what is found.
    @raise StoreFailed: if a file cannot be read.
    @raise ConfigurationError: if that needs pyarrow, which is not installed.
    """
    with asStoreErrors(root, "read"):
        series, strays = listSeries(root), strayPaths(root)
    yield from map(_stray, strays)
    for each in series:
        yield from _series(root, each)


def damageFindings(path: Path, content: bytes, series: Series) -> Iterator[Finding]:
    """
    Look for what is damaged in a segment.

    @param path: its file.
    @param content: what is in it.
    @param series: the series.
    @return: what is found.
    """
    for found in unpacked(content, series.width):
        if isinstance(found, Damage):
            yield _damage(path, found)


def _series(root: Path, series: Series) -> Iterator[Finding]:
    folder = seriesFolder(root, series)
    with asStoreErrors(folder, "read"):
        partitions = listPartitions(root, series)
        known = {partition.name for partition in partitions}
        names = sorted(os.listdir(folder))
    for year in sorted({partition.year for partition in partitions}):
        path = indexPath(folder, year)
        # The next one is written to the second name, and takes the place of the first.
        known |= {path.name, scratchOf(path).name}
        if Index(path).isDamaged:
            yield Finding(path, "its checksum is wrong", "remove it; it is made again, and nothing is lost")
    yield from (_stray(folder / name) for name in names if name not in known)
    for partition in partitions:
        yield from _partition(root, partition)


def _partition(root: Path, partition: Partition) -> Iterator[Finding]:
    folder = partition.folder(root)
    with openFiles(folder) as files:
        last = 0
        if files.parquet is not None:
            try:
                stored, columns = readParquet(files.path, files.parquet, partition.series)
            except StoreDamaged as error:
                yield Finding(files.path, str(error.args[0]), FETCH)
            else:
                last = stored.folded
                yield from (Finding(files.path, fault, FETCH) for fault in _stored(partition, stored, columns))
    yield from _segments(folder, files, partition, last)
    yield from _others(folder)


def _stored(partition: Partition, stored: Stored, columns: Arrays) -> Iterator[str]:
    yield from _rows(partition, columns)
    covered = union((*stored.final, *stored.provisional))
    if without(covered, [partition.span]):
        yield "it covers other time than that of its folder"
    if without(union((moment, moment + 1) for moment in columns[0]), covered):
        yield "it has rows that it does not cover"
    if length(covered) != length(stored.final) + length(stored.provisional):
        yield "it takes the same time for final and for provisional"


def _rows(partition: Partition, columns: Arrays) -> Iterator[str]:
    if not isAscending(columns[0]):
        yield "its rows do not ascend in time"
    if outside(columns[0], partition.span):
        yield "it has rows of another time than that of its folder"


def _segments(folder: Path, files: Files, partition: Partition, last: int) -> Iterator[Finding]:
    for number, content in files.segments.items():
        path = folder / segmentName(number)
        if number <= last:
            yield Finding(path, "it is in the Parquet file already", _COMPACT)
            continue
        for found in unpacked(content, partition.series.width):
            if isinstance(found, Damage):
                yield _damage(path, found)
            else:
                yield from (Finding(path, fault, FETCH) for fault in _record(partition, found))


def _damage(path: Path, found: Damage) -> Finding:
    place = f"bytes {found.start} to {found.end}"
    if found.isTail:
        return Finding(path, f"{place} at its end are no whole record", "nothing: the next writer cuts them off")
    return Finding(
        path,
        f"{place} are damaged",
        "compact the dataset, and download what is missing then; the records before and behind them are kept",
    )


def _record(partition: Partition, record: Record) -> Iterator[str]:
    if record.kind not in (FINAL, LIVE):
        yield f"it has a record of the unknown kind {record.kind}"
    if without([record.span], [partition.span]):
        yield "it covers other time than that of its folder"
    if record.kind == FINAL:
        yield from _rows(partition, record.columns)


def _others(folder: Path) -> Iterator[Finding]:
    with asStoreErrors(folder, "read"):
        paths = sorted(folder.iterdir())
    for path in paths:
        if path == scratchOf(folder / PARQUET):
            yield Finding(path, "a writer is at work, or has ended while it wrote this", _COMPACT)
        elif path.name != PARQUET and segmentNumber(path) is None:
            yield _stray(path)


def _stray(path: Path) -> Finding:
    return Finding(path, "it does not belong here", "move it away")
