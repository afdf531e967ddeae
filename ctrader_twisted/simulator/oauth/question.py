"""
What an application asks of a user, and what the user answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import frozen

from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.registry import Application, Registry
from ctrader_twisted.simulator.world import USER

__all__ = ["Consent", "Question"]

_SCOPES = ("accounts", "trading")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@frozen
class Question:
    """
    What an application asks of a user.

    @ivar application: the application.
    @ivar redirectUri: where the browser goes with the answer.
    @ivar scope: C{accounts} or C{trading}.
    @ivar userId: who is asked: whoever looks at the page.
    @ivar product: how the real service would present itself; it is only passed on.
    @ivar state: what the application wants to find in the answer.
    """

    application: Application
    redirectUri: str
    scope: str
    userId: int
    product: str
    state: str

    @classmethod
    def read(cls, given: Mapping[str, str], registry: Registry) -> Question:
        """
        Read a question from the parameters of the page.

        @param given: the parameters.
        @param registry: the applications and users.
        @raise Refusal: if it cannot be asked.
        """
        application = registry.applications.get(given.get("client_id", ""))
        if application is None:
            raise Refusal("INVALID_REQUEST", "The application is not known: look at client_id.")
        redirectUri, scope, user = given.get("redirect_uri", ""), given.get("scope", ""), given.get("user", str(USER))
        if not _isRegistered(redirectUri):
            words = "The redirect address is not registered: it must begin with http:// and lead to this computer."
            raise Refusal("INVALID_REQUEST", words)
        if scope not in _SCOPES:
            raise Refusal("INVALID_REQUEST", "The scope must be accounts or trading.")
        userId = next((each for each in registry.users if str(each) == user), None)
        if userId is None:
            raise Refusal("INVALID_REQUEST", "There is no such user.")
        return cls(application, redirectUri, scope, userId, given.get("product", ""), given.get("state", ""))

    def parameters(self) -> dict[str, str]:
        """
        @return: the parameters of the page that asks this of somebody.
        """
        given = {
            "client_id": self.application.clientId,
            "redirect_uri": self.redirectUri,
            "scope": self.scope,
            "product": self.product,
            "state": self.state,
        }
        return {name: value for name, value in given.items() if value}


@frozen
class Consent:
    """
    What a user has agreed to.

    @ivar question: what the user was asked.
    @ivar accountIds: the accounts that were chosen.
    """

    question: Question
    accountIds: tuple[int, ...]


def _isRegistered(redirectUri: str) -> bool:
    try:
        parts = urlsplit(redirectUri)
        # For a browser, the host ends at a backslash, even if an @ follows.
        isPlain = "@" not in parts.netloc
        return isPlain and parts.scheme == "http" and parts.hostname in _LOOPBACK and parts.port != 0
    except ValueError:
        return False
