"""
C{python -m test.benchmark}.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser

from test.benchmark.catalogue import WORKLOADS
from test.benchmark.processes import Failed
from test.benchmark.report import document, measure, table
from test.benchmark.workload import Effort, Workload


def main() -> None:
    """
    Measure, and print what was found.
    """
    parser = ArgumentParser(prog="python -m test.benchmark", description="Compare speeds with the bare minimum.")
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("names", nargs="*", metavar="ROW", help=f"what to measure: {', '.join(names)}; all by default")
    efforts = parser.add_mutually_exclusive_group()
    efforts.add_argument("--quick", action="store_true", help="measure less; under two minutes")
    efforts.add_argument("--full", action="store_true", help="measure more, and ten million events")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; the rows are {', '.join(names)}")
    effort = Effort.QUICK if options.quick else Effort.FULL if options.full else Effort.USUAL
    chosen = [workload for workload in WORKLOADS if _isWanted(workload, options.names, effort)]
    try:
        measured = [measure(workload, effort, _progress) for workload in chosen]
    except Failed as error:
        sys.exit(str(error))
    print(json.dumps(document(effort, measured), indent=2) if options.json else table(effort, measured))


def _isWanted(workload: Workload, names: list[str], effort: Effort) -> bool:
    return workload.name in names if names else not workload.onlyFull or effort is Effort.FULL


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
