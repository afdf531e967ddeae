"""
What there is to trade: assets, classes, categories, symbols.
"""

from __future__ import annotations

from ctrader_twisted.schema.messages import (
    ProtoOAAssetClassListReq,
    ProtoOAAssetClassListRes,
    ProtoOAAssetListReq,
    ProtoOAAssetListRes,
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

__all__ = ["REFERENCE"]


def _assets(call: Call[ProtoOAAssetListReq]) -> None:
    call.reply(ProtoOAAssetListRes(asset=[asset.message() for asset in call.exchange.catalogue.assets.values()]))


def _assetClasses(call: Call[ProtoOAAssetClassListReq]) -> None:
    call.reply(ProtoOAAssetClassListRes(assetClass=[each.message() for each in ASSET_CLASSES]))


def _categories(call: Call[ProtoOASymbolCategoryListReq]) -> None:
    call.reply(ProtoOASymbolCategoryListRes(symbolCategory=[each.message() for each in CATEGORIES]))


def _symbols(call: Call[ProtoOASymbolsListReq]) -> None:
    symbols = call.exchange.catalogue.symbols.values()
    call.reply(ProtoOASymbolsListRes(symbol=[symbol.light() for symbol in symbols]))


def _symbolById(call: Call[ProtoOASymbolByIdReq]) -> None:
    catalogue = call.exchange.catalogue
    wanted = call.message.symbolId
    if not wanted:
        raise Refusal("INVALID_REQUEST", "Message missing required fields: symbolId")
    known = [symbolId for symbolId in wanted if symbolId in catalogue.symbols]
    if not known:
        raise Refusal("SYMBOL_NOT_FOUND", f"Symbol not found with id {wanted[0]}")
    call.reply(ProtoOASymbolByIdRes(symbol=[catalogue.full(symbolId) for symbolId in known]))


def _conversion(call: Call[ProtoOASymbolsForConversionReq]) -> None:
    chain = call.exchange.catalogue.chain(call.message.firstAssetId, call.message.lastAssetId)
    if chain is None:
        raise Refusal("SYMBOL_NOT_FOUND", "There is no conversion between the assets")
    call.reply(ProtoOASymbolsForConversionRes(symbol=[symbol.light() for symbol in chain]))


REFERENCE: Requests = {
    ProtoOAAssetListReq: _assets,
    ProtoOAAssetClassListReq: _assetClasses,
    ProtoOASymbolCategoryListReq: _categories,
    ProtoOASymbolsListReq: _symbols,
    ProtoOASymbolByIdReq: _symbolById,
    ProtoOASymbolsForConversionReq: _conversion,
}
"""
The requests of this group.
"""
