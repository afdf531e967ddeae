"""
The order book around a quote, made up by a seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from ctrader_twisted.simulator.market.specification import SymbolSpec
from ctrader_twisted.simulator.market.summary import Tick

__all__ = ["LEVELS", "Level", "SeededDepth"]

LEVELS = 5
"""
How many prices a full side of the book has.
"""

# How long the size at a price lasts, in milliseconds.
_LIFETIME = 10_000


class Level(NamedTuple):
    """
    A price at which somebody would buy or sell.

    @ivar isBid: whether it is for buying.
    @ivar price: in 1/100000 of a price unit.
    """

    isBid: bool
    price: int


class SeededDepth:
    """
    What is offered around the quotes of a symbol. The same tick has the same book, whatever was before.
    """

    def __init__(self, seed: int, symbol: SymbolSpec) -> None:
        """
        @param seed: sizes follow from it.
        @param symbol: the symbol.
        """
        self._place = f"{seed}/{symbol.symbolId}"
        self._rung = symbol.point * max(1, symbol.motion.spread // 2)
        self._portion = symbol.lotSize // 2

    def book(self, tick: Tick) -> dict[Level, int]:
        """
        Make the book at a tick. Its best levels are the sides of the tick; the others lie on a fixed ladder beyond.

        @param tick: the quote. If its bid is above its ask, the book is empty.
        @return: sizes in 1/100 of a unit, bids from the highest on, then asks from the lowest on.
        """
        if tick.bid > tick.ask:
            return {}
        return {level: self._size(level, tick.timestamp) for level in self._levels(tick)}

    def _levels(self, tick: Tick) -> Iterator[Level]:
        rung = self._rung
        below, above = (tick.bid - 1) // rung * rung, (tick.ask // rung + 1) * rung
        yield Level(True, tick.bid)
        for price in range(below, max(0, below - rung * (LEVELS - 1)), -rung):
            yield Level(True, price)
        yield Level(False, tick.ask)
        for price in range(above, above + rung * (LEVELS - 1), rung):
            yield Level(False, price)

    def _size(self, level: Level, timestamp: int) -> int:
        # The sizes at different prices do not all change in the same moment.
        turn = (timestamp + level.price * 7919 % _LIFETIME) // _LIFETIME
        drawn = blake2b(f"{self._place}/{level.isBid}/{level.price}/{turn}".encode(), digest_size=8).digest()
        return (1 + int.from_bytes(drawn, "big") % 20) * self._portion
