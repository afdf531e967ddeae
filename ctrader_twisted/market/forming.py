"""
The bar that is forming, from spot events.
"""

from __future__ import annotations

from functools import lru_cache

from attrs import define

from ctrader_twisted.columns import MINUTES, Bar, spanOf
from ctrader_twisted.schema.messages import ProtoOATrendbar
from ctrader_twisted.units import priceFromWire

__all__ = ["Forming"]

_MINUTE = 60_000


@define
class Forming:
    """
    A live bar, in 1/100000. The server does not send its close: that is the last bid.

    @ivar timestamp: when it opened, in milliseconds since 1970.
    @ivar end: when it closes at the latest, likewise.
    @ivar open: the first price.
    @ivar high: the highest price.
    @ivar low: the lowest price.
    @ivar close: the last bid, or L{None} while none is known.
    @ivar volume: how many ticks it was made of.
    """

    timestamp: int
    end: int
    open: int
    high: int
    low: int
    close: int | None
    volume: int

    @classmethod
    def fromWire(cls, bar: ProtoOATrendbar, period: str) -> Forming:
        """
        Read a live bar.

        @param bar: the bar.
        @param period: the name of its period.
        @return: the bar, with no close.
        """
        timestamp = bar.utcTimestampInMinutes * _MINUTE
        first = bar.low + bar.deltaOpen
        high = max(bar.low + bar.deltaHigh, first)
        return cls(timestamp, _end(timestamp, period), first, high, bar.low, None, bar.volume)

    def priced(self, bid: int, moment: int | None) -> None:
        """
        The bid has changed. One that is later than the bar leaves it as it is.

        @param bid: the bid.
        @param moment: the server's time of the change in milliseconds since 1970, if it told.
        """
        if moment is None or moment < self.end:
            self.close = bid

    def bar(self, digits: int) -> Bar | None:
        """
        Give the bar as it is now.

        @param digits: the decimal places of the symbol's prices.
        @return: the bar, or L{None} while its close is unknown.
        """
        if self.close is None:
            return None
        prices = (self.open, max(self.high, self.close), min(self.low, self.close), self.close)
        first, high, low, last = (priceFromWire(price, digits) for price in prices)
        return Bar(self.timestamp, first, high, low, last, self.volume)


@lru_cache(maxsize=256)
def _end(timestamp: int, period: str) -> int:
    span = spanOf(period, timestamp)
    # A server whose bars open at other times than they should is taken at its word.
    return span.closing if span.opening == timestamp else timestamp + MINUTES[period] * _MINUTE
