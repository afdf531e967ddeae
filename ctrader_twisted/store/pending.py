"""
Live rows that are not written yet.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from ctrader_twisted.store.partitions import Partition
from ctrader_twisted.store.segments import LIVE, Record
from ctrader_twisted.store.series import Arrays, Series
from ctrader_twisted.store.spans import Span

__all__ = ["Pending"]


class Pending:
    """
    Collects live rows until they are written, and joins those of spans that touch.
    """

    def __init__(self) -> None:
        self._records: dict[Partition, list[Record]] = {}
        self._sizes: dict[Series, int] = {}

    def add(self, partition: Partition, span: Span, columns: Arrays, digits: int) -> None:
        """
        Add rows.

        @param partition: the partition of all of them.
        @param span: the part of the partition's time that was observed; may be empty.
        @param columns: the rows.
        @param digits: the decimal places of the symbol's prices.
        """
        records = self._records.setdefault(partition, [])
        series = partition.series
        last = records[-1] if records else None
        if last is not None and last.digits == digits and last.span[0] <= span[0] <= last.span[1] <= span[1]:
            for column, more in zip(last.columns, columns, strict=True):
                column.extend(more)
            records[-1] = last._replace(span=(last.span[0], span[1]))
        else:
            self._sizes[series] = self.size(series) + 1
            records.append(Record(LIVE, span, tuple(array("q", column) for column in columns), digits))
        self._sizes[series] = self.size(series) + len(columns[0])

    def size(self, series: Series) -> int:
        """
        Tell how much waits.

        @param series: the series.
        @return: how many rows, and spans that are apart.
        """
        return self._sizes.get(series, 0)

    def records(self, series: Series | None = None) -> list[tuple[Partition, Record]]:
        """
        List what waits.

        @param series: only that of this series; by default, of all.
        @return: the records, each with its partition.
        """
        return [
            (partition, record)
            for partition, records in self._records.items()
            if series is None or partition.series == series
            for record in records
        ]

    def drop(self, written: Iterable[tuple[Partition, Record]]) -> None:
        """
        Forget what has been written.

        @param written: all that L{records} has listed.
        """
        for partition, _ in written:
            self._records.pop(partition, None)
            self._sizes.pop(partition.series, None)
