"""
Bulk history as columns of 64-bit integers: L{Ticks} and L{Trendbars}. Pure; NumPy, pandas and Arrow only on demand.
"""

from ctrader_twisted.columns.columns import PRICE_SCALE, Columns
from ctrader_twisted.columns.ticks import Tick, Ticks
from ctrader_twisted.columns.trendbars import Bar, Trendbars

__all__ = ["PRICE_SCALE", "Bar", "Columns", "Tick", "Ticks", "Trendbars"]
