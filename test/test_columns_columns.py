"""
Tests of ticks and trendbars as columns.
"""

from __future__ import annotations

import os
import subprocess
import sys
from array import array
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.columns import Bar, Columns, Quotes, Tick, Ticks, Trendbars
from ctrader_twisted.schema.messages import (
    ProtoOAGetTickDataRes,
    ProtoOAGetTrendbarsRes,
    ProtoOATickData,
    ProtoOATrendbar,
    ProtoOATrendbarPeriod,
)

START = 1_700_000_000_000


def tickPage(ticks: list[tuple[int, int]], hasMore: bool = False, sign: int = -1) -> ProtoOAGetTickDataRes:
    """
    Write ascending ticks as the server does.

    @param ticks: timestamp and raw price, oldest first.
    @param hasMore: the flag of the page.
    @param sign: the sign of the steps in time.
    @return: the page.
    """
    data: list[ProtoOATickData] = []
    newest = ticks[::-1]
    for index, (timestamp, price) in enumerate(newest):
        if index:
            before = newest[index - 1]
            data.append(ProtoOATickData(timestamp=sign * (before[0] - timestamp), tick=price - before[1]))
        else:
            data.append(ProtoOATickData(timestamp=timestamp, tick=price))
    return ProtoOAGetTickDataRes(ctidTraderAccountId=1, tickData=data, hasMore=hasMore)


def makeTicks(count: int = 3, digits: int = 5) -> Ticks:
    """
    Make ticks that rise.

    @param count: how many.
    @param digits: the symbol's digits.
    @return: the ticks, a second apart.
    """
    return Ticks(
        array("q", (START + 1000 * index for index in range(count))),
        array("q", (110_000 + 10 * index for index in range(count))),
        digits=digits,
    )


def bar(minute: int, low: int = 100_000, **deltas: int) -> ProtoOATrendbar:
    """
    Make a bar as the server does.

    @param minute: when it opens, in minutes since 1970.
    @param low: its lowest price.
    @param deltas: the other fields that are set.
    @return: the bar.
    """
    fields: dict[str, Any] = {"volume": 5, **deltas}
    return ProtoOATrendbar(utcTimestampInMinutes=minute, low=low, **fields)


def barPage(*bars: ProtoOATrendbar, **changes: Any) -> ProtoOAGetTrendbarsRes:
    """
    Make a page of hourly bars.

    @param bars: the bars in the order of the page.
    @param changes: other fields of the page.
    @return: the page.
    """
    fields: dict[str, Any] = {"period": ProtoOATrendbarPeriod.H1, **changes}
    return ProtoOAGetTrendbarsRes(ctidTraderAccountId=1, symbolId=1, trendbar=bars, **fields)


class TickPageTests(SynchronousTestCase):
    """
    The server's pages of ticks.
    """

    @settings(deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 10**12)), max_size=30),
        st.sampled_from([-1, 1]),
    )
    def test_everyPage(self, steps: list[tuple[int, int]], sign: int) -> None:
        """
        Scenario 60: Whatever was written comes back ascending, with steps in time of either sign and prices that rise
        and fall.
        """
        timestamp, ticks = START, []
        for step, price in steps:
            timestamp += step
            ticks.append((timestamp, price))
        read = Ticks.fromWire(tickPage(ticks, sign=sign), 5)
        self.assertEqual(list(zip(read.timestamps, read.prices, strict=True)), ticks)

    def test_hasMore(self) -> None:
        """
        A page that is not all says so.
        """
        self.assertFalse(Ticks.fromWire(tickPage([(START, 1)], hasMore=True), 5).complete)
        self.assertTrue(Ticks.fromWire(tickPage([(START, 1)]), 5).complete)


class BarPageTests(SynchronousTestCase):
    """
    The server's pages of bars.
    """

    def test_deltas(self) -> None:
        """
        Scenario 10: Prices are the lowest plus the differences, and the period is that of the page.
        """
        bars = Trendbars.fromWire(barPage(bar(28_000_000, deltaOpen=10, deltaHigh=50, deltaClose=40)), 5)
        expected = Bar(28_000_000 * 60_000, Decimal("1.0001"), Decimal("1.0005"), Decimal(1), Decimal("1.0004"), 5)
        self.assertEqual(list(bars), [expected])
        self.assertEqual(bars.period, "H1")

    def test_missingHigh(self) -> None:
        """
        A high that is below open or close is lifted.
        """
        bars = Trendbars.fromWire(barPage(bar(60, deltaOpen=30), bar(120, deltaClose=20, deltaHigh=0)), 5)
        self.assertEqual(list(bars.high), [100_030, 100_020])

    def test_order(self) -> None:
        """
        Bars are sorted, and one that comes twice is there once, as it came last.
        """
        bars = Trendbars.fromWire(barPage(bar(120, 7), bar(60, 5), bar(120, 8), hasMore=True), 5)
        self.assertEqual(list(bars.timestamps), [3_600_000, 7_200_000])
        self.assertEqual(list(bars.low), [5, 8])
        self.assertFalse(bars.complete)

    @settings(deadline=None)
    @given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 4), max_size=20))
    def test_everyBar(self, rows: list[tuple[int, int, int, int]]) -> None:
        """
        The lowest and the highest enclose open and close in each bar.
        """
        page = barPage(
            *(bar(60 * i, low, deltaOpen=o, deltaHigh=h, deltaClose=c) for i, (low, o, h, c) in enumerate(rows))
        )
        for made in Trendbars.fromWire(page, 3):
            self.assertLessEqual(made.low, min(made.open, made.close))
            self.assertGreaterEqual(made.high, max(made.open, made.close))


class TableTests(SynchronousTestCase):
    """
    Columns are read as a sequence of records.
    """

    def test_records(self) -> None:
        """
        Indexing and iterating give exact records that show the symbol's digits.
        """
        ticks = makeTicks(digits=4)
        self.assertEqual(ticks[0], Tick(START, Decimal("1.1")))
        self.assertEqual(str(ticks[-1].price), "1.1002")
        self.assertEqual(list(ticks), [ticks[0], ticks[1], ticks[2]])
        self.assertIn(ticks[1], ticks)
        with self.assertRaises(IndexError):
            ticks[3]

    def test_finerThanDigits(self) -> None:
        """
        A price finer than the symbol's digits stays exact; more digits than the wire's show five.
        """
        self.assertEqual(str(makeTicks(digits=3)[1].price), "1.10010")
        self.assertEqual(str(makeTicks(digits=8)[1].price), "1.10010")

    def test_slices(self) -> None:
        """
        A slice is a table of the same kind with the same properties.
        """
        bars = Trendbars.fromWire(barPage(bar(60), bar(120), bar(180), hasMore=True), 3)
        some = bars[1:]
        self.assertIsInstance(some, Trendbars)
        self.assertEqual((some.period, some.digits, some.complete), ("H1", 3, False))
        self.assertEqual(list(some), list(bars)[1:])
        self.assertEqual(list(makeTicks(5)[::2].timestamps), [START, START + 2000, START + 4000])
        with self.assertRaises(ValueError):
            bars[::-1]

    def test_between(self) -> None:
        """
        A span holds its start and not its end.
        """
        ticks = makeTicks(5)
        self.assertEqual(ticks.between(START + 1000, START + 3000), ticks[1:3])
        self.assertEqual(len(ticks.between(START + 9000, START + 9001)), 0)

    def test_joined(self) -> None:
        """
        Tables that follow each other make one; it is as complete as the first.
        """
        whole = makeTicks(6)
        for cuts in ((0, 0), (2, 4), (3, 3), (6, 6)):
            parts = [whole[: cuts[0]].marked(False), whole[cuts[0] : cuts[1]], whole[cuts[1] :]]
            joined = Ticks.joined(parts)
            self.assertEqual(joined, whole)
            self.assertFalse(joined.complete)
        self.assertTrue(Ticks.joined([whole[:2], whole[2:].marked(False)]).complete)

    def test_joinedSharedMoment(self) -> None:
        """
        Ticks of one millisecond may lie in two tables.
        """
        tick = makeTicks(1)
        self.assertEqual(len(Ticks.joined([tick, tick])), 2)

    def test_notJoined(self) -> None:
        """
        What overlaps, or is not of one kind, is not joined.
        """
        whole = makeTicks(6)
        hours = Trendbars.fromWire(barPage(bar(60)), 5)
        days = Trendbars.fromWire(barPage(bar(1440), period=ProtoOATrendbarPeriod.D1), 5)
        self.assertEqual(len(Trendbars.joined([hours, hours[1:]])), 1)
        self.assertIn("before the end", str(self.assertRaises(ValueError, Ticks.joined, [whole[2:], whole[:2]])))
        self.assertIn("before the end", str(self.assertRaises(ValueError, Trendbars.joined, [hours, hours])))
        self.assertIn("another kind", str(self.assertRaises(ValueError, Ticks.joined, [whole, makeTicks(1, digits=3)])))
        self.assertIn("another kind", str(self.assertRaises(ValueError, Trendbars.joined, [hours, days])))

    def test_marked(self) -> None:
        """
        Marking makes another table of the same rows.
        """
        ticks = makeTicks()
        marked = ticks.marked(False)
        self.assertEqual((marked, marked.complete, ticks.complete), (ticks, False, True))

    def test_equality(self) -> None:
        """
        Tables are equal by their contents and their kind, and are no keys.
        """
        self.assertEqual(makeTicks(), makeTicks())
        self.assertNotEqual(makeTicks(2), makeTicks(3))
        self.assertNotEqual(makeTicks(), list(makeTicks()))
        columns = [array("q", [0])] * 6
        hours, days = (Trendbars(*columns, period=period, digits=5) for period in ("H1", "D1"))
        self.assertEqual(hours, hours.marked(False))
        self.assertNotEqual(hours, days)
        self.assertRaises(TypeError, hash, makeTicks())

    def test_printing(self) -> None:
        """
        A table prints its size, its span, and whether something is missing.
        """
        self.assertEqual(repr(makeTicks(2)), f"<Ticks: 2 rows from {START} to {START + 1000} ms>")
        empty = Ticks(array("q"), array("q"), digits=5, complete=False)
        self.assertEqual(repr(empty), "<Ticks: 0 rows, not complete>")

    def test_lengths(self) -> None:
        """
        Columns of different lengths are refused.
        """
        self.assertRaises(ValueError, Ticks, array("q", [1]), array("q"), digits=5)


class ExportTests(SynchronousTestCase):
    """
    Columns are given to NumPy, pandas and Arrow.
    """

    def setUp(self) -> None:
        """
        Skip without the data extra.
        """
        try:
            import numpy  # noqa: F401
            import pandas  # noqa: F401
            import pyarrow  # noqa: F401
        except ImportError as error:
            self.skipTest(f"the extra 'data' is not installed: {error}")

    def test_numpy(self) -> None:
        """
        NumPy sees the very memory of the columns, and cannot write there.
        """
        import numpy

        ticks = makeTicks()
        views = ticks.toNumpy()
        self.assertEqual(list(views), ["timestamp", "price"])
        self.assertEqual(views["price"].dtype, numpy.int64)
        self.assertEqual(views["price"].tolist(), list(ticks.prices))
        self.assertEqual(views["price"].__array_interface__["data"][0], ticks.prices.buffer_info()[0])
        with self.assertRaises(ValueError):
            views["price"][0] = 1

    def test_pandas(self) -> None:
        """
        pandas gets times in UTC and prices as the nearest doubles.
        """
        frame = Trendbars.fromWire(barPage(bar(60, deltaHigh=7)), 5).toPandas()
        self.assertEqual(list(frame.columns), ["open", "high", "low", "close", "volume"])
        self.assertEqual(str(frame.index[0]), "1970-01-01 01:00:00+00:00")
        self.assertEqual((frame.index.name, frame["high"].iloc[0], frame["volume"].iloc[0]), ("timestamp", 1.00007, 5))

    def test_arrow(self) -> None:
        """
        Arrow sees the very memory of the columns, with the scale beside it.
        """
        ticks = makeTicks()
        table = ticks.toArrow()
        self.assertEqual(table.column("price").to_pylist(), list(ticks.prices))
        self.assertEqual(table.column("price").chunk(0).buffers()[1].address, ticks.prices.buffer_info()[0])
        self.assertEqual(str(table.schema.field("timestamp").type), "timestamp[ms, tz=UTC]")
        self.assertEqual(table.schema.metadata, {b"scale": b"100000", b"digits": b"5", b"complete": b"true"})

    def test_empty(self) -> None:
        """
        A table without rows is exported as well.
        """
        empty = Trendbars.fromWire(barPage(), 5)
        self.assertEqual(empty.toNumpy()["open"].tolist(), [])
        self.assertEqual(len(empty.toPandas()), 0)
        self.assertEqual(empty.toArrow().num_rows, 0)


class ArrowTests(SynchronousTestCase):
    """
    Tables come back from Arrow, and foreign ones are refused.
    """

    def assertRefused(self, table: Any, words: str, kind: type[Columns[Any]] = Ticks) -> None:
        """
        @param table: an Arrow table that is not one of the kind.
        @param words: what the error says.
        @param kind: the kind of table that is wanted.
        """
        with self.assertRaises(ValueError) as caught:
            kind.fromArrow(table)
        self.assertIn(words, str(caught.exception))

    def test_back(self) -> None:
        """
        Each kind comes back as it was: its rows, its digits, its period, and whether it is complete.
        """
        bars = Trendbars.fromWire(barPage(bar(60), bar(120), hasMore=True), 3)
        quotes = Quotes.merged(makeTicks(digits=4), makeTicks(digits=4))
        for table in (makeTicks(), makeTicks(0), bars, quotes):
            back = type(table).fromArrow(table.toArrow())
            self.assertEqual(back, table)
            self.assertEqual((back.digits, back.complete), (table.digits, table.complete))
        self.assertEqual(Trendbars.fromArrow(bars.toArrow()).period, "H1")

    def test_chunksAndPartitions(self) -> None:
        """
        The columns may come in pieces, in another order and among others, as from several files of a dataset.
        """
        import pyarrow

        ticks = makeTicks(6)
        whole = ticks.toArrow()
        parted = pyarrow.concat_tables([whole.slice(1, 2), whole.slice(3, 2)])
        parted = parted.append_column("symbol", pyarrow.array(["EURUSD"] * 4)).select(["symbol", "price", "timestamp"])
        self.assertEqual(Ticks.fromArrow(parted), ticks[1:5])

    def test_emptyChunks(self) -> None:
        """
        A piece without rows need not have memory for them.
        """
        import pyarrow

        whole = makeTicks(2).toArrow()
        bare = [pyarrow.Array.from_buffers(field.type, 0, [None, None]) for field in whole.schema]
        empty = pyarrow.table(bare, schema=whole.schema)
        self.assertEqual(Ticks.fromArrow(pyarrow.concat_tables([empty, whole, empty])), makeTicks(2))

    def test_parquet(self) -> None:
        """
        A Parquet file keeps everything.
        """
        from pyarrow import parquet

        path = self.mktemp()
        ticks = makeTicks(3, 3).marked(False)
        parquet.write_table(ticks.toArrow(), path)
        back = Ticks.fromArrow(parquet.read_table(path))
        self.assertEqual((back, back.digits, back.complete), (ticks, 3, False))

    def test_foreign(self) -> None:
        """
        A table of another kind is refused with the reason.
        """
        import pyarrow

        table = makeTicks().toArrow()
        self.assertRefused(table, "no column 'bid'; it has timestamp, price", Quotes)
        self.assertRefused(table.replace_schema_metadata(None), "in 1/None, not in 1/100000")
        self.assertRefused(table.replace_schema_metadata({"scale": "100"}), "in 1/100, not in 1/100000")
        self.assertRefused(table.replace_schema_metadata({"scale": "100000"}), "does not tell the digits")
        doubles = table.set_column(1, "price", table.column("price").cast("double"))
        self.assertRefused(doubles, "'price' is of double, not of int64")
        gap = table.set_column(1, "price", pyarrow.array([1, None, 3], "int64"))
        self.assertRefused(gap, "'price' has rows without a value")
        self.assertRefused(table.take([1, 0, 2]), "not ascending")

    def test_bars(self) -> None:
        """
        Bars need the name of a period that there is.
        """
        table = Trendbars.fromWire(barPage(bar(60)), 5).toArrow()
        metadata = {"scale": "100000", "digits": "5"}
        self.assertRefused(table.replace_schema_metadata(metadata), "does not tell the period", Trendbars)
        self.assertRefused(table.replace_schema_metadata({**metadata, "period": "M7"}), "'M7' is none of", Trendbars)


class ImportTests(SynchronousTestCase):
    """
    The room costs little to import.
    """

    def test_lazy(self) -> None:
        """
        Importing the columns imports neither NumPy nor pandas nor Arrow.
        """
        code = "import sys, ctrader_twisted.columns; print({'numpy', 'pandas', 'pyarrow'} & set(sys.modules))"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        )
        self.assertEqual(result.stdout.strip(), "set()")
