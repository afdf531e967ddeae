"""
The command C{sim}.
"""

from __future__ import annotations

import signal
from pathlib import Path

import click

from ctrader_twisted.cli.using import debugOption, perform

__all__ = ["sim"]

_PORT = click.IntRange(0, 65_535)
_SIGNALLED = (128 + signal.SIGINT, 128 + signal.SIGTERM)


@click.command()
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it keeps its state.  [default: sim, beside the file of profiles]",
)
@click.option("--port", type=_PORT, default=5035, show_default=True, help="The port for clients; 0 for any free one.")
@click.option("--oauth-port", type=_PORT, default=5080, show_default=True, help="The port for OAuth, likewise.")
@click.option("--seed", default=0, show_default=True, help="Prices and credentials follow from this number.")
@click.option(
    "--speed",
    type=click.FloatRange(0, 100_000, min_open=True),
    default=1.0,
    show_default=True,
    help="Simulated seconds in a second.",
)
@debugOption
def sim(directory: Path | None, port: int, oauth_port: int, seed: int, speed: float, debug: bool) -> None:
    """
    Run a simulated exchange, for all commands to be tried on.

    It writes the profile sim, so that every command works with --profile sim while it runs, without an application or
    an account at a broker. It runs until Ctrl-C.
    """
    # Late, so that ctrader --help is quick.
    from ctrader_twisted.cli.sim import Wanted
    from ctrader_twisted.cli.sim import sim as simulate
    from ctrader_twisted.profiles import ProfileFile

    try:
        perform(simulate, ProfileFile(), Wanted(directory, port, oauth_port, seed, speed), debug=debug)
    except SystemExit as end:
        # A signal is the way to end it.
        if end.code not in _SIGNALLED:
            raise
