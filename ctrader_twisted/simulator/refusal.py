"""
How a request is refused.
"""

from __future__ import annotations

__all__ = ["Refusal", "TradeRefusal"]


class Refusal(Exception):
    """
    The server says no; it becomes the error answer to the request.

    @ivar code: the error code for the wire.
    @ivar description: the server's words.
    @ivar retryAfter: after how many seconds the request may be sent again, if the answer shall say so.
    """

    def __init__(self, code: str, description: str = "", *, retryAfter: int | None = None) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.retryAfter = retryAfter


class TradeRefusal(Refusal):
    """
    The trading rules say no; it becomes an order error event.

    @ivar orderId: the order concerned, or L{None}.
    @ivar positionId: the position concerned, or L{None}.
    """

    def __init__(
        self, code: str, description: str = "", *, orderId: int | None = None, positionId: int | None = None
    ) -> None:
        super().__init__(code, description)
        self.orderId = orderId
        self.positionId = positionId
