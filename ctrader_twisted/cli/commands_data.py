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
from ctrader_twisted.cli.using import (
    ProfileChoice,
    accountOption,
    debugOption,
    explaining,
    perform,
    profileOption,
    withAccount,
)

# What is slow to import is imported late, so that ctrader --help is quick.
if TYPE_CHECKING:
    from rich.console import Console

    from ctrader_twisted.client import Account, Client
    from ctrader_twisted.store import Series

__all__ = ["bars", "data", "history", "plot"]

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


@click.command()
@click.argument("name", metavar="SYMBOL")
@click.argument("period", metavar="PERIOD", type=_PERIOD)
@spanOption()
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The picture, whose name ends in .png or .html.",
)
@click.option(
    "--data", "directory", metavar="DIR", type=click.Path(path_type=Path), help="Draw from a dataset, without a server."
)
@profileOption
@accountOption
@debugOption
def plot(
    name: str,
    period: str,
    start: int,
    end: int | None,
    path: Path,
    directory: Path | None,
    profile: ProfileChoice,
    account: int | None,
    debug: bool,
) -> None:
    """
    Draw candles of a PERIOD such as M1, H1 or D1.

    From a dataset that does not have bars of the period, they are made of shorter ones, or of the ticks of the bid.
    """
    from ctrader_twisted.cli.plot import plotFromDataset, plotFromServer

    given: dict[str, Any] = {"name": name, "period": period, "span": spanGiven(start, end), "path": path}
    if directory is None:
        perform(_use, profile, account, partial(plotFromServer, **given), debug=debug)
        return
    from rich.console import Console

    with explaining(debug):
        plotFromDataset(directory, Console(), **given)


@click.group()
def data() -> None:
    """
    Look at datasets on disk. No server and no profile is needed.
    """


_dataset = click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))


@data.command()
@_dataset
@click.option("--json", "asJson", is_flag=True, help="Write one JSON object.")
@debugOption
def status(directory: Path, asJson: bool, debug: bool) -> None:
    """
    Show what a dataset holds: rows, times, how much of the time between is known, size.
    """
    from rich.console import Console

    from ctrader_twisted.cli.dataset import showStatus

    with explaining(debug):
        showStatus(directory, Console(), asJson=asJson)


@data.command()
@_dataset
@debugOption
def verify(directory: Path, debug: bool) -> None:
    """
    Read all of a dataset and look whether it is as it was written. The exit status is 1 if something is not.

    Beside a program that writes the dataset, files that it is working on can be found.
    """
    from rich.console import Console

    from ctrader_twisted.cli.dataset import verifyDataset

    with explaining(debug):
        isFine = verifyDataset(directory, Console())
    raise SystemExit(0 if isFine else 1)


@data.command()
@_dataset
@debugOption
def compact(directory: Path, debug: bool) -> None:
    """
    Fold what is in segments into Parquet. The exit status is 1 if something in it is damaged.
    """
    from rich.console import Console

    from ctrader_twisted.cli.dataset import compactDataset

    with explaining(debug):
        isFine = compactDataset(directory, Console())
    raise SystemExit(0 if isFine else 1)


@data.command()
@_dataset
@click.option("--symbol", metavar="SYMBOL", required=True, help="The symbol, as it is called in the dataset.")
@click.option("--ticks", "side", type=click.Choice(_SIDES), help="The ticks of one side.")
@click.option("--quotes", "isQuotes", is_flag=True, help="The ticks of both sides, beside each other.")
@click.option("--bars", "period", type=_PERIOD, help="Bars.")
@spanOption(isNeeded=False)
@click.option("--csv", "file", metavar="FILE", default="-", help="Where to write.  [default: standard output]")
@debugOption
def export(
    directory: Path,
    symbol: str,
    side: str | None,
    isQuotes: bool,
    period: str | None,
    start: int | None,
    end: int | None,
    file: str,
    debug: bool,
) -> None:
    """
    Write rows of a dataset as CSV, with exact prices. What is missing in the span is told on standard error.
    """
    from ctrader_twisted.cli.dataset import exportRows
    from ctrader_twisted.store import Series

    if (side is not None) + isQuotes + (period is not None) != 1:
        raise click.UsageError("say what to write: --ticks and a side, --quotes, or --bars and a period")
    if start is not None and end is not None:
        spanGiven(start, end)
    with explaining(debug):
        if period is not None:
            wanted = [Series.bars(symbol, period)]
        else:
            wanted = [Series.ticks(symbol, each) for each in _SIDES if side in (None, each)]
        exportRows(directory, symbol, wanted, start=start, end=end, file=file)


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
