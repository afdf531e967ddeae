"""
How much to trade, in lots or in units of the base asset.

The two are different types, so that one is never taken for the other; what a lot is differs from symbol to symbol.
"""

from __future__ import annotations

from decimal import Decimal
from functools import total_ordering

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.units.exact import Exact, exactDecimal

__all__ = ["Lots", "Quantity", "Units"]


@total_ordering
class Quantity:
    """
    An exact amount of one kind: use L{Lots} or L{Units}. Quantities of one kind compare by their value.
    """

    __slots__ = ("_value",)
    _value: Decimal

    def __init__(self, value: Exact) -> None:
        """
        @param value: the amount; never negative, since the side of an order tells the direction.
        @raise TypeError: if it is a float.
        @raise IllegalValue: if it is no number, or is negative.
        """
        number = exactDecimal(value, type(self).__name__ + "({})")
        if number < 0:
            raise IllegalValue(f"{type(self).__name__} cannot be negative: {value}")
        object.__setattr__(self, "_value", number)

    @property
    def value(self) -> Decimal:
        """
        @return: the amount, with the decimal places that it was given with.
        """
        return self._value

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __reduce__(self) -> tuple[type[Quantity], tuple[Decimal]]:
        return type(self), (self._value,)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Quantity)
        return self._value == other._value

    def __lt__(self, other: Quantity) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._value < other._value

    def __hash__(self) -> int:
        return hash((type(self), self._value))

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self._value:f}')"

    def __str__(self) -> str:
        name = type(self).__name__.lower()
        return f"{self._value:f} {name.removesuffix('s') if self._value == 1 else name}"


class Lots(Quantity):
    """
    An amount in lots of the symbol: C{Lots("0.10")}.
    """

    __slots__ = ()


class Units(Quantity):
    """
    An amount in units of the symbol's base asset, such as euros, ounces or contracts: C{Units("1000")}.
    """

    __slots__ = ()
