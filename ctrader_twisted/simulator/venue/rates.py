"""
What one asset is worth in another.
"""

from __future__ import annotations

from fractions import Fraction

from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.source import Tick
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue.arithmetic import PRICE_SCALE

__all__ = ["Rates"]

# The sum of two prices, in this unit, is their mean.
_SCALE = 2 * PRICE_SCALE

_SAME = Fraction(1)


class Rates:
    """
    Conversion through the present prices of symbols: the middle ones, or the bids.
    """

    def __init__(self, catalogue: Catalogue, market: Market, *, atBid: bool = False) -> None:
        """
        @param catalogue: the symbols.
        @param market: their prices.
        @param atBid: whether to convert at the bids.
        """
        self._atBid = atBid
        self._catalogue = catalogue
        self._market = market
        self._usd = catalogue.assetNamed("USD").assetId

    def rate(self, firstAssetId: int, lastAssetId: int) -> Fraction:
        """
        Convert one of an asset.

        @param firstAssetId: what to convert.
        @param lastAssetId: what into.
        @return: how much of the last asset one of the first is worth.
        @raise TradeRefusal: if there is no way, or a symbol on it has no price.
        """
        if firstAssetId == lastAssetId:
            return _SAME
        # One fraction in the end is quicker than one for each step.
        numerator, denominator, assetId = 1, 1, firstAssetId
        for symbol in self._catalogue.chain(firstAssetId, lastAssetId) or ():
            price = self._price(symbol.symbolId)
            if symbol.baseAssetId == assetId:
                numerator, denominator, assetId = numerator * price, denominator * _SCALE, symbol.quoteAssetId
            else:
                numerator, denominator, assetId = numerator * _SCALE, denominator * price, symbol.baseAssetId
        if assetId != lastAssetId:
            raise TradeRefusal("NO_QUOTES", f"There is no conversion from asset {firstAssetId} to {lastAssetId}")
        return Fraction(numerator, denominator)

    def toUsd(self, assetId: int) -> Fraction:
        """
        Convert one of an asset into dollars.

        @param assetId: what to convert.
        @raise TradeRefusal: if there is no way, or a symbol on it has no price.
        """
        return self.rate(assetId, self._usd)

    def fromUsd(self, assetId: int) -> Fraction:
        """
        Convert a dollar.

        @param assetId: what into.
        @raise TradeRefusal: if there is no way, or a symbol on it has no price.
        """
        return self.rate(self._usd, assetId)

    def middle(self, symbolId: int) -> Fraction:
        """
        Find the middle between a symbol's present prices.

        @param symbolId: the symbol.
        @raise TradeRefusal: if it has no price.
        """
        quote = self._quote(symbolId)
        return Fraction(quote.bid + quote.ask, _SCALE)

    def _price(self, symbolId: int) -> int:
        quote = self._quote(symbolId)
        return 2 * quote.bid if self._atBid else quote.bid + quote.ask

    def _quote(self, symbolId: int) -> Tick:
        quote = self._market.quote(symbolId)
        if quote is None:
            raise TradeRefusal("NO_QUOTES", f"There are no quotes of symbol {symbolId}")
        return quote
