"""
The wire schema of the cTrader Open API 2.0 (release 91): message classes, payload types, and the table of requests.
"""

from ctrader_twisted.schema import messages
from ctrader_twisted.schema.payloads import messageClass, payloadType, payloadTypes
from ctrader_twisted.schema.table import ERROR_FORMS, REQUESTS, RateClass, RequestRow, Scope, State

__all__ = [
    "ERROR_FORMS",
    "REQUESTS",
    "RateClass",
    "RequestRow",
    "Scope",
    "State",
    "messageClass",
    "messages",
    "payloadType",
    "payloadTypes",
]
