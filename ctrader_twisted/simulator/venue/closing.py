"""
Requests to close a position, or a part of it.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAClosePositionReq,
    ProtoOAExecutionType,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.checks import checkMode, checkOpen
from ctrader_twisted.simulator.venue.execution import executeSoon
from ctrader_twisted.simulator.venue.prices import opposite
from ctrader_twisted.simulator.venue.records import closingOrder
from ctrader_twisted.simulator.venue.venue import Cause, Venue

__all__ = ["checkPart", "closePosition", "openPositionOf"]


def closePosition(
    venue: Venue, account: TradingAccount, request: ProtoOAClosePositionReq, clientMsgId: str | None
) -> None:
    """
    Accept the close of a position, or of a part of it.

    @param venue: where it is traded.
    @param account: whose position it is.
    @param request: what to close.
    @param clientMsgId: the id of the request.
    @raise TradeRefusal: if it is refused.
    """
    position = openPositionOf(account, request.positionId, locked=venue.settings.closeLocked.value)
    specification = venue.specification(account, position.tradeData.symbolId)
    checkPart(request.volume, position, specification.stepVolume)
    checkMode(specification, opposite(position.tradeData.tradeSide), onlyCloses=True)
    checkOpen(specification, venue.now())
    order = closingOrder(
        venue, position, request.volume, ProtoOAOrderType.MARKET, ProtoOATimeInForce.IMMEDIATE_OR_CANCEL
    )
    account.orders[order.orderId] = order
    venue.tell(account, ProtoOAExecutionType.ORDER_ACCEPTED, order, position, cause=Cause(clientMsgId))
    executeSoon(venue, account, order, clientMsgId)


def openPositionOf(account: TradingAccount, positionId: int, *, locked: str) -> ProtoOAPosition:
    """
    Find a position that is open and that is not just being closed.

    @param account: whose position it should be.
    @param positionId: the position.
    @param locked: the code of the refusal if something is happening to it.
    @raise TradeRefusal: if there is no such position.
    """
    position = account.positions.get(positionId)
    if position is None:
        raise TradeRefusal("POSITION_NOT_FOUND", f"Position not found with id {positionId}", positionId=0)
    if position.positionStatus != ProtoOAPositionStatus.POSITION_STATUS_OPEN:
        raise TradeRefusal("POSITION_NOT_OPEN", f"Position {positionId} is not open", positionId=positionId)
    if account.closingOf(positionId) is not None:
        raise TradeRefusal(locked, f"Position {positionId} is being changed", positionId=positionId)
    return position


def checkPart(volume: int, position: ProtoOAPosition, step: int) -> None:
    """
    Refuse to close what a position does not hold.

    @param volume: what is to be closed, in 1/100 of a unit.
    @param position: the position.
    @param step: what a volume must be a multiple of, unless it is the whole.
    @raise TradeRefusal: if it is too much, or off the step.
    """
    held = position.tradeData.volume
    if not 0 < volume <= held or (volume % step and volume != held):
        words = f"Volume {volume} cannot be closed: the position holds {held}, the step is {step}"
        raise TradeRefusal("TRADING_BAD_VOLUME", words, positionId=position.positionId)
