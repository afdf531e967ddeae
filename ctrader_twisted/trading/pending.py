"""
Orders that wait for their price.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from attrs import frozen

from ctrader_twisted.schema.messages import ProtoOAOrder, ProtoOAOrderType
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.trading.deals import Side

__all__ = ["PendingOrder", "PendingOrders"]

_PENDING = (ProtoOAOrderType.LIMIT, ProtoOAOrderType.STOP, ProtoOAOrderType.STOP_LIMIT)


@frozen(kw_only=True)
class PendingOrder:
    """
    An order that waits for its price, as it was last told.

    @ivar orderId: the server's number for it.
    @ivar clientOrderId: the number that its client gave it; may be empty.
    @ivar symbolId: the symbol.
    @ivar side: its direction.
    @ivar kind: C{LIMIT}, C{STOP} or C{STOP_LIMIT}.
    @ivar volume: its whole volume, in hundredths of a unit.
    @ivar executedVolume: how much of it was filled already.
    @ivar limitPrice: its limit, or L{None}.
    @ivar stopPrice: the price that triggers it, or L{None}.
    @ivar label: its label.
    @ivar comment: its comment.
    @ivar positionId: the position that it will open, or works on; L{None} if the server did not tell.
    """

    orderId: int
    clientOrderId: str
    symbolId: int
    side: Side
    kind: str
    volume: int
    executedVolume: int
    limitPrice: Decimal | None
    stopPrice: Decimal | None
    label: str
    comment: str
    positionId: int | None


class PendingOrders:
    """
    All orders of the account that wait for their price. Protective orders are a part of their positions, and market
    orders do not wait.
    """

    def __init__(self, amounts: Amounts) -> None:
        """
        @param amounts: reads the numbers.
        """
        self._amounts = amounts
        self._waiting: dict[int, PendingOrder] = {}

    def all(self) -> tuple[PendingOrder, ...]:
        """
        @return: the orders, in the order in which they came.
        """
        return tuple(self._waiting.values())

    def put(self, order: ProtoOAOrder) -> None:
        """
        An order waits, or has changed.

        @param order: the order; one of another kind is none of ours.
        """
        if order.orderType in _PENDING:
            self._waiting[order.orderId] = self._read(order)

    def remove(self, orderId: int) -> None:
        """
        An order has ended.

        @param orderId: the order.
        """
        self._waiting.pop(orderId, None)

    def reconciled(self, orders: Iterable[ProtoOAOrder]) -> None:
        """
        Take in what the server holds after a login.

        @param orders: the server's orders.
        """
        self._waiting.clear()
        for order in orders:
            self.put(order)

    def _read(self, order: ProtoOAOrder) -> PendingOrder:
        data = order.tradeData
        return PendingOrder(
            orderId=order.orderId,
            clientOrderId=order.clientOrderId,
            symbolId=data.symbolId,
            side=Side(data.tradeSide),
            kind=ProtoOAOrderType.Name(order.orderType),
            volume=data.volume,
            executedVolume=order.executedVolume,
            limitPrice=self._amounts.price(order.limitPrice, data.symbolId),
            stopPrice=self._amounts.price(order.stopPrice, data.symbolId),
            label=data.label,
            comment=data.comment,
            positionId=order.positionId or None,
        )
