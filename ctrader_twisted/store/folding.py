"""
What a partition holds, put together from its Parquet file and the records that came after it.

Each row is final or provisional by where it lies: final and provisional spans are apart, and no row is outside of them.
So it does not matter in which order live rows and those of history came: history wins.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import compress, islice
from operator import attrgetter, gt, not_
from typing import NamedTuple

from ctrader_twisted.store.segments import FINAL, Record
from ctrader_twisted.store.series import Arrays
from ctrader_twisted.store.spans import Span, union, without

__all__ = ["NO_DIGITS", "Folding", "Holding", "cut", "isAscending", "joined", "noRows", "outside"]

NO_DIGITS = 5
"""
The decimal places where nothing tells them: those of the market's prices.
"""


class Holding(NamedTuple):
    """
    What is known of a time.

    @ivar columns: the rows, ascending.
    @ivar final: the spans of which history has told all.
    @ivar provisional: those in which only live rows are known.
    @ivar digits: the decimal places of the symbol's prices.
    """

    columns: Arrays
    final: tuple[Span, ...]
    provisional: tuple[Span, ...]
    digits: int


class _Piece(NamedTuple):
    start: int
    end: int
    columns: Arrays


_start, _end = attrgetter("start"), attrgetter("end")


class Folding:
    """
    Applies records one after the other.
    """

    def __init__(self, width: int, base: Holding | None = None) -> None:
        """
        @param width: how many columns the rows have; those of one column can be bars or ticks.
        @param base: what was known before.
        """
        self._width = width
        self._final: list[_Piece] = []
        self._live: list[Arrays] = []
        self._liveSpans: list[Span] = []
        # Live ticks outside of the spans that they were told with.
        self._strays: list[tuple[int, ...]] = []
        self.digits = NO_DIGITS
        if base is not None:
            self.digits = base.digits
            self._final = [_Piece(start, end, cut(base.columns, start, end)) for start, end in base.final]
            self._live = [cut(base.columns, start, end) for start, end in base.provisional]
            self._liveSpans = list(base.provisional)

    def apply(self, record: Record) -> None:
        """
        Add what a record tells.

        @param record: a record of the partition.
        """
        self.digits = record.digits
        if record.kind == FINAL:
            self._replace(_Piece(*record.span, record.columns))
        else:
            strays = outside(record.columns[0], record.span)
            self._liveSpans += [record.span, *strays]
            if strays and self._width == 2:
                self._addApart(record)
            else:
                self._live.append(record.columns)

    def holding(self) -> Holding:
        """
        Put everything together.

        @return: what is known now.
        """
        final, provisional = self.spans()
        live = self._unrepeated(self._ordered(joined(self._live, self._width)))
        pieces = [*self._final, *(_Piece(start, end, cut(live, start, end)) for start, end in provisional)]
        columns = joined([piece.columns for piece in sorted(pieces, key=_start)], self._width)
        return Holding(columns, final, provisional, self.digits)

    def spans(self) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """
        Tell what is covered.

        @return: the final spans, and the provisional ones.
        """
        final = union((piece.start, piece.end) for piece in self._final)
        return final, without(union(self._liveSpans), final)

    def _replace(self, fresh: _Piece) -> None:
        first = bisect_left(self._final, fresh.start + 1, key=_end)
        behind = bisect_left(self._final, fresh.end, key=_start)
        pieces = [fresh]
        if first < behind:
            before, after = self._final[first], self._final[behind - 1]
            if before.start < fresh.start:
                pieces.insert(0, _Piece(before.start, fresh.start, cut(before.columns, before.start, fresh.start)))
            if fresh.end < after.end:
                pieces.append(_Piece(fresh.end, after.end, cut(after.columns, fresh.end, after.end)))
        self._final[first:behind] = pieces

    def _ordered(self, columns: Arrays) -> Arrays:
        timestamps = columns[0]
        if not isAscending(timestamps):
            columns = _picked(columns, sorted(range(len(timestamps)), key=timestamps.__getitem__))
        return columns if self._width == 2 else _eachOnce(columns)

    def _addApart(self, record: Record) -> None:
        # The rows are in the order in which they came.
        isWithin = [_isWithin(moment, record.span) for moment in record.columns[0]]
        self._live.append(tuple(array("q", compress(column, isWithin)) for column in record.columns))
        self._strays += compress(zip(*record.columns, strict=True), map(not_, isWithin))

    def _unrepeated(self, live: Arrays) -> Arrays:
        """
        After a reconnect the server tells the last tick once more, with its time: it is added only if it is new.
        """
        if not self._strays:
            return live
        known = set(zip(*live, strict=True))
        fresh = [row for row in dict.fromkeys(self._strays) if row not in known]
        added = tuple(array("q", column) for column in zip(*fresh, strict=True))
        return self._ordered(joined([live, added], self._width)) if fresh else live


def cut(columns: Arrays, start: int, end: int) -> Arrays:
    """
    Cut out the rows of a span.

    @param columns: ascending rows.
    @param start: the first millisecond of the span.
    @param end: the first one behind it.
    @return: the rows in it.
    """
    first, behind = bisect_left(columns[0], start), bisect_left(columns[0], end)
    if first == 0 and behind == len(columns[0]):
        return columns
    return tuple(column[first:behind] for column in columns)


def joined(parts: Sequence[Arrays], width: int) -> Arrays:
    """
    Put rows behind each other.

    @param parts: the rows.
    @param width: how many columns they have.
    @return: all rows.
    """
    filled = [part for part in parts if part[0]]
    if len(filled) == 1:
        return filled[0]
    return tuple(array("q", b"".join(part[number] for part in filled)) for number in range(width))


def noRows(width: int) -> Arrays:
    """
    Make empty columns.

    @param width: how many.
    @return: the columns.
    """
    return tuple(array("q") for _ in range(width))


def isAscending(timestamps: array[int]) -> bool:
    """
    Tell whether times ascend; equal ones may follow each other.

    @param timestamps: the times.
    """
    return not any(map(gt, timestamps, islice(timestamps, 1, None)))


def outside(timestamps: Iterable[int], span: Span) -> list[Span]:
    """
    Find what live rows cover outside of the span that they are told for: each its own millisecond. Such are late ticks,
    and the last one of before that is sent after a reconnect.

    @param timestamps: the times of the rows.
    @param span: the span.
    @return: the spans, each of a millisecond.
    """
    return [(moment, moment + 1) for moment in timestamps if not _isWithin(moment, span)]


def _isWithin(moment: int, span: Span) -> bool:
    return span[0] <= moment < span[1]


def _picked(columns: Arrays, places: Sequence[int]) -> Arrays:
    return tuple(array("q", map(column.__getitem__, places)) for column in columns)


def _eachOnce(columns: Arrays) -> Arrays:
    """
    Of bars that open at the same time, keep the one that came last.
    """
    timestamps = columns[0]
    last = len(timestamps) - 1
    kept = [place for place, moment in enumerate(timestamps) if place == last or timestamps[place + 1] != moment]
    return columns if len(kept) == len(timestamps) else _picked(columns, kept)
