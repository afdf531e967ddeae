"""
The endpoint strings C{ctrader:demo}, C{ctrader:live} and C{ctrader:HOST:PORT:caFile=FILE}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IStreamClientEndpoint, IStreamClientEndpointStringParserWithReactor
from twisted.plugin import IPlugin
from zope.interface import implementer

__all__ = ["EndpointParser"]


@implementer(IPlugin, IStreamClientEndpointStringParserWithReactor)
class EndpointParser:
    """
    Makes verified endpoints from strings that begin with C{ctrader:}.

    @ivar prefix: what such strings begin with.
    """

    prefix = "ctrader"

    def parseStreamClient(self, reactor: Any, *args: object, **kwargs: object) -> IStreamClientEndpoint:
        """
        Make the endpoint for a string.

        @param reactor: resolves, dials and keeps time.
        @param args: C{demo}, C{live}, or a host name and optionally a port.
        @param kwargs: C{caFile}, a PEM file of the authorities to trust instead of the platform's.
        @return: the endpoint.
        @raise ValueError: if the string is none of these.
        """
        from ctrader_twisted.wire.endpoints import PORT, demo, hostEndpoint, live, trustFile

        words = [str(word) for word in args]
        named = {"demo": demo, "live": live}
        if len(words) == 1 and words[0] in named and not kwargs:
            return named[words[0]](reactor)
        if not 1 <= len(words) <= 2 or words[0] in ("", *named) or set(kwargs) - {"caFile"}:
            raise ValueError("say ctrader:demo, ctrader:live, or ctrader:HOST[:PORT][:caFile=FILE]")
        port = words[1] if len(words) == 2 else str(PORT)
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"{port!r} is no port: say ctrader:HOST:PORT, such as ctrader:localhost:5035")
        trustRoot = trustFile(str(kwargs["caFile"])) if "caFile" in kwargs else None
        return hostEndpoint(reactor, words[0], int(port), trustRoot=trustRoot)
