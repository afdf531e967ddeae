"""
The world that a simulation begins with, unless it is told otherwise.
"""

from __future__ import annotations

from typing import Any

from ctrader_twisted.schema.messages import (
    ProtoOAAccountType,
    ProtoOALimitedRiskMarginCalculationStrategy,
    ProtoOATotalMarginCalculationType,
)
from ctrader_twisted.simulator.catalogue import Catalogue
from ctrader_twisted.simulator.registry import Application, Registry
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.simulator.venue.account import Terms, TradingAccount

__all__ = [
    "EPOCH",
    "EUR_ACCOUNT",
    "LIMITED_ACCOUNT",
    "LIVE_ACCOUNT",
    "NETTED_ACCOUNT",
    "SECOND_ACCOUNT",
    "SECOND_USER",
    "SWAP_FREE_ACCOUNT",
    "THIRD_USER",
    "USD_ACCOUNT",
    "USER",
    "openAccounts",
    "register",
]

EPOCH = 1_772_618_400_000
"""
When simulations on a virtual clock begin: Wednesday, 4 March 2026, 10:00 UTC, in milliseconds since 1970.
"""

USD_ACCOUNT, EUR_ACCOUNT, LIVE_ACCOUNT, NETTED_ACCOUNT = 20_001, 20_002, 20_003, 20_004
"""
The C{ctidTraderAccountId} of the demo account in dollars, of the one in euros, of the live account, and of the netted
demo account in dollars. All are the same user's.
"""

SECOND_ACCOUNT = 20_005
"""
The C{ctidTraderAccountId} of the second user's only account, on the demo host and in euros. Nobody is granted access to
it at first.
"""

LIMITED_ACCOUNT, SWAP_FREE_ACCOUNT = 20_006, 20_007
"""
The C{ctidTraderAccountId} of the third user's accounts, both on the demo host and in dollars: one with limited risk,
whose margins follow its guaranteed stop losses, and one without swaps, of which the larger side of a symbol counts and
stop-outs close whole positions. Nobody is granted access to them at first.
"""

USER, SECOND_USER, THIRD_USER = 7_001, 7_002, 7_003
"""
The numbers of the users.
"""

_YEAR = 365 * 86_400_000


def openAccounts(catalogue: Catalogue, settings: Settings) -> list[TradingAccount]:
    """
    Open the accounts: of one user two on the demo host, in dollars and euros, a live one, and a netted one on the demo
    host; of the second one on the demo host; of the third one with limited risk, and one without swaps.

    @param catalogue: the assets.
    @param settings: how the server behaves.
    """
    usd, eur = catalogue.assetNamed("USD").assetId, catalogue.assetNamed("EUR").assetId
    return [
        _account(USD_ACCOUNT, 5_000_001, usd, settings),
        _account(EUR_ACCOUNT, 5_000_002, eur, settings),
        _account(LIVE_ACCOUNT, 9_000_001, usd, settings, isLive=True),
        _account(NETTED_ACCOUNT, 5_000_004, usd, settings, accountType=ProtoOAAccountType.NETTED),
        _account(SECOND_ACCOUNT, 5_000_005, eur, settings),
        _account(
            LIMITED_ACCOUNT,
            5_000_006,
            usd,
            settings,
            isLimitedRisk=True,
            limitedRiskMargin=ProtoOALimitedRiskMarginCalculationStrategy.ACCORDING_TO_GSL,
        ),
        _account(
            SWAP_FREE_ACCOUNT,
            5_000_007,
            usd,
            settings,
            swapFree=True,
            totalMargin=ProtoOATotalMarginCalculationType.MAX,
            fairStopOut=True,
        ),
    ]


def register(registry: Registry) -> None:
    """
    Register the applications and users, and grant access.

    The application C{standard} has three grants: C{trade} allows everything on all accounts, C{view} only looking, and
    C{expired} is what it says; all are the first user's. The application C{inactive} waits for its approval.

    @param registry: where to; it is empty.
    """
    for name, number in (("standard", 1000), ("inactive", 1001)):
        clientId = f"{number}_{registry.mint.name()}"
        registry.applications[clientId] = Application(name, clientId, registry.mint.token(), active=name == "standard")
    clientId = registry.applicationNamed("standard").clientId
    accountIds = (USD_ACCOUNT, EUR_ACCOUNT, LIVE_ACCOUNT, NETTED_ACCOUNT)
    registry.users = {
        USER: accountIds,
        SECOND_USER: (SECOND_ACCOUNT,),
        THIRD_USER: (LIMITED_ACCOUNT, SWAP_FREE_ACCOUNT),
    }
    registry.give(clientId, USER, accountIds, mayTrade=True, name="trade")
    registry.give(clientId, USER, accountIds, mayTrade=False, name="view")
    registry.give(clientId, USER, accountIds, mayTrade=True, name="expired").expires = 0.0


def _account(accountId: int, traderLogin: int, depositAssetId: int, settings: Settings, **more: Any) -> TradingAccount:
    terms = Terms(
        **{
            "accountId": accountId,
            "traderLogin": traderLogin,
            "isLive": False,
            "depositAssetId": depositAssetId,
            "leverageInCents": 10_000,
            "registered": EPOCH - _YEAR,
            **more,
        }
    )
    return TradingAccount(terms, 1_000_000, historyLimit=settings.historyLimit)
