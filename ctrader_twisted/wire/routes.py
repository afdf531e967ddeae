"""
The short way of an event to those who listen to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from google.protobuf.message import Message

__all__ = ["Hearers", "Place", "Routes"]


class Place(Protocol):
    """
    The place of one listener.
    """

    @property
    def listener(self) -> Callable[[Any], object]:
        """
        What to call with an event. Once it was stopped, that does nothing.
        """


class Hearers(Protocol):
    """
    Those who hear the same events.
    """

    @property
    def places(self) -> tuple[Place, ...]:
        """
        Their places, in order. The tuple is replaced, never changed.
        """

    def failed(self, listener: Callable[[Any], object]) -> None:
        """
        A listener has raised the exception that is being handled.

        @param listener: the listener.
        """


class Routes:
    """
    By class and account, who hears an event directly, past what stands between the connection and the listeners.

    It only remembers: a route is looked for when the first event asks for it, there is none unless the long way would
    do nothing but tell these listeners, and all are forgotten as soon as anything changes on which that depends.
    """

    def __init__(self, find: Callable[[type[Message], int], Hearers | None]) -> None:
        """
        @param find: given a class and an account's C{ctidTraderAccountId}, finds who hears such events; L{None} if
            they must go the long way.
        """
        self._find = find
        self._tables: dict[type[Message], _Table | None] = {}

    def table(self, kind: type[Message]) -> _Table | None:
        """
        @param kind: a class of events.
        @return: gives who hears such an event by the account that it names; L{None} if such events name no account.
        """
        if kind not in self._tables:
            isOfAccount = "ctidTraderAccountId" in kind.DESCRIPTOR.fields_by_name
            self._tables[kind] = _Table(kind, self._find) if isOfAccount else None
        return self._tables[kind]

    def forget(self) -> None:
        """
        Something has changed.
        """
        for table in filter(None, self._tables.values()):
            table.clear()


class _Table(dict[int, Hearers | None]):
    """
    The routes of one class. What is looked for and not found is not kept: the server may name any number.
    """

    def __init__(self, kind: type[Message], find: Callable[[type[Message], int], Hearers | None]) -> None:
        super().__init__()
        self._kind = kind
        self._find = find

    def __missing__(self, accountId: int) -> Hearers | None:
        hearers = self._find(self._kind, accountId)
        if hearers is not None:
            self[accountId] = hearers
        return hearers
