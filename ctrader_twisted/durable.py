"""
Files that survive a crash: whoever reads one sees the old content or the new one, whole. And changing them one at a
time.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ctrader_twisted.private import isPrivate

__all__ = ["FileLock", "exclusively", "removeScratch", "replaceDurably", "replaceFile", "writeFolder"]

_PAUSE = 0.01
_ATTEMPTS = 300
_SCRATCH = ".new"


def replaceDurably(path: Path, content: bytes, *, isSecret: bool = False) -> None:
    """
    Write a file that only its owner can read, so that neither a crash nor a power cut loses both the old and the new
    content. It blocks until the disk has it. A link stays, and the file that it leads to is written. What the
    administrator writes stays with the user whose file and folder it is.

    @param path: the file.
    @param content: its new content.
    @param isSecret: whether to refuse a folder in which others can read every file, as on some disks and on Windows.
    @raise OSError: if it cannot be written; readers see the old content, or the new one that the disk may not have.
    """
    path = _real(path)
    # mkstemp makes the file private before anything is in it, where the folder allows it.
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=_SCRATCH)
    try:
        with os.fdopen(handle, "wb") as file:
            if isSecret and not isPrivate(handle):
                raise PermissionError(errno.EACCES, "others can read what is in its folder", os.fspath(path))
            _keepOwner(handle, path)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replaceFile(scratch, path)
    except BaseException:
        # What went wrong first is what is told.
        with suppress(OSError):
            os.unlink(scratch)
        raise
    writeFolder(path.parent)


def removeScratch(path: Path) -> None:
    """
    Remove what L{replaceDurably} has left behind where its process was killed; what cannot be removed stays.

    @param path: the file; nobody is writing it now.
    @raise OSError: if its folder cannot be read.
    """
    path = _real(path)
    scratch = re.compile(rf"{re.escape(path.name)}\.\w{{8}}{re.escape(_SCRATCH)}")
    for name in filter(scratch.fullmatch, os.listdir(path.parent)):
        with suppress(OSError):
            path.with_name(name).unlink()


def writeFolder(path: Path) -> None:
    """
    Let the disk have what is new in a folder: without that a new name need not last. Windows cannot be asked for it.

    @param path: the folder.
    @raise OSError: if the disk cannot take it.
    """
    if os.name != "posix":  # pragma: no cover
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        # Nor can each file system.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(folder)


def replaceFile(fresh: str | os.PathLike[str], path: Path) -> None:
    """
    Let a file take the place of another in one step.

    @param fresh: the file, in the same folder.
    @param path: the other one, which need not be there.
    @raise OSError: if that is not possible; the other one stays.
    """
    if sys.platform == "win32":  # pragma: no cover
        # A file cannot be replaced while somebody reads it, which does not take long.
        for _ in range(_ATTEMPTS):
            try:
                return os.replace(fresh, path)
            except PermissionError:
                time.sleep(_PAUSE)
    return os.replace(fresh, path)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _keepOwner(descriptor: int, path: Path) -> None:
    if not _isAdministrator():
        return
    with suppress(FileNotFoundError):
        owner = path.stat().st_uid
        # In a folder of somebody else, as that for temporary files is, anybody can have put a file there.
        if owner == path.parent.stat().st_uid:
            _giveTo(descriptor, owner)


def _isAdministrator() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _giveTo(descriptor: int, user: int) -> None:
    if sys.platform != "win32":
        # In a container, the administrator may not be allowed to.
        with suppress(OSError):
            os.fchown(descriptor, user, -1)


class FileLock:
    """
    An exclusive lock on a file that is there for nothing else, and that stays when the lock is given back: to remove it
    would let two processes lock two files of the same name. The lock ends with the process that holds it, whichever way
    that ends.
    """

    def __init__(self, path: Path) -> None:
        """
        @param path: the file; made if need be, for its owner alone, or by the administrator for that of its folder.
        """
        self._path = path
        self._descriptor: int | None = None

    @property
    def isHeld(self) -> bool:
        """
        Whether this object holds the lock.
        """
        return self._descriptor is not None

    def acquire(self) -> bool:
        """
        Take the lock, if nobody holds it.

        @return: whether it was free.
        @raise OSError: if the file cannot be opened, or not be locked at all.
        """
        descriptor = _opened(self._path)
        try:
            _lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            # What POSIX says of a lock that is held, and what Windows says.
            if isinstance(error, BlockingIOError | PermissionError):
                return False
            raise
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


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """
    Keep all other processes and threads that use the same file from doing something meanwhile. It blocks for three
    seconds at most.

    @param path: a file that is there for nothing else, see L{FileLock}.
    @raise OSError: if the file cannot be opened, or the others take longer.
    """
    lock = FileLock(path)
    for _ in range(_ATTEMPTS):
        if lock.acquire():
            break
        time.sleep(_PAUSE)
    else:
        raise BlockingIOError(errno.EWOULDBLOCK, "another process is changing it", os.fspath(path))
    try:
        yield
    finally:
        lock.release()


def _opened(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if _isAdministrator():
        _giveTo(descriptor, path.parent.stat().st_uid)
    return descriptor


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":  # pragma: no cover
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
