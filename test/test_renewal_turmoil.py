"""
Two sessions with one token store, to which everything happens in every order.
"""

from __future__ import annotations

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from test.turmoil import Turmoil

SEEDS = range(25)


class TurmoilTests(SynchronousTestCase):
    """
    Lost connections, slow and broken stores, other processes, users who renew, log out, give up, stop and start.
    """

    def test_turmoil(self) -> None:
        """
        In the end each account is where its user wants it; no pair was lost but where an answer or a process was; all
        that was waited for has ended; and neither a timer nor the lock is left.
        """
        for seed in SEEDS:
            with capturedLogs() as events:
                world = Turmoil(seed)
                world.live()
            told = [formatEvent(event) or "" for event in events]
            broken = [event["log_failure"].getTraceback() for event in events if "log_failure" in event]
            self.assertEqual([*world.problems, *broken], [], "\n".join([f"seed {seed}", *world.history]))
            self.assertNotIn("refresh-", "".join(told))
