"""
Ticks and trendbars of the past.
"""

from __future__ import annotations

from datetime import datetime

from twisted.internet.defer import Deferred

from ctrader_twisted.columns import Ticks, Trendbars
from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.eventual import eventually
from ctrader_twisted.schema.messages import (
    ProtoOAGetTickDataReq,
    ProtoOAGetTrendbarsReq,
    ProtoOAQuoteType,
    ProtoOATrendbarPeriod,
)
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.units import Symbol, toMilliseconds

__all__ = ["History"]

# The last moment that the server accepts.
_LATEST = 2147483646000

_PERIODS: dict[str, ProtoOATrendbarPeriod] = {
    name: getattr(ProtoOATrendbarPeriod, name)
    for name in ProtoOATrendbarPeriod.keys()  # noqa: SIM118  # no mapping
}
_SIDES = {"bid": ProtoOAQuoteType.BID, "ask": ProtoOAQuoteType.ASK}


class History:
    """
    One page of history at a time.

    The server gives the newest part of a span where the whole is too large for a page. C{complete} of the result is
    L{False} then: older rows of the span are missing, and can be had by asking for the span up to the first row.
    """

    def __init__(self, link: AccountLink) -> None:
        """
        @param link: the account.
        """
        self._link = link

    def trendbars(
        self,
        symbol: Symbol,
        period: str,
        start: datetime | int,
        end: datetime | int,
        *,
        count: int | None = None,
        timeout: float | None = None,
    ) -> Deferred[Trendbars]:
        """
        Get the bars that open in a span. The last one may still be forming.

        @param symbol: the symbol.
        @param period: the name of a period: M1 to M5, M10, M15, M30, H1, H4, H12, D1, W1 or MN1.
        @param start: an aware datetime or milliseconds since 1970; a bar that opens then is in.
        @param end: likewise; a bar that opens then is out.
        @param count: only so many, the newest of the span.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the bars, ascending; C{complete} tells whether they are all of the span, or the newest
            C{count}.
        @raise IllegalValue: (as a failure) if the period has no such name, or the span or the count makes no sense.
        """
        return eventually(self._trendbars(symbol, period, start, end, count, timeout))

    def ticks(
        self,
        symbol: Symbol,
        side: str,
        start: datetime | int,
        end: datetime | int,
        *,
        timeout: float | None = None,
    ) -> Deferred[Ticks]:
        """
        Get the changes of one price in a span. Spans of more than a week may be refused by the server.

        @param symbol: the symbol.
        @param side: C{bid} or C{ask}.
        @param start: an aware datetime or milliseconds since 1970; a tick of then is in.
        @param end: likewise; a tick of then is out.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the ticks, ascending; C{complete} tells whether they are all of the span.
        @raise IllegalValue: (as a failure) if the side has no such name, or the span makes no sense.
        """
        return eventually(self._ticks(symbol, side, start, end, timeout))

    async def _trendbars(
        self,
        symbol: Symbol,
        period: str,
        start: datetime | int,
        end: datetime | int,
        count: int | None,
        timeout: float | None,
    ) -> Trendbars:
        first, last = _span(start, end)
        request = ProtoOAGetTrendbarsReq(
            symbolId=symbol.symbolId, period=_period(period), fromTimestamp=first, toTimestamp=last, count=_count(count)
        )
        page = Trendbars.fromWire(await self._link.request(request, timeout=timeout), symbol.digits)
        # An empty page ends the history, whatever it says; a bar at the very start cannot have a twin before it.
        reached = page.complete or not page or page.timestamps[0] <= first
        bars = page.between(first, last + 1)
        if count is not None:
            bars = bars[-count:]
        return bars.marked(reached or len(bars) == count)

    async def _ticks(
        self, symbol: Symbol, side: str, start: datetime | int, end: datetime | int, timeout: float | None
    ) -> Ticks:
        first, last = _span(start, end)
        if side not in _SIDES:
            raise IllegalValue(f"the side {side!r} is none of {', '.join(_SIDES)}", tuple(_SIDES))
        request = ProtoOAGetTickDataReq(
            symbolId=symbol.symbolId, type=_SIDES[side], fromTimestamp=first, toTimestamp=last
        )
        page = Ticks.fromWire(await self._link.request(request, timeout=timeout), symbol.digits)
        # More ticks of the first one's millisecond may be missing, so only an earlier one proves the start.
        reached = page.complete or not page or page.timestamps[0] < first
        return page.between(first, last + 1).marked(reached)


def _span(start: datetime | int, end: datetime | int) -> tuple[int, int]:
    first, last = toMilliseconds(start), toMilliseconds(end) - 1
    if first > last:
        raise IllegalValue(f"the span ends at {end}, which is not after its start {start}")
    if first < 0 or last > _LATEST:
        raise IllegalValue(f"the span from {start} to {end} is not between 1970 and January 2038")
    return first, last


def _period(name: str) -> ProtoOATrendbarPeriod:
    if name not in _PERIODS:
        raise IllegalValue(f"the period {name!r} is none of {', '.join(_PERIODS)}", tuple(_PERIODS))
    return _PERIODS[name]


def _count(count: int | None) -> int | None:
    if count is not None and count < 1:
        raise IllegalValue(f"{count} bars cannot be had", (1,))
    return count
