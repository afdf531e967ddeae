"""
Tests of what C{ctrader} shows.
"""

from __future__ import annotations

import io
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli.page import Page, sparkline
from ctrader_twisted.cli.tables import accountTable, moment, plainTable, quoteTable, show, symbolTable
from ctrader_twisted.market import Quote
from ctrader_twisted.session.grants import AccountInfo
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.units import Asset, Symbol


def rendered(what: RenderableType, width: int = 100) -> str:
    """
    @param what: something to show.
    @param width: the console's, in characters.
    @return: how it looks.
    """
    file = io.StringIO()
    Console(file=file, width=width).print(what)
    return file.getvalue()


def symbolNamed(name: str) -> Symbol:
    """
    @param name: the name of one of the simulator's symbols.
    @return: the symbol, as a client knows it.
    """
    catalogue = Catalogue()
    spec = catalogue.symbolNamed(name)
    assets = {asset.assetId: Asset(asset.assetId, asset.name, asset.digits) for asset in catalogue.assets.values()}
    return Symbol.fromWire(spec.light(), spec.full(), assets)


class _Encoded(io.StringIO):
    """
    A file that takes certain characters only.
    """

    encoding = "cp1252"


class PageTests(SynchronousTestCase):
    """
    Lines under headings.
    """

    def setUp(self) -> None:
        """
        Open a page that goes into a pipe.
        """
        self.file = io.StringIO()
        self.page = Page(Console(file=self.file, width=60), 2)

    def test_plain(self) -> None:
        """
        In a pipe there are no control characters, headings are numbered, and what belongs to them is indented.
        """
        self.page.title("A title")
        self.page.step("First")
        self.page.say("It costs [5] EUR :smile:")
        self.page.step("Second")
        expected = "A title\n\n1/2 First\n    It costs [5] EUR :smile:\n\n2/2 Second\n"
        self.assertEqual(self.file.getvalue(), expected)

    def test_longLines(self) -> None:
        """
        Sentences are broken at the edge and stay indented; paths stay in one piece.
        """
        self.page.say("word " * 20)
        path = "/a/long/path" * 10
        self.page.line(path)
        *sentence, last = self.file.getvalue().splitlines()
        self.assertGreater(len(sentence), 1)
        for line in sentence:
            self.assertRegex(line, r"^ {4}\S.{,55}$")
        self.assertEqual(last, f"    {path}")

    def test_moving(self) -> None:
        """
        In a pipe, of something that moves there is the last state alone.
        """
        with self.page.moving("one") as moving:
            moving.change("two")
            moving.change("three")
        self.assertEqual(self.file.getvalue().strip(), "three")

    def test_terminal(self) -> None:
        """
        On a terminal there are colours, unless somebody does not want them, and what moves is drawn each time.
        """
        for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            file = io.StringIO()
            environment = {"TERM": "xterm-256color", **variables}
            page = Page(Console(file=file, width=60, force_terminal=True, _environ=environment), 1)
            page.step("First")
            with page.moving("one") as moving:
                moving.change("two")
            self.assertEqual("[1;36m" in file.getvalue(), coloured)
            self.assertIn("one", file.getvalue())
            self.assertIn("two", file.getvalue())

    def test_otherEncoding(self) -> None:
        """
        Where only a few characters can be written, charts and tables are made of those.
        """
        file = _Encoded()
        page = Page(Console(file=file, width=60), 1)
        page.show(quoteTable([(symbolNamed("EURUSD"), None, 0)]))
        page.show(page.chart([1, 2, 3]))
        self.assertTrue(file.getvalue().isascii(), file.getvalue())
        self.assertFalse(self.page.chart([1, 2, 3]).isascii())


class SparklineTests(SynchronousTestCase):
    """
    The course of numbers in a line.
    """

    def test_shape(self) -> None:
        """
        The lowest and the highest number get the lowest and the highest character.
        """
        self.assertEqual(sparkline([10, 20, 30], 10, "abc"), "abc")
        self.assertEqual(sparkline([30, 10], 10, "abc"), "ca")
        self.assertEqual(sparkline([5, 5], 10, "abc"), "bb")
        self.assertEqual(sparkline([], 10), "")

    def test_many(self) -> None:
        """
        If there are more numbers than characters, each stands for the last of its share.
        """
        self.assertEqual(sparkline([9, 0, 9, 1, 9, 2], 3, "abc"), "abc")

    @given(st.lists(st.integers(-(2**62), 2**62), min_size=1), st.integers(1, 200))
    def test_anyNumbers(self, values: list[int], width: int) -> None:
        """
        Any numbers fit, and the last one is always shown.
        """
        line = sparkline(values, width, "abcdefgh")
        self.assertEqual(len(line), min(len(values), width))
        self.assertLessEqual(set(line), set("abcdefgh"))
        if values[-1] == max(values) > min(values) and len(values) <= width:
            self.assertEqual(line[-1], "h")


class TableTests(SynchronousTestCase):
    """
    Tables of what the client knows.
    """

    def test_accounts(self) -> None:
        """
        Both numbers of an account are there, and whether it is about real money.
        """
        text = rendered(
            accountTable([AccountInfo(20001, 5000001, False, "sim", True), AccountInfo(7, 8, True, "", False)])
        )
        self.assertRegex(text, r"20001 +5000001 +demo +sim +yes")
        self.assertRegex(text, r"7 +8 +live +- +no")

    def test_symbols(self) -> None:
        """
        Sizes are in lots and in units of the symbol's own.
        """
        text = rendered(symbolTable([symbolNamed("EURUSD"), symbolNamed("XAUUSD")]))
        self.assertRegex(text, r"EURUSD +Euro vs US Dollar +5 +100,000 EUR +0\.01")
        self.assertRegex(text, r"XAUUSD +.+ +2 +100 Oz\. +0\.01")

    def test_quotes(self) -> None:
        """
        The spread is in pips, the time is the server's; what is not known yet is a dash.
        """
        symbol = symbolNamed("USDJPY")
        quote = Quote(symbol.symbolId, Decimal("147.123"), Decimal("147.141"), 1_772_618_400_123, 0)
        text = rendered(
            quoteTable([(symbol, quote, 7), (symbol, quote._replace(timestamp=None), 8), (symbol, None, 0)])
        )
        self.assertRegex(text, r"USDJPY +147\.123 +147\.141 +1\.8 +7 +10:00:00 *\n")
        self.assertRegex(text, r"USDJPY +147\.123 +147\.141 +1\.8 +8 +-")
        self.assertRegex(text, r"USDJPY +- +- +- +0 +-")

    def test_narrow(self) -> None:
        """
        On a narrow screen headings and descriptions are wrapped, and no number is cut.
        """
        symbol = symbolNamed("XAUUSD")
        quote = Quote(symbol.symbolId, Decimal("4147.12"), Decimal("4147.41"), 1_772_618_400_123, 0)
        text = rendered(quoteTable([(symbol, quote, 1234)]), 56) + rendered(symbolTable([symbol]), 56)
        self.assertRegex(text, r"XAUUSD +4147\.12 +4147\.41 +0\.3 +1234 +10:00:00 *\n")
        self.assertRegex(text, r"XAUUSD +.+ +2 +100 Oz\. +0\.01")
        self.assertLessEqual(max(map(len, text.splitlines())), 56)

    def test_tooNarrow(self) -> None:
        """
        Where not even the numbers have room, lines go beyond the edge rather than lose one. In a pipe there is no edge.
        """
        accounts = [AccountInfo(123456789, 5000001, False, "A broker of a long name", True)]
        for isTerminal, broker in ((True, ""), (False, "A broker of a long name +")):
            file = io.StringIO()
            show(Console(file=file, width=20, force_terminal=isTerminal, color_system=None), accountTable(accounts))
            self.assertRegex(file.getvalue(), rf"123456789 +5000001  demo +{broker}.*yes")

    def test_notCut(self) -> None:
        """
        What has a space in it and may not be wrapped is not cut either.
        """
        table = plainTable("issued", "left", "why", wrapped=("why",))
        table.add_row("2026-11-26 00:12", "30 days", "some words")
        file = io.StringIO()
        show(Console(file=file, width=20, force_terminal=True, color_system=None), table)
        self.assertRegex(file.getvalue(), r"2026-11-26 00:12  30 days  some ")

    def test_moment(self) -> None:
        """
        Times are in UTC.
        """
        self.assertEqual(moment(1_772_618_400_000).isoformat(), "2026-03-04T10:00:00+00:00")
