"""
Prices that a test gives to an exchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.schema.messages import ProtoOATrendbarPeriod
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.periods import Span, spanOf
from ctrader_twisted.simulator.market.scripted import ScriptedPrices
from ctrader_twisted.simulator.market.specification import SymbolSpec
from ctrader_twisted.simulator.market.summary import Tick
from ctrader_twisted.simulator.venue.schedule import nextOpening
from ctrader_twisted.units import fromMilliseconds, priceToWire, toMilliseconds
from ctrader_twisted.units.exact import Exact, exactDecimal

__all__ = ["BarRow", "PriceScript"]

BarRow = Sequence[Exact]
"""
Open, high, low and close of a bar, which are bids.
"""


class _Bids(NamedTuple):
    """
    A bar on the wire.
    """

    open: int
    high: int
    low: int
    close: int

    def path(self) -> tuple[int, ...]:
        """
        The way of the bid: a bar that rises goes down first.
        """
        extremes = (self.low, self.high) if self.close >= self.open else (self.high, self.low)
        return (self.open, *extremes, self.close)


class PriceScript:
    """
    What a test says of the prices of an exchange.
    """

    def __init__(self, exchange: Exchange) -> None:
        """
        @param exchange: the exchange.
        """
        self._exchange = exchange
        self._scripts: dict[int, ScriptedPrices] = {}

    def price(self, name: str, bid: Exact, ask: Exact) -> None:
        """
        Give a symbol a price from now on, until the next one is given.

        @param name: the symbol's name.
        @param bid: what one gets for it.
        @param ask: what one pays for it.
        @raise IllegalValue: if there is no such symbol, or the price is none of it.
        """
        symbol = self._symbol(name)
        market, now = self._exchange.market, self._exchange.timeline.now()
        tick = Tick(now, _wire(symbol, bid), _wire(symbol, ask))
        if tick.ask < tick.bid:
            raise IllegalValue(f"the ask of {name} cannot be {ask}, below the bid {bid}")
        market.catchUp()
        script = self._script(symbol, now)
        script.dropAfter(now)
        script.add(tick)
        self._exchange.valuations.hurry()
        market.setSource(symbol.symbolId, script, tick)

    def bars(
        self,
        name: str,
        period: str,
        rows: Iterable[BarRow],
        start: datetime | int | None = None,
        *,
        spread: Exact | None = None,
    ) -> datetime:
        """
        Let a symbol's price make bars, each of four ticks. They follow each other while the symbol is traded; before
        the first the price is what it is without them, and after the last it stays.

        @param name: the symbol's name.
        @param period: how long each is, such as C{M5}.
        @param rows: open, high, low and close of each.
        @param start: when the first opens; by default the next one that opens. It may be past while prices stand
            still.
        @param spread: how far the ask is above the bid; by default what is usual for the symbol.
        @return: when the last is over.
        @raise IllegalValue: if there is no such symbol or period, no bar opens then, or one of them cannot be.
        """
        symbol, number = self._symbol(name), _period(period)
        bars = [_bar(symbol, row) for row in rows]
        if not bars:
            raise IllegalValue("at least one bar is needed")
        distance = symbol.motion.spread * symbol.point if spread is None else priceToWire(exactDecimal(spread))
        if distance < 0:
            raise IllegalValue(f"a spread is zero or more, not {spread}")
        first = self._first(symbol, number, start)
        market = self._exchange.market
        market.catchUp()
        script = self._script(symbol, first.opening - 1)
        script.dropAfter(first.opening - 1)
        span = first
        for bar, span in zip(bars, self._spans(symbol, number, first), strict=False):
            for moment, bid in zip(_moments(span), bar.path(), strict=True):
                script.add(Tick(moment, bid, bid + distance))
        market.setSource(symbol.symbolId, script)
        return fromMilliseconds(span.closing)

    def _symbol(self, name: str) -> SymbolSpec:
        catalogue = self._exchange.catalogue
        try:
            return catalogue.symbolNamed(name)
        except KeyError:
            names = tuple(each.name for each in catalogue.symbols.values())
            raise IllegalValue(f"there is no symbol {name!r}, but {', '.join(names)}", names) from None

    def _script(self, symbol: SymbolSpec, until: int) -> ScriptedPrices:
        script = self._scripts.get(symbol.symbolId)
        if script is None:
            before = self._exchange.market.source(symbol.symbolId)
            script = self._scripts[symbol.symbolId] = ScriptedPrices(before, until)
        return script

    def _first(self, symbol: SymbolSpec, period: int, start: datetime | int | None) -> Span:
        now = self._exchange.timeline.now()
        moment = spanOf(period, now).closing if start is None else toMilliseconds(start)
        if start is not None and moment <= now and self._exchange.market.isRunning:
            raise IllegalValue(f"it is {fromMilliseconds(now)} already: what the price was then has been told")
        found = next(self._spans(symbol, period, spanOf(period, moment)))
        if start is not None and spanOf(period, moment) != Span(moment, found.closing):
            around = spanOf(period, moment).opening, found.opening
            words = " or ".join(str(fromMilliseconds(each)) for each in dict.fromkeys(around))
            raise IllegalValue(
                f"no such bar of {symbol.name} opens at {fromMilliseconds(moment)}, but at {words}", around
            )
        return found

    def _spans(self, symbol: SymbolSpec, period: int, span: Span) -> Iterator[Span]:
        """
        Give the times of bars in which the symbol is traded. The first part of a bar may lie before that.
        """
        full = self._exchange.catalogue.full(symbol.symbolId)
        while True:
            opening = nextOpening(full, span.opening)
            if opening < span.closing:
                yield Span(opening, span.closing)
                opening = span.closing
            span = spanOf(period, opening)


def _period(name: str) -> int:
    names = ProtoOATrendbarPeriod.keys()
    if name not in names:
        raise IllegalValue(f"a bar's period is one of {', '.join(names)}, not {name!r}", tuple(names))
    return ProtoOATrendbarPeriod.Value(name)


def _wire(symbol: SymbolSpec, price: Exact) -> int:
    raw = priceToWire(exactDecimal(price))
    if raw <= 0 or raw % symbol.point:
        raise IllegalValue(f"{price} is no price of {symbol.name}, which has {symbol.digits} digits and is above zero")
    return raw


def _bar(symbol: SymbolSpec, row: BarRow) -> _Bids:
    if len(row) != len(_Bids._fields):
        raise IllegalValue(f"a bar is its open, high, low and close, not {row!r}")
    bar = _Bids(*(_wire(symbol, price) for price in row))
    if not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
        raise IllegalValue(f"in the bar {tuple(map(str, row))} high or low is not what its name says")
    return bar


def _moments(span: Span) -> tuple[int, int, int, int]:
    third = (span.closing - span.opening) // 3
    return span.opening, span.opening + third, span.opening + 2 * third, span.closing - 1
