"""
The wire's prices and money of one account, as exact numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any, cast

from google.protobuf.message import Message

from ctrader_twisted.units import Symbol, moneyFromWire, orderPriceFromWire

__all__ = ["Amounts"]

_NOISE = Decimal("1e-9")


class Amounts:
    """
    Reads prices with the digits of their symbol, and money with the digits of its message.

    @ivar symbolById: gives the symbols whose specification is known.
    @ivar moneyDigits: the account's digits, for messages that carry none.
    """

    def __init__(self, symbolById: Callable[[int], Symbol | None]) -> None:
        """
        @param symbolById: gives the symbols whose specification is known.
        """
        self.symbolById = symbolById
        self.moneyDigits = 2

    def price(self, value: float, symbolId: int) -> Decimal | None:
        """
        Read the price of an order, position or deal.

        @param value: the double of the wire.
        @param symbolId: the symbol; if it is not known, the price is as the double prints.
        @return: the price with the symbol's digits, or with all its own if it is really finer, as the mean of several
            fills can be; L{None} for the 0 by which the server says that there is none.
        """
        if value == 0 or not isfinite(value):
            return None
        printed = Decimal(repr(value))
        symbol = self.symbolById(symbolId)
        if symbol is None:
            return printed
        price = orderPriceFromWire(value, symbol.digits)
        return price if abs(price - printed) < _NOISE else printed

    def digits(self, message: Message, otherwise: int | None = None) -> int:
        """
        Find the digits of the money in a message.

        @param message: any message that has the field C{moneyDigits}.
        @param otherwise: what to take if it is not set; by default the account's digits.
        @return: the digits.
        """
        if message.HasField("moneyDigits"):
            return int(cast(Any, message).moneyDigits)
        return self.moneyDigits if otherwise is None else otherwise

    def money(self, raw: int, message: Message) -> Decimal:
        """
        Read an amount of money.

        @param raw: the integer of the wire.
        @param message: the message that it stands in.
        @return: the amount, in the deposit asset.
        """
        return moneyFromWire(raw, self.digits(message))
