"""
Changes that went out and were not answered: what the account's state tells of them later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, succeed

from ctrader_twisted.schema.messages import (
    ProtoOAAmendOrderReq,
    ProtoOAAmendPositionSLTPReq,
    ProtoOACancelOrderReq,
    ProtoOAClosePositionReq,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOAReconcileRes,
)
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.trading.position import HeldPosition

__all__ = ["Before", "Change", "ChangeStatus"]

_POINT = 100_000
_NOISE = 1e-9


class ChangeStatus(Enum):
    """
    What became of a change. Changes carry no id, so C{DONE} says that all is as it was wanted, and not whether this
    request did it or another client's; C{NOT_DONE} that it is not; C{UNTOLD} that it cannot be found out.
    """

    UNKNOWN = "unknown"
    DONE = "done, author unknown"
    NOT_DONE = "not done"
    UNTOLD = "untold"


@frozen
class Before:
    """
    What was known of a position before the change was sent.

    @ivar volume: what it held, in hundredths of a unit.
    @ivar updated: when it was changed last, in the server's milliseconds since 1970.
    """

    volume: int
    updated: int

    @classmethod
    def of(cls, position: HeldPosition | None) -> Before:
        """
        @param position: the position, or L{None} if it is not known.
        @return: what is known of it.
        """
        return cls(0, 0) if position is None else cls(position.volume, position.updated)


class Change:
    """
    A cancel, amendment, protection or close of unknown outcome. It is not sent again.

    @ivar message: the request.
    @ivar subject: what it was to change: a position, an order or a trade.
    @ivar status: what became of it.
    """

    def __init__(self, message: Any, subject: object, before: Before) -> None:
        """
        @param message: the request.
        @param subject: what it was to change.
        @param before: what was known of its position before.
        """
        self.message = message
        self.subject = subject
        self.status = ChangeStatus.UNKNOWN
        self._before = before
        self._waiters: Waiters[Change] = Waiters()

    def __repr__(self) -> str:
        return f"<Change {type(self.message).__name__} of {self.subject}: {self.status.value}>"

    def whenResolved(self) -> Deferred[Change]:
        """
        Wait until it is known what became of it, or that it cannot be found out.

        @return: fires with this change; C{status} tells.
        """
        return self._waiters.wait() if self.status is ChangeStatus.UNKNOWN else succeed(self)

    def compare(self, state: ProtoOAReconcileRes, orders: Collection[ProtoOAOrder]) -> ChangeStatus:
        """
        Hold what was wanted against what the server holds now.

        @param state: the open positions.
        @param orders: all orders that may have to do with it.
        @return: C{DONE}; C{NOT_DONE} if it will not be done any more; C{UNKNOWN} if it is not done as yet.
        """
        return _COMPARISONS[type(self.message)](self.message, self._before, state, orders)

    def resolve(self, status: ChangeStatus) -> None:
        """
        It is known what became of it.

        @param status: what.
        """
        self.status = status
        self._waiters.fire(self)


def _cancelled(
    message: ProtoOACancelOrderReq, before: Before, state: ProtoOAReconcileRes, orders: Collection[ProtoOAOrder]
) -> ChangeStatus:
    order = _order(message.orderId, orders)
    if order is None or order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED:
        return ChangeStatus.UNKNOWN
    isCancelled = order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_CANCELLED
    return ChangeStatus.DONE if isCancelled else ChangeStatus.NOT_DONE


def _amended(
    message: ProtoOAAmendOrderReq, before: Before, state: ProtoOAReconcileRes, orders: Collection[ProtoOAOrder]
) -> ChangeStatus:
    order = _order(message.orderId, orders)
    if order is None:
        return ChangeStatus.UNKNOWN
    if _isSo(message, order):
        return ChangeStatus.DONE
    isWaiting = order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_ACCEPTED
    return ChangeStatus.UNKNOWN if isWaiting else ChangeStatus.NOT_DONE


def _protected(
    message: ProtoOAAmendPositionSLTPReq, before: Before, state: ProtoOAReconcileRes, orders: Collection[ProtoOAOrder]
) -> ChangeStatus:
    position = _position(message.positionId, state)
    if position is None:
        return ChangeStatus.NOT_DONE
    isTrailing = message.trailingStopLoss if message.HasField("trailingStopLoss") else position.trailingStopLoss
    isDone = (
        # A stop that trails has moved since.
        (isTrailing or _same(position.stopLoss, message.stopLoss))
        and bool(position.stopLoss) == bool(message.stopLoss)
        and _same(position.takeProfit, message.takeProfit)
        and position.trailingStopLoss == isTrailing
    )
    return ChangeStatus.DONE if isDone else ChangeStatus.UNKNOWN


def _closed(
    message: ProtoOAClosePositionReq, before: Before, state: ProtoOAReconcileRes, orders: Collection[ProtoOAOrder]
) -> ChangeStatus:
    position = _position(message.positionId, state)
    isFilled = any(_closes(order, message, before) for order in orders)
    if isFilled or (before.volume and (position.tradeData.volume if position else 0) == before.volume - message.volume):
        return ChangeStatus.DONE
    return ChangeStatus.NOT_DONE if position is None else ChangeStatus.UNKNOWN


def _closes(order: ProtoOAOrder, message: ProtoOAClosePositionReq, before: Before) -> bool:
    return (
        order.closingOrder
        and order.positionId == message.positionId
        and order.orderType == ProtoOAOrderType.MARKET
        and order.orderStatus == ProtoOAOrderStatus.ORDER_STATUS_FILLED
        and order.tradeData.volume == message.volume
        # Earlier closes of as much are a part of what was known before.
        and order.utcLastUpdateTimestamp > before.updated
    )


def _isSo(message: ProtoOAAmendOrderReq, order: ProtoOAOrder) -> bool:
    data = order.tradeData
    price = order.limitPrice or order.stopPrice
    wanted = (
        ("volume", data.volume),
        ("limitPrice", order.limitPrice),
        ("stopPrice", order.stopPrice),
        ("expirationTimestamp", order.expirationTimestamp),
        ("slippageInPoints", order.slippageInPoints),
        ("trailingStopLoss", order.trailingStopLoss),
        ("guaranteedStopLoss", data.guaranteedStopLoss),
        ("stopTriggerMethod", order.stopTriggerMethod),
        ("relativeStopLoss", order.relativeStopLoss),
        ("relativeTakeProfit", order.relativeTakeProfit),
    )
    return all(_same(getattr(message, name), now) for name, now in wanted if message.HasField(name)) and (
        _isLevel(message, "stopLoss", order.stopLoss, order.relativeStopLoss, price)
        and _isLevel(message, "takeProfit", order.takeProfit, order.relativeTakeProfit, price)
    )


def _isLevel(message: ProtoOAAmendOrderReq, name: str, level: float, relative: int, price: float) -> bool:
    # The server may tell a level as its distance from the order's price.
    if not message.HasField(name):
        return message.HasField(f"relative{name[0].upper()}{name[1:]}") or not (level or relative)
    wanted = getattr(message, name)
    return _same(level, wanted) or round(abs(price - wanted) * _POINT) == relative


def _same(one: float, other: float) -> bool:
    return abs(one - other) < _NOISE


def _order(orderId: int, orders: Collection[ProtoOAOrder]) -> ProtoOAOrder | None:
    return next((order for order in orders if order.orderId == orderId), None)


def _position(positionId: int, state: ProtoOAReconcileRes) -> ProtoOAPosition | None:
    return next((position for position in state.position if position.positionId == positionId), None)


_COMPARISONS: dict[type[Any], Callable[[Any, Before, ProtoOAReconcileRes, Collection[ProtoOAOrder]], ChangeStatus]] = {
    ProtoOACancelOrderReq: _cancelled,
    ProtoOAAmendOrderReq: _amended,
    ProtoOAAmendPositionSLTPReq: _protected,
    ProtoOAClosePositionReq: _closed,
}
