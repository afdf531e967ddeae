"""
The server that a profile, or the environment, names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from attrs import evolve

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth.services import CTRADER
from ctrader_twisted.profiles import Profile, ProfileFile
from ctrader_twisted.secret import Secret
from ctrader_twisted.testing.contract.subject import Subject
from ctrader_twisted.testing.contract.suite import Suite
from ctrader_twisted.wire.endpoints import demo

__all__ = ["subjectFromEnvironment", "subjectOf"]

_PROFILE = "CTRADER_CONTRACT_PROFILE"
_VARIABLES = ("CTRADER_CLIENT_ID", "CTRADER_CLIENT_SECRET", "CTRADER_ACCESS_TOKEN")
_ACCOUNT = "CTRADER_ACCOUNT"


async def subjectOf(reactor: Any, profile: Profile, accountId: int | None, randomness: Random) -> Subject:
    """
    Make what the suite runs on of a profile.

    @param reactor: the reactor.
    @param profile: the profile.
    @param accountId: the demo account; L{None} for the only one.
    @param randomness: for ids that no other client uses.
    @return: the server, with the stored tokens that cover the account.
    @raise ConfigurationError: if the profile is for live accounts, or its tokens cover no such account.
    """
    if profile.isLive:
        raise ConfigurationError(
            f"the profile {profile.name} is for live accounts: the suite runs on demo accounts only"
        )
    pairs = await profile.tokenStore(reactor).load()
    if not pairs:
        raise ConfigurationError(f"the profile {profile.name} has no tokens; ctrader login --profile {profile.name}")
    subject = Subject(
        endpoint=profile.makeEndpoint(reactor),
        application=profile.application,
        accessToken=pairs[0].accessToken,
        accountId=accountId,
        isSimulated=profile.isSimulated,
        tokenUrl=profile.services.tokenUrl,
    )
    return await _covering(reactor, subject, pairs, randomness)


async def subjectFromEnvironment(reactor: Any, environment: Mapping[str, str], randomness: Random) -> Subject | None:
    """
    Make what the suite runs on of the environment: of the profile that C{CTRADER_CONTRACT_PROFILE} names; else of
    C{CTRADER_CLIENT_ID}, C{CTRADER_CLIENT_SECRET}, C{CTRADER_ACCESS_TOKEN} and, if the token covers more than one demo
    account, C{CTRADER_ACCOUNT}, on the host of demo accounts.

    @param reactor: the reactor.
    @param environment: the variables.
    @param randomness: for ids that no other client uses.
    @return: the server; L{None} if nothing names one.
    @raise ConfigurationError: if there is no demo account there.
    """
    account = environment.get(_ACCOUNT, "")
    if account and not account.isdecimal():
        raise ConfigurationError(f"{_ACCOUNT} is no number")
    accountId = int(account) if account else None
    if environment.get(_PROFILE):
        return await subjectOf(reactor, ProfileFile().read(environment[_PROFILE]), accountId, randomness)
    clientId, clientSecret, accessToken = (environment.get(name, "") for name in _VARIABLES)
    if not (clientId and clientSecret and accessToken):
        return None
    return Subject(
        endpoint=demo(reactor),
        application=Application(clientId, clientSecret),
        accessToken=Secret(accessToken),
        accountId=accountId,
        tokenUrl=CTRADER.tokenUrl,
    )


async def _covering(reactor: Any, subject: Subject, pairs: Iterable[TokenPair], randomness: Random) -> Subject:
    """
    Find the pair that covers the account: tokens of several users may be stored.
    """
    problem: ConfigurationError | None = None
    for pair in pairs:
        found = evolve(subject, accessToken=pair.accessToken)
        try:
            await Suite(reactor, found, randomness).run(())
        except ConfigurationError as error:
            problem = error
        else:
            return found
    assert problem is not None
    raise problem
