"""
The ends of the segments to which one writer appends.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from attrs import define, evolve

from ctrader_twisted.store.disk import Disk, asStoreErrors, scratchOf
from ctrader_twisted.store.folding import outside
from ctrader_twisted.store.partitions import PARQUET, Partition
from ctrader_twisted.store.segments import FINAL, Record, packed, segmentName, wholeLength
from ctrader_twisted.store.snapshots import Indices, Outline, outlineOf
from ctrader_twisted.store.spans import Span, union, without

__all__ = ["Tail", "Tails"]

_MOST_BYTES = 32 * 2**20
_MOST_KNOWN = 4_096
# How many segments may have been folded that no index knows of.
_UNKNOWN = 10**9


@define
class Tail:
    """
    Where the next record of a partition goes.

    @ivar folder: the partition's folder.
    @ivar number: the number of the segment.
    @ivar size: how many of its bytes are good.
    @ivar final: the spans of the partition of which history has told all.
    @ivar provisional: those in which only live rows are known.
    """

    folder: Path
    number: int
    size: int
    final: tuple[Span, ...]
    provisional: tuple[Span, ...]

    @property
    def path(self) -> Path:
        """
        The file of the segment.
        """
        return self.folder / segmentName(self.number)

    def cover(self, record: Record) -> None:
        """
        Take note of what a record that has been appended covers.

        @param record: the record.
        """
        if record.kind == FINAL:
            self.final = union((*self.final, record.span))
            self.provisional = without(self.provisional, (record.span,))
        else:
            live = union((*self.provisional, record.span, *outside(record.columns[0], record.span)))
            self.provisional = without(live, self.final)


class Tails:
    """
    Appends records to segments: those of one call all, or none. What a writer before has left unfinished in a partition
    is put in order when the partition is first touched.
    """

    def __init__(self, root: Path, disk: Disk, indices: Indices, *, mostBytes: int = _MOST_BYTES) -> None:
        """
        @param root: the folder of the dataset.
        @param disk: the file system.
        @param indices: the indices of the dataset.
        @param mostBytes: after how many bytes a segment is followed by another.
        """
        self._root = root
        self._disk = disk
        self._indices = indices
        self._mostBytes = mostBytes
        self._known: OrderedDict[Partition, Tail] = OrderedDict()
        self._unsynced: set[Path] = set()
        self._newIn: set[Path] = set()
        self._lasting = {root}

    def append(self, records: Sequence[tuple[Partition, Record]], *, isLasting: bool = False) -> None:
        """
        Append records.

        @param records: the records, each with its partition.
        @param isLasting: whether the disk has them when this returns, and not only after the next L{sync}.
        @raise StoreFailed: if they cannot be written; then none is there.
        """
        before: list[tuple[Tail, Tail]] = []
        try:
            for partition, record in records:
                tail = self.of(partition)
                before.append((tail, evolve(tail)))
                with asStoreErrors(tail.path, "write"):
                    self._append(tail, packed(record))
            if isLasting:
                self.sync()
            for (tail, _), (_, record) in zip(before, records, strict=True):
                tail.cover(record)
        except BaseException:
            # Ctrl-C, too: what was told as not written is written again.
            for tail, earlier in reversed(before):
                self._cutBack(tail, earlier)
            raise

    def sync(self) -> None:
        """
        Let the disk have everything.

        @raise StoreFailed: if it cannot take it.
        """
        # Those that are gone are in Parquet.
        for path in sorted(filter(Path.exists, self._unsynced)):
            with asStoreErrors(path, "write"), self._disk.extend(path) as file:
                self._disk.sync(file)
        for folder in sorted(self._newIn):
            with asStoreErrors(folder, "write"):
                self._disk.syncFolder(folder)
        self._unsynced.clear()
        self._newIn.clear()

    def of(self, partition: Partition) -> Tail:
        """
        Find the end of a partition, and make its folder if need be.

        @param partition: the partition.
        @return: its end.
        @raise StoreFailed: if it cannot be read or put in order.
        """
        tail = self._known.get(partition)
        if tail is None:
            tail = self._known[partition] = self._recovered(partition)
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        self._known.move_to_end(partition)
        return tail

    def spans(self, partition: Partition) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """
        Tell what is covered. Nothing is read for that where records are being appended.

        @param partition: the partition.
        @return: the final spans, and the provisional ones.
        @raise StoreFailed: if it cannot be read.
        """
        known = self._known.get(partition) or outlineOf(self._root, partition, self._indices)
        return known.final, known.provisional

    def forget(self, partition: Partition) -> None:
        """
        Look at a partition again before the next record, since its files are changed by others.

        @param partition: the partition.
        """
        self._known.pop(partition, None)

    def _append(self, tail: Tail, content: bytes) -> None:
        if tail.size and tail.size + len(content) > self._mostBytes:
            tail.number, tail.size = tail.number + 1, 0
        path = tail.path
        isNew = not path.exists()
        # The torn record of a process that was killed, or what could not be taken back.
        if not isNew and path.stat().st_size > tail.size:
            self._disk.cut(path, tail.size)
        self._unsynced.add(path)
        if isNew:
            self._newIn.add(tail.folder)
        with self._disk.extend(path) as file:
            self._disk.write(file, content)
        tail.size += len(content)

    def _cutBack(self, tail: Tail, earlier: Tail) -> None:
        for one in range(earlier.number, tail.number + 1):
            path = tail.folder / segmentName(one)
            with suppress(OSError):
                if path.exists():
                    self._disk.cut(path, earlier.size if one == earlier.number else 0)
        tail.number, tail.size = earlier.number, earlier.size
        tail.final, tail.provisional = earlier.final, earlier.provisional

    def _recovered(self, partition: Partition) -> Tail:
        folder = partition.folder(self._root)
        with asStoreErrors(folder, "write"):
            self._makeFolders(folder)
            self._lasting.discard(folder)
            self._disk.remove(scratchOf(folder / PARQUET))
        outline = outlineOf(self._root, partition, self._indices)
        folded = self._folded(partition, outline)
        with asStoreErrors(folder, "write"):
            for number in outline.done:
                self._disk.remove(folder / segmentName(number))
            tail = Tail(folder, folded + 1, 0, outline.final, outline.provisional)
            if outline.waiting and outline.waiting[-1] > folded:
                tail.number = outline.waiting[-1]
                tail.size = wholeLength(tail.path.read_bytes(), partition.series.width)
                # Its process can have been killed before the disk knew the file's name.
                self._newIn.add(folder)
            return tail

    def _folded(self, partition: Partition, outline: Outline) -> int:
        if outline.stored is not None:
            return outline.stored.folded
        if not (partition.folder(self._root) / PARQUET).exists():
            return 0
        # A damaged file does not tell the last segment that it holds. A copy that takes its place must not be taken to
        # hold those that are written meanwhile.
        return self._indices.of(partition).folded(partition.name) + _UNKNOWN

    def _makeFolders(self, folder: Path) -> None:
        """
        A folder that is there can still be unknown to the disk, if the process that made it has ended at once.
        """
        if folder not in self._lasting:
            self._makeFolders(folder.parent)
            self._disk.makeFolder(folder)
            self._disk.syncFolder(folder.parent)
            self._lasting.add(folder)
