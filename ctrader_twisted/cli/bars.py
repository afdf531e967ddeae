"""
C{ctrader bars}: trendbars as a table, or as CSV.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.cli.files import STANDARD_OUTPUT, textOutput
from ctrader_twisted.cli.moments import momentWords
from ctrader_twisted.cli.naming import symbolNamed
from ctrader_twisted.cli.progress import Display, Tally
from ctrader_twisted.cli.tables import plainTable, show
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.client import Account
from ctrader_twisted.columns import Trendbars
from ctrader_twisted.market import Progress
from ctrader_twisted.store import Series, Span
from ctrader_twisted.store.csvfiles import writeCsv

__all__ = ["downloadBars", "showBars"]

_NUMBERS = ("open", "high", "low", "close", "ticks")


async def showBars(
    account: Account,
    console: Console,
    clock: IReactorTime,
    *,
    name: str,
    period: str,
    span: Span,
    file: str | None,
    notices: Console | None = None,
) -> None:
    """
    Show the bars of a span: on a terminal as a table, in a pipe or file as CSV.

    @param account: the account.
    @param console: where to show them.
    @param clock: the reactor.
    @param name: the name of the symbol.
    @param period: the name of the period.
    @param span: the span, in milliseconds since 1970.
    @param file: where to write CSV to, C{-} for standard output; by default, that depends on the console.
    @param notices: where to tell how far it has come; by default standard error.
    @raise CTraderError: if there is no such symbol, if not all bars can be had, or if the file cannot be written.
    """
    notices = notices or Console(stderr=True)
    bars = await downloadBars(account, notices, clock, name=name, period=period, span=span)
    if file is None and console.is_terminal:
        show(console, _table(bars))
        return
    with textOutput(file or STANDARD_OUTPUT) as output:
        writeCsv(Series.bars(name, period), [bars], output)
    if file not in (None, STANDARD_OUTPUT):
        say(notices, f"{len(bars):,} bars are in {file}.")


async def downloadBars(
    account: Account, notices: Console, clock: IReactorTime, *, name: str, period: str, span: Span
) -> Trendbars:
    """
    Get the bars of a span, and tell how far that has come.

    @param account: the account.
    @param notices: where to tell.
    @param clock: the reactor.
    @param name: the name of the symbol.
    @param period: the name of the period.
    @param span: the span, in milliseconds since 1970.
    @return: the bars; the last one may still be forming.
    @raise CTraderError: if there is no such symbol, or not all bars can be had.
    """
    symbol = await symbolNamed(account, name)
    tally = Tally(f"{name} {period} bars", total=span[1] - span[0])

    def told(progress: Progress) -> None:
        tally.rows, tally.done = progress.rows, round(progress.share * (span[1] - span[0]))

    with Display(notices, clock, [tally]):
        return await account.trendbars(symbol, period, *span, progress=told)


def _table(bars: Trendbars) -> Table:
    table = plainTable("time (UTC)", *_NUMBERS, right=_NUMBERS)
    for bar in bars:
        prices = (str(price) for price in (bar.open, bar.high, bar.low, bar.close))
        table.add_row(momentWords(bar.timestamp), *prices, f"{bar.volume:,}")
    return table
