"""
Those who use market data as listeners.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.logger import Logger

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.market.spots import Gap

__all__ = ["ListeningUser"]

_ItemT = TypeVar("_ItemT")


class ListeningUser(Generic[_ItemT]):
    """
    A listener's place among those who use something, and its registration.
    """

    _log = Logger()

    def __init__(
        self,
        name: str,
        listener: Callable[[_ItemT], object],
        onGap: Callable[[Gap], object] | None,
        onRefused: Callable[[CTraderError], object] | None,
        leave: Callable[[ListeningUser[_ItemT]], None],
    ) -> None:
        """
        @param name: what it listens to, for the log.
        @param listener: called with each item.
        @param onGap: called with each gap, if given.
        @param onRefused: called with the server's refusal, which is logged otherwise.
        @param leave: called with this when it stops.
        """
        self._name = name
        self._listener = listener
        self._onGap = onGap
        self._onRefused = onRefused
        self._leave = leave

    def stop(self) -> None:
        """
        Take the listener away. It is not called any more; stopping twice does nothing.
        """
        self._leave(self)

    def told(self, item: _ItemT) -> None:
        """
        There is something new.

        @param item: what.
        """
        self._listener(item)

    def missed(self, gap: Gap) -> None:
        """
        Something may have been missed.

        @param gap: when.
        """
        if self._onGap is not None:
            self._onGap(gap)

    def refused(self, error: CTraderError) -> None:
        """
        The server will not send it.

        @param error: why.
        """
        if self._onRefused is None:
            self._log.error("no {name}: {error}", name=self._name, error=error)
        else:
            self._onRefused(error)
