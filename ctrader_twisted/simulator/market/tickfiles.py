"""
Reading files of ticks, in the layouts of HistData.com and of plain CSV with ISO times.

A HistData line is C{20200101 170000065,1.121200,1.121720,0}: day and time in Eastern standard time, five hours behind
UTC the whole year, then bid, ask and an unused volume. The other layout begins with the line C{timestamp,bid,ask}; its
times are UTC unless they say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from pathlib import Path

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.simulator.market.summary import Tick

__all__ = ["readTicks"]

_EASTERN = timezone(timedelta(hours=-5))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_HEADER = "timestamp,bid,ask"
_HISTDATA = re.compile(r"(\d{4})(\d\d)(\d\d) (\d\d)(\d\d)(\d\d)(\d{3})", re.ASCII)
_PRICE = re.compile(r"(\d{1,9})(?:\.(\d+))?", re.ASCII)


def readTicks(path: Path) -> Iterator[Tick]:
    """
    Read a file of ticks.

    @param path: the file.
    @return: its ticks, in the order of the file, which is the order of time.
    @raise ConfigurationError: if the file cannot be read, has another layout, a price that is finer than 1/100000, or
        a tick that is older than the one before; the message names file and line. It is raised while the ticks are
        being consumed.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            yield from _parse(path, file)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error


def _parse(path: Path, lines: Iterable[str]) -> Iterator[Tick]:
    rows = ((number, line.strip()) for number, line in enumerate(lines, 1) if not line.isspace())
    first = next(rows, (0, _HEADER))
    if first[1].lower().startswith(_HEADER):
        return _ticks(path, rows, _isoTime)
    return _ticks(path, chain([first], rows), _histDataTime)


def _ticks(path: Path, rows: Iterable[tuple[int, str]], timeOf: Callable[[str], int]) -> Iterator[Tick]:
    latest = 0
    for number, line in rows:
        try:
            tick = _tick(line, timeOf)
            if tick.timestamp < latest:
                raise ValueError("it is older than the line before")
        except ValueError as error:
            raise ConfigurationError(f"{path}, line {number}: {error}") from None
        latest = tick.timestamp
        yield tick


def _tick(line: str, timeOf: Callable[[str], int]) -> Tick:
    fields = line.split(",")
    if len(fields) < 3:
        raise ValueError(f"{line[:60]!r} is no tick: time, bid and ask are needed")
    return Tick(timeOf(fields[0]), _price(fields[1]), _price(fields[2]))


def _histDataTime(text: str) -> int:
    match = _HISTDATA.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text[:60]!r} is no time like '20200101 170000065', and the file does not begin with {_HEADER!r}"
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
    price = int(match[1] + fraction.ljust(5, "0"))
    if price == 0:
        raise ValueError("a price of 0 is no price")
    return price
