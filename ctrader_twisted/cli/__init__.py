"""
The command C{ctrader}.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_MISSING = "The command ctrader needs click and rich. Install them with: pip install click rich\n"


def main() -> None:
    """
    Run the command line, and exit.

    @raise SystemExit: always, with the status of the command.
    """
    try:
        import click  # noqa: F401  # only to see whether it is there
        import rich  # noqa: F401
    except ImportError:
        sys.stderr.write(_MISSING)
        raise SystemExit(1) from None
    from ctrader_twisted.cli.commands import ctrader

    ctrader(prog_name="ctrader")
