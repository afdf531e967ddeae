"""
One request on its way through the simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import frozen
from google.protobuf.message import Message

if TYPE_CHECKING:
    from ctrader_twisted.simulator.connection import ServerProtocol
    from ctrader_twisted.simulator.exchange import Exchange
    from ctrader_twisted.simulator.venue.account import TradingAccount

__all__ = ["Call", "Requests"]

_RequestT = TypeVar("_RequestT", bound=Message)


@frozen
class Call(Generic[_RequestT]):
    """
    A request, where it came from, and the way back.

    @ivar connection: the connection that it came on.
    @ivar message: the request.
    @ivar clientMsgId: the id that the client gave it, or L{None}.
    """

    connection: ServerProtocol
    message: _RequestT
    clientMsgId: str | None

    @property
    def exchange(self) -> Exchange:
        """
        @return: the exchange that serves it.
        """
        return self.connection.exchange

    @property
    def accountId(self) -> int:
        """
        @return: the account that the request names.
        """
        return int(self.message.ctidTraderAccountId)  # type: ignore[attr-defined]

    @property
    def account(self) -> TradingAccount:
        """
        @return: the account that the request names; it is authorised on the connection.
        """
        return self.exchange.venue.accounts[self.accountId]

    def reply(self, answer: Message) -> None:
        """
        Answer the request.

        @param answer: the answer; its C{ctidTraderAccountId} is filled in where it has one.
        """
        if "ctidTraderAccountId" in answer.DESCRIPTOR.fields_by_name and not answer.HasField("ctidTraderAccountId"):
            answer.ctidTraderAccountId = self.accountId  # type: ignore[attr-defined]
        self.connection.send(answer, self.clientMsgId)


Requests = Mapping[type[Message], Callable[[Call[Any]], None]]
"""
What a group of requests is: for each class of message, the function that answers it, or raises a
L{ctrader_twisted.simulator.refusal.Refusal}.
"""
