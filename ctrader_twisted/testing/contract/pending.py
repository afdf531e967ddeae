"""
Cases about orders that wait: how they are placed, changed, cancelled, executed and refused.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAmendOrderReq,
    ProtoOACancelOrderReq,
    ProtoOAOrderErrorEvent,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPositionStatus,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
    ProtoOATimeInForce,
)
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group, Run
from ctrader_twisted.testing.contract.link import codeOf, nameOf
from ctrader_twisted.testing.contract.trader import Course, Kind, Trader

__all__ = ["PENDING"]

PENDING = Group(801, "orders that wait", trades=True)
_case = PENDING.case
_Type, _Time = ProtoOAOrderType, ProtoOATimeInForce
_NEVER = 7
_AT_ONCE = 1.0
_QUIET = "the price did not come there"


def _accepted(kind: int, name: str) -> Run:
    async def run(bench: Bench) -> None:
        event = await (await Trader.on(bench)).placed(kind)
        demand(event.order.orderType == kind and event.order.HasField(name), "its type or price is another one")
        demand(event.order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED, "its status is another one")
        if event.HasField("position"):
            created = ProtoOAPositionStatus.POSITION_STATUS_CREATED
            demand(
                event.position.positionStatus == created and not event.position.tradeData.volume, "it holds something"
            )

    return run


for _kind, _name in (("LIMIT", "limitPrice"), ("STOP", "stopPrice"), ("STOP_LIMIT", "stopPrice")):
    _case(f"A {_kind} order is accepted, with an empty position", "pending-accepted")(
        _accepted(_Type.Value(_kind), _name)
    )


@_case("Absolute levels of an order that waits come back as distances", "levels-as-distances")
async def _distances(bench: Bench) -> None:
    trader = await Trader.on(bench)
    bid, _ = await trader.quote()
    limit, stop = trader.price(bid * 0.9), trader.price(bid * 0.88)
    order = (await trader.placed(limitPrice=limit, stopLoss=stop)).order
    demand(abs(order.relativeStopLoss - round((limit - stop) * 100_000)) <= 1, "they do not")


@_case("A cancelled order is told by ORDER_CANCELLED, with a closed position", "pending-cancelled")
async def _cancelled(bench: Bench) -> None:
    trader = await Trader.on(bench)
    order = (await trader.placed()).order
    event = (await _cancel(trader, order.orderId)).demanded(Kind.ORDER_CANCELLED)
    demand(event.order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_CANCELLED, "the order has another status")
    closed = ProtoOAPositionStatus.POSITION_STATUS_CLOSED
    demand(not event.HasField("position") or event.position.positionStatus == closed, "the position is not closed")


@_case("A cancellation of an order that does not exist: ORDER_NOT_FOUND", "cancel-unknown")
async def _cancelUnknown(bench: Bench) -> None:
    course = await _cancel(await Trader.on(bench), _NEVER)
    expect(course.refusal, ProtoOAOrderErrorEvent, "ORDER_NOT_FOUND")


@_case("A changed order keeps its id, and is told by ORDER_REPLACED", "pending-amended")
async def _amended(bench: Bench) -> None:
    trader = await Trader.on(bench)
    order = (await trader.placed()).order
    price = trader.price(order.limitPrice * 99_000)
    event = (await _amend(trader, order.orderId, limitPrice=price)).demanded(Kind.ORDER_REPLACED)
    demand(event.order.orderId == order.orderId, "its id is another one")
    demand(abs(event.order.limitPrice - price) < 1e-9, "its price is another one")


@_case("A changed order keeps the volume and price that are left out", "amend-keeps")
async def _keeps(bench: Bench) -> None:
    trader = await Trader.on(bench)
    order = (await trader.placed()).order
    distance = trader.distance(round(order.limitPrice * 100_000))
    changed = await _amend(trader, order.orderId, relativeTakeProfit=distance)
    event = changed.demanded(Kind.ORDER_REPLACED)
    demand(event.order.tradeData.volume == order.tradeData.volume, "its volume is another one")
    demand(abs(event.order.limitPrice - order.limitPrice) < 1e-9, "its price is another one")


@_case("A changed order loses the levels that are left out", "amend-resets")
async def _resets(bench: Bench) -> None:
    trader = await Trader.on(bench)
    bid, _ = await trader.quote()
    order = (await trader.placed(relativeStopLoss=trader.distance(bid))).order
    changed = await _amend(trader, order.orderId, limitPrice=trader.price(order.limitPrice * 99_000))
    lost = not changed.demanded(Kind.ORDER_REPLACED).order.relativeStopLoss
    bench.decide("amend-resets", lost, words=f"its stop loss is {'lost' if lost else 'kept'}")


@_case("A change of an order that does not exist: ORDER_NOT_FOUND", "amend-unknown")
async def _amendUnknown(bench: Bench) -> None:
    trader = await Trader.on(bench)
    course = await _amend(trader, _NEVER, volume=trader.symbol.minVolume)
    expect(course.refusal, ProtoOAOrderErrorEvent, "ORDER_NOT_FOUND")


@_case("A limit order without its price is refused with INVALID_REQUEST", "missing-price")
async def _noPrice(bench: Bench) -> None:
    trader = await Trader.on(bench)
    for kind in (_Type.LIMIT, _Type.STOP):
        course = await trader.follow(trader.order(orderType=kind), lambda each: each.received)
        _refusedWith(course, "INVALID_REQUEST")


@_case("A price with too many digits is refused", "too-many-digits")
async def _digits(bench: Bench) -> None:
    trader = await Trader.on(bench)
    bid, _ = await trader.quote()
    finer = round(trader.price(bid * 0.9) + 3 * 10 ** -(trader.symbol.digits + 1), trader.symbol.digits + 1)
    course = await trader.pending(limitPrice=finer)
    _refusedWith(course, "INVALID_REQUEST", "TRADING_BAD_PRICES")
    areBad = codeOf(course.refusal) == "TRADING_BAD_PRICES"
    bench.decide("too-many-digits", areBad, default=False, words=codeOf(course.refusal))


@_case("An absolute and a relative level for one leg are refused with INVALID_REQUEST", "both-levels")
async def _both(bench: Bench) -> None:
    trader = await Trader.on(bench)
    bid, _ = await trader.quote()
    levels: dict[str, Any] = {"stopLoss": trader.price(bid * 0.88), "relativeStopLoss": trader.distance(bid)}
    _refusedWith(await trader.pending(**levels), "INVALID_REQUEST")


@_case("A level on the wrong side of the order's price is refused with TRADING_BAD_STOPS", "wrong-side-level")
async def _wrongSide(bench: Bench) -> None:
    trader = await Trader.on(bench)
    bid, _ = await trader.quote()
    _refusedWith(await trader.pending(stopLoss=trader.price(bid * 0.95)), "TRADING_BAD_STOPS")


@_case("A missing or past expiration is refused with TRADING_BAD_EXPIRATION_DATE", "bad-expiration")
async def _badExpiration(bench: Bench) -> None:
    trader = await Trader.on(bench)
    _refusedWith(await trader.pending(timeInForce=_Time.GOOD_TILL_DATE), "TRADING_BAD_EXPIRATION_DATE")
    past = await trader.pending(timeInForce=_Time.GOOD_TILL_DATE, expirationTimestamp=trader.now - 3_600_000)
    _refusedWith(past, "TRADING_BAD_EXPIRATION_DATE")


@_case("An order that expires is told by ORDER_EXPIRED", "expired")
async def _expires(bench: Bench) -> None:
    trader = await Trader.on(bench)
    await trader.link.until(lambda: None, 1)
    course = await trader.pending(timeInForce=_Time.GOOD_TILL_DATE, expirationTimestamp=trader.now + 30_000)
    if "TRADING_BAD_EXPIRATION_DATE" in course.kinds:
        undecided("no price tells the time of the server")
    course.demanded(Kind.ORDER_ACCEPTED)
    await trader.linger(course, 45)
    event = course.demanded(Kind.ORDER_EXPIRED)
    demand(event.order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_EXPIRED, "the order has another status")


@_case("A limit order that the market has reached is executed at the market", "marketable-limit")
async def _marketable(bench: Bench) -> None:
    trader = await Trader.on(bench)
    # Where the market is closed, such an order waits.
    await trader.market()
    _, ask = await trader.quote()
    request = trader.order(orderType=_Type.LIMIT, limitPrice=trader.price(ask * 1.01))
    course = await trader.follow(request, lambda each: each.first(Kind.ORDER_FILLED))
    filled = course.demanded(Kind.ORDER_FILLED)
    demand(filled.deal.executionPrice < filled.order.limitPrice, "it is executed at its own price")


@_case("A stop that the market has reached is refused with TRADING_BAD_PRICES", "stop-beyond")
async def _beyond(bench: Bench) -> None:
    trader = await Trader.on(bench)
    _, ask = await trader.quote()
    request = trader.order(orderType=_Type.STOP, stopPrice=trader.price(ask * 0.95))
    course = await trader.follow(request, lambda each: each.first(Kind.ORDER_FILLED))
    refused = course.refusal is not None
    demand(refused or course.first(Kind.ORDER_FILLED), f"{', '.join(course.kinds)} came")
    if refused:
        _refusedWith(course, "TRADING_BAD_PRICES")
    bench.decide("stop-beyond", not refused, default=False, words=", ".join(course.kinds))


@_case("A limit order that may not wait ends if it is not executed at once", "limit-immediate")
async def _immediate(bench: Bench) -> None:
    trader = await Trader.on(bench)
    for life in (_Time.IMMEDIATE_OR_CANCEL, _Time.FILL_OR_KILL):
        course = await trader.pending(timeInForce=life)
        await trader.linger(course, 2)
        ends = "ORDER_CANCELLED" in course.kinds or "ORDER_REJECTED" in course.kinds
        demand(ends and "ORDER_FILLED" not in course.kinds, f"{', '.join(course.kinds)} came")


@_case("An order that is just being executed cannot be cancelled", "cancel-race")
async def _race(bench: Bench) -> None:
    trader = await Trader.on(bench)
    accepted = await trader.follow(trader.order(), lambda each: each.first(Kind.ORDER_ACCEPTED))
    orderId = accepted.demanded(Kind.ORDER_ACCEPTED).order.orderId
    course = await _cancel(trader, orderId)
    await trader.linger(accepted)
    accepted.demanded(Kind.ORDER_FILLED)
    if course.refusal is not None and codeOf(course.refusal) == "ORDER_NOT_FOUND":
        undecided("it was executed too soon")
    rejected = course.first(Kind.ORDER_CANCEL_REJECTED)
    demand(rejected or course.refusal, f"{', '.join(course.kinds)} came")
    words = kindWords(course)
    bench.decide("cancel-race", rejected is not None, words=words)


@_case("Waiting orders are listed; protective ones only if they are asked for", "reconcile-orders")
async def _listed(bench: Bench) -> None:
    trader = await Trader.on(bench)
    orderId = (await trader.placed()).order.orderId
    await trader.market(relativeStopLoss=trader.distance((await trader.quote())[0]))
    seen = []
    for withProtection in (False, True):
        request = ProtoOAReconcileReq(ctidTraderAccountId=trader.accountId, returnProtectionOrders=withProtection)
        orders = expect(await trader.link.ask(request), ProtoOAReconcileRes).order
        demand(any(each.orderId == orderId for each in orders), "the waiting order is not listed")
        seen.append(any(each.orderType == _Type.STOP_LOSS_TAKE_PROFIT for each in orders))
    demand(seen == [False, True], "the protective order is listed otherwise")


@_case(
    "The fill of an order that waited is an event of the server, without an id", "pending-fill", "pending-fill-server"
)
async def _filled(bench: Bench) -> None:
    trader = await Trader.on(bench)
    for _ in range(5):
        _, ask = await trader.quote()
        course = await trader.pending(_Type.STOP, stopPrice=trader.price(ask + 2 * trader.point))
        if course.refusal is None:
            break
    course.demanded(Kind.ORDER_ACCEPTED)
    orderId, mark = course.messages[0].order.orderId, trader.link.mark

    def filled() -> Any:
        for each in trader.link.received[mark:]:
            if getattr(each.message, "executionType", 0) == Kind.ORDER_FILLED and each.message.order.orderId == orderId:
                return each
        return None

    found = await trader.link.watch(filled, 300)
    if found is None:
        undecided(_QUIET)
    if found.clientMsgId is not None and found.at - course.received[0].at < _AT_ONCE:
        undecided("the market had reached it already")
    demand(found.clientMsgId is None, "it has an id")
    isServers = found.message.isServerEvent
    bench.decide("pending-fill-server", isServers, words=f"it is {'' if isServers else 'no '}event of the server")


def kindWords(course: Course) -> str:
    """
    @param course: what came of a request.
    @return: its last part in words.
    """
    return f"{nameOf(course.messages[-1])} {course.kinds[-1]}"


def _refusedWith(course: Course, *codes: str) -> None:
    demand(course.refusal and codeOf(course.refusal) in codes, f"{', '.join(course.kinds)} came, and not {codes[0]}")


async def _cancel(trader: Trader, orderId: int) -> Course:
    request = ProtoOACancelOrderReq(ctidTraderAccountId=trader.accountId, orderId=orderId)
    return await trader.follow(request, _answered)


async def _amend(trader: Trader, orderId: int, **fields: Any) -> Course:
    request = ProtoOAAmendOrderReq(ctidTraderAccountId=trader.accountId, orderId=orderId, **fields)
    return await trader.follow(request, _answered)


def _answered(course: Course) -> bool:
    return any(each.clientMsgId == course.clientMsgId for each in course.received)
