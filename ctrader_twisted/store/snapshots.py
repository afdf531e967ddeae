"""
One partition at one moment, also while another process writes it.

The segments are read before the Parquet file is opened: whatever a writer folds into it meanwhile, the file names the
last segment that it holds, so that no row is lost and none comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from ctrader_twisted.errors import StoreDamaged, StoreFailed
from ctrader_twisted.store.disk import Disk, asStoreErrors
from ctrader_twisted.store.folding import Folding, Holding, noRows
from ctrader_twisted.store.index import Index, indexPath
from ctrader_twisted.store.parquet import Stored, footerSum, readParquet, readStored
from ctrader_twisted.store.partitions import PARQUET, Partition, seriesFolder
from ctrader_twisted.store.segments import Record, segmentNumber, unpacked
from ctrader_twisted.store.series import Series
from ctrader_twisted.store.spans import Span

__all__ = ["Files", "Indices", "Outline", "folded", "holdingOf", "openFiles", "outlineOf"]

_ATTEMPTS = 100


class Files(NamedTuple):
    """
    The files of a partition.

    @ivar segments: what is in its segments, by their number, ascending.
    @ivar parquet: its Parquet file, open, or L{None}.
    @ivar path: the Parquet file's name.
    """

    segments: dict[int, bytes]
    parquet: IO[bytes] | None
    path: Path


class Outline(NamedTuple):
    """
    What is known of a partition, without its rows.

    @ivar final: the spans of which history has told all.
    @ivar provisional: those in which only live rows are known.
    @ivar digits: the decimal places of the symbol's prices.
    @ivar stored: what its Parquet file says of itself; L{None} if there is none, or it is damaged.
    @ivar waiting: the numbers of the segments that are not in it.
    @ivar done: the numbers of those that are, and that are still there.
    """

    final: tuple[Span, ...]
    provisional: tuple[Span, ...]
    digits: int
    stored: Stored | None
    waiting: tuple[int, ...]
    done: tuple[int, ...]


class Indices:
    """
    The coverage indices of a dataset that one task has looked into.
    """

    def __init__(self, root: Path) -> None:
        """
        @param root: the folder of the dataset.
        """
        self._root = root
        self._known: dict[tuple[Series, int], Index] = {}

    def of(self, partition: Partition) -> Index:
        """
        Find the index that tells of a partition.

        @param partition: the partition.
        @return: its index, read once.
        """
        key = partition.series, partition.year
        if key not in self._known:
            self._known[key] = Index(indexPath(seriesFolder(self._root, partition.series), partition.year))
        return self._known[key]

    @property
    def changes(self) -> int:
        """
        How often something was noted that is not on the disk.
        """
        return sum(index.changes for index in self._known.values())

    def save(self, disk: Disk) -> None:
        """
        Write what has changed, and forget everything.

        @param disk: the file system.
        @raise OSError: if it cannot be written; that is forgotten, too.
        """
        known, self._known = self._known, {}
        for index in known.values():
            if index.changes:
                index.save(disk)


@contextmanager
def openFiles(folder: Path) -> Iterator[Files]:
    """
    Take hold of the files of a partition as they are at one moment.

    @param folder: the partition's folder.
    @return: the files; the Parquet file is closed at the end.
    @raise StoreFailed: if they cannot be read.
    """
    path = folder / PARQUET
    with asStoreErrors(folder, "read"):
        segments = _segments(folder)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            file = None
    try:
        yield Files(segments, file, path)
    finally:
        if file is not None:
            file.close()


def holdingOf(folder: Path, series: Series) -> Holding:
    """
    Read a partition.

    @param folder: its folder.
    @param series: the series.
    @return: what it holds.
    @raise StoreDamaged: if its Parquet file is damaged.
    @raise StoreFailed: if it cannot be read.
    @raise ConfigurationError: if it has a Parquet file, and pyarrow is not installed.
    """
    with openFiles(folder) as files:
        base = None
        last = 0
        if files.parquet is not None:
            stored, columns = readParquet(files.path, files.parquet, series)
            base, last = Holding(columns, stored.final, stored.provisional, stored.digits), stored.folded
    return folded(files.segments, series, base, last)


def folded(segments: dict[int, bytes], series: Series, base: Holding | None, last: int) -> Holding:
    """
    Put a partition together.

    @param segments: what is in its segments, by their number, ascending.
    @param series: the series.
    @param base: what its Parquet file holds.
    @param last: the number of the last segment that is in the Parquet file.
    @return: what it holds.
    """
    folding = Folding(series.width, base)
    for record in _records(segments, series.width, last):
        folding.apply(record)
    return folding.holding()


def outlineOf(root: Path, partition: Partition, indices: Indices) -> Outline:
    """
    Tell what is known of a partition. A damaged Parquet file tells nothing: what it covered counts as missing.

    @param root: the folder of the dataset.
    @param partition: the partition.
    @param indices: the indices of the dataset.
    @return: what is known.
    @raise StoreFailed: if it cannot be read.
    @raise ConfigurationError: if that needs pyarrow, which is not installed.
    """
    with openFiles(partition.folder(root)) as files:
        stored = _storedOf(files, partition, indices)
    folding = Folding(partition.series.width, _known(stored, partition.series))
    last = 0 if stored is None else stored.folded
    for record in _records(files.segments, partition.series.width, last):
        folding.apply(record)
    waiting = tuple(number for number in files.segments if number > last)
    done = tuple(number for number in files.segments if number <= last)
    return Outline(*folding.spans(), folding.digits, stored, waiting, done)


def _segments(folder: Path) -> dict[int, bytes]:
    for _ in range(_ATTEMPTS):
        names = _numbered(folder)
        try:
            read = {number: path.read_bytes() for number, path in names.items()}
        except FileNotFoundError:
            continue
        # One that came while the folder was being listed can have been overlooked.
        if _numbered(folder) == names:
            return read
    raise StoreFailed("it changes faster than it can be read", folder)


def _numbered(folder: Path) -> dict[int, Path]:
    try:
        found = {segmentNumber(path): path for path in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {number: found[number] for number in sorted(number for number in found if number is not None)}


def _records(segments: dict[int, bytes], width: int, last: int) -> Iterator[Record]:
    for number, content in segments.items():
        if number > last:
            yield from (record for record in unpacked(content, width) if isinstance(record, Record))


def _storedOf(files: Files, partition: Partition, indices: Indices) -> Stored | None:
    if files.parquet is None:
        return None
    with asStoreErrors(files.path, "read"):
        footer = footerSum(files.parquet)
    index = indices.of(partition)
    stored = index.find(partition.name, footer)
    if stored is None:
        try:
            stored = readStored(files.path, files.parquet)
        except StoreDamaged:
            return None
        index.put(partition.name, footer, stored)
    return stored


def _known(stored: Stored | None, series: Series) -> Holding | None:
    if stored is None:
        return None
    return Holding(noRows(series.width), stored.final, stored.provisional, stored.digits)
