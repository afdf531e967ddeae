"""
What is known of the stored pairs of tokens.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import GrantLost, TokenRefused
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.status import TokenState, TokenStatus

__all__ = ["Pairs"]

_EXPECTED = 60.0
_WITH_ACCESS_TOKEN = ("ProtoOAAccountAuthReq", "ProtoOAGetAccountListByAccessTokenReq")


class Pairs:
    """
    The pairs as they were seen last, and how each stands.

    @ivar stored: the pairs.
    @ivar underWay: the access token of the pair that is being renewed, if one is.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, changed: Callable[[], None]) -> None:
        """
        @param clock: the reactor.
        @param changed: called when the status is another one.
        """
        self.stored: tuple[TokenPair, ...] = ()
        self.underWay: Secret | None = None
        self._clock = clock
        self._changed = changed
        self._lost: dict[Secret, GrantLost] = {}
        self._invalidated: set[Secret] = set()
        self._replaced: dict[Secret, float] = {}

    @property
    def status(self) -> tuple[TokenStatus, ...]:
        """
        How the stored pairs stand.
        """
        return tuple(self._statusOf(pair) for pair in self.stored)

    @property
    def isOneLost(self) -> bool:
        """
        Whether there is one with which only a person can help.
        """
        return bool(self._lost)

    def seen(self, pairs: tuple[TokenPair, ...]) -> None:
        """
        Learn what is in the store.

        @param pairs: the pairs.
        """
        before, self.stored = self.stored, pairs
        tokens = {pair.accessToken for pair in pairs}
        self._lost = {token: error for token, error in self._lost.items() if token in tokens}
        self._invalidated &= tokens
        if set(before) != set(pairs):
            self._changed()

    def begin(self, pair: TokenPair) -> None:
        """
        A pair is being renewed.

        @param pair: the pair.
        """
        self.underWay = pair.accessToken
        self._changed()

    def end(self) -> None:
        """
        It is not any more.
        """
        self.underWay = None
        self._changed()

    def replaced(self, token: Secret) -> None:
        """
        A pair has a successor, which is in the store.

        @param token: its access token.
        """
        now = self._clock.seconds()
        self._replaced = {each: since for each, since in self._replaced.items() if now - since < _EXPECTED}
        self._replaced[token] = now

    def expects(self, token: Secret) -> bool:
        """
        Tell whether the end of a login with an access token is our own doing.

        @param token: the access token.
        @return: whether it is being renewed, or was within the last minute.
        """
        replaced = self._replaced.get(token)
        return token == self.underWay or (replaced is not None and self._clock.seconds() - replaced < _EXPECTED)

    def invalidated(self, token: Secret) -> None:
        """
        The server has told that an access token is not good any more. Then its refresh token is not, either: it was
        used, or both were revoked. So nothing is renewed for it when it is refused then.

        @param token: the access token.
        """
        self._invalidated.add(token)

    def accepted(self, token: Secret) -> None:
        """
        An account was logged in with an access token: whatever was said against it does not hold any more.

        @param token: the access token.
        """
        self._invalidated.discard(token)
        lost = self._lost.get(token)
        # A refresh token that was refused is no better for that.
        if lost is not None and lost.request in _WITH_ACCESS_TOKEN:
            del self._lost[token]
            self._changed()

    def lose(self, pair: TokenPair, error: TokenRefused) -> GrantLost:
        """
        Only a person can help with a pair. That is logged once.

        @param pair: the pair.
        @param error: what refuses it.
        @return: what to raise.
        """
        lost = GrantLost(error.code, error.description, request=error.request, remedy="log in again")
        if pair.accessToken not in self._lost:
            self._lost[pair.accessToken] = lost
            self._log.error("tokens cannot be renewed; log in again: {error}", error=lost)
            self._changed()
        return lost

    def isLost(self, token: Secret) -> bool:
        """
        Tell whether only a person can help with a pair.

        @param token: its access token.
        """
        return token in self._lost

    def canBeRenewed(self, pair: TokenPair) -> bool:
        """
        Tell whether a pair may be renewed when its access token is refused.

        @param pair: the pair.
        """
        isDead = pair.accessToken in self._lost or pair.accessToken in self._invalidated
        return pair.refreshToken is not None and not isDead

    def _statusOf(self, pair: TokenPair) -> TokenStatus:
        reason = self._lost.get(pair.accessToken)
        state = TokenState.GOOD if reason is None else TokenState.LOST
        if pair.accessToken == self.underWay:
            state = TokenState.RENEWING
        return TokenStatus(pair.userId, pair.scope, pair.expires, state, reason)
