"""
Storing a new pair of tokens, and learning from the server what it is good for.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from ctrader_twisted.cli.visit import Granted, authorise, granted, visiting
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import CTraderError, TokenRefused
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.oauth.changing import changeTokens
from ctrader_twisted.profiles import Profile
from ctrader_twisted.requests import ApplicationRequests
from ctrader_twisted.secret import Secret

__all__ = ["forget", "keep", "learn"]


async def keep(reactor: Any, store: ITokenStore, pair: TokenPair) -> None:
    """
    Store a pair, beside the others.

    @param reactor: the reactor.
    @param store: the store.
    @param pair: the pair.
    @raise ConfigurationError: if it cannot be stored.
    """
    await changeTokens(store, reactor, lambda pairs: (*_without(pairs, pair), pair))


async def forget(reactor: Any, store: ITokenStore, pair: TokenPair) -> None:
    """
    Take a pair out of the store.

    @param reactor: the reactor.
    @param store: the store.
    @param pair: the pair.
    @raise ConfigurationError: if the store cannot be used.
    """
    await changeTokens(store, reactor, lambda pairs: _without(pairs, pair))


async def learn(reactor: Any, profile: Profile, store: ITokenStore, pair: TokenPair, randomness: Random) -> Granted:
    """
    Ask the server whose a stored pair is. It replaces what is stored for the same cTID; of stored pairs without a known
    cTID those are dropped that are of no use to anybody.

    @param reactor: the reactor.
    @param profile: the profile.
    @param store: its store.
    @param pair: the pair.
    @param randomness: for ids.
    @return: what the pair is good for.
    @raise TokenRefused: if the server does not take it.
    @raise CTraderError: if the server cannot be asked.
    """
    async with visiting(reactor, profile.makeEndpoint(reactor), randomness) as protocol:
        requests = ApplicationRequests(protocol.request)
        await authorise(requests, profile)
        found = await granted(requests, pair)
        unknown = [each for each in await store.load() if each.userId is None and each.accessToken != pair.accessToken]
        known = {each.accessToken: await _judged(requests, each) for each in unknown}
    known[pair.accessToken] = found.pair
    await changeTokens(store, reactor, lambda pairs: _amended(pairs, known, found.pair))
    return found


async def _judged(requests: ApplicationRequests, pair: TokenPair) -> TokenPair | None:
    try:
        return (await granted(requests, pair)).pair
    except CTraderError as error:
        # A refresh token may still buy a new pair.
        isUseless = isinstance(error, TokenRefused) and pair.refreshToken is None
        return None if isUseless else pair


def _amended(
    pairs: tuple[TokenPair, ...], known: Mapping[Secret, TokenPair | None], new: TokenPair
) -> tuple[TokenPair, ...]:
    judged = (known.get(each.accessToken, each) for each in pairs)
    return tuple(each for each in judged if each is not None and (each is new or each.userId != new.userId))


def _without(pairs: tuple[TokenPair, ...], pair: TokenPair) -> tuple[TokenPair, ...]:
    return tuple(each for each in pairs if each.accessToken != pair.accessToken)
