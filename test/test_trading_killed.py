"""
Tests of the journal with processes that are killed around the sending of an order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from test.daemons import PROJECT, Daemon

FILLED = {"outcome": "FILLED", "orders": 1}
ABSENT = {"outcome": "ORDER_ABSENT", "orders": 0}

OUTCOMES: dict[str, tuple[dict[str, Any], ...]] = {
    # Nobody knew of the order, so the second process placed it.
    "before": (FILLED,),
    "written": (ABSENT,),
    # The system may or may not have had it.
    "sent": (FILLED, ABSENT),
    "answered": (FILLED,),
    "accepted": (FILLED,),
    "filled": (FILLED,),
}


class KilledTests(TestCase):
    """
    Clients as processes, against the simulator as another one.
    """

    timeout = 120
    if os.name != "posix":
        skip = "there are no such signals here"

    def setUp(self) -> None:
        """
        Make a folder for all.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    async def simulator(self) -> None:
        """
        Start the simulator in an open market; it does not outlive the test.
        """
        words = ("--directory", "sim", "--port", "0", "--oauth-port", "0", "--speed", "60")
        simulator = Daemon(self.folder, "ctrader-sim", *words, "--replay-start", "2026-03-04T10:00:00Z")
        self.addCleanup(simulator.end, "KILL")
        await simulator.says("simulator listens")

    async def clients(self) -> dict[str, Any]:
        """
        Let clients place orders and die, each with a journal of its own, and let others ask for them.

        @return: for each step how the clients ended, and what they said.
        """
        ended = await deferToThread(
            subprocess.run,
            [sys.executable, "-m", "test.ordering", "sim/simulator.json"],
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=110,
        )
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        told: dict[str, Any] = json.loads(ended.stdout)
        return told

    def test_killed(self) -> Deferred[None]:
        """
        A process that is killed at any step around the sending of an order leaves one order or none. The
        next process that asks for it knows its outcome, and never is a second one sent.
        """

        async def main() -> None:
            await self.simulator()
            told = await self.clients()
            self.assertEqual(list(told), list(OUTCOMES))
            for step, (killed, second, third) in told.items():
                self.assertEqual(killed, [-9, ""], step)
                self.assertEqual((second[0], third[0]), (0, 0), f"{step}: {second} {third}")
                self.assertIn(json.loads(second[1]), OUTCOMES[step], step)
                self.assertEqual(third, second, step)

        return Deferred.fromCoroutine(main())
