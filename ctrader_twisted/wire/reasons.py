"""
Why a connection could not be made or was lost, as errors with words for a person.
"""

from __future__ import annotations

from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from twisted.internet.error import (
    ConnectError,
    ConnectionDone,
    ConnectionLost,
    DNSLookupError,
)
from twisted.internet.error import TimeoutError as ConnectTimedOut
from twisted.python.failure import Failure

from ctrader_twisted.errors import CertificateRefused, ConnectFailed, CTraderError, HostNameRefused, NotConnected

__all__ = ["explain"]


def explain(reason: Failure) -> CTraderError:
    """
    Turn what Twisted says of a connection's failure or end into an error of this package.

    @param reason: what C{connect()} failed with, or what C{connectionLost} was given.
    @return: the error; one of this package's own is given back as it is.
    """
    error = reason.value
    if isinstance(error, CTraderError):
        return error
    if isinstance(error, VerificationError):
        return HostNameRefused("the server's certificate is for another host name; nothing was sent to it")
    if isinstance(error, TlsError):
        return _tls(error)
    if isinstance(error, DNSLookupError):
        return ConnectFailed(f"the host name cannot be resolved: {error}")
    if isinstance(error, ConnectTimedOut):
        return ConnectFailed("the host does not answer")
    if isinstance(error, ConnectError):
        return ConnectFailed(f"no connection could be made: {error}")
    if isinstance(error, ConnectionDone):
        return NotConnected("the server closed the connection")
    if isinstance(error, ConnectionLost):
        return NotConnected("the connection was cut")
    return NotConnected(f"the connection ended: {reason.getErrorMessage()}")


def _tls(error: TlsError) -> CTraderError:
    parts = error.args[0] if error.args and isinstance(error.args[0], list | tuple) else error.args
    words = ", ".join(str(part[-1] if isinstance(part, tuple) else part) for part in parts) or "no details"
    if "certificate verify failed" in words:
        return CertificateRefused(f"the server's certificate is not to be trusted ({words}); nothing was sent to it")
    return ConnectFailed(f"TLS failed: {words}")
