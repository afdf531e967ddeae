"""
One profile: all that a client needs to know before it connects.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IStreamClientEndpoint

from ctrader_twisted.blocking import Worker
from ctrader_twisted.credentials import Application
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import ITokenStore, RunBlocking
from ctrader_twisted.oauth.http import OAuth
from ctrader_twisted.oauth.keyring import KeyringTokens
from ctrader_twisted.oauth.services import LOOPBACK, Services
from ctrader_twisted.oauth.tokens import FileTokens

__all__ = ["Profile", "endpointFrom"]


def endpointFrom(reactor: Any, endpoint: str, source: str) -> IStreamClientEndpoint:
    """
    Make the endpoint that a setting names.

    @param reactor: resolves, dials and keeps time.
    @param endpoint: the endpoint string.
    @param source: where the setting was found.
    @return: where to connect.
    @raise ConfigurationError: if there is no such endpoint.
    """
    try:
        return clientFromString(reactor, endpoint)  # type: ignore[no-untyped-call, no-any-return]
    except (ConfigurationError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{source}: endpoint: {error}") from error


@frozen
class Profile:
    """
    Where to connect, as which application, and with whose tokens.

    @ivar name: its name.
    @ivar endpoint: where to connect, as an endpoint string that begins with C{ctrader:}.
    @ivar application: who to log in as.
    @ivar tokens: the file of the tokens; L{None} if the system's keyring keeps them.
    @ivar services: where the user consents, and where tokens are bought.
    @ivar redirectUri: where the browser comes back to from there.
    @ivar folder: where the file of the profiles is.
    """

    name: str
    endpoint: str
    application: Application
    tokens: Path | None
    services: Services
    redirectUri: str
    folder: Path

    @property
    def isLive(self) -> bool:
        """
        Whether real money is traded there.
        """
        # A backslash only quotes what follows it, and what has a name can also stand before the host.
        _, *words = re.findall(r"(?:[^:\\]|\\.)+", self.endpoint)
        hosts = (word.replace("\\", "") for word in words if "=" not in re.sub(r"\\.", "", word))
        return next(hosts, "").lower().startswith("live")

    @property
    def isSimulated(self) -> bool:
        """
        Whether the server is on this machine, as only simulators are.
        """
        _, host, *_ = re.split(r"(?<!\\):", self.endpoint)
        return host.replace("\\", "") in LOOPBACK

    @property
    def haltFile(self) -> Path:
        """
        The file that halts the accounts of this profile as long as it is there.
        """
        return haltFileIn(self.folder, self.name)

    def tokenStore(self, reactor: Any) -> ITokenStore:
        """
        Make its token store, with a thread of its own that waits for the disk.

        @param reactor: the reactor.
        @return: the store.
        """
        return self.tokenStoreWith(Worker(reactor))

    def tokenStoreWith(self, runBlocking: RunBlocking) -> ITokenStore:
        """
        Make its token store.

        @param runBlocking: how to wait for the disk.
        @return: the store.
        """
        if self.tokens is not None:
            return FileTokens(self.tokens, runBlocking)
        # Profiles of one name in two files are not the same.
        return KeyringTokens(str(self.folder / self.name), self.folder / f"keyring-{self.name}.lock", runBlocking)

    def makeEndpoint(self, reactor: Any) -> IStreamClientEndpoint:
        """
        Make its endpoint.

        @param reactor: resolves, dials and keeps time.
        @return: where to connect.
        @raise ConfigurationError: if there is no such endpoint.
        """
        return endpointFrom(reactor, self.endpoint, f"the profile {self.name} in {self.folder}")

    def makeOAuth(self, reactor: Any) -> OAuth:
        """
        Make what buys its tokens.

        @param reactor: dials and keeps time.
        @return: the application at its services.
        """
        return OAuth(reactor, self.application, redirectUri=self.redirectUri, services=self.services)


def haltFileIn(folder: Path, name: str) -> Path:
    """
    @param folder: where the file of the profiles is.
    @param name: the name of a profile.
    @return: the file that halts its accounts as long as it is there.
    """
    return folder / f"halt-{name}"
