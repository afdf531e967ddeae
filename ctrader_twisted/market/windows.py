"""
Cutting a long span into pieces.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DAY", "WEEK", "Span", "Windows"]

_HOUR = 3_600_000
DAY = 24 * _HOUR
WEEK = 7 * DAY

# A window of one page costs a round trip for nothing else, and one of many keeps the others waiting.
_FEW_PAGES = 1
_MANY_PAGES = 8


class Span(NamedTuple):
    """
    A span of time.

    @ivar start: the first moment that is in it, in milliseconds since 1970.
    @ivar end: the first moment that is not in it any more.
    """

    start: int
    end: int


class Windows:
    """
    Cuts a span, from its end on, into windows that can be asked for at the same time. They grow and shrink with what is
    found in them.

    @ivar reached: where the next window ends.
    """

    def __init__(self, span: Span, *, first: int, longest: int) -> None:
        """
        @param span: the whole.
        @param first: the size of the first window, in milliseconds.
        @param longest: the size that no window exceeds.
        """
        self.reached = span.end
        self._start = span.start
        self._size = min(first, longest)
        self._longest = longest

    def next(self) -> Span | None:
        """
        @return: the next window, or L{None} if there is none.
        """
        if self.reached <= self._start:
            return None
        window = Span(max(self._start, self.reached - self._size), self.reached)
        self.reached = window.start
        return window

    def told(self, pages: int) -> None:
        """
        Learn from a window that has been read.

        @param pages: how many pages it had.
        """
        if pages <= _FEW_PAGES:
            self._size = min(2 * self._size, self._longest)
        elif pages > _MANY_PAGES:
            self._size = max(self._size // 2, min(_HOUR, self._longest))
