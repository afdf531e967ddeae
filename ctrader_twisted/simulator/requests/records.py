"""
What an account did before: its deals and orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ctrader_twisted.schema.messages import (
    ProtoOADeal,
    ProtoOADealListByPositionIdReq,
    ProtoOADealListByPositionIdRes,
    ProtoOADealListReq,
    ProtoOADealListRes,
    ProtoOADealOffset,
    ProtoOADealOffsetListReq,
    ProtoOADealOffsetListRes,
    ProtoOAOrder,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderDetailsRes,
    ProtoOAOrderListByPositionIdReq,
    ProtoOAOrderListByPositionIdRes,
    ProtoOAOrderListReq,
    ProtoOAOrderListRes,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.requests.boundaries import LATEST, checkSpan
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.offsets import matches

__all__ = ["RECORDS"]

_RecordT = TypeVar("_RecordT")


def _dealList(call: Call[ProtoOADealListReq]) -> None:
    chunk = call.exchange.settings.dealChunk
    if call.message.maxRows > 0:
        chunk = min(chunk, call.message.maxRows)
    found = _within(call, call.account.deals.values(), _executed)
    call.reply(ProtoOADealListRes(deal=map(_listed, found[:chunk]), hasMore=len(found) > chunk))


def _dealsOfPosition(call: Call[ProtoOADealListByPositionIdReq]) -> None:
    chunk = call.exchange.settings.dealChunk
    deals = (deal for deal in call.account.deals.values() if deal.positionId == call.message.positionId)
    if call.exchange.settings.zeroStartRefused and call.message.HasField("fromTimestamp"):
        checkSpan(call.message.fromTimestamp - 1, LATEST)
    found = _within(call, deals, _executed)
    call.reply(ProtoOADealListByPositionIdRes(deal=map(_listed, found[:chunk]), hasMore=len(found) > chunk))


def _orderList(call: Call[ProtoOAOrderListReq]) -> None:
    chunk = call.exchange.settings.dealChunk
    moment = _updated if call.exchange.settings.ordersByUpdate else _opened
    found = _within(call, sorted(_orders(call.account), key=moment), moment)
    call.reply(ProtoOAOrderListRes(order=found[:chunk], hasMore=len(found) > chunk))


def _ordersOfPosition(call: Call[ProtoOAOrderListByPositionIdReq]) -> None:
    chunk, positionId = call.exchange.settings.dealChunk, call.message.positionId
    # An order that turns a netted position round names the new one, and was one of the old one, too.
    dealt = {deal.orderId for deal in call.account.deals.values() if deal.positionId == positionId}
    orders = (order for order in _orders(call.account) if order.positionId == positionId or order.orderId in dealt)
    # Of this list alone it is known that the newest come first.
    found = _within(call, orders, _updated, newestFirst=True)
    call.reply(ProtoOAOrderListByPositionIdRes(order=found[:chunk], hasMore=len(found) > chunk))


def _orders(account: TradingAccount) -> list[ProtoOAOrder]:
    return sorted([*account.ended.values(), *account.orders.values()], key=_updated)


def _orderDetails(call: Call[ProtoOAOrderDetailsReq]) -> None:
    account, orderId = call.account, call.message.orderId
    order = account.findOrder(orderId)
    if order is None:
        words = f"Order {orderId} not found or not belong to trader {account.terms.traderLogin}"
        raise Refusal("ORDER_NOT_FOUND", words)
    deals = [_listed(deal) for deal in account.deals.values() if deal.orderId == orderId]
    call.reply(ProtoOAOrderDetailsRes(order=order, deal=deals))


def _offsets(call: Call[ProtoOADealOffsetListReq]) -> None:
    account, dealId = call.account, call.message.dealId
    deal = account.deals.get(dealId)
    if deal is None:
        raise Refusal("ENTITY_NOT_FOUND", f"Deal not found with id {dealId}")
    answer = ProtoOADealOffsetListRes()
    for opening, closing, volume in matches(account, deal.positionId):
        if opening.dealId == dealId:
            answer.offsetBy.append(_offset(closing, volume))
        elif closing.dealId == dealId:
            answer.offsetting.append(_offset(opening, volume))
    call.reply(answer)


def _offset(deal: ProtoOADeal, volume: int) -> ProtoOADealOffset:
    return ProtoOADealOffset(
        dealId=deal.dealId,
        volume=volume,
        executionTimestamp=deal.executionTimestamp,
        executionPrice=deal.executionPrice,
    )


def _within(
    call: Call[ProtoOADealListReq]
    | Call[ProtoOADealListByPositionIdReq]
    | Call[ProtoOAOrderListReq]
    | Call[ProtoOAOrderListByPositionIdReq],
    records: Iterable[_RecordT],
    moment: Callable[[_RecordT], int],
    *,
    newestFirst: bool = False,
) -> list[_RecordT]:
    """
    Choose the records of the request's span, newest first unless the settings say otherwise.
    """
    request, settings = call.message, call.exchange.settings
    start, end = request.fromTimestamp, request.toTimestamp if request.HasField("toTimestamp") else LATEST
    isWhole = request.HasField("fromTimestamp") and request.HasField("toTimestamp")
    checkSpan(start, end, week=settings.weekEnforced and isWhole)
    found = [record for record in records if start <= moment(record) <= end]
    return found[::-1] if newestFirst or settings.newestFirst else found


def _executed(deal: ProtoOADeal) -> int:
    return deal.executionTimestamp


def _updated(order: ProtoOAOrder) -> int:
    return order.utcLastUpdateTimestamp


def _opened(order: ProtoOAOrder) -> int:
    return order.tradeData.openTimestamp


def _listed(deal: ProtoOADeal) -> ProtoOADeal:
    """
    In lists, unlike in events, a deal's last update is its creation.
    """
    listed = ProtoOADeal()
    listed.CopyFrom(deal)
    listed.utcLastUpdateTimestamp = deal.createTimestamp
    return listed


RECORDS: Requests = {
    ProtoOADealListReq: _dealList,
    ProtoOADealListByPositionIdReq: _dealsOfPosition,
    ProtoOAOrderListReq: _orderList,
    ProtoOAOrderListByPositionIdReq: _ordersOfPosition,
    ProtoOAOrderDetailsReq: _orderDetails,
    ProtoOADealOffsetListReq: _offsets,
}
"""
The requests of this group.
"""
