"""
The state of an account: its money, positions and orders.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAOrderType,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
    ProtoOATraderReq,
    ProtoOATraderRes,
)
from ctrader_twisted.simulator.call import Call, Requests

__all__ = ["ACCOUNT"]


def _trader(call: Call[ProtoOATraderReq]) -> None:
    call.reply(ProtoOATraderRes(trader=call.account.trader()))


def _reconcile(call: Call[ProtoOAReconcileReq]) -> None:
    account = call.account
    hidden = {ProtoOAOrderType.MARKET}
    if not call.message.returnProtectionOrders:
        hidden.add(ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT)
    call.reply(
        ProtoOAReconcileRes(
            position=account.openPositions(),
            order=[order for order in account.orders.values() if order.orderType not in hidden],
        )
    )


ACCOUNT: Requests = {
    ProtoOATraderReq: _trader,
    ProtoOAReconcileReq: _reconcile,
}
"""
The requests of this group.
"""
