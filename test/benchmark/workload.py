"""
What a row of the benchmark is.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from time import process_time
from typing import Any, NamedTuple

__all__ = ["Effort", "Figure", "NotHere", "Progress", "Round", "Turn", "Workload", "cpu"]

Turn = dict[str, Any]
"""
What each variant measured in one turn, by the variant's name. A slow variant may be missing from some turns.
"""

Round = list[Turn]

Progress = Callable[[str], object]
"""
Is told now and then what is being done.
"""


class Effort(Enum):
    """
    How much is measured: as little as possible, for the tests; less than two minutes in all; as much as the figures
    need; and that with the soak.
    """

    SMALLEST = "smallest"
    QUICK = "quick"
    USUAL = "usual"
    FULL = "full"


class NotHere(Exception):
    """
    Something cannot be measured on this machine; the text says why.
    """


class Figure(NamedTuple):
    """
    One thing that is read off what was measured.

    @ivar name: its name.
    @ivar unit: the unit of its absolute values.
    @ivar better: C{higher} or C{lower}.
    @ivar plainToday: what plain Twisted had in the survey, or L{None} if nothing is stated.
    @ivar reach: what is to be reached, or L{None} if nothing is stated.
    @ivar value: makes the absolute value from what one variant measured in one turn.
    @ivar reference: the variant that the others are compared with. L{None} if there is none: then C{plainToday} and
        C{reach} are absolute values.
    """

    name: str
    unit: str
    better: str
    plainToday: float | None
    reach: float | None
    value: Callable[[Any], float] = float
    reference: str | None = "bare"


class Workload(NamedTuple):
    """
    What is measured together.

    @ivar name: what to call it on the command line.
    @ivar figures: what is read off it.
    @ivar measure: measures; raises L{NotHere} if that cannot be done here.
    @ivar onlyFull: whether it takes so long that it is left out unless it is asked for.
    """

    name: str
    figures: tuple[Figure, ...]
    measure: Callable[[Effort, Progress], list[Round]]
    onlyFull: bool = False


def cpu(work: Callable[[], object]) -> float:
    """
    Do something.

    @param work: what to do.
    @return: the seconds of CPU time that the process used meanwhile.
    """
    started = process_time()
    work()
    return process_time() - started
