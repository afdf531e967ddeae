"""
The user's answer, which the browser brings back to an address of the application's own.
"""

from __future__ import annotations

import errno
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from twisted.internet.defer import CancelledError, Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort

from ctrader_twisted.errors import ConfigurationError, ConsentDenied, PortBusy
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.oauth.answers import harmless
from ctrader_twisted.oauth.services import LOOPBACK, pathOf, splitAddress
from ctrader_twisted.secret import Secret

__all__ = ["RedirectCatcher", "codeFrom", "readConsent"]


def codeFrom(url: str, redirectUri: str, *, state: str, needsState: bool = False) -> Secret:
    """
    Find the code in the address at which the browser ended.

    @param url: the whole address, as a person has copied it.
    @param redirectUri: the address that the browser was to come back to.
    @param state: what the page that asked for access was given as its state.
    @param needsState: whether an answer without a state is refused.
    @return: the code.
    @raise ConsentDenied: if the answer is no.
    @raise ConfigurationError: if the address is another one, or belongs to another login.
    """
    expected = splitAddress("redirectUri", redirectUri)
    # An address that a terminal has broken into lines is copied with its breaks.
    came = _split("".join(url.split()))
    if came is None or _page(came) != _page(expected) or not _query(expected) <= _query(came):
        raise ConfigurationError(
            f"this is not the address that the browser came back to, which begins with {redirectUri}; copy all of it "
            "from the browser's address bar"
        )
    answer = readConsent(came.query, state, needsState)
    if answer is None:
        raise ConfigurationError(
            "this address belongs to another login; open the page that this login names, and copy what comes of it"
        )
    if isinstance(answer, ConsentDenied):
        raise answer
    return answer


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _page(parts: SplitResult) -> tuple[object, ...]:
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port, pathOf(parts)


def _query(parts: SplitResult) -> set[tuple[str, str]]:
    return set(parse_qsl(parts.query))


def readConsent(query: str, state: str, needsState: bool) -> Secret | ConsentDenied | None:
    """
    Read what the browser brings.

    @param query: the query of the address that it comes to.
    @param state: what the page that asked for access was given as its state.
    @param needsState: whether an answer without a state is refused.
    @return: the code; why there is none; or L{None} if this is not the answer to our question.
    """
    found = dict(parse_qsl(query))
    if found.get("state", None if needsState else state) != state:
        return None
    error = harmless(found.get("error", ""), ())
    if error == "access_denied":
        return ConsentDenied("access was denied on the page that asked for it")
    if error:
        words = harmless(found.get("error_description", ""), ())
        return ConsentDenied(f"access was not granted: {error}" + (f" ({words})" if words else ""))
    if "code" not in found:
        return ConsentDenied("the browser came back without a code, so access was not granted")
    return Secret(found["code"])


class RedirectCatcher:
    """
    Waits on this machine, and for this machine alone, for the browser to come back with the user's answer.
    """

    def __init__(self, reactor: Any, redirectUri: str, *, state: str, needsState: bool = False) -> None:
        """
        @param reactor: listens.
        @param redirectUri: where the browser is to come back, such as C{http://127.0.0.1:8765/callback}.
        @param state: what the page that asks for access is given as its state. An answer with another one is not ours.
        @param needsState: whether an answer without a state is none.
        @raise ConfigurationError: if the address is not one of this machine, by plain HTTP.
        """
        self._address = splitAddress("redirectUri", redirectUri)
        if self._address.scheme != "http" or self._address.hostname not in LOOPBACK:
            raise ConfigurationError(
                f"redirectUri: the browser cannot be awaited at {redirectUri}; that takes an address of this machine, "
                "by http, such as http://127.0.0.1:8765/callback, which is registered with the application"
            )
        self._reactor = reactor
        self._state = state
        self._needsState = needsState
        self._answer: Secret | ConsentDenied | CancelledError | None = None
        self._waiting: list[Deferred[Secret]] = []
        self._site: Any = None
        self._port: IListeningPort | None = None

    def listen(self) -> None:
        """
        Begin to wait for the browser.

        @raise PortBusy: if another program listens where the browser is to come.
        @raise ConfigurationError: if this machine does not let us listen there.
        """
        from ctrader_twisted.oauth.landing import Landing

        self._site = Landing(self._reactor, self._address, self._read, self._caught)
        interface = "::1" if self._address.hostname == "::1" else "127.0.0.1"
        port = self._address.port or 80
        try:
            self._port = self._reactor.listenTCP(port, self._site, interface=interface)
        except CannotListenError as error:
            where = f"port {port} of {interface}, to which the browser is to come back,"
            if error.socketError.errno == errno.EADDRINUSE:
                raise PortBusy(f"{where} is used by another program") from error
            raise ConfigurationError(f"{where} cannot be listened to: {error.socketError.strerror}") from error

    def whenCaught(self) -> Deferred[Secret]:
        """
        Wait for the user's answer.

        @return: a Deferred of the caller's own. It fires with the code; fails with L{ConsentDenied} if the answer is
            no, and with L{CancelledError} if L{stop} comes first.
        """
        waiting: Deferred[Secret] = Eventual(self._waiting.remove)
        self._waiting.append(waiting)
        if self._answer is not None:
            self._tell(self._answer)
        return waiting

    def stop(self) -> Deferred[None]:
        """
        Wait no longer.

        @return: fires when nothing listens any more, and no browser is connected.
        """
        self._caught(CancelledError())
        if self._port is None:
            return succeed(None)
        port, self._port = self._port, None
        ended = gatherResults([maybeDeferred(port.stopListening), self._site.closeConnections()])
        return ended.addCallback(lambda _: None)

    def _read(self, query: str) -> Secret | ConsentDenied | None:
        return readConsent(query, self._state, self._needsState)

    def _caught(self, answer: Secret | ConsentDenied | CancelledError) -> None:
        if self._answer is None:
            self._answer = answer
            self._tell(answer)

    def _tell(self, answer: Secret | ConsentDenied | CancelledError) -> None:
        while self._waiting:
            waiting = self._waiting.pop(0)
            if isinstance(answer, Secret):
                waiting.callback(answer)
            else:
                waiting.errback(answer)
