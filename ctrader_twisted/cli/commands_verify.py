"""
The command C{verify}.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctrader_twisted.cli.using import ProfileChoice, accountOption, debugOption, perform, profileOption

# What is slow to import is imported late, so that ctrader --help is quick.
if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["verify"]


@click.command()
@profileOption
@accountOption
@click.option(
    "--report", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write what is found there, too."
)
@click.option("--yes", "isSure", is_flag=True, help="Do not ask before orders are sent on a demo account.")
@debugOption
def verify(profile: ProfileChoice, account: int | None, report: Path | None, isSure: bool, debug: bool) -> None:
    """
    Find out whether a server does what the ledger of its behaviour says, and what the simulator does.

    Runs on demo accounts and on simulators only. It takes about ten minutes, keeps within the limits of the server,
    trades with the smallest volumes, closes what it opens, and shows nothing secret and no number of an account.
    """
    perform(_verify, profile, account, report, isSure, debug=debug)


async def _verify(
    reactor: Any, console: Console, choice: ProfileChoice, accountId: int | None, report: Path | None, isSure: bool
) -> None:
    from random import SystemRandom

    from ctrader_twisted.cli.terminal import readLine
    from ctrader_twisted.cli.verify import Verification

    typed = partial(readLine, reactor) if sys.stdin.isatty() else None
    await Verification(reactor, console, SystemRandom(), typed).run(choice.read(), accountId, report, isSure=isSure)
