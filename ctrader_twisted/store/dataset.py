"""
Reading a dataset.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TextIO

from attrs import frozen

from ctrader_twisted.errors import StoreDamaged
from ctrader_twisted.store.csvfiles import writeCsv, writeQuotes
from ctrader_twisted.store.disk import asStoreErrors
from ctrader_twisted.store.emptiness import emptySpans, lastEnd
from ctrader_twisted.store.folding import NO_DIGITS, Holding, cut, joined
from ctrader_twisted.store.marking import checkDataset
from ctrader_twisted.store.partitions import Partition, checkSpan, listPartitions, listSeries, partitionAt
from ctrader_twisted.store.series import Rows, Series
from ctrader_twisted.store.snapshots import Indices, Outline, holdingOf, outlineOf
from ctrader_twisted.store.spans import Span, common, length, union, without
from ctrader_twisted.store.verifying import Finding, verifyDataset

__all__ = ["Coverage", "Dataset", "State", "Summary"]


class State(Enum):
    """
    What a dataset knows of a span.
    """

    OWNED = "owned"
    """History has told all, and there are rows."""
    EMPTY = "empty"
    """History has told that there are no rows for whole minutes."""
    PROVISIONAL = "provisional"
    """Live rows that history has not confirmed yet."""
    MISSING = "missing"
    """Nothing is known."""


@frozen
class Coverage:
    """
    What is known of one span.

    @ivar start: its first millisecond since 1970.
    @ivar end: the first one behind it.
    @ivar state: what is known.
    """

    start: int
    end: int
    state: State


@frozen
class Summary:
    """
    A series in figures.

    @ivar series: the series.
    @ivar rows: how many rows it has.
    @ivar first: the time of the first row, in milliseconds since 1970; L{None} without rows.
    @ivar last: the time of the last row, likewise.
    @ivar digits: the decimal places of the symbol's prices.
    @ivar size: how many bytes its files have.
    @ivar partitions: how many folders it has.
    @ivar segments: how many files L{DatasetWriter.compact<ctrader_twisted.store.writer.DatasetWriter.compact>} would
        fold into Parquet.
    @ivar final: how many milliseconds are final.
    @ivar provisional: how many milliseconds are provisional.
    @ivar start: where its coverage begins, in milliseconds since 1970; L{None} if nothing is covered.
    @ivar end: where its coverage ends, likewise.
    """

    series: Series
    rows: int
    first: int | None
    last: int | None
    digits: int
    size: int
    partitions: int
    segments: int
    final: int
    provisional: int
    start: int | None
    end: int | None


class Dataset:
    """
    A dataset as it is now. Any number of processes can read it while one writes; each partition is read as it is at one
    moment.

    Its methods block. They raise L{ConfigurationError<ctrader_twisted.errors.ConfigurationError>} if the folder is no
    dataset, or one of a newer version, or if pyarrow is needed and not installed; and
    L{StoreFailed<ctrader_twisted.errors.StoreFailed>} if a file cannot be read. Spans are of milliseconds since 1970;
    the first is inside, the second outside.

    @ivar path: its folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """
        @param path: its folder.
        """
        self.path = Path(path)

    def check(self) -> None:
        """
        Look whether it can be read here.
        """
        checkDataset(self.path)

    def series(self) -> tuple[Series, ...]:
        """
        List what there is.

        @return: the series, ascending by symbol, kind, and side or period.
        """
        self.check()
        with asStoreErrors(self.path, "read"):
            return tuple(listSeries(self.path))

    def read(self, series: Series, start: int, end: int) -> Rows:
        """
        Read rows.

        @param series: the series.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @return: the rows, ascending; C{complete} tells whether all of the span is final.
        @raise IllegalValue: if the span is none.
        """
        holdings = [holding for _, holding in self._holdings(series, start, end)]
        final = union(span for holding in holdings for span in holding.final)
        digits = holdings[-1].digits if holdings else NO_DIGITS
        columns = joined([cut(holding.columns, start, end) for holding in holdings], series.width)
        return series.table(columns, digits, not without([(start, end)], final))

    def byDay(self, series: Series, start: int, end: int) -> Iterator[Rows]:
        """
        Read rows one partition after the other, so that only one is in memory: a day of UTC, or a year of bars of an
        hour and longer.

        @param series: the series.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @return: the rows of each partition that has some, ascending.
        @raise IllegalValue: if the span is none.
        """
        return self._tables(series, start, end, self._holdings(series, start, end))

    def missing(self, series: Series, start: int, end: int) -> tuple[Span, ...]:
        """
        Tell what is to be fetched from history.

        @param series: the series.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @return: the spans of which nothing is known.
        @raise IllegalValue: if the span is none.
        """
        final, provisional = self._spans(series, start, end)
        return without([(start, end)], union((*final, *provisional)))

    def provisional(self, series: Series, start: int, end: int) -> tuple[Span, ...]:
        """
        Tell what history is to confirm.

        @param series: the series.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @return: the spans in which only live rows are known.
        @raise IllegalValue: if the span is none.
        """
        return self._spans(series, start, end)[1]

    def final(self, series: Series, start: int, end: int) -> tuple[Span, ...]:
        """
        Tell what is owned for good.

        @param series: the series.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @return: the spans of which history has told all, with or without rows.
        @raise IllegalValue: if the span is none.
        """
        return self._spans(series, start, end)[0]

    def coverage(self, series: Series, start: int, end: int) -> tuple[Coverage, ...]:
        """
        Tell what is known of each part of a span. The rows are read for that, since final spans without a row for at
        least a whole minute are known to be empty.

        @param series: the series.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @return: the parts, ascending and without a gap.
        @raise IllegalValue: if the span is none.
        """
        final: list[Span] = []
        provisional: list[Span] = []
        empty: list[Span] = []
        checkSpan(start, end)
        reached = self._reached(series, start)
        for partition, holding in self._holdings(series, start, end):
            final += common(holding.final, start, end)
            provisional += common(holding.provisional, start, end)
            empty += common(emptySpans(series, holding, reached), start, end)
            reached = lastEnd(series, holding, partition.end)
        states = {
            State.OWNED: without(union(final), union(empty)),
            State.EMPTY: union(empty),
            State.PROVISIONAL: union(provisional),
            State.MISSING: without([(start, end)], union([*final, *provisional])),
        }
        found = [Coverage(*span, state) for state, spans in states.items() for span in spans]
        return tuple(sorted(found, key=lambda part: part.start))

    def summary(self, series: Series) -> Summary:
        """
        Tell a series in figures. What is not in Parquet yet is read for that.

        @param series: the series.
        @return: the figures.
        """
        self.check()
        indices = Indices(self.path)
        partitions = self._partitions(series)
        outlines = [outlineOf(self.path, partition, indices) for partition in partitions]
        pairs = list(zip(partitions, outlines, strict=True))
        rows, ends = _counted([self._extent(partition, outline) for partition, outline in pairs])
        final = union(span for outline in outlines for span in outline.final)
        provisional = union(span for outline in outlines for span in outline.provisional)
        covered = union((*final, *provisional))
        return Summary(
            series,
            rows,
            *ends,
            digits=outlines[-1].digits if outlines else NO_DIGITS,
            size=sum(self._size(partition) for partition in partitions),
            partitions=len(partitions),
            segments=sum(len(outline.waiting) for outline in outlines),
            final=length(final),
            provisional=length(provisional),
            start=covered[0][0] if covered else None,
            end=covered[-1][1] if covered else None,
        )

    def verify(self) -> tuple[Finding, ...]:
        """
        Read everything, and look whether it is as it was written. Beside a process that writes, a file that it is
        working on can be found.

        @return: what is wrong; nothing, if all is well.
        """
        self.check()
        return tuple(verifyDataset(self.path))

    def exportCsv(self, series: Series, start: int, end: int, file: TextIO) -> int:
        """
        Write rows as CSV: C{timestamp,price} of ticks, C{timestamp,open,high,low,close,volume} of bars. Times are ISO
        in UTC, prices are exact.

        @param series: the series.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @param file: where to.
        @return: how many rows.
        @raise IllegalValue: if the span is none.
        """
        return writeCsv(series, self.byDay(series, start, end), file)

    def exportQuotes(self, symbol: str, start: int, end: int, file: TextIO) -> int:
        """
        Write the ticks of both sides as CSV: C{timestamp,bid,ask}, as the simulator replays them. A row is the state
        after the change of one or both sides; there is none before both are known.

        @param symbol: the symbol.
        @param start: the first millisecond.
        @param end: the first one behind the span.
        @param file: where to.
        @return: how many rows.
        @raise IllegalValue: if the span is none.
        """
        bids = self.byDay(Series.ticks(symbol, "bid"), start, end)
        return writeQuotes(bids, self.byDay(Series.ticks(symbol, "ask"), start, end), file)

    def _partitions(self, series: Series) -> list[Partition]:
        with asStoreErrors(self.path, "read"):
            return listPartitions(self.path, series)

    def _within(self, series: Series, start: int, end: int) -> list[Partition]:
        checkSpan(start, end)
        self.check()
        return [each for each in self._partitions(series) if each.start < end and start < each.end]

    def _holdings(self, series: Series, start: int, end: int) -> Iterator[tuple[Partition, Holding]]:
        partitions = self._within(series, start, end)
        return ((partition, holdingOf(partition.folder(self.path), series)) for partition in partitions)

    def _reached(self, series: Series, start: int) -> int:
        """
        The last bar of a year ends in the next one.
        """
        reached = 0
        first = partitionAt(series, start).start
        before = max(0, start - series.longest)
        if before < first:
            try:
                for partition, holding in self._holdings(series, before, first):
                    reached = lastEnd(series, holding, partition.end)
            except StoreDamaged:
                # It is not in the span; its last bar may be as long as any.
                return first + series.longest
        return reached

    def _tables(
        self, series: Series, start: int, end: int, holdings: Iterator[tuple[Partition, Holding]]
    ) -> Iterator[Rows]:
        for partition, holding in holdings:
            columns = cut(holding.columns, start, end)
            if columns[0]:
                span = max(start, partition.start), min(end, partition.end)
                yield series.table(columns, holding.digits, not without([span], holding.final))

    def _spans(self, series: Series, start: int, end: int) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        indices = Indices(self.path)
        outlines = [outlineOf(self.path, partition, indices) for partition in self._within(series, start, end)]
        final = union(span for outline in outlines for span in common(outline.final, start, end))
        return final, union(span for outline in outlines for span in common(outline.provisional, start, end))

    def _extent(self, partition: Partition, outline: Outline) -> tuple[int, int | None, int | None]:
        if outline.stored is not None and not outline.waiting:
            return outline.stored.rows, outline.stored.first, outline.stored.last
        timestamps = holdingOf(partition.folder(self.path), partition.series).columns[0]
        return len(timestamps), *((timestamps[0], timestamps[-1]) if timestamps else (None, None))

    def _size(self, partition: Partition) -> int:
        with asStoreErrors(self.path, "read"):
            return sum(map(_fileSize, partition.folder(self.path).iterdir()))


def _fileSize(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        # A writer has just folded it into another one.
        return 0


def _counted(extents: list[tuple[int, int | None, int | None]]) -> tuple[int, tuple[int | None, int | None]]:
    firsts = [first for _, first, _ in extents if first is not None]
    lasts = [last for _, _, last in extents if last is not None]
    return sum(rows for rows, _, _ in extents), (firsts[0] if firsts else None, lasts[-1] if lasts else None)
