"""
Times of which it is known that there are no rows.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

from ctrader_twisted.store.folding import Holding, cut
from ctrader_twisted.store.series import Series
from ctrader_twisted.store.spans import Span

__all__ = ["emptySpans", "lastEnd"]

_MINUTE = 60_000


def emptySpans(series: Series, holding: Holding, reached: int = 0) -> list[Span]:
    """
    Find the parts of final spans that have no rows for whole minutes.

    @param series: the series.
    @param holding: what is known of a time.
    @param reached: when the last bar before that time ends, in milliseconds since 1970.
    @return: such parts, ascending. Those of ticks begin and end with a minute, or with their final span; those of bars
        begin where a bar ends, and end where one begins.
    """
    found: list[Span] = []
    for start, end in holding.final:
        timestamps = cut(holding.columns, start, end)[0]
        start = max(start, reached, lastEnd(series, holding, start))
        if not timestamps:
            found.append((start, end))
            continue
        gaps = [
            (start, _before(series, timestamps[0])),
            *(
                (_behind(series, one), _before(series, other))
                for one, other in pairwise(timestamps)
                # Most rows follow each other closely, and there are many.
                if other - one > _MINUTE
            ),
            (_behind(series, timestamps[-1]), end),
        ]
        found += gaps
    return [(first, behind) for first, behind in found if first < behind]


def lastEnd(series: Series, holding: Holding, moment: int) -> int:
    """
    Tell when the last bar that begins before a moment ends.

    @param series: the series.
    @param holding: what is known of a time.
    @param moment: the moment, in milliseconds since 1970.
    @return: the end of the bar, likewise; 0 if there is no bar, as of ticks.
    """
    place = bisect_left(holding.columns[0], moment)
    return _behind(series, holding.columns[0][place - 1]) if place and series.kind == "bars" else 0


def _before(series: Series, timestamp: int) -> int:
    return timestamp - timestamp % _MINUTE if series.kind == "ticks" else timestamp


def _behind(series: Series, timestamp: int) -> int:
    if series.kind == "ticks":
        return timestamp - timestamp % _MINUTE + _MINUTE
    return timestamp + series.longest
