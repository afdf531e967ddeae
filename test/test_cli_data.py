"""
Tests of C{ctrader data}.
"""

from __future__ import annotations

import json
import re
import sys
from array import array
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli import commands
from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.simulator.market.tickfiles import readTicks
from ctrader_twisted.store import DatasetWriter, Series

START = 1_704_067_200_000
HOUR = 3_600_000
BID, ASK = (Series.ticks("EURUSD", side) for side in ("bid", "ask"))
MINUTES = Series.bars("EURUSD", "M1")


def ticks(*rows: tuple[int, int]) -> Ticks:
    """
    @param rows: seconds after L{START}, and prices.
    @return: the ticks.
    """
    times, prices = zip(*rows, strict=True)
    return Ticks(array("q", [START + 1_000 * at for at in times]), array("q", prices), digits=5)


class DataCase(SynchronousTestCase):
    """
    A dataset with ticks of both sides and bars: an hour that is final, half an hour without the ask, and a live hour.
    """

    def setUp(self) -> None:
        """
        Write it.
        """
        self.path = Path(self.mktemp())
        bar = [array("q", [value]) for value in (START, 110_000, 110_002, 109_999, 110_001, 4)]
        with DatasetWriter(self.path) as writer:
            writer.write(BID, (START, START + HOUR), ticks((1, 110_000), (2, 110_001), (4, 110_002)))
            writer.write(ASK, (START, START + HOUR), ticks((1, 110_010), (3, 110_011)))
            writer.write(ASK, (START + 3 * HOUR // 2, START + 2 * HOUR), ticks((5_401, 110_012)))
            writer.append(BID, (START + HOUR, START + 2 * HOUR), ticks((3_601, 110_003)))
            writer.write(MINUTES, (START, START + HOUR), Trendbars(*bar, period="M1", digits=5))

    def data(self, command: str, *words: str, path: Path | None = None) -> Result:
        """
        Run a command.

        @param command: which.
        @param words: its options.
        @param path: the folder; by default the dataset's.
        @return: how it ended.
        """
        return CliRunner().invoke(commands.ctrader, ["data", command, str(path or self.path), *words])

    def damage(self) -> Path:
        """
        Change a byte of a file.

        @return: the file.
        """
        found = max((path for path in self.path.rglob("*") if path.is_file() and "side=bid" in str(path)), key=str)
        content = bytearray(found.read_bytes())
        content[len(content) // 2] ^= 1
        found.write_bytes(content)
        return found


class StatusTests(DataCase):
    """
    What a dataset holds.
    """

    def test_table(self) -> None:
        """
        Each series has a row, with what is known, live, and missing.
        """
        result = self.data("status")
        self.assertEqual(result.exit_code, 0, result.output)
        time = r"2024-01-01T\d\d:\d\d:\d\dZ"
        for line in (
            r"EURUSD M1 +1 +2024-01-01 +2024-01-01 +100\.0% +- +- +\d+ bytes +1 *\n",
            rf"EURUSD ask +3 +{time} +{time} +75\.0% +- +30 min +\d+ bytes +\d *\n",
            rf"EURUSD bid +4 +{time} +{time} +100\.0% +1 h +- +\d+ bytes +\d *\n",
            r"\n[\d.]+ (bytes|kB) in \S+\n$",
        ):
            self.assertRegex(result.output, line)

    def test_json(self) -> None:
        """
        The same for machines.
        """
        told = json.loads(self.data("status", "--json").output)["series"]
        ask = next(each for each in told if each["of"] == "ask")
        self.assertGreater(ask.pop("bytes"), 0)
        self.assertGreater(ask.pop("segments"), 0)
        self.assertEqual(
            ask,
            {
                "symbol": "EURUSD",
                "kind": "ticks",
                "of": "ask",
                "rows": 3,
                "first": "2024-01-01T00:00:01.000Z",
                "last": "2024-01-01T01:30:01.000Z",
                "start": "2024-01-01T00:00:00.000Z",
                "end": "2024-01-01T02:00:00.000Z",
                "covered": 0.75,
                "finalMilliseconds": HOUR * 3 // 2,
                "provisionalMilliseconds": 0,
                "missingMilliseconds": HOUR // 2,
                "digits": 5,
            },
        )

    def test_empty(self) -> None:
        """
        A dataset without rows is told to be empty; so are series, and spans, without rows.
        """
        path = Path(self.mktemp())
        with DatasetWriter(path):
            pass
        self.assertEqual(self.data("status", path=path).output, f"{path} holds nothing yet.\n")
        self.assertEqual(json.loads(self.data("status", "--json", path=path).output), {"series": []})
        with DatasetWriter(path) as writer:
            writer.write(BID, (START, START + HOUR), Ticks(array("q"), array("q"), digits=5))
        self.assertRegex(self.data("status", path=path).output, r"EURUSD bid +0 +- +- +100\.0% +- +- ")
        (told,) = json.loads(self.data("status", "--json", path=path).output)["series"]
        self.assertEqual((told["first"], told["last"], told["covered"]), (None, None, 1.0))

    def test_uncovered(self) -> None:
        """
        A series of which nothing is known, as after damage, has no beginning.
        """
        (self.path / "ticks" / "symbol=XAUUSD" / "side=bid").mkdir(parents=True)
        told = json.loads(self.data("status", "--json").output)["series"]
        gold = next((each for each in told if each["symbol"] == "XAUUSD"), None)
        assert gold is not None
        self.assertEqual((gold["start"], gold["covered"], gold["missingMilliseconds"]), (None, 0.0, 0))

    def test_none(self) -> None:
        """
        What is no dataset is told so by all commands, and does not become one.
        """
        path = Path(self.mktemp())
        path.mkdir()
        for command in ("status", "verify", "compact"):
            result = self.data(command, path=path)
            self.assertEqual(result.exit_code, 1)
            self.assertIn("is no dataset: it has no _dataset.json", result.output)
        self.assertEqual(list(path.iterdir()), [])


class CareTests(DataCase):
    """
    Whether a dataset is whole.
    """

    def test_fine(self) -> None:
        """
        All is well, with status 0.
        """
        result = self.data("verify")
        self.assertEqual((result.exit_code, result.output), (0, f"All is well: 3 series in {self.path}.\n"))

    def test_damaged(self) -> None:
        """
        What is damaged is named, with what to do, and status 1; also by compact.
        """
        path = self.damage()
        for command in ("verify", "compact"):
            result = self.data(command)
            self.assertEqual(result.exit_code, 1)
            self.assertRegex(result.output, rf"{re.escape(str(path))}: .+; .+")

    def test_compact(self) -> None:
        """
        Segments become Parquet, and nothing else changes.
        """
        before = self.data("export", "--symbol", "EURUSD", "--quotes").stdout
        result = self.data("compact")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertRegex(result.output, r"^[1-9] segments were folded into Parquet\.\n$")
        self.assertEqual(self.data("compact").output, "0 segments were folded into Parquet.\n")
        self.assertEqual(self.data("export", "--symbol", "EURUSD", "--quotes").stdout, before)

    def test_withoutArrow(self) -> None:
        """
        Without pyarrow it says how to get it.
        """
        with patch.dict(sys.modules, {"pyarrow": None, "pyarrow.parquet": None}):
            result = self.data("compact")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("ctrader-twisted[data]", result.output)


class ExportTests(DataCase):
    """
    Rows as CSV.
    """

    def test_ticks(self) -> None:
        """
        Ticks of one side, of all time or of a span, on standard output; beside them, what is not final.
        """
        result = self.data("export", "--symbol", "EURUSD", "--ticks", "ask")
        self.assertEqual(
            result.stdout.splitlines(),
            [
                "timestamp,price",
                "2024-01-01 00:00:01.000+00:00,1.10010",
                "2024-01-01 00:00:03.000+00:00,1.10011",
                "2024-01-01 01:30:01.000+00:00,1.10012",
            ],
        )
        self.assertEqual(
            result.stderr.splitlines(),
            [
                "3 rows of 2024-01-01 to 2024-01-01T02:00:00Z",
                "EURUSD ask: 30 min of 2024-01-01T01:00:00Z to 2024-01-01T01:30:00Z is missing",
            ],
        )
        span = ("--from", "2024-01-01T00:00:02Z", "--to", "2024-01-01T00:00:04Z")
        result = self.data("export", "--symbol", "EURUSD", "--ticks", "bid", *span)
        self.assertEqual(result.stdout.splitlines()[1:], ["2024-01-01 00:00:02.000+00:00,1.10001"])

    def test_quotes(self) -> None:
        """
        Quotes are those that the simulator replays; live ones are told to be so.
        """
        path = self.path / "_quotes.csv"
        result = self.data("export", "--symbol", "EURUSD", "--quotes", "--csv", str(path))
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(result.stdout, "")
        self.assertIn("EURUSD bid: 1 h of 2024-01-01T01:00:00Z to 2024-01-01T02:00:00Z was heard live", result.stderr)
        self.assertEqual(
            [(tick.timestamp - START, tick.bid - 110_000, tick.ask - 110_000) for tick in readTicks(path)],
            [(1_000, 0, 10), (2_000, 1, 10), (3_000, 1, 11), (4_000, 2, 11), (3_601_000, 3, 11), (5_401_000, 3, 12)],
        )

    def test_damagedElsewhere(self) -> None:
        """
        That another day is damaged does not matter.
        """
        later = START + 10 * 24 * HOUR
        with DatasetWriter(self.path) as writer:
            writer.write(BID, (later, later + HOUR), Ticks(array("q", [later]), array("q", [7]), digits=5))
            writer.compact()
            path = next(self.path.rglob("side=bid/day=2024-01-11/*.parquet"))
            content = bytearray(path.read_bytes())
            content[60] ^= 0xFF
            path.write_bytes(content)
            writer.write(BID, (later + HOUR, later + 2 * HOUR), Ticks(array("q"), array("q"), digits=5))
        self.assertEqual(self.data("status").exit_code, 1)
        result = self.data("export", "--symbol", "EURUSD", "--ticks", "bid", "--to", "2024-01-02")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(len(result.stdout.splitlines()), 5)

    def test_bars(self) -> None:
        """
        Bars have all their prices.
        """
        result = self.data("export", "--symbol", "EURUSD", "--bars", "m1")
        self.assertEqual(
            result.stdout.splitlines()[1:], ["2024-01-01 00:00:00.000+00:00,1.10000,1.10002,1.09999,1.10001,4"]
        )

    def test_wrong(self) -> None:
        """
        What is not there is told with what is; an older file stays.
        """
        path = Path(self.mktemp())
        path.write_text("old")
        for words, sentence in (
            (("--symbol", "XAUUSD", "--quotes"), "has no XAUUSD bid and no XAUUSD ask; it has EURUSD M1, EURUSD ask"),
            (("--symbol", "EURUSD", "--bars", "H1"), "has no EURUSD H1; it has"),
            (("--symbol", "EURUSD", "--ticks", "bid", "--from", "2025-01-01"), "there is nothing between"),
        ):
            result = self.data("export", *words, "--csv", str(path))
            self.assertEqual(result.exit_code, 1)
            self.assertIn(sentence, result.output.replace("There", "there"))
        self.assertEqual(path.read_text(), "old")

    def test_damaged(self) -> None:
        """
        A file that is damaged ends it, and an older file stays.
        """
        self.data("compact")
        for parquet in self.path.rglob("*.parquet"):
            parquet.write_bytes(parquet.read_bytes()[:-20])
        path = Path(self.mktemp())
        path.write_text("old")
        result = self.data("export", "--symbol", "EURUSD", "--ticks", "bid", "--csv", str(path))
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(path.read_text(), "old")
        self.assertEqual([each.name for each in path.parent.iterdir() if each.name.endswith(".new")], [])

    def test_usage(self) -> None:
        """
        One kind must be named, and a span that has something in it.
        """
        for words in (
            ("--symbol", "EURUSD"),
            ("--symbol", "EURUSD", "--quotes", "--bars", "M1"),
            ("--symbol", "EURUSD", "--ticks", "both"),
            ("--quotes",),
            ("--symbol", "EURUSD", "--quotes", "--from", "2024-01-02", "--to", "2024-01-01"),
        ):
            self.assertEqual(self.data("export", *words).exit_code, 2)
