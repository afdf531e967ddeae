"""
Who may use the exchange: applications, and the access that a user has granted them.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import TypeVar

from attrs import define, field, frozen

from ctrader_twisted.errors import IllegalValue
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.refusal import Refusal

__all__ = ["Application", "Grant", "Mint", "Registry"]

_NamedT = TypeVar("_NamedT", "Application", "Grant")


class Mint:
    """
    Makes credentials. Each follows from the seed and a running number, so that a simulation can be repeated.

    @ivar seed: the seed.
    @ivar serial: how many were made.
    """

    def __init__(self, seed: int, serial: int = 0) -> None:
        """
        @param seed: any integer.
        @param serial: how many credentials were made of this seed before.
        """
        self.seed = seed
        self.serial = serial

    def token(self) -> Secret:
        """
        Make the next one.

        @return: 43 characters that are safe in URLs.
        """
        return Secret(self.name())

    def name(self) -> str:
        """
        Make the next one for something that is no secret.

        @return: 43 characters that are safe in URLs.
        """
        self.serial += 1
        digest = blake2b(f"{self.seed}/{self.serial}".encode(), digest_size=32, person=b"ctrader-sim").digest()
        return urlsafe_b64encode(digest).decode().rstrip("=")


@frozen
class Application:
    """
    A program that is registered with the exchange.

    @ivar name: how the simulator's own files call it.
    @ivar clientId: its public name.
    @ivar clientSecret: its password.
    @ivar active: whether it was approved.
    """

    name: str
    clientId: str
    clientSecret: Secret
    active: bool = True


@define(eq=False)
class Grant:
    """
    The access to some accounts that a user has given an application. Its tokens change when they are refreshed.

    @ivar name: how the simulator's own files call it; empty for those that were granted while it ran.
    @ivar clientId: the application.
    @ivar userId: the user.
    @ivar accountIds: the accounts.
    @ivar mayTrade: whether it allows trading, or only looking.
    @ivar accessToken: the token that opens the accounts.
    @ivar refreshToken: the token that buys the next pair, once.
    @ivar expires: when the access token ends, in seconds of the exchange's clock.
    """

    name: str
    clientId: str
    userId: int
    accountIds: tuple[int, ...]
    mayTrade: bool
    accessToken: Secret = field(repr=False)
    refreshToken: Secret = field(repr=False)
    expires: float


class Registry:
    """
    All applications and grants.

    @ivar applications: the applications by client id.
    @ivar users: the accounts of each user, by the user's number.
    @ivar grants: the grants that are good, in the order of their making.
    @ivar mint: where new tokens come from.
    """

    def __init__(self, mint: Mint, seconds: Callable[[], float], tokenLifetime: int) -> None:
        """
        @param mint: where new tokens come from.
        @param seconds: the time, in seconds.
        @param tokenLifetime: seconds that an access token is good for.
        """
        self.mint = mint
        self.applications: dict[str, Application] = {}
        self.users: dict[int, tuple[int, ...]] = {}
        self.grants: list[Grant] = []
        self.tokenLifetime = tokenLifetime
        self._seconds = seconds

    def application(self, clientId: str, clientSecret: str) -> Application:
        """
        Find an application by its credentials.

        @param clientId: its public name.
        @param clientSecret: its password.
        @raise Refusal: if there is no such application, or it is not active.
        """
        found = self.applications.get(clientId)
        if found is None or found.clientSecret != Secret(clientSecret):
            raise Refusal("CH_CLIENT_AUTH_FAILURE", "clientId or clientSecret is incorrect")
        if not found.active:
            raise Refusal("CH_CLIENT_AUTH_FAILURE", "OA client is not in active state")
        return found

    def applicationNamed(self, name: str) -> Application:
        """
        Find an application of the simulator's own.

        @param name: how the simulator calls it.
        @raise IllegalValue: if there is none of that name.
        """
        return _named("application", name, self.applications.values())

    def grantNamed(self, name: str) -> Grant:
        """
        Find a grant of the simulator's own, with its present tokens.

        @param name: how the simulator calls it.
        @raise IllegalValue: if there is none of that name.
        """
        return _named("grant", name, self.grants)

    def grant(self, clientId: str, accessToken: str) -> Grant:
        """
        Find what an access token stands for.

        @param clientId: the application that presents it.
        @param accessToken: the token.
        @raise Refusal: if it is unknown or expired.
        """
        token = Secret(accessToken)
        for grant in self.grants:
            if grant.clientId == clientId and grant.accessToken == token:
                if grant.expires <= self._seconds():
                    raise Refusal("OA_AUTH_TOKEN_EXPIRED", "Access token expired")
                return grant
        raise Refusal("CH_ACCESS_TOKEN_INVALID", "Invalid access token")

    def grantWith(self, accessToken: Secret) -> Grant:
        """
        Find the grant that has an access token now, expired or not.

        @param accessToken: the token.
        @raise KeyError: if there is none.
        """
        for grant in self.grants:
            if grant.accessToken == accessToken:
                return grant
        raise KeyError("no grant has this access token")

    def grantsOf(self, clientId: str, userId: int) -> list[Grant]:
        """
        Find what a user has granted an application.

        @param clientId: the application.
        @param userId: the user.
        @return: the grants, oldest first.
        """
        return [each for each in self.grants if (each.clientId, each.userId) == (clientId, userId)]

    def give(self, clientId: str, userId: int, accountIds: tuple[int, ...], *, mayTrade: bool, name: str = "") -> Grant:
        """
        Make a new grant; others stay as they are.

        @param clientId: the application that gets it.
        @param userId: the user who gives it.
        @param accountIds: the accounts that it opens.
        @param mayTrade: whether it allows trading, or only looking.
        @param name: how the simulator's own files call it.
        """
        grant = Grant(
            name, clientId, userId, accountIds, mayTrade, self.mint.token(), self.mint.token(), self._newExpiry()
        )
        self.grants.append(grant)
        return grant

    def rotate(self, clientId: str, refreshToken: str) -> Grant:
        """
        Replace both tokens of a grant. The old ones are dead from then on.

        @param clientId: the application that asks; empty if it is not known.
        @param refreshToken: the grant's present refresh token.
        @return: the grant, with its new tokens.
        @raise Refusal: if the token is unknown, or was used before.
        """
        token = Secret(refreshToken)
        for grant in self.grants:
            if clientId in ("", grant.clientId) and grant.refreshToken == token:
                self._renew(grant)
                grant.expires = self._newExpiry()
                return grant
        raise Refusal("CH_ACCESS_TOKEN_INVALID", "Invalid refresh token")

    def withdraw(self, grant: Grant) -> None:
        """
        Let both tokens of a grant be dead from now on. A grant that the simulator's own files name has new ones then,
        which nobody else knows; any other is forgotten.

        @param grant: the grant.
        """
        if grant.name:
            self._renew(grant)
        else:
            self.grants.remove(grant)

    def _renew(self, grant: Grant) -> None:
        grant.accessToken = self.mint.token()
        grant.refreshToken = self.mint.token()

    def _newExpiry(self) -> float:
        return self._seconds() + self.tokenLifetime


def _named(what: str, name: str, things: Iterable[_NamedT]) -> _NamedT:
    there = {each.name: each for each in things if each.name}
    if name not in there:
        raise IllegalValue(f"the simulator has no {what} {name!r}, but {', '.join(there)}")
    return there[name]
