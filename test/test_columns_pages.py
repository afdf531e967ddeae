"""
Tests that pages which are read from their bytes are what protobuf reads from them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import Columns, Ticks, Trendbars, loadNumpy, pages
from ctrader_twisted.columns.pages import BAR_PAGE, TICK_PAGE, Shape, readPage
from ctrader_twisted.schema.messages import (
    ProtoOAGetTickDataRes,
    ProtoOAGetTrendbarsRes,
    ProtoOATickData,
    ProtoOATrendbar,
    ProtoOATrendbarPeriod,
)

Found = tuple[Any, ...]

random = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])


def varint(value: int, more: int = 0) -> bytes:
    """
    Write a number.

    @param value: the number; negative ones as 64 bits.
    @param more: how many bytes more than needed.
    @return: its bytes.
    """
    value %= 2**64
    groups = []
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    for _ in range(more):
        groups[-1] |= 0x80
        groups.append(0)
    return bytes(groups)


def fields(*values: tuple[int, int]) -> bytes:
    """
    Write numbers as fields.

    @param values: the number of each field, and its value.
    @return: the bytes.
    """
    return b"".join(varint(number << 3) + varint(value) for number, value in values)


def row(number: int, content: bytes) -> bytes:
    """
    Write a message in a message.

    @param number: the number of its field.
    @param content: its bytes.
    @return: the bytes.
    """
    return varint(number << 3 | 2) + varint(len(content)) + content


def told(read: Callable[[], Columns[Any]]) -> Found:
    """
    Read a page.

    @param read: reads it.
    @return: all that is known of the table, or the kind of error.
    """
    try:
        table = read()
    except (DecodeError, OverflowError) as error:
        return (type(error),)
    period = table.period if isinstance(table, Trendbars) else None
    return (table._columns, table.complete, table.digits, period)


def plainly(kind: type[Ticks] | type[Trendbars], payload: bytes) -> Found:
    """
    Read a page without NumPy.

    @param kind: the kind of the table.
    @param payload: its bytes.
    @return: as of L{told}.
    """
    with patch.dict(sys.modules, {"numpy": None}):
        return told(lambda: kind.fromPayload(payload, 5))


class PageCase(SynchronousTestCase):
    """
    Tests with NumPy, for pages of any length.
    """

    def setUp(self) -> None:
        """
        Have short pages read like long ones.
        """
        self.assertTrue(loadNumpy())
        self.patch(pages, "_FEWEST_ROWS", 1)
        self.patch(pages, "_FEWEST_BYTES", 1)

    def assertSame(self, kind: type[Ticks] | type[Trendbars], payload: bytes) -> None:
        """
        Check that bytes are read as protobuf reads them.

        @param kind: the kind of the table.
        @param payload: the bytes.
        """
        self.assertEqual(told(lambda: kind.fromPayload(payload, 5)), plainly(kind, payload))

    def assertDirect(self, kind: type[Ticks] | type[Trendbars], shape: Shape, payload: bytes) -> None:
        """
        Check that a page is read without protobuf, and like it.

        @param kind: the kind of the table.
        @param shape: the shape of its pages.
        @param payload: the page.
        """
        self.assertIsNotNone(readPage(payload, shape))
        self.assertSame(kind, payload)

    def assertLeft(self, kind: type[Ticks] | type[Trendbars], shape: Shape, payload: bytes) -> None:
        """
        Check that a page is left to protobuf.

        @param kind: the kind of the table.
        @param shape: the shape of its pages.
        @param payload: the page.
        """
        self.assertIsNone(readPage(payload, shape))
        self.assertSame(kind, payload)


small = st.integers(-(2**56), 2**56 - 1)
everyInt = st.one_of(st.integers(-300, 300), small, st.integers(-(2**63), 2**63 - 1))
everyUnsigned = st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1))


def tickPage(ticks: list[tuple[int, int]], before: bytes = b"", after: bytes = fields((4, 1))) -> bytes:
    """
    Write a page of ticks.

    @param ticks: what is written of each: time and price.
    @param before: fields before the ticks.
    @param after: fields after the ticks.
    @return: the page.
    """
    return before + b"".join(row(3, fields((1, time), (2, price))) for time, price in ticks) + after


TICKS = [(1_700_000_000_000, 110_000), (-5, 3), (0, -7), (-86_400_000, 0), (12, 2)]
TYPE_AND_ACCOUNT = fields((1, 2146), (2, 12_345_678))


class TickTests(PageCase):
    """
    Pages of ticks.
    """

    def test_usual(self) -> None:
        """
        A page as the server sends it is read without a message, wherever it says whether there is more, or if it does
        not say.
        """
        for before in (b"", TYPE_AND_ACCOUNT, TYPE_AND_ACCOUNT + fields((4, 1)), fields((4, 1), (4, 0))):
            for after in (b"", fields((4, 0)), fields((4, 1)), fields((4, 1), (1, 2146))):
                self.assertDirect(Ticks, TICK_PAGE, tickPage(TICKS, before, after))

    @random
    @given(st.lists(st.tuples(everyInt, everyInt), max_size=8), st.booleans())
    def test_everyPage(self, ticks: list[tuple[int, int]], hasMore: bool) -> None:
        """
        Whatever numbers a page has, and however large its sums get.
        """
        self.assertSame(Ticks, tickPage(ticks, TYPE_AND_ACCOUNT, fields((4, int(hasMore)))))

    @random
    @given(st.lists(st.tuples(small, small), min_size=1, max_size=8))
    def test_direct(self, ticks: list[tuple[int, int]]) -> None:
        """
        Numbers of up to 56 bits and a sign need no protobuf.
        """
        self.assertDirect(Ticks, TICK_PAGE, tickPage(ticks))

    @random
    @given(st.data())
    def test_damaged(self, data: st.DataObject) -> None:
        """
        Bytes that were changed, lost or added are read, or refused, as protobuf does.
        """
        page = bytearray(tickPage(TICKS, TYPE_AND_ACCOUNT))
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(page) - 1))
            length = data.draw(st.integers(0, 3))
            page[place : place + length] = data.draw(st.binary(max_size=3))
        self.assertSame(Ticks, bytes(page))

    @random
    @given(st.binary(max_size=60))
    def test_garbage(self, payload: bytes) -> None:
        """
        So are any bytes.
        """
        self.assertSame(Ticks, payload)
        self.assertSame(Trendbars, payload)

    def test_truncated(self) -> None:
        """
        So is a page that ends anywhere.
        """
        page = tickPage(TICKS, TYPE_AND_ACCOUNT)
        for length in range(len(page)):
            self.assertSame(Ticks, page[:length])

    def test_otherShapes(self) -> None:
        """
        Other fields, missing ones, another order, numbers that are longer than they need to be, rows that are not
        together: protobuf reads them.
        """
        usual = fields((1, 1_700_000_000_000), (2, 5))
        for odd in (
            b"",
            fields((2, 5), (1, 6)),
            fields((1, 6)),
            fields((1, 6), (2, 5), (3, 4)),
            fields((1, 6), (2, 5), (2, 4)),
            fields((1, 6), (1, 5)),
            fields((1, 6)) + b"\x12\x01a",
            fields((1, 6)) + varint(2 << 3, 1) + varint(5),
            varint(1 << 3, 1) + varint(6) + fields((2, 5)),
            fields((1, 2**57), (2, 5)),
            fields((1, 2**63 - 1), (2, 5)),
            fields((1, -(2**57)), (2, 5)),
            varint(1 << 3) + b"\xff" * 9 + b"\x03" + fields((2, 5)),
            varint(1 << 3) + b"\xff" * 10 + b"\x01" + fields((2, 5)),
        ):
            for contents in ((odd,), (usual, odd), (odd, usual), (usual, odd, usual)):
                page = b"".join(row(3, content) for content in contents)
                self.assertLeft(Ticks, TICK_PAGE, page + fields((4, 1)))
        long = varint(3 << 3 | 2) + varint(len(usual), 1) + usual
        for page in (
            long + fields((4, 1)),
            row(3, usual) + long,
            row(3, usual) + fields((4, 1)) + row(3, usual),
            row(3, usual) + fields((5, 1)),
            fields((5, 1)) + row(3, usual),
            fields((2, -1)) + row(3, usual),
            row(3, usual) + row(2, usual),
            row(2, usual) + row(3, usual),
            row(3, usual) + row(3, usual + b"\x08")[:-1] + b"\x08",
            varint(3 << 3 | 2),
            fields((1, 2146), (2, 1), (4, 1), (4, 1)),
        ):
            self.assertLeft(Ticks, TICK_PAGE, page)

    def test_largeSums(self) -> None:
        """
        Sums that might not fit into 64 bits are made without NumPy, which would not notice; too large ones are errors.
        """
        most = 2**56 - 1
        for ticks in ([(0, most), (0, -most)] * 64, [(0, most)] * 128, [(0, most)] * 129, [(-most, 0)] * 130):
            page = tickPage(ticks)
            self.assertDirect(Ticks, TICK_PAGE, page)
        self.assertEqual(plainly(Ticks, page), (OverflowError,))

    def test_longerThanNeeded(self) -> None:
        """
        Numbers with more bytes than they need are the same numbers.
        """
        content = varint(1 << 3) + varint(77, 3) + varint(2 << 3) + varint(1_000, 5)
        self.assertDirect(Ticks, TICK_PAGE, row(3, content) + row(3, content))


def barPage(bars: Sequence[tuple[int, ...]], before: bytes = b"", after: bytes = b"", named: bool = False) -> bytes:
    """
    Write a page of bars.

    @param bars: what is written of each: volume, low, differences of open, close and high, minutes.
    @param before: fields before the bars.
    @param after: fields after the bars.
    @param named: whether each bar names a period.
    @return: the page.
    """
    numbers = (3, 4, 5, 6, 7, 8, 9) if named else (3, 5, 6, 7, 8, 9)
    values = ((bar[0], 9, *bar[1:]) if named else bar for bar in bars)
    return before + b"".join(row(5, fields(*zip(numbers, each, strict=True))) for each in values) + after


BARS = [(5, 110_000, 3, 4, 7, 60), (900, 109_995, 0, 0, 0, 120), (1, -7, 300, 70_000, 0, 180)]
H1 = fields((1, 2138), (2, 12_345_678), (3, 9), (4, 1_700_000_000_000))


class BarTests(PageCase):
    """
    Pages of bars.
    """

    def test_usual(self) -> None:
        """
        A page as the server sends it is read without a message, with or without periods in its bars.
        """
        for named in (False, True):
            for after in (b"", fields((6, 1)), fields((6, 1), (7, 1)), fields((7, 0), (6, 1))):
                self.assertDirect(Trendbars, BAR_PAGE, barPage(BARS, H1, after, named))
        self.assertDirect(Trendbars, BAR_PAGE, barPage(BARS, fields((7, 1)) + H1))

    def test_order(self) -> None:
        """
        Bars that are not sorted, or there twice, are put in order as without NumPy.
        """
        self.assertDirect(Trendbars, BAR_PAGE, barPage([BARS[2], BARS[0], (7, *BARS[2][1:]), BARS[1], BARS[0]], H1))

    @random
    @given(
        st.lists(
            st.tuples(everyInt, everyInt, everyUnsigned, everyUnsigned, everyUnsigned, st.integers(0, 6)), max_size=6
        ),
        st.integers(0, 16),
    )
    def test_everyPage(self, bars: list[tuple[int, ...]], period: int) -> None:
        """
        Whatever numbers a page has, and whatever its period.
        """
        self.assertSame(Trendbars, barPage(bars, fields((3, period)), fields((7, 1))))

    @random
    @given(st.data())
    def test_damaged(self, data: st.DataObject) -> None:
        """
        Bytes that were changed, lost or added are read, or refused, as protobuf does.
        """
        page = bytearray(barPage(BARS, H1, fields((7, 1)), data.draw(st.booleans())))
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(page) - 1))
            length = data.draw(st.integers(0, 3))
            page[place : place + length] = data.draw(st.binary(max_size=3))
        self.assertSame(Trendbars, bytes(page))

    def test_otherShapes(self) -> None:
        """
        Bars that have not all fields, or not all the same, are left to protobuf.
        """
        usual = fields(*zip((3, 5, 6, 7, 8, 9), BARS[0], strict=True))
        named = fields(*zip((3, 4, 5, 6, 7, 8, 9), (5, 1, 2, 3, 4, 5, 6), strict=True))
        live = fields(*zip((3, 5, 6, 8, 9), (5, 1, 2, 3, 4), strict=True))
        for contents in ((live,), (usual, live), (usual, named), (named, usual)):
            self.assertLeft(Trendbars, BAR_PAGE, H1 + b"".join(row(5, content) for content in contents))

    def test_strangeNumbers(self) -> None:
        """
        Numbers that protobuf cuts to the size of their fields are cut by it, and a period that there is not is its.
        """
        for changed in ((5, 1, 2, 3, 4, 2**32 + 60), (5, 1, 2, 3, 4, -1), (5, 1, -2, 3, 4, 60)):
            self.assertSame(Trendbars, barPage([changed], H1))
        for period in (0, 15, 2**32 + 9):
            self.assertSame(Trendbars, barPage(BARS, fields((3, period))))
        self.assertSame(Trendbars, barPage(BARS))


def messages(count: int) -> tuple[ProtoOAGetTickDataRes, ProtoOAGetTrendbarsRes]:
    """
    Make parsed pages.

    @param count: how many rows.
    @return: a page of ticks, which is not all if the count is even, and a page of bars.
    """
    ticks = ProtoOAGetTickDataRes(ctidTraderAccountId=1, hasMore=count % 2 == 0)
    bars = ProtoOAGetTrendbarsRes(ctidTraderAccountId=1, period=ProtoOATrendbarPeriod.H1)
    for index in range(count):
        ticks.tickData.append(ProtoOATickData(timestamp=-(index % 7) if index else 10**12, tick=index * 37 % 11))
        bars.trendbar.append(
            ProtoOATrendbar(
                volume=index,
                low=100_000 + index * 37 % 11,
                deltaOpen=1,
                deltaHigh=index % 5,
                deltaClose=2,
                utcTimestampInMinutes=60 * index,
            )
        )
    return ticks, bars


class MessageTests(PageCase):
    """
    Pages that have been parsed.
    """

    def test_same(self) -> None:
        """
        With NumPy and without, of few rows and of many, the tables are the same.
        """
        self.patch(pages, "_FEWEST_ROWS", 64)
        for count in (0, 1, 63, 64, 500):
            ticks, bars = messages(count)
            with patch.dict(sys.modules, {"numpy": None}):
                expected = (Ticks.fromWire(ticks, 3), Trendbars.fromWire(bars, 3))
            found = (Ticks.fromWire(ticks, 3), Trendbars.fromWire(bars, 3))
            self.assertEqual(found, expected)
            self.assertEqual((found[0].digits, found[0].complete), (3, count % 2 == 1))
            self.assertEqual(len(found[1]), count)

    def test_missing(self) -> None:
        """
        A message that lacks what it needs is read as without NumPy.
        """
        answer = ProtoOAGetTickDataRes(tickData=[ProtoOATickData(tick=5)] * 3)
        self.assertEqual(list(Ticks.fromWire(answer, 5).prices), [15, 10, 5])

    def test_withoutNumpy(self) -> None:
        """
        Where NumPy is not installed, loading it says so, and pages are read all the same.
        """
        with patch.dict(sys.modules, {"numpy": None}):
            self.assertFalse(loadNumpy())
            self.assertIsNone(readPage(tickPage(TICKS), TICK_PAGE))
            ticks = Ticks.fromPayload(tickPage(TICKS), 5)
        self.assertEqual(list(ticks.prices), [109_998, 109_996, 109_996, 110_003, 110_000])
        self.assertEqual(ticks.timestamps[-1], 1_700_000_000_000)
