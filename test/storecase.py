"""
What tests of the store share: rows, and file systems that fail, die or lose their power.
"""

from __future__ import annotations

import errno
import os
import shutil
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.store import Disk, Series

__all__ = ["BID", "DAY", "HOUR", "M1", "MINUTE", "T0", "FullDisk", "Killed", "MortalDisk", "bars", "pairs", "ticks"]

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = 1_704_067_200_000
"""
The first millisecond of 2024, in UTC.
"""

BID = Series.ticks("EURUSD", "bid")
M1 = Series.bars("EURUSD", "M1")


def ticks(*rows: tuple[int, int], digits: int = 5) -> Ticks:
    """
    Make ticks.

    @param rows: for each, its time after L{T0} and its price.
    @param digits: the symbol's digits.
    @return: the ticks.
    """
    return Ticks(
        array("q", [T0 + moment for moment, _ in rows]), array("q", [price for _, price in rows]), digits=digits
    )


def bars(*rows: tuple[int, int], period: str = "M1") -> Trendbars:
    """
    Make bars, each with a price of its own.

    @param rows: for each, when it opens after L{T0}, and its price.
    @param period: their period.
    @return: the bars.
    """
    first, high, low, last = (array("q", [price + more for _, price in rows]) for more in (0, 2, -2, 1))
    timestamps = array("q", [T0 + moment for moment, _ in rows])
    return Trendbars(timestamps, first, high, low, last, array("q", [7] * len(rows)), period=period, digits=5)


def pairs(rows: Ticks | Trendbars) -> list[tuple[int, int]]:
    """
    Read rows again.

    @param rows: the table.
    @return: what L{ticks} or L{bars} made it of.
    """
    prices = rows.prices if isinstance(rows, Ticks) else rows.open
    return [(moment - T0, price) for moment, price in zip(rows.timestamps, prices, strict=True)]


class Killed(BaseException):
    """
    The process has ended.
    """


class MortalDisk(Disk):
    """
    A file system under a process that ends at one of its steps; and whose machine may lose power then. Nothing is
    really synced: what would be is kept in mind.

    @ivar steps: how many steps there were.
    """

    def __init__(self, dieAt: int | None = None, before: MortalDisk | None = None) -> None:
        """
        @param dieAt: before which step the process ends, counted from 1; half of what it writes in it is written.
        @param before: the file system under a process before, on the same machine.
        """
        self.steps = 0
        self._dieAt = dieAt
        self._isDead = False
        self._synced: dict[Path, int] = before._synced if before else {}
        self._undo: dict[Path, list[Callable[[], object]]] = before._undo if before else {}

    def makeFolder(self, folder: Path) -> None:
        """
        Make a folder.
        """
        self._step()
        if not folder.exists():
            super().makeFolder(folder)
            self._undoable(folder.parent, lambda: shutil.rmtree(folder, ignore_errors=True))

    def create(self, path: Path) -> IO[bytes]:
        """
        Make a file.
        """
        self._step()
        self._newFile(path)
        self._synced[path] = 0
        return super().create(path)

    def extend(self, path: Path) -> IO[bytes]:
        """
        Open a file, or make it.
        """
        self._step()
        self._newFile(path)
        self._synced.setdefault(path, path.stat().st_size if path.exists() else 0)
        return super().extend(path)

    def write(self, file: IO[bytes], content: bytes) -> None:
        """
        Write, or half of it.
        """
        try:
            self._step()
        except Killed:
            if self.steps == self._dieAt:
                super().write(file, bytes(content)[: len(content) // 2])
            raise
        super().write(file, content)

    def sync(self, file: IO[bytes]) -> None:
        """
        Keep in mind what is synced.
        """
        self._step()
        path = Path(file.name)
        self._synced[path] = path.stat().st_size

    def cut(self, path: Path, length: int) -> None:
        """
        Shorten a file.
        """
        self._step()
        super().cut(path, length)
        self._synced[path] = min(length, self._synced.get(path, length))

    def replace(self, fresh: Path, path: Path) -> None:
        """
        Replace a file.
        """
        self._step()
        before = path.read_bytes() if path.exists() else None
        super().replace(fresh, path)
        self._synced[path] = self._synced.pop(fresh)
        self._undoable(path.parent, lambda: _restore(path, before))

    def syncFolder(self, folder: Path) -> None:
        """
        Keep in mind that the names in a folder stay.
        """
        self._step()
        self._undo.pop(folder, None)

    def remove(self, path: Path) -> None:
        """
        Remove a file.
        """
        self._step()
        if path.exists():
            content = path.read_bytes()
            super().remove(path)
            self._undoable(path.parent, lambda: _restore(path, content))

    def cutPower(self, chosen: Callable[[int, int], int]) -> None:
        """
        Let the machine lose power: of what is not synced only a part has reached the disk. In a folder that is what was
        done first.

        @param chosen: how much: chooses a number from the least to the greatest.
        """
        for path, synced in self._synced.items():
            if path.exists():
                os.truncate(path, chosen(synced, max(synced, path.stat().st_size)))
        for done in self._undo.values():
            for undo in reversed(done[chosen(0, len(done)) :]):
                undo()

    def _step(self) -> None:
        if self._isDead:
            raise Killed
        self.steps += 1
        if self.steps == self._dieAt:
            self._isDead = True
            raise Killed

    def _newFile(self, path: Path) -> None:
        if not path.exists():
            self._undoable(path.parent, lambda: path.unlink(missing_ok=True))

    def _undoable(self, folder: Path, undo: Callable[[], object]) -> None:
        self._undo.setdefault(folder, []).append(undo)


class FullDisk(Disk):
    """
    A file system that fails at some of its steps; half of what is written then is written. Nothing is really synced.

    @ivar steps: how many steps there were.
    @ivar failing: the steps that fail, counted from 1.
    @ivar code: the system's number of the error.
    """

    def __init__(self, failing: Iterable[int] = (), code: int = errno.ENOSPC) -> None:
        """
        @param failing: which steps fail.
        @param code: with what.
        """
        self.steps = 0
        self.failing: Iterable[int] = failing
        self.code = code

    def makeFolder(self, folder: Path) -> None:
        """
        Make a folder.
        """
        self._step()
        super().makeFolder(folder)

    def create(self, path: Path) -> IO[bytes]:
        """
        Make a file.
        """
        self._step()
        return super().create(path)

    def extend(self, path: Path) -> IO[bytes]:
        """
        Open a file, or make it.
        """
        self._step()
        return super().extend(path)

    def write(self, file: IO[bytes], content: bytes) -> None:
        """
        Write, or half of it.
        """
        try:
            self._step()
        except OSError:
            super().write(file, bytes(content)[: len(content) // 2])
            raise
        super().write(file, content)

    def sync(self, file: IO[bytes]) -> None:
        """
        Do nothing, or fail.
        """
        self._step()

    def cut(self, path: Path, length: int) -> None:
        """
        Shorten a file.
        """
        self._step()
        super().cut(path, length)

    def replace(self, fresh: Path, path: Path) -> None:
        """
        Replace a file.
        """
        self._step()
        super().replace(fresh, path)

    def syncFolder(self, folder: Path) -> None:
        """
        Do nothing, or fail.
        """
        self._step()

    def _step(self) -> None:
        self.steps += 1
        if self.steps in self.failing:
            raise OSError(self.code, os.strerror(self.code))


def _restore(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    elif path.parent.exists():
        path.write_bytes(content)
