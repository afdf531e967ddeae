"""
Variants that need no server: measured in turn, in one process per round.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from test.benchmark.child import coresToUse
from test.benchmark.processes import readLine, startProcess
from test.benchmark.workload import Effort, Figure, Progress, Round, Workload

__all__ = ["Turns", "Variants", "alternating"]

_SECONDS = 600.0
_ROUNDS_AND_TURNS = {Effort.SMALLEST: (1, 1), Effort.QUICK: (3, 3), Effort.USUAL: (5, 5), Effort.FULL: (5, 5)}

Variants = Callable[[Effort], Mapping[str, Callable[[], object]]]
"""
Makes what measures each variant, by the variant's name: called once per turn, it gives something that JSON can hold.
"""


class Turns(NamedTuple):
    """
    What the process of a round is told.

    @ivar module: the module of the L{Variants}.
    @ivar function: their name.
    @ivar effort: the value of the L{Effort}.
    @ivar turns: how many turns to count.
    @ivar core: which core to keep to, or L{None} for any.
    @ivar seconds: the longest time to live.
    """

    module: str
    function: str
    effort: str
    turns: int
    core: int | None
    seconds: float


def alternating(name: str, variants: Variants, *figures: Figure) -> Workload:
    """
    Make a workload of functions.

    @param name: its name.
    @param variants: a public function of a module, which the process of each round calls once.
    @param figures: what is read off.
    @return: the workload.
    """

    def measure(effort: Effort, progress: Progress) -> list[Round]:
        rounds, turns = _ROUNDS_AND_TURNS[effort]
        found: list[Round] = []
        for number in range(1, rounds + 1):
            progress(f"{name}: round {number} of {rounds}")
            told = Turns(variants.__module__, variants.__name__, effort.value, turns, coresToUse()[0], _SECONDS)
            with startProcess("turns", told) as process:
                found.append(json.loads(readLine(process, name)))
        return found

    return Workload(name, figures, measure)
