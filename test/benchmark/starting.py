"""
What importing the package takes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from test.benchmark.alternating import alternating
from test.benchmark.workload import Effort, Figure

__all__ = ["IMPORT", "IMPORT_CLIENT", "imports", "importsOfClient"]

# The messages stand in a module of ours, which loads nothing that the reference would not have: without generated code
# there is no smaller way to them.
_BARE = "from twisted.internet import reactor, endpoints, ssl; import ctrader_twisted.schema.messages"
_TELLING = "; from time import process_time; print(process_time())"


def imports(effort: Effort) -> dict[str, Callable[[], float]]:
    """
    Prepare to import the package, in an interpreter of its own each time.

    @param effort: makes no difference.
    @return: what measures each: the milliseconds of CPU time from the start of the interpreter.
    """
    return {"bare": lambda: _milliseconds(_BARE), "package": lambda: _milliseconds("import ctrader_twisted")}


def importsOfClient(effort: Effort) -> dict[str, Callable[[], float]]:
    """
    Prepare to import what most users begin with, likewise.

    @param effort: makes no difference.
    @return: what measures each: the milliseconds of CPU time from the start of the interpreter.
    """
    return {
        "bare": lambda: _milliseconds(_BARE),
        "client": lambda: _milliseconds("from ctrader_twisted import Client"),
    }


def _milliseconds(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code + _TELLING], capture_output=True, check=True, text=True)
    return 1_000 * float(done.stdout)


IMPORT = alternating("import", imports, Figure("import", "CPU-ms", "lower", 1.0, 0.6))

IMPORT_CLIENT = alternating("import-client", importsOfClient, Figure("import of Client", "CPU-ms", "lower", None, None))
