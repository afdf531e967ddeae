"""
The soak: whether anything grows while millions of events go through a client.
"""

from __future__ import annotations

import json
from typing import Any

from test.benchmark.child import coresToUse
from test.benchmark.processes import Failed, readLine, startProcess
from test.benchmark.soaking import Held, Soak
from test.benchmark.workload import Effort, Figure, NotHere, Progress, Round, Workload

__all__ = ["SOAK"]

_SECONDS = 7_200.0

# How many events come at once, and after how many such blocks to look.
_SOAKS = {
    Effort.SMALLEST: (100, (2, 4, 6)),
    Effort.QUICK: (10_000, (2, 10, 20)),
    Effort.USUAL: (10_000, (10, 50, 100)),
    Effort.FULL: (10_000, (100, 500, 1_000)),
}
_PARTS = ("at first", "half", "all")


def _soak(effort: Effort, progress: Progress) -> list[Round]:
    block, blocks = _SOAKS[effort]
    progress(f"soak: {block * blocks[-1]:,} events")
    with startProcess("soaking", Soak(block, blocks, coresToUse()[0], _SECONDS)) as soaking:
        told: list[dict[str, Any]] = json.loads(readLine(soaking, "soak"))
    found = [Held(**each) for each in told]
    if [held.events for held in found] != [block * each for each in blocks]:
        raise Failed(f"soak: after {blocks} times {block} events {[held.events for held in found]} were seen")
    if any(held.memory is None for held in found):
        raise NotHere("the system does not tell how much memory a process has")
    return [[dict(zip(_PARTS, found, strict=True))]]


def _mebibytes(held: Held) -> float:
    assert held.memory is not None
    return held.memory / 2**20


SOAK = Workload(
    "soak",
    (
        Figure("soak: memory", "MiB", "lower", None, 1.02, _mebibytes, reference="at first"),
        Figure("soak: blocks", "", "lower", None, 1.01, lambda held: float(held.allocated), reference="at first"),
        Figure("soak: objects", "", "lower", None, 1.01, lambda held: float(held.objects), reference="at first"),
        Figure("soak: Deferreds", "", "lower", None, 1.0, lambda held: float(held.deferreds), reference="at first"),
        Figure("soak: timers", "", "lower", None, 1.0, lambda held: float(held.timers), reference="at first"),
    ),
    _soak,
    onlyFull=True,
)
"""
Ten million quotes to the listeners of one client, from recorded bytes.
"""
