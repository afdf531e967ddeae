"""
The simulator's scale: a crowd of clients, and long times with few.

Here are no ratios: each row is a figure of this machine, with what is to be reached beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from test.benchmark.child import coresToUse
from test.benchmark.crowd import Visit
from test.benchmark.fanout import SYMBOLS_OFFERED, Crowd
from test.benchmark.processes import Failed, readLine, startProcess, tell
from test.benchmark.trading import Plan, Stretch

__all__ = ["Row", "SimulatorScale", "measureSimulator"]

_SECONDS = 1_200.0
_DAY = 24.0
_SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "EURJPY", "XAUUSD")
_QUIET = ("EURGBP",)


class SimulatorScale(NamedTuple):
    """
    How much is measured.

    @ivar clients: how many clients make the crowd.
    @ivar ticks: how many ticks each of them is told.
    @ivar hours: how long the strategy of five symbols trades, in hours.
    @ivar days: after which days of a longer time the memory is measured.
    """

    clients: int
    ticks: int
    hours: float
    days: tuple[float, ...]


class Row(NamedTuple):
    """
    One figure.

    @ivar name: what it is.
    @ivar value: how much.
    @ivar unit: of what.
    @ivar goal: what is to be reached, in words; empty if nothing is stated.
    """

    name: str
    value: float
    unit: str
    goal: str


def measureSimulator(scale: SimulatorScale, progress: Callable[[str], object]) -> list[Row]:
    """
    Measure all rows.

    @param scale: how much to measure.
    @param progress: called with a line now and then.
    @raise Failed: if a process fails, or the clients saw other events than were sent.
    """
    rows = []
    for together in (1, 10):
        progress(f"simulator: {scale.clients} clients, {together} of {SYMBOLS_OFFERED} symbols at once")
        rows.append(_fanOut(scale, together))
    progress(f"simulator: {scale.hours:g} hours of five symbols")
    (day,) = _traded(Plan(_SYMBOLS, 1.0, (scale.hours,), coresToUse()[0], _SECONDS))
    rows += _dayRows(day)
    progress(f"simulator: {scale.days[-1]:g} days of one symbol")
    hours = tuple(_DAY * days for days in scale.days)
    rows += _memoryRows(_traded(Plan(_QUIET, 10.0, hours, coresToUse()[0], _SECONDS)))
    return rows


def _fanOut(scale: SimulatorScale, together: int) -> Row:
    name = f"{scale.clients} clients, {together} at once"
    server, crowd = coresToUse()
    with TemporaryDirectory() as folder:
        path = str(Path(folder).resolve())
        with startProcess("fanout", Crowd(path, scale.clients, together, scale.ticks, server, _SECONDS)) as serving:
            address = json.loads(readLine(serving, name))
            visit = Visit(clients=scale.clients, **address, core=crowd, seconds=_SECONDS)
            with startProcess("crowd", visit) as visiting:
                readLine(visiting, name)
                tell(serving)
                sent = json.loads(readLine(serving, name))
                seen = json.loads(readLine(visiting, name))["events"] - scale.clients * SYMBOLS_OFFERED
    if seen != sent["deliveries"]:
        raise Failed(f"{name}: {seen} events were seen instead of {sent['deliveries']}")
    return Row(f"fan-out, {name}", sent["deliveries"] / sent["cpu"], "deliveries/CPU-s", ">= 400,000")


def _traded(plan: Plan) -> list[Stretch]:
    with startProcess("trading", plan) as trading:
        told: list[dict[str, Any]] = json.loads(readLine(trading, "the strategy"))
    return [Stretch(**each) for each in told]


def _dayRows(day: Stretch) -> list[Row]:
    name = f"{day.hours:g} hours, {day.trades} trades"
    return [
        Row(name, day.cpu, "CPU-s", "a few"),
        Row(f"{name}: quotes", day.quotes / day.cpu, "quotes/CPU-s", ""),
    ]


def _memoryRows(stretches: list[Stretch]) -> list[Row]:
    return [
        Row(f"memory after {each.hours / _DAY:g} days", each.memory / 2**20, "MiB", "bounded")
        for each in stretches
        if each.memory is not None
    ]
