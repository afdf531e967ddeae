"""
Trading through seeded disasters: a few of the schedules that C{python -m test.chaos} runs by the thousand.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.simulator.faults import (
    Corrupt,
    Cut,
    Delay,
    Duplicate,
    Mute,
    Refuse,
    Reorder,
    Stall,
    Withhold,
)
from test.chaos.plan import makePlan
from test.chaos.schedule import run

_SEEDS = range(12)


class ChaosTests(SynchronousTestCase):
    """
    Schedules of trading and faults.
    """

    def test_propertiesHold(self) -> None:
        """
        When all is quiet again, nobody waits, the client knows what the server knows, and nothing was done twice.
        """
        broken = [f"seed {seed}: {words}" for seed in _SEEDS for words in run(seed).broken]
        self.assertEqual(broken, [])

    def test_replay(self) -> None:
        """
        A seed gives the same plan and the same story each time.
        """
        first, second = run(3), run(3)
        self.assertEqual(first.plan.rules, second.plan.rules)
        self.assertEqual(first.journal.lines, second.journal.lines)
        self.assertNotEqual(first.journal.lines, run(4).journal.lines)

    def test_everyFaultIsDrawn(self) -> None:
        """
        A thousand plans leave out no kind of fault.
        """
        plans = [makePlan(Random(seed), 60.0) for seed in range(1_000)]
        actions = {type(rule.action) for plan in plans for rule in plan.rules}
        self.assertEqual(actions, {Corrupt, Cut, Delay, Duplicate, Mute, Refuse, Reorder, Stall, Withhold})
        self.assertEqual(len({each.name for plan in plans for each in plan.disturbances}), 12)
