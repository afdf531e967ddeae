"""
The lock on a simulator's folder.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.simulator.lock import FileLock

_PROJECT = Path(__file__).resolve().parent.parent
_HOLD = """
import sys, time
from pathlib import Path
from ctrader_twisted.simulator.lock import FileLock
print(FileLock(Path(sys.argv[1])).acquire(), flush=True)
time.sleep(600)
"""


class LockTests(SynchronousTestCase):
    """
    Who holds it, and how it ends.
    """

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.lock = FileLock(self.path)

    def tearDown(self) -> None:
        self.lock.release()

    def test_exclusive(self) -> None:
        """
        Only one holds it at a time, and the next one gets it when it was given back.
        """
        other = FileLock(self.path)
        self.assertTrue(self.lock.acquire())
        self.assertFalse(other.acquire())
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
