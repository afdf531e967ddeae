"""
Whether an account's books agree with each other; a check for tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from ctrader_twisted.schema.messages import ProtoOAOrderType, ProtoOAPositionStatus
from ctrader_twisted.simulator.venue.account import TradingAccount

__all__ = ["contradictions"]

_PROTECTION = ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT


def contradictions(account: TradingAccount) -> list[str]:
    """
    Hold an account's books against each other: the balance is what it was before all that is remembered, and what
    deals, deposits and withdrawals have booked since; each position holds what its deals have left, and its
    protection is for as much; each position that holds nothing has an order.

    @param account: the account.
    @return: a sentence for each contradiction; nothing if there is none.
    """
    return [*_balance(account), *_volumes(account), *_orders(account), *_positions(account)]


def _balance(account: TradingAccount) -> Iterator[str]:
    expected = account.base + account.booked()
    if account.balance != expected:
        yield f"the balance is {account.balance}, and what was booked makes {expected}"


def _volumes(account: TradingAccount) -> Iterator[str]:
    left: dict[int, int] = {}
    if not account.remembersAllDeals:
        return
    for deal in account.deals.values():
        sign = -1 if deal.HasField("closePositionDetail") else 1
        left[deal.positionId] = left.get(deal.positionId, 0) + sign * deal.filledVolume
    for positionId, volume in left.items():
        position = account.positions.get(positionId)
        held = 0 if position is None else position.tradeData.volume
        if held != volume:
            yield f"position {positionId} holds {held}, and its deals make {volume}"


def _orders(account: TradingAccount) -> Iterator[str]:
    for order in account.orders.values():
        if order.orderId in account.ended:
            yield f"order {order.orderId} is both alive and ended"
        if order.executedVolume >= order.tradeData.volume:
            yield f"order {order.orderId} is executed whole, and alive"
        position = account.positions.get(order.positionId)
        held = 0 if position is None else position.tradeData.volume
        if order.orderType == _PROTECTION and order.tradeData.volume != held:
            yield f"order {order.orderId} protects {order.tradeData.volume}, and the position holds {held}"


def _positions(account: TradingAccount) -> Iterator[str]:
    expected = {order.positionId for order in account.orders.values()}
    for position in account.positions.values():
        isOpen = position.positionStatus == ProtoOAPositionStatus.POSITION_STATUS_OPEN
        if isOpen != (position.tradeData.volume > 0):
            yield f"position {position.positionId} has the status {position.positionStatus}, and the wrong volume"
        if not isOpen and position.positionId not in expected:
            yield f"position {position.positionId} is empty, and has no order"
