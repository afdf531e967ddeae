"""
Tests of quotes: both sides in one table.
"""

from __future__ import annotations

import sys
from array import array
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import GrowingQuotes, QuoteRow, Quotes, Ticks, loadNumpy, quotes
from ctrader_twisted.errors import IllegalValue

Row = tuple[int, int, int]


def side(*rows: tuple[int, int], digits: int = 5, complete: bool = True) -> Ticks:
    """
    Make ticks.

    @param rows: time and price.
    @param digits: the decimal places.
    @param complete: whether they are all.
    @return: the ticks.
    """
    columns = (array("q", [row[index] for row in rows]) for index in (0, 1))
    return Ticks(*columns, digits=digits, complete=complete)


def rowsOf(table: Quotes) -> list[Row]:
    """
    @param table: quotes.
    @return: the columns of each.
    """
    return list(zip(table.timestamps, table.bid, table.ask, strict=True))


class MergingTests(SynchronousTestCase):
    """
    Bid and ask merged by time.
    """

    def setUp(self) -> None:
        """
        Have short tables merged like long ones.
        """
        self.assertTrue(loadNumpy())
        self.patch(quotes, "_WORTH_NUMPY", 0)

    def merged(self, bids: Ticks, asks: Ticks, **before: Any) -> Quotes:
        """
        Merge with NumPy and without.

        @param bids: the bid.
        @param asks: the ask.
        @param before: the prices before.
        @return: the quotes, which are the same in both ways.
        """
        with patch.dict(sys.modules, {"numpy": None}):
            expected = Quotes.merged(bids, asks, **before)
        found = Quotes.merged(bids, asks, **before)
        self.assertEqual(found, expected)
        return found

    def test_changes(self) -> None:
        """
        Each row is what both prices are after a change; both may change at once.
        """
        table = self.merged(side((1, 10), (5, 11), (9, 12)), side((1, 20), (3, 21), (9, 22)))
        self.assertEqual(rowsOf(table), [(1, 10, 20), (3, 10, 21), (5, 11, 21), (9, 12, 22)])
        self.assertEqual((table.digits, table.complete), (5, True))

    def test_sameMillisecond(self) -> None:
        """
        In a millisecond the first changes of both make a row, then the second ones; what is more has its own rows.
        """
        table = self.merged(side((7, 1), (7, 2), (7, 3), (8, 4)), side((7, 21), (7, 22), (9, 23)))
        self.assertEqual(rowsOf(table), [(7, 1, 21), (7, 2, 22), (7, 3, 22), (8, 4, 22), (9, 4, 23)])

    def test_beginning(self) -> None:
        """
        There is no row before both are known, unless it is told what they were; zero is never made up.
        """
        bids, asks = side((1, 10), (2, 11), (5, 12)), side((3, 20))
        self.assertEqual(rowsOf(self.merged(bids, asks)), [(3, 11, 20), (5, 12, 20)])
        self.assertEqual(rowsOf(self.merged(asks, bids)), [(3, 20, 11), (5, 20, 12)])
        self.assertEqual(
            rowsOf(self.merged(bids, asks, askBefore=19)), [(1, 10, 19), (2, 11, 19), (3, 11, 20), (5, 12, 20)]
        )
        self.assertEqual(rowsOf(self.merged(bids, asks, bidBefore=9)), [(3, 11, 20), (5, 12, 20)])
        self.assertEqual(rowsOf(self.merged(bids, side())), [])
        self.assertEqual(rowsOf(self.merged(side(), asks, bidBefore=9)), [(3, 9, 20)])
        self.assertEqual(rowsOf(self.merged(side(), side(), bidBefore=9, askBefore=10)), [])

    @settings(deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 12), st.integers(1, 9)), max_size=25).map(sorted),
        st.lists(st.tuples(st.integers(0, 12), st.integers(11, 19)), max_size=25).map(sorted),
        st.sampled_from([None, 5]),
        st.sampled_from([None, 15]),
    )
    def test_nothingIsLost(
        self, bids: list[tuple[int, int]], asks: list[tuple[int, int]], bidBefore: int | None, askBefore: int | None
    ) -> None:
        """
        With NumPy and without, the same; each side's prices are there in their order, and from the moment when both
        are known as many rows as the busier side has changes in each millisecond.
        """
        table = self.merged(side(*bids), side(*asks), bidBefore=bidBefore, askBefore=askBefore)
        self.assertEqual(list(table.timestamps), sorted(table.timestamps))
        if None not in (bidBefore, askBefore):
            for column, rows, before in ((table.bid, bids, bidBefore), (table.ask, asks, askBefore)):
                told = self.withoutRepeats([(-1, before), *rows])
                self.assertEqual(self.withoutRepeats([(-1, before), *zip(table.timestamps, column, strict=True)]), told)
            times = [[row[0] for row in rows] for rows in (bids, asks)]
            expected = sum(max(each.count(moment) for each in times) for moment in range(13))
            self.assertEqual(len(table), expected)

    def withoutRepeats(self, rows: list[Any]) -> list[Any]:
        """
        @param rows: times and prices.
        @return: the prices that differ from those before, with their times.
        """
        return [row for index, row in enumerate(rows) if not index or row[1] != rows[index - 1][1]]

    def test_strangeTimes(self) -> None:
        """
        Times before 1970 or in ages to come, and a crowded millisecond, are merged without NumPy.
        """
        for moment in (-5, 2**50):
            self.assertEqual(rowsOf(self.merged(side((moment, 1)), side((moment, 2)))), [(moment, 1, 2)])
        self.patch(quotes, "_PLACE_BITS", 1)
        crowd = side(*[(4, price) for price in range(5)])
        self.assertEqual(len(self.merged(crowd, side((4, 9)))), 5)

    def test_complete(self) -> None:
        """
        The table is complete if both sides are, and both must show the same digits.
        """
        self.assertFalse(Quotes.merged(side((1, 1), complete=False), side((1, 2))).complete)
        self.assertFalse(Quotes.merged(side((1, 1)), side((1, 2), complete=False)).complete)
        error = self.assertRaises(ValueError, Quotes.merged, side(digits=3), side(digits=5))
        self.assertEqual(str(error), "the bid has 3 digits, the ask 5")


class TableTests(SynchronousTestCase):
    """
    Quotes are a table as ticks are.
    """

    def test_records(self) -> None:
        """
        Records are exact and know their spread; slices and joined tables are quotes.
        """
        table = Quotes.merged(side((1, 110_000), (2, 110_010), digits=4), side((1, 110_020), digits=4))
        self.assertEqual(table[0], QuoteRow(1, Decimal("1.1"), Decimal("1.1002")))
        self.assertEqual([str(row.spread) for row in table], ["0.0002", "0.0001"])
        self.assertEqual(rowsOf(table[1:]), [(2, 110_010, 110_020)])
        self.assertEqual(Quotes.joined([table[:1], table[1:]]), table)

    def test_exports(self) -> None:
        """
        They are given to NumPy, pandas and Arrow.
        """
        table = Quotes.merged(side((1, 110_000)), side((1, 110_020)))
        self.assertEqual(table.toNumpy()["ask"].tolist(), [110_020])
        self.assertEqual(table.toPandas()["bid"].tolist(), [1.1])
        self.assertEqual(table.toArrow().column_names, ["timestamp", "bid", "ask"])

    def test_sides(self) -> None:
        """
        Each side can be taken out again: its first price and all changes.
        """
        table = Quotes.merged(side((1, 10), (5, 11)), side((1, 20), (3, 21), complete=False))
        self.assertEqual(table.bids(), side((1, 10), (5, 11)))
        self.assertEqual(table.asks(), side((1, 20), (3, 21)))
        self.assertFalse(table.asks().complete)


class GrowingTests(SynchronousTestCase):
    """
    Live quotes put down as columns.
    """

    def test_unchangedSides(self) -> None:
        """
        A side that is not told is as it was; before both are known there is no row, but the first side is remembered.
        """
        growing = GrowingQuotes(5)
        for quote in ((1, 10, None), (2, 11, None), (3, None, 20), (3, 12, None), (4, 13, 21), (5, None, None)):
            growing.append(*quote)
        self.assertEqual(len(growing), 4)
        expected = [(3, 11, 20), (3, 12, 20), (4, 13, 21), (5, 13, 21)]
        self.assertEqual(rowsOf(growing.quotes()), expected)

    def test_take(self) -> None:
        """
        What was taken is gone and does not change any more; the prices stay known. A copy does not change either.
        """
        growing = GrowingQuotes(3)
        growing.append(1, 10, 20)
        copy = growing.quotes()
        taken = growing.take()
        growing.append(2, None, 21)
        self.assertEqual(rowsOf(taken), [(1, 10, 20)])
        self.assertEqual((copy, copy.digits), (taken, 3))
        self.assertEqual(rowsOf(growing.take()), [(2, 10, 21)])
        self.assertEqual(len(growing), 0)

    def test_backwards(self) -> None:
        """
        A quote from before the last one is refused and leaves all as it is, also after all was taken.
        """
        growing = GrowingQuotes(5)
        growing.append(5, 10, 20)
        growing.take()
        error = self.assertRaises(IllegalValue, growing.append, 4, 1, 2)
        self.assertEqual(error.nearest, (5,))
        growing.append(5, None, 21)
        self.assertEqual(rowsOf(growing.quotes()), [(5, 10, 21)])

    def test_tooLarge(self) -> None:
        """
        A number that has no place in a column, as the server's field of a price might have, is refused and leaves all
        as it is.
        """
        growing = GrowingQuotes(5)
        growing.append(5, 10, 20)
        for strange in ((6, 2**63, 21), (6, 11, 2**64 - 1), (2**63, 11, 21), (6, -(2**63) - 1, 21)):
            self.assertIn("64 bits", str(self.assertRaises(IllegalValue, growing.append, *strange)))
        growing.append(5, None, 22)
        self.assertEqual(rowsOf(growing.quotes()), [(5, 10, 20), (5, 10, 22)])
