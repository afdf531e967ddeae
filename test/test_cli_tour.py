"""
Tests of C{ctrader tour}: the story on virtual time, the tour over TLS in this process, and the command in another.
"""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from rich.console import Console
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted.cli import tour as tourModule
from ctrader_twisted.cli.page import Page
from ctrader_twisted.cli.story import STEPS, Story
from ctrader_twisted.errors import ConfigurationError, CTraderError
from ctrader_twisted.simulator.market.summary import Tick
from ctrader_twisted.simulator.venue.triggers import trigger
from ctrader_twisted.testing import VirtualExchange

PROJECT = Path(__file__).resolve().parent.parent

RUN = "from ctrader_twisted.cli import main; main()"


def ticks() -> str:
    """
    @return: two hours of ticks in an open market, as a file holds them.
    """
    lines = ["timestamp,bid,ask"]
    for second in range(0, 7200, 5):
        hours, minutes = divmod(second // 60, 60)
        price = 12000 + second % 900
        lines.append(f"2020-01-02T{10 + hours}:{minutes:02}:{second % 60:02}Z,1.{price},1.{price + 10}")
    return "\n".join(lines)


def headings(text: str) -> list[str]:
    """
    @param text: what a tour has shown.
    @return: its headings.
    """
    return re.findall(r"^(\d/\d .+)$", text, re.MULTILINE)


class StoryTests(SynchronousTestCase):
    """
    What the tour does, against the simulated exchange on virtual time.
    """

    def setUp(self) -> None:
        """
        Make an exchange on which time passes as on the tour.
        """
        self.virtual = VirtualExchange(speed=60.0)
        self.file = io.StringIO()

    def story(self, cut: Any = None, **options: Any) -> Story:
        """
        @param cut: cuts the connection; by default the exchange does.
        @param options: of the client.
        @return: the story.
        """
        page = Page(Console(file=self.file, width=100), STEPS)
        client = self.virtual.client(**options)
        return Story(self.virtual.clock, page, client, cut or self.virtual.exchange.disconnectAll)

    def test_whole(self) -> None:
        """
        It tells of each step, the position survives the loss, and the balance moves by what the deal says.
        """
        story = self.story()
        self.virtual.drive(story.tell())
        text = self.file.getvalue()
        self.assertEqual([line[:3] for line in headings(text)], [f"{step}/{STEPS}" for step in range(1, STEPS + 1)])
        entry = self.found("Filled at")
        self.assertEqual(self.found("stop loss at") - entry, Decimal("-0.00200"))
        self.assertEqual(self.found("take profit at") - entry, Decimal("0.00400"))
        self.assertIn("is still there.", text)
        self.assertEqual(self.found("The balance is") - self.found("its balance is"), self.found("together"))
        self.assertEqual(next(iter(story.quotes)), "EURUSD")
        for count in story.quotes.values():
            self.assertGreater(count, 5)

    def found(self, words: str) -> Decimal:
        """
        @param words: some words that were shown.
        @return: the number behind them.
        """
        match = re.search(rf"{words} (-?\d+\.\d+)", self.file.getvalue())
        assert match is not None, self.file.getvalue()
        return Decimal(match[1])

    def test_nothingLeft(self) -> None:
        """
        In the end no position is open, no connection, and no timer.
        """
        self.virtual.drive(self.story().tell())
        self.virtual.advance(10)
        self.assertEqual(self.virtual.exchange.connections, [])
        self.assertEqual(list(self.virtual.exchange.venue.accounts[self.virtual.accountId].positions), [])
        self.assertEqual(self.virtual.clock.getDelayedCalls(), [])

    def test_preferred(self) -> None:
        """
        The symbols that are replayed are watched, beside the one that is traded.
        """
        story = self.story()
        self.virtual.drive(story.tell(["GER40", "XAUUSD"]))
        self.assertEqual(set(story.quotes), {"EURUSD", "XAUUSD", "GER40"})

    def test_mayNotTrade(self) -> None:
        """
        With a token that only looks, the story ends with a sentence.
        """
        story = self.story(tokens=self.virtual.grant("view"))
        error = self.assertRaises(ConfigurationError, self.virtual.drive, story.tell())
        self.assertIn("no demo account", str(error))

    def test_closedMeanwhile(self) -> None:
        """
        If the stop loss is hit while the connection is lost, the story says so.
        """
        exchange = self.virtual.exchange
        eurusd = exchange.catalogue.symbolNamed("EURUSD").symbolId

        def cut() -> None:
            exchange.disconnectAll()
            quote = exchange.market.quote(eurusd)
            assert quote is not None
            trigger(exchange.venue, eurusd, Tick(exchange.timeline.now(), quote.bid - 1000, quote.ask - 1000))

        self.virtual.drive(self.story(cut).tell())
        self.assertIn("was closed by the market meanwhile.", self.file.getvalue())
        self.assertIn("There is nothing to close", self.file.getvalue())


class TourTests(TestCase):
    """
    The whole tour, over TLS.
    """

    timeout = 60

    def setUp(self) -> None:
        """
        Make a folder for the script, and note what lies among the temporary files.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.file = io.StringIO()
        before = set(Path(gettempdir()).glob("ctrader-tour-*"))
        self.addCleanup(lambda: self.assertEqual(set(Path(gettempdir()).glob("ctrader-tour-*")) - before, set()))

    def tour(self, files: dict[str, Path]) -> Deferred[None]:
        """
        @param files: what to replay.
        @return: fires when the tour is over.
        """
        console = Console(file=self.file, width=100)
        return Deferred.fromCoroutine(tourModule.tour(reactor, console, files, 1, self.folder))

    def test_replayed(self) -> Deferred[None]:
        """
        With a file the prices are those of the file, and the script is left behind.
        """
        path = self.folder / "ticks.csv"
        path.write_text(ticks())

        def check(_: None) -> None:
            text = self.file.getvalue()
            self.assertIn("EURUSD from ticks.csv", text)
            self.assertIn("02 January 2020", text)
            self.assertRegex(text, r"EURUSD +1\.12\d\d\d +1\.12\d\d\d +1\.0 ")
            self.assertIn(str((self.folder / "first_script.py").resolve()), text)

        return self.tour({"EURUSD": path}).addCallback(check)

    def test_limit(self) -> Deferred[None]:
        """
        A tour that takes too long is ended, and leaves nothing behind.
        """
        self.patch(tourModule, "_LIMIT", 0.3)
        ended = self.assertFailure(self.tour({}), CTraderError)
        return ended.addCallback(lambda error: self.assertIn("not over within 0.3 s", str(error)))


class CommandTests(SynchronousTestCase):
    """
    The command in a process of its own.
    """

    def setUp(self) -> None:
        """
        Make a folder to run it in.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def start(self, *words: str) -> subprocess.Popen[str]:
        """
        Start the command; it does not outlive the test.

        @param words: what follows C{ctrader}.
        @return: the process.
        """
        path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", RUN, *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_success(self) -> None:
        """
        The tour ends with status 0, says nothing on standard error, puts no control characters into a pipe, and leaves
        its script.
        """
        process = self.start("tour")
        text, errors = process.communicate(timeout=60)
        self.assertEqual((process.returncode, errors), (0, ""))
        self.assertEqual(len(headings(text)), STEPS + 1)
        self.assertNotIn("\x1b", text)
        self.assertTrue((self.folder / "first_script.py").is_file())

    def test_failure(self) -> None:
        """
        A failure is one plain sentence and another status; where it happened is shown on request.
        """
        for words in ([], ["--debug"]):
            process = self.start("tour", "--replay", "EURUSD=none.csv", *words)
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 1)
            self.assertEqual(errors.splitlines()[-1], "none.csv cannot be read: No such file or directory.")
            self.assertEqual("Traceback" in errors, bool(words))

    def test_interrupted(self) -> None:
        """
        Ctrl-C ends it with status 130, without a word.
        """
        process = self.start("tour")
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("4/"):
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual((process.returncode, errors), (130, ""))
        self.assertEqual(list(self.folder.iterdir()), [])

    if os.name != "posix":
        test_interrupted.skip = "there are no such signals here"  # type: ignore[attr-defined]
