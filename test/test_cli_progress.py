"""
Tests of how the progress of downloads is shown, and of the files that commands write.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from rich.console import Console
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli.files import replacing, textOutput
from ctrader_twisted.cli.progress import Display, Tally
from test.commandcase import BrokenPipe


class TallyTests(SynchronousTestCase):
    """
    How far a download has come.
    """

    def test_share(self) -> None:
        """
        Nothing is known at first; where nothing is to be fetched, all is there.
        """
        tally = Tally("EURUSD")
        self.assertEqual((tally.share, tally.rate(0), tally.left(5)), (0.0, 0.0, None))
        tally.total = 0
        self.assertEqual(tally.share, 1.0)
        tally.total, tally.done, tally.rows = 100, 25, 1_000
        self.assertEqual((tally.share, tally.rate(10), tally.left(10)), (0.25, 100.0, 30.0))


class DisplayTests(SynchronousTestCase):
    """
    What is shown.
    """

    def setUp(self) -> None:
        """
        Make two downloads, one of them complete.
        """
        self.clock = Clock()
        self.tallies = [Tally("EURUSD", total=1_000, done=999, rows=5_000), Tally("XAUUSD", total=0)]

    def test_lines(self) -> None:
        """
        Of what is complete there are no more lines, and nothing is complete before it is.
        """
        file = io.StringIO()
        with Display(Console(file=file), self.clock, self.tallies):
            self.clock.pump([15] * 4)
        self.assertEqual(
            file.getvalue().splitlines(),
            ["EURUSD: 99%, 5,000 rows, 167 rows/s, 0 s left", "EURUSD: 99%, 5,000 rows, 83 rows/s, 0 s left"],
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_broken(self) -> None:
        """
        If nobody reads it any more, the download goes on without it.
        """
        with Display(Console(file=BrokenPipe()), self.clock, self.tallies):
            self.clock.pump([15] * 4)
            self.assertEqual(self.clock.getDelayedCalls(), [])


class FileTests(SynchronousTestCase):
    """
    Files that are whole, or not there.
    """

    def setUp(self) -> None:
        """
        Make a file.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "rows.csv"
        self.path.write_text("old")

    def names(self) -> list[str]:
        """
        @return: the files that there are.
        """
        return sorted(path.name for path in self.folder.iterdir())

    def test_replaced(self) -> None:
        """
        A file takes the place of another when all went well, also where a link leads to it.
        """
        link = self.folder / "link.csv"
        link.symlink_to(self.path.resolve())
        with textOutput(str(link)) as file:
            file.write("new")
            self.assertEqual(self.path.read_text(), "old")
        self.assertEqual((self.path.read_text(), self.names()), ("new", ["link.csv", "rows.csv"]))
        self.assertTrue(link.is_symlink())

    def test_failed(self) -> None:
        """
        If something goes wrong, the older one stays, and nothing else.
        """

        def fail() -> None:
            with replacing(self.path) as scratch:
                self.assertEqual(scratch.suffix, ".csv")
                scratch.write_text("half")
                raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, fail)
        self.assertEqual((self.path.read_text(), self.names()), ("old", ["rows.csv"]))

    def test_pipe(self) -> None:
        """
        When nobody reads a pipe any more, the program ends without a word.
        """
        reading, writing = os.pipe()
        os.close(reading)
        # Of little it is noticed at the end, of much before.
        for size in (1, 100_000):
            with os.fdopen(os.dup(writing), "w") as file:
                self.patch(sys, "stdout", file)
                with self.assertRaises(SystemExit) as caught, textOutput("-") as output:
                    output.write("x" * size)
                self.assertEqual(caught.exception.code, 1)
        os.close(writing)

    def test_device(self) -> None:
        """
        What is no file is written as it is.
        """
        with textOutput(os.devnull) as file:
            file.write("gone")
        self.assertFalse(Path(os.devnull).is_file())
