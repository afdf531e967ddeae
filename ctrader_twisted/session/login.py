"""
Logging one account in, with whichever token the store has for it.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import AccountNotFound, AlreadySo, GrantLost, NotConnected, TokenRefused, WrongHost
from ctrader_twisted.schema.messages import ProtoOAAccountAuthReq
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.owner import AccountOwner

__all__ = ["Login"]

_RECENT = 60.0
_KICK = 5.0


class Login:
    """
    The login of one account. When its token is replaced, the server ends the login that was made with the old one; it
    may say so before or after the account is logged in with the new one, and does not say which login it means.

    @ivar token: the access token of the last login on this connection; L{None} before the first.
    """

    _log = Logger()

    def __init__(self, accountId: int, clock: IReactorTime, owner: AccountOwner) -> None:
        """
        @param accountId: the account's C{ctidTraderAccountId}.
        @param clock: the reactor.
        @param owner: the session.
        """
        self.token: Secret | None = None
        self._accountId = accountId
        self._clock = clock
        self._owner = owner
        self._changed: float | None = None
        self._moving: IDelayedCall | None = None

    async def make(self, isWanted: Callable[[], bool]) -> None:
        """
        Log the account in.

        @param isWanted: tells whether this login is still wanted; a store may be slow.
        @raise NotConnected: if its token had to be renewed, so that the next attempt may succeed.
        @raise CTraderError: what else refuses it.
        """
        token = await self._owner.tokenFor(self._accountId)
        if not isWanted():
            return
        message = ProtoOAAccountAuthReq(ctidTraderAccountId=self._accountId, accessToken=token.reveal())
        try:
            await self._owner.logIn(message)
            self._owner.tokens.accepted(token)
        except AlreadySo:
            # There is no better login to be had.
            pass
        except TokenRefused as error:
            await self._replace(token, error)
            raise NotConnected(f"account {self._accountId}: its token was renewed during the login") from error
        except (AccountNotFound, WrongHost):
            await self._owner.learnAccounts()
            await self._seeAgain(token)
            raise
        if isWanted():
            self._made(token)

    def moveSoon(self, isWanted: Callable[[], bool]) -> None:
        """
        The token of this login has been replaced: if the server does not end the login, log in with the new one in some
        seconds all the same.

        @param isWanted: tells whether the login is still the same.
        """
        self.cancelMove()
        self._moving = self._clock.callLater(_KICK, self._move, isWanted)

    def forget(self) -> None:
        """
        The connection is gone, and the login with it. What the server tells on the next one is not about it.
        """
        self.cancelMove()
        self.token = self._changed = None

    def cancelMove(self) -> None:
        """
        Forget L{moveSoon}.
        """
        if self._moving is not None:
            self._moving.cancel()
            self._moving = None

    def mayMeanFormer(self) -> bool:
        """
        Tell whether the server may mean the login with the token before, when it ends one now.
        """
        return self._changed is not None and self._clock.seconds() - self._changed < _RECENT

    async def _replace(self, token: Secret, refusal: TokenRefused) -> None:
        try:
            await self._owner.replaceToken(token, refusal)
        except GrantLost:
            await self._seeAgain(token)
            raise

    async def _seeAgain(self, token: Secret) -> None:
        """
        A token is of no use for this account. See whether another one has come into the store since it was taken.
        """
        if await self._owner.tokenFor(self._accountId) != token:
            raise NotConnected(f"account {self._accountId}: another token has come during the login")

    def _made(self, token: Secret) -> None:
        if self.token is not None and token != self.token:
            self._changed = self._clock.seconds()
        self.token = token

    def _move(self, isWanted: Callable[[], bool]) -> None:
        self._moving = None
        Deferred.fromCoroutine(self.make(isWanted)).addErrback(self._notMoved)

    def _notMoved(self, failure: Failure) -> None:
        # The login itself still stands; if it does not, any request says so.
        self._log.warn(
            "account {accountId} is not logged in with its new token: {error}",
            accountId=self._accountId,
            error=failure.value,
        )
