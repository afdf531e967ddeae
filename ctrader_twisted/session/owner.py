"""
What an account needs of the session that it is part of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import Deferred

from ctrader_twisted.errors import CTraderError, TokenRefused
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.pairs import Pairs

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import ProtoOAAccountAuthReq, ProtoOAAccountAuthRes, Request

__all__ = ["AccountOwner"]

_AnswerT = TypeVar("_AnswerT", bound=Message)


class AccountOwner(Protocol):
    """
    The session, as its accounts see it.
    """

    @property
    def tokens(self) -> Pairs:
        """
        What is known of the stored tokens.
        """

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        Send a request that names its account itself.

        @param message: the request, complete.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: fails with L{NotConnected} if the application is not logged in now.
        """

    def logIn(self, message: ProtoOAAccountAuthReq) -> Deferred[ProtoOAAccountAuthRes]:
        """
        Send the login of an account that is wanted already.

        @param message: the request, complete.
        @return: as L{request}.
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

    def learnAccounts(self) -> Deferred[None]:
        """
        Ask which accounts the tokens cover, so that a refusal can be explained.

        @return: fires when it is known or cannot be learned; never fails.
        """

    def accountMoved(self) -> None:
        """
        The state of an account is another one, and nothing has been done about that yet.
        """

    def accountChanged(self) -> None:
        """
        The state of an account is another one, and what was to be done has been done.
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
