"""
Placing orders: they are made of what is wanted, and given to be sent.
"""

from __future__ import annotations

from collections.abc import Callable

from ctrader_twisted.trading.levels import Market
from ctrader_twisted.trading.ordering import Wish, newOrder
from ctrader_twisted.trading.sending import Sending
from ctrader_twisted.trading.trade import Trade
from ctrader_twisted.units import Symbol

__all__ = ["Placing"]


class Placing:
    """
    Makes orders, and gives them to be sent.
    """

    def __init__(self, sending: Sending, market: Callable[[Symbol], Market]) -> None:
        """
        @param sending: the way out.
        @param market: tells what is known outside.
        """
        self._sending = sending
        self._market = market

    async def place(self, wish: Wish) -> Trade:
        """
        Send an order.

        @param wish: the order.
        @return: the trade, once it is accepted.
        @see: L{ctrader_twisted.trading.trading.Trading.buy}
        """
        message = newOrder(wish, self._market(wish.symbol))
        return await self._sending.place(message, wish.symbol, wish.terms.timeout)

    def check(self, wish: Wish) -> None:
        """
        See whether an order could be sent, and send nothing.

        @param wish: the order.
        @raise CTraderError: as L{newOrder} says.
        """
        newOrder(wish, self._market(wish.symbol))
