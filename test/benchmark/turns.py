"""
The process of a round without a server: C{python -m test.benchmark.turns}, followed by its L{Turns} as JSON.

It measures all variants once without counting that, then as often as it was told, and prints the turns as one line of
JSON.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

from test.benchmark.alternating import Turns, Variants
from test.benchmark.child import obey
from test.benchmark.workload import Effort, Turn


def main() -> None:
    """
    Measure.
    """
    told = Turns(**json.loads(sys.argv[1]))
    obey(told.core, told.seconds)
    make: Variants = getattr(import_module(told.module), told.function)
    variants = make(Effort(told.effort))

    def turn() -> Turn:
        return {name: measure() for name, measure in variants.items()}

    turn()
    print(json.dumps([turn() for _ in range(told.turns)]), flush=True)


if __name__ == "__main__":
    main()
