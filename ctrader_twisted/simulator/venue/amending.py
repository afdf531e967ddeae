"""
Changes of a position's stop loss and take profit.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import ProtoOAAmendPositionSLTPReq, ProtoOAPosition, ProtoOATradeSide
from ctrader_twisted.simulator.refusal import Refusal, TradeRefusal
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.checks import checkDigits, checkTrigger
from ctrader_twisted.simulator.venue.closing import openPositionOf
from ctrader_twisted.simulator.venue.prices import fromDouble, opposite, toDouble
from ctrader_twisted.simulator.venue.protection import Levels, levelsOf, setLevels
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["amendProtection"]


def amendProtection(
    venue: Venue, account: TradingAccount, request: ProtoOAAmendPositionSLTPReq, clientMsgId: str | None
) -> None:
    """
    Overwrite both levels of a position: a level that the request leaves out is removed.

    @param venue: where it is traded.
    @param account: whose position it is.
    @param request: the new levels.
    @param clientMsgId: the id of the request.
    @raise Refusal: if it is refused; then nothing has changed.
    """
    position = openPositionOf(account, request.positionId, locked="PENDING_EXECUTION")
    protection = account.protectionOf(position.positionId)
    if protection is not None and protection.orderId in venue.announcing:
        raise TradeRefusal(
            "PENDING_EXECUTION", f"Position {position.positionId} is being changed", positionId=position.positionId
        )
    checkTrigger(request.stopLossTriggerMethod, guaranteed=request.guaranteedStopLoss)
    for price in (request.stopLoss, request.takeProfit):
        checkDigits(price, venue.catalogue.full(position.tradeData.symbolId))
    levels = _wanted(request, position)
    if levels == levelsOf(position):
        raise Refusal("INVALID_REQUEST", "Nothing to amend.")
    _checkSides(venue, position, levels)
    setLevels(venue, account, position, levels, clientMsgId)


def _wanted(request: ProtoOAAmendPositionSLTPReq, position: ProtoOAPosition) -> Levels:
    """
    A price of zero is no level; the trailing flag keeps its value where the request leaves it out.
    """
    stopLoss = fromDouble(request.stopLoss) or None
    takeProfit = fromDouble(request.takeProfit) or None
    given = request.HasField("trailingStopLoss")
    trailing = request.trailingStopLoss if given else position.trailingStopLoss
    if stopLoss is None and (given or trailing):
        words = "Can't set Trailing Stop Loss parameter without specified Stop Loss"
        raise Refusal("INVALID_REQUEST", words)
    return Levels(stopLoss, takeProfit, trailing)


def _checkSides(venue: Venue, position: ProtoOAPosition, levels: Levels) -> None:
    side = position.tradeData.tradeSide
    isBuy = side == ProtoOATradeSide.BUY
    market = venue.price(position.tradeData.symbolId, opposite(side))
    words = ("BUY", "<", ">=", "BID") if isBuy else ("SELL", ">", "<=", "ASK")
    # For a sold position everything is the other way round.
    sign = 1 if isBuy else -1
    if levels.stopLoss is not None and sign * (market - levels.stopLoss) <= 0:
        raise _badStops("SL", words[0], words[1], words[3], market, levels.stopLoss)
    if levels.takeProfit is not None and sign * (levels.takeProfit - market) < 0:
        raise _badStops("TP", words[0], words[2], words[3], market, levels.takeProfit)


def _badStops(leg: str, side: str, relation: str, quote: str, market: int, price: int) -> TradeRefusal:
    words = (
        f"New {leg} for {side} position should be {relation} current {quote} price. "
        f"current {quote}: {toDouble(market)}, {leg}: {toDouble(price)}"
    )
    return TradeRefusal("TRADING_BAD_STOPS", words, orderId=0, positionId=0)
