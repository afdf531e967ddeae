"""
The command C{ctrader}.
"""

from __future__ import annotations

import io
import os
import signal
import sys

__all__ = ["main"]

_MISSING = "The command ctrader needs click and rich. Install them with: pip install click rich\n"


def main() -> None:
    """
    Run the command line, and exit.

    @raise SystemExit: always, with the status of the command.
    """
    signal.signal(signal.SIGINT, _interrupted)
    _completeStreams()
    try:
        import click  # noqa: F401  # only to see whether it is there
        import rich  # noqa: F401
    except ImportError:
        sys.stderr.write(_MISSING)
        raise SystemExit(1) from None
    from ctrader_twisted.cli.commands import ctrader

    ctrader(prog_name="ctrader")


def _interrupted(number: int, frame: object) -> None:
    # Until the reactor runs, and where the user is asked before that, Ctrl-C would be a traceback, or status 1.
    raise SystemExit(128 + number)


def _completeStreams() -> None:
    """
    Let nothing fail for want of a stream that whoever started this has closed, or of a character that one lacks.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # for good
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
