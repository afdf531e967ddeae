"""
Cases about stop loss and take profit of open positions.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAmendPositionSLTPReq,
    ProtoOAExecutionEvent,
    ProtoOAOrderErrorEvent,
    ProtoOAOrderType,
    ProtoOAPositionStatus,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.link import Received, codeOf
from ctrader_twisted.testing.contract.trader import Course, Kind, Trader

__all__ = ["PROTECTION"]

PROTECTION = Group(851, "protection of positions", trades=True)
_case = PROTECTION.case
_NEVER = 7
_MOVES = 3


class _Held:
    """
    A bought position, and levels for it.
    """

    def __init__(self, trader: Trader, position: Any, bid: int) -> None:
        self.trader = trader
        self.positionId = position.positionId
        self.stop = trader.price(bid * 0.97)
        self.otherStop = trader.price(bid * 0.96)
        self.profit = trader.price(bid * 1.03)
        self.wrong = trader.price(bid * 1.02)

    @classmethod
    async def on(cls, bench: Bench) -> _Held:
        trader = await Trader.on(bench)
        position = (await trader.market()).first(Kind.ORDER_FILLED).position
        return cls(trader, position, (await trader.quote())[0])

    async def amend(self, **levels: Any) -> Course:
        request = ProtoOAAmendPositionSLTPReq(
            ctidTraderAccountId=self.trader.accountId, **{"positionId": self.positionId, **levels}
        )
        return await self.trader.follow(request, lambda course: course.received)

    async def refused(self, code: str, **levels: Any) -> Any:
        course = await self.amend(**levels)
        demand(course.refusal and codeOf(course.refusal) == code, f"{', '.join(course.kinds)} came, and not {code}")
        return course.refusal

    async def position(self) -> Any:
        answer = await self.trader.link.ask(ProtoOAReconcileReq(ctidTraderAccountId=self.trader.accountId))
        found = [each for each in expect(answer, ProtoOAReconcileRes).position if each.positionId == self.positionId]
        demand(found, "the position is not listed")
        return found[0]


@_case("The first protection of a position is told by ORDER_ACCEPTED", "first-protection", "first-protection-server")
async def _first(bench: Bench) -> None:
    held = await _Held.on(bench)
    event = (await held.amend(stopLoss=held.stop, takeProfit=held.profit)).demanded(Kind.ORDER_ACCEPTED)
    demand(event.order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT, "the order is of another type")
    demand((event.order.stopPrice, event.order.limitPrice) == (held.stop, held.profit), "its prices are others")
    words = f"it is {'an' if event.isServerEvent else 'no'} event of the server"
    bench.decide("first-protection-server", event.isServerEvent, default=False, words=words)


@_case("Changed levels are told by ORDER_REPLACED of the same order", "protection-amended")
async def _amended(bench: Bench) -> None:
    held = await _Held.on(bench)
    first = (await held.amend(stopLoss=held.stop)).demanded(Kind.ORDER_ACCEPTED)
    event = (await held.amend(stopLoss=held.otherStop)).demanded(Kind.ORDER_REPLACED)
    demand(event.order.orderId == first.order.orderId, "it is another order")
    demand(event.position.stopLoss == held.otherStop, "the position shows other levels")


@_case("A level that a change leaves out is removed", "protection-overwrites")
async def _overwrites(bench: Bench) -> None:
    held = await _Held.on(bench)
    await held.amend(stopLoss=held.stop, takeProfit=held.profit)
    await held.amend(stopLoss=held.stop)
    position = await held.position()
    demand(position.stopLoss == held.stop and not position.takeProfit, "it is not")


@_case("The end of all levels is told by ORDER_CANCELLED", "protection-removed")
async def _removed(bench: Bench) -> None:
    held = await _Held.on(bench)
    await held.amend(stopLoss=held.stop)
    event = (await held.amend()).demanded(Kind.ORDER_CANCELLED)
    demand(event.order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT, "the order is of another type")


@_case("A change that changes nothing is refused with INVALID_REQUEST", "nothing-to-amend")
async def _nothing(bench: Bench) -> None:
    held = await _Held.on(bench)
    await held.amend(stopLoss=held.stop)
    await held.refused("INVALID_REQUEST", stopLoss=held.stop)


@_case("Trailing without a stop loss is refused with INVALID_REQUEST", "trailing-needs-stop")
async def _noStop(bench: Bench) -> None:
    held = await _Held.on(bench)
    await held.refused("INVALID_REQUEST", takeProfit=held.profit, trailingStopLoss=True)


@_case("A stop loss on the wrong side of the market is refused with TRADING_BAD_STOPS", "protection-wrong-side")
async def _wrongSide(bench: Bench) -> None:
    held = await _Held.on(bench)
    refusal = await held.refused("TRADING_BAD_STOPS", stopLoss=held.wrong)
    demand(isinstance(refusal, ProtoOAOrderErrorEvent), "the refusal has another form")


@_case("One bad level refuses both", "protection-atomic")
async def _atomic(bench: Bench) -> None:
    held = await _Held.on(bench)
    await held.refused("TRADING_BAD_STOPS", stopLoss=held.wrong, takeProfit=held.profit)
    demand(not (await held.position()).takeProfit, "the other one was set")


@_case("Protection of a position that does not exist: POSITION_NOT_FOUND", "protect-unknown")
async def _unknown(bench: Bench) -> None:
    held = await _Held.on(bench)
    await held.refused("POSITION_NOT_FOUND", positionId=_NEVER, stopLoss=held.stop)


@_case("A trailing stop loss is set on the position and on its order", "trailing")
async def _trailing(bench: Bench) -> None:
    held = await _Held.on(bench)
    event = (await held.amend(stopLoss=held.stop, trailingStopLoss=True)).demanded(Kind.ORDER_ACCEPTED)
    demand(event.order.trailingStopLoss and event.position.trailingStopLoss, "it is not")


@_case("A trailing stop loss can be removed only after it has stopped trailing", "trailing-removal")
async def _trailingRemoval(bench: Bench) -> None:
    held = await _Held.on(bench)
    await held.amend(stopLoss=held.stop, trailingStopLoss=True)
    await held.refused("INVALID_REQUEST")
    stop = (await held.position()).stopLoss
    (await held.amend(stopLoss=stop, trailingStopLoss=False)).demanded(Kind.ORDER_REPLACED)
    (await held.amend()).demanded(Kind.ORDER_CANCELLED)


@_case("A trailing stop loss follows each price that improves it", "trailing-step")
async def _step(bench: Bench) -> None:
    held = await _Held.on(bench)
    trader = held.trader
    bid, _ = await trader.quote()
    course = await held.amend(stopLoss=trader.price(bid - trader.distance(bid, 0.005)), trailingStopLoss=True)
    course.demanded(Kind.ORDER_ACCEPTED)
    mark = trader.link.mark

    def moved() -> list[float] | None:
        found = [each for each in trader.link.messages(mark) if isinstance(each, ProtoOATrailingSLChangedEvent)]
        stops = [each.stopPrice for each in found if each.positionId == held.positionId]
        return stops if len(stops) > _MOVES else None

    stops = await trader.link.watch(moved, 600)
    if stops is None:
        undecided("the price did not go there")
    pip = 10**-trader.symbol.pipPosition
    byPip = all(later - stop > 0.99 * pip for stop, later in pairwise(stops))
    words = f"it moves by {'whole pips at least' if byPip else 'less than a pip'}"
    bench.decide("trailing-step", byPip, default=False, words=words)


@_case("A level that is hit closes the position, by an event of the server", "level-hit")
async def _hit(bench: Bench) -> None:
    held = await _Held.on(bench)
    trader = held.trader
    for gap in (2, 10, 50, 200):
        bid, _ = await trader.quote()
        course = await held.amend(stopLoss=trader.price(bid - gap * trader.point))
        if course.refusal is None:
            break
    if course.refusal is not None:
        undecided(f"no level near the market is taken: {codeOf(course.refusal)}")
    mark = trader.link.mark

    def filled() -> Received | None:
        for each in trader.link.received[mark:]:
            event = each.message
            isFill = isinstance(event, ProtoOAExecutionEvent) and event.executionType == Kind.ORDER_FILLED
            if isFill and event.position.positionId == held.positionId:
                return each
        return None

    found = await trader.link.watch(filled, 300)
    if found is None:
        undecided("the price did not come there")
    event = found.message
    demand(found.clientMsgId is None and event.isServerEvent, "it is no event of the server")
    demand(event.order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT, "another order closes it")
    demand(event.position.positionStatus == ProtoOAPositionStatus.POSITION_STATUS_CLOSED, "the position is not closed")
