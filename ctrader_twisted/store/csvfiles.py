"""
Rows as CSV, with exact prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from typing import TextIO

from ctrader_twisted.columns import Ticks
from ctrader_twisted.store.series import Rows, Series, arraysOf
from ctrader_twisted.units import PRICE_SCALE, fromMilliseconds

__all__ = ["writeCsv", "writeQuotes"]

_PRICE_DIGITS = 5


def writeCsv(series: Series, tables: Iterable[Rows], file: TextIO) -> int:
    """
    Write tables.

    @param series: the series.
    @param tables: its tables, ascending.
    @param file: where to.
    @return: how many rows.
    """
    file.write("timestamp,price\n" if series.kind == "ticks" else "timestamp,open,high,low,close,volume\n")
    count = 0
    for table in tables:
        timestamps, *prices = arraysOf(table)
        texts = [[_price(raw, table.digits) for raw in column] for column in prices[:4]]
        columns = (map(_moment, timestamps), *texts, *(map(str, column) for column in prices[4:]))
        file.writelines(f"{','.join(row)}\n" for row in zip(*columns, strict=True))
        count += len(table)
    return count


def writeQuotes(bids: Iterable[Rows], asks: Iterable[Rows], file: TextIO) -> int:
    """
    Write the ticks of both sides beside each other.

    @param bids: tables of the bid, ascending.
    @param asks: tables of the ask, ascending.
    @param file: where to.
    @return: how many rows.
    """
    file.write("timestamp,bid,ask\n")
    count = 0
    latest = ["", ""]
    held: tuple[int, int] | None = None
    for timestamp, place, side, text in merge(_changes(bids, 0), _changes(asks, 1)):
        # The n-th change of one side in a millisecond belongs to that of the other.
        if held is not None and held != (timestamp, place):
            count += _quote(held[0], latest, file)
        latest[side] = text
        held = (timestamp, place)
    if held is not None:
        count += _quote(held[0], latest, file)
    return count


def _quote(timestamp: int, latest: list[str], file: TextIO) -> int:
    if not all(latest):
        return 0
    file.write(f"{_moment(timestamp)},{latest[0]},{latest[1]}\n")
    return 1


def _changes(tables: Iterable[Rows], side: int) -> Iterator[tuple[int, int, int, str]]:
    before, place = -1, 0
    for table in tables:
        assert isinstance(table, Ticks)
        for timestamp, raw in zip(table.timestamps, table.prices, strict=True):
            place = place + 1 if timestamp == before else 0
            before = timestamp
            yield timestamp, place, side, _price(raw, table.digits)


def _moment(timestamp: int) -> str:
    return fromMilliseconds(timestamp).isoformat(" ", "milliseconds")


def _price(raw: int, digits: int) -> str:
    """
    Write a price with its symbol's digits, and with more where it has more.
    """
    sign, raw = ("-", -raw) if raw < 0 else ("", raw)
    whole, rest = divmod(raw, PRICE_SCALE)
    fraction = f"{rest:0{_PRICE_DIGITS}}"
    shown = max(min(digits, _PRICE_DIGITS), len(fraction.rstrip("0")))
    return f"{sign}{whole}.{fraction[:shown]}" if shown else f"{sign}{whole}"
