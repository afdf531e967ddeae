"""
Tests of C{ctrader plot}, and of bars that are made of what a dataset has.
"""

from __future__ import annotations

import sys
from array import array
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner, Result
from twisted.internet.defer import execute
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import blocking
from ctrader_twisted.cli import commands
from ctrader_twisted.cli.storedbars import storedBars
from ctrader_twisted.columns import Ticks, Trendbars, spanOf
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.store import Dataset, DatasetWriter, Series
from test.commandcase import CommandCase

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_704_067_200_000
BID = Series.ticks("EURUSD", "bid")


def walk(start: int, end: int, step: int) -> Ticks:
    """
    @param start: the first time.
    @param end: the first one behind.
    @param step: the time between ticks.
    @return: ticks that go up and down.
    """
    times = range(start, end, step)
    return Ticks(array("q", times), array("q", [110_000 + place * 37 % 101 for place in range(len(times))]), digits=5)


class StoredCase(SynchronousTestCase):
    """
    A dataset with some days of ticks, and what can be had of it.
    """

    def setUp(self) -> None:
        """
        Write it.
        """
        self.path = Path(self.mktemp())
        self.ticks = walk(START, START + 3 * DAY, 17_000)
        self.dataset = Dataset(self.path)
        with DatasetWriter(self.path) as writer:
            writer.write(BID, (START, START + 3 * DAY), self.ticks)

    def write(self, bars: Trendbars, start: int, end: int) -> None:
        """
        Add bars.

        @param bars: the bars.
        @param start: from when on they are final.
        @param end: until when.
        """
        with DatasetWriter(self.path) as writer:
            writer.write(Series.bars("EURUSD", bars.period), (start, end), bars.between(start, end))


class StoredTests(StoredCase):
    """
    Bars of a dataset.
    """

    def test_ticks(self) -> None:
        """
        Where there are only ticks, bars are made of them: those that open in the span, each of them whole.
        """
        start, end = START + 5 * MINUTE, START + 2 * DAY + 7 * HOUR
        for period in ("M1", "M15", "H1", "H4", "D1"):
            bars, series, needed = storedBars(self.dataset, "EURUSD", period, (start, end))
            self.assertEqual(series, BID)
            whole = Trendbars.fromTicks(self.ticks, period).between(start, end)
            self.assertEqual(bars.marked(True), whole.marked(True), period)
            self.assertEqual(needed[0], whole.timestamps[0])
            self.assertEqual(needed[1], spanOf(period, whole.timestamps[-1]).closing)

    def test_shorter(self) -> None:
        """
        The bars themselves are taken, or else the longest ones of which they can be made.
        """
        span = START, START + 2 * DAY
        for period in ("M1", "M5", "H1"):
            self.write(Trendbars.fromTicks(self.ticks, period), START, START + 3 * DAY)
        for period, of in (("M5", "M5"), ("M2", "M1"), ("M15", "M5"), ("H4", "H1")):
            bars, series, _ = storedBars(self.dataset, "EURUSD", period, span)
            self.assertEqual(series.of, of)
            self.assertEqual(bars.marked(True), Trendbars.fromTicks(self.ticks, period).between(*span).marked(True))

    def test_lacking(self) -> None:
        """
        What lacks less is taken, though it costs more.
        """
        self.write(Trendbars.fromTicks(self.ticks, "H1"), START, START + DAY)
        self.assertEqual(storedBars(self.dataset, "EURUSD", "H1", (START, START + DAY))[1].of, "H1")
        self.assertEqual(storedBars(self.dataset, "EURUSD", "H1", (START, START + 2 * DAY))[1], BID)

    def test_nothing(self) -> None:
        """
        Where there is nothing, it is told what there is; a time without rows has no bars.
        """
        error = self.assertRaises(ConfigurationError, storedBars, self.dataset, "XAUUSD", "H1", (START, START + DAY))
        self.assertIn("of XAUUSD H1 can be made: no such bars, no shorter ones, and no ticks of the bid", str(error))
        self.assertIn("it has EURUSD bid", str(error))
        empty = storedBars(self.dataset, "EURUSD", "H1", (START + 5 * DAY, START + 6 * DAY))[0]
        self.assertEqual((len(empty), empty.period), (0, "H1"))
        with DatasetWriter(self.path) as writer:
            writer.write(BID, (START + HOUR, START + HOUR + 1), walk(START + HOUR, START + HOUR + 1, 1))
        within = storedBars(self.dataset, "EURUSD", "H1", (START + MINUTE, START + 2 * MINUTE))[0]
        self.assertEqual(len(within), 0)


class DatasetPlotTests(StoredCase):
    """
    Pictures from a dataset.
    """

    def plot(self, *words: str, path: Path) -> Result:
        """
        Draw one day.

        @param words: symbol, period, and more options.
        @param path: the picture.
        @return: how it ended.
        """
        options = ("--from", "2024-01-01", "--data", str(self.path), "-o", str(path))
        return CliRunner().invoke(commands.ctrader, ["plot", *words, *options])

    def test_picture(self) -> None:
        """
        A page or a picture is drawn without a server; what is missing is told.
        """
        path = Path(self.mktemp()).with_suffix(".html")
        result = self.plot("EURUSD", "h1", "--to", "2024-01-02", path=path)
        self.assertEqual((result.exit_code, result.output), (0, f"24 bars are drawn in {path}.\n"))
        self.assertIn("EURUSD H1, 2024-01-01 to 2024-01-02", path.read_text())
        path = path.with_suffix(".png")
        result = self.plot("EURUSD", "H1", "--to", "2024-01-05", path=path)
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertTrue(result.output.startswith("EURUSD bid: 1 d of 2024-01-04 to 2024-01-05 is missing\n"))
        self.assertTrue(path.read_bytes().startswith(b"\x89PNG"))

    def test_refused(self) -> None:
        """
        What cannot be drawn is told with what to do, and leaves an older file as it is.
        """
        path = Path(self.mktemp()).with_suffix(".png")
        path.write_text("old")
        for words, sentence in (
            (("EURUSD", "M1", "--to", "2025-01-01"), "527,040 bars of M1 are too many for one picture"),
            (("EURUSD", "M1", "--to", "2025-01-01"), "choose H4, or a shorter time"),
            (("XAUUSD", "H1", "--to", "2024-01-02"), "has nothing of which bars of XAUUSD H1 can be made"),
            (("EURUSD", "H1", "--from", "2024-01-05", "--to", "2024-01-06"), "There are no H1 bars of EURUSD from"),
        ):
            options = ("--data", str(self.path), "-o", str(path))
            given = words if "--from" in words else (*words, "--from", "2024-01-01")
            result = CliRunner().invoke(commands.ctrader, ["plot", *given, *options])
            self.assertEqual(result.exit_code, 1, result.output)
            self.assertIn(sentence, result.output)
        with patch.dict(sys.modules, {"matplotlib.figure": None}):
            result = self.plot("EURUSD", "H1", "--to", "2024-01-02", path=path)
        self.assertIn("install ctrader-twisted[plot]", result.output)
        self.assertEqual(path.read_text(), "old")
        result = self.plot("EURUSD", "H1", "--to", "2024-01-02", path=path.with_suffix(".svg"))
        self.assertIn("is neither a PNG nor an HTML file", result.output)


class ServerPlotTests(CommandCase):
    """
    Pictures from a server.
    """

    def plot(self, *words: str, path: Path) -> Result:
        """
        Draw.

        @param words: symbol, period, and times.
        @param path: the picture.
        @return: how it ended.
        """
        return self.invoke("plot", *words, "-o", str(path), "--account", "20001")

    def test_picture(self) -> None:
        """
        The server's bars are drawn; a dataset gives the same picture.
        """
        span = ("--from", "2026-03-04T06:00:00Z", "--to", "2026-03-04T09:00:00Z")
        path, other = self.folder / "a.html", self.folder / "b.html"
        result = self.plot("EURUSD", "M5", *span, path=path)
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertTrue(result.output.endswith(f"36 bars are drawn in {path}.\n"))
        self.patch(blocking, "Worker", lambda reactor: execute)
        data = str(self.folder / "data")
        self.invoke("history", "EURUSD", "--ticks", *span, "-o", data, "--account", "20001")
        before = len(self.exchange.seen)
        self.assertEqual(self.plot("EURUSD", "M5", *span, "--data", data, path=other).exit_code, 0)
        self.assertEqual(len(self.exchange.seen), before)
        self.assertEqual(other.read_text(), path.read_text())

    def test_refused(self) -> None:
        """
        What makes no sense is told before anything is asked.
        """
        result = self.plot("EURUSD", "M1", "--from", "2025-03-04", "--to", "2026-03-04", path=self.folder / "a.png")
        self.assertIn("are too many for one picture", result.output)
        result = self.plot("EURUSD", "M1", "--from", "2026-03-04", path=self.folder / "a.svg")
        self.assertIn("is neither a PNG nor an HTML file", result.output)
        names = {type(message).__name__ for message in self.exchange.seen}
        self.assertNotIn("ProtoOAGetTrendbarsReq", names)

    def test_many(self) -> None:
        """
        Bars that are too many are told of.
        """
        path = self.folder / "a.png"
        result = self.plot("EURUSD", "M1", "--from", "2026-02-25", "--to", "2026-03-04", path=path)
        self.assertEqual(result.exit_code, 1)
        self.assertRegex(
            result.output, r"\d,\d+ bars of M1 are too many for one picture.*: choose M2, or a shorter time"
        )
        self.assertFalse(path.exists())
