"""
Asking the token service over HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from twisted.internet.defer import CancelledError, Deferred, fail, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import (
    ConnectError,
    ConnectingCancelledError,
    ConnectionDone,
    DNSLookupError,
)
from twisted.internet.error import ConnectionLost as ConnectionCut
from twisted.internet.interfaces import IPushProducer, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, HTTPConnectionPool, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from ctrader_twisted.errors import (
    CertificateRefused,
    ConnectFailed,
    ConnectionLost,
    CTraderError,
    HostNameRefused,
    RequestTimedOut,
    TokenAnswerUnreadable,
)
from ctrader_twisted.oauth.answers import Answer, Purchase
from ctrader_twisted.secret import Secret
from ctrader_twisted.wire.endpoints import hostEndpoint
from ctrader_twisted.wire.reasons import explain

__all__ = ["ask", "makeHttp"]

_LONGEST = 64 * 1024

# Whose text is known to hold nothing of the request.
_KNOWN = (TlsError, VerificationError, ConnectError, DNSLookupError, ConnectionDone, ConnectionCut)


def makeHttp(reactor: Any) -> Any:
    """
    Make an HTTP client that verifies who it speaks to, and opens a connection for each request: on one that was used
    before, Twisted would send a request again if no answer came.

    @param reactor: the reactor.
    @return: a C{treq.client.HTTPClient}.
    """
    from treq.client import HTTPClient

    pool = HTTPConnectionPool(reactor, persistent=False)  # type: ignore[no-untyped-call]
    return HTTPClient(Agent.usingEndpointFactory(reactor, _Endpoints(reactor), pool))  # type: ignore[no-untyped-call]


@implementer(IAgentEndpointFactory)
class _Endpoints:
    """
    Dials as the rest of this package does.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        host = uri.host.decode("ascii")
        if uri.scheme == b"https":
            return hostEndpoint(self._reactor, host, uri.port)
        return HostnameEndpoint(self._reactor, host, uri.port)


def ask(
    reactor: Any, http: Any, url: str, given: Mapping[str, str | Secret], purchase: Purchase, seconds: float
) -> Deferred[Answer]:
    """
    Ask once.

    @param reactor: the reactor.
    @param http: a C{treq.client.HTTPClient}.
    @param url: the address of the service.
    @param given: the parameters.
    @param purchase: how errors speak of it.
    @param seconds: how long to wait for the whole answer.
    @return: fires with the answer, whatever it says; fails with a L{CTraderError}, which holds no secret. Cancelling
        it ends the connection.
    """
    asked: Deferred[Any] = maybeDeferred(
        http.get,
        url,
        params={name: value.reveal() if isinstance(value, Secret) else value for name, value in given.items()},
        headers={"Accept": "application/json"},
        allow_redirects=False,
        unbuffered=True,
        reactor=reactor,
    )
    asked.addCallback(_read, purchase)
    asked.addTimeout(seconds, reactor, lambda result, _: _timedOut(result, purchase, seconds))
    # Handed on and not raised: what is no HTTP is told of while an error is handled that quotes it, and with it perhaps
    # a secret; Python would make that a part of what is raised.
    asked.addErrback(lambda failure: fail(_explained(failure, purchase)))

    def giveUp(result: Deferred[Answer]) -> None:
        # First, since a request that is given up can end as if its host was not found.
        result.errback(CancelledError())
        asked.cancel()

    result: Deferred[Answer] = Deferred(giveUp)
    asked.addBoth(lambda outcome: None if result.called else result.callback(outcome))
    return result


def _read(response: Any, purchase: Purchase) -> Deferred[Answer]:
    reader = _Reader(response.code, purchase)
    response.deliverBody(reader)
    return reader.answer


class _Reader(Protocol):
    """
    Collects what comes with an answer, and ends the connection when it is too long.

    @ivar answer: fires with the whole.
    """

    def __init__(self, status: int, purchase: Purchase) -> None:
        self.answer: Deferred[Answer] = Deferred(lambda _: self._stop())
        self._status = status
        self._purchase = purchase
        self._body = b""

    def dataReceived(self, data: bytes) -> None:
        if self.answer.called:
            return
        self._body += data
        if len(self._body) > _LONGEST:
            self._stop()
            words = f"{self._purchase.name}: the token service answered with more than {_LONGEST} bytes"
            self.answer.errback(TokenAnswerUnreadable(words, self._status))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.answer.called:
            return
        # An answer that does not tell its length ends with the connection.
        if isinstance(reason.value, ResponseDone | PotentialDataLoss):
            self.answer.callback(Answer(self._status, self._body))
        else:
            self.answer.errback(reason)

    def _stop(self) -> None:
        # Unlike loseConnection, this does not wait for the other side to end TLS.
        cast(IPushProducer, self.transport).stopProducing()


def _timedOut(result: Any, purchase: Purchase, seconds: float) -> Any:
    if isinstance(result, Failure) and isinstance(result.value, ConnectingCancelledError | DNSLookupError):
        raise ConnectFailed(f"{purchase.name}: the token service was not reached within {seconds:g} s")
    raise RequestTimedOut(purchase.name, seconds=seconds, ifSent=purchase.ifInDoubt)


def _explained(failure: Failure, purchase: Purchase) -> CTraderError:
    cause = _innermost(failure)
    if isinstance(cause.value, CTraderError):
        return cause.value
    error = explain(cause) if isinstance(cause.value, _KNOWN) else None
    if isinstance(error, CertificateRefused | HostNameRefused):
        return error
    # Twisted wraps what happens once there is a connection.
    if isinstance(error, ConnectFailed) and cause is failure:
        return error
    reason = str(error) if error else f"it ended with {type(cause.value).__name__}"
    return ConnectionLost(purchase.name, maybeSent=True, reason=reason, ifSent=purchase.ifInDoubt)


def _innermost(failure: Failure) -> Failure:
    while reasons := getattr(failure.value, "reasons", None):
        failure = reasons[0]
    return failure
