"""
How a liquidity provider can turn down an order that was accepted.
"""

from __future__ import annotations

from enum import Enum

from ctrader_twisted.schema.messages import ProtoOADealStatus

__all__ = ["Rejection"]


class Rejection(Enum):
    """
    Why an order is not executed: the liquidity provider rejects it, or the server does, something is wrong, or there is
    no answer in time.
    """

    REJECTED = "rejected"
    INTERNALLY_REJECTED = "internallyRejected"
    ERROR = "error"
    MISSED = "missed"

    @property
    def dealStatus(self) -> ProtoOADealStatus:
        """
        @return: the status of the deal that was not made.
        """
        status: ProtoOADealStatus = getattr(ProtoOADealStatus, self.name)
        return status

    @property
    def code(self) -> str:
        """
        @return: the error code that the event carries.
        """
        return _CODES.get(self, "UNKNOWN_ERROR")


_CODES = {Rejection.INTERNALLY_REJECTED: "NO_QUOTES", Rejection.MISSED: "TIMEOUT_ERROR"}
