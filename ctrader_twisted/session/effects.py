"""
Requests that change more than their answer says: what they change is told to those who must know, whoever sends them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.errors import NotConnected, RequestTimedOut
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.schema.messages import (
    ProtoOAAccountAuthReq,
    ProtoOAAccountLogoutReq,
    ProtoOARefreshTokenReq,
    ProtoOARefreshTokenRes,
)
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.account import AccountSession
from ctrader_twisted.session.buying import LONGEST
from ctrader_twisted.session.outgoing import Outgoing
from ctrader_twisted.session.renewal import Renewal

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["Effects"]

_AnswerT = TypeVar("_AnswerT", bound=Message)


class Effects:
    """
    Sends requests, and sees to what logins, logouts and refreshed tokens change.
    """

    def __init__(
        self,
        clock: IReactorTime,
        outgoing: Outgoing,
        renewal: Renewal,
        accounts: Mapping[int, AccountSession],
        patience: float,
    ) -> None:
        """
        @param clock: the reactor.
        @param outgoing: the way out.
        @param renewal: keeps the tokens.
        @param accounts: the accounts that are wanted, by their ids; they may become more.
        @param patience: how many seconds a refresh of tokens is waited for, unless its caller says otherwise.
        """
        self._clock = clock
        self._outgoing = outgoing
        self._renewal = renewal
        self._accounts = accounts
        self._patience = patience

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
        copy = ProtoOARefreshTokenReq(refreshToken=message.refreshToken)

        def send() -> Deferred[ProtoOARefreshTokenRes]:
            if waiter.called:
                raise NotConnected("nobody waits for the refresh any more; it was not sent")
            return self._outgoing.send(copy, LONGEST)

        renewed = Deferred.fromCoroutine(self._renewal.byHand(Secret(message.refreshToken), send))
        renewed.addCallbacks(waiter.callback, waiter.errback)
        return waiter.addTimeout(self._patience if timeout is None else timeout, self._clock, _timedOut)


def _timedOut(result: object, seconds: float) -> ProtoOARefreshTokenRes:
    raise RequestTimedOut("ProtoOARefreshTokenReq", seconds=seconds)


def _loggedIn(answer: _AnswerT, account: AccountSession) -> _AnswerT:
    account.ask()
    account.connectionUp()
    return answer
