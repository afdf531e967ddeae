"""
What an order may carry besides symbol, side, quantity and price; and what of an order or a position may be changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypedDict

from attrs import frozen

from ctrader_twisted.schema.messages import ProtoOAOrderTriggerMethod, ProtoOATimeInForce
from ctrader_twisted.units import Lots, Units
from ctrader_twisted.units.exact import Exact

__all__ = [
    "MarketOptions",
    "MarketRangeOptions",
    "OrderChanges",
    "OrderOptions",
    "OrderTerms",
    "PendingOptions",
    "ProtectionChanges",
    "StopLimitOptions",
    "StopOptions",
    "TimeInForce",
    "TriggerMethod",
    "checkNames",
    "termsFrom",
]


class TimeInForce(Enum):
    """
    How long an order waits. C{GOOD_TILL_DATE} comes of itself with the option C{expires}.
    """

    GOOD_TILL_DATE = ProtoOATimeInForce.GOOD_TILL_DATE
    GOOD_TILL_CANCEL = ProtoOATimeInForce.GOOD_TILL_CANCEL
    IMMEDIATE_OR_CANCEL = ProtoOATimeInForce.IMMEDIATE_OR_CANCEL
    FILL_OR_KILL = ProtoOATimeInForce.FILL_OR_KILL
    MARKET_ON_OPEN = ProtoOATimeInForce.MARKET_ON_OPEN


class TriggerMethod(Enum):
    """
    Which price triggers a stop: that at which it would be filled (C{TRADE}: the ask for a buy, the bid for a sale), or
    the opposite one; the C{DOUBLE} ones need two ticks in a row beyond it.
    """

    TRADE = ProtoOAOrderTriggerMethod.TRADE
    OPPOSITE = ProtoOAOrderTriggerMethod.OPPOSITE
    DOUBLE_TRADE = ProtoOAOrderTriggerMethod.DOUBLE_TRADE
    DOUBLE_OPPOSITE = ProtoOAOrderTriggerMethod.DOUBLE_OPPOSITE


class OrderOptions(TypedDict, total=False):
    """
    The keywords that all orders have. All may be left out. Of the three forms of a leg of the protection one can be
    given; pips and distances count from the price of the fill, and for a pending order from its own price.

    @ivar stopLoss: close with a loss at this price.
    @ivar takeProfit: close with a profit at this price.
    @ivar stopLossPips: close with a loss so many pips away.
    @ivar takeProfitPips: close with a profit so many pips away.
    @ivar stopLossDistance: instead of pips, a difference of prices.
    @ivar takeProfitDistance: instead of pips, a difference of prices.
    @ivar trailing: whether the stop loss follows the market.
    @ivar guaranteedStopLoss: whether the stop loss is filled at its own price, where the broker offers that.
    @ivar label: a label for order and position, of at most 100 characters.
    @ivar comment: a comment for order and position, of at most 512 characters.
    @ivar clientOrderId: an id of your own, of at most 50 characters. It stands for this one order, if that was refused
        too: without a journal it must not have been used before; with one, the same order again gives the same trade,
        and nothing is sent.
    @ivar timeout: seconds to wait for the acceptance; by default 30.
    """

    stopLoss: Exact | None
    takeProfit: Exact | None
    stopLossPips: Exact | None
    takeProfitPips: Exact | None
    stopLossDistance: Decimal | None
    takeProfitDistance: Decimal | None
    trailing: bool
    guaranteedStopLoss: bool
    label: str | None
    comment: str | None
    clientOrderId: str | None
    timeout: float | None


class MarketOptions(OrderOptions, total=False):
    """
    The keywords of orders at the market's price.

    @ivar protectionFromQuote: the server takes no prices for the protection of such an order, only distances from the
        price of the fill. If this is true, C{stopLoss} and C{takeProfit} are sent as their distances from the newest
        quote, rounded half to even to the symbol's digits; they move with the price of the fill.
    @ivar timeInForce: C{IMMEDIATE_OR_CANCEL}, which is the default, or C{FILL_OR_KILL}; a market order can also
        be C{MARKET_ON_OPEN}.
    """

    protectionFromQuote: bool
    timeInForce: TimeInForce | None


class MarketRangeOptions(MarketOptions, total=False):
    """
    The keywords of market range orders; one of the two is needed.

    @ivar slippagePoints: how far the fill may be from the order's price, in steps of the symbol's last digit.
    @ivar slippagePips: instead, the same in pips.
    """

    slippagePoints: int | None
    slippagePips: Exact | None


class PendingOptions(OrderOptions, total=False):
    """
    The keywords of limit orders.

    @ivar expires: until when it waits, as an aware datetime or in milliseconds since 1970; by default for ever.
    @ivar timeInForce: how long it waits, if no time is given: C{GOOD_TILL_CANCEL}, which is the default,
        C{IMMEDIATE_OR_CANCEL} or C{FILL_OR_KILL}.
    """

    expires: datetime | int | None
    timeInForce: TimeInForce | None


class StopOptions(PendingOptions, total=False):
    """
    The keywords of stop orders.

    @ivar trigger: which price triggers the order.
    """

    trigger: TriggerMethod


class StopLimitOptions(StopOptions, total=False):
    """
    The keywords of stop limit orders; one of the two is needed.

    @ivar slippagePoints: how far from the stop price its limit is, in steps of the symbol's last digit.
    @ivar slippagePips: instead, the same in pips.
    """

    slippagePoints: int | None
    slippagePips: Exact | None


class OrderChanges(TypedDict, total=False):
    """
    What of a pending order may be changed. What is left out stays as it is, L{None} removes. Of the three forms of a
    leg of the protection one can be given.

    @ivar price: the limit, or the price that triggers it.
    @ivar quantity: how much, what is filled already included.
    @ivar expires: until when it waits.
    @ivar stopLoss: a price.
    @ivar takeProfit: a price.
    @ivar stopLossPips: so many pips from the order's price.
    @ivar takeProfitPips: so many pips from the order's price.
    @ivar stopLossDistance: instead of pips, a difference of prices.
    @ivar takeProfitDistance: instead of pips, a difference of prices.
    @ivar trailing: whether the stop loss will follow the market.
    @ivar guaranteedStopLoss: whether the stop loss will be guaranteed.
    @ivar trigger: which price triggers a stop order.
    @ivar slippagePoints: of a stop limit order, how far from the stop price its limit is.
    @ivar slippagePips: instead, the same in pips.
    """

    price: Exact
    quantity: Lots | Units
    expires: datetime | int | None
    stopLoss: Exact | None
    takeProfit: Exact | None
    stopLossPips: Exact | None
    takeProfitPips: Exact | None
    stopLossDistance: Decimal | None
    takeProfitDistance: Decimal | None
    trailing: bool
    guaranteedStopLoss: bool
    trigger: TriggerMethod
    slippagePoints: int
    slippagePips: Exact


class ProtectionChanges(TypedDict, total=False):
    """
    What of a position's protection may be changed. What is left out stays as it is, L{None} removes.

    @ivar stopLoss: the price at which it closes with a loss.
    @ivar takeProfit: the price at which it closes with a profit.
    @ivar trailing: whether the stop loss follows the market, from its own distance.
    @ivar guaranteedStopLoss: whether the stop loss is guaranteed.
    @ivar trigger: which price triggers the stop loss.
    """

    stopLoss: Exact | None
    takeProfit: Exact | None
    trailing: bool
    guaranteedStopLoss: bool
    trigger: TriggerMethod


@frozen(kw_only=True)
class OrderTerms:
    """
    The options of all kinds of orders, complete.
    """

    stopLoss: Exact | None = None
    takeProfit: Exact | None = None
    stopLossPips: Exact | None = None
    takeProfitPips: Exact | None = None
    stopLossDistance: Decimal | None = None
    takeProfitDistance: Decimal | None = None
    trailing: bool = False
    guaranteedStopLoss: bool = False
    label: str | None = None
    comment: str | None = None
    clientOrderId: str | None = None
    timeout: float | None = None
    protectionFromQuote: bool = False
    expires: datetime | int | None = None
    timeInForce: TimeInForce | None = None
    trigger: TriggerMethod = TriggerMethod.TRADE
    slippagePoints: int | None = None
    slippagePips: Exact | None = None


def termsFrom(kind: type[Any], options: Mapping[str, Any]) -> OrderTerms:
    """
    Take the options of an order.

    @param kind: the L{OrderOptions} of its kind.
    @param options: what was given.
    @return: the same, complete.
    @raise TypeError: if this kind of order has no such option.
    """
    checkNames(kind, options)
    return OrderTerms(**options)


def checkNames(kind: type[Any], options: Mapping[str, Any]) -> None:
    """
    Refuse a keyword that is misspelt: no order goes out without the stop loss that was meant.

    @param kind: the C{TypedDict} that names what there is.
    @param options: what was given.
    @raise TypeError: if there is no such option.
    """
    unknown = sorted(options.keys() - kind.__annotations__.keys())
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r} here; there are: {', '.join(kind.__annotations__)}")
