"""
Quotes of a symbol: both sides in one table.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from decimal import Decimal
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Self

from ctrader_twisted.columns.columns import Columns
from ctrader_twisted.columns.numeric import numpyIsLoaded, toColumn
from ctrader_twisted.columns.ticks import Ticks
from ctrader_twisted.errors import IllegalValue

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

__all__ = ["GrowingQuotes", "QuoteRow", "Quotes"]

# A change's key has its place within its millisecond in the low bits.
_PLACE_BITS = 20
_LATEST = 2 ** (63 - _PLACE_BITS)
_WORTH_NUMPY = 200
_TOO_LARGE = 2**63


class QuoteRow(NamedTuple):
    """
    Both prices since a moment.

    @ivar timestamp: milliseconds since 1970.
    @ivar bid: the price to sell at.
    @ivar ask: the price to buy at.
    """

    timestamp: int
    bid: Decimal
    ask: Decimal

    @property
    def spread(self) -> Decimal:
        """
        @return: by how much the ask is above the bid.
        """
        return self.ask - self.bid


class Quotes(Columns[QuoteRow]):
    """
    Quotes, ascending in time: each row is what both prices are after a change. Several may share a millisecond, and are
    in their order.

    @ivar bid: in 1/C{scale}, C{array('q')}.
    @ivar ask: likewise.
    """

    _names = ("timestamp", "bid", "ask")
    _priceNames = ("bid", "ask")

    def __init__(
        self, timestamps: array[int], bid: array[int], ask: array[int], *, digits: int, complete: bool = True
    ) -> None:
        """
        @param timestamps: milliseconds since 1970, ascending, C{array('q')}.
        @param bid: in 1/C{scale}, C{array('q')}.
        @param ask: in 1/C{scale}, C{array('q')}.
        @param digits: the decimal places of the symbol's prices.
        @param complete: whether nothing is missing at the start of the span that was asked for.
        """
        super().__init__((timestamps, bid, ask), digits, complete)
        self.bid = bid
        self.ask = ask

    @classmethod
    def merged(cls, bids: Ticks, asks: Ticks, *, bidBefore: int | None = None, askBefore: int | None = None) -> Quotes:
        """
        Put the two sides of a symbol together.

        The server gives each side by itself and does not tell the order between them within a millisecond. There, the
        first change of the bid and the first of the ask make one row, as one event of the server's that has both does,
        then the second ones, and so on; of what one side has more, each makes a row of its own. So each price of
        either side is in a row, in the order of its side.

        There is no row before both sides are known. If nothing of the side that is known first shall be lost, say what
        the other one was before.

        @param bids: the ticks of the bid.
        @param asks: the ticks of the ask, of the same span.
        @param bidBefore: the bid before the first tick in 1/C{scale}, such as C{ticks.prices[-1]} of an earlier span.
        @param askBefore: likewise the ask.
        @return: the quotes; C{complete} if both sides are.
        @raise ValueError: if the two have different digits.
        """
        if bids.digits != asks.digits:
            raise ValueError(f"the bid has {bids.digits} digits, the ask {asks.digits}")
        before = (bidBefore, askBefore)
        columns = _mergedWithNumpy(bids, asks, before) or _merged(bids, asks, before)
        return cls(*columns, digits=bids.digits, complete=bids.complete and asks.complete)

    def bids(self) -> Ticks:
        """
        Take out the bid.

        @return: its first price, and each that differs from the one before.
        """
        return self._changesOf(self.bid)

    def asks(self) -> Ticks:
        """
        Take out the ask.

        @return: its first price, and each that differs from the one before.
        """
        return self._changesOf(self.ask)

    def _changesOf(self, column: array[int]) -> Ticks:
        timestamps, prices = array("q"), array("q")
        before: int | None = None
        for timestamp, price in zip(self.timestamps, column, strict=True):
            if price != before:
                timestamps.append(timestamp)
                prices.append(price)
            before = price
        return Ticks(timestamps, prices, digits=self.digits, complete=self.complete)

    @classmethod
    def _named(cls, columns: tuple[array[int], ...], notes: dict[str, str]) -> Self:
        return cls(*columns, digits=int(notes["digits"]), complete=notes["complete"] == "true")

    def _with(self, columns: tuple[array[int], ...], complete: bool) -> Self:
        return type(self)(*columns, digits=self.digits, complete=complete)

    def _record(self, values: tuple[int, ...], price: Callable[[int], Decimal]) -> QuoteRow:
        timestamp, bid, ask = values
        return QuoteRow(timestamp, price(bid), price(ask))


class GrowingQuotes:
    """
    Live quotes of a symbol, put down as columns. A quote takes 24 bytes, and no object is kept for it.

    They grow until they are taken: who lets this run for days takes them now and then.
    """

    def __init__(self, digits: int) -> None:
        """
        @param digits: the decimal places of the symbol's prices.
        """
        self._digits = digits
        self._latest: int | None = None
        self._bid: int | None = None
        self._ask: int | None = None
        self._begin()

    def append(self, timestamp: int, bid: int | None, ask: int | None) -> None:
        """
        Add a quote. Until both sides have been told there is none; what was told is kept until then.

        @param timestamp: milliseconds since 1970.
        @param bid: the bid in 1/C{scale}, or L{None} if it has not changed.
        @param ask: likewise the ask.
        @raise IllegalValue: if the timestamp is before that of the quote before, or a price has more than 64 bits.
            Nothing is added then.
        """
        if self._latest is not None and timestamp < self._latest:
            raise IllegalValue(f"the quote of {timestamp} ms comes after one of {self._latest} ms", (self._latest,))
        # One that does not fit into its column would leave the columns of different lengths.
        if max(timestamp, bid or 0, ask or 0) >= _TOO_LARGE or min(timestamp, bid or 0, ask or 0) < -_TOO_LARGE:
            raise IllegalValue(f"the quote of {timestamp} ms has a number of more than 64 bits: {bid}, {ask}")
        self._latest = timestamp
        self._bid = bid = self._bid if bid is None else bid
        self._ask = ask = self._ask if ask is None else ask
        if bid is not None and ask is not None:
            self._timestamps.append(timestamp)
            self._bids.append(bid)
            self._asks.append(ask)

    def quotes(self) -> Quotes:
        """
        Look at what there is.

        @return: a copy of it.
        """
        return Quotes(self._timestamps[:], self._bids[:], self._asks[:], digits=self._digits)

    def take(self) -> Quotes:
        """
        Take out what there is, and begin anew. The last prices stay known.

        @return: the quotes, without a copy.
        """
        taken = Quotes(self._timestamps, self._bids, self._asks, digits=self._digits)
        self._begin()
        return taken

    def _begin(self) -> None:
        self._timestamps, self._bids, self._asks = array("q"), array("q"), array("q")

    def __len__(self) -> int:
        return len(self._timestamps)


def _merged(bids: Ticks, asks: Ticks, before: tuple[int | None, int | None]) -> tuple[array[int], ...]:
    columns = timestamps, bidColumn, askColumn = array("q"), array("q"), array("q")
    last = list(before)
    for (timestamp, _), changes in groupby(merge(_changes(bids, 0), _changes(asks, 1)), key=itemgetter(0)):
        for _, side, price in changes:
            last[side] = price
        bid, ask = last
        if bid is not None and ask is not None:
            timestamps.append(timestamp)
            bidColumn.append(bid)
            askColumn.append(ask)
    return columns


def _changes(ticks: Ticks, side: int) -> Iterator[tuple[tuple[int, int], int, int]]:
    # Each with its place within its millisecond.
    before, place = None, 0
    for timestamp, price in zip(ticks.timestamps, ticks.prices, strict=True):
        place = place + 1 if timestamp == before else 0
        before = timestamp
        yield (timestamp, place), side, price


def _mergedWithNumpy(bids: Ticks, asks: Ticks, before: tuple[int | None, int | None]) -> tuple[array[int], ...] | None:
    """
    Do the same with NumPy: the keys of both sides are joined and sorted, and in each side the last key up to each of
    those is looked up.

    @return: the columns, or L{None} if NumPy has not been imported, or the table is small or strange.
    """
    if not numpyIsLoaded() or len(bids) + len(asks) < _WORTH_NUMPY:
        return None
    import numpy

    bidKeys, askKeys = _keys(bids), _keys(asks)
    if bidKeys is None or askKeys is None:
        return None
    rows = numpy.concatenate((bidKeys, askKeys))
    # Two sorted halves are merged; numpy.unique would sort a hash table.
    rows.sort(kind="stable")
    rows = rows[numpy.diff(rows, prepend=-1) != 0]
    start = 0
    columns = []
    for ticks, keys, first in zip((bids, asks), (bidKeys, askKeys), before, strict=True):
        places = numpy.searchsorted(keys, rows, side="right")
        columns.append(numpy.concatenate(([first or 0], numpy.asarray(ticks.prices)))[places])
        if first is None:
            start = max(start, int(numpy.searchsorted(places, 1)))
    return tuple(toColumn(column[start:]) for column in (rows >> _PLACE_BITS, *columns))


def _keys(ticks: Ticks) -> NDArray[int64] | None:
    import numpy

    timestamps = numpy.asarray(ticks.timestamps)
    places = numpy.arange(len(timestamps), dtype=numpy.int64)
    isFirst = numpy.diff(timestamps, prepend=-1) != 0
    places -= numpy.maximum.accumulate(numpy.where(isFirst, places, 0))
    if len(ticks) and (timestamps[0] < 0 or timestamps[-1] >= _LATEST or places.max() >= 2**_PLACE_BITS):
        return None
    return (timestamps << _PLACE_BITS) | places
