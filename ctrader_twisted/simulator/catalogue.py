"""
The symbols that an exchange offers, and the ways from one asset to another through them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ctrader_twisted.schema.messages import ProtoOASymbol
from ctrader_twisted.simulator.market.specification import ArchivedSymbol, Asset, Leverage, SymbolSpec
from ctrader_twisted.simulator.market.symbols import ARCHIVED, ASSETS, LEVERAGES, SYMBOLS
from ctrader_twisted.simulator.refusal import Refusal

__all__ = ["Catalogue"]


class Catalogue:
    """
    Symbols and assets by id.

    @ivar assets: the assets by id.
    @ivar leverages: the tables of dynamic leverage by id.
    @ivar symbols: the symbols by id, in the order of their ids.
    @ivar archived: the symbols that are not offered any more, by id. They are told of, and unknown otherwise.
    """

    def __init__(
        self,
        symbols: Iterable[SymbolSpec] = SYMBOLS,
        assets: Iterable[Asset] = ASSETS,
        leverages: Iterable[Leverage] = LEVERAGES,
        archived: Iterable[ArchivedSymbol] = ARCHIVED,
    ) -> None:
        """
        @param symbols: what is offered.
        @param assets: what the symbols are made of.
        @param leverages: the tables of dynamic leverage.
        @param archived: what was offered before, and is not any more.
        """
        self.archived = {symbol.symbolId: symbol for symbol in archived}
        self.leverages = {leverage.leverageId: leverage for leverage in leverages}
        self.assets = {asset.assetId: asset for asset in assets}
        self.symbols = {symbol.symbolId: symbol for symbol in sorted(symbols, key=lambda each: each.symbolId)}
        self._full = {symbolId: symbol.full() for symbolId, symbol in self.symbols.items()}
        self._staked = {symbolId: symbol.staked() for symbolId, symbol in self.symbols.items()}
        self._chains: dict[tuple[int, int], list[SymbolSpec] | None] = {}

    def assetNamed(self, name: str) -> Asset:
        """
        Find an asset.

        @param name: its name, such as C{USD}.
        @raise KeyError: if there is no such asset.
        """
        for asset in self.assets.values():
            if asset.name == name:
                return asset
        raise KeyError(name)

    def symbolNamed(self, name: str) -> SymbolSpec:
        """
        Find a symbol.

        @param name: its name, such as C{EURUSD}.
        @raise KeyError: if there is no such symbol.
        """
        for symbol in self.symbols.values():
            if symbol.name == name:
                return symbol
        raise KeyError(name)

    def symbol(self, symbolId: int) -> SymbolSpec:
        """
        Find a symbol.

        @param symbolId: its id.
        @raise Refusal: if there is no such symbol.
        """
        found = self.symbols.get(symbolId)
        if found is None:
            raise Refusal("SYMBOL_NOT_FOUND", f"Symbol not found with id {symbolId}")
        return found

    def full(self, symbolId: int) -> ProtoOASymbol:
        """
        Give a symbol's whole specification.

        @param symbolId: the id of a symbol of this catalogue.
        @return: the message; not to be changed.
        """
        return self._full[symbolId]

    def staked(self, symbolId: int) -> ProtoOASymbol:
        """
        Give a symbol's whole specification with stakes for its volumes.

        @param symbolId: the id of a symbol of this catalogue.
        @return: the message; not to be changed.
        """
        return self._staked[symbolId]

    def change(self, symbol: SymbolSpec) -> None:
        """
        Change a symbol.

        @param symbol: a new specification of a symbol that is offered.
        """
        # First, so that one that cannot be told leaves all as it is.
        full, staked = symbol.full(), symbol.staked()
        self.symbols[symbol.symbolId] = symbol
        self._full[symbol.symbolId] = full
        self._staked[symbol.symbolId] = staked
        self._chains.clear()

    def archive(self, symbolId: int, now: int) -> None:
        """
        Do not offer a symbol any more.

        @param symbolId: a symbol that is offered.
        @param now: milliseconds since 1970.
        """
        gone = self.symbols.pop(symbolId)
        self.archived[symbolId] = ArchivedSymbol(symbolId, gone.name, gone.description, now)
        self._chains.clear()

    def changeLeverage(self, leverage: Leverage) -> list[int]:
        """
        Change a table of dynamic leverage.

        @param leverage: the new table, under the id of one that there is.
        @return: the ids of its symbols.
        """
        self.leverages[leverage.leverageId] = leverage
        return [each.symbolId for each in self.symbols.values() if each.leverageId == leverage.leverageId]

    def chain(self, firstAssetId: int, lastAssetId: int) -> list[SymbolSpec] | None:
        """
        Find the shortest way from one asset to another; of several, the one by the lowest symbol ids.

        @param firstAssetId: the asset to begin with.
        @param lastAssetId: the asset to end with.
        @return: the symbols to go through, each in whichever direction fits, not to be changed; L{None} if there is no
            way.
        """
        ends = firstAssetId, lastAssetId
        if not self.assets.keys() >= set(ends):
            return None
        if ends not in self._chains:
            self._chains[ends] = self._shortestChain(firstAssetId, lastAssetId)
        return self._chains[ends]

    def _shortestChain(self, firstAssetId: int, lastAssetId: int) -> list[SymbolSpec] | None:
        ways: dict[int, list[SymbolSpec]] = {firstAssetId: []}
        waiting = deque([firstAssetId])
        while waiting and lastAssetId not in ways:
            assetId = waiting.popleft()
            for symbol in self.symbols.values():
                neighbour = _otherAsset(symbol, assetId)
                if neighbour is not None and neighbour not in ways:
                    ways[neighbour] = [*ways[assetId], symbol]
                    waiting.append(neighbour)
        return ways.get(lastAssetId)


def _otherAsset(symbol: SymbolSpec, assetId: int) -> int | None:
    if symbol.baseAssetId == assetId:
        return symbol.quoteAssetId
    if symbol.quoteAssetId == assetId:
        return symbol.baseAssetId
    return None
