"""
Which prices matter to the accounts.
"""

from __future__ import annotations

from collections.abc import Iterator

from ctrader_twisted.simulator.venue.account import TradingAccount
from ctrader_twisted.simulator.venue.venue import Venue

__all__ = ["tradedSymbols"]


def tradedSymbols(venue: Venue) -> set[int]:
    """
    Find the symbols whose prices can execute orders or change what accounts are worth.

    @param venue: the accounts.
    @return: the ids of the symbols of all orders and positions, and of those that convert their profit.
    """
    active = [account for account in venue.accounts.values() if account.orders or account.positions]
    return {each for account in active for each in _symbolsOf(venue, account)}


def _symbolsOf(venue: Venue, account: TradingAccount) -> Iterator[int]:
    deposit = account.terms.depositAssetId
    held = {order.tradeData.symbolId for order in account.orders.values()}
    held.update(position.tradeData.symbolId for position in account.positions.values())
    for symbolId in held:
        yield symbolId
        chain = venue.catalogue.chain(venue.catalogue.symbols[symbolId].quoteAssetId, deposit)
        yield from (symbol.symbolId for symbol in chain or ())
