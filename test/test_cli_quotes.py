"""
Tests of C{ctrader quotes}.
"""

from __future__ import annotations

import io
import re
from typing import Any

from rich.console import Console
from twisted.internet.defer import CancelledError
from twisted.internet.task import deferLater

from ctrader_twisted.cli.quotes import watchQuotes
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import AccountRefused, CTraderError, NotConnected
from ctrader_twisted.schema import messages as m
from ctrader_twisted.schema.messages import ProtoOAAccessRights
from ctrader_twisted.simulator.faults import Incoming, Refuse
from test.commandcase import CommandCase

LINE = r"2026-03-04T\d\d:\d\d:\d\d\.\d{3}Z (\w+) (\d+\.\d+) (\d+\.\d+)"


class QuoteCase(CommandCase):
    """
    Quotes, and what is told beside them.
    """

    def setUp(self) -> None:
        """
        Make a place for what is told beside the lines.
        """
        super().setUp()
        self.notices = io.StringIO()

    def watch(self, *names: str, count: int | None = None, then: Any = None, after: float = 5.0) -> None:
        """
        Watch quotes.

        @param names: of the symbols.
        @param count: how many.
        @param then: called in the midst of it.
        @param after: when, in seconds.
        """

        async def main(client: Client, account: Account) -> None:
            if then is not None:
                self.virtual.clock.callLater(after, then)
            notices = Console(file=self.notices, width=200)
            await watchQuotes(
                client, account, self.console, self.virtual.clock, names=names, count=count, notices=notices
            )
            await deferLater(self.virtual.clock, 1)

        self.drive(main)


class LineTests(QuoteCase):
    """
    In a pipe or file, each quote is a line.
    """

    def test_lines(self) -> None:
        """
        A line tells time, symbol, bid and ask; the count is that of all symbols; in the end they are unsubscribed.
        """
        self.watch("EURUSD", "XAUUSD", "EURUSD", count=30)
        lines = self.text.splitlines()
        self.assertEqual(len(lines), 30)
        found = [re.fullmatch(LINE, line) for line in lines]
        self.assertEqual({match[1] for match in found if match}, {"EURUSD", "XAUUSD"})
        for match in found:
            assert match is not None
            self.assertLess(match[2], match[3])
        names = [type(message) for message in self.exchange.seen]
        self.assertEqual(names.count(m.ProtoOASubscribeSpotsReq), names.count(m.ProtoOAUnsubscribeSpotsReq))
        self.assertEqual(self.notices.getvalue(), "")

    def test_unknown(self) -> None:
        """
        A symbol that is not there is an error, before anything is shown.
        """
        error = self.assertRaises(CTraderError, self.watch, "EURUSD", "EURUSX", count=1)
        self.assertIn("no symbol is named 'EURUSX'; similar: EURUSD", str(error))
        self.assertEqual(self.text, "")

    def test_lost(self) -> None:
        """
        That the connection was lost, and is back, is told beside the lines.
        """
        self.watch("EURUSD", count=30, then=lambda: self.exchange.faults.restart(3.0))
        self.assertEqual(len(self.text.splitlines()), 30)
        lost, back = self.notices.getvalue().splitlines()
        self.assertRegex(lost, "^The connection is lost, and is tried again: the connection was cut$")
        self.assertRegex(back, r"^Connected again after \d\.\d s\.$")

    def test_loginLost(self) -> None:
        """
        So is the loss of the account's login alone.
        """
        self.watch("EURUSD", count=30, then=lambda: self.exchange.faults.endSession(self.virtual.accountId))
        lost, back = self.notices.getvalue().splitlines()
        self.assertRegex(lost, "^The login is lost, and is tried again: .+")
        self.assertRegex(back, "^Connected again after ")

    def test_refused(self) -> None:
        """
        That the server refuses a symbol is told, and the others go on.
        """
        self.exchange.faults.add(Incoming(Refuse("SYMBOL_HAS_NO_QUOTES"), message="ProtoOASubscribeSpotsReq", nth=1))
        self.watch("XAUUSD", "EURUSD", count=5)
        self.assertEqual(set(re.findall(LINE, self.text)[0][:1]), {"EURUSD"})
        self.assertIn("XAUUSD: SubscribeSpots for account 20001: SYMBOL_HAS_NO_QUOTES", self.notices.getvalue())

    def test_accountRefused(self) -> None:
        """
        If the account is refused for good, it ends with that.
        """

        def refuse() -> None:
            self.exchange.changeAccount(self.virtual.accountId, accessRights=ProtoOAAccessRights.NO_LOGIN)

        self.assertRaises(AccountRefused, self.watch, "EURUSD", then=refuse)

    def test_blocked(self) -> None:
        """
        If the application is refused for good, it ends with that.
        """

        def block() -> None:
            self.exchange.faults.disconnectApplication("Your application was blocked")

        self.assertIn("was blocked", str(self.assertRaises(NotConnected, self.watch, "EURUSD", then=block)))

    def test_interrupted(self) -> None:
        """
        Ctrl-C ends it.
        """

        async def main(client: Client, account: Account) -> None:
            watching = watchQuotes(client, account, self.console, self.virtual.clock, names=["EURUSD"])
            with self.assertRaises(CancelledError):
                await self.interrupted(watching, 20)

        self.drive(main)
        self.assertGreater(len(self.text.splitlines()), 3)


class TableTests(QuoteCase):
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
        return plain.split("symbol ")[1:]

    def test_table(self) -> None:
        """
        It shows the newest quote of each symbol, its spread in pips, how many came, and how old it is.
        """
        self.watch("EURUSD", "US500", count=30)
        first, last = self.frames()[0], self.frames()[-1]
        self.assertRegex(first, r"EURUSD +- +- +- +0 +-")
        counts = re.findall(r"(\w+) +\d+\.\d+ +\d+\.\d+ +\d+\.\d +(\d+) +\d+ s", last)
        self.assertEqual([name for name, _ in counts], ["EURUSD", "US500"])
        self.assertGreaterEqual(sum(int(count) for _, count in counts), 30)
        self.assertIn("Ctrl-C ends it.", last)

    def test_rate(self) -> None:
        """
        It is drawn four times in a second at most, however many quotes come.
        """
        start = self.virtual.clock.seconds()
        self.watch(*(symbol.name for symbol in self.exchange.catalogue.symbols.values()), count=300)
        took = self.virtual.clock.seconds() - start
        self.assertLess(len(self.frames()), 4 * took + 2)
        self.assertGreater(took, 1)

    def test_lost(self) -> None:
        """
        While the connection is lost no price is shown, and below the table stands why; then that it is back.
        """
        self.watch("EURUSD", count=40, then=lambda: self.exchange.faults.restart(3.0))
        lost = [frame for frame in self.frames() if "The connection is lost" in frame]
        self.assertGreaterEqual(len(lost), 10)
        for frame in lost:
            self.assertRegex(frame, r"EURUSD +- +- +- +\d+ +\d+ s")
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
        It ends by itself after so many quotes.
        """
        result = self.invoke("quotes", "EURUSD", "--count", "3", "--account", "20001")
        self.assertEqual((result.exit_code, len(result.output.splitlines())), (0, 3), result.output)

    def test_usage(self) -> None:
        """
        A symbol is needed, and a count is above zero.
        """
        for words in ((), ("EURUSD", "--count", "0")):
            self.assertEqual(self.invoke("quotes", *words).exit_code, 2)
