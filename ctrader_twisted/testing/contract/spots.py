"""
Cases about subscriptions to prices: spots, live trendbars, depth.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthRes,
    ProtoOADepthEvent,
    ProtoOAErrorRes,
    ProtoOASpotEvent,
    ProtoOASubscribeDepthQuotesReq,
    ProtoOASubscribeDepthQuotesRes,
    ProtoOASubscribeLiveTrendbarReq,
    ProtoOASubscribeLiveTrendbarRes,
    ProtoOASubscribeSpotsReq,
    ProtoOASubscribeSpotsRes,
    ProtoOATrendbarPeriod,
    ProtoOAUnsubscribeDepthQuotesReq,
    ProtoOAUnsubscribeDepthQuotesRes,
    ProtoOAUnsubscribeLiveTrendbarReq,
    ProtoOAUnsubscribeLiveTrendbarRes,
    ProtoOAUnsubscribeSpotsReq,
    ProtoOAUnsubscribeSpotsRes,
)
from ctrader_twisted.simulator.settings import BarsWithoutSpots, UnknownSymbol
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.choices import decideCode
from ctrader_twisted.testing.contract.link import Link, codeOf, nameOf
from ctrader_twisted.testing.contract.reference import NO_SYMBOL

__all__ = ["SPOTS"]

SPOTS = Group(501, "subscriptions to prices")
_case = SPOTS.case
_M1 = ProtoOATrendbarPeriod.M1
_NO_DEPTH = "the symbol has no depth"
_QUIET = "no price came; the market may be closed"


@_case("A subscription is answered, and then comes the latest price", "snapshot", "snapshot-order")
async def _snapshot(bench: Bench) -> None:
    link = await bench.account()
    mark = link.mark
    await _subscribe(bench, link)
    event = await link.event(ProtoOASpotEvent, 15, mark)
    demand(event is not None, "no price came")
    kinds = [type(each) for each in link.messages(mark)]
    isFirst = kinds.index(ProtoOASpotEvent) < kinds.index(ProtoOASubscribeSpotsRes)
    words = f"the price came {'before' if isFirst else 'after'} the answer"
    bench.decide("snapshot-order", isFirst, default=False, words=words)
    if event.HasField("bid") and event.HasField("ask"):
        demand(event.bid <= event.ask, "the bid is above the ask")


@_case("The first price holds both sides", "snapshot-sides")
async def _sides(bench: Bench) -> None:
    event = await _firstSpot(bench, await bench.account())
    demand(event.HasField("bid") and event.HasField("ask"), "it does not")


@_case("Prices are integers of 1/100000, whatever the symbol's digits", "price-scale")
async def _scale(bench: Bench) -> None:
    symbol = bench.world.symbol
    event = await _firstSpot(bench, await bench.account())
    if not event.bid or symbol.digits > 5:
        undecided("the symbol has no price, or more than five digits")
    demand(event.bid % 10 ** (5 - symbol.digits) == 0, "a price is finer than the digits of the symbol")


@_case("The time of a price is told only if it is asked for", "spot-timestamp")
async def _timestamp(bench: Bench) -> None:
    link = await bench.account()
    demand(not (await _firstSpot(bench, link)).HasField("timestamp"), "it is told without")
    await _unsubscribe(bench, link)
    mark = link.mark
    await _subscribe(bench, link, subscribeToSpotTimestamp=True)
    event = await link.event(ProtoOASpotEvent, 15, mark)
    demand(event is not None and event.HasField("timestamp"), "it is not told")


@_case("Events of prices carry no id", "events-without-ids")
async def _noId(bench: Bench) -> None:
    link = await bench.account()
    await _firstSpot(bench, link)
    spots = [each for each in link.received if isinstance(each.message, ProtoOASpotEvent)]
    demand(all(each.clientMsgId is None for each in spots), "one has an id")


@_case("A second subscription of a symbol is refused with ALREADY_SUBSCRIBED", "already-subscribed")
async def _twice(bench: Bench) -> None:
    link = await bench.account()
    await _subscribe(bench, link)
    expect(await _ask(bench, link, ProtoOASubscribeSpotsReq), ProtoOAErrorRes, "ALREADY_SUBSCRIBED")


@_case("A subscription to old and new symbols fails as a whole", "mixed-batch")
async def _mixed(bench: Bench) -> None:
    if len(bench.world.symbols) < 2:
        undecided("there is only one symbol")
    old, new = (each.symbolId for each in bench.world.symbols[:2])
    link = await bench.account()
    await _subscribe(bench, link)
    await _ask(bench, link, ProtoOASubscribeSpotsReq, symbolId=[old, new])
    again = await _ask(bench, link, ProtoOASubscribeSpotsReq, symbolId=[new])
    fails = not codeOf(again)
    words = f"the new one was {'not ' if fails else ''}subscribed to"
    bench.decide("mixed-batch", fails, words=words)


@_case("A symbol that does not exist spoils a subscription to several", "bad-symbol-spoils", "unknown-symbol")
async def _bad(bench: Bench) -> None:
    link, symbolId = await bench.account(), bench.world.symbol.symbolId
    answer = await _ask(bench, link, ProtoOASubscribeSpotsReq, symbolId=[symbolId, NO_SYMBOL])
    demand(codeOf(answer), "it was answered")
    decideCode(bench, "unknown-symbol", UnknownSymbol, answer, UnknownSymbol.NOT_FOUND)
    expect(await _ask(bench, link, ProtoOASubscribeSpotsReq), ProtoOASubscribeSpotsRes)


@_case("A subscription to no symbols is refused with INVALID_REQUEST", "empty-list")
async def _empty(bench: Bench) -> None:
    answer = await _ask(bench, await bench.account(), ProtoOASubscribeSpotsReq, symbolId=[])
    demand(codeOf(answer) in ("", "INVALID_REQUEST"), f"it drew {codeOf(answer)}")
    bench.decide("empty-list", bool(codeOf(answer)), words=f"{nameOf(answer)} {codeOf(answer)}".strip())


@_case("Ending a subscription that is not there succeeds", "unsubscribe-nothing")
async def _nothing(bench: Bench) -> None:
    answer = await _ask(bench, await bench.account(), ProtoOAUnsubscribeSpotsReq)
    words = f"{nameOf(answer)} {codeOf(answer)}".strip()
    bench.decide("unsubscribe-nothing", bool(codeOf(answer)), default=False, words=words)


@_case("After the end of a subscription no prices come", "unsubscribe")
async def _quiet(bench: Bench) -> None:
    link = await bench.account()
    await _firstSpot(bench, link)
    await _unsubscribe(bench, link)
    # Some may be on their way.
    await link.rest(3)
    mark = link.mark
    demand(await link.event(ProtoOASpotEvent, 10, mark) is None, "one came more than 3 s later")


@_case("Subscriptions end with their connection", "subscriptions-end")
async def _fresh(bench: Bench) -> None:
    first = await bench.account()
    await _subscribe(bench, first)
    first.close()
    await first.ended(10)
    await _subscribe(bench, await bench.account())


@_case("Each account has subscriptions of its own", "subscriptions-per-account")
async def _twoAccounts(bench: Bench) -> None:
    other = bench.world.otherId
    if other is None:
        undecided("only one account is known")
    link = await bench.account()
    expect(await bench.open(link, other), ProtoOAAccountAuthRes)
    await _subscribe(bench, link)
    request = ProtoOASubscribeSpotsReq(ctidTraderAccountId=other, symbolId=[bench.world.symbol.symbolId])
    answer = await link.ask(request)
    if codeOf(answer) in ("SYMBOL_NOT_FOUND", "UNKNOWN_SYMBOL"):
        undecided("the other account has other symbols")
    expect(answer, ProtoOASubscribeSpotsRes)


@_case("Live trendbars without spots", "bars-without-spots")
async def _withoutSpots(bench: Bench) -> None:
    link = await bench.account()
    answer = await _bars(bench, link)
    accepted = isinstance(answer, ProtoOASubscribeLiveTrendbarRes)
    value = next((each for each in BarsWithoutSpots if each.value == codeOf(answer)), None)
    value = BarsWithoutSpots.ACCEPT if accepted else value
    words = f"{nameOf(answer)} {codeOf(answer)}".strip()
    bench.decide("bars-without-spots", value, default=BarsWithoutSpots.NOT_SUBSCRIBED, words=words)


@_case("Live trendbars ride in the events of prices, without their close", "live-bars")
async def _live(bench: Bench) -> None:
    link = await bench.account()
    await _firstSpot(bench, link)
    mark = link.mark
    expect(await _bars(bench, link), ProtoOASubscribeLiveTrendbarRes)

    def withBar() -> Any:
        spots = (each for each in link.messages(mark) if isinstance(each, ProtoOASpotEvent))
        return next((each for each in spots if each.trendbar), None)

    event = await link.watch(withBar, 90)
    if event is None:
        undecided(_QUIET)
    [bar] = event.trendbar
    demand(bar.period == _M1 and bar.utcTimestampInMinutes and bar.volume, "the bar lacks its period, time or volume")
    demand(not bar.HasField("deltaClose"), "the bar has its close")


@_case("A second subscription to live trendbars is refused with ALREADY_SUBSCRIBED", "bars-twice")
async def _barsTwice(bench: Bench) -> None:
    link = await bench.account()
    await _subscribe(bench, link)
    expect(await _bars(bench, link), ProtoOASubscribeLiveTrendbarRes)
    expect(await _bars(bench, link), ProtoOAErrorRes, "ALREADY_SUBSCRIBED")
    request = ProtoOAUnsubscribeLiveTrendbarReq(
        ctidTraderAccountId=bench.world.accountId, period=_M1, symbolId=bench.world.symbol.symbolId
    )
    expect(await link.ask(request), ProtoOAUnsubscribeLiveTrendbarRes)
    expect(await _bars(bench, link), ProtoOASubscribeLiveTrendbarRes)


@_case("Depth without spots is refused with NOT_SUBSCRIBED_TO_SPOTS", "depth-without-spots")
async def _noDepth(bench: Bench) -> None:
    link = await bench.account()
    answer = await _ask(bench, link, ProtoOASubscribeDepthQuotesReq)
    expect(answer, ProtoOAErrorRes, "NOT_SUBSCRIBED_TO_SPOTS")


@_case("The first event of depth holds the whole book", "depth-snapshot")
async def _depth(bench: Bench) -> None:
    link = await bench.account()
    await _firstSpot(bench, link)
    mark = link.mark
    expect(await _ask(bench, link, ProtoOASubscribeDepthQuotesReq), ProtoOASubscribeDepthQuotesRes)
    event = await link.event(ProtoOADepthEvent, 15, mark)
    if event is None:
        undecided(_NO_DEPTH)
    quotes = event.newQuotes
    demand(len({each.id for each in quotes}) == len(quotes), "two quotes have one id")
    demand(all(each.HasField("bid") != each.HasField("ask") and each.size for each in quotes), "a quote has two sides")
    bids, asks = [each.bid for each in quotes if each.bid], [each.ask for each in quotes if each.ask]
    demand(bids and asks and max(bids) <= min(asks), "a side is missing, or the sides cross")


@_case("A second subscription to depth is refused with ALREADY_SUBSCRIBED", "depth-twice")
async def _depthTwice(bench: Bench) -> None:
    link = await bench.account()
    await _subscribe(bench, link)
    expect(await _ask(bench, link, ProtoOASubscribeDepthQuotesReq), ProtoOASubscribeDepthQuotesRes)
    answer = await _ask(bench, link, ProtoOASubscribeDepthQuotesReq)
    expect(answer, ProtoOAErrorRes, "ALREADY_SUBSCRIBED")
    ended = await _ask(bench, link, ProtoOAUnsubscribeDepthQuotesReq)
    expect(ended, ProtoOAUnsubscribeDepthQuotesRes)


@_case("The end of the spots is the end of live trendbars and depth", "spots-carry-others")
async def _carried(bench: Bench) -> None:
    link = await bench.account()
    await _subscribe(bench, link)
    expect(await _bars(bench, link), ProtoOASubscribeLiveTrendbarRes)
    expect(await _ask(bench, link, ProtoOASubscribeDepthQuotesReq), ProtoOASubscribeDepthQuotesRes)
    await _unsubscribe(bench, link)
    await _subscribe(bench, link)
    again = await _bars(bench, link), await _ask(bench, link, ProtoOASubscribeDepthQuotesReq)
    demand(not codeOf(again[0]), f"the trendbars went on: {codeOf(again[0])}")
    demand(not codeOf(again[1]), f"the depth went on: {codeOf(again[1])}")


@_case("The first price comes with the close of the day before", "session-close")
async def _close(bench: Bench) -> None:
    isTold = (await _firstSpot(bench, await bench.account())).HasField("sessionClose")
    bench.decide("session-close", isTold, default=True, words=f"it comes {'with' if isTold else 'without'} it")


async def _ask(bench: Bench, link: Link, kind: Any, **fields: Any) -> Any:
    given = {"symbolId": [bench.world.symbol.symbolId], **fields}
    return await link.ask(kind(ctidTraderAccountId=bench.world.accountId, **given))


async def _subscribe(bench: Bench, link: Link, **fields: Any) -> None:
    expect(await _ask(bench, link, ProtoOASubscribeSpotsReq, **fields), ProtoOASubscribeSpotsRes)


async def _unsubscribe(bench: Bench, link: Link) -> None:
    expect(await _ask(bench, link, ProtoOAUnsubscribeSpotsReq), ProtoOAUnsubscribeSpotsRes)


async def _firstSpot(bench: Bench, link: Link) -> Any:
    mark = link.mark
    await _subscribe(bench, link)
    event = await link.event(ProtoOASpotEvent, 15, mark)
    demand(event is not None, "no price came after the subscription")
    return event


async def _bars(bench: Bench, link: Link) -> Any:
    request = ProtoOASubscribeLiveTrendbarReq(
        ctidTraderAccountId=bench.world.accountId, period=_M1, symbolId=bench.world.symbol.symbolId
    )
    return await link.ask(request)
