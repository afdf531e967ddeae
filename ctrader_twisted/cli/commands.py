"""
The commands of C{ctrader}, and how they end.
"""

from __future__ import annotations

import sys
import traceback
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

__all__ = ["ctrader"]


def _version() -> str:
    try:
        return version("ctrader-twisted")
    except PackageNotFoundError:
        return "(not installed)"


class _Replay(click.ParamType):  # type: ignore[type-arg]  # older versions of click take none
    """
    A symbol and a file of its ticks.
    """

    name = "NAME=FILE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        name, _, file = value.partition("=")
        if not name or not file:
            self.fail(f"{value!r} is not of the form NAME=FILE, such as EURUSD=ticks.csv", param, ctx)
        return name, Path(file)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="ctrader-twisted")
def ctrader() -> None:
    """
    The cTrader Open API with Twisted, from the command line.
    """


@ctrader.command()
@click.option(
    "--replay",
    type=_Replay(),
    multiple=True,
    help="Take the prices of a symbol from a file of ticks. May be given for several symbols.",
)
@click.option("--seed", default=0, show_default=True, help="The other prices are random, and follow from this number.")
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Where to leave a script that does the same.  [default: here]",
)
@click.option("--debug", is_flag=True, help="If it fails, show where.")
def tour(replay: tuple[tuple[str, Path], ...], seed: int, directory: Path, debug: bool) -> None:
    """
    See everything work, in a few seconds and without a network.

    The tour starts a simulated exchange, logs in over TLS, lists accounts and symbols, streams quotes, downloads
    history, trades, loses the connection, and recovers.
    """
    # Late, so that ctrader --help is quick.
    from rich.console import Console
    from twisted.internet import reactor

    from ctrader_twisted.cli.running import Interrupted, run
    from ctrader_twisted.cli.tour import tour as give
    from ctrader_twisted.errors import CTraderError

    try:
        run(partial(give, reactor, Console(), dict(replay), seed, directory), reactor)
    except Interrupted as interrupted:
        raise SystemExit(interrupted.status) from None
    except (CTraderError, OSError) as error:
        raise _failure(str(error), debug) from error
    except Exception as error:
        raise _failure(f"the tour failed: {error!r}; --debug shows where", debug) from error


def _failure(sentence: str, debug: bool) -> SystemExit:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"{sentence}\n")
    return SystemExit(1)
