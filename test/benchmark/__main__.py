"""
C{python -m test.benchmark}.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser

from test.benchmark.processes import Failed
from test.benchmark.report import document, table
from test.benchmark.rounds import Scale, measure
from test.benchmark.simulator import SimulatorScale, measureSimulator

_DEFAULT = Scale(rounds=7, turns=11, events=20_000, trips=500, batches=20, drops=10)
_QUICK = Scale(rounds=5, turns=5, events=10_000, trips=200, batches=10, drops=4)
_WORLD = SimulatorScale(clients=1_000, ticks=500, hours=24, days=(5, 10, 20, 30))
_SMALL_WORLD = SimulatorScale(clients=200, ticks=200, hours=1, days=(0.5, 1))


def main() -> None:
    """
    Measure, and print what was found.
    """
    parser = ArgumentParser(prog="python -m test.benchmark", description="Compare speeds with the bare minimum.")
    parser.add_argument("--quick", action="store_true", help="measure less; under a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    scale, world = (_QUICK, _SMALL_WORLD) if options.quick else (_DEFAULT, _WORLD)
    try:
        found = measure(scale, _progress)
        rows = measureSimulator(world, _progress)
    except Failed as error:
        sys.exit(str(error))
    print(json.dumps(document(scale, found, rows), indent=2) if options.json else table(scale, found, rows))


def _progress(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
