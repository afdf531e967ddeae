"""
The rounds with a server: in each, every variant has a new process, and these are measured in turns.

The turns are short and the variants alternate, because on most machines the speed changes within seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from test.benchmark.certificate import Identity, makeIdentity
from test.benchmark.child import coresToUse
from test.benchmark.frames import spotEvents
from test.benchmark.processes import Failed, readLine, startOther, startProcess, tell
from test.benchmark.results import Assignment, DropsSurvived, EventsSeen, TripsMade, percentile
from test.benchmark.server import Settings
from test.benchmark.workload import Effort, Figure, Progress, Round, Turn, Workload

__all__ = ["BURST", "LIVE", "OFFICIAL", "TRIPS", "Scale", "Served", "measure", "served"]

OFFICIAL = "CTRADER_OFFICIAL_SDK_PYTHON"
"""
The variable that names an interpreter which has ctrader-open-api 0.9.2.
"""

_ROUND_SECONDS = 300.0


class Scale(NamedTuple):
    """
    How much is measured.

    @ivar rounds: how often all begin anew.
    @ivar turns: how often each variant is measured in a round.
    @ivar events: how many events a turn has.
    @ivar trips: how many round trips a turn has.
    @ivar batches: how many batches of pipelined requests a turn has.
    @ivar official: in how many rounds the official SDK is measured, where it is there.
    @ivar drops: how many dropped connections a turn has.
    """

    rounds: int
    turns: int
    events: int
    trips: int
    batches: int
    drops: int
    official: int = 1


_USUAL = Scale(rounds=7, turns=11, events=20_000, trips=500, batches=20, drops=10, official=5)

_SCALES = {
    Effort.SMALLEST: Scale(rounds=1, turns=1, events=50, trips=3, batches=1, drops=2),
    Effort.QUICK: Scale(rounds=3, turns=5, events=10_000, trips=200, batches=10, drops=4),
    Effort.USUAL: _USUAL,
    Effort.FULL: _USUAL,
}


class Served(NamedTuple):
    """
    What one server sends, and who is measured against it.

    @ivar name: its name; for events also their shape.
    @ivar work: C{events}, C{trips} or C{drops}.
    @ivar variants: who is measured, in turn.
    """

    name: str
    work: str
    variants: tuple[str, ...]


BURST = Served("burst", "events", ("bare", "plain", "connection", "session"))
LIVE = Served("live", "events", ("bare", "plain", "connection", "session"))
TRIPS = Served("trips", "trips", ("bare", "plain", "connection"))
RECONNECT = Served("reconnect", "drops", ("bare", "session"))


def served() -> tuple[Workload, ...]:
    """
    @return: the workloads that need a server.
    """
    return (
        _workload(BURST, Figure("burst", "events/CPU-s", "higher", 0.43, 0.90, _eventRate)),
        _workload(LIVE, Figure("live", "events/CPU-s", "higher", 0.68, 1.2, _eventRate)),
        _workload(
            TRIPS,
            Figure("round trip p50", "us", "lower", 1.73, 1.65, _typicalTrip),
            Figure("round trip p99", "us", "lower", None, None, _slowTrip),
            Figure("50 pipelined", "requests/s", "higher", 0.33, 0.45, _pipelinedRate),
        ),
        _workload(RECONNECT, Figure("reconnect", "us", "lower", 400, 4, _typicalReturn)),
    )


def _workload(told: Served, *figures: Figure) -> Workload:
    return Workload(told.name, figures, lambda effort, progress: measure(told, _SCALES[effort], progress))


def _eventRate(seen: EventsSeen) -> float:
    return seen.events / seen.cpu


def _typicalTrip(made: TripsMade) -> float:
    return percentile(made.trips, 50) * 1e6


def _slowTrip(made: TripsMade) -> float:
    return percentile(made.trips, 99) * 1e6


def _pipelinedRate(made: TripsMade) -> float:
    return made.pipelined / made.seconds


def _typicalReturn(made: DropsSurvived) -> float:
    return percentile(made.seconds, 50) * 1e6


def measure(workload: Served, scale: Scale, progress: Progress) -> list[Round]:
    """
    Run all rounds.

    @param workload: what to measure.
    @param scale: how much to measure.
    @param progress: called with a line now and then.
    @return: the rounds.
    @raise Failed: if a process fails, or saw other events than were sent.
    """
    found: list[Round] = []
    with ExitStack() as stack:
        identity = makeIdentity(Path(stack.enter_context(TemporaryDirectory())))
        port = stack.enter_context(_server(workload, identity, scale))
        for number in range(1, scale.rounds + 1):
            progress(f"{workload.name}: round {number} of {scale.rounds}")
            found.append(_round(workload, port, identity, scale))
            # The official SDK does not log in again by itself.
            interpreter = os.environ.get(OFFICIAL) if workload.work != "drops" else None
            if interpreter and number <= scale.official:
                found[-1][-1]["official"] = _official(interpreter, workload, port, identity, scale)
    return found


def _round(workload: Served, port: int, identity: Identity, scale: Scale) -> Round:
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


def _official(
    interpreter: str, workload: Served, port: int, identity: Identity, scale: Scale
) -> EventsSeen | TripsMade | DropsSurvived:
    """
    Measure the official SDK once: what it sends leaves five a second, in ticks of a second.
    """
    seldom = scale._replace(trips=min(scale.trips, 3), batches=1)
    told = _assignment(workload, "official", port, identity, seldom)
    with startOther(interpreter, "official_sdk.py.txt", told) as process:
        if workload.work == "events":
            _measured(process, workload, "official", seldom)
        return _measured(process, workload, "official", seldom)


def _assignment(workload: Served, variant: str, port: int, identity: Identity, scale: Scale) -> Assignment:
    core = coresToUse()[0]
    amounts = scale.trips, scale.batches, scale.drops
    return Assignment(variant, workload.work, port, identity.certificate, *amounts, core, _ROUND_SECONDS)


def _measured(
    process: subprocess.Popen[bytes], workload: Served, variant: str, scale: Scale
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
def _server(workload: Served, identity: Identity, scale: Scale) -> Iterator[int]:
    """
    Run a server, and give its port; it is gone when the block is left.
    """
    events = scale.events if workload.work == "events" else 0
    settings = Settings(*identity, workload.name, events, coresToUse()[1], scale.rounds * _ROUND_SECONDS)
    with startProcess("server", settings) as process:
        yield int(readLine(process, f"the server for {workload.name}"))
