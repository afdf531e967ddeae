"""
Spans of time as pairs of milliseconds, the first inside, the second outside; and sets of them, ascending and apart.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Span", "common", "length", "union", "without"]

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """
    Join spans that touch or overlap; empty ones vanish.

    @param spans: any spans, in any order.
    @return: the same time as the fewest spans, ascending.
    """
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return tuple(joined)


def without(spans: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """
    Take time away.

    @param spans: from these, ascending and apart.
    @param others: what is taken away, likewise.
    @return: what is left.
    """
    left: list[Span] = []
    away = list(others)
    place = 0
    for start, end in spans:
        while place < len(away) and away[place][1] <= start:
            place += 1
        here = place
        while here < len(away) and away[here][0] < end:
            if away[here][0] > start:
                left.append((start, away[here][0]))
            start = max(start, away[here][1])
            here += 1
        if start < end:
            left.append((start, end))
    return tuple(left)


def common(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    """
    Cut out a part of the time.

    @param spans: from these.
    @param start: the first millisecond of the part.
    @param end: the first one behind it.
    @return: what of the spans lies in it.
    """
    cut = ((max(start, first), min(end, last)) for first, last in spans)
    return tuple((first, last) for first, last in cut if first < last)


def length(spans: Iterable[Span]) -> int:
    """
    Measure time.

    @param spans: spans that are apart.
    @return: how many milliseconds they have together.
    """
    return sum(end - start for start, end in spans)
