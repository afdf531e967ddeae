"""
The bar that is forming, from spot events.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from attrs import define

from ctrader_twisted.columns import Bar
from ctrader_twisted.schema.messages import ProtoOATrendbar
from ctrader_twisted.units import fromMilliseconds, priceFromWire

__all__ = ["MINUTES", "Forming"]

_MINUTE = 60_000

MINUTES: dict[str, int] = {
    "M1": 1,
    "M2": 2,
    "M3": 3,
    "M4": 4,
    "M5": 5,
    "M10": 10,
    "M15": 15,
    "M30": 30,
    "H1": 60,
    "H4": 240,
    "H12": 720,
    "D1": 1440,
    "W1": 10080,
    "MN1": 44640,
}
"""
By the name of a period, how many minutes it has; the longest has at most so many. A day or a week in which the clocks
are set back has an hour more.
"""


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
    end = timestamp + MINUTES[period] * _MINUTE
    if period not in ("D1", "W1"):
        return end
    # The trading day begins at the same hour in New York.
    zone = ZoneInfo("America/New_York")
    before, after = (fromMilliseconds(moment).astimezone(zone).utcoffset() for moment in (timestamp, end))
    assert before is not None and after is not None
    return end + max(before - after, timedelta()) // timedelta(milliseconds=1)
