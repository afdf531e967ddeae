"""
How far downloads have come: a table with bars that moves, or lines now and then in a pipe or file.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from attrs import define
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from ctrader_twisted.cli.moments import lengthWords
from ctrader_twisted.cli.page import Moving
from ctrader_twisted.cli.tables import plainTable
from ctrader_twisted.cli.terminal import say

__all__ = ["Display", "Tally"]

_FRAME = 0.25
_LINES = 30.0
_WIDTH = 24
_NUMBERS = ("done", "rows", "rows/s", "left")


@define
class Tally:
    """
    How far one download has come.

    @ivar name: what is downloaded.
    @ivar total: how many milliseconds of time are to be fetched; L{None} while that is not known.
    @ivar done: how many of them have come.
    @ivar rows: how many rows were in them.
    """

    name: str
    total: int | None = None
    done: int = 0
    rows: int = 0

    @property
    def share(self) -> float:
        """
        How much has come, from 0 to 1.
        """
        if self.total is None:
            return 0.0
        return min(1.0, self.done / self.total) if self.total > 0 else 1.0

    def rate(self, passed: float) -> float:
        """
        @param passed: how many seconds it has taken.
        @return: rows a second.
        """
        return self.rows / passed if passed > 0 else 0.0

    def left(self, passed: float) -> float | None:
        """
        @param passed: how many seconds it has taken.
        @return: how many more it will take if it goes on like this; L{None} if that cannot be told.
        """
        return passed * (1 - self.share) / self.share if self.share > 0 else None


class Display:
    """
    Shows tallies for as long as its block lasts.
    """

    def __init__(self, console: Console, clock: IReactorTime, tallies: Sequence[Tally]) -> None:
        """
        @param console: where to show them.
        @param clock: the reactor.
        @param tallies: the tallies.
        """
        self._console = console
        self._clock = clock
        self._tallies = tallies
        self._started = clock.seconds()
        self._moving: Moving | None = None
        self._call = LoopingCall(self._show)
        self._call.clock = clock

    def __enter__(self) -> None:
        self._started = self._clock.seconds()
        if self._console.is_terminal:
            self._moving = Moving(self._console, self._table())
            self._moving.__enter__()
        # Whatever goes wrong with what is shown, the download goes on.
        self._call.start(_FRAME if self._moving else _LINES, now=False).addErrback(lambda _: None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._call.running:
            self._call.stop()
        if self._moving is not None:
            self._moving.change(self._table())
            self._moving.__exit__(kind, error, traceback)

    def _show(self) -> None:
        if self._moving is not None:
            self._moving.change(self._table())
            return
        for tally in self._tallies:
            if tally.share < 1:
                say(self._console, self._line(tally))

    def _line(self, tally: Tally) -> str:
        passed = self._clock.seconds() - self._started
        left = tally.left(passed)
        ending = "" if left is None else f", {lengthWords(left)} left"
        return f"{tally.name}: {int(tally.share * 100)}%, {tally.rows:,} rows, {tally.rate(passed):,.0f} rows/s{ending}"

    def _table(self) -> Table:
        passed = self._clock.seconds() - self._started
        table = plainTable("", " ", *_NUMBERS, right=_NUMBERS)
        for tally in self._tallies:
            left = tally.left(passed)
            table.add_row(
                tally.name,
                ProgressBar(1.0, tally.share, _WIDTH),
                f"{int(tally.share * 100)}%",
                f"{tally.rows:,}",
                f"{tally.rate(passed):,.0f}",
                "-" if left is None else lengthWords(left),
            )
        return table
