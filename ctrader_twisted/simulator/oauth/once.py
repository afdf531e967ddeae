"""
What can be fetched once, and not for long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Once"]

_ThingT = TypeVar("_ThingT")

_MOST = 1_000


class Once(Generic[_ThingT]):
    """
    Gives a word for each thing that is put into it, and the thing back for the word. Of very many the oldest are lost.
    """

    def __init__(self, seconds: Callable[[], float], lifetime: float, mint: Callable[[], str]) -> None:
        """
        @param seconds: the time, in seconds.
        @param lifetime: how long a word is good.
        @param mint: makes words that nobody guesses.
        """
        self._seconds = seconds
        self._lifetime = lifetime
        self._mint = mint
        self._kept: dict[str, tuple[_ThingT, float]] = {}

    def put(self, thing: _ThingT) -> str:
        """
        Keep a thing.

        @param thing: the thing.
        @return: the word for it.
        """
        word = self._mint()
        self._kept[word] = thing, self._seconds() + self._lifetime
        if len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return word

    def take(self, word: str) -> _ThingT | None:
        """
        Fetch a thing.

        @param word: the word for it.
        @return: the thing; L{None} if it was fetched before, is too old, or never was.
        """
        thing, expires = self._kept.pop(word, (None, 0.0))
        return thing if self._seconds() < expires else None
