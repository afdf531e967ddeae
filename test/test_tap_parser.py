"""
Tests of the endpoint strings that begin with C{ctrader:}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, clientFromString, quoteStringArgument
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamClientEndpointStringParserWithReactor
from twisted.internet.testing import MemoryReactorClock
from twisted.plugin import IPlugin, getPlugins
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.tap import parser
from ctrader_twisted.tap.parser import EndpointParser
from ctrader_twisted.wire import endpoints


class ParserTests(SynchronousTestCase):
    """
    Strings become verified endpoints, or sentences.
    """

    def setUp(self) -> None:
        """
        Watch which hosts are asked for.
        """
        self.asked: list[tuple[str, int, Any]] = []
        self.reactor = MemoryReactorClock()

        def asked(reactor: Any, host: str, port: int = endpoints.PORT, *, trustRoot: Any = None) -> object:
            self.asked.append((host, port, trustRoot))
            return made(reactor, host, port, trustRoot=trustRoot)

        made = endpoints.hostEndpoint
        self.patch(endpoints, "hostEndpoint", asked)

    def parse(self, text: str) -> IStreamClientEndpoint:
        """
        @param text: an endpoint string.
        @return: the endpoint that Twisted finds for it.
        """
        return clientFromString(self.reactor, text)  # type: ignore[no-any-return]

    def test_interfaces(self) -> None:
        """
        The parser is what Twisted asks of one, and Twisted finds it.
        """
        verifyObject(IPlugin, EndpointParser())
        verifyObject(IStreamClientEndpointStringParserWithReactor, EndpointParser())
        found = [each for each in getPlugins(IStreamClientEndpointStringParserWithReactor) if each.prefix == "ctrader"]
        self.assertEqual([type(each) for each in found], [parser.EndpointParser])

    def test_namedHosts(self) -> None:
        """
        Demo and live are the hosts of cTrader, whose certificates the platform's authorities sign.
        """
        for name, host in (("demo", "demo.ctraderapi.com"), ("live", "live.ctraderapi.com")):
            verifyObject(IStreamClientEndpoint, self.parse(f"ctrader:{name}"))
            self.assertEqual(self.asked.pop(), (host, 5035, None))

    def test_host(self) -> None:
        """
        Any host can be named, with a port or without.
        """
        self.parse("ctrader:localhost")
        self.parse("ctrader:localhost:15035")
        self.assertEqual(self.asked, [("localhost", 5035, None), ("localhost", 15035, None)])

    def test_caFile(self) -> None:
        """
        The authorities to trust can be named; a file that holds none is refused by name.
        """
        trusted: list[str] = []
        self.patch(endpoints, "trustFile", lambda path: trusted.append(path))
        self.parse(f"ctrader:localhost:15035:caFile={quoteStringArgument('C:/ca.pem')}")
        self.assertEqual(trusted, ["C:/ca.pem"])

    def test_badCaFile(self) -> None:
        """
        A file that holds no certificate is refused by name.
        """
        path = Path(self.mktemp())
        path.write_text("nothing")
        error = self.assertRaises(ConfigurationError, self.parse, f"ctrader:localhost:caFile={path}")
        self.assertIn(str(path), str(error))

    def test_wrongForms(self) -> None:
        """
        What is no such string is refused with a sentence that shows the forms.
        """
        for words in ("", "demo:5035", "live:caFile=x", "a:1:b", "a:1:colour=red", "demo:5035:caFile=x"):
            error = self.assertRaises(ValueError, self.parse, f"ctrader:{words}")
            self.assertIn("ctrader:", str(error), words)
        self.assertEqual(self.asked, [])

    def test_wrongPort(self) -> None:
        """
        A port is a number from 1 to 65535.
        """
        for port in ("0", "65536", "-1", "x", "5035x", "\u0661", ""):
            error = self.assertRaises(ValueError, self.parse, f"ctrader:localhost:{port}")
            self.assertIn("is no port", str(error))

    def test_verified(self) -> None:
        """
        The endpoint resolves the host's name and wraps the connection in TLS.
        """
        wrapped: Any = self.parse("ctrader:localhost:15035")
        self.assertIsInstance(wrapped._wrappedEndpoint, HostnameEndpoint)
