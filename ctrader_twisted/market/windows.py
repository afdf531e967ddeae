"""
Cutting a long span into pieces.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["HOUR", "WEEK", "Span", "Windows"]

HOUR = 3_600_000
WEEK = 168 * HOUR

# The last page of a window is not full, so there should be several; but the pages of the windows behind it wait for
# them.
_PAGES = 6
_SHORTEST = HOUR // 6
# How much of what is known of busy times counts one window later: a weekend is not to be followed by a huge window.
_FADING = 0.97


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
        # Rows a millisecond.
        self._busiest = 0.0

    def next(self) -> Span | None:
        """
        @return: the next window, or L{None} if there is none.
        """
        if self.reached <= self._start:
            return None
        window = Span(max(self._start, self.reached - self._size), self.reached)
        self.reached = window.start
        return window

    def told(self, window: Span, rows: int, page: int) -> None:
        """
        Learn from a window that has been read.

        @param window: the window.
        @param rows: how many rows were in it.
        @param page: how many rows the server's longest pages have.
        """
        self._busiest = max(rows / (window.end - window.start), _FADING * self._busiest)
        best = _PAGES * page / self._busiest if self._busiest else self._longest
        self._size = max(int(min(best, 2 * self._size, self._longest)), min(_SHORTEST, self._longest))
