"""
Trading on one account: orders, trades, positions and deals.
"""

from ctrader_twisted.trading.changes import Change, ChangeStatus
from ctrader_twisted.trading.consuming import ExecutionStream, FileCursor
from ctrader_twisted.trading.deals import Deal, Side
from ctrader_twisted.trading.equity import EquityWatch, Profit
from ctrader_twisted.trading.estimates import Estimates, ExpectedMargin
from ctrader_twisted.trading.options import TimeInForce, TriggerMethod
from ctrader_twisted.trading.orderlife import TradeStatus
from ctrader_twisted.trading.past import CashFlow, PastOrder
from ctrader_twisted.trading.pending import OrderKind, PendingOrder
from ctrader_twisted.trading.position import Position, PositionStatus
from ctrader_twisted.trading.reconnects import Author, OrderChange, PositionChange, Reconnected
from ctrader_twisted.trading.records import Records
from ctrader_twisted.trading.target import Moved
from ctrader_twisted.trading.trade import Trade
from ctrader_twisted.trading.trading import Trading

__all__ = [
    "Author",
    "CashFlow",
    "Change",
    "ChangeStatus",
    "Deal",
    "EquityWatch",
    "Estimates",
    "ExecutionStream",
    "ExpectedMargin",
    "FileCursor",
    "Moved",
    "OrderChange",
    "OrderKind",
    "PastOrder",
    "PendingOrder",
    "Position",
    "PositionChange",
    "PositionStatus",
    "Profit",
    "Reconnected",
    "Records",
    "Side",
    "TimeInForce",
    "Trade",
    "TradeStatus",
    "Trading",
    "TriggerMethod",
]
