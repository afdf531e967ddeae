"""
Where access is granted and where tokens are sold, and the address that asks a person for access.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from attrs import Attribute, field, frozen

from ctrader_twisted.credentials import Application
from ctrader_twisted.errors import ConfigurationError

__all__ = ["CTRADER", "LOOPBACK", "SERVICES", "Services", "authorizationUrl", "pathOf", "splitAddress"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""
The names of this machine that no other one answers to.
"""

# What the path of an address may hold besides letters and digits; a % is there already when something was not plain.
_PLAIN = "%/:@!$&'()*+,;=~[]|^"

_SCOPES = ("accounts", "trading")


def splitAddress(name: str, address: str) -> SplitResult:
    """
    Take the address of a web page apart.

    @param name: what the address is for, as the message names it.
    @param address: the address.
    @return: its parts; there is a host, and the port is a number or missing.
    @raise ConfigurationError: if it is no address of a web page.
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    # Characters that are not printable are dropped without a word when an address is taken apart.
    if not usable or " " in address or not address.isprintable():
        raise ConfigurationError(f"{name}: {address!r} is no address of a web page")
    if "@" in parts.netloc or parts.fragment:
        raise ConfigurationError(f"{name}: the address must hold neither a user's name nor a # with what follows it")
    return parts


def pathOf(parts: SplitResult) -> str:
    """
    Write the path of an address as browsers do when they come to it.

    @param parts: what L{splitAddress} gave.
    @return: the path.
    """
    return quote(parts.path or "/", safe=_PLAIN)


def _secure(services: Services, attribute: Attribute[str], address: str) -> None:
    parts = splitAddress(attribute.name, address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(f"{attribute.name}: {address} must begin with https, as it is not on this machine")


@frozen
class Services:
    """
    The two services of one issuer of tokens. Unless they are on this machine, they are reached by https.

    @ivar authorizeUrl: the page on which a person grants access.
    @ivar tokenUrl: what sells tokens for codes and for refresh tokens.
    @ivar echoesState: whether the page is known to send C{state} back with its answer.
    """

    authorizeUrl: str = field(validator=_secure)
    tokenUrl: str = field(validator=_secure)
    echoesState: bool = False


_TOKENS = "https://openapi.ctrader.com/apps/token"
_OLD = "https://connect.spotware.com/apps"
_SANDBOX = "https://sandbox-connect.spotware.com/apps"

CTRADER = Services("https://id.ctrader.com/my/settings/openapi/grantingaccess/", _TOKENS)
"""
Today's services of cTrader.
"""

SERVICES: Mapping[str, Services] = MappingProxyType(
    {
        "ctrader": CTRADER,
        "openapi": Services("https://openapi.ctrader.com/apps/auth", _TOKENS),
        "connect": Services(f"{_OLD}/auth", f"{_OLD}/token"),
        "sandbox": Services(f"{_SANDBOX}/auth", f"{_SANDBOX}/token"),
    }
)
"""
Known services by name: today's, the address that the official SDKs have, the old ones, and the old ones for tests.
"""


def authorizationUrl(
    application: Application, redirectUri: str, scope: str, *, services: Services = CTRADER, state: str | None = None
) -> str:
    """
    Make the address of the page on which a person grants an application access to accounts.

    @param application: the application.
    @param redirectUri: where the browser goes with the answer; one that is registered with the application, to the
        letter.
    @param scope: C{accounts} to look only, C{trading} to trade too.
    @param services: whose page.
    @param state: what the answer is to bring back, where the service does that; nobody else can guess it.
    @return: the address. No secret is in it.
    @raise ConfigurationError: if the redirect address or the scope is none.
    """
    splitAddress("redirectUri", redirectUri)
    if scope not in _SCOPES:
        raise ConfigurationError(f"scope: {scope!r} is neither accounts, to look only, nor trading, to trade too")
    asked = {"client_id": application.clientId, "redirect_uri": redirectUri, "scope": scope}
    if state is not None:
        asked["state"] = state
    parts = urlsplit(services.authorizeUrl)
    return parts._replace(query="&".join(filter(None, (parts.query, urlencode(asked))))).geturl()
