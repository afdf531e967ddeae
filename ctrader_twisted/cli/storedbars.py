"""
Bars of any period from a dataset, out of what it has: the bars themselves, shorter ones, or ticks.
"""

from __future__ import annotations

from array import array

from ctrader_twisted.columns import PERIODS, Ticks, Trendbars, spanOf
from ctrader_twisted.columns.periods import isPartOf
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.store import Dataset, Series, Span
from ctrader_twisted.store.spans import length

__all__ = ["storedBars"]

_SHORTEST = "M1"


def storedBars(dataset: Dataset, symbol: str, period: str, span: Span) -> tuple[Trendbars, Series, Span]:
    """
    Get the bars that open in a span.

    @param dataset: the dataset.
    @param symbol: the name of the symbol.
    @param period: the name of the period.
    @param span: the span, in milliseconds since 1970.
    @return: the bars; of what series they were made, which is the one that lacks least, and among equals the one that
        costs least; and what time they need of it.
    @raise ConfigurationError: if the dataset has nothing of which they can be made.
    """
    needed = _needed(period, span)
    there = dataset.series()
    possible = [each for each in _possible(symbol, period) if each in there]
    if not possible:
        raise ConfigurationError(
            f"{dataset.path} has nothing of which bars of {symbol} {period} can be made: no such bars, no shorter "
            f"ones, and no ticks of the bid; it has {', '.join(map(str, there)) or 'nothing'}"
        )
    series = min(possible, key=lambda each: length(dataset.missing(each, *needed)))
    return _barsOf(dataset, series, period, needed).between(*span), series, needed


def _needed(period: str, span: Span) -> Span:
    first, last = spanOf(period, span[0]), spanOf(period, span[1] - 1)
    start = first.opening if first.opening == span[0] else first.closing
    return start, max(last.closing, start + 1)


def _possible(symbol: str, period: str) -> list[Series]:
    longestFirst = [other for other in reversed(PERIODS) if isPartOf(other, period)]
    return [*(Series.bars(symbol, other) for other in longestFirst), Series.ticks(symbol, "bid")]


def _barsOf(dataset: Dataset, series: Series, period: str, span: Span) -> Trendbars:
    bars = _minutesOf(dataset, series, span) if series.kind == "ticks" else dataset.read(series, *span)
    assert isinstance(bars, Trendbars)
    return bars if bars.period == period else bars.resampled(period)


def _minutesOf(dataset: Dataset, series: Series, span: Span) -> Trendbars:
    # A day of UTC, which is what is in memory of the ticks, has whole minutes.
    days = []
    for ticks in dataset.byDay(series, *span):
        assert isinstance(ticks, Ticks)
        days.append(Trendbars.fromTicks(ticks, _SHORTEST))
    return Trendbars.joined(days) if days else Trendbars(*(array("q") for _ in range(6)), period=_SHORTEST, digits=5)
