"""
How an exchange is, for its owner.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import ProtoOAAccountType
from ctrader_twisted.simulator.connection import ServerProtocol
from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.faults.script import describeRule
from ctrader_twisted.simulator.market.specification import SymbolSpec
from ctrader_twisted.simulator.venue.account import TradingAccount

__all__ = ["status"]

_SCALE = 100_000


def status(exchange: Exchange) -> dict[str, Any]:
    """
    Tell how an exchange is: its time, accounts, connections, prices, and what goes wrong.

    @param exchange: the exchange.
    @return: what JSON can hold. Times are milliseconds since 1970, and balances 1/100 of the account's asset.
    """
    faults = exchange.faults
    return {
        "time": exchange.timeline.now(),
        "speed": exchange.timeline.speed,
        "accounts": [_account(exchange, each) for each in exchange.venue.accounts.values()],
        "connections": [_connection(each) for each in exchange.connections],
        "prices": [_price(exchange, each) for each in exchange.catalogue.symbols.values()],
        "rules": [
            {"rule": describeRule(each.rule), "matches": each.matches, "hits": each.hits} for each in faults.applied
        ],
        "planned": faults.planned,
        "isRefusing": faults.isRefusing,
        "maintenanceEnd": faults.maintenanceEnd,
    }


def _account(exchange: Exchange, account: TradingAccount) -> dict[str, Any]:
    terms = account.terms
    return {
        "account": terms.accountId,
        "login": terms.traderLogin,
        "isLive": terms.isLive,
        "type": ProtoOAAccountType.Name(terms.accountType),
        "asset": exchange.catalogue.assets[terms.depositAssetId].name,
        "balance": account.balance,
        "positions": len(account.positions),
        "orders": len(account.orders),
        "sessions": sum(terms.accountId in each.sessions for each in exchange.connections),
    }


def _connection(connection: ServerProtocol) -> dict[str, Any]:
    application = connection.application
    return {
        "application": None if application is None else application.name,
        "isLive": connection.isLiveHost,
        "accounts": sorted(connection.sessions),
    }


def _price(exchange: Exchange, symbol: SymbolSpec) -> dict[str, Any]:
    quote = exchange.market.quote(symbol.symbolId)
    return {
        "symbol": symbol.name,
        "bid": None if quote is None else _shown(quote.bid, symbol),
        "ask": None if quote is None else _shown(quote.ask, symbol),
        "time": None if quote is None else quote.timestamp,
    }


def _shown(price: int, symbol: SymbolSpec) -> str:
    return f"{price / _SCALE:.{symbol.digits}f}"
