"""
What the benchmark prints.
"""

from __future__ import annotations

import os
import platform
import ssl
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

from google.protobuf.internal import api_implementation
from OpenSSL import SSL

from test.benchmark.figures import Reading, readings
from test.benchmark.workload import Effort, Figure, NotHere, Progress, Round, Workload

__all__ = ["Measured", "document", "measure", "table"]


class Measured(NamedTuple):
    """
    A workload, and what came of it.

    @ivar workload: the workload.
    @ivar rounds: what was measured; nothing if that was not possible.
    @ivar why: why it was not possible; empty if it was.
    """

    workload: Workload
    rounds: list[Round]
    why: str = ""


def measure(workload: Workload, effort: Effort, progress: Progress) -> Measured:
    """
    Measure a workload, if that can be done here.

    @param workload: the workload.
    @param effort: how much to measure.
    @param progress: called with a line now and then.
    @raise Failed: if a process fails, or saw other events than were sent.
    """
    try:
        return Measured(workload, workload.measure(effort, progress))
    except NotHere as error:
        return Measured(workload, [], str(error))


def document(effort: Effort, measured: list[Measured]) -> dict[str, Any]:
    """
    Put the figures together for a program.

    @param effort: how much was measured.
    @param measured: what was measured.
    @return: what can be written as JSON.
    """
    return {
        "versions": _versions(),
        "effort": effort.value,
        "figures": [
            {
                "name": figure.name,
                "workload": each.workload.name,
                "unit": figure.unit,
                "better": figure.better,
                "reference": figure.reference,
                "plainToday": figure.plainToday,
                "reach": figure.reach,
                "variants": [reading._asdict() for reading in readings(figure, each.rounds)],
                "why": each.why,
            }
            for each in measured
            for figure in each.workload.figures
        ],
    }


def table(effort: Effort, measured: list[Measured]) -> str:
    """
    Put the figures together for a person.

    @param effort: how much was measured.
    @param measured: what was measured.
    @return: lines of text.
    """
    lines = [f"{name}: {value}" for name, value in _versions().items()]
    lines += [f"effort: {effort.value}; medians of rounds, and of their turns", ""]
    lines.append(_row("figure", "variant", "absolute", "ratio", "spread", "plain today", "reach", "of the goal"))
    for each in measured:
        for figure in each.workload.figures:
            if each.why:
                lines.append(f"{figure.name:<26} not measured: {each.why}")
            lines += [_figureRow(figure, reading) for reading in readings(figure, each.rounds)]
    return "\n".join(lines)


def _versions() -> dict[str, str]:
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}, {os.cpu_count()} cores",
        "twisted": version("twisted"),
        "protobuf": f"{version('protobuf')} ({api_implementation.Type()})",
        "pyOpenSSL": f"{version('pyOpenSSL')} ({SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()})",
        "ssl": ssl.OPENSSL_VERSION,
        "numpy": _versionOf("numpy"),
    }


def _versionOf(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _figureRow(figure: Figure, reading: Reading) -> str:
    return _row(
        figure.name,
        reading.variant,
        f"{_number(reading.absolute)} {figure.unit}",
        "-" if reading.ratio is None else f"{reading.ratio:.3g}",
        f"{reading.spread:.0%}",
        _goal("", figure.plainToday),
        _goal(">= " if figure.better == "higher" else "<= ", figure.reach),
        "-" if reading.ofGoal is None else f"{reading.ofGoal:.0%}",
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _goal(prefix: str, value: float | None) -> str:
    return "-" if value is None else f"{prefix}{value:,g}"


def _row(*cells: str) -> str:
    name, variant, absolute, *numbers = cells
    return f"{name:<26} {variant:<15} {absolute:>26} " + " ".join(f"{number:>11}" for number in numbers)
