"""
What an account needs of the session that it is part of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import Deferred

from ctrader_twisted.errors import CTraderError, TokenRefused
from ctrader_twisted.secret import Secret

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["AccountOwner"]

_AnswerT = TypeVar("_AnswerT", bound=Message)


class AccountOwner(Protocol):
    """
    The session, as its accounts see it.
    """

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        Send a request that names its account itself.

        @param message: the request, complete.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fails with L{NotConnected} if the application is not logged in now.
        """

    def accountLost(self, accountId: int, reason: CTraderError) -> None:
        """
        An account is not logged in any more: what is to be sent for it cannot be.

        @param accountId: the account.
        @param reason: why.
        """

    def tokenFor(self, accountId: int) -> Deferred[Secret]:
        """
        Find the access token that serves an account.

        @param accountId: the account.
        """

    def replaceToken(self, token: Secret, refusal: TokenRefused) -> Deferred[None]:
        """
        The server refuses an access token: see to it that the store has another one.

        @param token: the access token.
        @param refusal: what the server said.
        @return: fires when it has; fails with L{ctrader_twisted.errors.GrantLost} if only a person can help.
        """

    def expectsEnd(self, token: Secret) -> bool:
        """
        Tell whether the end of a login is our own doing.

        @param token: the access token with which it was made.
        @return: whether the token is just being renewed, or was a moment ago.
        """

    def tokenDied(self, token: Secret) -> None:
        """
        The server has told, unasked, that an access token is not good any more.

        @param token: the access token.
        """

    def learnAccounts(self) -> Deferred[None]:
        """
        Ask which accounts the tokens cover, so that a refusal can be explained.

        @return: fires when it is known or cannot be learned; never fails.
        """

    def accountChanged(self) -> None:
        """
        The state of an account is another one.
        """

    def connectAgain(self, reason: CTraderError) -> None:
        """
        The connection is of no use, since the server does not know the application on it.

        @param reason: what the server said.
        """

    def ended(self) -> CTraderError | None:
        """
        @return: why there will be no connection until somebody starts the session, if that is so.
        """
