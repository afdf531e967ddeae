"""
Moving prices by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ctrader_twisted.simulator.market.override import OverriddenPrices
from ctrader_twisted.simulator.market.summary import Tick

if TYPE_CHECKING:
    from ctrader_twisted.simulator.exchange import Exchange

__all__ = ["dumpMoves", "loadMoves", "movePrice", "setPrice"]

_SCALE = 100_000

# Beyond it a double cannot tell prices any more.
_HIGHEST = 10**14


def setPrice(exchange: Exchange, symbolId: int, bid: int, ask: int) -> None:
    """
    Let a symbol have a price now, and go on from there.

    @param exchange: the exchange.
    @param symbolId: the symbol.
    @param bid: in 1/100000 of a price unit.
    @param ask: likewise; not below the bid.
    @raise ValueError: if the symbol cannot have such a price.
    """
    symbol = exchange.catalogue.symbols[symbolId]
    shown = f"{symbol.name} cannot have the bid {bid / _SCALE:.5f} and the ask {ask / _SCALE:.5f}"
    if not 0 < bid <= ask:
        raise ValueError(f"{shown}: the bid must be above 0, and the ask not below it")
    if ask > _HIGHEST:
        raise ValueError(f"{shown}: no price is above {_HIGHEST // _SCALE:,}")
    if bid % symbol.point or ask % symbol.point:
        raise ValueError(f"{shown}: its prices have {symbol.digits} decimals")
    exchange.market.catchUp()
    exchange.valuations.hurry()
    tick = Tick(exchange.timeline.now(), bid, ask)
    exchange.market.setSource(symbolId, _overridden(exchange, symbolId).moved(tick), tick)
    exchange.changed()


def movePrice(exchange: Exchange, symbolId: int, pips: float) -> None:
    """
    Let a symbol's price jump now, with the spread as it is, and go on from there.

    @param exchange: the exchange.
    @param symbolId: the symbol.
    @param pips: how far; negative is down.
    @raise ValueError: if the symbol has no price yet, or cannot have such a one.
    """
    symbol = exchange.catalogue.symbols[symbolId]
    last = exchange.market.quote(symbolId)
    if last is None:
        raise ValueError(f"{symbol.name} has no price yet that could be moved")
    distance = round(pips * 10**-symbol.pipPosition * _SCALE)
    setPrice(exchange, symbolId, last.bid + distance, last.ask + distance)


def dumpMoves(exchange: Exchange) -> dict[str, list[list[int]]]:
    """
    Tell by what prices were moved.

    @param exchange: the exchange.
    @return: by symbol id, what JSON can hold.
    """
    sources = {symbolId: exchange.market.source(symbolId) for symbolId in exchange.catalogue.symbols}
    return {
        str(symbolId): [list(tick) for tick in source.moves]
        for symbolId, source in sources.items()
        if isinstance(source, OverriddenPrices)
    }


def loadMoves(exchange: Exchange, moves: Mapping[str, list[list[int]]]) -> None:
    """
    Move prices as they were moved before. Those that somebody has moved stay as they are.

    @param exchange: the exchange.
    @param moves: what L{dumpMoves} gave.
    @raise KeyError: if there is no such symbol.
    @raise TypeError: if it is broken.
    @raise ValueError: likewise.
    """
    for name, ticks in moves.items():
        source = exchange.market.source(int(name))
        if isinstance(source, OverriddenPrices):
            continue
        exchange.market.setSource(int(name), OverriddenPrices(source, (Tick(*tick) for tick in ticks)))


def _overridden(exchange: Exchange, symbolId: int) -> OverriddenPrices:
    source = exchange.market.source(symbolId)
    return source if isinstance(source, OverriddenPrices) else OverriddenPrices(source)
