"""
What prices were: trendbars and ticks.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAGetTickDataReq,
    ProtoOAGetTickDataRes,
    ProtoOAGetTrendbarsReq,
    ProtoOAGetTrendbarsRes,
    ProtoOAQuoteType,
    ProtoOATickData,
    ProtoOATrendbar,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.market.bars import Bar
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.periods import spanOf
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.requests.boundaries import WEEK, checkBarSpan, checkSpan
from ctrader_twisted.simulator.settings import MoreFlag

__all__ = ["HISTORY"]

_FIRST_LOOK = 3_600_000


def _trendbars(call: Call[ProtoOAGetTrendbarsReq]) -> None:
    request, exchange = call.message, call.exchange
    exchange.catalogue.symbol(request.symbolId)
    end = request.toTimestamp if request.HasField("toTimestamp") else exchange.timeline.now()
    start = request.fromTimestamp
    checkSpan(start, end)
    if exchange.settings.barSpansEnforced and request.HasField("fromTimestamp"):
        checkBarSpan(request.period, start, end)
    chunk = exchange.settings.barChunk
    if request.count:
        # A count is satisfied backwards from the end, wherever the span begins.
        chunk, start = min(chunk, request.count), 0
    last = end
    if not exchange.settings.formingBars:
        last = min(end, spanOf(request.period, exchange.timeline.now()).opening - 1)
    bars = exchange.market.trendbars(request.symbolId, request.period, min(start, last), last, chunk + 1)
    hasMore = len(bars) > chunk
    if hasMore and exchange.settings.shortPages:
        chunk = max(1, chunk - 1)
    page = bars[-chunk:]
    call.reply(
        ProtoOAGetTrendbarsRes(
            symbolId=request.symbolId,
            period=request.period,
            trendbar=[_trendbar(bar, flatHigh=exchange.settings.flatHighs) for bar in page],
            hasMore=_told(hasMore, len(page), exchange.settings.moreFlag),
            timestamp=end,
        )
    )


def _trendbar(bar: Bar, *, flatHigh: bool) -> ProtoOATrendbar:
    return ProtoOATrendbar(
        utcTimestampInMinutes=bar.minute,
        low=bar.low,
        deltaOpen=bar.open - bar.low,
        deltaClose=bar.close - bar.low,
        deltaHigh=0 if flatHigh and bar.close == bar.low else bar.high - bar.low,
        volume=bar.volume,
    )


def _ticks(call: Call[ProtoOAGetTickDataReq]) -> None:
    request, exchange = call.message, call.exchange
    exchange.catalogue.symbol(request.symbolId)
    end = request.toTimestamp if request.HasField("toTimestamp") else exchange.timeline.now()
    start = request.fromTimestamp if request.HasField("fromTimestamp") else max(0, end - WEEK)
    checkSpan(start, end, week=exchange.settings.weekEnforced)
    end = min(end, exchange.timeline.now())
    ticks = _newestTicks(exchange.market, request.symbolId, start, end, exchange.settings.tickChunk + 1)
    chunk = exchange.settings.tickChunk
    page = ticks[-chunk:] if exchange.settings.tornPages else _page(ticks, chunk)
    hasMore = len(page) < len(ticks) or (
        len(ticks) > chunk and _isThere(exchange.market, request.symbolId, start, page[0])
    )
    call.reply(
        ProtoOAGetTickDataRes(
            tickData=_tickData(
                page,
                bidSide=request.type == ProtoOAQuoteType.BID,
                backwards=-1 if exchange.settings.ticksSubtract else 1,
            ),
            hasMore=_told(hasMore, len(page), exchange.settings.moreFlag),
        )
    )


def _told(hasMore: bool, rows: int, flag: MoreFlag) -> bool:
    return hasMore if flag is MoreFlag.TRUE else flag is MoreFlag.ALWAYS and rows > 0


def _newestTicks(market: Market, symbolId: int, start: int, end: int, limit: int) -> list[Tick]:
    """
    Look backwards in growing steps, so that a long span costs no more than what is found.
    """
    found: list[Tick] = []
    step = _FIRST_LOOK
    while end >= start and len(found) < limit:
        earliest = max(start, end - step + 1)
        found = market.ticks(symbolId, earliest, end) + found
        end, step = earliest - 1, step * 2
    return found


def _isThere(market: Market, symbolId: int, start: int, oldest: Tick) -> bool:
    """
    Tell whether there is something before the oldest tick of a page.
    """
    before = market.source(symbolId).lastTick(oldest.timestamp - 1)
    return before is not None and before.timestamp >= start


def _page(ticks: list[Tick], limit: int) -> list[Tick]:
    """
    Take the newest ticks, without tearing a millisecond apart: the next page is asked for up to the millisecond before
    the oldest tick of this one.
    """
    if len(ticks) <= limit:
        return ticks
    page = ticks[-limit:]
    if ticks[-limit - 1].timestamp != page[0].timestamp:
        return page
    whole = [tick for tick in page if tick.timestamp != page[0].timestamp]
    return whole or [tick for tick in ticks if tick.timestamp == page[0].timestamp]


def _tickData(page: list[Tick], *, bidSide: bool, backwards: int) -> list[ProtoOATickData]:
    """
    Newest first; the first is absolute, each other one is its difference to the one before it.
    """
    data: list[ProtoOATickData] = []
    timestamp = price = 0
    for tick in reversed(page):
        own, passed = tick.bid if bidSide else tick.ask, tick.timestamp - timestamp
        data.append(ProtoOATickData(timestamp=passed * backwards if data else passed, tick=own - price))
        timestamp, price = tick.timestamp, own
    return data


HISTORY: Requests = {
    ProtoOAGetTrendbarsReq: _trendbars,
    ProtoOAGetTickDataReq: _ticks,
}
"""
The requests of this group.
"""
