"""
Times of which it is known that there are no rows.
"""

from __future__ import annotations

from itertools import pairwise

from ctrader_twisted.store.folding import Holding, cut
from ctrader_twisted.store.series import PERIODS, Series
from ctrader_twisted.store.spans import Span

__all__ = ["emptySpans"]

_MINUTE = 60_000


def emptySpans(series: Series, holding: Holding) -> list[Span]:
    """
    Find the parts of final spans that have no rows for whole minutes.

    @param series: the series.
    @param holding: what is known of a time.
    @return: such parts, ascending. Those of ticks begin and end with a minute, or with their final span; those of bars
        begin where a bar ends, and end where one begins.
    """
    found: list[Span] = []
    for start, end in holding.final:
        timestamps = cut(holding.columns, start, end)[0]
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
        found += [(first, behind) for first, behind in gaps if first < behind]
    return found


def _before(series: Series, timestamp: int) -> int:
    return timestamp - timestamp % _MINUTE if series.kind == "ticks" else timestamp


def _behind(series: Series, timestamp: int) -> int:
    if series.kind == "ticks":
        return timestamp - timestamp % _MINUTE + _MINUTE
    return timestamp + PERIODS[series.of] * _MINUTE
