"""
Market data of one account: symbols, quotes, bars, order books and history.
"""

from ctrader_twisted.market.book import DepthBook, DepthLevel
from ctrader_twisted.market.data import MarketData
from ctrader_twisted.market.download import Download, Progress
from ctrader_twisted.market.history import History
from ctrader_twisted.market.pages import Part
from ctrader_twisted.market.quotes import Quotes
from ctrader_twisted.market.spots import Gap, Quote
from ctrader_twisted.market.staleness import Stale
from ctrader_twisted.market.stream import BarStream, DepthStream, QuoteStream
from ctrader_twisted.market.symbols import SymbolCache
from ctrader_twisted.market.windows import Span

__all__ = [
    "BarStream",
    "DepthBook",
    "DepthLevel",
    "DepthStream",
    "Download",
    "Gap",
    "History",
    "MarketData",
    "Part",
    "Progress",
    "Quote",
    "QuoteStream",
    "Quotes",
    "Span",
    "Stale",
    "SymbolCache",
]
