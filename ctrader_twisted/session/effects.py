"""
Requests that change more than their answer says: what they change is told to those who must know, whoever sends them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from google.protobuf.message import Message
from twisted.internet.defer import Deferred

from ctrader_twisted.errors import TokenRefused
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.interfaces import TokenPair
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAAccountLogoutReq,
    ProtoOARefreshTokenReq,
    ProtoOARefreshTokenRes,
)
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.grants import Grants
from ctrader_twisted.session.outgoing import Outgoing

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["Effects"]

_AnswerT = TypeVar("_AnswerT", bound=Message)


class Effects:
    """
    Sends requests, and sees to what logins, logouts and refreshed tokens change.
    """

    def __init__(self, outgoing: Outgoing, grants: Grants, accounts: Mapping[int, AccountSession]) -> None:
        """
        @param outgoing: the way out.
        @param grants: keeps the tokens.
        @param accounts: the accounts that are wanted, by their ids; they may become more.
        """
        self._outgoing = outgoing
        self._grants = grants
        self._accounts = accounts

    def send(self, message: Request[_AnswerT], timeout: float | None) -> Deferred[_AnswerT]:
        """
        Send a request.

        @param message: the request, complete.
        @param timeout: seconds to wait for the answer, or L{None} for the default.
        @return: as L{Outgoing.send}. What the request changes has been seen to before it fires.
        """
        if isinstance(message, ProtoOARefreshTokenReq):
            return cast("Deferred[_AnswerT]", self._refresh(message, timeout))
        answered = self._outgoing.send(message, timeout)
        if not isinstance(message, ProtoOAAccountLogoutReq | ProtoOAAccountAuthReq):
            return answered
        account = self._accounts.get(message.ctidTraderAccountId)
        if account is None:
            return answered
        if isinstance(message, ProtoOAAccountLogoutReq):
            return account.leave(answered)
        return answered.addCallback(_loggedIn, account)

    def _refresh(self, message: ProtoOARefreshTokenReq, timeout: float | None) -> Deferred[ProtoOARefreshTokenRes]:
        # The old pair dies with the answer: the new one is stored whether or not somebody still waits for it.
        waiter: Deferred[ProtoOARefreshTokenRes] = Eventual()
        Deferred.fromCoroutine(self._renew(message, timeout)).addCallbacks(waiter.callback, waiter.errback)
        return waiter

    async def _renew(self, message: ProtoOARefreshTokenReq, timeout: float | None) -> ProtoOARefreshTokenRes:
        old = Secret(message.refreshToken)
        answer = await self._outgoing.send(message, timeout)
        await self._grants.renew(old, TokenPair(answer.accessToken, answer.refreshToken))
        for account in tuple(self._accounts.values()):
            # The server may have ended its login before the new pair was there to log in with.
            if isinstance(account.reason, TokenRefused):
                account.ask()
        return answer


def _loggedIn(answer: _AnswerT, account: AccountSession) -> _AnswerT:
    account.ask()
    account.connectionUp()
    return answer
