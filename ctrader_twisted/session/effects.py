"""
Requests that change more than their answer says: what they change is told to those who must know, whoever sends them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ctrader_twisted.errors import NotConnected, RequestTimedOut, TokensNotStored
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
from ctrader_twisted.session.replacing import Replacing

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
        replacing: Replacing,
        accounts: Mapping[int, AccountSession],
        follow: Callable[[AccountSession], None],
        patience: float,
    ) -> None:
        """
        @param clock: the reactor.
        @param outgoing: the way out.
        @param replacing: replaces tokens.
        @param accounts: the accounts that are wanted, by their ids; they may become more.
        @param follow: logs an account in, if there is a connection.
        @param patience: how many seconds a refresh of tokens is waited for, unless its caller says otherwise.
        """
        self._clock = clock
        self._outgoing = outgoing
        self._replacing = replacing
        self._accounts = accounts
        self._follow = follow
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
        return answered.addCallback(self._loggedIn, account)

    def _loggedIn(self, answer: _AnswerT, account: AccountSession) -> _AnswerT:
        account.ask()
        # It may have come while the connection was being closed.
        self._follow(account)
        return answer

    def _refresh(self, message: ProtoOARefreshTokenReq, timeout: float | None) -> Deferred[ProtoOARefreshTokenRes]:
        # The old pair dies with the answer: the new one is stored whether or not somebody still waits for it.
        waiter: Deferred[ProtoOARefreshTokenRes] = Eventual()
        copy = ProtoOARefreshTokenReq(refreshToken=message.refreshToken)

        def send() -> Deferred[ProtoOARefreshTokenRes]:
            if waiter.called:
                raise NotConnected("nobody waits for the refresh any more; it was not sent")
            return self._outgoing.send(copy, LONGEST)

        def fire(result: ProtoOARefreshTokenRes | Failure) -> None:
            if not waiter.called:
                waiter.callback(result)

        def notStored(error: TokensNotStored) -> None:
            fire(Failure(error))  # type: ignore[no-untyped-call]

        Deferred.fromCoroutine(self._replacing.byHand(Secret(message.refreshToken), send, notStored)).addBoth(fire)
        return waiter.addTimeout(self._patience if timeout is None else timeout, self._clock, _timedOut)


def _timedOut(result: object, seconds: float) -> ProtoOARefreshTokenRes:
    raise RequestTimedOut("ProtoOARefreshTokenReq", seconds=seconds)
