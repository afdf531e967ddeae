"""
Turning positions round.
"""

from __future__ import annotations

from attrs import evolve
from twisted.internet.defer import Deferred

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.eventual import eventually
from ctrader_twisted.trading.closing import Closing
from ctrader_twisted.trading.deals import Side
from ctrader_twisted.trading.options import MarketOptions, termsFrom
from ctrader_twisted.trading.ordering import Wish
from ctrader_twisted.trading.pending import OrderKind
from ctrader_twisted.trading.placing import Placing
from ctrader_twisted.trading.position import Position
from ctrader_twisted.trading.trade import Trade

__all__ = ["Reversing"]


class Reversing:
    """
    Closes a position, and opens the same on the other side. In this order, so that whatever fails there is never more
    at risk than before.
    """

    def __init__(self, closing: Closing, placing: Placing) -> None:
        """
        @param closing: closes positions.
        @param placing: places orders.
        """
        self._closing = closing
        self._placing = placing

    def reverse(self, position: Position, options: MarketOptions) -> Deferred[Trade]:
        """
        @see: L{Position.reverse}
        """
        return eventually(self._reverse(position, options))

    async def _reverse(self, position: Position, options: MarketOptions) -> Trade:
        wish = _opposite(position, options)
        self._placing.check(wish)
        deal = await self._closing.close(position, None, wish.terms.timeout)
        return await self._placing.place(evolve(wish, quantity=wish.symbol.units(deal.volume)))


def _opposite(position: Position, options: MarketOptions) -> Wish:
    symbol = position.symbol
    if symbol is None:
        raise IllegalValue(
            f"to reverse position {position.positionId}, symbol {position.symbolId} must be looked up first"
        )
    side = Side.SELL if position.side is Side.BUY else Side.BUY
    marks = {"label": position.label or None, "comment": position.comment or None}
    terms = termsFrom(MarketOptions, {**marks, **options})
    return Wish(OrderKind.MARKET, side, symbol, position.units, None, terms)
