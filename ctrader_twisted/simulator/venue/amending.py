"""
Changes of a position's stop loss and take profit.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import ProtoOAAmendPositionSLTPReq, ProtoOAPosition, ProtoOATradeSide
from ctrader_twisted.simulator.refusal import Refusal, TradeRefusal
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.checks import checkDigits, checkGap, checkGuarantee
from ctrader_twisted.simulator.venue.closing import openPositionOf
from ctrader_twisted.simulator.venue.guarantees import chargeGuarantee
from ctrader_twisted.simulator.venue.prices import fromDouble, opposite, toDouble
from ctrader_twisted.simulator.venue.protection import Levels, levelsOf, setLevels
from ctrader_twisted.simulator.venue.venue import Cause, Venue

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
    for price in (request.stopLoss, request.takeProfit):
        checkDigits(price, venue.catalogue.full(position.tradeData.symbolId), venue.settings)
    levels = _wanted(request, position)
    if levels == levelsOf(position):
        raise Refusal("INVALID_REQUEST", "Nothing to amend.")
    _checkSides(venue, position, levels)
    _checkGuarantee(venue, position, levels)
    _checkGaps(venue, position, levels)
    if levels.guaranteed and not position.guaranteedStopLoss:
        chargeGuarantee(venue, account, position.tradeData.symbolId, position.tradeData.volume)
    setLevels(venue, account, position, levels, Cause(clientMsgId))


def _wanted(request: ProtoOAAmendPositionSLTPReq, position: ProtoOAPosition) -> Levels:
    """
    A price of zero is no level; the flags keep their values where the request leaves them out.
    """
    stopLoss = fromDouble(request.stopLoss) or None
    takeProfit = fromDouble(request.takeProfit) or None
    given = request.HasField("trailingStopLoss")
    trailing = request.trailingStopLoss if given else position.trailingStopLoss
    if stopLoss is None and (given or trailing):
        words = "Can't set Trailing Stop Loss parameter without specified Stop Loss"
        raise Refusal("INVALID_REQUEST", words)
    asked = request.HasField("guaranteedStopLoss")
    guaranteed = request.guaranteedStopLoss if asked else position.guaranteedStopLoss
    return Levels(stopLoss, takeProfit, trailing, guaranteed, request.stopLossTriggerMethod)


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


def _checkGuarantee(venue: Venue, position: ProtoOAPosition, levels: Levels) -> None:
    """
    What is guaranteed may only get better.
    """
    if position.guaranteedStopLoss:
        sign = 1 if position.tradeData.tradeSide == ProtoOATradeSide.BUY else -1
        stop = fromDouble(position.stopLoss)
        if not levels.guaranteed or levels.stopLoss is None or sign * (levels.stopLoss - stop) < 0:
            words = f"The guaranteed stop loss of position {position.positionId} may not get worse"
            raise TradeRefusal("WORSE_GSL_NOT_ALLOWED", words, positionId=position.positionId)
    elif levels.guaranteed:
        checkGuarantee(venue.catalogue.full(position.tradeData.symbolId), hasStop=levels.stopLoss is not None)


def _checkGaps(venue: Venue, position: ProtoOAPosition, levels: Levels) -> None:
    """
    Only what changes is held against the least distances.
    """
    trade, old = position.tradeData, levelsOf(position)
    symbol, market = venue.catalogue.full(trade.symbolId), venue.price(trade.symbolId, opposite(trade.tradeSide))
    stopChanges = (levels.stopLoss, levels.guaranteed) != (old.stopLoss, old.guaranteed)
    if levels.stopLoss is not None and stopChanges:
        checkGap(symbol, abs(market - levels.stopLoss), market, isStop=True, isGuaranteed=levels.guaranteed)
    if levels.takeProfit not in (None, old.takeProfit):
        assert levels.takeProfit is not None
        checkGap(symbol, abs(levels.takeProfit - market), market, isStop=False, isGuaranteed=False)


def _badStops(leg: str, side: str, relation: str, quote: str, market: int, price: int) -> TradeRefusal:
    words = (
        f"New {leg} for {side} position should be {relation} current {quote} price. "
        f"current {quote}: {toDouble(market)}, {leg}: {toDouble(price)}"
    )
    return TradeRefusal("TRADING_BAD_STOPS", words, orderId=0, positionId=0)
