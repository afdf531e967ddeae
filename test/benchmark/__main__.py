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

_DEFAULT = Scale(rounds=7, turns=11, events=20_000, trips=500, batches=20)
_QUICK = Scale(rounds=5, turns=5, events=10_000, trips=200, batches=10)


def main() -> None:
    """
    Measure, and print what was found.
    """
    parser = ArgumentParser(prog="python -m test.benchmark", description="Compare speeds with the bare minimum.")
    parser.add_argument("--quick", action="store_true", help="measure less; under a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    scale = _QUICK if options.quick else _DEFAULT
    try:
        found = measure(scale, lambda line: print(line, file=sys.stderr))
    except Failed as error:
        sys.exit(str(error))
    print(json.dumps(document(scale, found), indent=2) if options.json else table(scale, found))


if __name__ == "__main__":
    main()
