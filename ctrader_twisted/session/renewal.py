"""
Keeping the stored tokens good: each pair is renewed ahead of its end, once, whoever else uses it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Protocol

from twisted.internet.defer import CancelledError, Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import CTraderError, GrantLost, NotConnected, TokenRefused, TokensNotStored
from ctrader_twisted.schema.messages import ProtoOARefreshTokenRes
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.backoff import Backoff
from ctrader_twisted.session.buying import Buying, boughtPair
from ctrader_twisted.session.due import isYoung, renewalDue
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.session.status import TokenState, TokenStatus
from ctrader_twisted.session.storing import Storing

__all__ = ["Renewal", "RenewalOwner"]

_REGULAR, _WATCHING, _LONGEST_PAUSE = 3600.0, 10.0, 3600.0
_GRACE = 30.0
_EXPECTED = 60.0


class RenewalOwner(Protocol):
    """
    Who is told what becomes of the tokens.
    """

    def tokenRenewed(self, old: Secret, new: Secret) -> None:
        """
        An access token has been replaced, and the new one is stored.

        @param old: the token that is of no use any more.
        @param new: the token in its place.
        """

    def tokensChanged(self) -> None:
        """
        Somebody else has put pairs into the store that were not there before.
        """

    def tokenStatusChanged(self) -> None:
        """
        The status of a pair is another one.
        """


class Renewal:
    """
    Looks at the stored pairs at least every hour, and renews those whose end is near. One at a time is renewed, under
    the store's lock, and is stored before anybody can use it.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        storing: Storing,
        buying: Buying,
        owner: RenewalOwner,
        *,
        randomness: Random,
        wallClock: Callable[[], int],
    ) -> None:
        """
        @param clock: the reactor.
        @param storing: the store.
        @param buying: buys pairs.
        @param owner: is told what becomes of the tokens.
        @param randomness: keeps processes that use the same pair from beginning at once.
        @param wallClock: milliseconds since 1970.
        """
        self._clock = clock
        self._storing = storing
        self._buying = buying
        self._owner = owner
        self._wallClock = wallClock
        self._share = randomness.uniform(0.9, 1.0)
        self._backoff = Backoff(randomness, wallClock, longest=_LONGEST_PAUSE)
        self._turn = DeferredLock()
        self._isStopped = True
        self._isLooking = self._looksAgain = self._isWatching = False
        self._timer: IDelayedCall | None = None
        self._pairs: tuple[TokenPair, ...] | None = None
        self._underWay: Secret | None = None
        self._purchase: Deferred[TokenPair] | None = None
        self._over: Waiters[None] = Waiters()
        self._lost: dict[Secret, GrantLost] = {}
        self._invalidated: set[Secret] = set()
        self._replaced: dict[Secret, float] = {}
        self._warned: set[Secret] = set()

    def start(self) -> None:
        """
        Begin to look at the store.
        """
        self._isStopped = False
        self.look()

    def stop(self) -> Deferred[None]:
        """
        Look no more, and renew nothing any more. A pair that is being bought is waited for: the old one dies with the
        answer.

        @return: fires when nothing is under way.
        """
        self._isStopped = True
        self._cancelTimer()
        if self._underWay is None:
            self._storing.stop()
            return succeed(None)
        return self._over.wait().addTimeout(_GRACE, self._clock).addErrback(self._abandon)

    @property
    def status(self) -> tuple[TokenStatus, ...]:
        """
        What is known of the stored pairs, as they were seen last.
        """
        return tuple(self._statusOf(pair) for pair in self._pairs or ())

    def look(self) -> None:
        """
        Look at the store now. To be called when more may be possible than before, such as after a login.
        """
        if self._isStopped:
            return
        self._cancelTimer()
        if self._isLooking:
            self._looksAgain = True
        else:
            self._wake()

    def watch(self) -> None:
        """
        Look at the store often, until it has pairs that were not there before: an account waits for them.
        """
        if not self._isWatching:
            self._isWatching = True
            self.look()

    def invalidated(self, token: Secret) -> None:
        """
        The server has told that an access token is not good any more. Then its refresh token is not, either: it was
        used, or both were revoked. So nothing is renewed for it when it is refused.

        @param token: the access token.
        """
        self._invalidated.add(token)

    def expects(self, token: Secret) -> bool:
        """
        Tell whether the end of a login with an access token is our own doing.

        @param token: the access token.
        @return: whether it is being renewed, or was within the last minute.
        """
        replaced = self._replaced.get(token)
        return token == self._underWay or (replaced is not None and self._clock.seconds() - replaced < _EXPECTED)

    async def settled(self, token: Secret) -> bool:
        """
        Wait while a token is being renewed.

        @param token: the access token.
        @return: whether it was, so that the store has another one now.
        """
        if token != self._underWay:
            return False
        await self._over.wait()
        return True

    async def replace(self, token: Secret, refusal: TokenRefused) -> None:
        """
        The server refuses an access token: see to it that the store has another one. It is renewed at most once.

        @param token: the access token.
        @param refusal: what the server said.
        @raise GrantLost: if only a person can help.
        @raise CTraderError: if it may be possible later.
        """
        await self._renew(token, refusal)

    async def byHand(
        self, refreshToken: Secret, send: Callable[[], Deferred[ProtoOARefreshTokenRes]]
    ) -> ProtoOARefreshTokenRes:
        """
        Let the user renew a pair. If the store holds it, the new one gets its place; otherwise the store is left alone.

        @param refreshToken: what the user sends.
        @param send: sends it.
        @return: the server's answer.
        @raise TokensNotStored: if the new pair cannot be stored; the error holds it.
        """
        async with self._alone():
            pairs = await self._storing.load()
            pair = next((each for each in pairs if each.refreshToken == refreshToken), None)
            if pair is None:
                return await send()
            answer, new = await self._exchanged(pairs, pair, send)
        self._told(pair.accessToken, new.accessToken)
        return answer

    async def _exchanged(
        self, pairs: tuple[TokenPair, ...], pair: TokenPair, send: Callable[[], Deferred[ProtoOARefreshTokenRes]]
    ) -> tuple[ProtoOARefreshTokenRes, TokenPair]:
        self._begin(pair)
        try:
            answer = await send()
            new = boughtPair(pair, answer, self._wallClock())
            try:
                await self._storing.save(_replaced(pairs, pair, new))
            except CTraderError as error:
                words = f"the new tokens could not be stored: {error}"
                self._log.error("{words}", words=words)
                raise TokensNotStored(f"{words}; store them from here", new) from None
            self._pairs = _replaced(pairs, pair, new)
            return answer, new
        finally:
            self._end()

    # Looking.

    def _wake(self) -> None:
        self._timer = None
        self._isLooking, self._looksAgain = True, False
        Deferred.fromCoroutine(self._lookAtAll()).addErrback(self._broken).addCallback(self._looked)

    def _broken(self, failure: Failure) -> float:
        self._log.failure("the tokens cannot be looked after", failure)
        return self._backoff.after(None)

    def _looked(self, pause: float) -> None:
        self._isLooking = False
        if self._isStopped:
            return
        if self._looksAgain:
            self._wake()
        else:
            self._timer = self._clock.callLater(pause, self._wake)

    async def _lookAtAll(self) -> float:
        """
        @return: seconds until the next look.
        """
        failed: CTraderError | None = None
        try:
            self._note(await self._storing.load())
        except CTraderError as error:
            failed = error
        for pair in self._pairs or ():
            try:
                if self._isDue(pair) and self._canRenew(pair):
                    await self._renew(pair.accessToken, None)
            except GrantLost:
                continue
            except CTraderError as error:
                failed = error
        if failed is None:
            self._backoff.lasted(_LONGEST_PAUSE)
            return self._untilNext()
        pause = self._backoff.after(failed)
        self._log.warn("tokens are looked at again in {pause:.0f} s: {error}", pause=pause, error=failed)
        return pause

    def _untilNext(self) -> float:
        if self._isWatching or self._lost:
            return _WATCHING
        now = self._wallClock()
        due = [renewalDue(pair, self._share) for pair in self._pairs or () if pair.refreshToken is not None]
        # A clock may be set, and a machine may sleep: no wait is long.
        return min([_REGULAR, *(max(0, each - now) / 1000 for each in due if each is not None)])

    def _isDue(self, pair: TokenPair) -> bool:
        due = renewalDue(pair, self._share)
        return due is not None and due <= self._wallClock()

    def _canRenew(self, pair: TokenPair) -> bool:
        if pair.accessToken in self._lost:
            return False
        if pair.refreshToken is not None:
            return True
        if pair.accessToken not in self._warned:
            self._warned.add(pair.accessToken)
            self._log.error("an access token ends soon and has no refresh token; log in again")
        return False

    def _note(self, pairs: tuple[TokenPair, ...]) -> None:
        """
        Learn what is in the store.
        """
        before, self._pairs = self._pairs, pairs
        tokens = {pair.accessToken for pair in pairs}
        self._lost = {token: error for token, error in self._lost.items() if token in tokens}
        self._invalidated &= tokens
        self._warned &= tokens
        if before != pairs:
            self._owner.tokenStatusChanged()
        if before is not None and tokens - {pair.accessToken for pair in before}:
            self._isWatching = False
            self._owner.tokensChanged()

    # Renewing.

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """
        Be the only one who changes the stored pairs, in this process and among all.
        """
        await self._turn.acquire()
        try:
            self._goesOn()
            await self._storing.lock()
            try:
                self._goesOn()
                yield
            finally:
                await self._storing.unlock()
        finally:
            self._turn.release()

    def _goesOn(self) -> None:
        if self._isStopped:
            raise NotConnected("the client was stopped")

    async def _renew(self, token: Secret, refusal: TokenRefused | None) -> None:
        async with self._alone():
            new = await self._renewLocked(token, refusal)
        if new is not None:
            self._told(token, new.accessToken)

    async def _renewLocked(self, token: Secret, refusal: TokenRefused | None) -> TokenPair | None:
        pairs = await self._storing.load()
        self._note(pairs)
        pair = next((each for each in pairs if each.accessToken == token), None)
        if pair is None or (refusal is None and not self._isDue(pair)):
            # Somebody else has renewed it.
            return None
        refreshToken = self._permitted(pair, refusal)
        # If nothing can be stored, this is the time to find out: the old pair is still good.
        await self._save(pairs)
        self._begin(pair)
        try:
            self._purchase = Deferred.fromCoroutine(self._buying.buy(pair, refreshToken))
            new = await self._purchase
            await self._keep(_replaced(pairs, pair, new))
        except TokenRefused as error:
            raise self._lose(pair, error) from None
        except CancelledError:
            raise NotConnected("the client was stopped") from None
        finally:
            self._purchase = None
            self._end()
        return new

    def _permitted(self, pair: TokenPair, refusal: TokenRefused | None) -> Secret:
        """
        @return: the refresh token, if it may be used.
        """
        if refusal is not None:
            if pair.accessToken in self._lost or pair.accessToken in self._invalidated or pair.refreshToken is None:
                raise self._lose(pair, refusal)
            if isYoung(pair, self._wallClock()):
                raise NotConnected(f"the server refuses tokens that are new ({refusal.code})") from refusal
        assert pair.refreshToken is not None
        return pair.refreshToken

    async def _save(self, pairs: tuple[TokenPair, ...]) -> None:
        try:
            await self._storing.save(pairs)
        except CTraderError as error:
            raise NotConnected(f"tokens are not renewed, since they could not be stored: {error}") from error

    async def _keep(self, pairs: tuple[TokenPair, ...]) -> None:
        """
        Store new pairs, however long that takes: they are nowhere else.
        """
        pause = 1.0
        while True:
            try:
                await self._storing.save(pairs)
                break
            except CTraderError as error:
                self._log.error("new tokens cannot be stored, and wait in memory: {error}", error=error)
                await self._storing.pause(pause)
                pause = min(60.0, 2 * pause)
        self._pairs = pairs

    def _begin(self, pair: TokenPair) -> None:
        self._underWay = pair.accessToken
        self._owner.tokenStatusChanged()

    def _end(self) -> None:
        self._underWay = None
        self._over.fire(None)
        self._owner.tokenStatusChanged()

    def _told(self, old: Secret, new: Secret) -> None:
        now = self._clock.seconds()
        self._replaced = {token: since for token, since in self._replaced.items() if now - since < _EXPECTED}
        self._replaced[old] = now
        self._log.info("tokens were renewed")
        self._owner.tokenRenewed(old, new)

    def _lose(self, pair: TokenPair, error: TokenRefused) -> GrantLost:
        lost = GrantLost(error.code, error.description, request=error.request, remedy="log in again")
        if pair.accessToken not in self._lost:
            self._lost[pair.accessToken] = lost
            self._log.error("tokens cannot be renewed; log in again: {error}", error=lost)
            self._owner.tokenStatusChanged()
            self.look()
        return lost

    def _statusOf(self, pair: TokenPair) -> TokenStatus:
        reason = self._lost.get(pair.accessToken)
        state = TokenState.GOOD if reason is None else TokenState.LOST
        if pair.accessToken == self._underWay:
            state = TokenState.RENEWING
        return TokenStatus(pair.userId, pair.scope, pair.expires, state, reason)

    def _abandon(self, failure: Failure) -> Deferred[None]:
        self._log.error("the answer to a refresh of tokens has not come; the next login tells whether they are lost")
        over = self._over.wait()
        self._storing.stop()
        if self._purchase is not None:
            self._purchase.cancel()
        return over

    def _cancelTimer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _replaced(pairs: tuple[TokenPair, ...], old: TokenPair, new: TokenPair) -> tuple[TokenPair, ...]:
    return tuple(new if each.accessToken == old.accessToken else each for each in pairs)
