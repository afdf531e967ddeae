"""
C{ctrader tokens}, C{ctrader tokens import} and C{ctrader logout}: what is stored, and how to change it by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from ctrader_twisted.cli.keeping import forget, keep, learn
from ctrader_twisted.cli.login import showGranted
from ctrader_twisted.cli.tables import moment, plainTable, show
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError, TokenRefused
from ctrader_twisted.oauth.changing import changeTokens
from ctrader_twisted.profiles import Profile

__all__ = ["importTokens", "imported", "logout", "showTokens", "tokenTable"]

_DAY = 86_400_000


async def showTokens(reactor: Any, console: Console, profile: Profile, now: int) -> None:
    """
    Show which pairs are stored; the server is not asked.

    @param reactor: the reactor.
    @param console: where to show it.
    @param profile: the profile.
    @param now: the time, in milliseconds since 1970.
    @raise ConfigurationError: if the store cannot be read.
    """
    pairs = await profile.tokenStore(reactor).load()
    if pairs:
        show(console, tokenTable(pairs, now))
    else:
        say(console, f"No tokens are stored. To get some: ctrader login --profile {profile.name}")


def tokenTable(pairs: Iterable[TokenPair], now: int) -> Table:
    """
    @param pairs: some pairs.
    @param now: the time, in milliseconds since 1970.
    @return: a row for each, with nothing secret in it.
    """
    table = plainTable("cTID", "scope", "issued (UTC)", "expires (UTC)", "left", "can be renewed")
    for pair in pairs:
        table.add_row(
            _orUnknown(pair.userId),
            _orUnknown(pair.scope),
            _time(pair.issued),
            _time(pair.expires),
            _left(pair.expires, now),
            "no" if pair.refreshToken is None else "yes",
        )
    return table


def imported(access: str, refresh: str, *, scope: str | None, expires: int | None) -> TokenPair:
    """
    Make a pair of what somebody has typed.

    @param access: the access token.
    @param refresh: the refresh token; empty if there is none.
    @param scope: what they were granted for; L{None} if that was not said.
    @param expires: when the access token ends, in milliseconds since 1970; L{None} if that was not said.
    @return: the pair.
    @raise ConfigurationError: if there is no access token.
    """
    if not access:
        raise ConfigurationError("no access token was given")
    return TokenPair(access, refresh or None, expires=expires, scope=scope)


async def importTokens(reactor: Any, console: Console, profile: Profile, pair: TokenPair, randomness: Random) -> None:
    """
    Store a pair that came from somewhere else, and show what it is good for.

    @param reactor: the reactor.
    @param console: where to show it.
    @param profile: the profile.
    @param pair: the pair.
    @param randomness: for ids.
    @raise TokenRefused: if the server does not take it; then it is not kept.
    @raise CTraderError: if anything else stands in the way.
    """
    store = profile.tokenStore(reactor)
    await keep(reactor, store, pair)
    say(console, "The tokens are stored.")
    try:
        found = await learn(reactor, profile, store, pair, randomness)
    except TokenRefused:
        await forget(reactor, store, pair)
        say(console, "The server does not take them, so they were removed again.")
        raise
    say(console, "They give access to:")
    showGranted(console, profile, found)


async def logout(reactor: Any, console: Console, profile: Profile, names: str) -> None:
    """
    Forget all pairs of a profile.

    @param reactor: the reactor.
    @param console: where to tell of it.
    @param profile: the profile.
    @param names: the profiles that have the same store.
    @raise ConfigurationError: if the store cannot be used.
    """
    await changeTokens(profile.tokenStore(reactor), reactor, lambda pairs: ())
    say(console, f"The tokens of {names} are forgotten.")
    say(console, "The access itself goes on until you revoke it at https://id.ctrader.com: Settings, Open API.")


def _orUnknown(value: object) -> str:
    return "unknown" if value is None else str(value)


def _time(milliseconds: int | None) -> str:
    return "unknown" if milliseconds is None else f"{moment(milliseconds):%Y-%m-%d %H:%M}"


def _left(expires: int | None, now: int) -> str:
    if expires is None:
        return "unknown"
    days = (expires - now) // _DAY
    return "expired" if expires <= now else f"{days} days" if days else "less than a day"
