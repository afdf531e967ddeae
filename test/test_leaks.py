"""
Tests of the watch that looks for secrets in what the tests show.
"""

from __future__ import annotations

import io
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import cast
from urllib.parse import quote

import click
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from twisted.internet.defer import Deferred, fail
from twisted.logger import ILogObserver, LogEvent, Logger, LogPublisher, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.reporter import TestResult
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError, CTraderError, PortBusy, TokensNotStored
from ctrader_twisted.secret import Secret
from test import daemons
from test.daemons import PROJECT, Child
from test.leaks import LeakFound, Watch
from test.secrecy import Secrets, misplaced, stored

# They are told to the watch under test alone, so that the suite's own does not find what is shown here.
SECRET = "-x7Qm2WvT9_kLr4sB8nZc1YhUd6Ae3PfGj5oXw0iKtE"
ODD = "n1cely-kept/+&=<é>"


class SecretsTests(SynchronousTestCase):
    """
    Secrets in texts.
    """

    def setUp(self) -> None:
        """
        Remember two.
        """
        self.secrets = Secrets()
        self.assertTrue(self.secrets.add(SECRET))
        self.assertTrue(self.secrets.add(ODD))

    def test_place(self) -> None:
        """
        A secret is found where it begins, in any text, and its beginning is enough.
        """
        self.assertEqual(self.secrets.place(SECRET), 0)
        self.assertEqual(self.secrets.place(f"Bearer {SECRET}."), 7)
        self.assertEqual(self.secrets.place(f"tokens-{SECRET}.json and {SECRET}"), 7)
        self.assertEqual(self.secrets.place(f"{SECRET[:16]}…"), 0)
        self.assertIsNone(self.secrets.place(SECRET[:15]))
        self.assertIsNone(self.secrets.place(f"{SECRET[:8]} and {SECRET[8:]}"))
        self.assertIsNone(self.secrets.place("the access token of a client"))

    def test_quoted(self) -> None:
        """
        However a text is quoted, its secrets are found.
        """
        for secret in (SECRET, ODD):
            for text in (f"\n{secret}\t", f"/{secret}/", f"\x1b[1m{secret}\x1b[0m", f"é{secret}"):
                for quoted in (text, repr(text), repr(text.encode()), json.dumps(text), quote(text, safe="")):
                    self.assertIsNotNone(self.secrets.place(quoted), quoted)

    def test_once(self) -> None:
        """
        What is known already is nothing new.
        """
        self.assertFalse(self.secrets.add(SECRET))
        self.assertFalse(self.secrets.add(ODD))

    def test_words(self) -> None:
        """
        Words that appear anyway are not looked for; long runs of letters are, since a token may have no digit.
        """
        for word in ("", "token", "another", "forgotten", "not the secret", "s3cret", "00000000-0000", "x" * 1_000):
            self.assertFalse(self.secrets.add(word), word)
        for secret in ("access-1", "passw0rd", "tPpMRDLsQIlQAsdRLPqmXAvLUQvxvbtuyZVcPGgABCD", f"refused, {SECRET[1:]}"):
            self.assertTrue(self.secrets.add(secret), secret)


class FileTests(SynchronousTestCase):
    """
    Secrets in files.
    """

    if os.name != "posix":
        skip = "files have no permission bits here"

    def setUp(self) -> None:
        """
        Make a folder as a run leaves it.
        """
        self.folder = Path(self.mktemp()).absolute()
        (self.folder / "trial" / "test").mkdir(parents=True)
        self.record = self.folder / "secrets"
        self.record.write_text(json.dumps(SECRET) + "\n")
        self.output = self.put("output", "PASSED")
        self.secrets = Secrets()
        self.secrets.add(SECRET)

    def put(self, name: str, text: str, mode: int = 0o644) -> Path:
        """
        @param name: the name of a file.
        @param text: what is in it.
        @param mode: who may read it.
        @return: its path.
        """
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def judged(self) -> tuple[int, str]:
        """
        @return: what the script of C{.ci/run} answers and says.
        """
        main = runpy.run_path(str(PROJECT / ".ci" / "leaks.py"), run_name="leaks")["main"]
        with redirect_stderr(io.StringIO()) as said:
            status = main(str(self.record), str(self.folder / "trial"), str(self.output))
        self.assertNotIn(SECRET, said.getvalue())
        return status, said.getvalue()

    def test_clean(self) -> None:
        """
        A secret may be in files that nobody else can read.
        """
        self.put("trial/test/tokens.json", SECRET, 0o600)
        self.put("trial/test.log", "all is well")
        (self.folder / "trial" / "link.log").symlink_to("test/tokens.json")
        self.assertEqual(self.judged(), (0, "secrets that were used: 1\n"))

    def test_misplaced(self) -> None:
        """
        It may not be in files that others can read, and in logs and in what was printed not at all.
        """
        self.put("trial/clean", "é\n" * 1_000)
        first = self.put("trial/test/tokens.json", f"é\n{SECRET}\n{SECRET}", 0o640)
        second = self.put("trial/test/twistd.log", f"é: {SECRET}", 0o600)
        self.assertEqual(list(misplaced(self.folder / "trial", self.secrets)), [(first, 3), (second, 4)])
        self.output.write_text(f"printed: {SECRET}")
        status, said = self.judged()
        self.assertEqual(status, 1)
        for path, at in ((first, 3), (second, 4), (self.output, 9)):
            self.assertIn(f"{path}: others can read the secret at byte {at}\n", said)

    def test_unwatched(self) -> None:
        """
        A run without secrets is one that nobody has watched.
        """
        self.record.unlink()
        self.assertRaises(SystemExit, self.judged)

    def test_stored(self) -> None:
        """
        What programs keep in their files are secrets, too.
        """
        self.put("trial/state.json", json.dumps({"grants": [{"accessToken": "a", "refreshToken": "r", "scope": "x"}]}))
        self.put("trial/test/profiles.toml", '[demo]\nclientId = "c"\nclientSecret = "s"\n')
        self.put("trial/other.txt", 'clientSecret = "o"')
        self.assertEqual(sorted(stored(self.folder)), ["a", "r", "s"])


class WatchCase(SynchronousTestCase):
    """
    A watch that complains to a log of its own.
    """

    def setUp(self) -> None:
        """
        Start it.
        """
        self.publisher = LogPublisher()
        self.events: list[LogEvent] = []
        self.publisher.addObserver(cast(ILogObserver, self.events.append))
        self.watch = Watch(self.publisher)
        self.watch.remember(SECRET)
        self.watch.start()
        self.addCleanup(self.watch.stop)

    def found(self) -> list[str]:
        """
        @return: what it has complained about since the last time.
        """
        failures = [event["log_failure"] for event in self.events if "log_failure" in event]
        words = [str(each.value) for each in failures if each.check(LeakFound)]
        self.assertNotIn(SECRET, str(words))
        self.events.clear()
        return words

    def assertFound(self, *beginnings: str) -> None:
        """
        Demand complaints, each with its beginning.
        """
        found = self.found()
        self.assertEqual([words[: len(each)] for words, each in zip(found, beginnings, strict=True)], [*beginnings])
        for words in found:
            self.assertRegex(words, r" shows a secret, at line \d+ of test\.test_leaks$")


class LogTests(WatchCase):
    """
    What is logged.
    """

    def setUp(self) -> None:
        """
        Make a log.
        """
        super().setUp()
        self.log = Logger("a.log", observer=self.publisher)

    def test_clean(self) -> None:
        """
        A secret that does not show itself is no leak.
        """
        self.log.info("it is {token}", token=Secret("kept-by-1tself"), pair=TokenPair("kept-by-1tself"))
        self.assertEqual(self.found(), [])

    def test_message(self) -> None:
        """
        Neither the message of an event may show it, nor a field that the message does not name.
        """
        self.log.info("it is {token}", token=SECRET)
        self.log.debug("it is not shown", request={"token": SECRET})
        self.assertFound("the log of a.log", "the log of a.log")

    def test_failure(self) -> None:
        """
        So it is with an error that is logged, even if it is not ours.
        """
        self.log.failure("it has failed", Failure(ValueError(SECRET)))
        self.assertFound("an error, builtins.ValueError,", "the log of a.log")

    def test_variables(self) -> None:
        """
        And with the variables that an error has captured.
        """
        token = SECRET
        try:
            raise ValueError(len(token))
        except ValueError:
            failure = Failure(captureVars=True)
        self.log.failure("it has failed", failure)
        self.assertFound("the log of a.log")


class RaisedTests(WatchCase):
    """
    What is raised.
    """

    def test_clean(self) -> None:
        """
        An error may hold a secret that does not show itself.
        """
        Failure(TokensNotStored("the pair is not stored", TokenPair("kept-by-1tself")))
        self.assertEqual(self.found(), [])

    def test_made(self) -> None:
        """
        An error of ours is looked at when it is made, even if nobody sees it, and when it is explained.
        """
        error = PortBusy(f"the code is {SECRET}")
        self.assertFound("an error, ctrader_twisted.errors.own.PortBusy,")
        error.explain()
        self.assertFound("an explanation")

    def test_failure(self) -> None:
        """
        When it becomes a failure, it is complete, and notes belong to it.
        """
        error = ConfigurationError("the server has said something")
        Failure(error)
        self.assertEqual(self.found(), [])
        error.add_note(SECRET)
        Failure(error)
        self.assertFound("an error, ctrader_twisted.errors.own.ConfigurationError,")

    def test_chain(self) -> None:
        """
        So do the errors that a traceback shows with it, and no others.
        """

        def number(translate: Callable[[Exception], None]) -> None:
            try:
                raise ValueError(SECRET)
            except ValueError as error:
                translate(error)

        def said(error: Exception) -> None:
            raise ConfigurationError("no number") from error

        def forgotten(error: Exception) -> None:
            raise ConfigurationError("no number")

        def hidden(error: Exception) -> None:
            raise ConfigurationError("no number") from None

        for translate in (said, forgotten):
            self.assertRaises(ConfigurationError, number, translate)
            self.assertFound("an error, builtins.ValueError,")
        self.assertRaises(ConfigurationError, number, hidden)
        self.assertEqual(self.found(), [])

    def test_others(self) -> None:
        """
        An error of others is looked at when a test takes it out of a Deferred, and not before.
        """
        deferred: Deferred[None] = fail(ValueError(SECRET))
        self.assertEqual(self.found(), [])
        self.failureResultOf(deferred)
        self.assertFound("an error, builtins.ValueError,")

    def test_caught(self) -> None:
        """
        And at the end of a test that has caught it.
        """
        watch = self

        class Catching(SynchronousTestCase):
            def test_it(self) -> None:
                with self.assertRaises(ValueError):
                    raise ValueError(SECRET)
                watch.assertEqual(watch.found(), [])

        Catching("test_it").run(TestResult())
        self.assertEqual(len(self.found()), 1)


class PrintedTests(WatchCase):
    """
    What is printed.
    """

    def test_command(self) -> None:
        """
        What a command prints is looked at, on both ways out, and how it fails.
        """

        @click.command()
        @click.argument("way")
        def command(way: str) -> None:
            if way == "raise":
                raise ValueError(SECRET)
            if way != "nowhere":
                click.echo(SECRET, err=way == "err")

        for way, *found in (
            ("out", "a command"),
            ("err", "a command"),
            ("raise", "an error, builtins.ValueError,"),
            ("nowhere",),
        ):
            CliRunner().invoke(command, [way])
            self.assertFound(*found)

    def test_console(self) -> None:
        """
        What a test shows on a console is looked at when the test ends.
        """

        class Showing(SynchronousTestCase):
            def test_it(self) -> None:
                Console(file=io.StringIO(), width=60).print(f"[bold]{SECRET}")

        Showing("test_it").run(TestResult())
        (words,) = self.found()
        self.assertTrue(words.startswith("a console shows a secret"), words)


class ChildTests(WatchCase, TestCase):
    """
    What child processes print.
    """

    timeout = 30

    async def test_child(self) -> None:
        """
        A child shows neither what the suite knows nor what is in its own files.
        """
        self.patch(daemons, "watch", self.watch)
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "simulator.json").write_text(json.dumps({"accessToken": "kn0wn-to-the-child"}))
        for text, count in ((SECRET, 1), ("it was kn0wn-to-the-child", 1), ("nothing", 0)):
            child = Child(folder, ("-c", f"print({text!r})"), None)
            self.assertEqual(await child.whenEnded(), 0)
            self.assertEqual(len(self.found()), count, child.text)

    def test_subprocess(self) -> None:
        """
        So it is with a child whose output is read in one piece, as text or as bytes.
        """
        for stream, isText in (("stdout", True), ("stderr", False)):
            command = (sys.executable, "-c", f"import sys; print({SECRET!r}, file=sys.{stream})")
            subprocess.run(command, capture_output=True, text=isText, check=True)
            self.assertFound("a child")


class FailingTests(SynchronousTestCase):
    """
    What becomes of a test that leaks.
    """

    def setUp(self) -> None:
        """
        Watch like the suite's own.
        """
        self.record = self.mktemp()
        self.watch = Watch(globalLogPublisher, self.record)
        self.watch.remember(SECRET)
        self.watch.start()
        self.addCleanup(self.watch.stop)

    def errorsOf(self, main: Callable[[SynchronousTestCase], object]) -> list[str]:
        """
        @param main: the body of a test.
        @return: the errors of that test.
        """

        class Case(SynchronousTestCase):
            def test_it(self) -> None:
                main(self)

        result = TestResult()
        Case("test_it").run(result)
        self.assertEqual(result.wasSuccessful(), not result.errors)
        return [str(failure) for _, failure in result.errors]

    def test_failing(self) -> None:
        """
        It fails, and trial says why.
        """
        self.assertEqual(self.errorsOf(lambda case: CTraderError("nothing")), [])
        (words,) = self.errorsOf(lambda case: CTraderError(SECRET))
        self.assertIn("an error, ctrader_twisted.errors.root.CTraderError, shows a secret", words)

    def test_flushed(self) -> None:
        """
        A test that expects errors of any kind fails as well; it has to expect just this one.
        """
        flushed: list[int] = []

        def leaking(*kinds: type[Exception]) -> Callable[[SynchronousTestCase], None]:
            def main(case: SynchronousTestCase) -> None:
                CTraderError(SECRET)
                flushed.append(len(case.flushLoggedErrors(*kinds)))

            return main

        self.assertEqual(len(self.errorsOf(leaking())), 1)
        self.assertEqual(len(self.errorsOf(leaking(Exception))), 1)
        self.assertEqual(self.errorsOf(leaking(LeakFound)), [])
        self.assertEqual(flushed, [0, 0, 1])

    def test_record(self) -> None:
        """
        Each secret is written down once, for the owner's eyes.
        """
        for secret in (ODD, "a word", ODD):
            Secret(secret)
        lines = Path(self.record).read_text(encoding="utf-8").splitlines()
        self.assertEqual([json.loads(line) for line in lines], [SECRET, ODD])
        if os.name == "posix":
            self.assertEqual(os.stat(self.record).st_mode & 0o777, 0o600)

    @settings(max_examples=1, database=None)
    @given(st.just("made-by-hyp0thesis"))
    def test_property(self, text: str) -> None:
        """
        What properties are tested with are no secrets.
        """
        Secret(text)
        self.assertEqual(len(Path(self.record).read_text(encoding="utf-8").splitlines()), 1)

    def test_suite(self) -> None:
        """
        Scenario 91: Whatever the suite prints, logs or raises is watched for secrets.
        """
        self.watch.stop()
        CTraderError(Secret("known-to-the-suite-0nly").reveal())
        self.assertEqual(len(self.flushLoggedErrors(LeakFound)), 1)
