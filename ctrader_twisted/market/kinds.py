"""
What can be subscribed, and who takes in what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, Protocol, TypeVar

from attrs import frozen

from ctrader_twisted.errors import CTraderError

__all__ = ["Intake", "Kind"]

_KeyT = TypeVar("_KeyT", bound=Hashable)
_InKeyT = TypeVar("_InKeyT", contravariant=True)


@frozen
class Kind(Generic[_KeyT]):
    """
    A kind of subscription.

    @ivar name: what the server sends, in the plural.
    @ivar mostAtOnce: how many of them fit into a request.
    @ivar subscribe: makes the request for some of them.
    @ivar unsubscribe: likewise.
    @ivar symbolId: tells the symbol that one is about.
    """

    name: str
    mostAtOnce: int
    subscribe: Callable[[list[_KeyT]], Any]
    unsubscribe: Callable[[list[_KeyT]], Any]
    symbolId: Callable[[_KeyT], int]


class Intake(Protocol[_InKeyT]):
    """
    Where that which the server sends is taken in.
    """

    def begins(self, key: _InKeyT) -> None:
        """
        The server is asked to send; what it has sent before counts no more.

        @param key: what was subscribed.
        """

    def flows(self, key: _InKeyT) -> None:
        """
        The server has agreed.

        @param key: what was subscribed.
        """

    def refused(self, key: _InKeyT, error: CTraderError) -> None:
        """
        The server will not send what it has not sent before either.

        @param key: what was to be subscribed.
        @param error: why.
        """

    def ends(self, key: _InKeyT) -> None:
        """
        Nobody wants it, and the server does not send it any more.

        @param key: what was subscribed.
        """
