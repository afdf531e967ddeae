"""
C{ctrader history}: history of any length into a dataset on disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from attrs import frozen
from rich.console import Console
from rich.table import Table
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.cli.fetching import Fetching
from ctrader_twisted.cli.moments import lengthWords, momentWords, spanWords
from ctrader_twisted.cli.naming import symbolNamed
from ctrader_twisted.cli.progress import Display
from ctrader_twisted.cli.tables import plainTable, show
from ctrader_twisted.cli.terminal import say, sayInAnyCase
from ctrader_twisted.client import Account
from ctrader_twisted.client.client import systemTime
from ctrader_twisted.columns import loadNumpy
from ctrader_twisted.errors import CTraderError, HistoryFailed, StoreFailed
from ctrader_twisted.interfaces import RunBlocking
from ctrader_twisted.store import Dataset, DatasetWriter, Series, Span, State
from ctrader_twisted.store.spans import length
from ctrader_twisted.units import Symbol

__all__ = ["fetchHistory", "folderSize", "sizeWords"]

_NUMBERS = ("fetched", "rows", "without prices", "missing")


async def fetchHistory(
    account: Account,
    console: Console,
    clock: IReactorTime,
    *,
    names: Iterable[str],
    kinds: Sequence[Callable[[str], Series]],
    span: Span,
    directory: Path,
    runBlocking: RunBlocking,
    wallClock: Callable[[], int] = systemTime,
) -> None:
    """
    Fetch what a dataset lacks of a span. Interrupted, or failed, it has kept what came, and can be called again.

    @param account: the account.
    @param console: where to tell how far it has come.
    @param clock: the reactor.
    @param names: the names of the symbols.
    @param kinds: make the series of a symbol.
    @param span: the span, in milliseconds since 1970.
    @param directory: the folder of the dataset, which is made if need be.
    @param runBlocking: runs what waits for the disk.
    @param wallClock: milliseconds since 1970.
    @raise CTraderError: if there is no such symbol, if the dataset cannot be written, or if not all could be had.
    """
    symbols = [await symbolNamed(account, name) for name in dict.fromkeys(names)]
    wanted = {kind(symbol.name): symbol for symbol in symbols for kind in kinds}
    # Pages are read several times as fast with it.
    loadNumpy()
    writer = DatasetWriter(directory)
    await runBlocking(writer.open)
    fetching = Fetching(account, writer, wanted, span, clock=clock, runBlocking=runBlocking, wallClock=wallClock)
    try:
        with Display(console, clock, list(fetching.tallies.values())):
            await fetching.run()
    except CancelledError:
        await _close(writer, console, runBlocking)
        rows = sum(tally.rows for tally in fetching.tallies.values())
        sayInAnyCase(
            console, f"Interrupted. {rows:,} rows are kept in {directory}; the same command goes on from there."
        )
        raise
    finally:
        await runBlocking(writer.close)
    await _tell(fetching, wanted, span, console, writer.dataset, runBlocking)


async def _close(writer: DatasetWriter, console: Console, runBlocking: RunBlocking) -> None:
    try:
        await runBlocking(writer.close)
    except StoreFailed as error:
        # After Ctrl-C nobody else tells it.
        sayInAnyCase(console, error.explain())
        raise


async def _tell(
    fetching: Fetching,
    wanted: dict[Series, Symbol],
    span: Span,
    console: Console,
    dataset: Dataset,
    runBlocking: RunBlocking,
) -> None:
    results = [await runBlocking(_result, dataset, series, span) for series in wanted]
    say(console, f"{spanWords(*span)}, half open, in UTC:")
    show(console, _table(fetching, results))
    say(console, f"{sizeWords(await runBlocking(folderSize, dataset.path))} in {dataset.path}")
    if fetching.failures:
        raise _incomplete(fetching, results)


@frozen
class _Result:
    """
    What a dataset has of a series in the end.

    @ivar series: the series.
    @ivar rows: how many rows in all.
    @ivar first: the time of the first one, or L{None}.
    @ivar last: the time of the last one, or L{None}.
    @ivar empty: how many milliseconds of the span are known to be without a row, for a minute or longer.
    @ivar missing: the spans that are still not final.
    """

    series: Series
    rows: int
    first: int | None
    last: int | None
    empty: int
    missing: tuple[Span, ...]


def _result(dataset: Dataset, series: Series, span: Span) -> _Result:
    summary = dataset.summary(series)
    coverage = dataset.coverage(series, *span)
    empty = length((each.start, each.end) for each in coverage if each.state is State.EMPTY)
    lacking = (State.MISSING, State.PROVISIONAL)
    missing = tuple((each.start, each.end) for each in coverage if each.state in lacking)
    return _Result(series, summary.rows, summary.first, summary.last, empty, missing)


def _table(fetching: Fetching, results: Iterable[_Result]) -> Table:
    table = plainTable("series", *_NUMBERS[:2], "first", "last", *_NUMBERS[2:], right=_NUMBERS)
    for result in results:
        tally = fetching.tallies[result.series]
        first, last = ("-" if moment is None else momentWords(moment) for moment in (result.first, result.last))
        missing = lengthWords(length(result.missing) / 1_000) if result.missing else "-"
        empty = lengthWords(result.empty / 1_000) if result.empty else "-"
        table.add_row(tally.name, f"{tally.rows:,}", f"{result.rows:,}", first, last, empty, missing)
    return table


def _incomplete(fetching: Fetching, results: Iterable[_Result]) -> CTraderError:
    sentences = []
    for result in results:
        error = fetching.failures.get(result.series)
        if error is not None:
            why = error.reason if isinstance(error, HistoryFailed) else error
            where = (
                f"{spanWords(result.missing[0][0], result.missing[-1][1])} is not complete" if result.missing else ""
            )
            kept = f"{fetching.tallies[result.series].rows:,} rows that came are kept"
            sentences.append("; ".join(filter(None, (f"{result.series}: {why}", where, kept))))
    return CTraderError("\n".join([*sentences, "the same command goes on from there"]))


def folderSize(path: Path) -> int:
    """
    Measure a folder.

    @param path: the folder.
    @return: how many bytes its files have.
    """
    return sum(_fileSize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


def _fileSize(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        # Another command may have compacted it away meanwhile, or it is a link to nowhere.
        return 0


def sizeWords(size: int) -> str:
    """
    @param size: some bytes.
    @return: the same in the unit that one thinks in.
    """
    amount = float(size)
    for unit in ("bytes", "kB", "MB"):
        # What is shown as 1,000.0 of a unit is told in the next one.
        if round(amount, 1) < 1_000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1_000
    return f"{amount:,.1f} GB"
