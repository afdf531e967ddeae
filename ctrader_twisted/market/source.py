"""
What history can be asked for.
"""

from __future__ import annotations

from array import array
from datetime import datetime
from typing import Any

from attrs import frozen

from ctrader_twisted.columns import MINUTES, Ticks, Trendbars
from ctrader_twisted.errors import IllegalValue, ProtocolError
from ctrader_twisted.market.windows import HOUR, WEEK, Span
from ctrader_twisted.schema.messages import (
    ProtoOAGetTickDataReq,
    ProtoOAGetTrendbarsReq,
    ProtoOAGetTrendbarsRes,
    ProtoOAQuoteType,
    ProtoOATrendbarPeriod,
)
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.units import Symbol, toMilliseconds

__all__ = ["Source", "spanOf"]

# The last moment that the server accepts.
_LATEST = 2147483646000

_PERIODS: dict[str, ProtoOATrendbarPeriod] = {
    name: getattr(ProtoOATrendbarPeriod, name)
    for name in ProtoOATrendbarPeriod.keys()  # noqa: SIM118  # no mapping
}
_SIDES = {"bid": ProtoOAQuoteType.BID, "ask": ProtoOAQuoteType.ASK}

# How much the server is known to take in one request, by the longest period of a class.
_LONGEST = {5: 5 * WEEK, 60: 35 * WEEK, 1440: 52 * WEEK, 44640: 260 * WEEK}

_MINUTE = 60_000
# What is over for so long is taken for settled: bars are in history some moments after they have closed.
_SETTLING = 10_000


@frozen
class Source:
    """
    Ticks of one side of a symbol, or bars of one period.

    @ivar symbol: the symbol.
    @ivar kind: C{bid}, C{ask}, or the name of a period.
    """

    symbol: Symbol
    kind: str

    @classmethod
    def ofTicks(cls, symbol: Symbol, side: str) -> Source:
        """
        @param symbol: the symbol.
        @param side: C{bid} or C{ask}.
        @return: the ticks of that side.
        @raise IllegalValue: if there is no such side.
        """
        if side not in _SIDES:
            raise IllegalValue(f"the side {side!r} is none of {', '.join(_SIDES)}", tuple(_SIDES))
        return cls(symbol, side)

    @classmethod
    def ofBars(cls, symbol: Symbol, period: str) -> Source:
        """
        @param symbol: the symbol.
        @param period: the name of a period.
        @return: the bars of that period.
        @raise IllegalValue: if there is no such period.
        """
        if period not in _PERIODS:
            raise IllegalValue(f"the period {period!r} is none of {', '.join(_PERIODS)}", tuple(_PERIODS))
        return cls(symbol, period)

    @classmethod
    def of(cls, symbol: Symbol, kind: str) -> Source:
        """
        @param symbol: the symbol.
        @param kind: C{bid}, C{ask}, or the name of a period.
        @return: the ticks of that side, or the bars of that period.
        @raise IllegalValue: if it is neither.
        """
        if kind not in _SIDES and kind not in _PERIODS:
            kinds = (*_SIDES, *_PERIODS)
            raise IllegalValue(f"the kind {kind!r} is none of {', '.join(kinds)}", kinds)
        return cls(symbol, kind)

    def __str__(self) -> str:
        return f"the {self.kind} {'ticks' if self.isTicks else 'bars'} of {self.symbol.name}"

    @property
    def isTicks(self) -> bool:
        """
        Whether these are ticks, of which several may share a millisecond.
        """
        return self.kind in _SIDES

    @property
    def longest(self) -> int:
        """
        The longest span, in milliseconds, that the server is known to take in one request.
        """
        if self.isTicks:
            return WEEK
        minutes = MINUTES[self.kind]
        return next(span for longest, span in _LONGEST.items() if minutes <= longest)

    @property
    def first(self) -> int:
        """
        The span of the first requests, in milliseconds, as long as it is not known how much is in it.
        """
        return HOUR if self.isTicks else self.longest

    def settled(self, now: int) -> int:
        """
        Tell what will not change any more.

        @param now: the time, in milliseconds since 1970.
        @return: the end of it, likewise.
        """
        if self.isTicks:
            return now - _SETTLING
        # A day or a week in which the clocks are set back has an hour more.
        spare = 0 if MINUTES[self.kind] <= 60 else HOUR
        return now - _SETTLING - MINUTES[self.kind] * _MINUTE - spare + 1

    async def page(
        self, link: AccountLink, first: int, last: int, *, count: int | None = None, timeout: float | None = None
    ) -> Ticks | Trendbars:
        """
        Ask for one page: the newest part of a span, if it does not hold the whole.

        @param link: the account.
        @param first: the first moment of the span, in milliseconds since 1970.
        @param last: the last one, likewise.
        @param count: of bars, how many, counted back from the end; they may begin before the span.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: what came, which may go beyond the span; C{complete} is L{False} if the server says that there is more.
        @raise ProtocolError: if the answer is none to this request.
        """
        which: Any = {"symbolId": self.symbol.symbolId, "fromTimestamp": first, "toTimestamp": last}
        try:
            if self.isTicks:
                ticks = ProtoOAGetTickDataReq(type=_SIDES[self.kind], **which)
                return Ticks.fromWire(await link.request(ticks, timeout=timeout), self.symbol.digits)
            bars = ProtoOAGetTrendbarsReq(period=_PERIODS[self.kind], count=count, **which)
            return self._bars(await link.request(bars, timeout=timeout))
        except OverflowError:
            raise ProtocolError(
                f"{self}: in the server's answer for {first} to {last} ms since 1970 is a number of more than 64 bits"
            ) from None

    def _bars(self, answer: ProtoOAGetTrendbarsRes) -> Trendbars:
        bars = Trendbars.fromWire(answer, self.symbol.digits)
        if bars.period != self.kind:
            raise ProtocolError(f"{self}: the server answered with {bars.period} bars")
        if answer.HasField("symbolId") and answer.symbolId != self.symbol.symbolId:
            raise ProtocolError(f"{self}: the server answered with bars of symbol {answer.symbolId}")
        return bars

    def nothing(self) -> Ticks | Trendbars:
        """
        @return: a table without rows.
        """
        digits = self.symbol.digits
        if self.isTicks:
            return Ticks(array("q"), array("q"), digits=digits)
        none = (array("q"), array("q"), array("q"), array("q"), array("q"), array("q"))
        return Trendbars(*none, period=self.kind, digits=digits)


def spanOf(start: datetime | int, end: datetime | int) -> Span:
    """
    Check a span.

    @param start: an aware datetime or milliseconds since 1970, inside the span.
    @param end: likewise, outside the span.
    @return: the span.
    @raise IllegalValue: if it makes no sense.
    """
    span = Span(toMilliseconds(start), toMilliseconds(end))
    if span.start >= span.end:
        raise IllegalValue(f"the span ends at {end}, which is not after its start {start}")
    if span.start < 0 or span.end - 1 > _LATEST:
        raise IllegalValue(f"the span from {start} to {end} is not between 1970 and January 2038")
    return span
