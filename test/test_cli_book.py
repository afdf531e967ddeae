"""
Tests of C{ctrader book}.
"""

from __future__ import annotations

import io
import re
from typing import Any

from rich.console import Console
from twisted.internet.task import deferLater

from ctrader_twisted.cli.book import watchBook
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import CTraderError, NotConnected
from ctrader_twisted.schema import messages as m
from ctrader_twisted.simulator.faults import Incoming, Refuse
from test.commandcase import CommandCase

OFFERS = r"((?: [\d.]+@\d+\.\d+)+)"
LINE = rf"2026-03-04T\d\d:\d\d:\d\d\.\d{{3}}Z EURUSD bid{OFFERS} ask{OFFERS}"


class BookCase(CommandCase):
    """
    A book, and what is told beside it.
    """

    def watch(self, name: str, *, count: int | None = None, levels: int = 10, then: Any = None) -> list[str]:
        """
        Watch a book.

        @param name: of the symbol.
        @param count: how many changes.
        @param levels: how many of each side.
        @param then: called in the midst of it.
        @return: what was told beside it, in lines.
        """
        notices = io.StringIO()

        async def main(client: Client, account: Account) -> None:
            if then is not None:
                self.virtual.clock.callLater(5, then)
            await watchBook(
                client,
                account,
                self.console,
                self.virtual.clock,
                name=name,
                levels=levels,
                count=count,
                notices=Console(file=notices, width=200),
            )
            await deferLater(self.virtual.clock, 1)

        self.drive(main)
        return notices.getvalue().splitlines()


class LineTests(BookCase):
    """
    In a pipe or file, each change is a line.
    """

    def test_lines(self) -> None:
        """
        A line tells time, symbol, and the best levels of each side, the best first; in the end it is unsubscribed.
        """
        self.assertEqual(self.watch("EURUSD", count=20, levels=3), [])
        lines = self.text.splitlines()
        self.assertEqual(len(lines), 20)
        for line in lines:
            found = re.fullmatch(LINE, line)
            assert found is not None, line
            bids, asks = ([offer.split("@")[1] for offer in found[side].split()] for side in (1, 2))
            self.assertEqual((bids, asks), (sorted(bids, reverse=True), sorted(asks)))
            self.assertLess(bids[0], asks[0])
            self.assertLessEqual(max(len(bids), len(asks)), 3)
        self.assertTrue(any(len(line.split()) == 10 for line in lines))
        names = [type(message) for message in self.exchange.seen]
        self.assertEqual(names.count(m.ProtoOASubscribeDepthQuotesReq), 1)
        self.assertEqual(names.count(m.ProtoOAUnsubscribeDepthQuotesReq), 1)

    def test_unknown(self) -> None:
        """
        A symbol that is not there is an error, before anything is shown.
        """
        error = self.assertRaises(CTraderError, self.watch, "EURUSX", count=1)
        self.assertIn("no symbol is named 'EURUSX'; similar: EURUSD", str(error))
        self.assertEqual(self.text, "")

    def test_lost(self) -> None:
        """
        That the connection was lost, and is back, is told beside the lines.
        """
        lost, back = self.watch("EURUSD", count=40, then=lambda: self.exchange.faults.restart(3.0))
        self.assertEqual(len(self.text.splitlines()), 40)
        self.assertEqual(lost, "The connection is lost, and is tried again: the connection was cut")
        self.assertRegex(back, r"^Connected again after \d\.\d s\.$")

    def test_refused(self) -> None:
        """
        That the server refuses the book is told; it is asked again.
        """
        rule = Incoming(Refuse("SYMBOL_HAS_NO_QUOTES"), message="ProtoOASubscribeDepthQuotesReq", nth=1)
        self.exchange.faults.add(rule)
        told = self.watch("EURUSD", count=5)
        self.assertIn("EURUSD: SubscribeDepthQuotes for account 20001: SYMBOL_HAS_NO_QUOTES", told[0])


class TableTests(BookCase):
    """
    On a terminal there is a table.
    """

    def setUp(self) -> None:
        """
        Make the terminal.
        """
        super().setUp()
        self.console = Console(file=self.file, width=80, force_terminal=True, no_color=True, _environ={"TERM": "xterm"})

    def frames(self) -> list[str]:
        """
        @return: the table each time it was drawn.
        """
        plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.text)
        return plain.split("EURUSD")[1:]

    def test_table(self) -> None:
        """
        It shows nothing at first, then a row for each level, with lots on the outer sides.
        """
        self.watch("EURUSD", count=20, levels=2)
        first, last = self.frames()[0], self.frames()[-1]
        self.assertRegex(first, r"- +- +- +-")
        rows = re.findall(r"([\d,.]+) +(\d\.\d{5}) +(\d\.\d{5}) +([\d,.]+)", last)
        self.assertEqual(len(rows), 2)
        self.assertLess(rows[0][1], rows[0][2])
        self.assertLess(rows[1][1], rows[0][1])
        self.assertLess(rows[0][2], rows[1][2])
        self.assertIn("Ctrl-C ends it.", last)

    def test_lost(self) -> None:
        """
        While the connection is lost no level is shown, and below the table stands why; then that it is back.
        """
        self.watch("EURUSD", count=40, then=lambda: self.exchange.faults.restart(3.0))
        lost = [frame for frame in self.frames() if "The connection is lost" in frame]
        self.assertGreaterEqual(len(lost), 10)
        for frame in lost:
            self.assertRegex(frame, r"- +- +- +-")
        self.assertIn("Connected again after", self.frames()[-1])

    def test_error(self) -> None:
        """
        If it cannot go on, the terminal is as it was before.
        """

        def block() -> None:
            self.exchange.faults.disconnectApplication("Your application was blocked")

        self.assertRaises(NotConnected, self.watch, "EURUSD", then=block)
        self.assertTrue(self.text.endswith("\x1b[?25h"), repr(self.text[-20:]))


class CommandTests(CommandCase):
    """
    The command.
    """

    def test_count(self) -> None:
        """
        It ends by itself after so many changes.
        """
        result = self.invoke("book", "EURUSD", "--count", "3", "--levels", "1", "--account", "20001")
        self.assertEqual((result.exit_code, len(result.output.splitlines())), (0, 3), result.output)

    def test_usage(self) -> None:
        """
        One symbol is needed, and numbers are above zero.
        """
        for words in ((), ("EURUSD", "XAUUSD"), ("EURUSD", "--count", "0"), ("EURUSD", "--levels", "0")):
            self.assertEqual(self.invoke("book", *words).exit_code, 2)
