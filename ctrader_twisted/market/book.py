"""
Order books, put together from what the server adds, replaces and deletes.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from attrs import define, field, frozen

from ctrader_twisted.schema.messages import ProtoOADepthEvent, ProtoOADepthQuote
from ctrader_twisted.units import Lots, Symbol, Units, priceFromWire

__all__ = ["DepthBook", "DepthLevel", "Offers"]

_PRECISE = Context(prec=120, rounding=ROUND_HALF_EVEN)
_PLACES = Decimal("1e-10")


class DepthLevel(NamedTuple):
    """
    What is offered at one price.

    @ivar price: the price.
    @ivar volume: how much, in hundredths of a unit; C{symbol.lots(level.volume)} and C{symbol.units(level.volume)} tell
        it in other words.
    """

    price: Decimal
    volume: int


@frozen
class DepthBook:
    """
    An order book at one moment. It does not change; the next one is another object.

    @ivar symbol: the symbol.
    @ivar bids: what one can sell to, the best (highest) price first.
    @ivar asks: what one can buy from, the best (lowest) price first.
    @ivar received: when the newest change came, in milliseconds since 1970 by the local clock.
    """

    symbol: Symbol = field(repr=False)
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]
    received: int

    @property
    def bestBid(self) -> DepthLevel | None:
        """
        @return: the best level to sell to, if there is one.
        """
        return self.bids[0] if self.bids else None

    @property
    def bestAsk(self) -> DepthLevel | None:
        """
        @return: the best level to buy from, if there is one.
        """
        return self.asks[0] if self.asks else None

    def sellPrice(self, quantity: Lots | Units) -> Decimal | None:
        """
        Tell what selling so much would yield on the mean, level by level.

        @param quantity: how much.
        @return: the price weighted by volumes, exactly, or rounded half to even at ten decimal places where it has
            more; L{None} if the book is too thin.
        @raise IllegalValue: if the symbol cannot be traded in this quantity.
        """
        return _mean(self.bids, self.symbol.volume(quantity))

    def buyPrice(self, quantity: Lots | Units) -> Decimal | None:
        """
        Tell what buying so much would cost on the mean, level by level.

        @param quantity: how much.
        @return: as of L{sellPrice}.
        @raise IllegalValue: if the symbol cannot be traded in this quantity.
        """
        return _mean(self.asks, self.symbol.volume(quantity))


@frozen
class _Offer:
    """
    One quote of the server's.

    @ivar price: in 1/100000.
    @ivar volume: in hundredths of a unit.
    @ivar isBid: on which side it is.
    @ivar age: the number of the event that brought it.
    """

    price: int
    volume: int
    isBid: bool
    age: int


@define
class Offers:
    """
    The quotes of one book, by their ids.
    """

    _offers: dict[int, _Offer] = field(factory=dict, init=False)
    _events: int = field(default=0, init=False)

    def apply(self, event: ProtoOADepthEvent) -> None:
        """
        Take in an event as a whole: first what it deletes, then what it adds or replaces. An unknown id that is deleted
        is ignored. Of quotes that cross, the older ones go; those of one event go together.

        @param event: the event.
        """
        self._events += 1
        for quoteId in event.deletedQuotes:
            self._offers.pop(quoteId, None)
        for quote in event.newQuotes:
            self._place(quote)
        self._uncross()

    def book(self, symbol: Symbol, received: int) -> DepthBook:
        """
        Look at the book as it is now.

        @param symbol: the symbol.
        @param received: milliseconds since 1970 by the local clock.
        @return: the book.
        """
        bids = _levels((offer for offer in self._offers.values() if offer.isBid), symbol.digits)
        asks = _levels((offer for offer in self._offers.values() if not offer.isBid), symbol.digits)
        return DepthBook(symbol, bids[::-1], asks, received)

    def _place(self, quote: ProtoOADepthQuote) -> None:
        price = quote.bid or quote.ask
        if price and quote.size:
            self._offers[quote.id] = _Offer(price, quote.size, bool(quote.bid), self._events)
        else:
            # Nothing is offered under this id any more.
            self._offers.pop(quote.id, None)

    def _uncross(self) -> None:
        while (crossing := self._crossing()) is not None:
            oldest = min(self._offers[quoteId].age for quoteId in crossing)
            for quoteId in crossing:
                if self._offers[quoteId].age == oldest:
                    del self._offers[quoteId]

    def _crossing(self) -> tuple[int, int] | None:
        bids = {quoteId: offer.price for quoteId, offer in self._offers.items() if offer.isBid}
        asks = {quoteId: offer.price for quoteId, offer in self._offers.items() if not offer.isBid}
        if not bids or not asks:
            return None
        bid, ask = max(bids, key=bids.__getitem__), min(asks, key=asks.__getitem__)
        return (bid, ask) if bids[bid] > asks[ask] else None


def _levels(offers: Iterable[_Offer], digits: int) -> tuple[DepthLevel, ...]:
    volumes: dict[int, int] = {}
    for offer in offers:
        volumes[offer.price] = volumes.get(offer.price, 0) + offer.volume
    return tuple(DepthLevel(priceFromWire(price, digits), volumes[price]) for price in sorted(volumes))


def _mean(levels: tuple[DepthLevel, ...], volume: int) -> Decimal | None:
    rest, total = volume, Decimal(0)
    for level in levels:
        part = min(rest, level.volume)
        total = _PRECISE.add(total, _PRECISE.multiply(level.price, Decimal(part)))
        rest -= part
        if not rest:
            mean = _PRECISE.divide(total, Decimal(volume))
            exponent = mean.as_tuple().exponent
            assert isinstance(exponent, int)
            return mean if exponent >= -10 else mean.quantize(_PLACES, context=_PRECISE)
    return None
