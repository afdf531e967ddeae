"""
A position as a live object, kept current from the server's snapshots.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Protocol, Unpack

from twisted.internet.defer import Deferred, fail, succeed

from ctrader_twisted.schema.messages import (
    ProtoOAOrder,
    ProtoOAOrderType,
    ProtoOAPosition,
    ProtoOAPositionStatus,
    ProtoOATradeData,
    ProtoOATrailingSLChangedEvent,
)
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.trading.amounts import Amounts
from ctrader_twisted.trading.deals import Deal, Side
from ctrader_twisted.trading.options import MarketOptions, ProtectionChanges, TriggerMethod, checkNames
from ctrader_twisted.trading.quantities import lotsOf, unitsOf
from ctrader_twisted.units import Lots, Symbol, Units

if TYPE_CHECKING:
    from ctrader_twisted.trading.trade import Trade

__all__ = ["HeldPosition", "Position", "PositionActions", "PositionStatus"]


class PositionStatus(Enum):
    """
    The life of a position. C{CREATED} is the empty one that an accepted order has; C{ERROR} is the server's own word.
    """

    CREATED = ProtoOAPositionStatus.POSITION_STATUS_CREATED
    OPEN = ProtoOAPositionStatus.POSITION_STATUS_OPEN
    CLOSED = ProtoOAPositionStatus.POSITION_STATUS_CLOSED
    ERROR = ProtoOAPositionStatus.POSITION_STATUS_ERROR


class PositionActions(Protocol):
    """
    Changes positions.
    """

    def close(self, position: Position, quantity: Lots | Units | None, timeout: float | None) -> Deferred[Deal]:
        """
        @see: L{Position.close}
        """

    def protect(self, position: Position, changes: ProtectionChanges, timeout: float | None) -> Deferred[Position]:
        """
        @see: L{Position.protect}
        """

    def reverse(self, position: Position, options: MarketOptions) -> Deferred[Trade]:
        """
        @see: L{Position.reverse}
        """


class Position:
    """
    A position, kept current by the account's events: the same object all its life. Its attributes are for reading.

    @ivar positionId: the server's number for it.
    @ivar symbolId: the symbol.
    @ivar side: its direction.
    @ivar status: whether it is open.
    @ivar volume: what it holds, in hundredths of a unit.
    @ivar entryPrice: the mean price of its opening, or L{None} as long as nothing was filled.
    @ivar closePrice: the price of its last close; L{None} while it is open, and for a close that was not heard of.
    @ivar stopLoss: the price at which it closes with a loss, or L{None}. The levels of a market order come a moment
        after its fill. Kept after the close, as are those that follow.
    @ivar takeProfit: the price at which it closes with a profit, or L{None}.
    @ivar trailingStopLoss: whether the stop loss follows the market.
    @ivar guaranteedStopLoss: whether the stop loss is filled at its own price.
    @ivar trigger: which price triggers the stop loss.
    @ivar isProtectionDue: whether its order carried levels that the server has not told yet.
    @ivar swap: what holding it has yielded, in the deposit asset; negative is a cost.
    @ivar commission: what opening it has cost, in the deposit asset; negative.
    @ivar usedMargin: the money that it binds, in the deposit asset.
    @ivar label: the label of its order.
    @ivar comment: the comment of its order.
    @ivar opened: when it was opened, in milliseconds since 1970, or L{None}.
    @ivar closed: when it was closed, in milliseconds since 1970, or L{None}.
    """

    def __init__(self, positionId: int, symbolId: int, side: Side, actions: PositionActions, amounts: Amounts) -> None:
        """
        @param positionId: the server's number for it.
        @param symbolId: the symbol.
        @param side: its direction.
        @param actions: changes it.
        @param amounts: reads its numbers.
        """
        self.positionId = positionId
        self.symbolId = symbolId
        self.side = side
        self.status = PositionStatus.CREATED
        self.volume = 0
        self.entryPrice: Decimal | None = None
        self.closePrice: Decimal | None = None
        self.stopLoss: Decimal | None = None
        self.takeProfit: Decimal | None = None
        self.trailingStopLoss = self.guaranteedStopLoss = self.isProtectionDue = False
        self.trigger = TriggerMethod.TRADE
        self.swap = self.commission = self.usedMargin = Decimal(0)
        self.label = self.comment = ""
        self.opened: int | None = None
        self.closed: int | None = None
        self._actions = actions
        self._amounts = amounts
        # Why nobody hears of it any more, as long as nobody does.
        self._abandoned: Exception | None = None
        self._closeWaiters: Waiters[Position] = Waiters()
        self._protectionWaiters: Waiters[Position] = Waiters()

    def __repr__(self) -> str:
        return (
            f"<Position {self.positionId} {self.status.name} {self.side.name} volume={self.volume} "
            f"symbolId={self.symbolId} entryPrice={self.entryPrice}>"
        )

    @property
    def symbol(self) -> Symbol | None:
        """
        The symbol, if it was looked up in this session.
        """
        return self._amounts.symbolById(self.symbolId)

    @property
    def units(self) -> Units:
        """
        What it holds, in units of the base asset.
        """
        return unitsOf(self.volume)

    @property
    def lots(self) -> Lots | None:
        """
        What it holds in lots; L{None} if the symbol is not known, or a lot does not divide it.
        """
        return lotsOf(self.symbol, self.volume)

    def whenProtected(self) -> Deferred[Position]:
        """
        Wait until the levels are known that its order carried: they come a moment after the fill.

        @return: fires with the position, at once if no level is due.
        @raise NotConnected: (as a failure) if the client was stopped.
        """
        if not self.isProtectionDue:
            return succeed(self)
        return self._protectionWaiters.wait() if self._abandoned is None else fail(self._abandoned)

    def whenClosed(self) -> Deferred[Position]:
        """
        Wait until it is closed, by whomever.

        @return: fires with the position, at once if it is closed already.
        @raise NotConnected: (as a failure) if the client was stopped.
        @raise OutcomeUnknown: (as a failure) if it is empty, and the account's state, read after a loss of the
            connection, does not tell whether its order will be filled or was.
        """
        if self.status is PositionStatus.CLOSED:
            return succeed(self)
        return self._closeWaiters.wait() if self._abandoned is None else fail(self._abandoned)

    def close(self, quantity: Lots | Units | None = None, *, timeout: float | None = None) -> Deferred[Deal]:
        """
        Close it, or a part of it, at the market's price. Cancelling the Deferred does not take the close back.

        @param quantity: how much; by default all. For a part, the symbol must have been looked up in this session.
        @param timeout: seconds to wait for the acceptance, and again for the fill; by default 30.
        @return: fires with the closing deal when the close is filled. If it took several, they are combined: volumes
            and money are the sums, prices the means by volume, all else is the last one's.
        @raise IllegalValue: (as a failure) if the position cannot be closed by this quantity; nothing was sent.
        @raise NotFound: (as a failure) if the position is not open, or not there any more.
        @raise OrderRejected: (as a failure) if the server refused, or ended the close when only a part was closed.
        @raise Busy: (as a failure) if another operation on the position is in progress, as just after its fill, or
            there is no price: nothing was executed, and the same may succeed later. So it is with C{RateLimited},
            C{LoginNeeded} and C{TokenRefused}.
        @raise OutcomeUnknown: (as a failure) if the request may have left and the outcome is not known; C{trade} is
            this position, and C{change} tells the outcome later.
        @raise NotConnected: (as a failure) if there is no connection; nothing was sent.
        """
        return self._actions.close(self, quantity, timeout)

    def protect(self, *, timeout: float | None = None, **changes: Unpack[ProtectionChanges]) -> Deferred[Position]:
        """
        Change its stop loss and take profit. What is not named stays as it is: the server would remove it, so all is
        sent again. Levels of its order that are due are waited for. A trailing stop loss that is sent again trails
        from where it was last heard to be.

        @param timeout: seconds to wait for each answer; by default 30.
        @param changes: what to change.
        @return: fires with the position when it is protected so, also if it was before.
        @raise IllegalValue: (as a failure) if it cannot be protected so; nothing was sent.
        @raise TypeError: if there is no such change; as a failure, if a float is given where exactness matters.
        @raise NotFound: (as a failure) if the position is not open, or not there any more.
        @raise OrderRejected: (as a failure) if the server refused. A trailing stop loss is removed in two steps; if the
            second is refused, the stop loss stays and trails no more.
        @raise Busy: (as a failure) if an order of the position is being executed; as with L{close}, as are the others.
        @raise OutcomeUnknown: (as a failure) if the request may have left and no answer came; C{trade} is this
            position.
        @raise NotConnected: (as a failure) if there is no connection; nothing was sent.
        """
        checkNames(ProtectionChanges, changes)
        return self._actions.protect(self, changes, timeout)

    def reverse(self, **options: Unpack[MarketOptions]) -> Deferred[Trade]:
        """
        Close it, and when that is filled open the same on the other side.

        @param options: those of the new order; its label and comment are by default those of the position.
        @return: fires with the trade of the new order, when the server has accepted it.
        @raise IllegalValue: (as a failure) if the new order cannot be placed so; nothing was sent.
        @raise TypeError: if there is no such option; as a failure, if a float is given where exactness matters.
        @raise CTraderError: (as a failure) what L{close} fails with: then nothing was opened. And what
            L{buy<ctrader_twisted.trading.trading.Trading.buy>} fails with: then the position is closed, as C{status}
            tells.
        """
        checkNames(MarketOptions, options)
        return self._actions.reverse(self, options)


class HeldPosition(Position):
    """
    A position as the account's books keep it.
    """

    # The time of the newest snapshot, the newest deal of that moment, and whether the snapshot came with a deal. What
    # is older changes nothing.
    _time = 0
    _deal: Deal | None = None
    _hadDeal = False
    # The time of the last move of a trailing stop, which snapshots need not know of.
    _trailed = 0

    @property
    def updated(self) -> int:
        """
        The time of the newest snapshot, in the server's milliseconds since 1970; 0 if it had none.
        """
        return self._time

    def update(self, message: ProtoOAPosition, amounts: Amounts, deal: Deal | None) -> None:
        """
        Take in a snapshot, if it is not older than what is known.

        @param message: the snapshot.
        @param amounts: reads its numbers.
        @param deal: the deal that it came with, if that is a new one.
        """
        self._abandoned = None
        status = PositionStatus(message.positionStatus)
        if status is PositionStatus.CLOSED:
            self._end(message, amounts, deal)
        if self.status is PositionStatus.CLOSED:
            return
        isOlder = self._isOlder(message, status, deal)
        if deal is not None and message.utcLastUpdateTimestamp in (0, self._time):
            self._deal = deal if self._deal is None or deal.dealId > self._deal.dealId else self._deal
        if isOlder:
            return
        if message.utcLastUpdateTimestamp > self._time:
            self._time, self._deal = message.utcLastUpdateTimestamp, deal
        self._hadDeal = deal is not None
        self.status = status
        self._readTerms(message)
        self._readMoney(message, amounts)
        self._readPrices(message, amounts)

    def replace(self, message: ProtoOAPosition, amounts: Amounts) -> None:
        """
        Take in what the server holds after a login.

        @param message: the position there.
        @param amounts: reads its numbers.
        """
        self.status, self._time, self._trailed = PositionStatus.CREATED, 0, 0
        self._deal, self._hadDeal, self.isProtectionDue = None, False, False
        self.update(message, amounts, None)

    def follow(self, order: ProtoOAOrder, deal: Deal | None) -> None:
        """
        Take in what the order of an event says of the position's protection. The event's snapshot came before.

        @param order: the order.
        @param deal: its deal, if that is a new one.
        """
        if order.orderType == ProtoOAOrderType.STOP_LOSS_TAKE_PROFIT:
            self.isProtectionDue = False
        elif deal is not None and self.status is PositionStatus.OPEN and not self._hasLevels():
            self.isProtectionDue = self.isProtectionDue or _carriesLevels(order)

    def trail(self, event: ProtoOATrailingSLChangedEvent, amounts: Amounts) -> None:
        """
        The trailing stop has moved.

        @param event: tells where to.
        @param amounts: reads its numbers.
        """
        if event.utcLastUpdateTimestamp >= self._trailed:
            self._trailed = event.utcLastUpdateTimestamp
            self.stopLoss = amounts.price(event.stopPrice, self.symbolId)

    def vanish(self) -> None:
        """
        The position is closed, and nothing is known of how.
        """
        self.status = PositionStatus.CLOSED
        self.volume = 0
        self.usedMargin = Decimal(0)
        self.isProtectionDue = False

    def recover(self, deal: Deal) -> None:
        """
        Take in a deal that was made while the connection was down. What it has changed of an open position is known.

        @param deal: the deal.
        """
        if self.status is PositionStatus.CLOSED and deal.closedVolume and deal.executed >= (self.closed or 0):
            self.closePrice, self.closed = deal.price, deal.executed

    def settle(self) -> None:
        """
        Answer those who wait for the close or the levels, if they have come.
        """
        if not self.isProtectionDue:
            self._protectionWaiters.fire(self)
        if self.status is PositionStatus.CLOSED:
            self._closeWaiters.fire(self)

    def abandon(self, error: Exception) -> None:
        """
        Nobody follows the position any more: answer those who wait, and those who ask until it is heard of again.

        @param error: why.
        """
        self._abandoned = error
        self._closeWaiters.fail(error)
        self._protectionWaiters.fail(error)

    def _end(self, message: ProtoOAPosition, amounts: Amounts, deal: Deal | None) -> None:
        if deal is not None and deal.closedVolume:
            self.closePrice = deal.price
        if self.status is not PositionStatus.CLOSED:
            self._readTerms(message)
            self._readMoney(message, amounts)
            self.vanish()
        self.closed = message.tradeData.closeTimestamp or self.closed or (deal.executed if deal is not None else None)

    def _isOlder(self, message: ProtoOAPosition, status: PositionStatus, deal: Deal | None) -> bool:
        # A position is empty only before its first fill.
        if status is PositionStatus.CREATED and self.status is not PositionStatus.CREATED:
            return True
        if message.utcLastUpdateTimestamp not in (0, self._time):
            return message.utcLastUpdateTimestamp < self._time
        if deal is not None and self._deal is not None and self._hadDeal:
            return deal.dealId < self._deal.dealId
        return message.utcLastUpdateTimestamp != 0 and self._isSmaller(message.tradeData, deal)

    def _isSmaller(self, data: ProtoOATradeData, deal: Deal | None) -> bool:
        # Of two snapshots of one moment, the one without a deal tells by its volume whether the other's deal is in it.
        if data.tradeSide != self.side.value or (between := deal or self._deal) is None:
            return False
        grown = data.volume - self.volume if not between.closedVolume else self.volume - data.volume
        return grown < 0 or (grown == 0 and deal is not None)

    def _readTerms(self, message: ProtoOAPosition) -> None:
        data = message.tradeData
        self.side = Side(data.tradeSide)
        self.volume = data.volume
        self.label, self.comment = data.label, data.comment
        self.opened = data.openTimestamp or self.opened
        self.trailingStopLoss = message.trailingStopLoss
        self.guaranteedStopLoss = message.guaranteedStopLoss
        self.trigger = TriggerMethod(message.stopLossTriggerMethod)

    def _readMoney(self, message: ProtoOAPosition, amounts: Amounts) -> None:
        self.swap = amounts.money(message.swap, message)
        self.commission = amounts.money(message.commission, message)
        self.usedMargin = amounts.money(message.usedMargin, message)

    def _readPrices(self, message: ProtoOAPosition, amounts: Amounts) -> None:
        self.entryPrice = amounts.price(message.price, self.symbolId) or self.entryPrice
        self.takeProfit = amounts.price(message.takeProfit, self.symbolId)
        if message.utcLastUpdateTimestamp >= self._trailed:
            self.stopLoss = amounts.price(message.stopLoss, self.symbolId)
        if self._hasLevels():
            self.isProtectionDue = False

    def _hasLevels(self) -> bool:
        return self.stopLoss is not None or self.takeProfit is not None


def _carriesLevels(order: ProtoOAOrder) -> bool:
    return any((order.relativeStopLoss, order.relativeTakeProfit, order.stopLoss, order.takeProfit))
