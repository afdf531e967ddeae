"""
Market data of one account: symbols, quotes and history.
"""

from ctrader_twisted.market.data import MarketData
from ctrader_twisted.market.history import History
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.market.spots import Gap, Quote
from ctrader_twisted.market.stream import QuoteStream
from ctrader_twisted.market.symbols import SymbolCache

__all__ = ["Gap", "History", "MarketData", "Quote", "QuoteStream", "Quotes", "SymbolCache"]
