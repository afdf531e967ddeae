"""
What the benchmark prints.
"""

from __future__ import annotations

import os
import platform
import ssl
from importlib.metadata import version
from typing import Any

from google.protobuf.internal import api_implementation
from OpenSSL import SSL

from test.benchmark.figures import FIGURES, Figure, Ratio, ratios
from test.benchmark.rounds import Round, Scale
from test.benchmark.simulator import Row

__all__ = ["document", "table"]


def _versions() -> dict[str, str]:
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}, {os.cpu_count()} cores",
        "twisted": version("twisted"),
        "protobuf": f"{version('protobuf')} ({api_implementation.Type()})",
        "pyOpenSSL": f"{version('pyOpenSSL')} ({SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()})",
        "ssl": ssl.OPENSSL_VERSION,
    }


def document(scale: Scale, found: dict[str, list[Round]], rows: list[Row]) -> dict[str, Any]:
    """
    Put the figures together for a program.

    @param scale: how much was measured.
    @param found: the rounds of each workload.
    @param rows: the figures of the simulator.
    @return: what can be written as JSON.
    """
    return {
        "versions": _versions(),
        "scale": scale._asdict(),
        "figures": [
            {
                "name": figure.name,
                "unit": figure.unit,
                "better": figure.better,
                "plainToday": figure.plainToday,
                "reach": figure.reach,
                "variants": [ratio._asdict() for ratio in ratios(figure, found[figure.workload])],
            }
            for figure in FIGURES
        ],
        "simulator": [row._asdict() for row in rows],
    }


def table(scale: Scale, found: dict[str, list[Round]], rows: list[Row]) -> str:
    """
    Put the figures together for a person.

    @param scale: how much was measured.
    @param found: the rounds of each workload.
    @param rows: the figures of the simulator.
    @return: lines of text.
    """
    lines = [f"{name}: {value}" for name, value in _versions().items()]
    lines += [f"medians of {scale.rounds} rounds of {scale.turns} turns; ratios to bare, of the same turn", ""]
    lines.append(_row("figure", "variant", "absolute", "ratio", "spread", "plain today", "reach"))
    for figure in FIGURES:
        lines += [_figureRow(figure, ratio) for ratio in ratios(figure, found[figure.workload])]
    lines += ["", f"{'simulator':<36} {'absolute':>28} {'reach':>12}"]
    lines += [f"{row.name:<36} {f'{row.value:,.1f} {row.unit}':>28} {row.goal or '-':>12}" for row in rows]
    return "\n".join(lines)


def _figureRow(figure: Figure, ratio: Ratio) -> str:
    return _row(
        figure.name,
        ratio.variant,
        f"{ratio.absolute:,.0f} {figure.unit}",
        f"{ratio.ratio:.2f}",
        f"{ratio.spread:.0%}",
        _goal("", figure.plainToday),
        _goal(">= " if figure.better == "higher" else "<= ", figure.reach),
    )


def _goal(prefix: str, ratio: float | None) -> str:
    return "-" if ratio is None else f"{prefix}{ratio:.2f}"


def _row(*cells: str) -> str:
    name, variant, absolute, *numbers = cells
    return f"{name:<15} {variant:<11} {absolute:>24} " + " ".join(f"{number:>11}" for number in numbers)
