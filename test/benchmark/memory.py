"""
The memory of stored quotes.

C{python -m test.benchmark.memory}, followed by its L{Storing} as JSON, stores some in one way and prints by how many
bytes the process grew for each.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ctrader_twisted.columns import GrowingQuotes
from ctrader_twisted.schema.messages import ProtoOASpotEvent
from test.benchmark.child import coresToUse, obey
from test.benchmark.processes import readLine, startProcess
from test.benchmark.workload import Effort, Figure, NotHere, Progress, Round, Workload

__all__ = ["MEMORY", "Storing"]

_QUOTES = {Effort.SMALLEST: 20_000, Effort.QUICK: 200_000, Effort.USUAL: 1_000_000, Effort.FULL: 1_000_000}
_ROUNDS = {Effort.SMALLEST: 1, Effort.QUICK: 3, Effort.USUAL: 5, Effort.FULL: 5}
_SECONDS = 300.0
_STATUS = Path("/proc/self/status")
_SMALLEST_GROWTH = 4_096
_START = 1_700_000_000_000


class Storing(NamedTuple):
    """
    What a process is told.

    @ivar way: the name of the way to store: C{plain} or C{columns}.
    @ivar quotes: how many.
    @ivar core: which core to keep to, or L{None} for any.
    @ivar seconds: the longest time to live.
    """

    way: str
    quotes: int
    core: int | None
    seconds: float


def _measure(effort: Effort, progress: Progress) -> list[Round]:
    if not _STATUS.exists():
        raise NotHere("the system does not tell how much memory a process has")
    found: list[Round] = []
    for number in range(1, _ROUNDS[effort] + 1):
        progress(f"memory: round {number} of {_ROUNDS[effort]}")
        found.append([{way: _stored(way, effort) for way in _WAYS}])
    return found


def _stored(way: str, effort: Effort) -> float:
    with startProcess("memory", Storing(way, _QUOTES[effort], coresToUse()[0], _SECONDS)) as process:
        return float(readLine(process, f"memory, {way}"))


def _keepMessages(quotes: int) -> object:
    # As a listener does that appends each event to a list.
    return [_event(number) for number in range(quotes)]


def _keepColumns(quotes: int) -> object:
    growing = GrowingQuotes(5)
    for number in range(quotes):
        event = _event(number)
        growing.append(event.timestamp, event.bid, event.ask)
    return growing


def _event(number: int) -> ProtoOASpotEvent:
    bid = 110_000 + number % 97
    event = ProtoOASpotEvent(
        ctidTraderAccountId=12_345_678, symbolId=1, bid=bid, ask=bid + 12, timestamp=_START + number
    )
    return ProtoOASpotEvent.FromString(event.SerializeToString())


_WAYS: dict[str, Callable[[int], object]] = {"plain": _keepMessages, "columns": _keepColumns}


def _memory() -> int:
    (line,) = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


def main() -> None:
    """
    Store.
    """
    told = Storing(**json.loads(sys.argv[1]))
    obey(told.core, told.seconds)
    _WAYS[told.way](100)
    gc.collect()
    before = _memory()
    kept = _WAYS[told.way](told.quotes)
    # The system tells it by pages.
    growth = max(_memory() - before, _SMALLEST_GROWTH)
    assert kept
    print(growth / told.quotes, flush=True)


MEMORY = Workload(
    "memory", (Figure("memory of a stored quote", "B/quote", "lower", 573, 40, reference=None),), _measure
)


if __name__ == "__main__":
    main()
