"""
The execution of orders: at the market a moment after their acceptance, or when their price is there.
"""

from __future__ import annotations

from collections.abc import Iterator

from ctrader_twisted.schema.messages import (
    ProtoOADeal,
    ProtoOAExecutionType,
    ProtoOAOrder,
    ProtoOAOrderStatus,
    ProtoOAPosition,
    ProtoOAPositionStatus,
    ProtoOATimeInForce,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.booking import bookClosing, bookOpening
from ctrader_twisted.simulator.venue.cashflow import tellTrader
from ctrader_twisted.simulator.venue.checks import checkExposure, checkMode, checkOpen, checkShort
from ctrader_twisted.simulator.venue.guarantees import chargeGuarantee
from ctrader_twisted.simulator.venue.kinds import cannotWait, isPending, rests, withinLimit
from ctrader_twisted.simulator.venue.margins import remargin, tellMargins
from ctrader_twisted.simulator.venue.protection import followVolume, protect, wantedLevels
from ctrader_twisted.simulator.venue.records import Part, emptyPosition, rejectedDeal
from ctrader_twisted.simulator.venue.rejections import Rejection
from ctrader_twisted.simulator.venue.valuation import checkMoney
from ctrader_twisted.simulator.venue.venue import Cause, Venue

__all__ = ["attempt", "endOrder", "execute", "executeSoon", "resumeOrders"]


def executeSoon(venue: Venue, account: TradingAccount, order: ProtoOAOrder, clientMsgId: str | None) -> None:
    """
    Execute an order at the market after the venue's delay. Until then it can be neither cancelled nor changed.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param order: the order.
    @param clientMsgId: the id of the request that sent it.
    """
    venue.executing.add(order.orderId)
    venue.later(venue.settings.fillLatency, _executeNow, account, order, clientMsgId)


def resumeOrders(venue: Venue) -> None:
    """
    Go on with the orders that were accepted and not executed when the venue stopped.

    @param venue: the venue.
    """
    for account in venue.accounts.values():
        for order in account.orders.values():
            if cannotWait(order):
                executeSoon(venue, account, order, None)


def attempt(venue: Venue, account: TradingAccount, order: ProtoOAOrder, price: int, cause: Cause) -> None:
    """
    Execute an order whose time has come, as far as that is possible at a price; reject it if it is not allowed.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param order: the order; what is not executed of it stays in the book, or is cancelled, as its kind has it.
    @param price: the price of the market, in 1/100000 of a price unit.
    @param cause: why it happens now.
    """
    try:
        if withinLimit(order, price, venue.catalogue.symbol(order.tradeData.symbolId).point):
            execute(venue, account, order, price, cause)
        elif not rests(order):
            _endRest(venue, account, order, cause)
    except TradeRefusal as refusal:
        if refusal.code == "NO_QUOTES" and isPending(order):
            # Without a price for a conversion it has to wait for the next tick.
            return
        endOrder(venue, account, order, ProtoOAOrderStatus.ORDER_STATUS_REJECTED, cause, errorCode=refusal.code)


def execute(venue: Venue, account: TradingAccount, order: ProtoOAOrder, price: int, cause: Cause) -> None:
    """
    Execute an order at a price, as far as there is something to trade with.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param order: the order.
    @param price: the price of the execution, in 1/100000 of a price unit.
    @param cause: why it happens now.
    @raise TradeRefusal: if it is not allowed, or a price for a conversion is missing; nothing has changed then.
    """
    target = _target(account, order)
    parts = _parts(venue, order, target)
    executed = sum(parts)
    _checkLimits(venue, account, order, target, executed)
    if rejection := venue.rejectionOf(order):
        _turnDown(venue, account, order, rejection, cause)
        return
    isFirst = not order.executedVolume
    rest = order.tradeData.volume - order.executedVolume
    if order.timeInForce == ProtoOATimeInForce.FILL_OR_KILL and executed < rest:
        parts = []
    changed: dict[int, ProtoOAPosition] = {}
    for volume in parts:
        for position in _book(venue, account, order, Part(rest, volume, price), cause):
            changed[position.positionId] = position
        rest -= volume
    if rest and not rests(order):
        _endRest(venue, account, order, cause)
    for position in changed.values():
        isGrown = position.tradeData.volume and position.tradeData.tradeSide == order.tradeData.tradeSide
        # Levels may have been changed since an earlier part of the order set them.
        if isGrown and (isFirst or position.tradeData.openTimestamp == venue.now()):
            protect(venue, account, order, position, cause)
        else:
            followVolume(venue, account, position, cause)
        if not position.tradeData.volume:
            _dropBound(venue, account, position)


def endOrder(
    venue: Venue,
    account: TradingAccount,
    order: ProtoOAOrder,
    status: ProtoOAOrderStatus,
    cause: Cause,
    *,
    errorCode: str | None = None,
    deal: ProtoOADeal | None = None,
) -> None:
    """
    Take an order off the book, with its position if that never held anything, and tell of it.

    @param venue: where it is traded.
    @param account: whose order it is.
    @param order: the order.
    @param status: what became of it; cancelled, expired or rejected.
    @param cause: why it happens.
    @param errorCode: why it was rejected.
    @param deal: the deal that was not made of it.
    """
    now = venue.now()
    position = account.positions.get(order.positionId)
    if position is not None and position.positionStatus == ProtoOAPositionStatus.POSITION_STATUS_CREATED:
        position.positionStatus = ProtoOAPositionStatus.POSITION_STATUS_CLOSED
        position.utcLastUpdateTimestamp = now
        del account.positions[position.positionId]
    account.endOrder(order, status, now)
    venue.tell(account, _ENDS[status], order, position, deal, cause=cause, errorCode=errorCode)


def _turnDown(venue: Venue, account: TradingAccount, order: ProtoOAOrder, rejection: Rejection, cause: Cause) -> None:
    deal = None
    if venue.settings.rejectionsHaveDeals:
        deal = rejectedDeal(venue, order, rejection)
        account.addDeal(deal)
    status = ProtoOAOrderStatus.ORDER_STATUS_REJECTED
    endOrder(venue, account, order, status, cause, errorCode=rejection.code, deal=deal)


def _endRest(venue: Venue, account: TradingAccount, order: ProtoOAOrder, cause: Cause) -> None:
    """
    End what could not be executed of an order that may not wait.
    """
    isRejected = venue.settings.missIsRejected and not order.executedVolume
    kinds = ProtoOAOrderStatus
    status = kinds.ORDER_STATUS_REJECTED if isRejected else kinds.ORDER_STATUS_CANCELLED
    endOrder(venue, account, order, status, cause)


_ENDS = {
    ProtoOAOrderStatus.ORDER_STATUS_CANCELLED: ProtoOAExecutionType.ORDER_CANCELLED,
    ProtoOAOrderStatus.ORDER_STATUS_EXPIRED: ProtoOAExecutionType.ORDER_EXPIRED,
    ProtoOAOrderStatus.ORDER_STATUS_REJECTED: ProtoOAExecutionType.ORDER_REJECTED,
}


def _executeNow(venue: Venue, account: TradingAccount, order: ProtoOAOrder, clientMsgId: str | None) -> None:
    trade, cause = order.tradeData, Cause(clientMsgId, isServerEvent=order.isStopOut)
    venue.executing.discard(order.orderId)
    if order.orderId not in account.orders:
        # Its symbol is not offered any more.
        return
    try:
        symbol = venue.catalogue.full(trade.symbolId)
        checkOpen(symbol, venue.now())
        if cannotWait(order) and not order.isStopOut:
            checkMode(symbol, trade.tradeSide, onlyCloses=_onlyCloses(account, order))
        price = venue.price(trade.symbolId, trade.tradeSide)
    except TradeRefusal as refusal:
        if not isPending(order) or cannotWait(order):
            endOrder(venue, account, order, ProtoOAOrderStatus.ORDER_STATUS_REJECTED, cause, errorCode=refusal.code)
        return
    attempt(venue, account, order, price, cause)


def _target(account: TradingAccount, order: ProtoOAOrder) -> ProtoOAPosition | None:
    """
    Find the position that an order works on now: on a netted account that of the symbol, whatever it was before.

    @return: the position; L{None} for a new one.
    """
    named = account.positions.get(order.positionId)
    if account.isNetted and not order.closingOrder:
        return account.openPositionOn(order.tradeData.symbolId) or named
    if named is None:
        raise TradeRefusal("POSITION_NOT_FOUND", f"Position not found with id {order.positionId}")
    return named


def _onlyCloses(account: TradingAccount, order: ProtoOAOrder) -> bool:
    target = _target(account, order)
    if target is None or target.tradeData.tradeSide == order.tradeData.tradeSide:
        return False
    return order.closingOrder or order.tradeData.volume <= target.tradeData.volume


def _parts(venue: Venue, order: ProtoOAOrder, target: ProtoOAPosition | None) -> list[int]:
    """
    Find what can be executed at once, deal by deal.
    """
    rest = order.tradeData.volume - order.executedVolume
    if order.closingOrder and target is not None:
        rest = min(rest, target.tradeData.volume)
    return venue.available(order, rest)


def _checkLimits(
    venue: Venue, account: TradingAccount, order: ProtoOAOrder, target: ProtoOAPosition | None, volume: int
) -> None:
    """
    Refuse what the symbol and the account have no room for; a close always has some.
    """
    trade, opened, closed = order.tradeData, volume, None
    if target is not None and target.tradeData.volume and target.tradeData.tradeSide != trade.tradeSide:
        opened, closed = volume - target.tradeData.volume, target
    if opened <= 0:
        return
    symbol = venue.specification(account, trade.symbolId)
    checkShort(symbol, trade.tradeSide)
    checkExposure(account, symbol, trade.tradeSide, volume)
    distance = order.relativeStopLoss if trade.guaranteedStopLoss else None
    checkMoney(venue, account, trade.symbolId, trade.tradeSide, opened, distance=distance, closed=closed)


def _book(
    venue: Venue, account: TradingAccount, order: ProtoOAOrder, part: Part, cause: Cause
) -> Iterator[ProtoOAPosition]:
    """
    Book a part of an order, and tell of each deal. A part that turns a netted position round makes two.

    @return: the positions that have changed.
    """
    position = _takePosition(venue, account, order)
    held = position.tradeData.volume
    if not held or position.tradeData.tradeSide == order.tradeData.tradeSide:
        deal = bookOpening(venue, account, order, position, part)
    elif part.volume <= held:
        deal = bookClosing(venue, account, order, position, part)
    else:
        deal = bookClosing(venue, account, order, position, Part(held, held, part.price))
        _tellDeal(venue, account, order, position, deal, cause)
        yield position
        left = part.volume - held
        position = _takePosition(venue, account, order)
        deal = bookOpening(venue, account, order, position, Part(part.sent - held, left, part.price))
    _tellDeal(venue, account, order, position, deal, cause)
    yield position


def _takePosition(venue: Venue, account: TradingAccount, order: ProtoOAOrder) -> ProtoOAPosition:
    position = _target(account, order)
    if position is None:
        if venue.settings.flipNewId:
            order.positionId = venue.ids.newPosition()
        position = account.positions[order.positionId] = emptyPosition(order)
    elif position.positionId != order.positionId:
        # The empty position of its own was never to be seen among the open ones.
        account.positions.pop(order.positionId, None)
        order.positionId = position.positionId
    return position


def _tellDeal(
    venue: Venue,
    account: TradingAccount,
    order: ProtoOAOrder,
    position: ProtoOAPosition,
    deal: ProtoOADeal,
    cause: Cause,
) -> None:
    stops: dict[int, int] = {}
    if position.tradeData.tradeSide == order.tradeData.tradeSide:
        levels = wantedLevels(order, position)
        if levels.guaranteed and levels.stopLoss is not None:
            stops[position.positionId] = levels.stopLoss
    changed = remargin(venue, account, order.tradeData.symbolId, stops)
    kind = ProtoOAExecutionType.ORDER_PARTIAL_FILL
    if order.executedVolume == order.tradeData.volume:
        account.endOrder(order, ProtoOAOrderStatus.ORDER_STATUS_FILLED, deal.executionTimestamp)
        kind = ProtoOAExecutionType.ORDER_FILLED
    venue.tell(account, kind, order, position, deal, cause=cause)
    if deal.HasField("closePositionDetail") and venue.settings.balanceUpdatesTrader:
        tellTrader(venue, account)
    tellMargins(venue, account, (each for each in changed if each is not position))
    if position.positionId in stops:
        chargeGuarantee(venue, account, deal.symbolId, deal.filledVolume)


def _dropBound(venue: Venue, account: TradingAccount, position: ProtoOAPosition) -> None:
    """
    Cancel the pending orders that were to work on a position which is closed now.
    """
    for order in list(account.orders.values()):
        isBound = order.positionId == position.positionId and isPending(order)
        # On a netted account an order that does not only close works on whatever the symbol's position is then.
        isBound = isBound and (order.closingOrder or not account.isNetted)
        if isBound and order.orderId not in venue.executing:
            endOrder(venue, account, order, ProtoOAOrderStatus.ORDER_STATUS_CANCELLED, Cause(None, isServerEvent=True))
