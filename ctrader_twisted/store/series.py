"""
What a dataset is made of: series of ticks and bars, and the columns of their rows.
"""

from __future__ import annotations

from array import array
from typing import TypeAlias

from attrs import field, frozen

from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.errors import IllegalValue

__all__ = ["PERIODS", "SIDES", "Arrays", "Rows", "Series", "arraysOf"]

Rows = Ticks | Trendbars
"""
A table of a dataset.
"""

Arrays: TypeAlias = "tuple[array[int], ...]"
"""
The columns of a table, the timestamps first.
"""

SIDES = ("ask", "bid")
"""
What series of ticks there are of a symbol.
"""

_HOUR = 60
_DAY = 24 * _HOUR

# In minutes; the longest of its kind, where the lengths differ.
PERIODS = {
    **{f"M{minutes}": minutes for minutes in (1, 2, 3, 4, 5, 10, 15, 30)},
    **{f"H{hours}": hours * _HOUR for hours in (1, 4, 12)},
    "D1": _DAY + _HOUR,
    "W1": 7 * _DAY + _HOUR,
    "MN1": 31 * _DAY + _HOUR,
}
"""
How many minutes a bar of each period has at most.
"""

_MINUTE = 60_000
_MOST_LETTERS = 200


def _named(series: Series, attribute: object, symbol: str) -> None:
    if not symbol or len(symbol) > _MOST_LETTERS:
        raise IllegalValue(
            f"the name of a symbol has 1 to {_MOST_LETTERS} characters, not {len(symbol)}: {symbol[:40]!r}"
        )


@frozen(order=True)
class Series:
    """
    One series of rows: the ticks of one side of a symbol, or its bars of one period. See L{ticks} and L{bars}.

    @ivar symbol: the symbol's name.
    @ivar kind: C{ticks} or C{bars}.
    @ivar of: the side C{bid} or C{ask}, or the period, such as C{M1}.
    """

    symbol: str = field(validator=_named)
    kind: str
    of: str

    @classmethod
    def ticks(cls, symbol: str, side: str) -> Series:
        """
        Name the ticks of one side.

        @param symbol: the symbol's name.
        @param side: C{bid} or C{ask}.
        @return: the series.
        @raise IllegalValue: if there is no such side.
        """
        if side not in SIDES:
            raise IllegalValue(f"{side!r} is no side; ticks are of bid or ask", SIDES)
        return cls(symbol, "ticks", side)

    @classmethod
    def bars(cls, symbol: str, period: str) -> Series:
        """
        Name the bars of one period.

        @param symbol: the symbol's name.
        @param period: C{M1} to C{M5}, C{M10}, C{M15}, C{M30}, C{H1}, C{H4}, C{H12}, C{D1}, C{W1} or C{MN1}.
        @return: the series.
        @raise IllegalValue: if there is no such period.
        """
        if period not in PERIODS:
            raise IllegalValue(f"{period!r} is no period; these are: {', '.join(PERIODS)}", tuple(PERIODS))
        return cls(symbol, "bars", period)

    def __str__(self) -> str:
        return f"{self.symbol} {self.of}"

    @property
    def width(self) -> int:
        """
        How many columns a row has.
        """
        return 2 if self.kind == "ticks" else 6

    @property
    def longest(self) -> int:
        """
        How many milliseconds a row tells of at most: the length of a bar, and nothing of a tick.
        """
        return 0 if self.kind == "ticks" else PERIODS[self.of] * _MINUTE

    def table(self, columns: Arrays, digits: int, complete: bool) -> Rows:
        """
        Make a table of columns.

        @param columns: the columns, the timestamps first.
        @param digits: the decimal places of the symbol's prices.
        @param complete: whether these are all rows of the span that was asked for.
        @return: the table.
        """
        if self.kind == "ticks":
            return Ticks(*columns, digits=digits, complete=complete)
        return Trendbars(*columns, period=self.of, digits=digits, complete=complete)

    def check(self, rows: Rows) -> None:
        """
        Demand that a table belongs to this series.

        @param rows: the table.
        @raise IllegalValue: if it is of another kind or period.
        """
        fits = (
            isinstance(rows, Ticks) if self.kind == "ticks" else isinstance(rows, Trendbars) and rows.period == self.of
        )
        if not fits:
            raise IllegalValue(f"{rows!r} is no table of {self}")


def arraysOf(rows: Rows) -> Arrays:
    """
    Take a table apart.

    @param rows: the table.
    @return: its columns, the timestamps first; they are not to be changed.
    """
    if isinstance(rows, Ticks):
        return rows.timestamps, rows.prices
    return rows.timestamps, rows.open, rows.high, rows.low, rows.close, rows.volume
