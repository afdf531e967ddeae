"""
C{ctrader plot}: candles as a picture or a page, from a server or from a dataset.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.cli.bars import downloadBars
from ctrader_twisted.cli.candles import MOST_BARS, checkCount, checkPicture, drawCandles
from ctrader_twisted.cli.dataset import tellGaps
from ctrader_twisted.cli.moments import spanWords
from ctrader_twisted.cli.storedbars import storedBars
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.client import Account
from ctrader_twisted.columns import MINUTES, Trendbars
from ctrader_twisted.errors import CTraderError
from ctrader_twisted.store import Dataset, Span

__all__ = ["plotFromDataset", "plotFromServer"]

_MINUTE = 60_000
# No market is closed for so much of the time.
_OPEN = 10


async def plotFromServer(
    account: Account, console: Console, clock: IReactorTime, *, name: str, period: str, span: Span, path: Path
) -> None:
    """
    Draw bars that a server gives.

    @param account: the account.
    @param console: where to tell what becomes of it.
    @param clock: the reactor.
    @param name: the name of the symbol.
    @param period: the name of the period.
    @param span: the span, in milliseconds since 1970.
    @param path: the picture.
    @raise CTraderError: if the bars cannot be had, are none or too many, or cannot be drawn.
    """
    _check(period, span, path)
    _draw(await downloadBars(account, console, clock, name=name, period=period, span=span), name, span, path, console)


def plotFromDataset(directory: Path, console: Console, *, name: str, period: str, span: Span, path: Path) -> None:
    """
    Draw bars that a dataset has, or that are made of what it has.

    @param directory: the folder of the dataset.
    @param console: where to tell what becomes of it.
    @param name: the name of the symbol.
    @param period: the name of the period.
    @param span: the span, in milliseconds since 1970.
    @param path: the picture.
    @raise CTraderError: if the dataset has nothing to make them of, if they are none or too many, or cannot be drawn.
    """
    _check(period, span, path)
    dataset = Dataset(directory)
    bars, series, needed = storedBars(dataset, name, period, span)
    tellGaps(dataset, [series], needed, console)
    _draw(bars, name, span, path, console)


def _check(period: str, span: Span, path: Path) -> None:
    checkPicture(path)
    count = (span[1] - span[0]) // (MINUTES[period] * _MINUTE)
    if count > _OPEN * MOST_BARS:
        checkCount(count, period)


def _draw(bars: Trendbars, name: str, span: Span, path: Path, console: Console) -> None:
    if not bars:
        raise CTraderError(f"there are no {bars.period} bars of {name} from {spanWords(*span)}")
    drawCandles(bars, f"{name} {bars.period}, {spanWords(*span)}", path)
    say(console, f"{len(bars):,} bars are drawn in {path}.")
