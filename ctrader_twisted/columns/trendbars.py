"""
Trendbars (candles) of a symbol.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, Self

from ctrader_twisted.columns.building import Cut, barsOfBars, barsOfTicks
from ctrader_twisted.columns.columns import Columns
from ctrader_twisted.columns.numeric import toColumn
from ctrader_twisted.columns.pages import BAR_PAGE, Page, readMessage, readPage
from ctrader_twisted.columns.periods import PERIODS, checkedPeriod, isPartOf, spanOf
from ctrader_twisted.columns.ticks import Ticks
from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.schema.messages import ProtoOAGetTrendbarsRes, ProtoOATrendbarPeriod

__all__ = ["Bar", "Trendbars"]

_MINUTE = 60_000
_MINUTES_END = 2**32


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

    _apart = 1
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
        page = readMessage(answer, len(answer.trendbar), BAR_PAGE)
        return cls._ofPage(page, digits) or cls._ofMessage(answer, digits)

    @classmethod
    def fromPayload(cls, payload: bytes, digits: int) -> Trendbars:
        """
        Read one page of the server's from its bytes. With NumPy, if the program has imported it, no message is made.

        @param payload: a serialized C{ProtoOAGetTrendbarsRes}.
        @param digits: the decimal places of the symbol's prices.
        @return: the same bars as L{fromWire} gives.
        @raise google.protobuf.message.DecodeError: if the bytes are not such a message.
        """
        page = readPage(payload, BAR_PAGE)
        return cls._ofPage(page, digits) or cls._ofMessage(ProtoOAGetTrendbarsRes.FromString(payload), digits)

    @classmethod
    def fromTicks(cls, ticks: Ticks, period: str, *, start: int | None = None, end: int | None = None) -> Trendbars:
        """
        Make bars of ticks. The server makes its bars of the bid.

        The first and the last bar are made of the ticks that there are, even if their periods began before or end
        after those: C{start} and C{end} leave out what is not whole.

        @param ticks: the ticks of one side.
        @param period: the name of the period.
        @param start: since when the ticks are all that there were, in milliseconds since 1970: a bar whose period
            began before is left out.
        @param end: until when, likewise: a bar whose period ends after that is left out.
        @return: the bars; none for a period without a tick.
        @raise IllegalValue: if no period is called that.
        """
        columns = barsOfTicks(ticks.timestamps, ticks.prices, Cut(period, start, end))
        return cls(*columns, period=period, digits=ticks.digits, complete=ticks.complete)

    def resampled(self, period: str, *, start: int | None = None, end: int | None = None) -> Trendbars:
        """
        Make longer bars of these, the first and the last of the bars that there are.

        @param period: the name of the longer period.
        @param start: as in L{fromTicks}.
        @param end: as in L{fromTicks}.
        @return: the bars.
        @raise IllegalValue: if no period is called that, or its bars do not consist of whole bars of this period.
        @raise ValueError: if a bar does not open where its period does.
        """
        if not isPartOf(self.period, period):
            possible = tuple(longer for longer in PERIODS if isPartOf(self.period, longer))
            raise IllegalValue(f"{period} bars do not consist of {self.period} bars", possible)
        for timestamp in self.timestamps:
            if spanOf(self.period, timestamp).opening != timestamp:
                raise ValueError(f"the bar of {timestamp} ms does not open where {self.period} bars do")
        columns = barsOfBars(self._columns, Cut(period, start, end))
        return type(self)(*columns, period=period, digits=self.digits, complete=self.complete)

    @classmethod
    def _ofMessage(cls, answer: ProtoOAGetTrendbarsRes, digits: int) -> Trendbars:
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

    @classmethod
    def _ofPage(cls, page: Page | None, digits: int) -> Trendbars | None:
        if page is None:
            return None
        import numpy

        period, low, minutes = page.fields.get(3), page.rows[5], page.rows[9]
        first, last, high = (page.rows[number] for number in (6, 7, 8))
        # Numbers of these fields have no sign, and minutes have 32 bits: protobuf knows what to do with others.
        if period not in ProtoOATrendbarPeriod.values() or min(column.min() for column in (first, last, high)) < 0:
            return None
        if minutes.min() < 0 or minutes.max() >= _MINUTES_END:
            return None
        numpy.maximum(high, numpy.maximum(first, last), out=high)
        for column in (first, last, high):
            column += low
        columns = [minutes * _MINUTE, first, high, low, last, page.rows[3]]
        if (minutes[1:] <= minutes[:-1]).any():
            order = minutes.argsort(kind="stable")
            isLast = numpy.append(numpy.diff(minutes[order]) != 0, True)
            columns = [column[order[isLast]] for column in columns]
        name = ProtoOATrendbarPeriod.Name(ProtoOATrendbarPeriod.ValueType(period))
        return cls(*map(toColumn, columns), period=name, digits=digits, complete=not page.fields.get(7))

    @classmethod
    def _named(cls, columns: tuple[array[int], ...], notes: dict[str, str]) -> Self:
        period = checkedPeriod(notes["period"])
        return cls(*columns, period=period, digits=int(notes["digits"]), complete=notes["complete"] == "true")

    def _with(self, columns: tuple[array[int], ...], complete: bool) -> Self:
        return type(self)(*columns, period=self.period, digits=self.digits, complete=complete)

    def _notes(self) -> dict[str, str]:
        return {**super()._notes(), "period": self.period}

    def _hasPeriodOf(self, other: Columns[Any]) -> bool:
        return isinstance(other, Trendbars) and other.period == self.period

    def _record(self, values: tuple[int, ...], price: Callable[[int], Decimal]) -> Bar:
        timestamp, first, high, low, last, volume = values
        return Bar(timestamp, price(first), price(high), price(low), price(last), volume)
