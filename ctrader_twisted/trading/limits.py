"""
What an account may not exceed, as its owner says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from decimal import Decimal

from attrs import field, frozen

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.units.exact import Exact, exactDecimal

__all__ = ["Limits", "LotLimit"]

LotLimit = Exact | Mapping[str, Exact] | None
"""
A number of lots for every symbol; or one for each symbol by name, and then no other symbol may be traded.
"""


def _positive(value: Exact | None) -> Decimal | None:
    if value is None:
        return None
    number = exactDecimal(value)
    if number < 0:
        raise IllegalValue(f"a limit cannot be negative: {value}")
    return number


def _lots(value: LotLimit) -> Decimal | dict[str, Decimal] | None:
    if isinstance(value, Mapping):
        return {name: _positive(lots) or Decimal(0) for name, lots in value.items()}
    return _positive(value)


def _count(value: int | None) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise TypeError(f"a whole number is needed, not {value!r}")
    if value is not None and value < 0:
        raise IllegalValue(f"a limit cannot be negative: {value}")
    return value


def _seconds(value: float | None) -> float | None:
    # What is not a number is not above zero either.
    if value is not None and not value >= 0:
        raise IllegalValue(f"a limit cannot be negative: {value}")
    return value


@frozen(kw_only=True)
class Limits:
    """
    Limits that every order is held against before any byte of it leaves. What is left out does not limit. Where a
    limit cannot be checked, since a price or a rate is not known, the order is refused. What closes or can only reduce
    is always allowed.

    @ivar lotsPerOrder: the most lots of one order, see L{LotLimit}.
    @ivar lotsPerSymbol: the most lots of one symbol that are open or ordered, buys and sells added up.
    @ivar ordersPerMinute: the most orders in any sixty seconds.
    @ivar exposure: the most that all open and ordered volume may be worth, in the deposit asset, buys and sells added
        up.
    @ivar dailyLoss: when the day has lost so much, in the deposit asset, nothing new is opened. What is counted is the
        net profit of the day's closed deals, and of what is open where the account's equity is watched.
    @ivar spread: the widest spread, in pips, at which something is opened.
    @ivar quoteAge: the oldest quote, in seconds, at which something is opened.
    @ivar zone: where the day of C{dailyLoss} begins at midnight; by default UTC.
    """

    lotsPerOrder: Decimal | Mapping[str, Decimal] | None = field(default=None, converter=_lots)
    lotsPerSymbol: Decimal | Mapping[str, Decimal] | None = field(default=None, converter=_lots)
    ordersPerMinute: int | None = field(default=None, converter=_count)
    exposure: Decimal | None = field(default=None, converter=_positive)
    dailyLoss: Decimal | None = field(default=None, converter=_positive)
    spread: Decimal | None = field(default=None, converter=_positive)
    quoteAge: float | None = field(default=None, converter=_seconds)
    zone: tzinfo = UTC
