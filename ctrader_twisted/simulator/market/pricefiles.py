"""
The rows of files of prices, whatever their layout: ticks or bars, as CSV or Parquet.

These layouts are known by their content:

  - the head C{timestamp,bid,ask}, then ticks; times are ISO, and UTC unless they say otherwise;
  - the head C{timestamp,open,high,low,close}, then the bars of one side, with such times;
  - no head, then ticks as HistData.com has them, such as C{20200101 170000065,1.121200,1.121720,0}: day and time in
    Eastern standard time, five hours behind UTC the whole year, then bid and ask; what follows is not used;
  - Parquet with columns of the same names; see L{ctrader_twisted.simulator.market.parquetfiles}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from pathlib import Path

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.market.parquetfiles import isParquet, parquetColumns, parquetRows

__all__ = ["BARS", "TICKS", "columnsOf", "readRows"]

TICKS = ("bid", "ask")
"""
The prices of a row that is a tick.
"""

BARS = ("open", "high", "low", "close")
"""
The prices of a row that is a bar.
"""

_EASTERN = timezone(timedelta(hours=-5))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_HEADS: dict[tuple[str, ...], str] = {columns: ",".join(("timestamp", *columns)) for columns in (TICKS, BARS)}
_HISTDATA = re.compile(r"(\d{4})(\d\d)(\d\d) (\d\d)(\d\d)(\d\d)(\d{3})", re.ASCII)
_PRICE = re.compile(r"(\d{1,9})(?:\.(\d+))?", re.ASCII)


def columnsOf(path: Path) -> tuple[str, ...]:
    """
    Tell what a file holds.

    @param path: the file.
    @return: L{TICKS} or L{BARS}.
    @raise ConfigurationError: if it cannot be read, or is Parquet with columns for neither.
    """
    if isParquet(path):
        names = parquetColumns(path)
        return BARS if set(BARS) <= names and not set(TICKS) <= names else TICKS
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = next((line for line in file if not line.isspace()), "")
    return BARS if head.lower().startswith(_HEADS[BARS]) else TICKS


def readRows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    """
    Read the rows of a file.

    @param path: the file.
    @param columns: what L{columnsOf} says that it holds.
    @return: for each row its time, in milliseconds since 1970, and its prices, in 1/100000 of a price unit.
    @raise ConfigurationError: if the file cannot be read, has another layout, a price that is finer than 1/100000, or
        a row that is older than the one before; the message names file and line. It is raised while the rows are being
        consumed.
    """
    rows = parquetRows(path, columns) if isParquet(path) else _csvRows(path, columns)
    latest = 0
    for place, row in rows:
        if row[0] < latest:
            raise ConfigurationError(f"{path}, {place}: it is older than the line before")
        if min(row[1:]) <= 0:
            raise ConfigurationError(f"{path}, {place}: a price of 0 is no price")
        latest = row[0]
        yield row


def _csvRows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            for number, line, timeOf in _lines(file, columns):
                try:
                    row = _row(line, timeOf, columns)
                except ValueError as error:
                    raise ConfigurationError(f"{path}, line {number}: {error}") from None
                yield f"line {number}", row
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error


def _lines(lines: Iterable[str], columns: tuple[str, ...]) -> Iterator[tuple[int, str, Callable[[str], int]]]:
    rows = ((number, line.strip()) for number, line in enumerate(lines, 1) if not line.isspace())
    head = _HEADS[columns]
    first = next(rows, (0, head))
    if first[1].lower().startswith(head):
        return ((number, line, _isoTime) for number, line in rows)
    return ((number, line, _histDataTime) for number, line in chain([first], rows))


def _row(line: str, timeOf: Callable[[str], int], columns: tuple[str, ...]) -> tuple[int, ...]:
    fields = line.split(",")
    if len(fields) <= len(columns):
        kind = "tick" if columns == TICKS else "bar"
        raise ValueError(f"{line[:60]!r} is no {kind}: timestamp, {', '.join(columns)} are needed")
    return (timeOf(fields[0]), *map(_price, fields[1 : 1 + len(columns)]))


def _histDataTime(text: str) -> int:
    match = _HISTDATA.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text[:60]!r} is no time like '20200101 170000065', and the file does not begin with {_HEADS[TICKS]!r}"
        )
    year, month, day, hour, minute, second, millisecond = map(int, match.groups())
    return _milliseconds(datetime(year, month, day, hour, minute, second, millisecond * 1000, _EASTERN))


def _isoTime(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return _milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _price(text: str) -> int:
    match = _PRICE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:60]!r} is no price")
    fraction = (match[2] or "").rstrip("0")
    if len(fraction) > 5:
        raise ValueError(f"the price {text} is finer than 1/100000")
    return int(match[1] + fraction.ljust(5, "0"))
