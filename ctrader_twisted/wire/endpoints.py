"""
TLS endpoints that verify the server's certificate and name.
"""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path
from typing import Any, cast

from OpenSSL.crypto import FILETYPE_ASN1
from OpenSSL.crypto import Error as CryptoError
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS, platformTrust, trustRootFromCertificates

from ctrader_twisted.errors import ConfigurationError

__all__ = ["DEMO_HOST", "LIVE_HOST", "PORT", "demo", "hostEndpoint", "live", "trustFile"]

DEMO_HOST = "demo.ctraderapi.com"
LIVE_HOST = "live.ctraderapi.com"
PORT = 5035
"""
Where the servers take protobuf over TLS (U{https://help.ctrader.com/open-api/connection/}).
"""

# Where authorities are not kept in files that OpenSSL looks for.
_OWN_STORES = ("win32", "darwin")
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def demo(reactor: Any) -> IStreamClientEndpoint:
    """
    Where the demo accounts of all brokers are.

    @param reactor: resolves, dials and keeps time.
    @return: the endpoint to give to the client.
    """
    return hostEndpoint(reactor, DEMO_HOST)


def live(reactor: Any) -> IStreamClientEndpoint:
    """
    Where the live accounts of all brokers are: what is traded there is real money.

    @param reactor: resolves, dials and keeps time.
    @return: the endpoint to give to the client.
    """
    return hostEndpoint(reactor, LIVE_HOST)


def hostEndpoint(reactor: Any, host: str, port: int = PORT, *, trustRoot: Any = None) -> IStreamClientEndpoint:
    """
    A server of one's choice, such as the simulator.

    @param reactor: resolves, dials and keeps time.
    @param host: its name or address, which its certificate must name too.
    @param port: its port.
    @param trustRoot: whose certificates to trust, see L{trustFile}; by default the platform's authorities.
    @return: the endpoint to give to the client.
    """
    options = optionsForClientTLS(host, trustRoot=_platformTrust() if trustRoot is None else trustRoot)
    return wrapClientTLS(options, HostnameEndpoint(reactor, host, port), clock=reactor)


def _platformTrust() -> Any:
    """
    Find the authorities that the platform trusts. Twisted finds them where OpenSSL looks by default, which is no place
    of Windows or macOS; Python knows those.
    """
    if sys.platform in _OWN_STORES:
        known = ssl.create_default_context().get_ca_certs(binary_form=True)
        if known:
            return _trust([Certificate.load(each, FILETYPE_ASN1) for each in known])
    return cast(Any, platformTrust)()


def _trust(certificates: list[Any]) -> Any:
    return cast(Any, trustRootFromCertificates)(certificates)


def trustFile(path: str | os.PathLike[str]) -> Any:
    """
    Trust the authorities whose certificates are in a file, and no others.

    @param path: a PEM file of one or more certificates.
    @return: what L{hostEndpoint} takes as its trust root.
    @raise ConfigurationError: if the file cannot be read or holds no certificate.
    """
    try:
        text = Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the certificates in {os.fspath(path)} cannot be read: {error}") from error
    blocks = [block.partition(_END)[0] for block in text.split(_BEGIN)[1:]]
    if not blocks:
        raise ConfigurationError(f"{os.fspath(path)} holds no certificate in PEM form")
    try:
        return _trust([Certificate.loadPEM(f"{_BEGIN}{block}{_END}\n".encode()) for block in blocks])
    except (CryptoError, ValueError) as error:
        raise ConfigurationError(f"a certificate in {os.fspath(path)} is damaged") from error
