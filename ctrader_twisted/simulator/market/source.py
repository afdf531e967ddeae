"""
Where prices come from, as the rest of the simulator sees it.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ctrader_twisted.simulator.market.summary import Summary, Tick

__all__ = ["PriceSource", "Recording", "SummarisedSource", "Summary", "Tick"]


class PriceSource(Protocol):
    """
    The quotes of one symbol over all time. It knows no "now": whoever asks decides what is past.
    """

    def ticks(self, start: int, end: int) -> list[Tick]:
        """
        Give the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the ticks, oldest first; several may share a millisecond.
        """

    def lastTick(self, at: int) -> Tick | None:
        """
        Give the newest tick that is not after a moment.

        @param at: milliseconds since 1970.
        @return: the last of the ticks of its millisecond, or L{None} if there was none yet.
        """

    def nextTick(self, after: int) -> Tick | None:
        """
        Give the oldest tick after a moment.

        @param after: milliseconds since 1970.
        @return: the first of the ticks of its millisecond, or L{None} if there is none any more.
        """


@runtime_checkable
class SummarisedSource(PriceSource, Protocol):
    """
    A source that can say what the ticks of a long span amount to without making each of them.
    """

    def summary(self, start: int, end: int) -> Summary | None:
        """
        Sum up the ticks that C{ticks(start, end)} would give.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the summary, or L{None} if there are no ticks.
        """


class Recording(SummarisedSource, Protocol):
    """
    A source with a beginning and an end.
    """

    @property
    def first(self) -> int:
        """
        The time of the first tick, in milliseconds since 1970.
        """

    @property
    def last(self) -> int:
        """
        The time of the last tick, in milliseconds since 1970.
        """
