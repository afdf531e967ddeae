"""
Tests of L{ctrader_twisted.durable}.
"""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import durable
from ctrader_twisted.durable import FileLock, exclusively, removeScratch, replaceDurably

_PROJECT = Path(__file__).resolve().parent.parent
_HOLD = """
import sys, time
from pathlib import Path
from ctrader_twisted.durable import FileLock
print(FileLock(Path(sys.argv[1])).acquire(), flush=True)
time.sleep(600)
"""


class ReplaceTests(SynchronousTestCase):
    """
    Files that are replaced as a whole.
    """

    def setUp(self) -> None:
        """
        Make a folder.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path = self.folder / "file"

    def names(self) -> list[str]:
        """
        @return: what is in the folder.
        """
        return sorted(os.listdir(self.folder))

    def test_private(self) -> None:
        """
        The file is its owner's alone, whatever it was before.
        """
        self.path.touch(0o644)
        replaceDurably(self.path, b"new", isSecret=True)
        self.assertEqual(self.path.read_bytes(), b"new")
        self.assertEqual(self.names(), ["file"])
        if os.name == "posix":
            self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_openFolder(self) -> None:
        """
        Where others can read every file, no secret is written, not even for a moment; what is no secret is.
        """
        self.path.write_bytes(b"old")
        self.patch(durable, "isPrivate", lambda descriptor: os.fstat(descriptor).st_size > 0)
        error = self.assertRaises(OSError, replaceDurably, self.path, b"new", isSecret=True)
        self.assertEqual(error.strerror, "others can read what is in its folder")
        self.assertEqual((self.path.read_bytes(), self.names()), (b"old", ["file"]))
        replaceDurably(self.path, b"new")
        self.assertEqual(self.path.read_bytes(), b"new")

    def test_scratch(self) -> None:
        """
        What a killed process has left is removed, and nothing else.
        """
        kept = ["file", "file.lock", "file.new", "fileabc.new", "other.abcdefgh.new"]
        for name in (*kept, "file.abcdefgh.new", "file.12_45_78.new"):
            (self.folder / name).touch()
        removeScratch(self.path)
        self.assertEqual(self.names(), kept)


class LockTests(SynchronousTestCase):
    """
    Who holds it, and how it ends.
    """

    def setUp(self) -> None:
        """
        Choose a file.
        """
        self.path = Path(self.mktemp()).absolute()
        self.lock = FileLock(self.path)

    def tearDown(self) -> None:
        """
        Let go of it.
        """
        self.lock.release()

    def test_exclusive(self) -> None:
        """
        Only one holds it at a time, once, and the next one gets it when it was given back.
        """
        other = FileLock(self.path)
        self.assertTrue(self.lock.acquire())
        self.assertFalse(other.acquire())
        self.assertFalse(self.lock.acquire())
        self.assertEqual((self.lock.isHeld, other.isHeld), (True, False))
        self.lock.release()
        self.lock.release()
        self.assertTrue(other.acquire())
        self.assertFalse(self.lock.acquire())
        other.release()

    def test_diesWithItsProcess(self) -> None:
        """
        A process that is killed leaves the file behind, and not the lock.
        """
        command = [sys.executable, "-c", _HOLD, str(self.path)]
        with subprocess.Popen(command, cwd=_PROJECT, stdout=subprocess.PIPE, text=True) as holder:
            try:
                assert holder.stdout is not None
                self.assertEqual(holder.stdout.readline().strip(), "True")
                self.assertFalse(self.lock.acquire())
            finally:
                holder.kill()
        self.assertTrue(self.path.exists())
        self.assertTrue(self.lock.acquire())

    def test_nowhere(self) -> None:
        """
        A file that cannot be made is an error of its own, and not a lock that is held by somebody.
        """
        self.assertRaises(OSError, FileLock(self.path / "below").acquire)

    def test_noLocks(self) -> None:
        """
        Nor is a disk that knows no locks.
        """
        import fcntl

        def flock(descriptor: int, how: int) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        self.patch(fcntl, "flock", flock)
        self.assertRaises(OSError, self.lock.acquire)
        self.assertFalse(self.lock.isHeld)

    if os.name != "posix":
        test_noLocks.skip = "locks are made in another way here"  # type: ignore[attr-defined]

    def test_exclusively(self) -> None:
        """
        It is waited for a moment only; and given back also after a failure.
        """
        pauses: list[float] = []
        self.patch(time, "sleep", pauses.append)
        with exclusively(self.path):
            self.assertRaises(OSError, exclusively(self.path).__enter__)
        self.assertAlmostEqual(sum(pauses), 3)
        with self.assertRaises(ZeroDivisionError), exclusively(self.path):
            raise ZeroDivisionError
        self.assertTrue(self.lock.acquire())
