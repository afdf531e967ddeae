"""
What it costs to have a stop loss guaranteed.
"""

from __future__ import annotations

from fractions import Fraction

from ctrader_twisted.schema.messages import ProtoOAChangeBalanceType
from ctrader_twisted.simulator.venue import arithmetic
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.cashflow import moveMoney
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["chargeGuarantee"]


def chargeGuarantee(venue: Venue, account: TradingAccount, symbolId: int, volume: int) -> None:
    """
    Charge for the guarantee of a stop loss, once for all its life.

    @param venue: where the symbol is traded.
    @param account: who pays, out of the balance.
    @param symbolId: the symbol.
    @param volume: what is guaranteed from now on, in 1/100 of a unit.
    @raise TradeRefusal: if a price for the conversion is missing.
    """
    symbol = venue.specification(account, symbolId)
    lots = Fraction(volume, symbol.lotSize)
    amount = arithmetic.halfAway(lots * symbol.gslCharge * venue.rates.fromUsd(account.terms.depositAssetId))
    if amount:
        moveMoney(venue, account, -amount, ProtoOAChangeBalanceType.BALANCE_WITHDRAW_GSL_CHARGE, "")
