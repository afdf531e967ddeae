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
    ProtoOAOrder,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderDetailsRes,
    ProtoOAOrderListReq,
    ProtoOAOrderListRes,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.requests.boundaries import LATEST, checkSpan

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
    found = _within(call, deals, _executed)
    call.reply(ProtoOADealListByPositionIdRes(deal=map(_listed, found[:chunk]), hasMore=len(found) > chunk))


def _orderList(call: Call[ProtoOAOrderListReq]) -> None:
    chunk = call.exchange.settings.dealChunk
    orders = [*call.account.ended.values(), *call.account.orders.values()]
    found = _within(call, sorted(orders, key=_updated), _updated)
    call.reply(ProtoOAOrderListRes(order=found[:chunk], hasMore=len(found) > chunk))


def _orderDetails(call: Call[ProtoOAOrderDetailsReq]) -> None:
    account, orderId = call.account, call.message.orderId
    order = account.findOrder(orderId)
    if order is None:
        words = f"Order {orderId} not found or not belong to trader {account.terms.traderLogin}"
        raise Refusal("ORDER_NOT_FOUND", words)
    deals = [_listed(deal) for deal in account.deals.values() if deal.orderId == orderId]
    call.reply(ProtoOAOrderDetailsRes(order=order, deal=deals))


def _within(
    call: Call[ProtoOADealListReq] | Call[ProtoOADealListByPositionIdReq] | Call[ProtoOAOrderListReq],
    records: Iterable[_RecordT],
    moment: Callable[[_RecordT], int],
) -> list[_RecordT]:
    """
    Choose the records of the request's span, newest first.
    """
    request = call.message
    start, end = request.fromTimestamp, request.toTimestamp if request.HasField("toTimestamp") else LATEST
    checkSpan(start, end)
    return [record for record in records if start <= moment(record) <= end][::-1]


def _executed(deal: ProtoOADeal) -> int:
    return deal.executionTimestamp


def _updated(order: ProtoOAOrder) -> int:
    return order.utcLastUpdateTimestamp


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
    ProtoOAOrderDetailsReq: _orderDetails,
}
"""
The requests of this group.
"""
