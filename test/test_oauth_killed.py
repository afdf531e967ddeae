"""
Tests of stored tokens with processes that are killed while they change them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PROJECT = Path(__file__).resolve().parent.parent


class KilledTests(SynchronousTestCase):
    """
    Tokens in a file, and processes that end at any step.
    """

    if os.name != "posix":
        skip = "there are no such signals here"

    def test_everyStep(self) -> None:
        """
        Whichever step of a change was the last one: the old pairs or the new ones are found, whole and private, and
        nobody has the lock. Once the new ones are there, they stay; and the next change leaves no other files.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        ended = subprocess.run(
            [sys.executable, "-m", "test.saving", str(folder / "tokens.json")],
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        told = [json.loads(line) for line in ended.stdout.splitlines()]
        self.assertEqual([each["status"] for each in told], [-9] * (len(told) - 1) + [0])
        for each in told:
            self.assertEqual((each["mode"], each["isFree"]), (0o600, True), each)
            self.assertEqual(each["remains"], ["tokens.json", "tokens.json.lock"])
        old = [each["pairs"] for each in told].index("new")
        self.assertEqual([each["pairs"] for each in told], ["old"] * old + ["new"] * (len(told) - old))
        # It was killed on both sides of the rename, and while a scratch file was there.
        self.assertGreater(old, 10)
        self.assertLess(old, len(told) - 5)
        self.assertIn(3, [each["left"] for each in told])
