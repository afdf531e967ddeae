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
        rate, assetId = Fraction(1), firstAssetId
        for symbol in self._catalogue.chain(firstAssetId, lastAssetId) or ():
            price = self._price(symbol.symbolId)
            forward = symbol.baseAssetId == assetId
            rate, assetId = (rate * price, symbol.quoteAssetId) if forward else (rate / price, symbol.baseAssetId)
        if assetId != lastAssetId:
            raise TradeRefusal("NO_QUOTES", f"There is no conversion from asset {firstAssetId} to {lastAssetId}")
        return rate

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
        return Fraction(quote.bid + quote.ask, 2 * PRICE_SCALE)

    def _price(self, symbolId: int) -> Fraction:
        return Fraction(self._quote(symbolId).bid, PRICE_SCALE) if self._atBid else self.middle(symbolId)

    def _quote(self, symbolId: int) -> Tick:
        quote = self._market.quote(symbolId)
        if quote is None:
            raise TradeRefusal("NO_QUOTES", f"There are no quotes of symbol {symbolId}")
        return quote
