"""
Bulk history as columns of 64-bit integers: L{Ticks}, L{Quotes} and L{Trendbars}. Pure; NumPy, pandas and Arrow only on
demand.
"""

from ctrader_twisted.columns.columns import PRICE_SCALE, Columns
from ctrader_twisted.columns.numeric import loadNumpy
from ctrader_twisted.columns.periods import MINUTES, PERIODS, Span, spanOf
from ctrader_twisted.columns.quotes import GrowingQuotes, QuoteRow, Quotes
from ctrader_twisted.columns.ticks import Tick, Ticks
from ctrader_twisted.columns.trendbars import Bar, Trendbars

__all__ = [
    "MINUTES",
    "PERIODS",
    "PRICE_SCALE",
    "Bar",
    "Columns",
    "GrowingQuotes",
    "QuoteRow",
    "Quotes",
    "Span",
    "Tick",
    "Ticks",
    "Trendbars",
    "loadNumpy",
    "spanOf",
]
