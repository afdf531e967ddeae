"""
What ticks and trendbars have in common: equally long columns of 64-bit integers, ascending in time.
"""

from __future__ import annotations

from abc import abstractmethod
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from decimal import Context, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from ctrader_twisted.columns.arrow import readTable, writeTable

if TYPE_CHECKING:
    import numpy
    import pandas
    import pyarrow

__all__ = ["PRICE_SCALE", "Columns"]

_RecordT = TypeVar("_RecordT")

PRICE_SCALE = 100_000
"""
How many units of a price column make one unit of price.
"""

_PRICE_DIGITS = 5
_EXACT = Context(prec=40)


class Columns(Sequence[_RecordT], Generic[_RecordT]):
    """
    A table that is kept by columns and read by records. It does not change once made.

    Indexing and iteration give records with exact prices; a slice gives the same kind of table.

    @cvar scale: the unit of the price columns: so many make one unit of price.
    @ivar timestamps: milliseconds since 1970, C{array('q')}, ascending.
    @ivar digits: the decimal places that the prices of records show.
    @ivar complete: whether these are all that the server has for the span that was asked for. L{False} means that the
        server had more, older ones.
    """

    scale: ClassVar[int] = PRICE_SCALE
    # How many milliseconds there are between two rows at least.
    _apart: ClassVar[int] = 0
    _names: ClassVar[tuple[str, ...]]
    _priceNames: ClassVar[tuple[str, ...]]

    def __init__(self, columns: tuple[array[int], ...], digits: int, complete: bool) -> None:
        """
        @param columns: C{array('q')} of one length each, the timestamps first.
        @param digits: the decimal places of the symbol's prices.
        @param complete: whether nothing is missing at the start of the span that was asked for.
        @raise ValueError: if the columns differ in length.
        """
        if len({len(column) for column in columns}) != 1:
            raise ValueError(f"columns of different lengths: {[len(column) for column in columns]}")
        self._columns = columns
        self.timestamps = columns[0]
        self.digits = digits
        self.complete = complete

    @abstractmethod
    def _with(self, columns: tuple[array[int], ...], complete: bool) -> Self:
        """
        Make the same kind of table of other columns.
        """

    def _isLike(self, other: Self) -> bool:
        return type(other) is type(self) and other.digits == self.digits and self._hasPeriodOf(other)

    def _hasPeriodOf(self, other: Columns[Any]) -> bool:
        return True

    @abstractmethod
    def _record(self, values: tuple[int, ...], price: Callable[[int], Decimal]) -> _RecordT:
        """
        Make a record of one value of each column.
        """

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """
        Put tables together that follow each other in time.

        @param parts: at least one, the oldest first, of one symbol, side and period.
        @return: one table of all their rows; C{complete} tells whether the first part is.
        @raise ValueError: if one begins before the one before it ends, or is of another kind. Ticks of one millisecond
            may lie in two tables; a bar may not.
        """
        first = parts[0]
        for part in parts:
            if not first._isLike(part):
                raise ValueError(f"{part!r} is of another kind than {first!r}")
        filled = [part for part in parts if part]
        for before, after in pairwise(filled):
            if after.timestamps[0] < before.timestamps[-1] + cls._apart:
                raise ValueError(f"{after!r} begins before the end of {before!r}")
        columns = tuple(array("q", b"".join(column)) for column in zip(*(part._columns for part in parts), strict=True))
        return first._with(columns, first.complete)

    def between(self, start: int, end: int) -> Self:
        """
        Cut out a span.

        @param start: milliseconds since 1970, inside the span.
        @param end: milliseconds since 1970, outside the span.
        @return: the rows with C{start <= timestamp < end}.
        """
        return self[bisect_left(self.timestamps, start) : bisect_left(self.timestamps, end)]

    def marked(self, complete: bool) -> Self:
        """
        Say whether something is missing.

        @param complete: whether these are all rows of the span that was asked for.
        @return: the same rows, so marked.
        """
        return self._with(self._columns, complete)

    def toNumpy(self) -> dict[str, numpy.ndarray[Any, numpy.dtype[numpy.int64]]]:
        """
        Look at the columns with NumPy, without a copy.

        @return: a read-only C{int64} array for each column by its name: C{timestamp} in milliseconds since 1970, prices
            in 1/C{scale}, volumes in ticks.
        """
        import numpy

        views = {name: numpy.asarray(column) for name, column in zip(self._names, self._columns, strict=True)}
        for view in views.values():
            view.flags.writeable = False
        return views

    def toPandas(self) -> pandas.DataFrame:
        """
        Copy the columns to pandas.

        @return: a frame indexed by the timestamps in UTC. Prices are doubles, each the one that is nearest to the exact
            price, if that is below 90 billion; L{toNumpy} gives them exactly.
        """
        import pandas

        views = self.toNumpy()
        index = pandas.to_datetime(views.pop("timestamp"), unit="ms", utc=True).rename("timestamp")
        data = {name: view / self.scale if name in self._priceNames else view for name, view in views.items()}
        return pandas.DataFrame(data, index=index)

    def toArrow(self) -> pyarrow.Table:
        """
        Look at the columns with Arrow, without a copy.

        @return: a table of C{timestamp} in milliseconds of UTC and C{int64} columns; the schema's metadata has the
            C{scale} and the C{digits} of prices, whether it is C{complete}, and the C{period} of bars.
        """
        return writeTable(self._names, self._columns, self._notes())

    @classmethod
    def fromArrow(cls, table: pyarrow.Table) -> Self:
        """
        Copy the columns of an Arrow table, such as one that was read from a Parquet file. They are found by their
        names; there may be more columns.

        @param table: a table as L{toArrow} makes them, with the metadata.
        @return: the same rows.
        @raise ValueError: if the table is of another kind, or not ascending in time.
        """
        columns, notes = readTable(table, cls._names)
        if notes.get("scale") != str(cls.scale):
            raise ValueError(f"the prices of the table are in 1/{notes.get('scale')}, not in 1/{cls.scale}")
        try:
            return cls._named(columns, {"complete": "true", **notes})
        except KeyError as error:
            raise ValueError(f"the table's metadata does not tell the {error.args[0]}") from None

    @classmethod
    @abstractmethod
    def _named(cls, columns: tuple[array[int], ...], notes: dict[str, str]) -> Self:
        """
        Make a table of columns, and of what L{_notes} told of it.
        """

    def _notes(self) -> dict[str, str]:
        complete = "true" if self.complete else "false"
        return {"scale": str(self.scale), "digits": str(self.digits), "complete": complete}

    def __len__(self) -> int:
        return len(self.timestamps)

    @overload
    def __getitem__(self, index: int) -> _RecordT: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> _RecordT | Self:
        if isinstance(index, slice):
            if index.step is not None and index.step < 0:
                raise ValueError("a table is ascending in time: read it with reversed()")
            return self._with(tuple(column[index] for column in self._columns), self.complete)
        return self._record(tuple(column[index] for column in self._columns), _prices(self.digits))

    def __iter__(self) -> Iterator[_RecordT]:
        price = _prices(self.digits)
        for values in zip(*self._columns, strict=True):
            yield self._record(values, price)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Columns)
        return self._columns == other._columns and self._hasPeriodOf(other)

    __hash__ = None  # type: ignore[assignment]  # equal by its contents, which are large

    def __repr__(self) -> str:
        span = f" from {self.timestamps[0]} to {self.timestamps[-1]} ms" if self else ""
        return f"<{type(self).__name__}: {len(self)} rows{span}{'' if self.complete else ', not complete'}>"


def _prices(digits: int) -> Callable[[int], Decimal]:
    shown = min(digits, _PRICE_DIGITS)
    step = 10 ** (_PRICE_DIGITS - shown)

    def price(raw: int) -> Decimal:
        whole, rest = divmod(raw, step)
        return Decimal(raw).scaleb(-_PRICE_DIGITS, _EXACT) if rest else Decimal(whole).scaleb(-shown, _EXACT)

    return price
