"""
What an account is worth as a whole, and what happens when that is too little for its positions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from ctrader_twisted.schema.messages import ProtoOAMarginCallTriggerEvent
from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.margins import usedMargin
from ctrader_twisted.simulator.venue.valuation import allUnrealised
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["MARGIN_CALL_PAUSE", "Standing", "callMargin", "standingOf"]

MARGIN_CALL_PAUSE = 600_000
"""
How long a margin call is not repeated, in milliseconds.
"""


class Standing(NamedTuple):
    """
    An account at one moment. All are money.

    @ivar gross: what its positions would make by the price alone.
    @ivar net: the same with swaps, and the commissions of the openings.
    @ivar equity: the balance, the bonuses and the net.
    @ivar usedMargin: what its positions block altogether.
    """

    gross: int
    net: int
    equity: int
    usedMargin: int

    @property
    def marginLevel(self) -> Fraction | None:
        """
        @return: the equity in percent of the used margin; L{None} if nothing is blocked.
        """
        return Fraction(self.equity * 100, self.usedMargin) if self.usedMargin else None


def standingOf(venue: Venue, account: TradingAccount) -> Standing:
    """
    Value an account at the present prices.

    @param venue: where its positions are traded.
    @param account: the account.
    @raise TradeRefusal: if a price is missing.
    """
    gross = net = 0
    for value in allUnrealised(venue, account):
        gross, net = gross + value.gross, net + value.net
    return Standing(gross, net, account.funds + net, usedMargin(account))


def callMargin(venue: Venue, account: TradingAccount, standing: Standing) -> None:
    """
    Tell of the thresholds that the margin level has reached, each no more than once in L{MARGIN_CALL_PAUSE}.

    @param venue: where events go.
    @param account: the account.
    @param standing: what it is worth.
    """
    level, now = standing.marginLevel, venue.now()
    if level is None:
        return
    for kind, call in account.marginCalls.items():
        last = account.marginCallsTold.get(kind)
        if level <= Fraction(call.marginLevelThreshold) and (last is None or now - last >= MARGIN_CALL_PAUSE):
            account.marginCallsTold[kind] = now
            event = ProtoOAMarginCallTriggerEvent(ctidTraderAccountId=account.terms.accountId, marginCall=call)
            venue.publish(account.terms.accountId, event)
