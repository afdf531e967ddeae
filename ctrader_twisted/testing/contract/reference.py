"""
Cases about what there is to trade, and about the state of the account.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAssetClassListReq,
    ProtoOAAssetClassListRes,
    ProtoOAAssetListReq,
    ProtoOAAssetListRes,
    ProtoOAErrorRes,
    ProtoOAExpectedMarginReq,
    ProtoOAExpectedMarginRes,
    ProtoOAGetDynamicLeverageByIDReq,
    ProtoOAGetDynamicLeverageByIDRes,
    ProtoOAGetPositionUnrealizedPnLReq,
    ProtoOAGetPositionUnrealizedPnLRes,
    ProtoOAMarginCallListReq,
    ProtoOAMarginCallListRes,
    ProtoOANotificationType,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
    ProtoOASymbolByIdReq,
    ProtoOASymbolByIdRes,
    ProtoOASymbolCategoryListReq,
    ProtoOASymbolCategoryListRes,
    ProtoOASymbolsForConversionReq,
    ProtoOASymbolsForConversionRes,
    ProtoOASymbolsListReq,
    ProtoOASymbolsListRes,
    ProtoOATraderReq,
    ProtoOATraderRes,
    ProtoOAv1PnLChangeSubscribeReq,
    ProtoOAv1PnLChangeSubscribeRes,
    ProtoOAv1PnLChangeUnSubscribeReq,
)
from ctrader_twisted.simulator.settings import UnknownSymbol, UnknownSymbols
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.choices import decideCode
from ctrader_twisted.testing.contract.link import Link, codeOf, nameOf

__all__ = ["NO_SYMBOL", "REFERENCE"]

REFERENCE = Group(401, "reference data and the account")
_case = REFERENCE.case

NO_SYMBOL = 999_999_999
"""
The id of a symbol that no broker has.
"""


@_case("Assets have an id and a name", "assets")
async def _assets(bench: Bench) -> None:
    link = await bench.account()
    answer = await link.ask(ProtoOAAssetListReq(ctidTraderAccountId=bench.world.accountId))
    found = expect(answer, ProtoOAAssetListRes).asset
    demand(found and all(each.assetId and each.name for each in found), "there are none, or some without a name")


@_case("Symbols belong to categories, and these to asset classes", "hierarchy")
async def _hierarchy(bench: Bench) -> None:
    link, accountId = await bench.account(), bench.world.accountId
    classes = expect(await link.ask(ProtoOAAssetClassListReq(ctidTraderAccountId=accountId)), ProtoOAAssetClassListRes)
    answer = await link.ask(ProtoOASymbolCategoryListReq(ctidTraderAccountId=accountId))
    categories = expect(answer, ProtoOASymbolCategoryListRes).symbolCategory
    known = {each.id for each in classes.assetClass}
    demand(all(each.assetClassId in known for each in categories), "a category is of a class that is not listed")
    named = {each.id for each in categories}
    demand(all(each.symbolCategoryId in named for each in bench.world.lights), "a symbol is of no listed category")


@_case("The list of symbols is short: id, name, assets", "light-symbols")
async def _lights(bench: Bench) -> None:
    link = await bench.account()
    request = ProtoOASymbolsListReq(ctidTraderAccountId=bench.world.accountId, includeArchivedSymbols=True)
    found = expect(await link.ask(request), ProtoOASymbolsListRes).symbol
    demand(found, "there are no symbols")
    demand(all(each.symbolName and each.baseAssetId and each.quoteAssetId for each in found), "one lacks its assets")


@_case("Several symbols may be asked for at once, with everything", "symbols-by-id")
async def _byId(bench: Bench) -> None:
    wanted = [each.symbolId for each in bench.world.symbols[:3]]
    link = await bench.account()
    request = ProtoOASymbolByIdReq(ctidTraderAccountId=bench.world.accountId, symbolId=wanted)
    found = expect(await link.ask(request), ProtoOASymbolByIdRes).symbol
    demand({each.symbolId for each in found} == set(wanted), "the answer holds other symbols")
    for each in found:
        demand(each.lotSize and each.minVolume and each.stepVolume and each.maxVolume, "a volume is missing")


@_case("Symbols that do not exist", "unknown-symbols", "unknown-symbol")
async def _unknown(bench: Bench) -> None:
    link, symbolId = await bench.account(), bench.world.symbol.symbolId
    alone = await _symbols(bench, link, NO_SYMBOL)
    mixed = await _symbols(bench, link, symbolId, NO_SYMBOL)
    refused = bool(codeOf(alone)), bool(codeOf(mixed))
    choices = {
        (True, False): UnknownSymbols.IF_ALL,
        (True, True): UnknownSymbols.IF_ANY,
        (False, False): UnknownSymbols.NEVER,
    }
    value = choices.get(refused)
    words = f"one that does not exist: {nameOf(alone)}; with one that does: {nameOf(mixed)}"
    bench.decide("unknown-symbols", value, default=UnknownSymbols.IF_ALL, words=words)
    if refused[0]:
        decideCode(bench, "unknown-symbol", UnknownSymbol, alone, UnknownSymbol.NOT_FOUND)


@_case("A list of no symbols is refused with INVALID_REQUEST", "empty-list")
async def _empty(bench: Bench) -> None:
    answer = await _symbols(bench, await bench.account())
    demand(codeOf(answer) in ("", "INVALID_REQUEST"), f"it drew {codeOf(answer)}")
    bench.decide("empty-list", bool(codeOf(answer)), words=f"{nameOf(answer)} {codeOf(answer)}".strip())


@_case("The way from an asset to itself is empty", "conversion-of-same")
async def _same(bench: Bench) -> None:
    light = _light(bench)
    demand(await _chain(bench, light.baseAssetId, light.baseAssetId) == [], "it is not")


@_case("The way between the assets of a symbol is that symbol, in both directions", "conversion-direct")
async def _direct(bench: Bench) -> None:
    light = _light(bench)
    for ends in ((light.baseAssetId, light.quoteAssetId), (light.quoteAssetId, light.baseAssetId)):
        demand(len(await _chain(bench, *ends)) == 1, "it has another length")


@_case("The way between two assets leads from one to the next", "conversion-chain")
async def _walk(bench: Bench) -> None:
    first = _light(bench).baseAssetId
    others = [each for each in bench.world.lights if first not in (each.baseAssetId, each.quoteAssetId)]
    if not others:
        undecided("there is no asset that is further away")
    last = asset = others[0].baseAssetId
    for symbol in reversed(await _chain(bench, first, last)):
        demand(asset in (symbol.baseAssetId, symbol.quoteAssetId), "there is a gap in it")
        asset = symbol.quoteAssetId if asset == symbol.baseAssetId else symbol.baseAssetId
    demand(asset == first, "it does not begin where it should")


@_case("A table of leverage that does not exist is refused with ENTITY_NOT_FOUND", "unknown-leverage")
async def _noLeverage(bench: Bench) -> None:
    link = await bench.account()
    request = ProtoOAGetDynamicLeverageByIDReq(ctidTraderAccountId=bench.world.accountId, leverageId=NO_SYMBOL)
    expect(await link.ask(request), ProtoOAErrorRes, "ENTITY_NOT_FOUND")


@_case("The tiers of a table of leverage are sorted by volume", "leverage")
async def _leverage(bench: Bench) -> None:
    symbol = next((each for each in bench.world.symbols if each.leverageId), None)
    if symbol is None:
        undecided("no symbol names a table of leverage")
    link = await bench.account()
    request = ProtoOAGetDynamicLeverageByIDReq(ctidTraderAccountId=bench.world.accountId, leverageId=symbol.leverageId)
    tiers = expect(await link.ask(request), ProtoOAGetDynamicLeverageByIDRes).leverage.tiers
    volumes = [each.volume for each in tiers]
    demand(volumes == sorted(volumes), "they are not")


@_case("The trader's money has two decimals", "money-digits")
async def _trader(bench: Bench) -> None:
    link = await bench.account()
    answer = await link.ask(ProtoOATraderReq(ctidTraderAccountId=bench.world.accountId))
    trader = expect(answer, ProtoOATraderRes).trader
    demand(trader.ctidTraderAccountId == bench.world.accountId, "it is another one")
    demand(trader.HasField("moneyDigits"), "the answer does not say how many")
    bench.decide("money-digits", None, agrees=trader.moneyDigits == 2, words=f"{trader.moneyDigits} decimals")


@_case("Open positions and waiting orders are listed; empty positions are not", "reconcile")
async def _reconcile(bench: Bench) -> None:
    link = await bench.account()
    answer = await link.ask(ProtoOAReconcileReq(ctidTraderAccountId=bench.world.accountId))
    found = expect(answer, ProtoOAReconcileRes)
    demand(all(each.tradeData.volume for each in found.position), "an empty position is listed")
    demand(not any(each.closingOrder and each.stopPrice for each in found.order), "a protective order is listed")


@_case("Unrealised profit tells its decimals", "unrealised-profit")
async def _profit(bench: Bench) -> None:
    link = await bench.account()
    answer = await link.ask(ProtoOAGetPositionUnrealizedPnLReq(ctidTraderAccountId=bench.world.accountId))
    demand(expect(answer, ProtoOAGetPositionUnrealizedPnLRes).HasField("moneyDigits"), "it does not")


@_case("Expected margins have an entry for each volume", "expected-margin")
async def _margins(bench: Bench) -> None:
    link, symbol = await bench.account(), bench.world.symbol
    volumes = [symbol.minVolume, symbol.minVolume * 2]
    request = ProtoOAExpectedMarginReq(
        ctidTraderAccountId=bench.world.accountId, symbolId=symbol.symbolId, volume=volumes
    )
    answer = await link.ask(request)
    if codeOf(answer) == "NO_QUOTES":
        undecided("there are no quotes")
    found = expect(answer, ProtoOAExpectedMarginRes).margin
    demand([each.volume for each in found] == volumes, "they are other volumes")
    demand(found[0].buyMargin <= found[1].buyMargin, "twice as much needs less")


@_case("There are three margin calls", "margin-calls")
async def _marginCalls(bench: Bench) -> None:
    link = await bench.account()
    answer = await link.ask(ProtoOAMarginCallListReq(ctidTraderAccountId=bench.world.accountId))
    kinds = sorted(each.marginCallType for each in expect(answer, ProtoOAMarginCallListRes).marginCall)
    demand(kinds == sorted(ProtoOANotificationType.values()), f"there are {len(kinds)}")


@_case("Profit as it changes can be subscribed to, once", "profit-events")
async def _profitEvents(bench: Bench) -> None:
    link, accountId = await bench.account(), bench.world.accountId
    answer = await link.ask(ProtoOAv1PnLChangeSubscribeReq(ctidTraderAccountId=accountId))
    if codeOf(answer) == "UNSUPPORTED_MESSAGE":
        undecided("the server does not have it")
    expect(answer, ProtoOAv1PnLChangeSubscribeRes)
    again = await link.ask(ProtoOAv1PnLChangeSubscribeReq(ctidTraderAccountId=accountId))
    expect(again, ProtoOAErrorRes, "ALREADY_SUBSCRIBED")


@_case("Unsubscribing from profit without a subscription: NOT_SUBSCRIBED_TO_PNL", "profit-unsubscribe")
async def _noProfitEvents(bench: Bench) -> None:
    link = await bench.account()
    answer = await link.ask(ProtoOAv1PnLChangeUnSubscribeReq(ctidTraderAccountId=bench.world.accountId))
    if codeOf(answer) == "UNSUPPORTED_MESSAGE":
        undecided("the server does not have it")
    expect(answer, ProtoOAErrorRes, "NOT_SUBSCRIBED_TO_PNL")


@_case("The sessions of a symbol are spans of the week, in order", "schedule")
async def _schedule(bench: Bench) -> None:
    spans = [(each.startSecond, each.endSecond) for each in bench.world.symbol.schedule]
    demand(spans and bench.world.symbol.scheduleTimeZone, "there are none, or they have no zone")
    demand(spans == sorted(spans) and all(start < end for start, end in spans), "they are not in order")


@_case("Archived symbols are listed only if they are asked for, and known by their ids", "archived-symbols")
async def _archived(bench: Bench) -> None:
    link, accountId = await bench.account(), bench.world.accountId
    plain = expect(await link.ask(ProtoOASymbolsListReq(ctidTraderAccountId=accountId)), ProtoOASymbolsListRes)
    demand(not plain.archivedSymbol, "they are listed without being asked for")
    whole = await link.ask(ProtoOASymbolsListReq(ctidTraderAccountId=accountId, includeArchivedSymbols=True))
    archived = expect(whole, ProtoOASymbolsListRes).archivedSymbol
    if not archived:
        undecided("there are none")
    wanted = bench.world.symbol.symbolId, archived[0].symbolId
    found = expect(await _symbols(bench, link, *wanted), ProtoOASymbolByIdRes)
    demand([each.symbolId for each in found.symbol] == [wanted[0]], "the one that is offered is not among the symbols")
    demand([each.symbolId for each in found.archivedSymbol] == [wanted[1]], "the archived one does not come apart")


def _light(bench: Bench) -> Any:
    return next(each for each in bench.world.lights if each.symbolId == bench.world.symbol.symbolId)


async def _symbols(bench: Bench, link: Link, *symbolIds: int) -> Any:
    return await link.ask(ProtoOASymbolByIdReq(ctidTraderAccountId=bench.world.accountId, symbolId=symbolIds))


async def _chain(bench: Bench, first: int, last: int) -> list[Any]:
    link = await bench.account()
    request = ProtoOASymbolsForConversionReq(
        ctidTraderAccountId=bench.world.accountId, firstAssetId=first, lastAssetId=last
    )
    return list(expect(await link.ask(request), ProtoOASymbolsForConversionRes).symbol)
