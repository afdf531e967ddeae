"""
A lock that ends with the process that holds it, whichever way that ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["FileLock"]


class FileLock:
    """
    An exclusive lock on a file that is there for nothing else, and that stays when the lock is given back: to remove it
    would let two processes lock two files of the same name.
    """

    def __init__(self, path: Path) -> None:
        """
        @param path: the file; made if need be, for its owner alone.
        """
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """
        Take the lock, if it is free. It must not be held already.

        @return: whether it is held now.
        @raise OSError: if the file cannot be opened.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """
        Give the lock back. Without it nothing happens.
        """
        if self._descriptor is not None:
            # Both systems give a lock back with the descriptor.
            os.close(self._descriptor)
            self._descriptor = None


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":  # pragma: no cover
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
