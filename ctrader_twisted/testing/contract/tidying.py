"""
Ends what a case has left: its orders and positions, which the mark of the suite tells from all others.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.schema.messages import (
    ProtoOACancelOrderReq,
    ProtoOAClosePositionReq,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
)
from ctrader_twisted.testing.contract.bench import Bench, expect
from ctrader_twisted.testing.contract.link import Broken, Link

__all__ = ["tidy"]

_TRIES = 6
_PAUSE = 1.0


async def tidy(bench: Bench) -> str:
    """
    Cancel the orders and close the positions of the suite.

    @param bench: of the case that is over.
    @return: what is left all the same, in words; empty for nothing.
    """
    words = ""
    for accountId, link in sorted(bench.opened.items()):
        try:
            words += await _tidyAccount(bench, await bench.account(accountId) if link.isOver else link, accountId)
        except (Broken, CTraderError):
            words += "the account could not be looked at; "
    return words.removesuffix("; ")


async def _tidyAccount(bench: Bench, link: Link, accountId: int) -> str:
    positions: list[Any] = []
    orders: list[Any] = []
    for _ in range(_TRIES):
        state = expect(await link.ask(ProtoOAReconcileReq(ctidTraderAccountId=accountId)), ProtoOAReconcileRes)
        orders = [each for each in state.order if each.tradeData.label == bench.world.label]
        positions = [each for each in state.position if each.tradeData.label == bench.world.label]
        if not orders and not positions:
            return ""
        for order in orders:
            await link.ask(ProtoOACancelOrderReq(ctidTraderAccountId=accountId, orderId=order.orderId))
        for position in positions:
            held = position.tradeData.volume
            await link.ask(
                ProtoOAClosePositionReq(ctidTraderAccountId=accountId, positionId=position.positionId, volume=held)
            )
        await link.rest(_PAUSE)
    return f"orders: {len(orders)}, positions: {len(positions)}, with the label {bench.world.label}; "
