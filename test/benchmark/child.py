"""
What every process of the benchmark does that is not the first: it ends when it should, and keeps to its core.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from threading import Thread

__all__ = ["coresToUse", "endWithParent", "obey"]


def obey(core: int | None, seconds: float) -> None:
    """
    Keep to a core, and to a time.

    @param core: the number of the core, or L{None} for any.
    @param seconds: end after so many, whatever the process waits for.
    """
    faulthandler.dump_traceback_later(seconds, exit=True)
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def endWithParent() -> None:
    """
    End when the parent closes our standard input, as it does when it is killed.
    """
    Thread(target=_watch, daemon=True).start()


def coresToUse() -> tuple[int | None, int | None]:
    """
    Choose the cores of client and server.

    @return: the numbers of two cores, or twice L{None} where there is only one or the system does not let us choose.
    """
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)


def _watch() -> None:
    # Unbuffered: no lock that the interpreter would wait for when it ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)
