"""
Exact numbers: prices, volumes, lots, money and time, and the frozen L{Symbol} that knows what is legal. Pure.
"""

from ctrader_twisted.units.quantities import Lots, Quantity, Units
from ctrader_twisted.units.scales import (
    PRICE_SCALE,
    moneyFromWire,
    orderPriceFromWire,
    orderPriceToWire,
    priceFromWire,
    priceToWire,
)
from ctrader_twisted.units.symbol import Asset, Symbol
from ctrader_twisted.units.time import fromMilliseconds, toMilliseconds

__all__ = [
    "PRICE_SCALE",
    "Asset",
    "Lots",
    "Quantity",
    "Symbol",
    "Units",
    "fromMilliseconds",
    "moneyFromWire",
    "orderPriceFromWire",
    "orderPriceToWire",
    "priceFromWire",
    "priceToWire",
    "toMilliseconds",
]
