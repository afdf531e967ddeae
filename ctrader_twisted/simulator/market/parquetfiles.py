"""
Reading prices from Parquet files.

The column C{timestamp} has a time (UTC if it has no zone) or milliseconds since 1970 as a whole number; beside it are
C{bid} and C{ask}, or C{open}, C{high}, C{low} and C{close}, as doubles or decimals in price units. Other columns do not
matter. pyarrow is imported only when such a file is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any

from ctrader_twisted.errors import ConfigurationError

__all__ = ["isParquet", "parquetColumns", "parquetRows"]

_MAGIC = b"PAR1"
_SCALE = 100_000


def isParquet(path: Path) -> bool:
    """
    Tell whether a file is Parquet, by its first bytes.

    @param path: the file.
    @raise ConfigurationError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error


def parquetColumns(path: Path) -> set[str]:
    """
    Name the columns of a file.

    @param path: a Parquet file.
    @raise ConfigurationError: if it cannot be read, or pyarrow is not installed.
    """
    with _opened(path) as file:
        return set(file.schema_arrow.names)


def parquetRows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """
    Read the rows of a file.

    @param path: a Parquet file.
    @param columns: the columns of prices.
    @return: for each row where it is, and its time, in milliseconds since 1970, and prices, in 1/100000 of a price
        unit.
    @raise ConfigurationError: if the file cannot be read, lacks a column, or holds what is no time or price; or pyarrow
        is not installed.
    """
    with _opened(path) as file:
        lacking = {"timestamp", *columns} - set(file.schema_arrow.names)
        if lacking:
            raise ConfigurationError(f"{path} has no column {', '.join(sorted(lacking))}")
        number = 0
        for batch in file.iter_batches(columns=["timestamp", *columns]):
            times = _times(path, batch.column("timestamp"))
            sides = [batch.column(name).to_pylist() for name in columns]
            for time, *prices in zip(times, *sides, strict=True):
                number += 1
                try:
                    row = (_whole(time), *map(_price, prices))
                except ValueError as error:
                    raise ConfigurationError(f"{path}, row {number}: {error}") from None
                yield f"row {number}", row


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ConfigurationError(f"{path} is Parquet; to read it, install ctrader-twisted[data]") from None
    try:
        with ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def _times(path: Path, column: Any) -> list[Any]:
    import pyarrow

    if pyarrow.types.is_timestamp(column.type):
        # Parts of milliseconds are cut, as in the other layouts.
        column = column.cast(pyarrow.timestamp("ms", column.type.tz), safe=False).cast(pyarrow.int64())
    elif not pyarrow.types.is_integer(column.type):
        raise ConfigurationError(f"{path}: the column timestamp holds neither times nor whole milliseconds")
    found: list[Any] = column.to_pylist()
    return found


def _whole(time: int | None) -> int:
    if time is None:
        raise ValueError("its time is missing")
    return time


def _price(value: object) -> int:
    if isinstance(value, float) and isfinite(value):
        scaled = round(value * _SCALE)
        # Division rounds to the double that is nearest, which is the value if it was meant to have five decimals.
        isExact = scaled / _SCALE == value
    elif isinstance(value, Decimal) and value.is_finite():
        scaled = int(value * _SCALE)
        isExact = scaled == value * _SCALE
    else:
        raise ValueError(f"{value!r} is no price: a double or a decimal is needed")
    if not isExact:
        raise ValueError(f"the price {value} is finer than 1/100000")
    return scaled
