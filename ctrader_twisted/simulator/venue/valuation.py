"""
What an account is worth now, and what its positions block.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from ctrader_twisted.schema.messages import (
    ProtoOAMinCommissionType,
    ProtoOAPosition,
    ProtoOASymbol,
    ProtoOATradeSide,
)
from ctrader_twisted.simulator.refusal import TradeRefusal
from ctrader_twisted.simulator.venue import arithmetic
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.margins import marginOf, marginWith
from ctrader_twisted.simulator.venue.prices import fromDouble, opposite
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["Unrealised", "allUnrealised", "checkMoney", "commissionOf", "priceGain", "unrealised"]


# Enums look their values up by name each time.
_BUY = ProtoOATradeSide.BUY


class Unrealised(NamedTuple):
    """
    What a position would make if it were closed now. Both are money.

    @ivar gross: by the price alone.
    @ivar net: with its swap, and the commission of its opening.
    """

    gross: int
    net: int


def priceGain(position: ProtoOAPosition, price: int) -> int:
    """
    Find how far the price has gone in a position's favour.

    @param position: an open position.
    @param price: in 1/100000 of a price unit.
    @return: in 1/100000 of a price unit.
    """
    difference = price - fromDouble(position.price)
    return difference if position.tradeData.tradeSide == _BUY else -difference


def unrealised(venue: Venue, account: TradingAccount, position: ProtoOAPosition) -> Unrealised:
    """
    Value an open position at the present prices.

    @param venue: where it is traded.
    @param account: whose it is.
    @param position: the position.
    @raise TradeRefusal: if a price is missing.
    """
    trade = position.tradeData
    return _valued(position, trade.volume, *_priced(venue, account, trade.symbolId, trade.tradeSide))


def allUnrealised(venue: Venue, account: TradingAccount) -> Iterator[Unrealised]:
    """
    Value the open positions of an account, as L{unrealised} does each of them, but look at each price once.

    @param venue: where they are traded.
    @param account: whose they are.
    @raise TradeRefusal: if a price is missing.
    """
    found: dict[tuple[int, ProtoOATradeSide], tuple[int, Fraction]] = {}
    for position in account.openPositions():
        trade = position.tradeData
        key = trade.symbolId, trade.tradeSide
        if key not in found:
            found[key] = _priced(venue, account, *key)
        yield _valued(position, trade.volume, *found[key])


def checkMoney(
    venue: Venue,
    account: TradingAccount,
    symbolId: int,
    side: ProtoOATradeSide,
    volume: int,
    *,
    distance: int | None = None,
    closed: ProtoOAPosition | None = None,
) -> None:
    """
    Refuse what the free margin does not cover.

    @param venue: where it is traded.
    @param account: whose money it is.
    @param symbolId: the symbol.
    @param side: the side that it is on.
    @param volume: in 1/100 of a unit.
    @param distance: how far away its guaranteed stop loss is, in 1/100000 of a price unit, if it has one.
    @param closed: the open position that the same order closes first, if it turns one round; that blocks nothing then.
    @raise TradeRefusal: if the account has not enough money, or a price is missing.
    """
    equity = account.funds + sum(each.net for each in allUnrealised(venue, account))
    money = marginOf(venue, account, symbolId, side, volume, distance=distance)
    if marginWith(account, symbolId, side, money, closed=closed) > equity:
        raise TradeRefusal("NOT_ENOUGH_MONEY", "Not enough money")


def commissionOf(venue: Venue, account: TradingAccount, symbolId: int, price: int, volume: int) -> int:
    """
    Find what one side of a trade costs.

    @param venue: where it is traded.
    @param account: who pays.
    @param symbolId: the symbol.
    @param price: in 1/100000 of a price unit.
    @param volume: in 1/100 of a unit.
    @return: money; a cost is negative.
    @raise TradeRefusal: if a price for a conversion is missing.
    """
    symbol = venue.specification(account, symbolId)
    return arithmetic.commission(
        symbol,
        price,
        volume,
        baseToUsd=venue.baseToUsd(account, symbolId),
        usdToDeposit=venue.rates.fromUsd(account.terms.depositAssetId),
        quoteToDeposit=venue.quoteToDeposit(account, symbolId),
        worth=venue.worth(account, symbolId),
        least=_leastCommission(venue, account, symbol),
    )


def _priced(venue: Venue, account: TradingAccount, symbolId: int, side: ProtoOATradeSide) -> tuple[int, Fraction]:
    """
    Find at what price positions on a side could be closed, and the rate for what they make.
    """
    return venue.price(symbolId, opposite(side)), venue.worth(account, symbolId)


def _valued(position: ProtoOAPosition, volume: int, price: int, rate: Fraction) -> Unrealised:
    gross = arithmetic.grossProfit(priceGain(position, price), volume, rate)
    return Unrealised(gross, gross + position.swap + position.commission)


def _leastCommission(venue: Venue, account: TradingAccount, symbol: ProtoOASymbol) -> Fraction:
    least = Fraction(symbol.preciseMinCommission, 10**8)
    if not least:
        return least
    if symbol.minCommissionType == ProtoOAMinCommissionType.QUOTE_CURRENCY:
        return least * venue.quoteToDeposit(account, symbol.symbolId)
    asset = venue.catalogue.assetNamed(symbol.minCommissionAsset)
    return least * venue.rates.rate(asset.assetId, account.terms.depositAssetId)
