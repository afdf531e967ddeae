"""
The web site on this machine to which the browser comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import SplitResult

from twisted.internet.defer import Deferred
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.http import BAD_REQUEST, FORBIDDEN, NOT_ALLOWED, NOT_FOUND, OK
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from ctrader_twisted.errors import ConsentDenied
from ctrader_twisted.oauth.services import pathOf
from ctrader_twisted.secret import Secret

__all__ = ["Landing"]

_Read = Callable[[str], Secret | ConsentDenied | None]
_Caught = Callable[[Secret | ConsentDenied], None]


class Landing(WrappingFactory):
    """
    The site. It knows one page, which it shows once.
    """

    noisy = False

    def __init__(self, reactor: Any, address: SplitResult, read: _Read, caught: _Caught) -> None:
        """
        @param reactor: keeps time.
        @param address: the address of the page.
        @param read: finds the answer in the query of an address; L{None} if it is none to our question.
        @param caught: told of the answer, when the browser has got its page.
        """
        super().__init__(_QuietSite(_Page(address, read, caught), reactor=reactor))  # type: ignore[no-untyped-call]
        self._closed: Deferred[None] = Deferred()
        self._closing = False

    def closeConnections(self) -> Deferred[None]:
        """
        Close the connections, when what was written to them is sent.

        @return: fires when there are none.
        """
        self._closing = True
        for connection in list(self.protocols):
            connection.loseConnection()
        self._lookWhetherClosed()
        return self._closed

    def unregisterProtocol(self, p: ProtocolWrapper) -> None:
        """
        A connection is closed.

        @param p: the connection.
        """
        super().unregisterProtocol(p)  # type: ignore[no-untyped-call]
        self._lookWhetherClosed()

    def _lookWhetherClosed(self) -> None:
        if self._closing and not self.protocols and not self._closed.called:
            self._closed.callback(None)


class _Question(Request):
    """
    A request without what comes with it, which would be kept on the disk, however much it is.
    """

    def handleContentChunk(self, data: bytes) -> None:
        """
        Do nothing.
        """


class _QuietSite(Site):
    """
    Keeps no access log: the code is in the address.
    """

    noisy = False
    requestFactory = _Question

    def log(self, request: object) -> None:
        """
        Do nothing.
        """


class _Page(Resource):
    """
    What is found at any address of the site.
    """

    isLeaf = True

    def __init__(self, address: SplitResult, read: _Read, caught: _Caught) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        host = f"[{address.hostname}]" if ":" in str(address.hostname) else str(address.hostname)
        self._hosts = [f"{host}:{address.port or 80}".encode()]
        if address.port in (None, 80):
            self._hosts.append(host.encode())
        self._path = pathOf(address).encode()
        self._read = read
        self._caught = caught
        self._over = False

    def render(self, request: Request) -> bytes:
        """
        Answer a request of any method.

        @param request: the request.
        @return: the page.
        """
        # Another host is what a foreign page has in its address whose name was made to lead to this machine.
        if (request.getHeader(b"host") or b"").lower() not in self._hosts:
            return _page(request, FORBIDDEN, "Not here", "This page has another address.")
        # So does a foreign page that asks behind the user's back, for a picture or a frame. Browsers tell.
        if request.getHeader(b"sec-fetch-dest") not in (None, b"document"):
            return _page(request, FORBIDDEN, "Not so", "This is a page of its own, and no part of another one.")
        if request.path != self._path or self._over:
            return _page(request, NOT_FOUND, "Nothing here", "There is no such page, or not any more.")
        if request.method != b"GET":
            request.setHeader(b"allow", b"GET")  # type: ignore[no-untyped-call]
            return _page(request, NOT_ALLOWED, "Not like this", "This page can only be looked at.")
        answer = self._read(request.uri.partition(b"?")[2].decode("utf-8", "replace"))
        if answer is None:
            words = "This answer belongs to another login. The one that is going on still waits for its own."
            return _page(request, BAD_REQUEST, "Another login", words)
        self._over = True
        request.notifyFinish().addBoth(lambda _: self._caught(answer))
        if isinstance(answer, ConsentDenied):
            words = f"{answer.explain()} You can close this window now."
            return _page(request, OK, "Access was not granted", words)
        return _page(request, OK, "Access is granted", "You can close this window now.")


def _page(request: Request, status: int, title: str, words: str) -> bytes:
    request.setResponseCode(status)
    for name, value in (
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ):
        request.setHeader(name, value)  # type: ignore[no-untyped-call]
    if request.method == b"HEAD":
        # Were there anything, Twisted would log that, and with it the address.
        return b""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
        f"<body><h1>{escape(title)}</h1><p>{escape(words)}</p></body>\n</html>\n"
    ).encode()
