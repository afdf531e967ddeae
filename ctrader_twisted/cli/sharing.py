"""
Which profiles there are beside one, and which of them use the same tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.profiles import Profile, ProfileFile
from ctrader_twisted.secret import Secret

__all__ = ["doubles", "readable", "sharers"]


def readable(file: ProfileFile) -> dict[str, Profile]:
    """
    Read all profiles that can be read; what is wrong with another one is told to those who use it.

    @param file: the file of profiles.
    @return: the profiles by name.
    @raise ConfigurationError: if the file itself cannot be read.
    """
    found = {}
    for name in file.names():
        with suppress(ConfigurationError):
            found[name] = file.read(name)
    return found


def sharers(file: ProfileFile, profile: Profile) -> tuple[str, ...]:
    """
    Name the other profiles that have the same token store.

    @param file: the file of profiles.
    @param profile: the one.
    @return: the names of the others.
    @raise ConfigurationError: if the file cannot be read.
    """
    others = (each for each in readable(file).values() if each.name != profile.name)
    return tuple(each.name for each in others if each.tokens is not None and each.tokens == profile.tokens)


async def doubles(reactor: Any, file: ProfileFile, profile: Profile, pairs: Iterable[TokenPair]) -> tuple[str, ...]:
    """
    Name the other profiles that have some of the same tokens in a store of their own.

    @param reactor: the reactor.
    @param file: the file of profiles.
    @param profile: the one.
    @param pairs: what its store holds.
    @return: the names of the others.
    @raise ConfigurationError: if the file cannot be read.
    """
    mine, sharing = _secrets(pairs), (profile.name, *sharers(file, profile))
    found = []
    for name, each in readable(file).items():
        if name not in sharing:
            with suppress(ConfigurationError):
                if mine & _secrets(await each.tokenStore(reactor).load()):
                    found.append(name)
    return tuple(found)


def _secrets(pairs: Iterable[TokenPair]) -> set[Secret | None]:
    return {secret for pair in pairs for secret in (pair.accessToken, pair.refreshToken)} - {None}
