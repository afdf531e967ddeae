"""
The measured process: C{python -m test.benchmark.measured}, followed by its assignment as JSON.

It connects, measures a turn for each line that it reads, and ends when there are no more lines. Each turn's result is a
line of JSON.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react
from twisted.internet.threads import deferToThreadPool

from ctrader_twisted.wire import hostEndpoint, trustFile
from test.benchmark.bare import bareTurn
from test.benchmark.certificate import HOST
from test.benchmark.child import obey
from test.benchmark.drops import surviveDrops
from test.benchmark.lines import LINES, Line
from test.benchmark.results import DEPTH, Assignment, DropsSurvived, EventsSeen, TripsMade


def main() -> None:
    """
    Measure until there is no more to measure.
    """
    assignment = Assignment(**json.loads(sys.argv[1]))
    obey(assignment.core, assignment.seconds)
    if assignment.variant == "bare":
        _runBare(assignment)
    else:
        react(lambda reactor: Deferred.fromCoroutine(_runTwisted(reactor, assignment)))


def _runBare(assignment: Assignment) -> None:
    turn = bareTurn(assignment)
    while sys.stdin.readline():
        _tell(turn())


async def _runTwisted(reactor: Any, assignment: Assignment) -> None:
    endpoint = hostEndpoint(reactor, HOST, assignment.port, trustRoot=trustFile(assignment.certificate))
    if assignment.work == "drops":
        while await _isWanted(reactor):
            _tell(await surviveDrops(reactor, endpoint, assignment.drops))
        return
    line = await LINES[assignment.variant](reactor, endpoint)
    while await _isWanted(reactor):
        _tell(await _turn(line, assignment))
    await line.close()


def _isWanted(reactor: Any) -> Deferred[str]:
    return deferToThreadPool(reactor, reactor.getThreadPool(), sys.stdin.readline)


async def _turn(line: Line, assignment: Assignment) -> EventsSeen | TripsMade:
    return await (_events(line) if assignment.work == "events" else _trips(line, assignment))


async def _events(line: Line) -> EventsSeen:
    line.tally.start()
    await line.ask()
    return line.tally.seen()


async def _trips(line: Line, assignment: Assignment) -> TripsMade:
    single = []
    for _ in range(assignment.trips):
        started = perf_counter()
        await line.ask()
        single.append(perf_counter() - started)
    started = perf_counter()
    for _ in range(assignment.batches):
        await gatherResults([line.ask() for _ in range(DEPTH)])
    return TripsMade(single, DEPTH * assignment.batches, perf_counter() - started)


def _tell(result: EventsSeen | TripsMade | DropsSurvived) -> None:
    print(json.dumps(result._asdict()), flush=True)


if __name__ == "__main__":
    main()
