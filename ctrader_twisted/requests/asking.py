"""
What all requests share: the message is made, and it is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import Deferred, fail

from ctrader_twisted.errors import IllegalValue

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["AccountAsking", "Asking", "Send"]

_AnswerT = TypeVar("_AnswerT", bound=Message)


class Send(Protocol):
    """
    Sends a request.
    """

    def __call__(self, message: Request[_AnswerT], /, *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        @param message: the request, complete.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fires with the answer.
        """


class Asking:
    """
    Makes requests and sends them.
    """

    def __init__(self, send: Send) -> None:
        """
        @param send: sends a request, such as L{ctrader_twisted.wire.OpenApiProtocol.request}.
        """
        self._send = send

    def _ask(self, make: Callable[[], Request[_AnswerT]], timeout: float | None) -> Deferred[_AnswerT]:
        try:
            message = make()
        except (TypeError, ValueError) as error:
            return fail(IllegalValue(f"a field of the request holds what the wire cannot: {error}; nothing was sent"))
        return self._send(message, timeout=timeout)


class AccountAsking(Asking):
    """
    Makes the requests of one account.

    @ivar accountId: the account's C{ctidTraderAccountId}, which goes into each request.
    """

    def __init__(self, send: Send, accountId: int) -> None:
        """
        @param send: sends a request, such as L{ctrader_twisted.wire.OpenApiProtocol.request}.
        @param accountId: the account's C{ctidTraderAccountId}.
        """
        super().__init__(send)
        self.accountId = accountId
