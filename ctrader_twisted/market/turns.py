"""
Taking turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from twisted.internet.defer import Deferred, succeed

__all__ = ["Turns"]


class Turns:
    """
    Lets so many ask at once; where more want to, each in turn, whatever the others want.
    """

    def __init__(self, most: int) -> None:
        """
        @param most: how many may ask at once.
        """
        self._free = most
        self._isGiving = False
        self._waiting: dict[Hashable, deque[Deferred[None]]] = {}

    def take(self, user: Hashable) -> Deferred[None]:
        """
        Wait for a turn.

        @param user: who asks.
        @return: fires when it has come; then L{free} is due later. Cancelling it gives the place up.
        """
        if self._free and not self._waiting:
            self._free -= 1
            return succeed(None)
        place: Deferred[None] = Deferred(lambda place: self._leave(user, place))
        self._waiting.setdefault(user, deque()).append(place)
        return place

    def free(self) -> None:
        """
        A turn is over.
        """
        self._free += 1
        # Who is given a turn may free it at once: without a connection all that wait do, one inside the other.
        if self._isGiving:
            return
        self._isGiving = True
        while self._free and self._waiting:
            self._free -= 1
            self._first().callback(None)
        self._isGiving = False

    def _first(self) -> Deferred[None]:
        user = next(iter(self._waiting))
        places = self._waiting.pop(user)
        place = places.popleft()
        if places:
            # It comes behind all others.
            self._waiting[user] = places
        return place

    def _leave(self, user: Hashable, place: Deferred[None]) -> None:
        places = self._waiting[user]
        places.remove(place)
        if not places:
            del self._waiting[user]
