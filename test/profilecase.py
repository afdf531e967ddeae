"""
What tests of the commands for profiles share: profiles that stand for an exchange on virtual time.
"""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from attrs import frozen
from rich.console import Console
from treq.testing import StubTreq
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli.consent import Question
from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.oauth.http import OAuth
from ctrader_twisted.oauth.services import Services
from ctrader_twisted.profiles import Profile, ProfileFile
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.oauth import makeSite
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.testing import VirtualExchange

__all__ = ["REDIRECT", "ProfileCase", "VirtualProfile", "freePort", "profilesFor"]

REDIRECT = "http://127.0.0.1:8765/callback"
_SITE = "http://127.0.0.1:5080/apps"

_ResultT = TypeVar("_ResultT")


def freePort() -> int:
    """
    @return: a port on which nobody listens.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def profilesFor(case: SynchronousTestCase) -> ProfileFile:
    """
    Let a test have the only file of profiles.

    @param case: the test.
    @return: the file, which is not there yet.
    """
    path = Path(case.mktemp()).absolute() / "profiles.toml"
    environment = patch.dict(os.environ, {"CTRADER_PROFILES": str(path)})
    environment.start()
    case.addCleanup(environment.stop)
    return ProfileFile()


@frozen
class VirtualProfile(Profile):
    """
    A profile that leads to an exchange in memory.
    """

    virtual: VirtualExchange
    store: ITokenStore
    http: Any

    def makeEndpoint(self, reactor: Any) -> IStreamClientEndpoint:
        """
        @return: the endpoint for demo or live accounts.
        """
        return self.virtual.liveEndpoint if self.isLive else self.virtual.endpoint

    def tokenStore(self, reactor: Any) -> ITokenStore:
        """
        @return: the store in memory.
        """
        return self.store

    def makeOAuth(self, reactor: Any) -> OAuth:
        """
        @return: the exchange's own services.
        """
        return OAuth(
            reactor,
            self.application,
            redirectUri=self.redirectUri,
            services=self.services,
            http=self.http,
            wallClock=self.virtual.exchange.timeline.now,
        )


class _Http:
    """
    An HTTP client of the exchange's web site, without a network.
    """

    def __init__(self, virtual: VirtualExchange) -> None:
        self.treq: Any = StubTreq(makeSite(virtual.exchange).resource)
        self._clock = virtual.clock

    def get(self, url: str, **options: Any) -> Any:
        """
        Ask, and carry the answer in a later turn.
        """
        asked = self.treq.get(url, **options)
        for turn in range(3):
            self._clock.callLater(turn / 1000, self.treq.flush)
        return asked


class ProfileCase(SynchronousTestCase):
    """
    An exchange on virtual time, and profiles that lead to it. No test may show a secret.

    @cvar settings: how the exchange behaves.
    """

    settings = Settings()

    def setUp(self) -> None:
        """
        Make the exchange.
        """
        self.virtual = VirtualExchange(settings=self.settings)
        self.registry = self.virtual.exchange.registry
        self.http = _Http(self.virtual)
        self.screen = io.StringIO()
        self.console = Console(file=self.screen, width=100)
        self.randomness = Random(7)
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def tearDown(self) -> None:
        """
        Demand that nothing secret was shown.
        """
        self.assertEqual([each for each in self.secrets if each in self.shown], [])

    @property
    def secrets(self) -> list[str]:
        """
        @return: all secrets that the exchange knows.
        """
        secrets = [each.clientSecret for each in self.registry.applications.values()]
        for grant in self.registry.grants:
            secrets += [grant.accessToken, grant.refreshToken]
        return [each.reveal() for each in secrets]

    @property
    def shown(self) -> str:
        """
        @return: what was shown.
        """
        return self.screen.getvalue()

    @property
    def now(self) -> int:
        """
        @return: the time at the exchange.
        """
        return self.virtual.exchange.timeline.now()

    def profile(
        self, *pairs: TokenPair, name: str = "demo", application: Application | None = None, store: Any = None
    ) -> VirtualProfile:
        """
        @param pairs: what its token store holds.
        @param name: C{demo} or C{live}.
        @param application: another application.
        @param store: another store.
        @return: a profile.
        """
        return VirtualProfile(
            name,
            f"ctrader:{name}",
            application or self.virtual.application,
            self.folder / "tokens.json",
            Services(f"{_SITE}/auth", f"{_SITE}/token"),
            REDIRECT,
            self.folder,
            self.virtual,
            store or MemoryTokens(*pairs),
            self.http,
        )

    def pair(self, name: str, **more: Any) -> TokenPair:
        """
        @param name: one of the grants that the exchange begins with.
        @param more: what else is known of it.
        @return: its tokens.
        """
        grant = self.registry.grantNamed(name)
        return TokenPair(grant.accessToken, grant.refreshToken, **more)

    def stored(self, profile: Profile) -> tuple[TokenPair, ...]:
        """
        @return: what a profile's store holds.
        """
        return self.successResultOf(profile.tokenStore(None).load())

    def drive(self, coroutine: Coroutine[Any, Any, _ResultT]) -> _ResultT:
        """
        @return: what a coroutine returns.
        """
        return self.virtual.drive(coroutine)

    async def allow(self, question: Question) -> Secret:
        """
        Allow the access, as a user does in a browser.
        """
        answer = await self.http.get(f"{question.url}&auto=1", allow_redirects=False)
        (address,) = answer.headers.getRawHeaders("location")
        return Secret(parse_qs(urlsplit(address).query)["code"][0])

    def never(self) -> Callable[[Question], Coroutine[Any, Any, Secret]]:
        """
        @return: fails the test if the user is asked.
        """

        async def asked(question: Question) -> Secret:
            raise AssertionError("the user was asked")

        return asked
