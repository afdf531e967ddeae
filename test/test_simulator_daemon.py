"""
C{twistd ctrader-sim} as processes that are killed, and that get into each other's way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from test.daemons import PROJECT, Daemon


class DaemonTests(TestCase):
    """
    Several of them in one directory, at once and one after the other.
    """

    timeout = 60
    if os.name != "posix":
        skip = "there are no such signals here"

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def daemon(self, *words: str) -> Daemon:
        """
        Start a simulator; it does not outlive the test.
        """
        daemon = Daemon(self.folder, "ctrader-sim", "--directory", "sim", *words)
        self.addCleanup(daemon.end, "KILL")
        return daemon

    def info(self) -> Any:
        return json.loads((self.folder / "sim" / "simulator.json").read_text())

    def toTheEnd(self, main: Coroutine[Any, Any, None]) -> Deferred[None]:
        return Deferred.fromCoroutine(main)

    def test_oneAtATime(self) -> Deferred[None]:
        """
        A second simulator ends with a sentence and a status of failure, and the first one's files stay as they are.
        When the first one was killed the next one starts at once, with the same ports and credentials; a termination
        signal is a clean end.
        """

        async def main() -> None:
            first = self.daemon("--port", "0", "--oauth-port", "0")
            await first.says("simulator listens")
            before = self.info()
            second = self.daemon("--port", "0", "--oauth-port", "0")
            self.assertEqual(await second.whenEnded(), 1)
            self.assertIn("ctrader-sim: another simulator is running in", second.text)
            self.assertNotIn("Traceback", second.text)
            self.assertEqual(self.info(), before)
            self.assertEqual(await first.end("KILL"), -9)
            webPort = before["redirectUri"].rpartition(":")[2].partition("/")[0]
            third = self.daemon("--port", str(before["port"]), "--oauth-port", webPort)
            await third.says("simulator listens")
            self.assertEqual(self.info(), before)
            self.assertEqual(await third.end("TERM"), 0)

        return self.toTheEnd(main())

    def test_inTheBackground(self) -> Deferred[None]:
        """
        In the background, too, a failure to start ends twistd with the sentence and a status of failure.
        """

        async def main() -> None:
            first = self.daemon("--port", "0", "--oauth-port", "0")
            await first.says("simulator listens")
            words = ("--pidfile=second.pid", "--logfile=second.log", "ctrader-sim", "--directory", "sim")
            second = await deferToThread(
                subprocess.run,
                [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", *words],
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                cwd=self.folder,
                capture_output=True,
                timeout=30,
            )
            self.assertEqual(second.returncode, 1)
            self.assertIn(b"another simulator is running in", second.stdout + second.stderr)

        return self.toTheEnd(main())
