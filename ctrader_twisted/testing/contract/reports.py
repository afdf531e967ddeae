"""
Cases about what an account did before: deals, orders, deposits and withdrawals.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOACancelOrderReq,
    ProtoOACashFlowHistoryListReq,
    ProtoOACashFlowHistoryListRes,
    ProtoOADealListByPositionIdReq,
    ProtoOADealListByPositionIdRes,
    ProtoOADealListReq,
    ProtoOADealListRes,
    ProtoOADealOffsetListReq,
    ProtoOADealOffsetListRes,
    ProtoOAErrorRes,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderDetailsRes,
    ProtoOAOrderListByPositionIdReq,
    ProtoOAOrderListByPositionIdRes,
    ProtoOAOrderListReq,
    ProtoOAOrderListRes,
)
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.choices import decideSpan
from ctrader_twisted.testing.contract.link import codeOf
from ctrader_twisted.testing.contract.trader import Kind, Trader

__all__ = ["REPORTS"]

REPORTS = Group(901, "what an account did", trades=True)
_case = REPORTS.case
_DEFAULT = Settings()
_WEEK = 604_800_000
_NEVER = 7


class _Trip:
    """
    A position that was opened and closed.
    """

    def __init__(self, trader: Trader, opened: Any, closed: Any) -> None:
        self.trader = trader
        self.opened = opened
        self.closed = closed
        self.positionId = opened.position.positionId
        self.start = opened.deal.executionTimestamp
        self.end = closed.deal.executionTimestamp

    @classmethod
    async def on(cls, bench: Bench) -> _Trip:
        trader = await Trader.on(bench)
        opened = (await trader.market()).first(Kind.ORDER_FILLED)
        await trader.link.rest(0.1)
        course = await trader.close(opened.position.positionId, opened.position.tradeData.volume)
        closed = course.demanded(Kind.ORDER_FILLED)
        # The lists may lag a little behind the events.
        await trader.link.rest(1)
        return cls(trader, opened, closed)

    async def ask(self, kind: Any, **fields: Any) -> Any:
        return await self.trader.link.ask(kind(ctidTraderAccountId=self.trader.accountId, **fields), 60)

    async def span(self, kind: Any, **fields: Any) -> Any:
        return await self.ask(kind, fromTimestamp=self.start, toTimestamp=self.end, **fields)


@_case("Deals are listed, the newest first", "deal-list", "newest-first")
async def _deals(bench: Bench) -> None:
    trip = await _Trip.on(bench)
    deals = expect(await trip.span(ProtoOADealListReq), ProtoOADealListRes).deal
    ids = [each.dealId for each in deals if each.positionId == trip.positionId]
    wanted = [trip.opened.deal.dealId, trip.closed.deal.dealId]
    demand(sorted(ids) == sorted(wanted), "one is missing")
    isNewest = ids == wanted[::-1]
    bench.decide("newest-first", isNewest, words=f"the {'newest' if isNewest else 'oldest'} come first")


@_case("The last change of a deal is its creation in lists, and its execution in events", "deal-update")
async def _updates(bench: Bench) -> None:
    trip = await _Trip.on(bench)
    deals = expect(await trip.span(ProtoOADealListReq), ProtoOADealListRes).deal
    listed = next((each for each in deals if each.dealId == trip.opened.deal.dealId), None)
    demand(listed is not None, "a deal is missing")
    assert listed is not None
    demand(listed.utcLastUpdateTimestamp == listed.createTimestamp, "it is not its creation in a list")


@_case("A list of deals may be limited, and tells that there are more", "max-rows", "deal-chunk")
async def _rows(bench: Bench) -> None:
    trip = await _Trip.on(bench)
    answer = expect(await trip.span(ProtoOADealListReq, maxRows=1), ProtoOADealListRes)
    demand(len(answer.deal) == 1 and answer.hasMore, "it does not")
    bench.decide("max-rows", True, words="one of two, with more to come")
    span = {"fromTimestamp": trip.end - _WEEK, "toTimestamp": trip.end}
    whole = expect(await trip.ask(ProtoOADealListReq, **span), ProtoOADealListRes)
    if whole.hasMore:
        count = len(whole.deal)
        bench.decide("deal-chunk", count, default=_DEFAULT.dealChunk, words=f"{count} deals, with more to come")
    else:
        undecided(f"there are only {len(whole.deal)} deals")


@_case("The span of deals and orders is not limited to a week", "week-limit")
async def _week(bench: Bench) -> None:
    trip = await _Trip.on(bench)
    for kind, what in ((ProtoOADealListReq, "deals"), (ProtoOAOrderListReq, "orders")):
        answer = await trip.ask(kind, fromTimestamp=trip.end - 2 * _WEEK, toTimestamp=trip.end)
        decideSpan(bench, "week-limit", answer, f"two weeks of {what}")


@_case("The deals of a position may be asked for from 0 on", "zero-start")
async def _zero(bench: Bench) -> None:
    trip = await _Trip.on(bench)
    answer = await trip.ask(ProtoOADealListByPositionIdReq, positionId=trip.positionId, fromTimestamp=0)
    decideSpan(bench, "zero-start", answer, "from 0")


@_case("The deals of a position are listed without a span", "deals-of-position")
async def _ofPosition(bench: Bench) -> None:
    trip = await _Trip.on(bench)
    answer = await trip.ask(ProtoOADealListByPositionIdReq, positionId=trip.positionId)
    demand(len(expect(answer, ProtoOADealListByPositionIdRes).deal) == 2, "they are not two")


@_case("The orders of a position are listed, the newest first", "orders-of-position")
async def _ordersOf(bench: Bench) -> None:
    trip = await _Trip.on(bench)
    answer = await trip.ask(ProtoOAOrderListByPositionIdReq, positionId=trip.positionId)
    ids = [each.orderId for each in expect(answer, ProtoOAOrderListByPositionIdRes).order]
    demand(ids == [trip.closed.order.orderId, trip.opened.order.orderId], "they are others, or in another order")


@_case("Lists of orders choose by the last change", "orders-by-update")
async def _byUpdate(bench: Bench) -> None:
    trader = await Trader.on(bench)
    placed = (await trader.placed()).order
    await trader.link.rest(3)
    request = ProtoOACancelOrderReq(ctidTraderAccountId=trader.accountId, orderId=placed.orderId)
    ended = (await trader.follow(request, lambda course: course.received)).demanded(Kind.ORDER_CANCELLED).order
    await trader.link.rest(1)
    begun, changed = placed.tradeData.openTimestamp, ended.utcLastUpdateTimestamp
    if changed - begun < 1_000:
        undecided("the order was placed and cancelled at the same time")
    listed = ProtoOAOrderListReq(
        ctidTraderAccountId=trader.accountId, fromTimestamp=begun + 500, toTimestamp=changed + 1_000
    )
    orders = expect(await trader.link.ask(listed), ProtoOAOrderListRes).order
    byUpdate = any(each.orderId == placed.orderId for each in orders)
    words = f"an order that was placed before and cancelled in the span is {'' if byUpdate else 'not '}listed"
    bench.decide("orders-by-update", byUpdate, words=words)


@_case("The details of an ended order hold its deals", "order-details")
async def _details(bench: Bench) -> None:
    trip = await _Trip.on(bench)
    answer = await trip.ask(ProtoOAOrderDetailsReq, orderId=trip.opened.order.orderId)
    deals = [each.dealId for each in expect(answer, ProtoOAOrderDetailsRes).deal]
    demand(deals == [trip.opened.deal.dealId], "they do not")


@_case("Details of an order that does not exist: an error answer ORDER_NOT_FOUND", "details-unknown")
async def _noOrder(bench: Bench) -> None:
    trader = await Trader.on(bench)
    answer = await trader.link.ask(ProtoOAOrderDetailsReq(ctidTraderAccountId=trader.accountId, orderId=_NEVER))
    expect(answer, ProtoOAErrorRes, "ORDER_NOT_FOUND")


@_case("Offsets tell which deals closed which", "offsets")
async def _offsets(bench: Bench) -> None:
    trip = await _Trip.on(bench)
    opening = await trip.ask(ProtoOADealOffsetListReq, dealId=trip.opened.deal.dealId)
    closing = await trip.ask(ProtoOADealOffsetListReq, dealId=trip.closed.deal.dealId)
    by = [each.dealId for each in expect(opening, ProtoOADealOffsetListRes).offsetBy]
    offset = [each.dealId for each in expect(closing, ProtoOADealOffsetListRes).offsetting]
    demand(by == [trip.closed.deal.dealId] and offset == [trip.opened.deal.dealId], "they tell something else")


@_case("Offsets of a deal that does not exist: ENTITY_NOT_FOUND", "offsets-unknown")
async def _noDeal(bench: Bench) -> None:
    trader = await Trader.on(bench)
    answer = await trader.link.ask(ProtoOADealOffsetListReq(ctidTraderAccountId=trader.accountId, dealId=_NEVER))
    expect(answer, ProtoOAErrorRes, "ENTITY_NOT_FOUND")


@_case("Deposits and withdrawals are listed for a week at most", "cash-flow-week")
async def _cashFlow(bench: Bench) -> None:
    trader = await Trader.on(bench)
    for start, code in ((trader.now - _WEEK, ""), (trader.now - _WEEK - 1, "INCORRECT_BOUNDARIES")):
        request = ProtoOACashFlowHistoryListReq(
            ctidTraderAccountId=trader.accountId, fromTimestamp=start, toTimestamp=trader.now
        )
        answer = await trader.link.ask(request)
        demand(codeOf(answer) == code, f"it drew {codeOf(answer) or 'an answer'}")
        if not code:
            expect(answer, ProtoOACashFlowHistoryListRes)
