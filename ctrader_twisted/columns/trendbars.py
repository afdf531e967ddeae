"""
Trendbars (candles) of a symbol.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Self

from ctrader_twisted.columns.columns import Columns
from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import ProtoOAGetTrendbarsRes

__all__ = ["Bar", "Trendbars"]

_MINUTE = 60_000


class Bar(NamedTuple):
    """
    One bar.

    @ivar timestamp: when it opened, in milliseconds since 1970.
    @ivar open: the first price.
    @ivar high: the highest price.
    @ivar low: the lowest price.
    @ivar close: the last price.
    @ivar volume: how many ticks it was made of.
    """

    timestamp: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


class Trendbars(Columns[Bar]):
    """
    Bars of one period, ascending in time, each once. Periods without a tick have no bar.

    @ivar period: the name of the period, such as C{H1}.
    @ivar open: in 1/C{scale}, C{array('q')}; likewise C{high}, C{low} and C{close}.
    @ivar volume: in ticks, C{array('q')}.
    """

    _names = ("timestamp", "open", "high", "low", "close", "volume")
    _priceNames = ("open", "high", "low", "close")

    def __init__(
        self,
        timestamps: array[int],
        open: array[int],
        high: array[int],
        low: array[int],
        close: array[int],
        volume: array[int],
        *,
        period: str,
        digits: int,
        complete: bool = True,
    ) -> None:
        """
        @param timestamps: when each bar opened, milliseconds since 1970, ascending, C{array('q')}.
        @param open: first prices in 1/C{scale}, C{array('q')}.
        @param high: highest prices in 1/C{scale}, C{array('q')}.
        @param low: lowest prices in 1/C{scale}, C{array('q')}.
        @param close: last prices in 1/C{scale}, C{array('q')}.
        @param volume: numbers of ticks, C{array('q')}.
        @param period: the name of the period.
        @param digits: the decimal places of the symbol's prices.
        @param complete: whether nothing is missing at the start of the span that was asked for.
        """
        super().__init__((timestamps, open, high, low, close, volume), digits, complete)
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.period = period

    @classmethod
    def fromWire(cls, answer: ProtoOAGetTrendbarsRes, digits: int) -> Trendbars:
        """
        Read one page of the server's.

        @param answer: the page. Its bars do not name their period; the page does.
        @param digits: the decimal places of the symbol's prices.
        @return: the bars, ascending; of two that open at the same time the later in the page.
        """
        columns: tuple[array[int], ...] = tuple(array("q") for _ in cls._names)
        timestamps, opens, highs, lows, closes, volumes = columns
        bars = {bar.utcTimestampInMinutes: bar for bar in answer.trendbar}
        for minute in sorted(bars):
            bar = bars[minute]
            first, last = bar.low + bar.deltaOpen, bar.low + bar.deltaClose
            timestamps.append(minute * _MINUTE)
            opens.append(first)
            # The server is known to send deltaHigh as 0 where the bar did go higher.
            highs.append(max(bar.low + bar.deltaHigh, first, last))
            lows.append(bar.low)
            closes.append(last)
            volumes.append(bar.volume)
        period = ProtoOATrendbarPeriod.Name(answer.period)
        return cls(*columns, period=period, digits=digits, complete=not answer.hasMore)

    def _with(self, columns: tuple[array[int], ...], complete: bool) -> Self:
        return type(self)(*columns, period=self.period, digits=self.digits, complete=complete)

    def _isLike(self, other: Self) -> bool:
        return super()._isLike(other) and other.period == self.period

    def _record(self, values: tuple[int, ...], price: Callable[[int], Decimal]) -> Bar:
        timestamp, first, high, low, last, volume = values
        return Bar(timestamp, price(first), price(high), price(low), price(last), volume)
