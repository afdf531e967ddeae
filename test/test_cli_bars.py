"""
Tests of C{ctrader bars}.
"""

from __future__ import annotations

import io
import re
from typing import Any

from rich.console import Console
from twisted.internet.defer import execute

from ctrader_twisted import blocking
from ctrader_twisted.cli.bars import showBars
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import ConfigurationError, CTraderError
from ctrader_twisted.simulator.world import EPOCH
from ctrader_twisted.store import Dataset, Series
from test.commandcase import CommandCase

HOUR = 3_600_000
SPAN = EPOCH - 3 * HOUR, EPOCH
OPTIONS = ("--from", "2026-03-04T07:00:00Z", "--to", "2026-03-04T10:00:00Z", "--account", "20001")
LINE = r"2026-03-04 \d\d:00:00\.000\+00:00(,1\.\d{5}){4},\d+"


class BarsTests(CommandCase):
    """
    What is shown.
    """

    def bars(self, name: str = "EURUSD", file: str | None = None) -> str:
        """
        Show three hours.

        @param name: the symbol.
        @param file: where to write CSV.
        @return: what was told beside them.
        """
        notices = io.StringIO()

        async def main(client: Client, account: Account) -> None:
            await showBars(
                account,
                self.console,
                self.virtual.clock,
                name=name,
                period="H1",
                span=SPAN,
                file=file,
                notices=Console(file=notices, width=300),
            )

        self.drive(main)
        return notices.getvalue()

    def test_table(self) -> None:
        """
        On a terminal they are a table.
        """
        self.console = Console(file=self.file, width=90, force_terminal=True, no_color=True, _environ={"TERM": "xterm"})
        self.bars()
        rows = re.findall(r"2026-03-04T\d\d:00:00Z +1\.\d{5} +1\.\d{5} +1\.\d{5} +1\.\d{5} +[\d,]+", self.text)
        self.assertEqual(len(rows), 3, self.text)

    def test_file(self) -> None:
        """
        With a file they are CSV in it, and that is told.
        """
        path = self.folder / "bars.csv"
        self.assertEqual(self.bars(file=str(path)), f"3 bars are in {path}.\n")
        head, *lines = path.read_text().splitlines()
        self.assertEqual((head, len(lines)), ("timestamp,open,high,low,close,volume", 3))
        for line in lines:
            self.assertRegex(line, f"^{LINE}$")
        self.assertEqual(self.text, "")

    def test_failed(self) -> None:
        """
        A file that cannot be written, or a symbol that is not there, is an error; an older file stays.
        """
        error = self.assertRaises(ConfigurationError, self.bars, file=str(self.folder / "none" / "bars.csv"))
        self.assertIn("bars.csv cannot be written: No such file or directory", str(error))
        path = self.folder / "bars.csv"
        path.write_text("old")
        self.assertRaises(CTraderError, self.bars, "EURUSX", str(path))
        self.assertEqual(path.read_text(), "old")

    def test_pipe(self) -> None:
        """
        In a pipe they are CSV.
        """
        for words in ((), ("--csv", "-")):
            result = self.invoke("bars", "EURUSD", "h1", *words, *OPTIONS)
            self.assertEqual(result.exit_code, 0, result.output)
            self.assertEqual(len(re.findall(LINE, result.stdout)), 3, result.output)

    def test_dataset(self) -> None:
        """
        With a folder they come into a dataset.
        """
        self.patch(blocking, "Worker", lambda reactor: execute)
        path = self.folder / "data"
        result = self.invoke("bars", "EURUSD", "M15", "-o", str(path), *OPTIONS)
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(len(Dataset(path).read(Series.bars("EURUSD", "M15"), *SPAN)), 11)

    def test_usage(self) -> None:
        """
        What makes no sense is refused.
        """
        cases: tuple[tuple[Any, ...], ...] = ((), ("M1", "-o", "x", "--csv", "y"), ("M7",))
        for words in cases:
            self.assertEqual(self.invoke("bars", "EURUSD", *words, *OPTIONS).exit_code, 2)
