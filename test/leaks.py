"""
A watch over the whole suite: no test may show a secret that it uses.
"""

from __future__ import annotations

import inspect
import io
import json
import os
from collections.abc import Callable, Iterator
from functools import wraps
from subprocess import Popen
from types import FrameType
from typing import Any

from click.testing import CliRunner, Result
from hypothesis import currently_in_test_context
from rich.console import Console
from twisted.logger import ILogObserver, LogEvent, Logger, LogPublisher, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.python.monkey import MonkeyPatcher
from twisted.python.reflect import qual, safe_repr, safe_str
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.secret import Secret
from test.secrecy import Secrets

__all__ = ["LeakFound", "Watch", "watch"]


class LeakFound(Exception):
    """
    A secret was shown. The message tells where, and not which.
    """


@implementer(ILogObserver)
class Watch:
    """
    Remembers every L{Secret} that is made while it is on, and looks for it in what is logged, raised and printed. What
    it finds is logged as an error, so that trial fails the test that runs.
    """

    def __init__(self, publisher: LogPublisher, record: str | None = None) -> None:
        """
        @param publisher: where to listen and to complain.
        @param record: a file to write the secrets into, for a search after the run.
        """
        self._publisher = publisher
        self._record = record
        self._log = Logger(observer=publisher)
        self._secrets = Secrets()
        self._test: SynchronousTestCase | None = None
        case = SynchronousTestCase
        self._patches = MonkeyPatcher(
            (Secret, "__init__", _followed(Secret.__init__, self._secretMade)),
            (CTraderError, "__init__", _followed(CTraderError.__init__, self._errorMade)),
            (CTraderError, "explain", _followed(CTraderError.explain, self._errorExplained)),
            (Failure, "__init__", _followed(Failure.__init__, self._failureMade)),
            (CliRunner, "invoke", _followed(CliRunner.invoke, self._commandRun)),
            (Popen, "communicate", _followed(Popen.communicate, self._childRun)),
            (Console, "__init__", _followed(Console.__init__, self._consoleMade)),
            (case, "failureResultOf", _followed(case.failureResultOf, self._failureTaken)),
            (case, "assertRaises", _followed(case.assertRaises, self._errorCaught)),
            (case, "flushLoggedErrors", self._flushing(case.flushLoggedErrors)),
            (case, "run", self._running(case.run)),
        )

    def start(self) -> None:
        """
        Watch from now on.
        """
        self._publisher.addObserver(self)
        self._patches.patch()

    def stop(self) -> None:
        """
        Watch no more.
        """
        self._patches.restore()
        self._publisher.removeObserver(self)

    def remember(self, secret: str) -> None:
        """
        Look for a secret from now on.

        @param secret: its text.
        """
        if self._secrets.add(secret) and self._record is not None:
            descriptor = os.open(self._record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(json.dumps(secret) + "\n")

    def check(self, text: str, what: str) -> None:
        """
        Complain if a text shows a secret.

        @param text: the text.
        @param what: what it is.
        """
        if self._secrets.place(text) is not None:
            words = f"{what} shows a secret, at {_place(inspect.currentframe())}"
            self._log.failure("A secret is shown", Failure(LeakFound(words)))

    def checkError(self, error: object) -> None:
        """
        Complain if an error shows a secret, or if one does that a traceback shows with it.

        @param error: the error.
        """
        for each in _chain(error):
            notes = getattr(each, "__notes__", ())
            texts = (safe_str(each), safe_repr(each), safe_repr(getattr(each, "args", ())), *notes)
            self.check(" ".join(texts), f"an error, {qual(type(each))},")

    def __call__(self, event: LogEvent) -> None:
        """
        Complain if an event shows a secret.

        @see: L{ILogObserver}
        """
        text = f"{formatEvent(event)} {safe_repr(event)}"
        failure = event.get("log_failure")
        if failure is not None:
            self.checkError(failure.value)
            # With its variables, if it has them, and without its lines of source, which show what a test is made of.
            text += failure.getTraceback(detail="verbose")
        self.check(text, f"the log of {event.get('log_namespace')}")

    def _secretMade(self, result: None, secret: Secret, *args: object) -> None:
        # Hypothesis makes secrets of any words that it has found in our source.
        if not currently_in_test_context():
            self.remember(secret.reveal())

    def _errorMade(self, result: None, error: CTraderError, *args: object) -> None:
        # Its other attributes are still missing.
        self.check(safe_repr(error.args), f"an error, {qual(type(error))},")

    def _errorExplained(self, result: str, *args: object) -> None:
        self.check(result, "an explanation")

    def _failureMade(self, result: None, failure: Failure, *args: object) -> None:
        # What is inside Twisted may show what it has read, as long as we say it in other words.
        if isinstance(failure.value, CTraderError):
            self.checkError(failure.value)

    def _failureTaken(self, result: Failure, *args: object) -> None:
        self.checkError(result.value)

    def _errorCaught(self, result: Any, test: SynchronousTestCase, *args: object) -> None:
        if isinstance(result, BaseException):
            self.checkError(result)
        else:
            test.addCleanup(lambda: self.checkError(getattr(result, "exception", None)))

    def _commandRun(self, result: Result, *args: object) -> None:
        self.check(result.output, "a command")
        self.checkError(result.exception)

    def _childRun(self, result: tuple[str | bytes | None, ...], *args: object) -> None:
        for printed in result:
            if printed is not None:
                self.check(printed if isinstance(printed, str) else printed.decode("latin-1"), "a child")

    def _consoleMade(self, result: None, console: Console, *args: object) -> None:
        file = console.file
        if self._test is not None and isinstance(file, io.StringIO):
            self._test.addCleanup(lambda: self.check(file.getvalue(), "a console"))

    def _flushing(self, flush: Callable[..., list[Failure]]) -> Callable[..., list[Failure]]:
        @wraps(flush)
        def flushing(test: SynchronousTestCase, *kinds: type[BaseException]) -> list[Failure]:
            flushed = flush(test, *kinds)
            if LeakFound in kinds:
                return flushed
            # Who expects an error of any kind does not expect this one.
            leaks = [each for each in flushed if each.check(LeakFound)]
            for each in leaks:
                test.addCleanup(each.raiseException)
            return [each for each in flushed if each not in leaks]

        return flushing

    def _running(self, run: Callable[..., None]) -> Callable[..., None]:
        @wraps(run)
        def running(test: SynchronousTestCase, result: object) -> None:
            outer, self._test = self._test, test
            try:
                run(test, result)
            finally:
                self._test = outer

        return running


def _followed(function: Callable[..., Any], look: Callable[..., None]) -> Callable[..., Any]:
    @wraps(function)
    def following(*args: Any, **named: Any) -> Any:
        result = function(*args, **named)
        look(result, *args)
        return result

    return following


def _chain(error: object) -> Iterator[object]:
    while error is not None:
        yield error
        isHidden = getattr(error, "__suppress_context__", True)
        error = getattr(error, "__cause__" if isHidden else "__context__", None)


def _place(frame: FrameType | None) -> str:
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name.split(".")[0] in ("ctrader_twisted", "test") and name != __name__:
            return f"line {frame.f_lineno} of {name}"
        frame = frame.f_back
    return "no place of ours"


watch = Watch(globalLogPublisher, os.environ.get("CTRADER_TEST_SECRETS"))
"""
The watch over the suite, which L{test} starts.
"""
