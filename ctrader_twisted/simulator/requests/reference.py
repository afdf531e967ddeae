"""
What there is to trade: assets, classes, categories, symbols, tables of leverage.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAAssetClassListReq,
    ProtoOAAssetClassListRes,
    ProtoOAAssetListReq,
    ProtoOAAssetListRes,
    ProtoOAGetDynamicLeverageByIDReq,
    ProtoOAGetDynamicLeverageByIDRes,
    ProtoOASymbolByIdReq,
    ProtoOASymbolByIdRes,
    ProtoOASymbolCategoryListReq,
    ProtoOASymbolCategoryListRes,
    ProtoOASymbolsForConversionReq,
    ProtoOASymbolsForConversionRes,
    ProtoOASymbolsListReq,
    ProtoOASymbolsListRes,
)
from ctrader_twisted.simulator.call import Call, Requests
from ctrader_twisted.simulator.market.symbols import ASSET_CLASSES, CATEGORIES
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.settings import UnknownSymbols

__all__ = ["REFERENCE"]


def _assets(call: Call[ProtoOAAssetListReq]) -> None:
    call.reply(ProtoOAAssetListRes(asset=[asset.message() for asset in call.exchange.catalogue.assets.values()]))


def _assetClasses(call: Call[ProtoOAAssetClassListReq]) -> None:
    call.reply(ProtoOAAssetClassListRes(assetClass=[each.message() for each in ASSET_CLASSES]))


def _categories(call: Call[ProtoOASymbolCategoryListReq]) -> None:
    call.reply(ProtoOASymbolCategoryListRes(symbolCategory=[each.message() for each in CATEGORIES]))


def _symbols(call: Call[ProtoOASymbolsListReq]) -> None:
    catalogue = call.exchange.catalogue
    archived = catalogue.archived.values() if call.message.includeArchivedSymbols else ()
    call.reply(
        ProtoOASymbolsListRes(
            symbol=[symbol.light() for symbol in catalogue.symbols.values()],
            archivedSymbol=[symbol.message() for symbol in archived],
        )
    )


def _symbolById(call: Call[ProtoOASymbolByIdReq]) -> None:
    catalogue = call.exchange.catalogue
    wanted = call.message.symbolId
    known = [symbolId for symbolId in wanted if symbolId in catalogue.symbols]
    if not wanted and call.exchange.settings.emptyListRefused:
        raise Refusal("INVALID_REQUEST", "Message missing required fields: symbolId")
    archived = [symbolId for symbolId in wanted if symbolId in catalogue.archived]
    unknown = [symbolId for symbolId in wanted if symbolId not in known and symbolId not in archived]
    when = call.exchange.settings.unknownSymbols
    if unknown and (when is UnknownSymbols.IF_ANY or (when is UnknownSymbols.IF_ALL and len(unknown) == len(wanted))):
        raise Refusal("SYMBOL_NOT_FOUND", f"Symbol not found with id {unknown[0]}")
    call.reply(
        ProtoOASymbolByIdRes(
            symbol=[call.exchange.venue.specification(call.account, symbolId) for symbolId in known],
            archivedSymbol=[catalogue.archived[symbolId].message() for symbolId in archived],
        )
    )


def _conversion(call: Call[ProtoOASymbolsForConversionReq]) -> None:
    chain = call.exchange.catalogue.chain(call.message.firstAssetId, call.message.lastAssetId)
    if chain is None:
        raise Refusal("SYMBOL_NOT_FOUND", "There is no conversion between the assets")
    call.reply(ProtoOASymbolsForConversionRes(symbol=[symbol.light() for symbol in chain]))


def _leverage(call: Call[ProtoOAGetDynamicLeverageByIDReq]) -> None:
    leverage = call.exchange.catalogue.leverages.get(call.message.leverageId)
    if leverage is None:
        raise Refusal("ENTITY_NOT_FOUND", f"Dynamic leverage not found with id {call.message.leverageId}")
    call.reply(ProtoOAGetDynamicLeverageByIDRes(leverage=leverage.message()))


REFERENCE: Requests = {
    ProtoOAAssetListReq: _assets,
    ProtoOAAssetClassListReq: _assetClasses,
    ProtoOASymbolCategoryListReq: _categories,
    ProtoOASymbolsListReq: _symbols,
    ProtoOASymbolByIdReq: _symbolById,
    ProtoOASymbolsForConversionReq: _conversion,
    ProtoOAGetDynamicLeverageByIDReq: _leverage,
}
"""
The requests of this group.
"""
