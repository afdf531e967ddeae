"""
Cases about money: margins of large volumes, fees for conversion, and what was paid in and out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOACashFlowHistoryListReq,
    ProtoOACashFlowHistoryListRes,
    ProtoOAChangeBalanceType,
    ProtoOAExpectedMarginReq,
    ProtoOAExpectedMarginRes,
    ProtoOATraderReq,
    ProtoOATraderRes,
)
from ctrader_twisted.simulator.settings import TierRule
from ctrader_twisted.testing.contract.bench import Bench, demand, expect, undecided
from ctrader_twisted.testing.contract.cases import Group
from ctrader_twisted.testing.contract.link import Link
from ctrader_twisted.testing.contract.trader import Kind, Trader

__all__ = ["MONEY"]

MONEY = Group(1101, "money")
_case = MONEY.case

_WEEK = 604_800_000
_WEEKS = 12
_TRIES = 4
_FEE_SCALE = 10_000

_VOLUMES = 16
_SURE = 2


@_case("The margins of large volumes tell how a table of leverage is read", "margin-tiers")
async def _tiers(bench: Bench) -> None:
    link = await bench.account()
    for symbol in bench.world.symbols:
        rule = await _ruleOf(bench, link, symbol) if symbol.leverageId else None
        if rule is not None:
            words = f"{rule.value}, by what the last part of a large volume needs"
            bench.decide("margin-tiers", rule, default=TierRule.SLICES, words=words)
            return
    undecided("no symbol can be traded in volumes that need more margin for each unit than small ones")


async def _ruleOf(bench: Bench, link: Link, symbol: Any) -> TierRule | None:
    """
    Ask for the margins of volumes, which opens nothing. It needs no units of leverage, and no rates.
    """
    pairs = _pairs(symbol)
    if not pairs:
        return None
    volumes = [volume for pair in pairs for volume in pair]
    request = ProtoOAExpectedMarginReq(
        ctidTraderAccountId=bench.world.accountId, symbolId=symbol.symbolId, volume=volumes
    )
    answer = await link.ask(request)
    if not isinstance(answer, ProtoOAExpectedMarginRes):
        return None
    margins = {each.volume: each.buyMargin for each in answer.margin}
    demand(margins.keys() == set(volumes), "the margins are those of other volumes")
    for rule, count in Counter(_votes(pairs, margins)).most_common(1):
        if count >= _SURE:
            return rule
    return None


def _votes(pairs: list[tuple[int, int]], margins: dict[int, int]) -> Iterator[TierRule]:
    """
    Tell the rule by each volume of which a unit needs more than of a small one, whatever its leverage is. If each of
    its units needs the same, a little less of it needs a little less in proportion; if the last ones need more, it
    needs less than that. Only where the next tier begins in between, there would be a difference either way.
    """
    # Margins are rounded, so that each may be one too small or too large.
    least = min(Fraction(money + 1, volume) for volume, money in margins.items())
    for less, volume in pairs:
        if Fraction(margins[volume] - 1, volume) <= least:
            continue
        difference = Fraction(margins[volume] * less, volume) - margins[less]
        if difference >= 2:
            yield TierRule.SLICES
        elif abs(difference) <= 1:
            yield TierRule.WHOLE


def _pairs(symbol: Any) -> list[tuple[int, int]]:
    """
    @return: volumes that may be traded, each behind one that is a little smaller, the largest first.
    """
    step, pairs, volume = symbol.stepVolume or symbol.minVolume, [], symbol.maxVolume
    for _ in range(_VOLUMES):
        larger, less = (part // step * step for part in (volume, volume * 99 // 100))
        if symbol.minVolume <= less < larger:
            pairs.append((less, larger))
        volume = volume * 3 // 5
    return pairs


@_case("The fee for the conversion of a result is rounded away from zero", "fee-rounding", trades=True)
async def _fee(bench: Bench) -> None:
    trader = await Trader.on(bench, await _converted(bench))
    for _ in range(_TRIES):
        opened = (await trader.market()).first(Kind.ORDER_FILLED, protective=False)
        course = await trader.close(opened.position.positionId, opened.position.tradeData.volume)
        detail = course.demanded(Kind.ORDER_FILLED, protective=False).deal.closePositionDetail
        exact = Fraction(abs(detail.grossProfit) * trader.symbol.pnlConversionFeeRate, _FEE_SCALE)
        rest = exact - int(exact)
        if 0 < rest < Fraction(1, 2):
            fee = abs(detail.pnlConversionFee)
            demand(fee in (int(exact), int(exact) + 1), "the fee is neither of the two that rounding can make of it")
            isAway = fee > exact
            bench.decide(
                "fee-rounding", isAway, words=f"it is rounded {'away from zero' if isAway else 'to the nearest'}"
            )
            return
    undecided(f"{_TRIES} closes had no fee between two amounts of money, nearer to the lower one")


async def _converted(bench: Bench) -> Any:
    """
    Find a symbol whose results are converted, for a fee.
    """
    link = await bench.account()
    answer = await link.ask(ProtoOATraderReq(ctidTraderAccountId=bench.world.accountId))
    deposit = expect(answer, ProtoOATraderRes).trader.depositAssetId
    quotes = {each.symbolId: each.quoteAssetId for each in bench.world.lights}
    for symbol in bench.world.symbols:
        if symbol.pnlConversionFeeRate and quotes[symbol.symbolId] != deposit:
            return symbol
    return undecided("no symbol has a fee for the conversion of its results")


@_case("What was withdrawn tells the sign of its delta", "withdrawal-delta")
async def _withdrawals(bench: Bench) -> None:
    names = {number: name for name, number in ProtoOAChangeBalanceType.items()}
    flows = [each for each in await _flows(bench) if "WITHDRAW" in names.get(each.operationType, "") and each.delta]
    if not flows:
        undecided(f"nothing was withdrawn in {_WEEKS} weeks")
    isNegative = flows[0].delta < 0
    demand(all((each.delta < 0) == isNegative for each in flows), "some deltas are below zero, and some above")
    words = f"the delta of a withdrawal is {'below' if isNegative else 'above'} zero"
    bench.decide("withdrawal-delta", isNegative, words=words)


@_case("A balance below zero is made up for", "negative-balance")
async def _protection(bench: Bench) -> None:
    kind = ProtoOAChangeBalanceType.BALANCE_DEPOSIT_NEGATIVE_BALANCE_PROTECTION
    if not any(each.operationType == kind for each in await _flows(bench)):
        undecided(f"no balance was made up for in {_WEEKS} weeks, which does not tell what becomes of one below zero")
    bench.decide("negative-balance", True, words="a balance was made up for")


async def _flows(bench: Bench) -> list[Any]:
    """
    Ask what was paid in and out.
    """
    trader = await Trader.on(bench)
    found: list[Any] = []
    for week in range(_WEEKS):
        end = trader.now - week * _WEEK
        request = ProtoOACashFlowHistoryListReq(
            ctidTraderAccountId=trader.accountId, fromTimestamp=end - _WEEK, toTimestamp=end
        )
        found += expect(await trader.link.ask(request), ProtoOACashFlowHistoryListRes).depositWithdraw
    return found
