"""
Ticks of one side of a symbol.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Self

from ctrader_twisted.columns.columns import Columns

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import ProtoOAGetTickDataRes

__all__ = ["Tick", "Ticks"]


class Tick(NamedTuple):
    """
    One change of a price.

    @ivar timestamp: milliseconds since 1970.
    @ivar price: the price from then on.
    """

    timestamp: int
    price: Decimal


class Ticks(Columns[Tick]):
    """
    Ticks of one side, bid or ask, ascending in time; several may share a millisecond, and are in their order.

    @ivar prices: in 1/C{scale}, C{array('q')}.
    """

    _names = ("timestamp", "price")
    _priceNames = ("price",)

    def __init__(self, timestamps: array[int], prices: array[int], *, digits: int, complete: bool = True) -> None:
        """
        @param timestamps: milliseconds since 1970, ascending, C{array('q')}.
        @param prices: in 1/C{scale}, C{array('q')}.
        @param digits: the decimal places of the symbol's prices.
        @param complete: whether nothing is missing at the start of the span that was asked for.
        """
        super().__init__((timestamps, prices), digits, complete)
        self.prices = prices

    @classmethod
    def fromWire(cls, answer: ProtoOAGetTickDataRes, digits: int) -> Ticks:
        """
        Read one page of the server's.

        @param answer: the page: newest first, the first tick absolute, each other as differences to the one before.
        @param digits: the decimal places of the symbol's prices.
        @return: the same ticks, oldest first.
        """
        timestamps, prices = array("q"), array("q")
        timestamp = price = 0
        for index, tick in enumerate(answer.tickData):
            # Time runs backwards here. Whether the server signs its steps is told in both ways.
            timestamp = timestamp - abs(tick.timestamp) if index else tick.timestamp
            price += tick.tick
            timestamps.append(timestamp)
            prices.append(price)
        timestamps.reverse()
        prices.reverse()
        return cls(timestamps, prices, digits=digits, complete=not answer.hasMore)

    def _with(self, columns: tuple[array[int], ...], complete: bool) -> Self:
        return type(self)(*columns, digits=self.digits, complete=complete)

    def _record(self, values: tuple[int, ...], price: Callable[[int], Decimal]) -> Tick:
        timestamp, raw = values
        return Tick(timestamp, price(raw))
