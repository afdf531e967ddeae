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
from types import SimpleNamespace

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

    def test_stubbornScratch(self) -> None:
        """
        What cannot be removed stays, and keeps nothing else from it.
        """
        (self.folder / "file.aaaaaaaa.new").mkdir()
        (self.folder / "file.bbbbbbbb.new").touch()
        removeScratch(self.path)
        self.assertEqual(self.names(), ["file.aaaaaaaa.new"])

    def test_link(self) -> None:
        """
        A link stays, and what it leads to is written and tidied up; it need not be there yet.
        """
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        self.path.symlink_to(elsewhere / "real")
        for content in (b"first", b"second"):
            replaceDurably(self.path, content, isSecret=True)
            self.assertTrue(self.path.is_symlink())
            self.assertEqual((elsewhere / "real").read_bytes(), content)
        (elsewhere / "real.abcdefgh.new").touch()
        removeScratch(self.path)
        self.assertEqual((self.names(), os.listdir(elsewhere)), (["elsewhere", "file"], ["real"]))

    def test_fullDisk(self) -> None:
        """
        If the disk takes no more, the old content stays, and what is told is that, even if the disk lets nothing be
        removed, either.
        """
        self.path.write_bytes(b"old")
        for name, number in (("fsync", errno.ENOSPC), ("unlink", errno.EROFS)):

            def refuse(*_: object, number: int = number) -> None:
                raise OSError(number, os.strerror(number))

            self.patch(os, name, refuse)
            error = self.assertRaises(OSError, replaceDurably, self.path, b"new")
            self.assertEqual((error.errno, self.path.read_bytes()), (errno.ENOSPC, b"old"))
            self.assertEqual(len(self.names()), 1 if name == "fsync" else 2)

    def test_openFiles(self) -> None:
        """
        No file is left open, whether it succeeds or not.
        """
        before = len(os.listdir("/dev/fd"))
        for _ in range(3):
            replaceDurably(self.path, b"new", isSecret=True)
        self.patch(durable, "isPrivate", lambda descriptor: False)
        self.assertRaises(OSError, replaceDurably, self.path, b"new", isSecret=True)
        self.assertEqual(len(os.listdir("/dev/fd")), before)

    if not os.path.isdir("/dev/fd"):
        test_openFiles.skip = "open files are not counted here"  # type: ignore[attr-defined]

    def test_written(self) -> None:
        """
        The disk has the content before the file has its name, and then that.
        """
        done: list[str] = []
        fsync, replace = os.fsync, os.replace

        def synced(descriptor: int) -> None:
            found = os.fstat(descriptor)
            done.append("folder" if stat.S_ISDIR(found.st_mode) else f"{found.st_size} bytes")
            fsync(descriptor)

        def replaced(*names: str) -> None:
            done.append("name")
            replace(*names)

        self.patch(os, "fsync", synced)
        self.patch(os, "replace", replaced)
        replaceDurably(self.path, b"new")
        self.assertEqual(done, ["3 bytes", "name", "folder"] if os.name == "posix" else ["3 bytes", "name"])

    def test_folders(self) -> None:
        """
        A file system that cannot be asked to write a folder does without; one that fails to is told of.
        """
        for number, isFine in ((errno.EINVAL, True), (errno.ENOTSUP, True), (errno.EIO, False)):

            def fsync(descriptor: int, number: int = number) -> None:
                if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                    raise OSError(number, os.strerror(number))

            self.patch(os, "fsync", fsync)
            if isFine:
                replaceDurably(self.path, b"new")
            else:
                self.assertEqual(self.assertRaises(OSError, replaceDurably, self.path, b"newer").errno, number)

    if os.name != "posix":
        test_folders.skip = "there is no way to ask for it here"  # type: ignore[attr-defined]

    def test_owner(self) -> None:
        """
        What the administrator writes into a file of a user stays the user's, if the folder is, too. A new file is the
        administrator's own.
        """
        given: list[int] = []
        owners: dict[Path, int] = {self.folder: 7, self.path: 7}

        def status(path: Path) -> SimpleNamespace:
            if path not in owners:
                raise FileNotFoundError
            return SimpleNamespace(st_uid=owners[path])

        self.patch(Path, "stat", status)
        self.patch(os, "fchown", lambda descriptor, user, group: given.append(user))
        self.patch(os, "geteuid", lambda: 7)
        replaceDurably(self.path, b"by the user")
        self.assertEqual(given, [])
        self.patch(os, "geteuid", lambda: 0)
        replaceDurably(self.path, b"by the administrator")
        self.assertEqual(given, [7])
        owners[self.folder] = 0
        replaceDurably(self.path, b"in a folder of the administrator's")
        del owners[self.path]
        replaceDurably(self.path, b"where nothing was")
        self.assertEqual(given, [7])

    def test_ownerCannotBeSet(self) -> None:
        """
        An administrator who may not do that writes all the same.
        """

        def fchown(*_: object) -> None:
            raise PermissionError

        self.patch(os, "geteuid", lambda: 0)
        self.patch(os, "fchown", fchown)
        for content in (b"old", b"new"):
            replaceDurably(self.path, content)
            self.assertEqual(self.path.read_bytes(), content)

    if os.name != "posix":
        for each in (test_owner, test_ownerCannotBeSet):
            each.skip = "files are given to nobody here"  # type: ignore[attr-defined]


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

    def test_private(self) -> None:
        """
        Nobody else can open the file, and so nobody else can hold the lock for ever.
        """
        self.assertTrue(self.lock.acquire())
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_owner(self) -> None:
        """
        A file that the administrator makes can be used by whose folder it is; one that is there stays as it is.
        """
        given: list[int] = []
        self.patch(os, "fchown", lambda descriptor, user, group: given.append(user))
        for user in (7, 0):
            self.patch(os, "geteuid", lambda user=user: user)
            for _ in range(2):
                self.assertTrue(self.lock.acquire())
                self.lock.release()
            self.assertEqual(given, [] if user else [self.path.parent.stat().st_uid])
            self.path.unlink()

    if os.name != "posix":
        for each in (test_private, test_owner):
            each.skip = "files have no permission bits here"  # type: ignore[attr-defined]

    def test_nowhere(self) -> None:
        """
        A file that cannot be made is an error of its own, and not a lock that is held by somebody.
        """
        self.assertRaises(OSError, FileLock(self.path / "below").acquire)

    def test_manyAttempts(self) -> None:
        """
        Who asks for it again and again leaves no open files behind.
        """
        other = FileLock(self.path)
        self.assertTrue(other.acquire())
        before = len(os.listdir("/dev/fd"))
        for _ in range(5):
            self.assertFalse(self.lock.acquire())
        self.assertEqual(len(os.listdir("/dev/fd")), before)
        other.release()
        self.assertEqual(len(os.listdir("/dev/fd")), before - 1)

    if not os.path.isdir("/dev/fd"):
        test_manyAttempts.skip = "open files are not counted here"  # type: ignore[attr-defined]

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
