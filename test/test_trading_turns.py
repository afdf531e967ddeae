"""
One after the other, where two at once would spoil each other's work.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.trading.turns import Turns


class TurnsTests(SynchronousTestCase):
    """
    Things that are done one at a time.
    """

    def test_doneAtOnce(self) -> None:
        """
        One that is done as soon as its turn comes leaves nothing behind, and takes nothing from the one before it.
        """
        turns, gate = Turns(), Deferred[None]()

        async def wait() -> str:
            await gate
            return "first"

        async def goOn() -> str:
            return "second"

        first, second = turns.take("key", wait), turns.take("key", goOn)
        self.assertNoResult(second)
        gate.callback(None)
        self.assertEqual((self.successResultOf(first), self.successResultOf(second)), ("first", "second"))
        self.assertEqual(len(turns), 0)
