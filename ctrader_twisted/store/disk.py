"""
Everything that changes files of a dataset, in few operations. Tests put one in its place that fails or dies.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ctrader_twisted.durable import replaceFile, writeFolder
from ctrader_twisted.errors import StoreFailed, StoreFull

__all__ = ["Disk", "asStoreErrors", "replaceWhole", "scratchOf"]

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class Disk:
    """
    The file system. Each method is one step: before it or after it the process may end. All raise L{OSError}.
    """

    def makeFolder(self, folder: Path) -> None:
        """
        Make a folder; its parent is there.

        @param folder: the folder, which may be there.
        """
        folder.mkdir(exist_ok=True)

    def create(self, path: Path) -> IO[bytes]:
        """
        Make an empty file.

        @param path: the file; what it held is gone.
        @return: the file, open.
        """
        return path.open("wb", buffering=0)

    def extend(self, path: Path) -> IO[bytes]:
        """
        Open a file to write on at its end.

        @param path: the file; made if need be.
        @return: the file, open.
        """
        return path.open("ab", buffering=0)

    def write(self, file: IO[bytes], content: bytes) -> None:
        """
        Write on.

        @param file: a file that L{create} or L{extend} has opened.
        @param content: the bytes.
        """
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]

    def sync(self, file: IO[bytes]) -> None:
        """
        Let the disk have what an open file has.

        @param file: the file.
        """
        os.fsync(file.fileno())

    def cut(self, path: Path, length: int) -> None:
        """
        Shorten a file.

        @param path: the file.
        @param length: how many bytes stay.
        """
        os.truncate(path, length)

    def replace(self, fresh: Path, path: Path) -> None:
        """
        Let a file take another one's place, see L{ctrader_twisted.durable.replaceFile}.

        @param fresh: the file.
        @param path: the other one.
        """
        replaceFile(fresh, path)

    def syncFolder(self, folder: Path) -> None:
        """
        Let the disk have the names in a folder.

        @param folder: the folder.
        """
        writeFolder(folder)

    def remove(self, path: Path) -> None:
        """
        Remove a file.

        @param path: the file.
        """
        path.unlink(missing_ok=True)


class _Writing:
    """
    A file for those who only call C{write}, such as pyarrow.
    """

    closed = False

    def __init__(self, disk: Disk, file: IO[bytes]) -> None:
        self._disk = disk
        self._file = file
        self._place = 0

    def write(self, content: bytes) -> int:
        self._disk.write(self._file, content)
        self._place += len(content)
        return len(content)

    def tell(self) -> int:
        return self._place

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def scratchOf(path: Path) -> Path:
    """
    Name the file in which the next content of another is prepared. There is one writer, and so one such file.

    @param path: the other file.
    @return: the file, in the same folder, and passed by by others.
    """
    return path.with_name(f".{path.name}.new")


def replaceWhole(disk: Disk, path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """
    Write a file of any size, so that whoever reads it sees the old content or the new one, and neither a crash nor a
    power cut loses both. The disk has it when this returns.

    @param disk: the file system.
    @param path: the file.
    @param write: called with a file that can only be written to.
    @raise OSError: if it cannot be written; the old content stays.
    """
    scratch = scratchOf(path)
    try:
        with disk.create(scratch) as file:
            write(_Writing(disk, file))  # type: ignore[arg-type]
            disk.sync(file)
        disk.replace(scratch, path)
    except OSError:
        # What went wrong first is what is told.
        with suppress(OSError):
            disk.remove(scratch)
        raise
    disk.syncFolder(path.parent)


@contextmanager
def asStoreErrors(path: Path, doing: str) -> Iterator[None]:
    """
    Tell what the system says in our words.

    @param path: the file that it is about, where the system names none.
    @param doing: what was being done, such as C{write}.
    @raise StoreFull: if there is no space.
    @raise StoreFailed: if anything else is wrong with the file.
    """
    try:
        yield
    except OSError as error:
        kind = StoreFull if error.errno in _FULL else StoreFailed
        raise kind(f"cannot {doing} it: {error.strerror or error}", error.filename or path) from error
