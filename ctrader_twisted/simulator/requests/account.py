"""
The state of an account: its money, positions and orders.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAExpectedMargin,
    ProtoOAExpectedMarginReq,
    ProtoOAExpectedMarginRes,
    ProtoOAGetPositionUnrealizedPnLReq,
    ProtoOAGetPositionUnrealizedPnLRes,
    ProtoOAOrderType,
    ProtoOAPositionUnrealizedPnL,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
    ProtoOATraderReq,
    ProtoOATraderRes,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.venue.account import MONEY_DIGITS
from ctrader_twisted.simulator.venue.kinds import isPending
from ctrader_twisted.simulator.venue.margins import marginOf
from ctrader_twisted.simulator.venue.valuation import unrealised

__all__ = ["ACCOUNT"]


def _trader(call: Call[ProtoOATraderReq]) -> None:
    call.reply(ProtoOATraderRes(trader=call.account.trader()))


def _reconcile(call: Call[ProtoOAReconcileReq]) -> None:
    account = call.account
    orders = list(filter(isPending, account.orders.values()))
    if call.message.returnProtectionOrders:
        protective = ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT
        orders += (order for order in account.orders.values() if order.orderType == protective)
    call.reply(ProtoOAReconcileRes(position=account.openPositions(), order=orders))


def _unrealised(call: Call[ProtoOAGetPositionUnrealizedPnLReq]) -> None:
    answer = ProtoOAGetPositionUnrealizedPnLRes(moneyDigits=MONEY_DIGITS)
    for position in call.account.openPositions():
        gross, net = unrealised(call.exchange.venue, call.account, position)
        answer.positionUnrealizedPnL.append(
            ProtoOAPositionUnrealizedPnL(positionId=position.positionId, grossUnrealizedPnL=gross, netUnrealizedPnL=net)
        )
    call.reply(answer)


def _expectedMargin(call: Call[ProtoOAExpectedMarginReq]) -> None:
    symbol = call.exchange.catalogue.symbol(call.message.symbolId)
    if not call.message.volume:
        raise Refusal("INVALID_REQUEST", "Message missing required fields: volume")
    if min(call.message.volume) <= 0:
        raise Refusal("INVALID_REQUEST", f"{min(call.message.volume)} is not a volume")
    answer = ProtoOAExpectedMarginRes(moneyDigits=MONEY_DIGITS)
    for volume in call.message.volume:
        bought, sold = (
            marginOf(call.exchange.venue, call.account, symbol.symbolId, side, volume)
            for side in (ProtoOATradeSide.BUY, ProtoOATradeSide.SELL)
        )
        answer.margin.append(ProtoOAExpectedMargin(volume=volume, buyMargin=bought, sellMargin=sold))
    call.reply(answer)


ACCOUNT: Requests = {
    ProtoOATraderReq: _trader,
    ProtoOAReconcileReq: _reconcile,
    ProtoOAGetPositionUnrealizedPnLReq: _unrealised,
    ProtoOAExpectedMarginReq: _expectedMargin,
}
"""
The requests of this group.
"""
