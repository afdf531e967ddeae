"""
The rounds: in each, every variant has a new process, and these are measured in turns.

The turns are short and the variants alternate, because on most machines the speed changes within seconds.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from test.benchmark.certificate import Identity, makeIdentity
from test.benchmark.child import coresToUse
from test.benchmark.frames import spotEvents
from test.benchmark.processes import Failed, readLine, startProcess, tell
from test.benchmark.results import Assignment, DropsSurvived, EventsSeen, TripsMade
from test.benchmark.server import Settings

__all__ = ["WORKLOADS", "Round", "Scale", "Turn", "Workload", "measure"]

_ROUND_SECONDS = 120.0

Turn = dict[str, Any]
"""
What each variant measured in one turn, by the variant's name: L{EventsSeen}, L{TripsMade} or L{DropsSurvived}.
"""

Round = list[Turn]


class Scale(NamedTuple):
    """
    How much is measured.

    @ivar rounds: how often all begin anew.
    @ivar turns: how often each variant is measured in a round.
    @ivar events: how many events a turn has.
    @ivar trips: how many round trips a turn has.
    @ivar batches: how many batches of pipelined requests a turn has.
    @ivar drops: how many dropped connections a turn has.
    """

    rounds: int
    turns: int
    events: int
    trips: int
    batches: int
    drops: int


class Workload(NamedTuple):
    """
    What one server sends, and who is measured against it.

    @ivar name: its name; for events also their shape.
    @ivar work: C{events}, C{trips} or C{drops}.
    @ivar variants: who is measured, in turn.
    """

    name: str
    work: str
    variants: tuple[str, ...]


WORKLOADS = (
    Workload("burst", "events", ("bare", "plain", "connection", "session")),
    Workload("live", "events", ("bare", "plain", "connection", "session")),
    Workload("trips", "trips", ("bare", "plain", "connection")),
    Workload("reconnect", "drops", ("bare", "session")),
)


def measure(scale: Scale, progress: Callable[[str], object]) -> dict[str, list[Round]]:
    """
    Run all rounds.

    @param scale: how much to measure.
    @param progress: called with a line now and then.
    @return: the rounds of each workload, by the workload's name.
    @raise Failed: if a process fails, or saw other events than were sent.
    """
    found: dict[str, list[Round]] = {workload.name: [] for workload in WORKLOADS}
    with ExitStack() as stack:
        identity = makeIdentity(Path(stack.enter_context(TemporaryDirectory())))
        ports = {workload: stack.enter_context(_server(workload, identity, scale)) for workload in WORKLOADS}
        for number in range(1, scale.rounds + 1):
            for workload, port in ports.items():
                progress(f"round {number} of {scale.rounds}: {workload.name}")
                found[workload.name].append(_round(workload, port, identity, scale))
    return found


def _round(workload: Workload, port: int, identity: Identity, scale: Scale) -> Round:
    with ExitStack() as stack:
        processes = {
            variant: stack.enter_context(
                startProcess("measured", _assignment(workload, variant, port, identity, scale))
            )
            for variant in workload.variants
        }

        def turn() -> Turn:
            return {variant: _measured(process, workload, variant, scale) for variant, process in processes.items()}

        # All have started together, and the first turn of each waits for that.
        turn()
        return [turn() for _ in range(scale.turns)]


def _assignment(workload: Workload, variant: str, port: int, identity: Identity, scale: Scale) -> Assignment:
    core = coresToUse()[0]
    amounts = scale.trips, scale.batches, scale.drops
    return Assignment(variant, workload.work, port, identity.certificate, *amounts, core, _ROUND_SECONDS)


def _measured(
    process: subprocess.Popen[bytes], workload: Workload, variant: str, scale: Scale
) -> EventsSeen | TripsMade | DropsSurvived:
    """
    Let one variant's process measure one turn.
    """
    who = f"{workload.name}, {variant}"
    tell(process)
    told = json.loads(readLine(process, who))
    if workload.work == "trips":
        return TripsMade(**told)
    if workload.work == "drops":
        return DropsSurvived(**told)
    seen = EventsSeen(**told)
    if (seen.events, seen.total) != (scale.events, _total(scale.events)):
        raise Failed(f"{who}: {seen.events} events were seen instead of {scale.events}, or others than were sent")
    return seen


@cache
def _total(events: int) -> int:
    return sum(event.bid for event in spotEvents(events))


@contextmanager
def _server(workload: Workload, identity: Identity, scale: Scale) -> Iterator[int]:
    """
    Run a server, and give its port; it is gone when the block is left.
    """
    events = scale.events if workload.work == "events" else 0
    settings = Settings(*identity, workload.name, events, coresToUse()[1], scale.rounds * _ROUND_SECONDS)
    with startProcess("server", settings) as process:
        yield int(readLine(process, f"the server for {workload.name}"))
