"""
One account: its symbols, quotes, history, orders and positions.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.market import History, Quotes, SymbolCache
from ctrader_twisted.session.account import AccountSession, AccountState
from ctrader_twisted.session.link import Registration
from ctrader_twisted.trading import Trading

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["Account"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_EventT = TypeVar("_EventT", bound=Message)


class Account:
    """
    A trading account that is kept logged in. L{ctrader_twisted.client.Client.account} makes it.
    """

    def __init__(
        self, link: AccountSession, clock: IReactorTime, wallClock: Callable[[], int], randomness: Random
    ) -> None:
        """
        @param link: the account's place in the session; it has not been reconciled yet.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        @param randomness: for the ids of orders.
        """
        self._link = link
        self._symbols = SymbolCache(link)
        self._quotes = Quotes(link, clock, wallClock)
        self._history = History(link)
        self._trading = Trading(link, clock=clock, randomness=randomness, symbolById=self._symbols.known)
        for part in (self._symbols, self._quotes, self._trading):
            part.start()
