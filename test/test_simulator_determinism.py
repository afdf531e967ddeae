"""
One seed, one world: on virtual time two runs send the same bytes, in whatever process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from test.framesday import Conversation, day

PROJECT = Path(__file__).resolve().parent.parent
HOURS = 2.0


@cache
def _firstRun() -> list[Conversation]:
    return day(3, hours=HOURS)


class SameFramesTests(SynchronousTestCase):
    """
    A trading day with faults, again and again.
    """

    def test_eventful(self) -> None:
        """
        The day has many connections, some of which carried much.
        """
        sizes = [conversation.summary()[:2] for conversation in _firstRun()]
        self.assertGreater(len(sizes), 4)
        self.assertGreater(max(received for received, _ in sizes), 200_000)
        self.assertGreater(max(sent for _, sent in sizes), 2_000)

    def test_again(self) -> None:
        """
        A second run has the same pieces at the same times on each connection, in both directions.
        """
        again = day(3, hours=HOURS)
        self.assertEqual(len(again), len(_firstRun()))
        for first, second in zip(_firstRun(), again, strict=True):
            for one, other in zip(first.parts, second.parts, strict=True):
                self.assertEqual(one, other)

    def test_otherSeed(self) -> None:
        """
        Another seed is another day.
        """
        self.assertNotEqual(day(4, hours=0.2)[0].summary(), day(3, hours=0.2)[0].summary())

    def test_otherProcesses(self) -> None:
        """
        Other processes, with other hashes of strings, send the same as this one.
        """
        expected = [list(conversation.summary()) for conversation in _firstRun()]
        for hashes in ("1", "4242"):
            done = subprocess.run(
                [sys.executable, "-m", "test.framesday", "3", str(HOURS)],
                cwd=PROJECT,
                env={**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": str(PROJECT)},
                capture_output=True,
                check=True,
                timeout=300,
            )
            self.assertEqual(json.loads(done.stdout), expected)
