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

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from test.daemons import PROJECT, Daemon
from test.ordering import STEPS

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

    async def client(self, clientOrderId: str, step: str) -> subprocess.CompletedProcess[str]:
        """
        Let a client place an order, with a journal of the order's own.

        @param clientOrderId: the id of the order.
        @param step: where the client dies.
        @return: how it ended.
        """
        words = ("sim/simulator.json", f"{clientOrderId}.db", clientOrderId, step)
        return await deferToThread(
            subprocess.run,
            [sys.executable, "-m", "test.ordering", *words],
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=90,
        )

    async def survive(self, step: str) -> None:
        """
        Kill a client at a step, and let two others ask for the same order.
        """
        killed = await self.client(step, step)
        self.assertEqual(killed.returncode, -9, f"{step}: {killed.stdout}{killed.stderr}")
        second, third = await self.client(step, "never"), await self.client(step, "never")
        told = [json.loads(each.stdout or "null") for each in (second, third)]
        self.assertIn(told[0], OUTCOMES[step], f"{step}: {second.stdout}{second.stderr}")
        self.assertEqual(told[1], told[0], f"{step}: {third.stdout}{third.stderr}")

    def test_killed(self) -> Deferred[None]:
        """
        A process that is killed at any step around the sending of an order leaves one order or none. The
        next process that asks for it knows its outcome, and never is a second one sent.
        """

        async def main() -> None:
            await self.simulator()
            await gatherResults([Deferred.fromCoroutine(self.survive(step)) for step in STEPS], consumeErrors=True)

        return Deferred.fromCoroutine(main())
