"""
Ticks of one side of a symbol.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple, Self

from ctrader_twisted.columns.columns import Columns
from ctrader_twisted.columns.numeric import runningColumn
from ctrader_twisted.columns.pages import TICK_PAGE, Page, readMessage, readPage
from ctrader_twisted.schema.messages import ProtoOAGetTickDataRes

__all__ = ["Tick", "Ticks"]

_TOO_LARGE = 2**63


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
        page = readMessage(answer, len(answer.tickData), TICK_PAGE)
        return cls._ofPage(page, digits) or cls._ofMessage(answer, digits)

    @classmethod
    def fromPayload(cls, payload: bytes, digits: int) -> Ticks:
        """
        Read one page of the server's from its bytes. With NumPy, if the program has imported it, no message is made.

        @param payload: a serialized C{ProtoOAGetTickDataRes}.
        @param digits: the decimal places of the symbol's prices.
        @return: the same ticks as L{fromWire} gives.
        @raise google.protobuf.message.DecodeError: if the bytes are not such a message.
        """
        page = readPage(payload, TICK_PAGE)
        return cls._ofPage(page, digits) or cls._ofMessage(ProtoOAGetTickDataRes.FromString(payload), digits)

    @classmethod
    def _ofMessage(cls, answer: ProtoOAGetTickDataRes, digits: int) -> Ticks:
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

    @classmethod
    def _ofPage(cls, page: Page | None, digits: int) -> Ticks | None:
        if page is None:
            return None
        steps, changes = page.rows[1], page.rows[2]
        back = -abs(steps)
        # Sums that could be too large for 64 bits are left to the plain way, which notices.
        if max(-int(back.min()), int(abs(changes).max())) * len(steps) >= _TOO_LARGE:
            return None
        back[0] = steps[0]
        return cls(runningColumn(back), runningColumn(changes), digits=digits, complete=not page.fields.get(4))

    @classmethod
    def _named(cls, columns: tuple[array[int], ...], notes: dict[str, str]) -> Self:
        return cls(*columns, digits=int(notes["digits"]), complete=notes["complete"] == "true")

    def _with(self, columns: tuple[array[int], ...], complete: bool) -> Self:
        return type(self)(*columns, digits=self.digits, complete=complete)

    def _record(self, values: tuple[int, ...], price: Callable[[int], Decimal]) -> Tick:
        timestamp, raw = values
        return Tick(timestamp, price(raw))
