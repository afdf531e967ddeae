"""
Cases about orders at the market, and about closing what they open.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAErrorRes,
    ProtoOAExecutionEvent,
    ProtoOAOrderErrorEvent,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
    ProtoOATraderReq,
    ProtoOATraderRes,
    ProtoOATraderUpdatedEvent,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.settings import CloseLocked, UnknownSymbol
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.choices import decideCode
from ctrader_twisted.testing.contract.link import codeOf, nameOf
from ctrader_twisted.testing.contract.reference import NO_SYMBOL
from ctrader_twisted.testing.contract.trader import Course, Kind, Trader

__all__ = ["ORDERS"]

ORDERS = Group(701, "orders at the market", trades=True)
_case = ORDERS.case
_SELL = ProtoOATradeSide.SELL
_NEVER = 7
# Far less than half a spread, in 1/100000 of a price unit.
_CLOSE = 0.01


@_case("A market order is accepted, then filled; both carry its id", "market-order", "accepted-names-position")
async def _market(bench: Bench) -> None:
    course = await (await Trader.on(bench)).market()
    demand(course.kinds[:2] == ["ORDER_ACCEPTED", "ORDER_FILLED"], f"{', '.join(course.kinds)} came")
    demand(all(each.clientMsgId == course.clientMsgId for each in course.received[:2]), "one lacks the id")
    accepted, filled = course.messages[:2]
    demand(filled.order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_FILLED, "the order is not filled then")
    demand(filled.deal.filledVolume == filled.order.tradeData.volume, "the deal has another volume")
    demand(filled.position.positionStatus == ProtoOAPositionStatus.POSITION_STATUS_OPEN, "the position is not open")
    names = accepted.HasField("position")
    words = f"the first event {'names' if names else 'does not name'} a position"
    bench.decide("accepted-names-position", names, words=words)


@_case("The empty position of an accepted order has no volume and the price 0", "empty-position")
async def _empty(bench: Bench) -> None:
    accepted = (await (await Trader.on(bench)).market()).messages[0]
    if not accepted.HasField("position"):
        undecided("the first event names no position")
    created = ProtoOAPositionStatus.POSITION_STATUS_CREATED
    demand(accepted.position.positionStatus == created, "it has another status")
    demand(not accepted.position.tradeData.volume and not accepted.position.price, "it has a volume or a price")


@_case(
    "Levels of a market order count from its fill, and come with a third event", "protection-third", "levels-from-fill"
)
async def _levels(bench: Bench) -> None:
    trader = await Trader.on(bench)
    distance = trader.distance((await trader.quote())[0])
    course = await trader.market(relativeStopLoss=distance, relativeTakeProfit=distance)
    filled = course.first(Kind.ORDER_FILLED)
    demand(not filled.position.HasField("stopLoss"), "the fill has the levels already")
    protected = course.demanded(Kind.ORDER_ACCEPTED, protective=True)
    demand(protected.isServerEvent and protected.order.closingOrder, "it is no closing order of the server")
    demand(protected.order.tradeData.tradeSide == _SELL, "it does not close")
    for level, sign in ((protected.order.stopPrice, -1), (protected.order.limitPrice, 1)):
        wanted = trader.price(filled.deal.executionPrice * 100_000 + sign * distance)
        demand(abs(level - wanted) < 1e-9, "a level is at another distance")


@_case("Absolute levels of a market order are refused with INVALID_REQUEST", "absolute-levels", "absolute-levels-form")
async def _absolute(bench: Bench) -> None:
    trader = await Trader.on(bench)
    bid, _ = await trader.quote()
    request = trader.order(stopLoss=trader.price(bid * 0.9))
    course = await trader.follow(request, lambda each: each.first(Kind.ORDER_FILLED))
    demand(course.refusal and codeOf(course.refusal) == "INVALID_REQUEST", f"{', '.join(course.kinds)} came")
    isEvent = isinstance(course.refusal, ProtoOAOrderErrorEvent)
    bench.decide("absolute-levels-form", isEvent, default=False, words=nameOf(course.refusal))


@_case("A volume outside the limits, or off the step, is refused with TRADING_BAD_VOLUME", "bad-volume")
async def _volume(bench: Bench) -> None:
    trader = await Trader.on(bench)
    symbol = trader.symbol
    wrong = [symbol.minVolume - symbol.stepVolume, symbol.maxVolume + symbol.stepVolume]
    if symbol.stepVolume > 1:
        wrong.append(symbol.minVolume + 1)
    for volume in (each for each in wrong if each > 0):
        await _refused(trader, "TRADING_BAD_VOLUME", form=ProtoOAOrderErrorEvent, volume=volume)


@_case("Texts that are too long are refused with INVALID_REQUEST", "long-texts")
async def _long(bench: Bench) -> None:
    trader = await Trader.on(bench)
    for name, length in (("comment", 512), ("clientOrderId", 50)):
        await _refused(trader, "INVALID_REQUEST", **{name: "x" * (length + 1)})


@_case("A relative level that is finer than the symbol is refused with INVALID_REQUEST", "relative-precision")
async def _precision(bench: Bench) -> None:
    coarse = next((each for each in bench.world.symbols if each.digits < 5), None)
    if coarse is None:
        undecided("all symbols have five digits")
    trader = await Trader.on(bench, coarse)
    wrong = trader.distance((await trader.quote())[0]) + 1
    await _refused(trader, "INVALID_REQUEST", relativeStopLoss=wrong)


@_case("An order in a symbol that does not exist is refused", "unknown-symbol")
async def _unknown(bench: Bench) -> None:
    trader = await Trader.on(bench)
    course = await trader.follow(trader.order(symbolId=NO_SYMBOL), lambda each: False)
    demand(course.refusal, "it was not")
    decideCode(bench, "unknown-symbol", UnknownSymbol, course.refusal, UnknownSymbol.NOT_FOUND)


@_case("A client order id may be used again", "client-order-id")
async def _clientOrderId(bench: Bench) -> None:
    trader = await Trader.on(bench)
    first = await trader.placed(clientOrderId=f"{bench.world.label}-1")
    demand(first.order.clientOrderId == f"{bench.world.label}-1", "the order does not have it")
    again = await trader.pending(clientOrderId=f"{bench.world.label}-1")
    refused = again.refusal is not None
    words = f"a second order draws {', '.join(again.kinds)}"
    bench.decide("client-order-id", refused, default=False, words=words)


@_case("Label and comment go from the order to its position", "label-travels")
async def _label(bench: Bench) -> None:
    trade = (await (await Trader.on(bench)).market(comment="contract")).first(Kind.ORDER_FILLED).position.tradeData
    demand((trade.label, trade.comment) == (bench.world.label, "contract"), "they do not")


@_case("A market order comes back as immediate or cancel", "market-time-in-force")
async def _time(bench: Bench) -> None:
    course = await (await Trader.on(bench)).market(timeInForce=ProtoOATimeInForce.GOOD_TILL_CANCEL)
    order = course.first(Kind.ORDER_FILLED).order
    demand(order.timeInForce == ProtoOATimeInForce.IMMEDIATE_OR_CANCEL, "it does not")


@_case("A fill or kill order at the market is filled as a whole", "fill-or-kill")
async def _kill(bench: Bench) -> None:
    course = await (await Trader.on(bench)).market(timeInForce=ProtoOATimeInForce.FILL_OR_KILL)
    demand("ORDER_PARTIAL_FILL" not in course.kinds, "it was filled in parts")


@_case(
    "A full close: accepted, filled, and the end of the protective order",
    "full-close",
    "close-ends-protection",
    "clean-up-server",
)
async def _close(bench: Bench) -> None:
    trader = await Trader.on(bench)
    distance = trader.distance((await trader.quote())[0])
    position = (await trader.market(relativeStopLoss=distance)).first(Kind.ORDER_FILLED).position
    course = await trader.close(position.positionId, position.tradeData.volume)
    await trader.linger(course)
    demand(course.kinds[:2] == ["ORDER_ACCEPTED", "ORDER_FILLED"], f"{', '.join(course.kinds)} came")
    filled = course.messages[1]
    demand(filled.order.closingOrder and filled.order.orderType == ProtoOAOrderType.MARKET, "another order closes")
    demand(filled.position.positionStatus == ProtoOAPositionStatus.POSITION_STATUS_CLOSED, "the position is not closed")
    demand(filled.deal.HasField("closePositionDetail"), "the deal does not tell what it made")
    demand(not filled.position.price, "the closed position has a price")
    ended = course.first(Kind.ORDER_CANCELLED, protective=True)
    words = f"{', '.join(course.kinds)} came"
    bench.decide("close-ends-protection", ended is not None, words=words)
    if ended is not None:
        words = f"it is {'' if ended.isServerEvent else 'no '}event of the server"
        bench.decide("clean-up-server", ended.isServerEvent, words=words)


@_case("A partial close: accepted, filled, and the protective order replaced", "partial-close")
async def _partial(bench: Bench) -> None:
    trader = await Trader.on(bench)
    least, distance = trader.symbol.minVolume, trader.distance((await trader.quote())[0])
    opened = await trader.market(volume=2 * least, relativeStopLoss=distance)
    course = await trader.close(
        opened.messages[1].position.positionId, least, lambda each: each.first(Kind.ORDER_REPLACED, protective=True)
    )
    demand(course.kinds == ["ORDER_ACCEPTED", "ORDER_FILLED", "ORDER_REPLACED"], f"{', '.join(course.kinds)} came")
    demand(course.messages[1].position.tradeData.volume == least, "the position holds something else")
    demand(course.messages[2].order.tradeData.volume == least, "the protective order has another volume")


@_case("More than a position holds cannot be closed: TRADING_BAD_VOLUME", "close-too-much")
async def _tooMuch(bench: Bench) -> None:
    trader = await Trader.on(bench)
    position = (await trader.market()).first(Kind.ORDER_FILLED).position
    course = await trader.close(position.positionId, position.tradeData.volume + trader.symbol.stepVolume)
    demand("TRADING_BAD_VOLUME" in course.kinds, f"{', '.join(course.kinds)} came")


@_case("A position that does not exist cannot be closed: POSITION_NOT_FOUND", "close-unknown")
async def _noPosition(bench: Bench) -> None:
    trader = await Trader.on(bench)
    course = await trader.close(_NEVER, trader.symbol.minVolume)
    expect(course.refusal, ProtoOAOrderErrorEvent, "POSITION_NOT_FOUND")


@_case("While a close is under way, another one is refused with POSITION_LOCKED", "close-locked")
async def _locked(bench: Bench) -> None:
    trader = await Trader.on(bench)
    least = trader.symbol.minVolume
    positionId = (await trader.market(volume=2 * least)).first(Kind.ORDER_FILLED).position.positionId
    await trader.close(positionId, least, lambda each: each.first(Kind.ORDER_ACCEPTED))
    course = await trader.close(positionId, least, lambda each: each.received)
    if course.refusal is None:
        undecided("the first close was over too soon")
    decideCode(bench, "close-locked", CloseLocked, course.refusal, CloseLocked.LOCKED)


@_case("An order with a position's id adds to it, at the mean price", "increase")
async def _increase(bench: Bench) -> None:
    trader = await Trader.on(bench)
    first = (await trader.market()).first(Kind.ORDER_FILLED)
    second = (await trader.market(positionId=first.position.positionId)).first(Kind.ORDER_FILLED)
    demand(second.position.positionId == first.position.positionId, "it opens another one")
    demand(second.position.tradeData.volume == 2 * first.position.tradeData.volume, "the volumes do not add up")
    prices = sorted((first.deal.executionPrice, second.deal.executionPrice))
    demand(prices[0] - 1e-5 <= second.position.price <= prices[1] + 1e-5, "the price is no mean")


@_case("An order with a position's id on the other side closes as much of it", "decrease")
async def _decrease(bench: Bench) -> None:
    trader = await Trader.on(bench)
    least = trader.symbol.minVolume
    positionId = (await trader.market(volume=2 * least)).first(Kind.ORDER_FILLED).position.positionId
    filled = (await trader.market(positionId=positionId, tradeSide=_SELL)).first(Kind.ORDER_FILLED)
    demand(filled.position.positionId == positionId and filled.position.tradeData.volume == least, "it does not")
    demand(filled.deal.HasField("closePositionDetail"), "the deal does not tell what it made")


@_case("A market range order within its range is filled", "market-range")
async def _range(bench: Bench) -> None:
    trader = await Trader.on(bench)
    course = await _ranged(trader, 1.0, 10_000)
    course.demanded(Kind.ORDER_FILLED)


@_case("A market range order out of its range is cancelled", "missed-range")
async def _missed(bench: Bench) -> None:
    course = await _ranged(await Trader.on(bench), 0.95, 1)
    ends = [each for each in course.kinds if each in ("ORDER_CANCELLED", "ORDER_REJECTED")]
    demand(ends and "ORDER_FILLED" not in course.kinds, f"{', '.join(course.kinds)} came")
    bench.decide("missed-range", ends == ["ORDER_REJECTED"], default=False, words=ends[0])


@_case("What the free margin does not cover is refused with NOT_ENOUGH_MONEY", "not-enough-money",
       onlySimulated="where the money is enough, it would be bought")  # fmt: skip
async def _money(bench: Bench) -> None:
    trader = await Trader.on(bench)
    course = await trader.follow(trader.order(volume=trader.symbol.maxVolume), lambda each: False, anyway=True)
    if "MARKET_CLOSED" in course.kinds:
        undecided("an order was refused with MARKET_CLOSED")
    demand("NOT_ENOUGH_MONEY" in course.kinds, f"{', '.join(course.kinds)} came")


@_case(
    "Opening does not change the balance; closing does, by what the deal tells", "balance-of-close", "balance-update"
)
async def _balance(bench: Bench) -> None:
    trader = await Trader.on(bench)
    before = await _trader(trader)
    opened = (await trader.market()).first(Kind.ORDER_FILLED)
    demand((await _trader(trader)).balance == before.balance, "opening changed it")
    mark = trader.link.mark
    course = await trader.close(opened.position.positionId, opened.position.tradeData.volume)
    detail = course.demanded(Kind.ORDER_FILLED).deal.closePositionDetail
    made = detail.grossProfit + detail.swap + detail.commission + detail.pnlConversionFee
    if detail.balanceVersion != before.balanceVersion + 1:
        undecided("something else changed the balance meanwhile")
    demand(detail.balance == before.balance + made, "the balance of the deal is not the sum of its parts")
    demand((await _trader(trader)).balance == detail.balance, "the trader has another balance")
    told = await trader.link.event(ProtoOATraderUpdatedEvent, 3, mark) is not None
    words = f"the trader is {'' if told else 'not '}told anew"
    bench.decide("balance-update", told, default=False, words=words)


@_case("Assets are converted at the middle between bid and ask", "conversion-price")
async def _conversion(bench: Bench) -> None:
    trader = await Trader.on(bench)
    light = next(each for each in bench.world.lights if each.symbolId == trader.symbol.symbolId)
    if light.quoteAssetId != (await _trader(trader)).depositAssetId:
        undecided("the money of the account is not what the symbol is quoted in")
    rate = (await trader.market()).first(Kind.ORDER_FILLED).deal.marginRate * 100_000
    bid, ask = await trader.quote()
    atMiddle, atBid = abs(rate - (bid + ask) / 2) < _CLOSE, abs(rate - bid) < _CLOSE
    if atMiddle == atBid:
        undecided("the price has moved, or bid and ask are too near to each other")
    bench.decide("conversion-price", atBid, default=False, words=f"at the {'bid' if atBid else 'middle'}")


@_case("Events of one connection's orders come on others, with its ids", "foreign-ids")
async def _foreign(bench: Bench) -> None:
    trader, other = await Trader.on(bench), await bench.account()
    course = await trader.pending()
    course.demanded(Kind.ORDER_ACCEPTED)
    event = await other.event(ProtoOAExecutionEvent, 15)
    demand(event is not None, "the other connection hears nothing")
    seen = next(each for each in other.received if each.message is event)
    demand(seen.clientMsgId == course.clientMsgId, "the event has another id there")


@_case("On a netted account an order on the same side adds to the position", "netted-increase")
async def _nettedIncrease(bench: Bench) -> None:
    trader = await _netted(bench)
    first = (await trader.market()).first(Kind.ORDER_FILLED).position
    second = (await trader.market()).first(Kind.ORDER_FILLED).position
    demand(second.positionId == first.positionId, "it opens another position")
    demand(second.tradeData.volume == 2 * first.tradeData.volume, "the volumes do not add up")


@_case("On a netted account a larger order turns the position round, with two deals", "netted-flip", "flip-new-id")
async def _nettedFlip(bench: Bench) -> None:
    trader = await _netted(bench)
    first = (await trader.market()).first(Kind.ORDER_FILLED).position
    course = await trader.market(tradeSide=_SELL, volume=3 * trader.symbol.minVolume)
    last = course.first(Kind.ORDER_FILLED).position
    demand(last.tradeData.tradeSide == _SELL and last.tradeData.volume == 2 * first.tradeData.volume, "it does not")
    closing = [each for each in course.messages if each.deal.HasField("closePositionDetail")]
    demand(len(closing) == 1, "no deal closes the old one")
    isNew = last.positionId != first.positionId
    bench.decide("flip-new-id", isNew, words=f"the id is {'another one' if isNew else 'the same'}")


async def _refused(trader: Trader, code: str, form: Any = None, **fields: Any) -> None:
    course = await trader.follow(trader.order(**fields), lambda each: each.first(Kind.ORDER_FILLED))
    demand(course.refusal and codeOf(course.refusal) == code, f"{', '.join(course.kinds)} came, and not {code}")
    forms = (ProtoOAErrorRes, ProtoOAOrderErrorEvent) if form is None else form
    demand(isinstance(course.refusal, forms), f"the refusal is {nameOf(course.refusal)}")


async def _ranged(trader: Trader, share: float, points: int) -> Course:
    _, ask = await trader.quote()
    request = trader.order(
        orderType=ProtoOAOrderType.MARKET_RANGE, baseSlippagePrice=trader.price(ask * share), slippageInPoints=points
    )
    ends = (Kind.ORDER_FILLED, Kind.ORDER_CANCELLED, Kind.ORDER_REJECTED)
    return await trader.follow(request, lambda course: any(course.first(kind) for kind in ends))


async def _trader(trader: Trader) -> Any:
    answer = await trader.link.ask(ProtoOATraderReq(ctidTraderAccountId=trader.accountId))
    return expect(answer, ProtoOATraderRes).trader


async def _netted(bench: Bench) -> Trader:
    accountId = bench.world.nettedId
    if accountId is None:
        undecided("no netted account is known")
    return await Trader.on(bench, accountId=accountId)
