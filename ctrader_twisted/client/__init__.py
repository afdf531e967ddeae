"""
The client and its accounts: the one place that joins session, market and trading.
"""

from ctrader_twisted.client.account import Account
from ctrader_twisted.client.client import Client

__all__ = ["Account", "Client"]
