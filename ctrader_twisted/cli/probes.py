"""
How C{ctrader doctor} looks at the network: names, certificates, and the time elsewhere.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, Protocol, cast

from attrs import frozen
from cryptography import x509
from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IHandshakeListener, IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from zope.interface import implementer

from ctrader_twisted.cli.visit import inTime
from ctrader_twisted.errors import ConnectFailed
from ctrader_twisted.oauth.agent import makeHttp

__all__ = ["NetworkProbes", "Probes", "Seen"]

_PATIENCE = 15.0


@frozen
class Seen:
    """
    A certificate that a server has shown.

    @ivar issuer: who signed it, as the certificate says.
    @ivar begins: from when on it is valid.
    @ivar ends: until when.
    """

    issuer: str
    begins: datetime
    ends: datetime


class Probes(Protocol):
    """
    Looks at the network. Each raises a L{CTraderError <ctrader_twisted.errors.CTraderError>} with what went wrong.
    """

    async def addresses(self, host: str) -> tuple[str, ...]:
        """
        @param host: a name.
        @return: the addresses that it stands for.
        """

    async def certificate(self, host: str, port: int) -> Seen:
        """
        @param host: a server.
        @param port: its port.
        @return: the certificate that it shows, whoever signed it.
        """

    async def time(self, url: str) -> float | None:
        """
        @param url: a page.
        @return: the time on its server, in seconds since 1970, to half a second; L{None} if it does not tell.
        """


class NetworkProbes:
    """
    L{Probes} of the real network.
    """

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: resolves, dials and keeps time.
        """
        self._reactor = reactor

    async def addresses(self, host: str) -> tuple[str, ...]:
        """
        @see: L{Probes.addresses}
        """
        found = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), _resolve, host)
        return await inTime(found, self._reactor, _PATIENCE, "the name server does not answer")

    async def certificate(self, host: str, port: int) -> Seen:
        """
        @see: L{Probes.certificate}
        """
        looker = _Looker()
        factory = Factory.forProtocol(lambda: looker)
        factory.noisy = False
        endpoint = wrapClientTLS(_Unverified(host), HostnameEndpoint(self._reactor, host, port))
        try:
            await inTime(endpoint.connect(factory), self._reactor, _PATIENCE, f"{host} does not answer")
            return await inTime(looker.seen, self._reactor, _PATIENCE, f"{host} does not speak TLS")
        finally:
            looker.leave()

    async def time(self, url: str) -> float | None:
        """
        @see: L{Probes.time}
        """
        asked = makeHttp(self._reactor).head(url, allow_redirects=False)
        response = await inTime(asked, self._reactor, _PATIENCE, f"{url} does not answer")
        for date in response.headers.getRawHeaders("date", []):
            with suppress(ValueError):
                # The second that it tells has begun half a second ago, on average.
                return parsedate_to_datetime(date).timestamp() + 0.5
        return None


def _resolve(host: str) -> tuple[str, ...]:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConnectFailed(f"{host} cannot be resolved: {error.strerror}") from None
    return tuple(dict.fromkeys(str(address[0]) for *_, address in rows))


@implementer(IOpenSSLClientConnectionCreator)
class _Unverified:
    """
    TLS without a look at who the server is. Nothing is ever sent over it: it is for telling whose certificate it is
    that is not trusted.
    """

    def __init__(self, host: str) -> None:
        self._host = host

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        try:
            ip_address(self._host)
        except ValueError:
            connection.set_tlsext_host_name(self._host.encode("idna"))
        connection.set_connect_state()
        return connection


@implementer(IHandshakeListener)
class _Looker(TwistedProtocol):
    """
    Looks at the certificate, and goes.
    """

    def __init__(self) -> None:
        self.seen: Deferred[Seen] = Deferred()

    def handshakeCompleted(self) -> None:
        certificate = cast(Any, self.transport).getPeerCertificate().to_cryptography()
        names = certificate.issuer.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
        names += certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        issuer = ", ".join(str(name.value) for name in names) or "nobody that it names"
        self.seen.callback(Seen(issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc))

    def leave(self) -> None:
        if self.transport is not None:
            cast(Any, self.transport).abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.seen.called:
            self.seen.errback(reason)
