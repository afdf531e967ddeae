"""
C{ctrader login}: from an application to stored tokens, by way of the user's consent.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from rich.console import Console

from ctrader_twisted.cli.consent import Question
from ctrader_twisted.cli.keeping import keep, learn
from ctrader_twisted.cli.tables import accountTable, show
from ctrader_twisted.cli.terminal import say
from ctrader_twisted.cli.visit import Granted, authorise, visiting
from ctrader_twisted.profiles import Profile
from ctrader_twisted.requests import ApplicationRequests
from ctrader_twisted.secret import Secret

__all__ = ["login", "showGranted"]


async def login(
    reactor: Any,
    console: Console,
    profile: Profile,
    scope: str,
    getCode: Callable[[Question], Coroutine[Any, Any, Secret]],
    randomness: Random,
) -> None:
    """
    Get a pair of tokens, store it, and show what it is good for.

    @param reactor: the reactor.
    @param console: where to show it.
    @param profile: the profile.
    @param scope: C{trading} or C{accounts}.
    @param getCode: asks the user.
    @param randomness: for ids, and for what nobody shall guess.
    @raise CTraderError: if anything stands in the way, in words for the user.
    """
    # An application that the server does not take would be told of on the page that asks, and not to us.
    async with visiting(reactor, profile.makeEndpoint(reactor), randomness) as protocol:
        await authorise(ApplicationRequests(protocol.request), profile)
    # Likewise a store that cannot be used: the tokens could not be kept.
    store = profile.tokenStore(reactor)
    await store.load()
    oauth = profile.makeOAuth(reactor)
    state = f"{randomness.getrandbits(128):032x}"
    url = oauth.authorizationUrl(scope, state=state)
    code = await getCode(Question(url, profile.redirectUri, state, profile.services.echoesState))
    pair = await oauth.exchangeCode(code, scope)
    await keep(reactor, store, pair)
    say(console, "Access is granted, and the tokens are stored. They give access to:")
    showGranted(console, profile, await learn(reactor, profile, store, pair, randomness))


def showGranted(console: Console, profile: Profile, found: Granted) -> None:
    """
    Show what a pair is good for, and how to go on.

    @param console: where to show it.
    @param profile: the profile.
    @param found: what the pair is good for.
    """
    show(console, accountTable(found.accounts))
    here, there = ("live", "demo") if profile.isLive else ("demo", "live")
    mine = [each for each in found.accounts if each.isLive == profile.isLive]
    if not mine:
        say(console, f"There is no {here} account among them, and the profile {profile.name} is for those only.")
        say(console, f"For {there} accounts: ctrader login --profile {there}")
        return
    account = f" --account {mine[0].accountId}" if len(mine) > 1 else ""
    say(console, f"To see prices move: ctrader quotes EURUSD --profile {profile.name}{account}")
