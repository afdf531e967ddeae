"""
What the live objects of an account can do, in one place.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ctrader_twisted.trading.amending import Amending
from ctrader_twisted.trading.closing import Closing
from ctrader_twisted.trading.deals import Deal
from ctrader_twisted.trading.options import MarketOptions, OrderChanges, ProtectionChanges
from ctrader_twisted.trading.pending import PendingOrder
from ctrader_twisted.trading.position import Position
from ctrader_twisted.trading.reversing import Reversing
from ctrader_twisted.trading.trade import Trade
from ctrader_twisted.units import Lots, Units

__all__ = ["Actions"]


class Actions:
    """
    Passes on what positions and orders are asked to do. The books, which make these objects, are there before those who
    do it, since those look into the books.

    @ivar closing: closes positions.
    @ivar amending: changes orders, and the protection of positions.
    @ivar reversing: turns positions round.
    """

    closing: Closing
    amending: Amending
    reversing: Reversing

    def close(self, position: Position, quantity: Lots | Units | None, timeout: float | None) -> Deferred[Deal]:
        """
        @see: L{Position.close}
        """
        return self.closing.close(position, quantity, timeout)

    def protect(self, position: Position, changes: ProtectionChanges, timeout: float | None) -> Deferred[Position]:
        """
        @see: L{Position.protect}
        """
        return self.amending.protect(position, changes, timeout)

    def reverse(self, position: Position, options: MarketOptions) -> Deferred[Trade]:
        """
        @see: L{Position.reverse}
        """
        return self.reversing.reverse(position, options)

    def cancel(self, order: PendingOrder, timeout: float | None) -> Deferred[PendingOrder]:
        """
        @see: L{PendingOrder.cancel}
        """
        return self.amending.cancel(order, timeout)

    def amend(self, order: PendingOrder, changes: OrderChanges, timeout: float | None) -> Deferred[PendingOrder]:
        """
        @see: L{PendingOrder.amend}
        """
        return self.amending.amend(order, changes, timeout)
