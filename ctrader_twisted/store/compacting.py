"""
Folding the segments of a partition into its Parquet file.

The new file is on the disk under its name before a segment is removed, and it names the last segment that it holds.
Whenever the process ends, each record is in one of the two, and is not counted twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

from attrs import evolve

from ctrader_twisted.errors import StoreDamaged
from ctrader_twisted.store.disk import Disk, asStoreErrors, replaceWhole, scratchOf
from ctrader_twisted.store.folding import Holding
from ctrader_twisted.store.parquet import Stored, footerSum, packParquet, readParquet
from ctrader_twisted.store.partitions import PARQUET, Partition
from ctrader_twisted.store.segments import segmentName
from ctrader_twisted.store.snapshots import Indices, folded, openFiles
from ctrader_twisted.store.verifying import Finding, damageFindings

__all__ = ["compactPartition"]

_FETCH = "what it covered is missing now, and can be fetched from history"


def compactPartition(root: Path, partition: Partition, disk: Disk, indices: Indices) -> list[Finding]:
    """
    Fold what a partition has in segments into its Parquet file, and remove what an earlier process has left. The disk
    has everything when this returns. A damaged Parquet file is replaced if the segments tell all that it could; where
    there are none, it is not looked at.

    @param root: the folder of the dataset.
    @param partition: the partition; nobody writes it meanwhile.
    @param disk: the file system.
    @param indices: the indices of the dataset; what the new file says is noted there.
    @return: what of the segments was damaged, and is missing now.
    @raise StoreDamaged: if the Parquet file is damaged.
    @raise StoreFailed: if a file cannot be read or written; then all is as before.
    @raise ConfigurationError: if pyarrow is not installed.
    """
    folder = partition.folder(root)
    path = folder / PARQUET
    with asStoreErrors(path, "write"):
        disk.remove(scratchOf(path))
    with openFiles(folder) as files:
        segments = files.segments
        if not segments:
            return []
        last, holding = _folded(partition, segments, path, files.parquet)
    waiting = [number for number in segments if number > last]
    findings: list[Finding] = []
    if waiting:
        with asStoreErrors(path, "write"):
            stored, content = packParquet(partition.series, holding, waiting[-1])
            replaceWhole(disk, path, content)
        _note(path, partition, indices, stored)
        for number in waiting:
            found = damageFindings(folder / segmentName(number), segments[number], partition.series)
            findings += [evolve(finding, remedy=_FETCH) for finding in found]
    with asStoreErrors(folder, "write"):
        for number in segments:
            disk.remove(folder / segmentName(number))
    return findings


def _folded(
    partition: Partition, segments: dict[int, bytes], path: Path, file: IO[bytes] | None
) -> tuple[int, Holding]:
    if file is None:
        return 0, folded(segments, partition.series, None, 0)
    try:
        stored, columns = readParquet(path, file, partition.series)
    except StoreDamaged:
        holding = folded(segments, partition.series, None, 0)
        if holding.final != (partition.span,):
            raise
        return 0, holding
    base = Holding(columns, stored.final, stored.provisional, stored.digits)
    return stored.folded, folded(segments, partition.series, base, stored.folded)


def _note(path: Path, partition: Partition, indices: Indices, stored: Stored) -> None:
    with asStoreErrors(path, "read"), path.open("rb") as file:
        footer = footerSum(file)
    assert footer is not None, "a Parquet file was written"
    indices.of(partition).put(partition.name, footer, stored)
