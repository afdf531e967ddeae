"""
Cases about the history of prices: trendbars and ticks, their limits and their pages.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ctrader_twisted.schema.messages import (
    ProtoOAErrorRes,
    ProtoOAGetTickDataReq,
    ProtoOAGetTickDataRes,
    ProtoOAGetTrendbarsReq,
    ProtoOAGetTrendbarsRes,
    ProtoOAQuoteType,
    ProtoOATrendbarPeriod,
)
from ctrader_twisted.simulator.settings import Settings, UnknownSymbol
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.choices import decideCode, decideSpan
from ctrader_twisted.testing.contract.link import Link, codeOf
from ctrader_twisted.testing.contract.reference import NO_SYMBOL

__all__ = ["HISTORY"]

HISTORY = Group(601, "history of prices")
_case = HISTORY.case
_Period = ProtoOATrendbarPeriod
_DEFAULT = Settings()
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_WEEK = 7 * _DAY
_ZONE = "America/New_York"
_MANY = 20_000
_NO_HISTORY = "the symbol has no history, or too little"


@_case("Trendbars come ascending, and do not name their period", "bars-ascending", "bars-without-period")
async def _ascending(bench: Bench) -> None:
    answer = await _bars(bench, await bench.account(), count=50)
    minutes = [each.utcTimestampInMinutes for each in answer.trendbar]
    demand(minutes == sorted(set(minutes)), "they do not")
    demand(
        answer.period == _Period.M1 and answer.symbolId == bench.world.symbol.symbolId, "the answer does not say what"
    )
    demand(not any(each.HasField("period") for each in answer.trendbar), "one names its period")


@_case("Trendbars exist in all 14 periods, on their grids", "bar-periods")
async def _periods(bench: Bench) -> None:
    link = await bench.account()
    for name, minutes in (("M5", 5), ("M15", 15), ("M30", 30), ("H1", 60)):
        found = (await _bars(bench, link, count=5, period=_Period.Value(name))).trendbar
        demand(all(each.utcTimestampInMinutes % minutes == 0 for each in found), f"a bar of {name} is off its grid")
    for period in _Period.values():
        await _bars(bench, link, count=2, period=period)


@_case("The day of trendbars begins at 17:00 in New York", "bar-day")
async def _day(bench: Bench) -> None:
    found = (await _bars(bench, await bench.account(), count=5, period=_Period.D1)).trendbar
    for bar in found or undecided(_NO_HISTORY):
        moment = datetime.fromtimestamp(bar.utcTimestampInMinutes * 60, UTC).astimezone(ZoneInfo(_ZONE))
        demand((moment.hour, moment.minute) == (17, 0), f"a day begins at {moment:%H:%M}")


@_case("A trendbar that opens exactly at the end of the span is part of the answer", "bar-end-inclusive")
async def _inclusive(bench: Bench) -> None:
    link = await bench.account()
    found = await _some(bench, link, 5)
    end = found[2].utcTimestampInMinutes * _MINUTE
    answer = await _bars(bench, link, fromTimestamp=end - _HOUR, toTimestamp=end)
    demand(answer.trendbar[-1].utcTimestampInMinutes * _MINUTE == end, "it is not")


@_case("A count is satisfied backwards from the end, wherever the span begins", "bar-count")
async def _count(bench: Bench) -> None:
    link = await bench.account()
    found = await _some(bench, link, 30)
    end = found[-1].utcTimestampInMinutes * _MINUTE
    answer = await _bars(bench, link, fromTimestamp=end - 5 * _MINUTE, toTimestamp=end, count=20)
    demand(len(answer.trendbar) >= 19, f"{len(answer.trendbar)} came instead of 20")


@_case("A page of trendbars holds 5,000, the newest; it may be one short", "bar-chunk", "short-pages")
async def _barChunk(bench: Bench) -> None:
    link = await bench.account()
    few = await _bars(bench, link, count=20)
    if not few.hasMore:
        undecided(_NO_HISTORY)
    short = len(few.trendbar) < 20
    words = f"{len(few.trendbar)} came instead of 20, with more to come"
    bench.decide("short-pages", short, default=False, words=words)
    answer = await _bars(bench, link, count=_MANY)
    count = len(answer.trendbar) + short
    demand(answer.trendbar[-1].utcTimestampInMinutes >= few.trendbar[-1].utcTimestampInMinutes, "not the newest came")
    if not answer.hasMore:
        undecided(f"{_NO_HISTORY}: {count} trendbars")
    bench.decide("bar-chunk", count, default=_DEFAULT.barChunk, words=f"{count} trendbars at most")


@_case("Pages of trendbars join without gap or double", "bar-paging")
async def _barPages(bench: Bench) -> None:
    link = await bench.account()
    whole = [each.utcTimestampInMinutes for each in await _some(bench, link, 60)]
    pages: list[int] = []
    while len(pages) < len(whole):
        end = (pages[0] - 1 if pages else whole[-1]) * _MINUTE
        page = (await _bars(bench, link, toTimestamp=end, count=25)).trendbar
        demand(page, "a page is empty, though there is more")
        pages = [each.utcTimestampInMinutes for each in page] + pages
    demand(pages[-len(whole) :] == whole, "they do not")


@_case("A trendbar that closes at its low is told with its true high", "flat-highs")
async def _flat(bench: Bench) -> None:
    found = (await _bars(bench, await bench.account(), count=2_000)).trendbar
    closing = [each for each in found if not each.deltaClose and each.deltaOpen]
    if not closing:
        undecided("no trendbar closes at its low")
    flat = any(each.deltaHigh < each.deltaOpen for each in closing)
    words = f"the high of {'some' if flat else 'none'} is below its open, of {len(closing)}"
    bench.decide("flat-highs", flat, default=False, words=words)


@_case("The span of trendbars is not limited by their period", "bar-spans")
async def _barSpans(bench: Bench) -> None:
    link = await bench.account()
    end = await _newest(bench, link)
    answer = await _askBars(bench, link, fromTimestamp=end - 6 * _WEEK, toTimestamp=end)
    decideSpan(bench, "bar-spans", answer, "six weeks of minutes")


@_case("The newest trendbar of history is the one that is forming", "forming-bar")
async def _forming(bench: Bench) -> None:
    link = await bench.account()
    before = await _newestTick(bench, link)
    found = (await _bars(bench, link, count=1, period=_Period.H1)).trendbar or undecided(_NO_HISTORY)
    if await _newestTick(bench, link) // _HOUR != before // _HOUR:
        undecided("an hour ended meanwhile")
    forms = found[-1].utcTimestampInMinutes * _MINUTE == before - before % _HOUR
    words = f"the hour that is forming is {'told' if forms else 'missing'}"
    bench.decide("forming-bar", forms, words=words)


@_case("Spans that make no sense are refused with INCORRECT_BOUNDARIES", "boundaries")
async def _boundaries(bench: Bench) -> None:
    link = await bench.account()
    end = await _newest(bench, link)
    for start, stop in ((end, end - _HOUR), (-1, end), (end, 2_147_483_646_001)):
        answer = await _askBars(bench, link, fromTimestamp=start, toTimestamp=stop)
        expect(answer, ProtoOAErrorRes, "INCORRECT_BOUNDARIES")


@_case("History of a symbol that does not exist is refused", "unknown-symbol")
async def _unknown(bench: Bench) -> None:
    answer = await _askBars(bench, await bench.account(), count=1, symbolId=NO_SYMBOL)
    demand(codeOf(answer), "it was answered")
    decideCode(bench, "unknown-symbol", UnknownSymbol, answer, UnknownSymbol.NOT_FOUND)


@_case("Ticks come newest first, as differences that are to be added", "ticks-newest-first", "tick-deltas")
async def _ticks(bench: Bench) -> None:
    link = await bench.account()
    data = await _someTicks(bench, link)
    deltas = [each.timestamp for each in data[1:] if each.timestamp]
    demand(deltas and (max(deltas) < 0 or min(deltas) > 0), "they are not in order")
    words = f"the differences are {'positive' if deltas[0] > 0 else 'negative'}"
    bench.decide("tick-deltas", deltas[0] > 0, default=False, words=words)


@_case("The prices of ticks are differences, too, of one side each", "tick-sides")
async def _sides(bench: Bench) -> None:
    link = await bench.account()
    end = await _newest(bench, link)
    bid = await _tickPrice(bench, link, ProtoOAQuoteType.BID, end)
    ask = await _tickPrice(bench, link, ProtoOAQuoteType.ASK, end)
    demand(0 < bid <= ask * 1.01, "the newest bid is far above the newest ask")


@_case("A page of ticks holds 5,000 at most", "tick-chunk")
async def _tickChunk(bench: Bench) -> None:
    link = await bench.account()
    end = await _newest(bench, link)
    answer = await _askTicks(bench, link, fromTimestamp=end - _WEEK + 1, toTimestamp=end)
    count = len(expect(answer, ProtoOAGetTickDataRes).tickData)
    if not answer.hasMore:
        undecided(f"a week has {count} ticks, which are one page")
    # A page may end early, so that no millisecond is torn apart.
    default = _DEFAULT.tickChunk
    isAbout = default - 10 <= count <= default + 10
    bench.decide(
        "tick-chunk", default if isAbout else count, default=default, words=f"{count} ticks, with more to come"
    )


@_case("Pages of ticks go on before the oldest one", "tick-paging")
async def _tickPages(bench: Bench) -> None:
    link = await bench.account()
    data = await _someTicks(bench, link)
    oldest = data[0].timestamp - sum(abs(each.timestamp) for each in data[1:])
    answer = await _askTicks(bench, link, fromTimestamp=oldest - _DAY, toTimestamp=oldest - 1)
    found = expect(answer, ProtoOAGetTickDataRes).tickData
    demand(not found or found[0].timestamp < oldest, "the next page begins too late")


@_case("The span of ticks is not limited to a week", "week-limit")
async def _tickWeek(bench: Bench) -> None:
    link = await bench.account()
    end = await _newest(bench, link)
    answer = await _askTicks(bench, link, fromTimestamp=end - 2 * _WEEK, toTimestamp=end)
    decideSpan(bench, "week-limit", answer, "two weeks of ticks")


async def _askBars(bench: Bench, link: Link, **fields: Any) -> Any:
    given = {"symbolId": bench.world.symbol.symbolId, "period": _Period.M1, **fields}
    return await link.ask(ProtoOAGetTrendbarsReq(ctidTraderAccountId=bench.world.accountId, **given), 60)


async def _bars(bench: Bench, link: Link, **fields: Any) -> Any:
    return expect(await _askBars(bench, link, **fields), ProtoOAGetTrendbarsRes)


async def _some(bench: Bench, link: Link, count: int) -> Any:
    found = (await _bars(bench, link, count=count)).trendbar
    if len(found) < count - 1:
        undecided(_NO_HISTORY)
    return found


async def _newest(bench: Bench, link: Link) -> int:
    """
    @return: when the newest minute with a price was, in milliseconds since 1970: clocks of their own servers may have.
    """
    return int((await _some(bench, link, 2))[-1].utcTimestampInMinutes) * _MINUTE


async def _newestTick(bench: Bench, link: Link) -> int:
    end = await _newest(bench, link)
    answer = await _askTicks(bench, link, fromTimestamp=end - _HOUR, toTimestamp=end + _HOUR)
    data = expect(answer, ProtoOAGetTickDataRes).tickData
    return int(data[0].timestamp) if data else undecided(_NO_HISTORY)


async def _askTicks(bench: Bench, link: Link, **fields: Any) -> Any:
    given = {"symbolId": bench.world.symbol.symbolId, "type": ProtoOAQuoteType.BID, **fields}
    return await link.ask(ProtoOAGetTickDataReq(ctidTraderAccountId=bench.world.accountId, **given), 60)


async def _someTicks(bench: Bench, link: Link) -> Any:
    end = await _newest(bench, link)
    answer = await _askTicks(bench, link, fromTimestamp=end - _HOUR, toTimestamp=end)
    data = expect(answer, ProtoOAGetTickDataRes).tickData
    if len(data) < 3:
        undecided(_NO_HISTORY)
    return data


async def _tickPrice(bench: Bench, link: Link, kind: int, end: int) -> int:
    answer = await _askTicks(bench, link, fromTimestamp=end - _HOUR, toTimestamp=end, type=kind)
    data = expect(answer, ProtoOAGetTickDataRes).tickData
    return int(data[0].tick) if data else undecided(_NO_HISTORY)
