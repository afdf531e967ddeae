"""
Tests of the command line C{ctrader} within this process.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted import cli
from ctrader_twisted.cli import commands, running
from ctrader_twisted.cli.running import Interrupted
from ctrader_twisted.errors import CTraderError


class CommandTests(SynchronousTestCase):
    """
    Options, and exit statuses.
    """

    def invoke(self, *words: str, run: Callable[..., None] = lambda main, reactor: None) -> Result:
        """
        @param words: what follows C{ctrader}.
        @param run: runs the reactor.
        @return: how it ended.
        """
        self.patch(running, "run", run)
        return CliRunner().invoke(commands.ctrader, words)

    def test_help(self) -> None:
        """
        The help names the commands and their options.
        """
        self.assertIn("tour", self.invoke("--help").output)
        text = self.invoke("tour", "-h").output
        for option in ("--replay NAME=FILE", "--seed", "--directory", "--debug"):
            self.assertIn(option, text)

    def test_version(self) -> None:
        """
        The version is that of the installed distribution, or none.
        """
        self.assertIn("ctrader-twisted", self.invoke("--version").output)
        self.patch(commands, "version", lambda name: f"1.2 of {name}")
        self.assertEqual(commands._version(), "1.2 of ctrader-twisted")

        def missing(name: str) -> str:
            raise PackageNotFoundError(name)

        self.patch(commands, "version", missing)
        self.assertEqual(commands._version(), "(not installed)")

    def test_options(self) -> None:
        """
        What is said on the command line reaches the tour.
        """
        given: list[Any] = []
        folder = self.mktemp()
        Path(folder).mkdir()
        words = ("--replay", "EURUSD=a=b.csv", "--replay", "XAUUSD=c.csv", "--seed", "5", "--directory", folder)
        result = self.invoke("tour", *words, run=lambda main, reactor: given.append(main))
        self.assertEqual(result.exit_code, 0, result.output)
        files, seed, place = given[0].args[2:]
        self.assertEqual(files, {"EURUSD": Path("a=b.csv"), "XAUUSD": Path("c.csv")})
        self.assertEqual((seed, place), (5, Path(folder)))

    def test_wrongOptions(self) -> None:
        """
        Wrong options are refused with a sentence, before anything is run.
        """
        for words in (("--replay", "EURUSD"), ("--replay", "=file"), ("--replay", "EURUSD="), ("--directory", "/none")):
            result = self.invoke("tour", *words, run=lambda main, reactor: self.fail())
            self.assertEqual(result.exit_code, 2)
            self.assertIn("Invalid value for", result.output)

    def test_statuses(self) -> None:
        """
        Each end has its status; errors are one sentence on standard error, and a traceback only on request.
        """
        for error, status, sentence in (
            (Interrupted(2), 130, ""),
            (CTraderError("no luck"), 1, "No luck.\n"),
            (OSError("no space"), 1, "no space\n"),
            (ZeroDivisionError("x"), 1, "It failed with ZeroDivisionError; --debug shows where.\n"),
        ):

            def run(main: object, reactor: object, error: Exception = error) -> None:
                raise error

            result = self.invoke("tour", run=run)
            self.assertEqual((result.exit_code, result.output), (status, sentence))
        self.assertIn("Traceback", self.invoke("tour", "--debug", run=run).output)


class MainTests(SynchronousTestCase):
    """
    The entry point.
    """

    def setUp(self) -> None:
        """
        Remember who cares for Ctrl-C.
        """
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))

    def test_interrupted(self) -> None:
        """
        Ctrl-C has its status before the reactor runs, too, as where the user is asked for something.
        """

        def prompt(*args: object, **options: object) -> str:
            signal.raise_signal(signal.SIGINT)
            return "an answer"

        path = Path(self.mktemp()).absolute()
        self.patch(os, "environ", {**os.environ, "CTRADER_PROFILES": str(path)})
        self.patch(sys, "argv", ["ctrader", "login"])
        self.patch(sys, "stdout", io.StringIO())
        self.patch(click.termui, "visible_prompt_func", prompt)
        self.assertEqual(self.assertRaises(SystemExit, cli.main).code, 130)
        self.assertFalse(path.exists())

    def test_closedStreams(self) -> None:
        """
        Where whoever started it has closed a stream, nothing comes from there, and nothing goes there.
        """
        for name in ("stdin", "stdout", "stderr"):
            self.patch(sys, name, None)
        self.patch(sys, "argv", ["ctrader", "--version"])
        self.assertEqual(self.assertRaises(SystemExit, cli.main).code, 0)
        streams = [sys.stdin, sys.stdout, sys.stderr]
        for stream in streams:
            self.addCleanup(stream.close)
        self.assertEqual(sys.stdin.read(), "")

    def test_characters(self) -> None:
        """
        A character that the output lacks does not end a command.
        """
        written = io.BytesIO()
        self.patch(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
        self.patch(sys, "argv", ["ctrader", "--version"])
        self.assertEqual(self.assertRaises(SystemExit, cli.main).code, 0)
        sys.stdout.write("\N{EURO SIGN}")
        sys.stdout.flush()
        self.assertTrue(written.getvalue().endswith(b"\\u20ac"))

    def test_main(self) -> None:
        """
        It runs the command line.
        """
        printed = io.StringIO()
        self.patch(sys, "argv", ["ctrader", "--version"])
        self.patch(sys, "stdout", printed)
        self.assertEqual(self.assertRaises(SystemExit, cli.main).code, 0)
        self.assertIn("ctrader-twisted", printed.getvalue())

    def test_missing(self) -> None:
        """
        Without click or rich it says how to get them, with status 1.
        """
        for name in ("click", "rich"):
            complained = io.StringIO()
            self.patch(sys, "stderr", complained)
            module = sys.modules[name]
            self.addCleanup(sys.modules.__setitem__, name, module)
            sys.modules[name] = None  # type: ignore[assignment]
            self.assertEqual(self.assertRaises(SystemExit, cli.main).code, 1)
            self.assertIn("pip install click rich", complained.getvalue())
            sys.modules[name] = module
