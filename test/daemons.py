"""
Child processes of C{twistd} and of C{ctrader}, for tests that look at them from outside.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from test.leaks import watch
from test.secrecy import stored

__all__ = ["Child", "Command", "Daemon"]

PROJECT = Path(__file__).resolve().parent.parent

_TWISTD = "from twisted.scripts.twistd import run; run()"
_CTRADER = "from ctrader_twisted.cli import main; main()"
_GLANCE = 0.05


class Child(ProcessProtocol):
    """
    One process of this Python.

    @ivar text: what it has printed, errors included.
    @ivar status: its exit status, negative for a signal; L{None} while it runs.
    """

    transport: IProcessTransport

    def __init__(self, folder: Path, words: Sequence[str], environment: Mapping[str, str] | None) -> None:
        """
        Start it.

        @param folder: its working directory.
        @param words: its command line after the interpreter.
        @param environment: more variables of the environment.
        """
        self.text = ""
        self.status: int | None = None
        self._folder = folder
        self._ended: list[Deferred[int]] = []
        path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
        variables = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}
        reactor.spawnProcess(
            self,
            sys.executable,
            [sys.executable, *words],
            env=variables,
            path=str(folder),
            childFDs={0: "w", 1: "r", 2: "r"},
        )

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """
        Collect what it prints.

        @param childFD: where it prints to.
        @param data: some bytes.
        """
        self.text += data.decode(errors="replace")

    def processEnded(self, reason: Failure) -> None:
        """
        Note how it ended. It must not have printed any secret of this process, or of the files in its folder.

        @param reason: how.
        """
        for secret in stored(self._folder):
            watch.remember(secret)
        watch.check(self.text, "a child")
        done = reason.value
        self.status = 0 if isinstance(done, ProcessDone) else getattr(done, "exitCode", None)
        if self.status is None:
            self.status = -int(getattr(done, "signal", 0))
        for waiter in self._ended:
            waiter.callback(self.status)

    async def says(self, pattern: str, start: int = 0) -> re.Match[str]:
        """
        Wait until it prints something. The test's own timeout limits the wait.

        @param pattern: a regular expression.
        @param start: look from this place of its text on.
        @return: where it was found.
        @raise AssertionError: if it has ended without printing that.
        """
        while True:
            found = re.compile(pattern).search(self.text, start)
            if found is not None:
                return found
            if self.status is not None:
                raise AssertionError(f"it ended with {self.status} and never said {pattern!r}:\n{self.text}")
            await deferLater(reactor, _GLANCE)

    def whenEnded(self) -> Deferred[int]:
        """
        Wait for its end.

        @return: fires with its exit status.
        """
        waiter: Deferred[int] = Deferred()
        if self.status is not None:
            waiter.callback(self.status)
        else:
            self._ended.append(waiter)
        return waiter

    def end(self, signal: str) -> Deferred[int]:
        """
        Send it a signal.

        @param signal: C{TERM}, C{KILL} or C{INT}.
        @return: fires with its exit status.
        """
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(signal)
        return self.whenEnded()


class Daemon(Child):
    """
    One process of C{twistd}, in the foreground.
    """

    def __init__(self, folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> None:
        """
        Start it.

        @param folder: its working directory.
        @param words: its command line after C{twistd --nodaemon}.
        @param environment: more variables of the environment.
        """
        super().__init__(folder, ["-c", _TWISTD, "--nodaemon", "--pidfile=", *words], environment)


class Command(Child):
    """
    One process of C{ctrader}.
    """

    def __init__(self, folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> None:
        """
        Start it.

        @param folder: its working directory.
        @param words: its command line after C{ctrader}.
        @param environment: more variables of the environment.
        """
        super().__init__(folder, ["-c", _CTRADER, *words], environment)
