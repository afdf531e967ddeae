"""
What the contract suite runs on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen
from twisted.internet.interfaces import IStreamClientEndpoint

from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.oauth import makeSite

if TYPE_CHECKING:
    from ctrader_twisted.testing.exchange import VirtualExchange

__all__ = ["Subject"]

_IN_MEMORY = "http://127.0.0.1/apps/token"


@frozen(kw_only=True)
class Subject:
    """
    A server, and what may be done there. It must not be a live host: the suite trades.

    @ivar endpoint: where to connect.
    @ivar application: who to log in as.
    @ivar accessToken: opens the account.
    @ivar accountId: the demo account to use; L{None} for the only one that the token covers.
    @ivar isSimulated: whether the server is a simulator, whose limits may be exceeded on purpose, and all of whose
        accounts may be used.
    @ivar mayTrade: whether orders may be sent, of the smallest volume that there is.
    @ivar viewToken: an access token that permits looking only.
    @ivar expiredToken: an access token that has expired.
    @ivar spare: a pair of tokens for the account that nobody else uses: the suite uses it up.
    @ivar inactive: an application that is not active yet.
    @ivar tokenUrl: the address of the token service; empty if none is known.
    @ivar http: asks it, such as a C{treq.client.HTTPClient}; L{None} for one that verifies certificates by what the
        platform trusts.
    """

    endpoint: IStreamClientEndpoint
    application: Application
    accessToken: Secret
    accountId: int | None = None
    isSimulated: bool = False
    mayTrade: bool = True
    viewToken: Secret | None = None
    expiredToken: Secret | None = None
    spare: TokenPair | None = None
    inactive: Application | None = None
    tokenUrl: str = ""
    http: Any = None

    @classmethod
    def of(cls, virtual: VirtualExchange) -> Subject:
        """
        Give everything that there is on a simulated exchange in memory.

        @param virtual: the exchange.
        """
        from treq.testing import StubTreq

        exchange = virtual.exchange
        registry = exchange.registry
        inactive = registry.applicationNamed("inactive")
        userId = registry.grantNamed("trade").userId
        spare = exchange.give(userId, virtual.accountId)
        return cls(
            endpoint=virtual.endpoint,
            application=virtual.application,
            accessToken=registry.grantNamed("trade").accessToken,
            accountId=virtual.accountId,
            isSimulated=True,
            viewToken=registry.grantNamed("view").accessToken,
            expiredToken=registry.grantNamed("expired").accessToken,
            spare=TokenPair(spare.accessToken, spare.refreshToken),
            inactive=Application(inactive.clientId, inactive.clientSecret),
            tokenUrl=_IN_MEMORY,
            http=StubTreq(makeSite(exchange).resource),  # type: ignore[no-untyped-call]
        )
