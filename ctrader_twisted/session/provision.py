"""
What a session does for its accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import Message
from twisted.internet.defer import Deferred

from ctrader_twisted.errors import CTraderError, TokenRefused
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.connection import Connection
from ctrader_twisted.session.effects import Effects
from ctrader_twisted.session.grants import Grants
from ctrader_twisted.session.outgoing import Outgoing
from ctrader_twisted.session.pairs import Pairs
from ctrader_twisted.session.replacing import Replacing

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import ProtoOAAccountAuthReq, ProtoOAAccountAuthRes, Request

__all__ = ["Provision"]

_AnswerT = TypeVar("_AnswerT", bound=Message)


class Provision:
    """
    Gives accounts what L{ctrader_twisted.session.owner.AccountOwner} promises them, by whoever has it.

    @ivar tokens: what is known of the stored tokens.
    """

    def __init__(
        self,
        connection: Connection,
        outgoing: Outgoing,
        effects: Effects,
        grants: Grants,
        replacing: Replacing,
        tokens: Pairs,
        *,
        ended: Callable[[], CTraderError | None],
        moved: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        """
        @param connection: the connection.
        @param outgoing: sends what is sent for an account.
        @param effects: sends what an account's users want to be sent.
        @param grants: knows which token serves which account.
        @param replacing: gets other tokens for refused ones.
        @param tokens: what is known of the stored tokens.
        @param ended: tells why there will be no connection, if that is so.
        @param moved: called when an account has another state, before anything is done about that.
        @param changed: called after that.
        """
        self.tokens = tokens
        self._connection = connection
        self._outgoing = outgoing
        self._effects = effects
        self._grants = grants
        self._replacing = replacing
        self._ended = ended
        self._moved = moved
        self._changed = changed

    def request(self, message: Request[_AnswerT], *, timeout: float | None = None) -> Deferred[_AnswerT]:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.request}
        """
        return self._effects.send(message, timeout)

    def logIn(self, message: ProtoOAAccountAuthReq) -> Deferred[ProtoOAAccountAuthRes]:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.logIn}
        """
        return self._outgoing.send(message, None)

    def accountLost(self, accountId: int, reason: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.accountLost}
        """
        self._outgoing.lost(reason, accountId)

    def tokenFor(self, accountId: int) -> Deferred[Secret]:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.tokenFor}
        """
        return Deferred.fromCoroutine(self._tokenFor(accountId))

    def replaceToken(self, token: Secret, refusal: TokenRefused) -> Deferred[None]:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.replaceToken}
        """
        return self._replacing.replace(token, refusal)

    def learnAccounts(self) -> Deferred[None]:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.learnAccounts}
        """
        return Deferred.fromCoroutine(self._grants.learn())

    def connectAgain(self, reason: CTraderError) -> None:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.connectAgain}
        """
        self._connection.tryAgain(reason)

    def ended(self) -> CTraderError | None:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.ended}
        """
        return self._ended()

    def accountMoved(self) -> None:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.accountMoved}
        """
        self._moved()

    def accountChanged(self) -> None:
        """
        @see: L{ctrader_twisted.session.owner.AccountOwner.accountChanged}
        """
        self._changed()

    async def _tokenFor(self, accountId: int) -> Secret:
        token = await self._grants.tokenFor(accountId)
        while await self._replacing.settled(token):
            token = await self._grants.tokenFor(accountId)
        return token
