"""
How access is granted, renewed and taken away while an exchange runs. What changes is kept before anybody hears of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ctrader_twisted.simulator.registry import Grant
from ctrader_twisted.simulator.settings import RotationMoment

if TYPE_CHECKING:
    from ctrader_twisted.simulator.exchange import Exchange

__all__ = ["expireAccess", "giveAccess", "refreshAccess", "revokeAccess"]


def giveAccess(exchange: Exchange, clientId: str, userId: int, accountIds: tuple[int, ...], *, mayTrade: bool) -> Grant:
    """
    Let a user grant an application access. What is too much then, or is replaced, ends.

    @param exchange: the exchange.
    @param clientId: the application.
    @param userId: the user.
    @param accountIds: the accounts.
    @param mayTrade: whether it allows trading, or only looking.
    """
    earlier = exchange.registry.grantsOf(clientId, userId)
    grant = exchange.registry.give(clientId, userId, accountIds, mayTrade=mayTrade)
    if not exchange.settings.grantsReplace:
        unnamed = [each for each in earlier if not each.name]
        earlier = unnamed[: max(0, len(unnamed) + 1 - exchange.settings.grantLimit)]
    revokeAccess(exchange, earlier, "Access was granted again")
    return grant


def refreshAccess(exchange: Exchange, clientId: str, refreshToken: str, answer: Callable[[Grant], None]) -> None:
    """
    Replace both tokens of a grant, and end the sessions of the old ones.

    @param exchange: the exchange.
    @param clientId: the application that asks; empty if it is not known.
    @param refreshToken: the grant's present refresh token.
    @param answer: gives the new tokens to who asked for them.
    @raise Refusal: if the token is unknown, or was used before.
    """
    grant = exchange.registry.rotate(clientId, refreshToken)
    exchange.credentialsChanged()
    isAfter = exchange.settings.rotationMoment is RotationMoment.AFTER_ANSWER
    if isAfter:
        answer(grant)
    _end(exchange, grant, "Access token was refreshed")
    if not isAfter:
        answer(grant)


def revokeAccess(exchange: Exchange, grants: Iterable[Grant], reason: str) -> None:
    """
    Let the tokens of grants be dead, and end the sessions that were opened with them.

    @param exchange: the exchange.
    @param grants: the grants.
    @param reason: what clients are told.
    """
    ended = tuple(grants)
    for grant in ended:
        exchange.registry.withdraw(grant)
    exchange.credentialsChanged()
    for grant in ended:
        _end(exchange, grant, reason)


def expireAccess(exchange: Exchange, grants: Iterable[Grant]) -> None:
    """
    Let the access tokens of grants end now. Their refresh tokens stay good, and so do sessions.

    @param exchange: the exchange.
    @param grants: the grants.
    """
    for grant in grants:
        grant.expires = min(grant.expires, exchange.clock.seconds())
    exchange.credentialsChanged()


def _end(exchange: Exchange, grant: Grant, reason: str) -> None:
    for connection in tuple(exchange.connections):
        connection.endGrant(grant, reason)
