"""
Volumes of the wire as quantities.
"""

from __future__ import annotations

from decimal import Decimal

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.units import Lots, Symbol, Units
from ctrader_twisted.units.exact import EXACT

__all__ = ["lotsOf", "unitsOf"]

_HUNDREDTHS = Decimal(100)


def unitsOf(volume: int) -> Units:
    """
    Write a volume in units.

    @param volume: hundredths of a unit.
    @return: the same in units of the base asset.
    """
    return Units(EXACT.divide(Decimal(volume), _HUNDREDTHS))


def lotsOf(symbol: Symbol | None, volume: int) -> Lots | None:
    """
    Write a volume in lots, if that can be done.

    @param symbol: its symbol, if that is known.
    @param volume: hundredths of a unit.
    @return: the lots, or L{None}.
    """
    if symbol is None:
        return None
    try:
        return symbol.lots(volume)
    except IllegalValue:
        return None
