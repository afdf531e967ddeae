"""
Tests of the records of segments: written, torn and damaged.
"""

from __future__ import annotations

from array import array
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.store.segments import (
    FINAL,
    LIVE,
    Damage,
    Record,
    packed,
    segmentName,
    segmentNumber,
    unpacked,
    wholeLength,
)

LARGE = st.integers(-(2**63), 2**63 - 1)
RECORDS = st.builds(
    lambda kind, start, rows, digits: Record(
        kind, (start, start + 5), (array("q", [row[0] for row in rows]), array("q", [row[1] for row in rows])), digits
    ),
    st.sampled_from([FINAL, LIVE]),
    st.integers(0, 2**50),
    st.lists(st.tuples(LARGE, LARGE), max_size=5),
    st.integers(0, 10),
)


class SegmentTests(SynchronousTestCase):
    """
    What is in a segment comes back, and nothing else.
    """

    @settings(deadline=None)
    @given(st.lists(RECORDS, max_size=5), st.data())
    def test_torn(self, records: list[Record], data: st.DataObject) -> None:
        """
        Wherever a segment ends, its whole records are read, and the rest is told as its torn end.
        """
        ends = [0]
        for record in records:
            ends.append(ends[-1] + len(packed(record)))
        content = b"".join(map(packed, records))
        size = data.draw(st.integers(0, len(content)))
        whole = max(end for end in ends if end <= size)
        found = list(unpacked(content[:size], 2))
        expected: list[Record | Damage] = [*records[: ends.index(whole)]]
        if whole < size:
            expected.append(Damage(whole, size, True))
        self.assertEqual(found, expected)
        self.assertEqual(wholeLength(content[:size], 2), whole)

    @settings(deadline=None)
    @given(st.lists(RECORDS, min_size=1, max_size=5), st.data())
    def test_damaged(self, records: list[Record], data: st.DataObject) -> None:
        """
        Whichever byte has changed: the record in which it lies is told as damaged, with its place, and all others are
        read.
        """
        content = bytearray(b"".join(map(packed, records)))
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        expected: list[Record | Damage] = []
        start = 0
        for record in records:
            end = start + len(packed(record))
            isTail = end == len(content)
            expected.append(Damage(start, end, isTail) if start <= place < end else record)
            start = end
        self.assertEqual(list(unpacked(bytes(content), 2)), expected)

    def test_otherWidth(self) -> None:
        """
        Rows of another width are not read.
        """
        content = packed(Record(FINAL, (0, 5), (array("q", [1]), array("q", [2])), 5))
        self.assertEqual(list(unpacked(content, 6)), [Damage(0, len(content), True)])

    def test_magicInRows(self) -> None:
        """
        Rows that look like the head of a record do not hide the record behind them.
        """
        magic = int.from_bytes(b"\xc7SEG" * 2, "little", signed=True)
        first = packed(Record(LIVE, (0, 5), (array("q", [magic]), array("q", [magic])), 5))
        second = Record(LIVE, (5, 9), (array("q"), array("q")), 5)
        content = first[:10] + b"?" + first[11:] + packed(second)
        self.assertEqual(list(unpacked(content, 2)), [Damage(0, len(first), False), second])

    def test_names(self) -> None:
        """
        Segments are known by their names.
        """
        self.assertEqual(segmentNumber(Path("a") / segmentName(12)), 12)
        for name in ("part.parquet", "_segment-", "_segment-x", "x_segment-1", "_segment-1.new"):
            self.assertEqual(segmentNumber(Path(name)), None)
