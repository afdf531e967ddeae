"""
Where the rows of a dataset lie: folders that readers of Parquet take for columns, each for a part of the time.

  - C{ticks/symbol=EURUSD/side=bid/day=2024-01-01}
  - C{bars/symbol=EURUSD/period=M1/day=2024-01-01}, for bars that are shorter than an hour
  - C{longbars/symbol=EURUSD/period=H1/year=2024}, for longer ones

Days and years are those of UTC. Each folder has one C{part.parquet}, and beside it what only this package reads; that
begins with C{_} or C{.}, so that others pass it by.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.store.series import SIDES, Series
from ctrader_twisted.store.spans import Span

__all__ = [
    "LATEST",
    "PARQUET",
    "Partition",
    "checkSpan",
    "listPartitions",
    "listSeries",
    "partitionAt",
    "partitionsOf",
    "strayPaths",
]

PARQUET = "part.parquet"

_DAY = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()

LATEST = (date.max.toordinal() + 1 - _EPOCH) * _DAY
"""
The end of the last day that has a name, in milliseconds since 1970.
"""

_KINDS = {"ticks": "side", "bars": "period", "longbars": "period"}
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_MOST_BYTES = 255
_SYMBOL = "symbol="
_DAY_NAME = re.compile(r"day=(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_YEAR_NAME = re.compile(r"year=(\d{4})", re.ASCII)


class Partition(NamedTuple):
    """
    A part of a series that has a folder of its own.

    @ivar series: the series.
    @ivar name: the name of the folder.
    @ivar start: the first millisecond that belongs to it.
    @ivar end: the first one that does not.
    """

    series: Series
    name: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        """
        Its time.
        """
        return self.start, self.end

    @property
    def year(self) -> int:
        """
        The year in which it lies.
        """
        return date.fromordinal(_EPOCH + self.start // _DAY).year

    def folder(self, root: Path) -> Path:
        """
        Say where it lies.

        @param root: the folder of the dataset.
        @return: the partition's folder.
        """
        return seriesFolder(root, self.series) / self.name


def checkSpan(start: int, end: int) -> None:
    """
    Demand a span that the calendar knows.

    @param start: its first millisecond since 1970.
    @param end: the first one behind it.
    @raise IllegalValue: if it is empty or outside of the calendar.
    """
    if not 0 <= start < end <= LATEST:
        raise IllegalValue(f"the span from {start} to {end} ms must begin in 1970 or later, and end after its begin")


def seriesFolder(root: Path, series: Series) -> Path:
    """
    Say where a series lies.

    @param root: the folder of the dataset.
    @param series: the series.
    @return: its folder.
    @raise IllegalValue: if the symbol's name is too long for a folder.
    """
    kind = _kind(series)
    return root / kind / _symbolFolder(series.symbol) / f"{_KINDS[kind]}={series.of}"


def partitionAt(series: Series, moment: int) -> Partition:
    """
    Find the partition to which a moment belongs.

    @param series: the series.
    @param moment: in milliseconds since 1970.
    @return: the partition, which need not be there.
    """
    ordinal = _EPOCH + moment // _DAY
    day = date.fromordinal(ordinal)
    if _kind(series) != "longbars":
        start = (ordinal - _EPOCH) * _DAY
        return Partition(series, f"day={day.isoformat()}", start, start + _DAY)
    first, last = date(day.year, 1, 1).toordinal(), date(day.year, 12, 31).toordinal()
    return Partition(series, f"year={day.year:04}", (first - _EPOCH) * _DAY, (last + 1 - _EPOCH) * _DAY)


def partitionsOf(series: Series, start: int, end: int) -> Iterator[Partition]:
    """
    Cut a span into partitions.

    @param series: the series.
    @param start: the first millisecond of the span.
    @param end: the first one behind it.
    @return: all partitions that have time in the span, ascending, whether they are there or not.
    """
    while start < end:
        partition = partitionAt(series, start)
        yield partition
        start = partition.end


def listPartitions(root: Path, series: Series) -> list[Partition]:
    """
    Find the partitions that are there.

    @param root: the folder of the dataset.
    @param series: the series.
    @return: those that have a folder, ascending.
    @raise OSError: if a folder cannot be read.
    """
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(seriesFolder(root, series)) as entries:
        found = [_parsed(series, entry.name) for entry in entries if entry.is_dir()]
        return sorted(filter(None, found), key=lambda partition: partition.start)
    return []


def listSeries(root: Path) -> list[Series]:
    """
    Find the series that are there.

    @param root: the folder of the dataset.
    @return: those that have a folder, ascending.
    @raise OSError: if a folder cannot be read.
    """
    return sorted(series for _, series in _entries(root) if series is not None)


def strayPaths(root: Path) -> list[Path]:
    """
    Find what lies where series do, and is none.

    @param root: the folder of the dataset.
    @return: such files and folders, ascending.
    @raise OSError: if a folder cannot be read.
    """
    return sorted(path for path, series in _entries(root) if series is None)


def _entries(root: Path) -> Iterator[tuple[Path, Series | None]]:
    for kind, key in _KINDS.items():
        for folder in _names(root / kind):
            within = root / kind / folder
            if not folder.startswith(_SYMBOL) or not within.is_dir():
                yield within, None
                continue
            for name in _names(within):
                path = within / name
                yield path, _seriesAt(root, path, folder.removeprefix(_SYMBOL), name.removeprefix(f"{key}="))


def _seriesAt(root: Path, path: Path, symbol: str, of: str) -> Series | None:
    try:
        series = (Series.ticks if of in SIDES else Series.bars)(unquote(symbol), of)
        # A copy, say, is read from nowhere: each series has one folder.
        return series if seriesFolder(root, series) == path and path.is_dir() else None
    except IllegalValue:
        return None


def _kind(series: Series) -> str:
    if series.kind == "ticks":
        return "ticks"
    return "bars" if series.of.startswith("M") and series.of != "MN1" else "longbars"


@lru_cache(maxsize=1024)
def _symbolFolder(symbol: str) -> str:
    # Small letters are written as bytes, too: some file systems do not tell them from capitals. A full stop is one of
    # the characters that some of them strip from the end.
    try:
        content = symbol.encode()
    except UnicodeEncodeError:
        raise IllegalValue(f"the symbol's name {symbol[:40]!r} is no text that can be written") from None
    text = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in content)
    text = _SYMBOL + re.sub(r"%2E(?=.)", ".", text)
    if len(text) > _MOST_BYTES:
        raise IllegalValue(f"the symbol's name {symbol[:40]!r}... is too long for the name of a folder")
    return text


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _parsed(series: Series, name: str) -> Partition | None:
    pattern = _YEAR_NAME if _kind(series) == "longbars" else _DAY_NAME
    match = pattern.fullmatch(name)
    if match is None:
        return None
    try:
        day = date(*map(int, match.groups())) if pattern is _DAY_NAME else date(int(match[1]), 1, 1)
        return partitionAt(series, (day.toordinal() - _EPOCH) * _DAY)
    except ValueError:
        return None
