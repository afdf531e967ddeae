"""
How a price path is filled in: a span of it split into shorter spans, and a minute of it into ticks.

Pure integer arithmetic on prices in points, driven by drawn 64-bit numbers; it knows neither symbols nor time of day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isqrt

from ctrader_twisted.simulator.market.summary import Summary

__all__ = ["DRAWS_PER_CHILD", "MIN_TICKS", "bell", "minutePath", "split"]

DRAWS_PER_CHILD = 2

MIN_TICKS = 5
"""
The fewest ticks of a minute: its open, high, low and close and one more must find a place.
"""

_FIELD = 0xFFFF


def bell(draw: int, deviation: int) -> int:
    """
    Make a number that is about normally distributed around 0.

    @param draw: 64 random bits.
    @param deviation: the standard deviation.
    @return: the number, within 3.5 deviations.
    """
    total = (draw & _FIELD) + (draw >> 16 & _FIELD) + (draw >> 32 & _FIELD) + (draw >> 48) - 2 * _FIELD
    # The sum of four numbers of 16 bits deviates by 65536 / sqrt(3).
    return total * deviation // 37_837


def split(parent: Summary, minutes: int, weights: Sequence[int], draws: Sequence[int]) -> tuple[Summary, ...]:
    """
    Split a span into shorter ones.

    @param parent: what the price does over the whole span; at least L{MIN_TICKS} ticks for each minute.
    @param minutes: the length of each shorter span.
    @param weights: how busy each shorter span is, in comparison.
    @param draws: L{DRAWS_PER_CHILD} times 64 random bits for each shorter span.
    @return: the shorter spans, whose summary is the parent.
    """
    places = range(len(weights))
    volumes = _share(parent.volume, MIN_TICKS * minutes, [weights[i] * (96 + (draws[2 * i] & 63)) for i in places])
    closes = _bridge(parent, volumes, [draws[2 * i + 1] for i in places])
    highs, lows = _extremes(parent, volumes, closes, [draws[2 * i] >> 6 for i in places])
    stretch = _stretching(parent, max(highs), min(lows))
    closes = [stretch(price) for price in closes]
    opens = [parent.open, *(_within(parent, closes[i - 1] + (-1, 0, 0, 1)[draws[2 * i + 1] & 3]) for i in places[1:])]
    highs = [max(stretch(high), opened) for high, opened in zip(highs, opens, strict=True)]
    lows = [min(stretch(low), opened) for low, opened in zip(lows, opens, strict=True)]
    highs[highs.index(max(highs))] = parent.high
    lows[lows.index(min(lows))] = parent.low
    # The further a price goes, the more ticks it takes.
    average = (sum(highs) - sum(lows)) // len(places) + 1
    busy = [volumes[i] * (highs[i] - lows[i] + average) for i in places]
    volumes = _share(parent.volume, MIN_TICKS * minutes, busy)
    return tuple(map(Summary, opens, highs, lows, closes, volumes))


def _share(total: int, floor: int, weights: Sequence[int]) -> list[int]:
    spare = total - floor * len(weights)
    whole = sum(weights)
    shares = []
    given = reached = 0
    for weight in weights:
        reached += weight
        upTo = spare * reached // whole
        shares.append(floor + upTo - given)
        given = upTo
    return shares


def _bridge(parent: Summary, volumes: Sequence[int], draws: Sequence[int]) -> list[int]:
    # A random walk from open to close within the parent's range, which for such a walk is 1.6 times its deviation.
    deviation = (parent.high - parent.low) * 5 // 8
    price, left = parent.open, parent.volume
    closes = []
    for volume, draw in zip(volumes[:-1], draws, strict=False):
        after = left - volume
        step = isqrt(deviation * deviation * volume * after // (left * parent.volume))
        price = _reflected(parent, price + (parent.close - price) * volume // left + bell(draw, step))
        closes.append(price)
        left = after
    return [*closes, parent.close]


def _extremes(
    parent: Summary, volumes: Sequence[int], closes: Sequence[int], draws: Sequence[int]
) -> tuple[list[int], list[int]]:
    # A part goes the further beyond its open and close, the nearer they are: its range varies less than its body.
    whole = parent.high - parent.low
    highs, lows = [], []
    opening = parent.open
    for volume, closing, draw in zip(volumes, closes, draws, strict=True):
        bottom, top = sorted((opening, closing))
        share = isqrt(whole * whole * volume // parent.volume)
        wanted = share * (4 * _FIELD + 5 * (draw & _FIELD)) // (8 * _FIELD)
        spare = min(whole, max(wanted, top - bottom)) - (top - bottom)
        above = min(spare * (draw >> 16 & _FIELD) // _FIELD, parent.high - top)
        below = min(spare - above, bottom - parent.low)
        highs.append(top + spare - below)
        lows.append(bottom - below)
        opening = closing
    return highs, lows


def _stretching(parent: Summary, high: int, low: int) -> Callable[[int], int]:
    # Keeps what lies between the parent's open and close, and extends what lies beyond to its high and low.
    bottom, top = sorted((parent.open, parent.close))

    def stretch(price: int) -> int:
        if price > top:
            return top + (price - top) * (parent.high - top) // (high - top)
        if price < bottom:
            return bottom - (bottom - price) * (bottom - parent.low) // (bottom - low)
        return price

    return stretch


def _reflected(span: Summary, price: int) -> int:
    return _within(span, span.high - abs(span.high - span.low - abs(price - span.low)))


def _within(span: Summary, price: int) -> int:
    return min(span.high, max(span.low, price))


def minutePath(span: Summary, spread: int, draws: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """
    Fill a minute with ticks.

    @param span: what the bid does in this minute.
    @param spread: the usual spread, in points.
    @param draws: 64 random bits for each tick of the span.
    @return: of each tick, oldest first, the time in milliseconds from the beginning of the minute, the bid and the ask
        in points.
    """
    times = sorted([(draw >> 40) % 60_000 for draw in draws])
    bids = _bids(span, draws)
    return times, bids, _asks(bids, spread, draws)


def _bids(span: Summary, draws: Sequence[int]) -> list[int]:
    step = max(1, (span.high - span.low) // 6)
    bids, most, least = [span.open], span.high, span.low
    for (here, _), (there, goal) in pairwise(sorted(_turningPoints(span, draws).items())):
        for place in range(here + 1, there):
            draw = draws[place]
            price = bids[-1]
            if draw & 7 > 2:
                noise = (draw >> 8 & _FIELD) * (2 * step + 1) // (_FIELD + 1) - step
                price += (goal - price) // (there - place + 1) + noise
                if price > most:
                    price = most
                elif price < least:
                    price = least
            bids.append(price)
        bids.append(goal)
    return bids


def _turningPoints(span: Summary, draws: Sequence[int]) -> dict[int, int]:
    last = len(draws) - 1
    points = {0: span.open, last: span.close}
    # High and low come in the order that makes the shorter way, and each with some ticks on either side.
    early = 1 + (draws[0] >> 24) % (last // 3)
    late = last - 1 - (draws[1] >> 24) % (last // 3)
    bottom, top = (early, late) if span.open < span.close else (late, early)
    if span.high > max(span.open, span.close):
        points[top] = span.high
    if span.low < min(span.open, span.close):
        points[bottom] = span.low
    return points


def _asks(bids: Sequence[int], spread: int, draws: Sequence[int]) -> list[int]:
    narrow, choices = spread - spread // 4, spread // 2 + 2
    least, most = spread // 2, 2 * spread
    asks: list[int] = []
    before, ask = -1, 0
    for bid, draw in zip(bids, draws, strict=True):
        # Where the bid moves, the ask often stays, as long as the spread does not become a strange one.
        keeps = draw & 120 == 0 if bid == before else draw & 8 == 0 and before >= 0 and least < ask - bid < most
        if not keeps:
            ask = bid + narrow + (draw >> 32 & _FIELD) % choices
        asks.append(ask)
        before = bid
    return asks
