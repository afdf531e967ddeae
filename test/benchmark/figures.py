"""
From what was measured to ratios, with their goals beside them.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from test.benchmark.workload import Figure, Round

__all__ = ["Reading", "readings"]


class Reading(NamedTuple):
    """
    What one variant reached.

    @ivar variant: the variant.
    @ivar absolute: the median of its absolute values.
    @ivar ratio: the median of the rounds' ratios to the reference; L{None} if there is no reference.
    @ivar spread: the range of the rounds, as a part of their median.
    @ivar rounds: the ratio of each round, or its absolute value if there is no reference: the median of its turns'.
    @ivar ofGoal: what part of the goal was reached: 1 or more when it was. L{None} for the reference, for what others
        than we do, and if there is no goal.
    """

    variant: str
    absolute: float
    ratio: float | None
    spread: float
    rounds: list[float]
    ofGoal: float | None


_OTHERS = ("bare", "plain", "official")


def readings(figure: Figure, rounds: list[Round]) -> list[Reading]:
    """
    Compare the variants.

    @param figure: what to compare.
    @param rounds: what was measured.
    @return: one reading per variant, in the order in which they were measured.
    """
    variants = dict.fromkeys(variant for turns in rounds for turn in turns for variant in turn)
    return [_reading(figure, variant, rounds) for variant in variants]


def _reading(figure: Figure, variant: str, rounds: list[Round]) -> Reading:
    taken = [[turn for turn in turns if variant in turn] for turns in rounds]
    taken = [turns for turns in taken if turns]
    absolute = median(figure.value(turn[variant]) for turns in taken for turn in turns)
    each = [median(_compared(figure, variant, turn) for turn in turns) for turns in taken]
    middle = median(each)
    isOurs = variant != figure.reference and variant not in _OTHERS
    return Reading(
        variant,
        absolute,
        None if figure.reference is None else middle,
        (max(each) - min(each)) / middle,
        each,
        _ofGoal(figure, middle) if isOurs else None,
    )


def _compared(figure: Figure, variant: str, turn: dict[str, object]) -> float:
    value = figure.value(turn[variant])
    return value if figure.reference is None else value / figure.value(turn[figure.reference])


def _ofGoal(figure: Figure, reached: float) -> float | None:
    if figure.reach is None:
        return None
    return reached / figure.reach if figure.better == "higher" else figure.reach / reached
