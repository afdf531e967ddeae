"""
From what the rounds measured to ratios with their goals beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

from test.benchmark.results import DropsSurvived, EventsSeen, TripsMade, percentile
from test.benchmark.rounds import Round

__all__ = ["FIGURES", "Figure", "Ratio", "ratios"]


class Figure(NamedTuple):
    """
    One thing that is measured.

    @ivar name: its name.
    @ivar workload: which workload of L{test.benchmark.rounds.WORKLOADS} gives it.
    @ivar unit: the unit of its absolute values.
    @ivar better: C{higher} or C{lower}.
    @ivar plainToday: the ratio that plain Twisted had in the survey, or L{None} if none is stated.
    @ivar reach: the ratio to reach, or L{None} if none is stated.
    @ivar value: makes the absolute value from what one process measured.
    """

    name: str
    workload: str
    unit: str
    better: str
    plainToday: float | None
    reach: float | None
    value: Callable[[Any], float]


class Ratio(NamedTuple):
    """
    How one variant compares with the bare one.

    @ivar variant: the variant.
    @ivar absolute: the median of its absolute values.
    @ivar ratio: the median of the rounds' ratios.
    @ivar spread: the range of the rounds' ratios, as a part of their median.
    @ivar rounds: the ratio of each round: the median of its turns'.
    """

    variant: str
    absolute: float
    ratio: float
    spread: float
    rounds: list[float]


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


FIGURES = (
    Figure("burst", "burst", "events/CPU-s", "higher", 0.43, 0.90, _eventRate),
    Figure("live", "live", "events/CPU-s", "higher", 0.68, 1.2, _eventRate),
    Figure("round trip p50", "trips", "us", "lower", 1.73, 1.65, _typicalTrip),
    Figure("round trip p99", "trips", "us", "lower", None, None, _slowTrip),
    Figure("pipelined", "trips", "requests/s", "higher", 0.33, 0.45, _pipelinedRate),
    Figure("reconnect", "reconnect", "us", "lower", 400, 4, _typicalReturn),
)
"""
All figures, with the goals of the project's design.
"""


def ratios(figure: Figure, rounds: list[Round]) -> list[Ratio]:
    """
    Compare the variants.

    @param figure: what to compare.
    @param rounds: what was measured.
    @return: one comparison per variant, in the order in which they were measured.
    """
    return [_ratio(figure, variant, rounds) for variant in rounds[0][0]]


def _ratio(figure: Figure, variant: str, rounds: list[Round]) -> Ratio:
    absolute = median(figure.value(turn[variant]) for turns in rounds for turn in turns)
    each = [median(figure.value(turn[variant]) / figure.value(turn["bare"]) for turn in turns) for turns in rounds]
    middle = median(each)
    return Ratio(variant, absolute, middle, (max(each) - min(each)) / middle, each)
