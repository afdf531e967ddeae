"""
What a new price does to protected positions and to pending orders.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAOrderType,
    ProtoOASymbol,
    ProtoOATradeSide,
    ProtoOATradingMode,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.execution import attempt, endOrder, execute
from ctrader_twisted.simulator.venue.kinds import isBeyond, isDouble, isPending, withinLimit
from ctrader_twisted.simulator.venue.margins import remargin, tellMargins
from ctrader_twisted.simulator.venue.prices import fromDouble, toDouble
from ctrader_twisted.simulator.venue.schedule import isOpen
from ctrader_twisted.simulator.venue.venue import Cause, Venue

__all__ = ["expireOrders", "trigger"]

_BY_SERVER = Cause(None, isServerEvent=True)

# Enums look their values up by name each time.
_PROTECTION = ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT
_SELL = ProtoOATradeSide.SELL


def trigger(venue: Venue, symbolId: int, tick: Tick) -> None:
    """
    Close the positions whose levels a price has reached, let trailing stops follow it, and execute the pending orders
    that have waited for it.

    @param venue: where they are traded.
    @param symbolId: the symbol.
    @param tick: its new price.
    """
    for account in venue.accounts.values():
        if not account.orders:
            continue
        for order in [each for each in account.orders.values() if each.tradeData.symbolId == symbolId]:
            # One order may end others.
            if order.orderId not in account.orders:
                continue
            if order.orderType == _PROTECTION:
                _lookAtProtection(venue, account, order, tick)
            elif isPending(order) and order.orderId not in venue.executing:
                _lookAtPending(venue, account, order, tick)


def expireOrders(venue: Venue) -> None:
    """
    End the pending orders whose time is over, and come back when the next one's is.

    @param venue: where they are traded.
    """
    coming: list[int] = []
    for account in venue.accounts.values():
        for order in list(account.orders.values()):
            if not order.HasField("expirationTimestamp"):
                continue
            # What is just being executed expires afterwards, if anything is left of it.
            if _isOver(venue, order) and order.orderId not in venue.executing:
                endOrder(venue, account, order, ProtoOAOrderStatus.ORDER_STATUS_EXPIRED, _BY_SERVER)
            else:
                coming.append(max(order.expirationTimestamp, venue.now() + 1))
    venue.wakeAt(min(coming, default=None), expireOrders)


def _isOver(venue: Venue, order: ProtoOAOrder) -> bool:
    return order.HasField("expirationTimestamp") and order.expirationTimestamp <= venue.now()


def _lookAtProtection(venue: Venue, account: TradingAccount, order: ProtoOAOrder, tick: Tick) -> None:
    # The protection of a bought position sells, at the bid; all comparisons turn round for a sold one.
    price, sign = (tick.bid, 1) if order.tradeData.tradeSide == _SELL else (tick.ask, -1)
    hasStop, trails = order.HasField("stopPrice"), order.positionId in account.trails
    isTaken = order.HasField("limitPrice") and sign * (price - fromDouble(order.limitPrice)) >= 0
    # Mostly nothing is reached, which is seen sooner than whether it would matter.
    if not (isTaken or trails or (hasStop and (isDouble(order.stopTriggerMethod) or isBeyond(order, tick)))):
        return
    if order.orderId in venue.announcing or account.closingOf(order.positionId) is not None:
        return
    if not _isExecuted(venue.catalogue.full(order.tradeData.symbolId), venue.now(), closes=True):
        return
    isStopped = hasStop and _isTriggered(account, order, tick)
    if isStopped or isTaken:
        isGuaranteed = isStopped and order.tradeData.guaranteedStopLoss
        try:
            execute(venue, account, order, fromDouble(order.stopPrice) if isGuaranteed else price, _BY_SERVER)
        except TradeRefusal:
            # Without a price for the conversion the close has to wait for the next tick.
            return
    elif trails:
        _trail(venue, account, order, price, sign)


def _lookAtPending(venue: Venue, account: TradingAccount, order: ProtoOAOrder, tick: Tick) -> None:
    if _isOver(venue, order):
        endOrder(venue, account, order, ProtoOAOrderStatus.ORDER_STATUS_EXPIRED, _BY_SERVER)
        return
    symbolId = order.tradeData.symbolId
    if not _isExecuted(venue.catalogue.full(symbolId), venue.now(), closes=order.closingOrder):
        return
    waitsForStop = order.orderType in (ProtoOAOrderType.STOP, ProtoOAOrderType.STOP_LIMIT)
    if waitsForStop and not _isReleased(venue, account, order, tick):
        return
    price = tick.ask if order.tradeData.tradeSide == ProtoOATradeSide.BUY else tick.bid
    if order.orderType == ProtoOAOrderType.LIMIT and not withinLimit(order, price, 1):
        return
    attempt(venue, account, order, price, Cause(None, isServerEvent=venue.settings.pendingFillsAreServerEvents))


def _isReleased(venue: Venue, account: TradingAccount, order: ProtoOAOrder, tick: Tick) -> bool:
    """
    Tell whether a stop has been reached, now or before.
    """
    if order.orderId in account.triggered:
        return True
    if not _isTriggered(account, order, tick):
        return False
    account.triggered.add(order.orderId)
    venue.changed()
    return True


def _isExecuted(symbol: ProtoOASymbol, now: int, *, closes: bool) -> bool:
    """
    Tell whether a symbol's waiting orders are executed now: those that close a position, or others.
    """
    mode = symbol.tradingMode
    if mode == ProtoOATradingMode.DISABLED_WITHOUT_PENDINGS_EXECUTION:
        return False
    return (closes or mode != ProtoOATradingMode.CLOSE_ONLY_MODE) and isOpen(symbol, now)


def _isTriggered(account: TradingAccount, order: ProtoOAOrder, tick: Tick) -> bool:
    isReached = isBeyond(order, tick)
    if not isDouble(order.stopTriggerMethod):
        return isReached
    wasBeyond = order.orderId in account.beyond
    if isReached:
        account.beyond.add(order.orderId)
    else:
        account.beyond.discard(order.orderId)
    return isReached and wasBeyond


def _trailStep(venue: Venue, order: ProtoOAOrder) -> int:
    """
    @return: by what a trailing stop moves at least, in 1/100000 of a price unit.
    """
    pip: int = 10 ** (5 - venue.catalogue.symbol(order.tradeData.symbolId).pipPosition)
    return pip if venue.settings.trailsByPip else 1


def _trail(venue: Venue, account: TradingAccount, order: ProtoOAOrder, price: int, sign: int) -> None:
    before = fromDouble(order.stopPrice)
    step, moved = _trailStep(venue, order), sign * (price - before) - account.trails[order.positionId]
    if moved < step:
        return
    stop = before + sign * (moved // step) * step
    order.stopPrice = account.positions[order.positionId].stopLoss = toDouble(stop)
    event = ProtoOATrailingSLChangedEvent(
        ctidTraderAccountId=account.terms.accountId,
        positionId=order.positionId,
        orderId=order.orderId,
        stopPrice=order.stopPrice,
        utcLastUpdateTimestamp=venue.now(),
    )
    changed = remargin(venue, account, order.tradeData.symbolId) if account.terms.isLimitedRisk else []
    venue.publish(account.terms.accountId, event)
    tellMargins(venue, account, changed)
    venue.changed()
