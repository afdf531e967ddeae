"""
The venue: all accounts, and the events that tell what happens on them.
"""

from __future__ import annotations

from collections.abc import Iterable

from ctrader_twisted.simulator.venue.account import TradingAccount

__all__ = ["Venue"]


class Venue:
    """
    Where the accounts trade.

    @ivar accounts: the accounts by id.
    """

    def __init__(self, accounts: Iterable[TradingAccount]) -> None:
        """
        @param accounts: the accounts.
        """
        self.accounts = {account.terms.accountId: account for account in accounts}
