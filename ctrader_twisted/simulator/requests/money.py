"""
An account's money: deposits and withdrawals, margin calls, and profit as it changes.
"""

from __future__ import annotations

from math import isfinite

from ctrader_twisted.schema.messages import (
    ProtoOACashFlowHistoryListReq,
    ProtoOACashFlowHistoryListRes,
    ProtoOAMarginCall,
    ProtoOAMarginCallListReq,
    ProtoOAMarginCallListRes,
    ProtoOAMarginCallUpdateEvent,
    ProtoOAMarginCallUpdateReq,
    ProtoOAMarginCallUpdateRes,
    ProtoOAv1PnLChangeSubscribeReq,
    ProtoOAv1PnLChangeSubscribeRes,
    ProtoOAv1PnLChangeUnSubscribeReq,
    ProtoOAv1PnLChangeUnSubscribeRes,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.requests.boundaries import checkSpan
from ctrader_twisted.simulator.venue.cashflow import toldFlow

__all__ = ["MONEY"]


def _cashFlow(call: Call[ProtoOACashFlowHistoryListReq]) -> None:
    start, end = call.message.fromTimestamp, call.message.toTimestamp
    checkSpan(start, end, week=True)
    records = [each for each in call.account.cashFlow.values() if start <= each.changeBalanceTimestamp <= end]
    settings = call.exchange.settings
    told = [toldFlow(each, settings) for each in records]
    call.reply(ProtoOACashFlowHistoryListRes(depositWithdraw=told[::-1] if settings.newestFirst else told))


def _marginCalls(call: Call[ProtoOAMarginCallListReq]) -> None:
    call.reply(ProtoOAMarginCallListRes(marginCall=call.account.marginCalls.values()))


def _updateMarginCall(call: Call[ProtoOAMarginCallUpdateReq]) -> None:
    wanted, exchange = call.message.marginCall, call.exchange
    if not isfinite(wanted.marginLevelThreshold) or wanted.marginLevelThreshold <= 0:
        raise Refusal("INVALID_REQUEST", f"{wanted.marginLevelThreshold} is not a margin level")
    changed = ProtoOAMarginCall(
        marginCallType=wanted.marginCallType,
        marginLevelThreshold=wanted.marginLevelThreshold,
        utcLastUpdateTimestamp=exchange.timeline.now(),
    )
    call.account.marginCalls[wanted.marginCallType] = changed
    call.reply(ProtoOAMarginCallUpdateRes())
    event = ProtoOAMarginCallUpdateEvent(ctidTraderAccountId=call.accountId, marginCall=changed)
    exchange.publish(call.accountId, event)
    exchange.changed()


def _subscribeProfit(call: Call[ProtoOAv1PnLChangeSubscribeReq]) -> None:
    valuations = call.exchange.valuations
    if valuations.isSubscribed(call.connection, call.accountId):
        raise Refusal("ALREADY_SUBSCRIBED", "Already subscribed to the PnL of the account")
    call.reply(ProtoOAv1PnLChangeSubscribeRes())
    valuations.subscribe(call.connection, call.accountId)


def _unsubscribeProfit(call: Call[ProtoOAv1PnLChangeUnSubscribeReq]) -> None:
    valuations = call.exchange.valuations
    if not valuations.isSubscribed(call.connection, call.accountId):
        raise Refusal("NOT_SUBSCRIBED_TO_PNL", "Not subscribed to the PnL of the account")
    valuations.unsubscribe(call.connection, call.accountId)
    call.reply(ProtoOAv1PnLChangeUnSubscribeRes())


MONEY: Requests = {
    ProtoOACashFlowHistoryListReq: _cashFlow,
    ProtoOAMarginCallListReq: _marginCalls,
    ProtoOAMarginCallUpdateReq: _updateMarginCall,
    ProtoOAv1PnLChangeSubscribeReq: _subscribeProfit,
    ProtoOAv1PnLChangeUnSubscribeReq: _unsubscribeProfit,
}
"""
The requests of this group.
"""
