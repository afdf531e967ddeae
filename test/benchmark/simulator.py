"""
The simulator's scale: a crowd of clients, and long times with few.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from test.benchmark.child import coresToUse
from test.benchmark.crowd import Visit
from test.benchmark.fanout import SYMBOLS_OFFERED, Crowd
from test.benchmark.processes import Failed, readLine, startProcess, tell
from test.benchmark.trading import Plan, Stretch
from test.benchmark.workload import Effort, Figure, NotHere, Progress, Round, Workload

__all__ = ["DAY", "FAN_OUT", "MONTH", "CrowdScale", "fanOut"]

_SECONDS = 1_800.0
_HOURS = 24.0
_SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "EURJPY", "XAUUSD")
_QUIET = ("EURGBP",)


class CrowdScale(NamedTuple):
    """
    How much of the fan-out is measured.

    @ivar rounds: how often.
    @ivar clients: how many clients make the crowd.
    @ivar ticks: how many ticks each of them is told.
    """

    rounds: int
    clients: int
    ticks: int


_CROWDS = {
    Effort.SMALLEST: CrowdScale(1, 3, 50),
    Effort.QUICK: CrowdScale(1, 200, 400),
    Effort.USUAL: CrowdScale(3, 1_000, 300),
    Effort.FULL: CrowdScale(5, 1_000, 500),
}
# Who serves, and how many symbols tick at once.
_SERVERS = {"plain": (True, 1), "1 at once": (False, 1), "10 at once": (False, 10)}

# How many hours of the day are traded.
_DAYS = {Effort.SMALLEST: 0.1, Effort.QUICK: 1.0, Effort.USUAL: _HOURS, Effort.FULL: _HOURS}
_DAY_ROUNDS = {Effort.SMALLEST: 1, Effort.QUICK: 1, Effort.USUAL: 3, Effort.FULL: 5}
# Whether the strategy listens to every quote.
_LISTENING = {"trades only": False, "hears quotes": True}

# How many days the month has, and at which parts of it the memory is looked at.
_MONTHS = {Effort.SMALLEST: 0.06, Effort.QUICK: 1.0, Effort.USUAL: 30.0, Effort.FULL: 30.0}
_PARTS = {"a sixth": 1 / 6, "a third": 1 / 3, "two thirds": 2 / 3, "all": 1.0}


def fanOut(scale: CrowdScale, progress: Progress) -> list[Round]:
    """
    Let servers tell a crowd of TLS clients.

    @param scale: how much to measure.
    @param progress: called with a line now and then.
    @return: in each round one turn, in which each server has its deliveries per second of CPU time.
    @raise Failed: if a process fails, or the clients saw other events than were sent.
    """
    found: list[Round] = []
    for number in range(1, scale.rounds + 1):
        progress(f"fan-out: round {number} of {scale.rounds}, {scale.clients} clients")
        found.append([{name: _deliveries(scale, name) for name in _SERVERS}])
    return found


def _deliveries(scale: CrowdScale, name: str) -> float:
    isPlain, together = _SERVERS[name]
    server, crowd = coresToUse()
    with TemporaryDirectory() as folder:
        path = str(Path(folder).resolve())
        told = Crowd(path, scale.clients, isPlain, together, scale.ticks, server, _SECONDS)
        with startProcess("fanout", told) as serving:
            address = json.loads(readLine(serving, name))
            visit = Visit(clients=scale.clients, **address, core=crowd, seconds=_SECONDS)
            with startProcess("crowd", visit) as visiting:
                readLine(visiting, name)
                tell(serving)
                sent = json.loads(readLine(serving, name))
                seen = json.loads(readLine(visiting, name))["events"] - scale.clients * SYMBOLS_OFFERED
    if seen != sent["deliveries"]:
        raise Failed(f"fan-out, {name}: {seen} events were seen instead of {sent['deliveries']}")
    return float(sent["deliveries"] / sent["cpu"])


def _day(effort: Effort, progress: Progress) -> list[Round]:
    hours, rounds = _DAYS[effort], _DAY_ROUNDS[effort]
    found: list[Round] = []
    for number in range(1, rounds + 1):
        progress(f"day: round {number} of {rounds}, {hours:g} hours")
        plans = {
            name: Plan(_SYMBOLS, listens, 1.0, (hours,), coresToUse()[0], _SECONDS)
            for name, listens in _LISTENING.items()
        }
        found.append([{name: _traded(plan)[0] for name, plan in plans.items()}])
    return found


def _month(effort: Effort, progress: Progress) -> list[Round]:
    days = _MONTHS[effort]
    progress(f"month: {days:g} days")
    hours = tuple(_HOURS * days * part for part in _PARTS.values())
    stretches = _traded(Plan(_QUIET, True, 10.0, hours, coresToUse()[0], _SECONDS))
    if any(stretch.memory is None for stretch in stretches):
        raise NotHere("the system does not tell how much memory a process has")
    return [[dict(zip(_PARTS, stretches, strict=True))]]


def _traded(plan: Plan) -> list[Stretch]:
    with startProcess("trading", plan) as trading:
        told: list[dict[str, Any]] = json.loads(readLine(trading, "the strategy"))
    return [Stretch(**each) for each in told]


def _wholeDay(day: Stretch) -> float:
    return day.cpu * _HOURS / day.hours


def _mebibytes(stretch: Stretch) -> float:
    assert stretch.memory is not None
    return stretch.memory / 2**20


FAN_OUT = Workload(
    "fan-out",
    (
        Figure("fan-out", "deliveries/CPU-s", "higher", 54_000, 400_000, reference=None),
        Figure("fan-out, to plain", "deliveries/CPU-s", "higher", 1.0, 400 / 54, reference="plain"),
    ),
    lambda effort, progress: fanOut(_CROWDS[effort], progress),
)
"""
Spot events to a thousand TLS clients, of a hundred symbols that tick one after the other or ten at once.
"""

DAY = Workload(
    "day",
    (Figure("day of 5 symbols", "CPU-s", "lower", None, 5.0, _wholeDay, reference=None),),
    _day,
)
"""
A virtual day of five symbols, in which a position is opened and closed every minute, by one who looks at a price when
he trades, or who hears each of them.
"""

MONTH = Workload(
    "month",
    (Figure("memory over a month", "MiB", "lower", None, 1.1, _mebibytes, reference="a sixth"),),
    _month,
)
"""
The memory of a process, of client and simulator, in a virtual month in which it trades every ten minutes.
"""
