"""
Tests of exports to CSV.
"""

from __future__ import annotations

from decimal import Decimal
from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.simulator.market.pricefiles import TICKS, readRows
from ctrader_twisted.store import Series
from ctrader_twisted.store.csvfiles import writeCsv, writeQuotes
from test.storecase import BID, DAY, M1, T0, bars, ticks
from test.test_store_writing import WritingCase

ASK = Series.ticks("EURUSD", "ask")
SPAN = (T0, T0 + 2 * DAY)


class ExportTests(WritingCase):
    """
    What a dataset has, as CSV.
    """

    def export(self, series: Series) -> list[str]:
        """
        Export a series.

        @param series: the series.
        @return: the lines.
        """
        file = StringIO()
        count = self.dataset.exportCsv(series, *SPAN, file)
        lines = file.getvalue().splitlines()
        self.assertEqual(count, len(lines) - 1)
        return lines

    def test_ticks(self) -> None:
        """
        Ticks have the digits of their symbol, and more where a price has more; nothing is rounded.
        """
        rows = ticks((5, 110_000), (DAY + 7, 110_012), (DAY + 8, 1), digits=3)
        self.writer.write(BID, SPAN, rows)
        self.assertEqual(
            self.export(BID),
            [
                "timestamp,price",
                "2024-01-01 00:00:00.005+00:00,1.100",
                "2024-01-02 00:00:00.007+00:00,1.10012",
                "2024-01-02 00:00:00.008+00:00,0.00001",
            ],
        )

    def test_bars(self) -> None:
        """
        Bars have all their prices and their volume.
        """
        self.writer.write(M1, SPAN, bars((0, 110_000)))
        self.assertEqual(
            self.export(M1),
            [
                "timestamp,open,high,low,close,volume",
                "2024-01-01 00:00:00.000+00:00,1.10000,1.10002,1.09998,1.10001,7",
            ],
        )

    def test_nothing(self) -> None:
        """
        A series without rows has a head; a span that is none is refused.
        """
        self.assertEqual(self.export(BID), ["timestamp,price"])
        self.assertEqual(self.dataset.exportQuotes("EURUSD", *SPAN, StringIO()), 0)
        self.assertRaises(IllegalValue, self.dataset.exportQuotes, "EURUSD", T0, T0, StringIO())

    def test_quotes(self) -> None:
        """
        Both sides beside each other, from the moment from which both are known, over days; the simulator reads them.
        """
        self.writer.write(BID, SPAN, ticks((5, 110_000), (9, 110_010), (9, 110_020), (DAY + 9, 110_030), digits=4))
        self.writer.write(ASK, SPAN, ticks((7, 110_100), (9, 110_110), (DAY + 5, 110_120), digits=4))
        path = self.root.parent / "quotes.csv"
        with path.open("w") as file:
            self.assertEqual(self.dataset.exportQuotes("EURUSD", *SPAN, file), 5)
        self.assertEqual(
            path.read_text().splitlines()[:2], ["timestamp,bid,ask", "2024-01-01 00:00:00.007+00:00,1.1000,1.1010"]
        )
        self.assertEqual(
            list(readRows(path, TICKS)),
            [
                (T0 + 7, 110_000, 110_100),
                (T0 + 9, 110_010, 110_110),
                (T0 + 9, 110_020, 110_110),
                (T0 + DAY + 5, 110_020, 110_120),
                (T0 + DAY + 9, 110_030, 110_120),
            ],
        )


class ExactTests(SynchronousTestCase):
    """
    Prices as text.
    """

    @settings(deadline=None)
    @given(st.integers(-(10**12), 10**12), st.integers(0, 8))
    def test_everyPrice(self, raw: int, digits: int) -> None:
        """
        Whatever the price and the digits, the text is exactly the price, and shows at least the digits.
        """
        file = StringIO()
        writeCsv(BID, [ticks((0, raw), digits=digits)], file)
        text = file.getvalue().split(",")[-1].strip()
        self.assertEqual(Decimal(text), Decimal(raw) / 100_000)
        self.assertGreaterEqual(len(text.partition(".")[2]), min(digits, 5))

    @settings(deadline=None)
    @given(st.lists(st.integers(0, 6), max_size=12), st.lists(st.integers(0, 6), max_size=12))
    def test_noneLost(self, bids: list[int], asks: list[int]) -> None:
        """
        Once both sides are known, every change of each side is in the quotes, in its order, and the time ascends.
        """
        some = [(moment, 100 + number) for number, moment in enumerate(sorted(bids))]
        others = [(moment, 500 + number) for number, moment in enumerate(sorted(asks))]
        file = StringIO()
        count = writeQuotes([ticks(*some)], [ticks(*others)], file)
        rows = [line.split(",") for line in file.getvalue().splitlines()[1:]]
        self.assertEqual(count, len(rows))
        self.assertEqual(rows, sorted(rows))
        for side, changes in ((1, some), (2, others)):
            shown = list(dict.fromkeys(int(Decimal(row[side]) * 100_000) for row in rows))
            prices = [price for _, price in changes]
            self.assertEqual(shown, prices[len(prices) - len(shown) :])
        self.assertEqual(bool(rows), bool(bids and asks))
