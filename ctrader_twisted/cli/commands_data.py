"""
The commands for market data in volume: C{history}, C{bars}, C{plot}, and C{data} with what belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctrader_twisted.cli.moments import spanGiven, spanOption
from ctrader_twisted.cli.using import ProfileChoice, accountOption, debugOption, perform, profileOption, withAccount

# What is slow to import is imported late, so that ctrader --help is quick.
if TYPE_CHECKING:
    from rich.console import Console

    from ctrader_twisted.client import Account, Client
    from ctrader_twisted.store import Series

__all__ = ["bars", "history"]

_SIDES = ("bid", "ask")
_PERIODS = ("M1", "M2", "M3", "M4", "M5", "M10", "M15", "M30", "H1", "H4", "H12", "D1", "W1", "MN1")

_PERIOD = click.Choice(_PERIODS, case_sensitive=False)

_directoryOption = click.option(
    "-o",
    "--output",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the dataset; it is made if need be.",
)


@click.command()
@click.argument("names", metavar="SYMBOL...", nargs=-1, required=True)
@click.option("--ticks", "hasTicks", is_flag=True, help="Fetch ticks.")
@click.option("--side", type=click.Choice(_SIDES), help="Only the ticks of one side.")
@click.option("--bars", "periods", type=_PERIOD, multiple=True, help="Fetch bars. May be given for several periods.")
@spanOption()
@_directoryOption
@profileOption
@accountOption
@debugOption
def history(
    names: tuple[str, ...],
    hasTicks: bool,
    side: str | None,
    periods: tuple[str, ...],
    start: int,
    end: int | None,
    directory: Path | None,
    profile: ProfileChoice,
    account: int | None,
    debug: bool,
) -> None:
    """
    Fetch the history of symbols into a dataset: a folder of Parquet files.

    Only what is missing there is fetched, so that what was interrupted goes on, and what is complete costs nothing.
    """
    if not (hasTicks or periods):
        raise click.UsageError("say what to fetch: --ticks, or --bars and a period, or both")
    if side is not None and not hasTicks:
        raise click.UsageError("--side is for --ticks")
    if directory is None:
        raise click.UsageError("say where the dataset is: -o DIR")
    sides = (side,) if side else _SIDES
    _fetch(names, sides if hasTicks else (), periods, spanGiven(start, end), directory, profile, account, debug)


@click.command()
@click.argument("name", metavar="SYMBOL")
@click.argument("period", metavar="PERIOD", type=_PERIOD)
@spanOption()
@_directoryOption
@click.option("--csv", "file", metavar="FILE", help="Write CSV to a file, or with - to standard output.")
@profileOption
@accountOption
@debugOption
def bars(
    name: str,
    period: str,
    start: int,
    end: int | None,
    directory: Path | None,
    file: str | None,
    profile: ProfileChoice,
    account: int | None,
    debug: bool,
) -> None:
    """
    Show bars, of a PERIOD such as M1, H1 or D1; or fetch them into a dataset, as ctrader history does.

    On a terminal they are a table, in a pipe or file CSV. They are those that open in the span; the last one may still
    be forming.
    """
    from ctrader_twisted.cli.bars import showBars

    span = spanGiven(start, end)
    if directory is not None:
        if file is not None:
            raise click.UsageError("give -o or --csv, not both; ctrader data export writes CSV from a dataset")
        _fetch((name,), (), (period,), span, directory, profile, account, debug)
        return
    perform(_use, profile, account, partial(showBars, name=name, period=period, span=span, file=file), debug=debug)


def _fetch(
    names: tuple[str, ...],
    sides: tuple[str, ...],
    periods: tuple[str, ...],
    span: tuple[int, int],
    directory: Path,
    profile: ProfileChoice,
    account: int | None,
    debug: bool,
) -> None:
    from ctrader_twisted.cli.history import fetchHistory
    from ctrader_twisted.store import Series

    kinds: list[Callable[[str], Series]] = [partial(Series.ticks, side=side) for side in sides]
    kinds += [partial(Series.bars, period=period) for period in dict.fromkeys(periods)]
    show = partial(fetchHistory, names=names, kinds=kinds, span=span, directory=directory)
    perform(_use, profile, account, partial(_withWorker, show), debug=debug)


async def _withWorker(
    show: Callable[..., Coroutine[Any, Any, None]], account: Account, console: Console, reactor: Any
) -> None:
    from ctrader_twisted.blocking import Worker

    await show(account, console, reactor, runBlocking=Worker(reactor))


async def _use(
    reactor: Any,
    console: Console,
    profile: ProfileChoice,
    accountId: int | None,
    show: Callable[..., Coroutine[Any, Any, None]],
) -> None:
    async def use(client: Client, account: Account) -> None:
        await show(account, console, reactor)

    await withAccount(reactor, profile, accountId, use)
