"""
Tests of the user's screen, keyboard and browser.
"""

from __future__ import annotations

import io
import os
import sys
import webbrowser
from threading import Event
from typing import Any

from rich.console import Console
from twisted.internet import reactor
from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted.cli.terminal import openBrowser, readLine, say, sayInAnyCase
from test.commandcase import BrokenPipe


class ScreenTests(SynchronousTestCase):
    """
    Lines that may be copied.
    """

    def test_say(self) -> None:
        """
        A line is shown as it is: not broken at the edge, and nothing in it is taken for markup.
        """
        screen = io.StringIO()
        line = "[bold]:smile: " + "http://[::1]:8765/callback " * 9
        say(Console(file=screen, width=40), line.strip())
        self.assertEqual(screen.getvalue(), f"{line.strip()}\n")


class UnreadTests(SynchronousTestCase):
    """
    A screen on which nothing can be shown any more.
    """

    def setUp(self) -> None:
        """
        Hear what is told on standard error.
        """
        self.complaints = io.StringIO()
        self.patch(sys, "stderr", self.complaints)

    def test_fails(self) -> None:
        """
        From the first failure on all goes to standard error, each line once.
        """
        pipe = BrokenPipe()
        console = Console(file=pipe)
        sayInAnyCase(console, "one")
        pipe.lines = 2
        sayInAnyCase(console, "two")
        self.assertEqual((pipe.getvalue(), self.complaints.getvalue()), ("", "one\ntwo\n"))

    def test_exits(self) -> None:
        """
        So it is if rich wants the program to end.
        """

        class Exiting(Console):
            def print(self, *objects: Any, **options: Any) -> None:
                raise SystemExit(1)

        sayInAnyCase(Exiting(), "one")
        self.assertEqual(self.complaints.getvalue(), "one\n")


class BrowserTests(SynchronousTestCase):
    """
    A browser that comes back when its window is closed.
    """

    def test_notWaitedFor(self) -> None:
        """
        Nobody waits for it.
        """
        closed, opened = Event(), Event()
        self.addCleanup(closed.set)
        urls: list[str] = []

        def browse(url: str) -> None:
            urls.append(url)
            opened.set()
            closed.wait(30)

        self.patch(webbrowser, "open", browse)
        openBrowser("http://example.com")
        self.assertTrue(opened.wait(30))
        self.assertEqual(urls, ["http://example.com"])


class KeyboardTests(TestCase):
    """
    Lines that somebody types.
    """

    timeout = 30

    def setUp(self) -> None:
        """
        Make a keyboard.
        """
        self.read, self.write = os.pipe()
        self.addCleanup(os.close, self.read)

    async def test_line(self) -> None:
        """
        A line may come in pieces; its end is not part of it.
        """
        line = readLine(reactor, self.read)
        os.write(self.write, b" http://127.0")
        os.write(self.write, b".0.1/?code=7\r\n")
        self.assertEqual(await line, "http://127.0.0.1/?code=7")
        os.close(self.write)

    async def test_nobody(self) -> None:
        """
        If nobody types there, the line is empty, or what there was.
        """
        os.write(self.write, b"half")
        os.close(self.write)
        self.assertEqual(await readLine(reactor, self.read), "half")
        self.assertEqual(await readLine(reactor, self.read), "")
        self.assertEqual(await readLine(reactor, self.write), "")

    async def test_cancelled(self) -> None:
        """
        Waiting can be given up; what is typed then is nobody's.
        """
        line = readLine(reactor, self.read)
        line.cancel()
        await self.assertFailure(line, CancelledError)
        os.close(self.write)
        self.assertEqual(await readLine(reactor, self.read), "")
