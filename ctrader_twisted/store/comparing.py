"""
What history says against what was recorded live.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import chain

from attrs import frozen

from ctrader_twisted.store.folding import cut, joined
from ctrader_twisted.store.series import Arrays, Rows, Series
from ctrader_twisted.store.spans import Span

__all__ = ["Difference", "compared"]


@frozen(eq=False)
class Difference:
    """
    How rows of history differ from those that were recorded live in the same time.

    @ivar spans: the time that was compared: what was provisional.
    @ivar live: how many rows were recorded in it.
    @ivar history: how many rows history has in it.
    @ivar onlyLive: the rows that only the recording has.
    @ivar onlyHistory: the rows that only history has.
    """

    spans: tuple[Span, ...]
    live: int
    history: int
    onlyLive: Rows
    onlyHistory: Rows

    def __bool__(self) -> bool:
        """
        Tell whether anything differs.
        """
        return bool(self.onlyLive) or bool(self.onlyHistory)


def compared(series: Series, spans: tuple[Span, ...], live: Arrays, history: Arrays, digits: int) -> Difference:
    """
    Compare rows. Those that are equal are matched one to one; their order within a millisecond does not matter.

    @param series: the series.
    @param spans: the time that is compared.
    @param live: the recorded rows, ascending.
    @param history: the rows of history, ascending.
    @param digits: the decimal places of the symbol's prices.
    @return: the difference.
    """
    recorded = joined([cut(live, *span) for span in spans], series.width)
    told = joined([cut(history, *span) for span in spans], series.width)
    return Difference(
        spans,
        len(recorded[0]),
        len(told[0]),
        series.table(_without(recorded, told), digits, True),
        series.table(_without(told, recorded), digits, True),
    )


def _without(rows: Arrays, others: Arrays) -> Arrays:
    matched = Counter(zip(*others, strict=True))
    left: list[Sequence[int]] = []
    for row in zip(*rows, strict=True):
        if matched[row] > 0:
            matched[row] -= 1
        else:
            left.append(row)
    values = array("q", chain.from_iterable(left))
    return tuple(values[number :: len(rows)] for number in range(len(rows)))
