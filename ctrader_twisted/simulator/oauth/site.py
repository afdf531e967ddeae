"""
The web site of a simulated exchange.
"""

from __future__ import annotations

from twisted.web.resource import Resource
from twisted.web.server import Site

from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.oauth.browsing import CallbackPage, ConsentPage
from ctrader_twisted.simulator.oauth.once import Once
from ctrader_twisted.simulator.oauth.question import Consent
from ctrader_twisted.simulator.oauth.tokens import TokenService

__all__ = ["makeSite"]


def makeSite(exchange: Exchange, control: Resource | None = None) -> Site:
    """
    Make the web site.

    It has the consent page at C{/apps/auth} (with C{auto=1} it consents by itself), the token service at
    C{/apps/token}, and at C{/callback} a page that shows the code. Any address of this computer may be redirected to.

    @param exchange: the exchange to which it grants access.
    @param control: what is to be at C{/control/}.
    """
    mint = exchange.registry.mint
    codes: Once[Consent] = Once(exchange.clock.seconds, exchange.settings.codeLifetime, lambda: mint.token().reveal())
    root, apps = Resource(), Resource()  # type: ignore[no-untyped-call]
    root.putChild(b"apps", apps)
    root.putChild(b"callback", CallbackPage())  # type: ignore[no-untyped-call]
    apps.putChild(b"auth", ConsentPage(exchange, codes))
    apps.putChild(b"token", TokenService(exchange, codes))
    if control is not None:
        root.putChild(b"control", control)
    return _QuietSite(root, reactor=exchange.clock)  # type: ignore[no-untyped-call]


class _QuietSite(Site):
    """
    Keeps no access log: secrets travel in these addresses.
    """

    noisy = False

    def log(self, request: object) -> None:
        """
        Do nothing.
        """
