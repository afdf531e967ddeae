"""
What an order may carry besides symbol, side and quantity.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypedDict

from attrs import frozen

__all__ = ["OrderOptions", "OrderTerms"]


class OrderOptions(TypedDict, total=False):
    """
    The keywords of L{buy <ctrader_twisted.trading.trading.Trading.buy>} and C{sell}. All may be left out.

    @ivar stopLossPips: close with a loss so many pips from the price of the fill.
    @ivar takeProfitPips: close with a profit so many pips from the price of the fill.
    @ivar stopLossDistance: instead of pips, a difference of prices.
    @ivar takeProfitDistance: instead of pips, a difference of prices.
    @ivar trailing: whether the stop loss follows the market.
    @ivar label: a label for order and position, of at most 100 characters.
    @ivar comment: a comment for order and position, of at most 512 characters.
    @ivar clientOrderId: an id of your own, of at most 50 characters and never used before.
    @ivar timeout: seconds to wait for the acceptance; by default 30.
    """

    stopLossPips: str | int | Decimal | None
    takeProfitPips: str | int | Decimal | None
    stopLossDistance: Decimal | None
    takeProfitDistance: Decimal | None
    trailing: bool
    label: str | None
    comment: str | None
    clientOrderId: str | None
    timeout: float | None


@frozen(kw_only=True)
class OrderTerms:
    """
    The same, complete. A keyword that is misspelt is an error here, and no order without a stop loss.
    """

    stopLossPips: str | int | Decimal | None = None
    takeProfitPips: str | int | Decimal | None = None
    stopLossDistance: Decimal | None = None
    takeProfitDistance: Decimal | None = None
    trailing: bool = False
    label: str | None = None
    comment: str | None = None
    clientOrderId: str | None = None
    timeout: float | None = None
