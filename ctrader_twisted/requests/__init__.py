"""
All 42 requests of the API as named methods, in the units of the wire, with the server's answer as the result.
"""

from ctrader_twisted.requests.account import AccountRequests
from ctrader_twisted.requests.application import ApplicationRequests

__all__ = ["AccountRequests", "ApplicationRequests"]
