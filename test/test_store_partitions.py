"""
Tests of where series and their partitions lie.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import unquote

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.store import Series
from ctrader_twisted.store.partitions import (
    LATEST,
    checkSpan,
    listPartitions,
    listSeries,
    partitionAt,
    partitionsOf,
    seriesFolder,
    strayPaths,
)
from test.storecase import BID, DAY, M1, T0

NAMES = [
    "#US30",
    "BTC/USD",
    "EURUSD.x",
    "EURUSD.X",
    "EURUSD.",
    "CON",
    "..",
    "a b",
    "US500%",
    "ÄÖ",
    "=",
    "_x",
    ".x",
    "1",
]


class NameTests(SynchronousTestCase):
    """
    Names of symbols as names of folders.
    """

    def test_hardNames(self) -> None:
        """
        Each symbol has a folder of its own, also where small letters and capitals are the same, and is found by it.
        """
        root = Path(self.mktemp())
        series = {Series.ticks(name, "bid") for name in NAMES}
        for each in series:
            seriesFolder(root, each).mkdir(parents=True)
        self.assertEqual(set(listSeries(root)), series)
        folders = {seriesFolder(root, each).parent.name.casefold() for each in series}
        self.assertEqual(len(folders), len(NAMES))

    @settings(deadline=None)
    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=25))
    def test_anyName(self, name: str) -> None:
        """
        Whatever its letters are, a name makes one folder, of letters that every file system has, and readers read it
        back.
        """
        root = Path("root")
        folder = seriesFolder(root, Series.ticks(name, "ask"))
        self.assertEqual(folder.relative_to(root).parts[::2], ("ticks", "side=ask"))
        part = folder.parent.name
        self.assertRegex(part, r"\Asymbol=[A-Z0-9%._-]*[A-Z0-9_-]\Z")
        self.assertEqual(unquote(part.removeprefix("symbol=")), name)

    def test_names(self) -> None:
        """
        Common names are not changed, and what cannot be a name of a folder is refused.
        """
        self.assertEqual(seriesFolder(Path(), BID), Path("ticks/symbol=EURUSD/side=bid"))
        self.assertEqual(seriesFolder(Path(), M1), Path("bars/symbol=EURUSD/period=M1"))
        h1 = seriesFolder(Path(), Series.bars("X.Y", "MN1"))
        self.assertEqual(h1, Path("longbars/symbol=X.Y/period=MN1"))
        for name in ("", "x" * 201):
            self.assertRaises(IllegalValue, Series.ticks, name, "bid")
        for name in ("x" * 200, "EUR\udcffUSD"):
            self.assertRaises(IllegalValue, seriesFolder, Path(), Series.ticks(name, "bid"))

    def test_kinds(self) -> None:
        """
        There are two sides, and the server's periods.
        """
        self.assertIn("bid", str(self.assertRaises(IllegalValue, Series.ticks, "EURUSD", "mid")))
        self.assertIn("M10", str(self.assertRaises(IllegalValue, Series.bars, "EURUSD", "M7")))
        self.assertEqual((str(BID), str(M1)), ("EURUSD bid", "EURUSD M1"))


class PartitionTests(SynchronousTestCase):
    """
    The parts of the time.
    """

    @settings(deadline=None)
    @given(st.integers(0, LATEST - 1), st.sampled_from([BID, M1, Series.bars("X", "H1"), Series.bars("X", "MN1")]))
    def test_everyMoment(self, moment: int, series: Series) -> None:
        """
        Every moment lies in one partition, which touches its neighbours and is found by its name.
        """
        partition = partitionAt(series, moment)
        self.assertTrue(partition.start <= moment < partition.end)
        self.assertEqual(partitionAt(series, partition.start), partition)
        self.assertEqual(partitionAt(series, partition.end - 1), partition)
        self.assertLessEqual(partition.end, LATEST)
        found = list(partitionsOf(series, max(0, partition.start - 1), min(LATEST, partition.end + 1)))
        self.assertEqual(found[0].end if partition.start else partition.start, partition.start)
        self.assertIn(partition, found)
        self.assertLessEqual(len(found), 3)

    def test_names(self) -> None:
        """
        Ticks and bars of minutes have a folder for each day, longer ones for each year.
        """
        for series, name in (
            (BID, "day=2024-01-01"),
            (M1, "day=2024-01-01"),
            (Series.bars("X", "M30"), "day=2024-01-01"),
            (Series.bars("X", "H1"), "year=2024"),
            (Series.bars("X", "D1"), "year=2024"),
        ):
            self.assertEqual((partitionAt(series, T0).name, partitionAt(series, T0).year), (name, 2024))

    def test_others(self) -> None:
        """
        What is no partition is passed by.
        """
        root = Path(self.mktemp())
        folder = seriesFolder(root, BID)
        for name in ("day=2024-01-02", "day=2024-01-01", "day=2024-13-01", "year=2024", "_index-2024"):
            (folder / name).mkdir(parents=True)
        (folder / "day=2024-01-03").write_text("")
        self.assertEqual([each.name for each in listPartitions(root, BID)], ["day=2024-01-01", "day=2024-01-02"])
        self.assertEqual(listPartitions(root, M1), [])
        yearly = Series.bars("EURUSD", "D1")
        for name in ("year=2024", "year=0000", "day=2024-01-01"):
            (seriesFolder(root, yearly) / name).mkdir(parents=True)
        self.assertEqual([each.name for each in listPartitions(root, yearly)], ["year=2024"])
        copies = [
            "bars/symbol=EURUSD/period=H1",
            "ticks/EURUSD",
            "ticks/symbol=/side=bid",
            "ticks/symbol=EUR%FFUSD/side=bid",
            "ticks/symbol=EURUSD (copy)/side=bid",
            "ticks/symbol=EURUSD/side=mid",
            "ticks/symbol=EURUSD/x",
            f"ticks/symbol={'X' * 230}/side=bid",
        ]
        if sys.platform == "linux":
            # Others have no such names.
            copies.append(os.fsdecode(b"ticks/symbol=EUR\xffUSD/side=bid"))
        for name in copies:
            (root / name).mkdir(parents=True)
        files = ["ticks/symbol=EURUSD/side=ask", "ticks/symbol=GBPUSD"]
        for name in files:
            (root / name).write_text("")
        self.assertEqual(listSeries(root), [yearly, BID])
        self.assertEqual([str(path.relative_to(root)) for path in strayPaths(root)], sorted(copies + files, key=Path))

    def test_spans(self) -> None:
        """
        A span has a length, and lies in the calendar.
        """
        checkSpan(0, LATEST)
        for start, end in ((-1, 5), (5, 5), (6, 5), (0, LATEST + DAY)):
            self.assertRaises(IllegalValue, checkSpan, start, end)
