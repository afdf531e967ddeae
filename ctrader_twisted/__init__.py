"""
The cTrader Open API 2.0 (Spotware) for Twisted: account information, market data and trading.

Begin with L{Client}. The names here are loaded when they are first used, so that importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctrader_twisted.blocking import Worker
    from ctrader_twisted.client import Account, Client
    from ctrader_twisted.columns import Bar, Quotes, Ticks, Trendbars
    from ctrader_twisted.credentials import Application, TokenPair
    from ctrader_twisted.market import DepthBook, Gap, Quote
    from ctrader_twisted.oauth import (
        SERVICES,
        FileTokens,
        KeyringTokens,
        MemoryTokens,
        OAuth,
        Services,
        authorizationUrl,
    )
    from ctrader_twisted.profiles import Profile, ProfileFile
    from ctrader_twisted.recorder import Recorder, RecorderStatus, Sealed
    from ctrader_twisted.secret import Secret
    from ctrader_twisted.store import Dataset, DatasetWriter, Series
    from ctrader_twisted.trading import (
        Author,
        Change,
        ChangeStatus,
        Deal,
        EquityWatch,
        ExpectedMargin,
        FileCursor,
        Moved,
        OrderKind,
        PendingOrder,
        Position,
        PositionStatus,
        Profit,
        Reconnected,
        Side,
        TimeInForce,
        Trade,
        TradeStatus,
        TriggerMethod,
    )
    from ctrader_twisted.trading.journal import OrderJournal
    from ctrader_twisted.trading.limits import Limits
    from ctrader_twisted.units import Lots, Symbol, Units
    from ctrader_twisted.wire import Throttle, demo, hostEndpoint, live, trustFile

_HOMES = {
    "Account": "client",
    "Application": "credentials",
    "Author": "trading",
    "Bar": "columns",
    "Change": "trading",
    "ChangeStatus": "trading",
    "Client": "client",
    "Dataset": "store",
    "DatasetWriter": "store",
    "Deal": "trading",
    "DepthBook": "market",
    "EquityWatch": "trading",
    "ExpectedMargin": "trading",
    "FileCursor": "trading",
    "FileTokens": "oauth",
    "Gap": "market",
    "KeyringTokens": "oauth",
    "Limits": "trading.limits",
    "Lots": "units",
    "MemoryTokens": "oauth",
    "Moved": "trading",
    "OAuth": "oauth",
    "OrderJournal": "trading.journal",
    "OrderKind": "trading",
    "PendingOrder": "trading",
    "Position": "trading",
    "PositionStatus": "trading",
    "Profile": "profiles",
    "ProfileFile": "profiles",
    "Profit": "trading",
    "Quote": "market",
    "Quotes": "columns",
    "Reconnected": "trading",
    "Recorder": "recorder",
    "RecorderStatus": "recorder",
    "SERVICES": "oauth",
    "Sealed": "recorder",
    "Secret": "secret",
    "Series": "store",
    "Services": "oauth",
    "Side": "trading",
    "Symbol": "units",
    "Throttle": "wire",
    "Ticks": "columns",
    "TimeInForce": "trading",
    "TokenPair": "credentials",
    "Trade": "trading",
    "TradeStatus": "trading",
    "Trendbars": "columns",
    "TriggerMethod": "trading",
    "Units": "units",
    "Worker": "blocking",
    "authorizationUrl": "oauth",
    "demo": "wire",
    "hostEndpoint": "wire",
    "live": "wire",
    "trustFile": "wire",
}

__all__ = [
    "SERVICES",
    "Account",
    "Application",
    "Author",
    "Bar",
    "Change",
    "ChangeStatus",
    "Client",
    "Dataset",
    "DatasetWriter",
    "Deal",
    "DepthBook",
    "EquityWatch",
    "ExpectedMargin",
    "FileCursor",
    "FileTokens",
    "Gap",
    "KeyringTokens",
    "Limits",
    "Lots",
    "MemoryTokens",
    "Moved",
    "OAuth",
    "OrderJournal",
    "OrderKind",
    "PendingOrder",
    "Position",
    "PositionStatus",
    "Profile",
    "ProfileFile",
    "Profit",
    "Quote",
    "Quotes",
    "Reconnected",
    "Recorder",
    "RecorderStatus",
    "Sealed",
    "Secret",
    "Series",
    "Services",
    "Side",
    "Symbol",
    "Throttle",
    "Ticks",
    "TimeInForce",
    "TokenPair",
    "Trade",
    "TradeStatus",
    "Trendbars",
    "TriggerMethod",
    "Units",
    "Worker",
    "authorizationUrl",
    "demo",
    "hostEndpoint",
    "live",
    "trustFile",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found
    return found
