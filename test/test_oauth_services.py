"""
Tests of L{ctrader_twisted.oauth.services}.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

import ctrader_twisted
from ctrader_twisted import SERVICES, Application, Services, authorizationUrl
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.oauth import CTRADER

REDIRECT = "http://127.0.0.1:8765/callback"
APPLICATION = Application("12_client", "s3cret-of-the-client")
GOOD = "https://example.com/token"


class ServicesTests(SynchronousTestCase):
    """
    Where access is granted and tokens are sold.
    """

    def test_presets(self) -> None:
        """
        The known services have the addresses that cTrader gives, today's are the default, and nobody can change them.
        """
        self.assertEqual(
            {name: (each.authorizeUrl, each.tokenUrl) for name, each in SERVICES.items()},
            {
                "ctrader": (
                    "https://id.ctrader.com/my/settings/openapi/grantingaccess/",
                    "https://openapi.ctrader.com/apps/token",
                ),
                "openapi": ("https://openapi.ctrader.com/apps/auth", "https://openapi.ctrader.com/apps/token"),
                "connect": ("https://connect.spotware.com/apps/auth", "https://connect.spotware.com/apps/token"),
                "sandbox": (
                    "https://sandbox-connect.spotware.com/apps/auth",
                    "https://sandbox-connect.spotware.com/apps/token",
                ),
            },
        )
        self.assertIs(SERVICES["ctrader"], CTRADER)
        self.assertEqual([each for each in SERVICES.values() if each.echoesState], [])
        with self.assertRaises(TypeError):
            SERVICES["ctrader"] = CTRADER  # type: ignore[index]

    def test_ownServices(self) -> None:
        """
        Any other services can be named by their addresses; plain HTTP only on this machine.
        """
        for host in ("127.0.0.1:8080", "localhost", "[::1]:1"):
            Services(f"http://{host}/auth", f"http://{host}/token", echoesState=True)
        for address in ("http://example.com/token", "http://127.0.0.1.example.com/", "http://192.168.1.1/token"):
            with self.assertRaisesRegex(ConfigurationError, "tokenUrl.*https"):
                Services(GOOD, address)
            with self.assertRaisesRegex(ConfigurationError, "authorizeUrl.*https"):
                Services(address, GOOD)

    def test_noAddress(self) -> None:
        """
        What is no address of a web page is refused, and so is one with a password in it, which is not shown.
        """
        for address in (
            "",
            "token",
            "ftp://example.com/",
            "https:///token",
            "https://example.com:0/",
            "https://example.com:65536/",
            "https://[::1/",
            "https://example.com/a b",
            "https://exa\nmple.com/",
        ):
            with self.assertRaisesRegex(ConfigurationError, "tokenUrl: .*is no address of a web page"):
                Services(GOOD, address)
        for address in ("https://me:s3cret@example.com/", "http://localhost@example.com/", "https://example.com/#x"):
            with self.assertRaisesRegex(ConfigurationError, "tokenUrl: .*neither") as caught:
                Services(GOOD, address)
            self.assertNotIn("s3cret", str(caught.exception))


class AuthorizationUrlTests(SynchronousTestCase):
    """
    The address that asks a person.
    """

    def test_today(self) -> None:
        """
        The address is the one that cTrader documents, without the client secret.
        """
        self.assertEqual(
            authorizationUrl(APPLICATION, REDIRECT, "trading"),
            "https://id.ctrader.com/my/settings/openapi/grantingaccess/?client_id=12_client"
            "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback&scope=trading",
        )

    def test_others(self) -> None:
        """
        State goes along if there is one, and what an address asks by itself stays.
        """
        services = Services("http://127.0.0.1:1/apps/auth?auto=1", GOOD)
        url = authorizationUrl(APPLICATION, REDIRECT, "accounts", services=services, state="s t")
        self.assertEqual(
            url,
            "http://127.0.0.1:1/apps/auth?auto=1&client_id=12_client"
            "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback&scope=accounts&state=s+t",
        )

    def test_refused(self) -> None:
        """
        Another scope is refused with the two that there are, and so is a redirect address that is none.
        """
        for scope in ("", "trade", "trading accounts"):
            with self.assertRaisesRegex(ConfigurationError, "accounts.*trading"):
                authorizationUrl(APPLICATION, REDIRECT, scope)
        with self.assertRaisesRegex(ConfigurationError, "redirectUri"):
            authorizationUrl(APPLICATION, "", "trading")

    @settings(deadline=None)
    @given(
        st.text(min_size=1), st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="#")), st.text()
    )
    def test_oddCharacters(self, clientId: str, path: str, state: str) -> None:
        """
        Whatever characters are in the parts, the service reads what was meant.
        """
        redirectUri = f"{REDIRECT}/{path}"
        url = authorizationUrl(Application(clientId, "s3cret"), redirectUri, "trading", state=state)
        self.assertTrue(url.isascii())
        parts = urlsplit(url)
        self.assertEqual(parts._replace(query="").geturl(), CTRADER.authorizeUrl)
        self.assertEqual(
            parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True),
            [("client_id", clientId), ("redirect_uri", redirectUri), ("scope", "trading"), ("state", state)],
        )


class PublicTests(SynchronousTestCase):
    """
    The names of the package.
    """

    def test_names(self) -> None:
        """
        The package itself has what a login needs.
        """
        for name in ("OAuth", "SERVICES", "Services", "authorizationUrl"):
            self.assertIn(name, ctrader_twisted.__all__)
            self.assertIsNotNone(getattr(ctrader_twisted, name))
