"""
Prices that somebody moves by hand.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from ctrader_twisted.simulator.market.source import PriceSource, SummarisedSource
from ctrader_twisted.simulator.market.summary import Summary, Tick, joined, summarise

__all__ = ["OverriddenPrices"]

# Prices travel as positive numbers.
_LEAST = 1


class OverriddenPrices:
    """
    The ticks of another source, moved up or down from certain moments on. At each of these moments there is a tick of
    its own, after those of the source in the same millisecond; what was before stays as it was.

    @ivar moves: the ticks by which the price was moved, oldest first.
    """

    def __init__(self, source: PriceSource, moves: Iterable[Tick] = ()) -> None:
        """
        @param source: the prices.
        @param moves: the ticks by which they are moved, oldest first: at the time of each the price is what it says,
            and whatever the source says later is moved by as much as the bid was then.
        @raise ValueError: if they are not in the order of time.
        """
        self._source = source
        self._starts: list[int] = []
        self._shifts = [0]
        self.moves: list[Tick] = []
        for tick in moves:
            self._move(tick)

    def moved(self, tick: Tick) -> OverriddenPrices:
        """
        Make the same prices with one more move. These stay as they are: who has begun to tell them goes on.

        @param tick: the tick; not before the last move.
        @raise ValueError: if it is before the last move.
        """
        moved = OverriddenPrices(self._source)
        moved._starts, moved._shifts, moved.moves = self._starts.copy(), self._shifts.copy(), self.moves.copy()
        moved._move(tick)
        return moved

    def _move(self, tick: Tick) -> None:
        if self._starts and tick.timestamp < self._starts[-1]:
            raise ValueError(f"a price at {tick.timestamp} cannot follow one at {self._starts[-1]}")
        unmoved = self._source.lastTick(tick.timestamp)
        self._starts.append(tick.timestamp)
        self._shifts.append(0 if unmoved is None else tick.bid - unmoved.bid)
        self.moves.append(tick)

    def ticks(self, start: int, end: int) -> list[Tick]:
        """
        Give the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the ticks, oldest first.
        """
        found: list[Tick] = []
        for place, first, last, move in self._parts(start, end):
            if first <= last:
                found += (self._shifted(tick, place) for tick in self._source.ticks(first, last))
            if move is not None:
                found.append(move)
        return found

    def lastTick(self, at: int) -> Tick | None:
        """
        Give the newest tick that is not after a moment.

        @param at: milliseconds since 1970.
        @return: the tick, or L{None} if there was none yet.
        """
        place = bisect_right(self._starts, at)
        found = self._source.lastTick(at)
        if place and (found is None or found.timestamp <= self._starts[place - 1]):
            return self.moves[place - 1]
        return None if found is None else self._shifted(found, place)

    def nextTick(self, after: int) -> Tick | None:
        """
        Give the oldest tick after a moment.

        @param after: milliseconds since 1970.
        @return: the tick, or L{None} if there is none any more.
        """
        place = bisect_right(self._starts, after)
        found = self._source.nextTick(after)
        if place < len(self._starts) and (found is None or found.timestamp > self._starts[place]):
            return self.moves[place]
        return None if found is None else self._shifted(found, place)

    def summary(self, start: int, end: int) -> Summary | None:
        """
        Sum up the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the summary, or L{None} if there are no ticks.
        """
        found: list[Summary] = []
        for place, first, last, move in self._parts(start, end):
            if first <= last and (part := self._summaryOf(first, last)) is not None:
                shift = self._shifts[place]
                opening, high, low, close = (_shifted(price, shift) for price in part[:4])
                found.append(Summary(opening, high, low, close, part.volume))
            if move is not None:
                found.append(Summary(move.bid, move.bid, move.bid, move.bid, 1))
        return joined(found)

    def _parts(self, start: int, end: int) -> list[tuple[int, int, int, Tick | None]]:
        """
        Take a span to pieces: for each its number, its first and last millisecond, and the move at its end.
        """
        parts: list[tuple[int, int, int, Tick | None]] = []
        first = start
        for place in range(bisect_left(self._starts, start), bisect_right(self._starts, end)):
            parts.append((place, first, self._starts[place], self.moves[place]))
            first = self._starts[place] + 1
        parts.append((bisect_right(self._starts, end), first, end, None))
        return parts

    def _summaryOf(self, start: int, end: int) -> Summary | None:
        if isinstance(self._source, SummarisedSource):
            return self._source.summary(start, end)
        return summarise(self._source.ticks(start, end))

    def _shifted(self, tick: Tick, place: int) -> Tick:
        shift = self._shifts[place]
        return Tick(tick.timestamp, _shifted(tick.bid, shift), _shifted(tick.ask, shift))


def _shifted(price: int, shift: int) -> int:
    return max(_LEAST, price + shift)
