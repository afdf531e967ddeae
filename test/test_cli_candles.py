"""
Tests of pictures of trendbars.
"""

from __future__ import annotations

import re
import sys
from array import array
from pathlib import Path
from unittest.mock import patch
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli.candles import MOST_BARS, checkCount, drawCandles
from ctrader_twisted.columns import Trendbars
from ctrader_twisted.errors import ConfigurationError, CTraderError, IllegalValue

START = 1_704_067_200_000
HOUR = 3_600_000
UP, DOWN = "#26895f", "#c33c3c"


def makeBars(closes: list[int], digits: int = 5, step: int = HOUR) -> Trendbars:
    """
    Make bars that open at 1.1.

    @param closes: where each closes, in points above that.
    @param digits: the symbol's digits.
    @param step: the time between them.
    @return: the bars.
    """
    count = len(closes)
    opened = [110_000] * count
    closed = [110_000 + close for close in closes]
    columns = (
        [START + step * place for place in range(count)],
        opened,
        [max(pair) + 5 for pair in zip(opened, closed, strict=True)],
        [min(pair) - 5 for pair in zip(opened, closed, strict=True)],
        closed,
        [100 + place for place in range(count)],
    )
    return Trendbars(*(array("q", column) for column in columns), period="H1", digits=digits)


class PictureTests(SynchronousTestCase):
    """
    What is drawn.
    """

    def setUp(self) -> None:
        """
        Make a folder.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def page(self, bars: Trendbars, title: str = "EURUSD H1") -> str:
        """
        Draw bars as a page.

        @param bars: the bars.
        @param title: what stands above them.
        @return: the page.
        """
        path = self.folder / "bars.html"
        drawCandles(bars, title, path)
        return path.read_text(encoding="utf-8")

    def test_png(self) -> None:
        """
        A PNG is one, of 1280 by 720 points, and replaces what was there.
        """
        path = self.folder / "bars.PNG"
        path.write_text("old")
        drawCandles(makeBars([5, -5]), "EURUSD H1", path)
        content = path.read_bytes()
        self.assertEqual(content[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual([int.from_bytes(content[place : place + 4], "big") for place in (16, 20)], [1280, 720])

    def test_page(self) -> None:
        """
        A page holds its picture, and refers to nothing outside; what it is called cannot end the page.
        """
        page = self.page(makeBars([5, -5]), "<EUR>&USD")
        self.assertIn("<title>&lt;EUR&gt;&amp;USD</title>", page)
        self.assertNotIn("<script", page)
        self.assertEqual(re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"", page), [])
        ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])

    def test_colours(self) -> None:
        """
        A bar that rises or stands still has another colour than one that falls: a wick, a body and a volume each.
        """
        page = self.page(makeBars([5, -5, 0]))
        self.assertEqual(page.count(f"fill: {UP}"), 2 * 2)
        self.assertEqual(page.count(f"fill: {DOWN}"), 2)
        wicks = re.findall(rf"<path [^>]*style=\"fill: none; stroke: ({UP}|{DOWN})", page)
        self.assertEqual(wicks, [UP, DOWN, UP])

    def test_same(self) -> None:
        """
        The same bars give the same picture.
        """
        bars = makeBars([5, -5, 0])
        self.assertEqual(self.page(bars), self.page(bars))

    def test_labels(self) -> None:
        """
        Prices are shown with the symbol's digits; times as hours, or as days where they span more than some days.
        """
        self.assertRegex(self.page(makeBars([5, -5])), r"<!-- 1\.1000\d -->")
        self.assertRegex(self.page(makeBars([500, -500], digits=3)), r"<!-- 1\.10\d -->")
        self.assertIn("<!-- 01-01 02:00 -->", self.page(makeBars([1] * 5)))
        self.assertIn("<!-- 2024-01-05 -->", self.page(makeBars([1] * 30, step=24 * HOUR)))

    def test_many(self) -> None:
        """
        Many bars have few labels.
        """
        page = self.page(makeBars([1] * 300))
        self.assertLessEqual(len(re.findall(r"<!-- 2024-\d\d-\d\d -->", page)), 8)


class RefusalTests(SynchronousTestCase):
    """
    What cannot be drawn.
    """

    def refused(self, bars: Trendbars, name: str = "bars.png") -> CTraderError:
        """
        Draw in vain.

        @param bars: the bars.
        @param name: of the file.
        @return: why not.
        """
        path = Path(self.mktemp()) / name
        error: CTraderError = self.assertRaises(CTraderError, drawCandles, bars, "EURUSD H1", path)
        self.assertFalse(path.exists())
        return error

    def test_bars(self) -> None:
        """
        No bar at all, and more than can be told from each other.
        """
        error = self.refused(makeBars([]))
        self.assertIsInstance(error, IllegalValue)
        self.assertIn("no bar", str(error))
        error = self.refused(makeBars([1] * (MOST_BARS + 1)))
        self.assertIn(f"5,001 bars of H1 are too many for one picture, which has room for {MOST_BARS:,}", str(error))

    def test_instead(self) -> None:
        """
        Of too many bars it is told what would be few enough.
        """
        for count, period, instead in (
            (5_001, "M1", "choose M2, or a shorter time"),
            (30_000, "H1", "choose H12, or a shorter time"),
            (1_000_000, "D1", "choose a shorter time"),
        ):
            error = self.assertRaises(IllegalValue, checkCount, count, period)
            self.assertTrue(str(error).endswith(instead), str(error))
        checkCount(MOST_BARS, "M1")

    def test_older(self) -> None:
        """
        What cannot be drawn or written leaves an older file as it is.
        """
        path = Path(self.mktemp()).with_suffix(".png")
        path.write_text("old")

        def full(*args: object) -> None:
            raise OSError(28, "No space left on device")

        with patch.object(Path, "write_bytes", full):
            error = self.assertRaises(ConfigurationError, drawCandles, makeBars([1]), "EURUSD H1", path)
        self.assertEqual(str(error), f"{path} cannot be written: No space left on device")
        self.assertRaises(IllegalValue, drawCandles, makeBars([]), "EURUSD H1", path)
        self.assertEqual(path.read_text(), "old")
        self.assertEqual([each for each in path.parent.iterdir() if ".new" in each.name], [])

    def test_name(self) -> None:
        """
        A file of another kind.
        """
        error = self.refused(makeBars([1]), "bars.pdf")
        self.assertIsInstance(error, ConfigurationError)
        self.assertIn("bars.pdf is neither a PNG nor an HTML file; let its name end in .png or .html", str(error))

    def test_folder(self) -> None:
        """
        A folder that is not there.
        """
        error = self.refused(makeBars([1]))
        self.assertIsInstance(error, ConfigurationError)
        self.assertIn("cannot be written: No such file", str(error))

    def test_missing(self) -> None:
        """
        Without matplotlib it is told what to install.
        """
        with patch.dict(sys.modules, {"matplotlib.figure": None}):
            self.assertIn("install ctrader-twisted[plot]", str(self.refused(makeBars([1]))))
