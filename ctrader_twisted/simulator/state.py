"""
What outlives a simulator: credentials, accounts, and what they hold, as JSON.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

import attrs
from google.protobuf.message import Message

from ctrader_twisted.schema.messages import (
    ProtoOADeal,
    ProtoOADepositWithdraw,
    ProtoOAMarginCall,
    ProtoOAOrder,
    ProtoOAPosition,
)
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.registry import Application, Grant, Registry
from ctrader_twisted.simulator.venue.account import Conversion, Terms, TradingAccount
from ctrader_twisted.simulator.venue.venue import Ids

__all__ = ["FORMAT", "dumpState", "loadState"]

FORMAT = 1
"""
The version of what is written.
"""

_MessageT = TypeVar("_MessageT", bound=Message)

# A process that was killed has given out ids which it did not come to write down; clients know them.
_UNSAVED = 10_000


def dumpState(exchange: Exchange) -> dict[str, Any]:
    """
    Take a picture of an exchange.

    @param exchange: the exchange.
    @return: what JSON can hold, secrets included.
    """
    registry, venue = exchange.registry, exchange.venue
    return {
        "format": FORMAT,
        "serial": registry.mint.serial,
        "applications": [_plain(each) for each in registry.applications.values()],
        "grants": [_plain(each) for each in registry.grants],
        "ids": attrs.asdict(venue.ids),
        "accounts": [_dumpAccount(each) for each in venue.accounts.values()],
    }


def loadState(exchange: Exchange, state: Mapping[str, Any]) -> None:
    """
    Bring an exchange to where another one was.

    @param exchange: a new exchange.
    @param state: what L{dumpState} gave.
    @raise KeyError: if something is missing in the state.
    @raise ValueError: if it is of another format, or broken.
    @raise TypeError: if it is broken.
    """
    if state["format"] != FORMAT:
        raise ValueError(f"it is of format {state['format']}, and this version writes format {FORMAT}")
    _loadRegistry(exchange.registry, state)
    exchange.venue.ids = Ids(**state["ids"])
    exchange.venue.ids.skip(_UNSAVED)
    limit = exchange.settings.historyLimit
    accounts = [_loadAccount(each, limit) for each in state["accounts"]]
    # What earlier versions did not have stays as it begins.
    exchange.venue.accounts.update({account.terms.accountId: account for account in accounts})


def _loadRegistry(registry: Registry, state: Mapping[str, Any]) -> None:
    registry.mint.serial = state["serial"]
    applications = [
        Application(**{**each, "clientSecret": Secret(each["clientSecret"])}) for each in state["applications"]
    ]
    registry.applications = {each.clientId: each for each in applications}
    registry.grants = [
        Grant(
            **{
                **each,
                "accountIds": tuple(each["accountIds"]),
                "accessToken": Secret(each["accessToken"]),
                "refreshToken": Secret(each["refreshToken"]),
            }
        )
        for each in state["grants"]
    ]


def _plain(thing: Application | Grant) -> dict[str, Any]:
    fields = attrs.asdict(thing)
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in fields.items()}


def _dumpAccount(account: TradingAccount) -> dict[str, Any]:
    return {
        "terms": attrs.asdict(account.terms),
        "balance": account.balance,
        "balanceVersion": account.balanceVersion,
        "bonuses": [account.managerBonus, account.ibBonus],
        "lastClose": account.lastClose,
        "positions": _dumpAll(account.positions.values()),
        "orders": _dumpAll(account.orders.values()),
        "ended": _dumpAll(account.ended.values()),
        "deals": _dumpAll(account.deals.values()),
        "cashFlow": _dumpAll(account.cashFlow.values()),
        "marginCalls": _dumpAll(account.marginCalls.values()),
        "trails": list(account.trails.items()),
        "triggered": sorted(account.triggered),
        "base": account.base,
        "charged": list(account.charged.items()),
        "conversions": [
            [symbolId, str(rates.baseToUsd), str(rates.quoteToDeposit)]
            for symbolId, rates in account.conversions.items()
        ],
    }


def _loadAccount(state: Mapping[str, Any], historyLimit: int) -> TradingAccount:
    account = TradingAccount(Terms(**state["terms"]), state["balance"], historyLimit=historyLimit)
    account.balanceVersion = state["balanceVersion"]
    account.lastClose = state["lastClose"]
    account.positions = {each.positionId: each for each in _loadAll(ProtoOAPosition, state["positions"])}
    account.orders = {each.orderId: each for each in _loadAll(ProtoOAOrder, state["orders"])}
    account.ended = {each.orderId: each for each in _loadAll(ProtoOAOrder, state["ended"])}
    account.deals = {each.dealId: each for each in _loadAll(ProtoOADeal, state["deals"])}
    # Earlier versions wrote neither of the three, nor what follows the trails.
    account.managerBonus, account.ibBonus = state.get("bonuses", (0, 0))
    account.cashFlow = {
        each.balanceHistoryId: each for each in _loadAll(ProtoOADepositWithdraw, state.get("cashFlow", ()))
    }
    for each in _loadAll(ProtoOAMarginCall, state.get("marginCalls", ())):
        account.marginCalls[each.marginCallType] = each
    account.trails = dict(state["trails"])
    account.triggered = set(state.get("triggered", ()))
    account.base = state.get("base", account.balance - account.booked())
    account.charged = dict(state.get("charged", ()))
    account.conversions = {
        symbolId: Conversion(Fraction(toUsd), Fraction(toDeposit))
        for symbolId, toUsd, toDeposit in state.get("conversions", ())
    }
    return account


def _dumpAll(messages: Iterable[Message]) -> list[str]:
    """
    As they go over the wire: that is exact, and fast enough to be done after every trade.
    """
    return [b64encode(message.SerializeToString()).decode() for message in messages]


def _loadAll(kind: type[_MessageT], lines: Iterable[str]) -> list[_MessageT]:
    return [kind.FromString(b64decode(line, validate=True)) for line in lines]
