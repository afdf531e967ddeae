"""
Prices that a seed makes up: the same everywhere, in whatever order one asks.

A tree of spans stands behind them: week, day, four hours, hour, half hour, five minutes, minute. Each node is split
into its children by numbers drawn from the seed and the node's place, so that the children open and close as it does,
reach its high and its low, and share its ticks among them. So a bar of any length is known without making its
ticks, and agrees with them exactly. All is integer arithmetic.

Within the tree time is trading time: the weeks of 120 hours, from Sunday to Friday evening in New York, follow each
other without the weekends. Holidays have their place in it, and what would happen then is left out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache, partial
from hashlib import shake_128
from itertools import pairwise
from math import isqrt
from struct import unpack

from ctrader_twisted.simulator.market.calendar import FOUR_HOURS, HOURS, isHoliday, spreadAt
from ctrader_twisted.simulator.market.paths import DRAWS_PER_CHILD, bell, minutePath, split
from ctrader_twisted.simulator.market.periods import dayOpening, tradingDay
from ctrader_twisted.simulator.market.specification import SymbolSpec
from ctrader_twisted.simulator.market.summary import Summary, Tick, joined, summarise

__all__ = ["SeededPrices"]

_MINUTE = 60_000
_LENGTHS = tuple(minutes * _MINUTE for minutes in (7200, 1440, 240, 60, 30, 5, 1))
"""
How long the node of each level is, from the week down to the minute.
"""
_FAN_OUT = tuple(longer // shorter for longer, shorter in pairwise(_LENGTHS))
_WEEK = _LENGTHS[0]
_DAY = _LENGTHS[1] // _MINUTE
_MINUTES = len(_LENGTHS) - 1

# Every so many weeks the price comes back to the neighbourhood of its reference.
_RETURN = 64

# A day has hundreds of thousands of ticks, and this makes one in half the time.
_tick: Callable[[tuple[int, int, int]], Tick] = partial(tuple.__new__, Tick)


class SeededPrices:
    """
    A random price that is open from Sunday to Friday evening in New York.
    """

    def __init__(self, seed: int, symbol: SymbolSpec, *, since: date = date(2000, 1, 2)) -> None:
        """
        @param seed: whatever makes this world different from others.
        @param symbol: whose price this is.
        @param since: history begins in the week of this date.
        """
        self._point = symbol.point
        self._motion = symbol.motion
        self._reference = symbol.motion.reference // symbol.point
        self._deviation = self._reference * symbol.motion.volatility // 10_000
        self._beginning = since.toordinal() // 7 * _WEEK
        self._source = shake_128(f"{seed}/{symbol.symbolId}/".encode())
        self._anchor = lru_cache(maxsize=1024)(self._makeAnchor)
        self._children = lru_cache(maxsize=2048)(self._makeChildren)
        self._minute = lru_cache(maxsize=256)(self._makeMinute)
        # Whoever trades asks for it several times at once.
        self._lastTick = lru_cache(maxsize=1)(self._findLastTick)

    def ticks(self, start: int, end: int) -> list[Tick]:
        """
        Give the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the ticks, oldest first.
        """
        first, last = self._span(start, end)
        found: list[Tick] = []
        for minute in range(first // _MINUTE, last // _MINUTE + 1):
            if not _isClosed(minute):
                ticks = self._minute(minute)
                # A tick is a tuple that begins with its time.
                found += ticks[bisect_left(ticks, (start,)) : bisect_left(ticks, (end + 1,))]
        return found

    def lastTick(self, at: int) -> Tick | None:
        """
        Give the newest tick that is not after a moment.

        @param at: milliseconds since 1970.
        @return: the tick, or L{None} before the beginning of history.
        """
        return self._lastTick(at)

    def _findLastTick(self, at: int) -> Tick | None:
        minute = _tradingTime(at, _WEEK - 1) // _MINUTE
        while minute * _MINUTE >= self._beginning:
            if _isClosed(minute):
                minute -= minute % _DAY + 1
                continue
            ticks = self._minute(minute)
            place = bisect_left(ticks, (at + 1,))
            if place:
                return ticks[place - 1]
            minute -= 1
        return None

    def nextTick(self, after: int) -> Tick:
        """
        Give the oldest tick after a moment. There always is one.

        @param after: milliseconds since 1970.
        @return: the tick.
        """
        minute = max(self._beginning, _tradingTime(after, _WEEK - 1)) // _MINUTE
        while True:
            if _isClosed(minute):
                minute += _DAY - minute % _DAY
                continue
            ticks = self._minute(minute)
            place = bisect_left(ticks, (after + 1,))
            if place < len(ticks):
                return ticks[place]
            minute += 1

    def summary(self, start: int, end: int) -> Summary | None:
        """
        Sum up the ticks of a span.

        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the summary, or L{None} if there are no ticks.
        """
        position, last = self._span(start, end)
        parts: list[Summary] = []
        while position <= last:
            if _isClosed(position // _MINUTE):
                position += _LENGTHS[1] - position % _LENGTHS[1]
                continue
            level = _widest(position, last)
            if level is not None:
                parts.append(self._priced(self._node(level, position // _LENGTHS[level])))
                position += _LENGTHS[level]
                continue
            ticks = [tick for tick in self._minute(position // _MINUTE) if start <= tick.timestamp <= end]
            if partial := summarise(ticks):
                parts.append(partial)
            position += _MINUTE - position % _MINUTE
        return joined(parts)

    def _span(self, start: int, end: int) -> tuple[int, int]:
        return max(self._beginning, _tradingTime(start, _WEEK)), _tradingTime(end, _WEEK - 1)

    def _priced(self, node: Summary) -> Summary:
        point = self._point
        return Summary(node.open * point, node.high * point, node.low * point, node.close * point, node.volume)

    def _node(self, level: int, index: int) -> Summary:
        if level == 0:
            return self._week(index)
        fanOut = _FAN_OUT[level - 1]
        return self._children(level - 1, index // fanOut)[index % fanOut]

    def _makeChildren(self, level: int, index: int) -> tuple[Summary, ...]:
        weights = _weights(level, index)
        draws = self._draws(f"{level}/{index}", DRAWS_PER_CHILD * len(weights))
        return split(self._node(level, index), _LENGTHS[level + 1] // _MINUTE, weights, draws)

    def _week(self, week: int) -> Summary:
        gap, high, low, busy = self._draws(f"week/{week}", 4)
        opening = self._anchor(week) + bell(gap, self._deviation // 15)
        closing = self._anchor(week + 1)
        beyond = self._deviation * 4 // 5
        return Summary(
            opening,
            max(opening, closing) + high % (beyond + 1),
            min(opening, closing) - low % (beyond + 1),
            closing,
            _WEEK // _MINUTE * self._motion.ticksPerMinute * (75 + busy % 51) // 100,
        )

    def _makeAnchor(self, week: int) -> int:
        (draw,) = self._draws(f"anchor/{week}", 1)
        if week % _RETURN == 0:
            return self._reference + draw % (10 * self._deviation + 1) - 5 * self._deviation
        half = week & -week
        middle = (self._anchor(week - half) + self._anchor(week + half)) // 2
        return middle + bell(draw, isqrt(self._deviation * self._deviation * half // 2))

    def _makeMinute(self, minute: int) -> tuple[Tick, ...]:
        node = self._node(_MINUTES, minute)
        opening = _realTime(minute * _MINUTE)
        point = self._point
        spread = spreadAt(minute % (_WEEK // _MINUTE), self._motion.spread)
        times, bids, asks = minutePath(node, spread, self._draws(f"minute/{minute}", node.volume))
        rows = zip(map(opening.__add__, times), map(point.__mul__, bids), map(point.__mul__, asks), strict=True)
        return tuple(map(_tick, rows))

    def _draws(self, place: str, count: int) -> Sequence[int]:
        drawn = self._source.copy()
        drawn.update(place.encode())
        return unpack(f"<{count}Q", drawn.digest(8 * count))


def _weights(level: int, index: int) -> Sequence[int]:
    if level == 1:
        return FOUR_HOURS
    if level == 2:
        return HOURS[index % len(HOURS)]
    return (1,) * _FAN_OUT[level]


def _widest(position: int, last: int) -> int | None:
    for level, length in enumerate(_LENGTHS):
        isWhole = position % length == 0 and position + length - 1 <= last
        if isWhole and not (level == 0 and _hasHoliday(position // _WEEK)):
            return level
    return None


def _isClosed(minute: int) -> bool:
    week, rest = divmod(minute, _WEEK // _MINUTE)
    return isHoliday(7 * week + rest // _DAY)


def _hasHoliday(week: int) -> bool:
    return any(map(isHoliday, range(7 * week, 7 * week + 5)))


def _tradingTime(timestamp: int, atMost: int) -> int:
    # A weekend counts as the first moment of the next week or the last of the one before: as far as C{atMost}.
    week = tradingDay(timestamp) // 7
    return week * _WEEK + min(timestamp - dayOpening(7 * week), atMost)


def _realTime(position: int) -> int:
    return dayOpening(7 * (position // _WEEK)) + position % _WEEK
