"""
Files that survive a crash: whoever reads one sees the old content or the new one, whole. And changing them one at a
time.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["exclusively", "replaceDurably"]

_PAUSE = 0.01
_ATTEMPTS = 300


def replaceDurably(path: Path, content: bytes) -> None:
    """
    Write a file that only its owner can read, so that neither a crash nor a power cut loses both the old and the new
    content. It blocks until the disk has it.

    @param path: the file.
    @param content: its new content.
    @raise OSError: if it cannot be written; readers see the old content, or the new one that the disk may not have.
    """
    # mkstemp makes the file private before anything is in it.
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
    if os.name == "posix":
        # A new name lasts only when its folder is written too; Windows cannot be asked for that.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """
    Keep all other processes and threads that use the same file from doing something meanwhile. It blocks for three
    seconds at most.

    @param path: a file that is there for nothing else, made if need be. It stays: to remove it would let two processes
        lock two files of the same name.
    @raise OSError: if the file cannot be opened, or the others take longer.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        # The lock is given back with the descriptor, also if the process is killed.
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    for _ in range(_ATTEMPTS):
        try:
            return _tryLock(descriptor)
        except OSError as error:
            refused = error
            time.sleep(_PAUSE)
    raise refused


def _tryLock(descriptor: int) -> None:
    if sys.platform == "win32":  # pragma: no cover
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
