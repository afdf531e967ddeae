"""
What trading has to know beyond its own books.
"""

from __future__ import annotations

from collections.abc import Callable

from ctrader_twisted.market import Quote
from ctrader_twisted.schema.messages import ProtoOAAccountType, ProtoOATrader
from ctrader_twisted.trading.levels import Market
from ctrader_twisted.units import Symbol

__all__ = ["Outside"]


class Outside:
    """
    The market's prices, the time, and the account's terms.
    """

    def __init__(
        self,
        quote: Callable[[Symbol], Quote | None],
        trader: Callable[[], ProtoOATrader | None],
        wallClock: Callable[[], int],
    ) -> None:
        """
        @param quote: gives the newest quote of a symbol, if one is known.
        @param trader: gives the account's terms, once they are known.
        @param wallClock: milliseconds since 1970.
        """
        self._quote = quote
        self._trader = trader
        self._wallClock = wallClock

    def market(self, symbol: Symbol | None) -> Market:
        """
        @param symbol: a symbol, if it is known.
        @return: what an order of it is held against.
        """
        trader = self._trader()
        quote = None if symbol is None else self._quote(symbol)
        return Market(quote, self._wallClock(), trader is not None and trader.isLimitedRisk)

    def isNetted(self) -> bool:
        """
        @return: whether the account has one position for each symbol.
        """
        trader = self._trader()
        return trader is not None and trader.accountType == ProtoOAAccountType.NETTED
