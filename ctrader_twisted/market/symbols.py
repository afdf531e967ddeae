"""
The symbols of an account, by name or by id.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import SymbolNotFound
from ctrader_twisted.eventual import eventually
from ctrader_twisted.market.shared import Shared
from ctrader_twisted.market.specifications import Specifications
from ctrader_twisted.schema.messages import (
    ProtoOAAssetListReq,
    ProtoOALightSymbol,
    ProtoOASymbolChangedEvent,
    ProtoOASymbolsListReq,
)
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.units import Asset, Symbol

__all__ = ["SymbolCache"]


class SymbolCache:
    """
    Symbols with their full specification.

    Assets are asked for once. The list of symbols and each specification are kept until the server tells that a symbol
    changed, or until the connection is lost, since a change could go unheard then.
    """

    _log = Logger()

    def __init__(self, link: AccountLink) -> None:
        """
        @param link: the account.
        """
        self._link = link
        self._assets: Shared[Mapping[int, Asset]] = Shared(lambda: Deferred.fromCoroutine(self._askAssets()))
        self._list: Shared[tuple[ProtoOALightSymbol, ...]] = Shared(lambda: Deferred.fromCoroutine(self._askList()))
        self._specifications = Specifications(link)
        self._known: dict[int, Symbol] = {}

    def start(self) -> None:
        """
        Begin to listen for changes.
        """
        self._link.listen(ProtoOASymbolChangedEvent, self._changed)
        self._link.onLost(self._lost)

    def assets(self) -> Deferred[Mapping[int, Asset]]:
        """
        List all assets.

        @return: fires with the assets by their ids.
        """
        return self._assets.get()

    def symbols(self) -> Deferred[tuple[ProtoOALightSymbol, ...]]:
        """
        List all symbols.

        @return: fires with the server's entries: ids, names, assets, descriptions, and whether they are enabled.
        """
        return self._list.get()

    def symbol(self, which: str | int) -> Deferred[Symbol]:
        """
        Find a symbol.

        @param which: its name, exactly as the broker writes it, or its id.
        @return: fires with the symbol.
        @raise SymbolNotFound: (as a failure) if there is none; the message tells similar names.
        """
        return eventually(self._symbol(which))

    def known(self, symbolId: int) -> Symbol | None:
        """
        Look up a symbol without asking the server.

        @param symbolId: its id.
        @return: the symbol as it was when L{symbol} gave it last, or L{None} if it never did.
        """
        return self._known.get(symbolId)

    async def _symbol(self, which: str | int) -> Symbol:
        assets = await self._assets.get()
        light = self._entry(which, await self._list.get())
        full = await self._specifications.get(light.symbolId)
        known = self._known.get(light.symbolId)
        if known is None or known.specification is not full:
            known = self._known[light.symbolId] = Symbol.fromWire(light, full, assets)
        return known

    def _entry(self, which: str | int, entries: tuple[ProtoOALightSymbol, ...]) -> ProtoOALightSymbol:
        matches = [entry for entry in entries if which in (entry.symbolId, entry.symbolName)]
        if not matches:
            raise SymbolNotFound(
                "SYMBOL_NOT_FOUND",
                _notFound(which, [entry.symbolName for entry in entries]),
                request="ProtoOASymbolsListReq",
                accountId=self._link.accountId,
            )
        # A broker may list a symbol twice, once of them retired.
        return next((entry for entry in matches if entry.enabled), matches[0])

    async def _askAssets(self) -> Mapping[int, Asset]:
        answer = await self._link.request(ProtoOAAssetListReq())
        return {
            asset.assetId: Asset(asset.assetId, asset.name, asset.digits if asset.HasField("digits") else 2)
            for asset in answer.asset
        }

    async def _askList(self) -> tuple[ProtoOALightSymbol, ...]:
        answer = await self._link.request(ProtoOASymbolsListReq(includeArchivedSymbols=False))
        return tuple(answer.symbol)

    def _changed(self, event: ProtoOASymbolChangedEvent) -> None:
        self._list.drop()
        self._specifications.drop(event.symbolId)
        # What is known is used without asking, such as for the volumes of an order; it must not stay old.
        for symbolId in event.symbolId:
            if symbolId in self._known:
                self.symbol(symbolId).addErrback(self._notRenewed)

    def _notRenewed(self, failure: Failure) -> None:
        self._log.warn("a symbol that changed cannot be looked up: {error}", error=failure.getErrorMessage())

    def _lost(self, reason: Failure) -> None:
        self._list.drop()
        self._specifications.dropAll()


def _notFound(which: str | int, names: list[str]) -> str:
    if isinstance(which, int):
        return f"no symbol has the id {which}"
    folded = {name.casefold(): name for name in names}
    close = get_close_matches(which.casefold(), folded, n=5, cutoff=0.6)
    longer = [name for name in folded if which and which.casefold() in name and name not in close]
    similar = [folded[name] for name in (close + longer)[:5]]
    return f"no symbol is named {which!r}" + (f"; similar: {', '.join(similar)}" if similar else "")
