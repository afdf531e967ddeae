"""
The commands of C{ctrader}.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from ctrader_twisted.cli.commands_data import bars, data, history, plot
from ctrader_twisted.cli.commands_profiles import accounts, doctor, login, logout, tokens
from ctrader_twisted.cli.commands_sim import sim
from ctrader_twisted.cli.commands_trading import book, halt, order, positions, quotes, resume, symbols
from ctrader_twisted.cli.commands_verify import verify
from ctrader_twisted.cli.using import debugOption, perform

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


ctrader.add_command(sim)


@ctrader.command()
@click.option(
    "--replay",
    type=_Replay(),
    multiple=True,
    help="Take the prices of a symbol from a file of ticks, or a dataset. May be given for several symbols.",
)
@click.option("--seed", default=0, show_default=True, help="The other prices are random, and follow from this number.")
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Where to leave a script that does the same.  [default: here]",
)
@debugOption
def tour(replay: tuple[tuple[str, Path], ...], seed: int, directory: Path, debug: bool) -> None:
    """
    See everything work, in a few seconds and without a network.

    The tour starts a simulated exchange, logs in over TLS, lists accounts and symbols, streams quotes, downloads
    history, trades, loses the connection, and recovers.
    """
    # Late, so that ctrader --help is quick.
    from ctrader_twisted.cli.tour import tour as give

    perform(give, dict(replay), seed, directory, debug=debug)


_COMMANDS = (
    login,
    accounts,
    tokens,
    logout,
    doctor,
    halt,
    order,
    positions,
    quotes,
    book,
    history,
    bars,
    data,
    plot,
    resume,
    symbols,
    verify,
)

for _command in _COMMANDS:
    ctrader.add_command(_command)
