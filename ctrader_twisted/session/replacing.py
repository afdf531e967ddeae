"""
Replacing a stored pair of tokens by the next one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import CTraderError, NotConnected, TokenRefused, TokensNotStored
from ctrader_twisted.schema.messages import ProtoOARefreshTokenRes
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.buying import Buying, boughtPair
from ctrader_twisted.session.due import isYoung
from ctrader_twisted.session.listeners import Waiters
from ctrader_twisted.session.pairs import Pairs
from ctrader_twisted.session.storing import STOPPED, Storing

__all__ = ["Replacing"]

_GRACE = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


class Replacing:
    """
    Replaces pairs, one at a time, under the store's lock. The next pair is stored before anybody can use it.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        storing: Storing,
        buying: Buying,
        pairs: Pairs,
        replaced: Callable[[Secret, Secret], None],
        wallClock: Callable[[], int],
    ) -> None:
        """
        @param clock: the reactor.
        @param storing: the store.
        @param buying: buys pairs.
        @param pairs: what is known of the stored pairs.
        @param replaced: called with the old access token and with the new one, which is stored.
        @param wallClock: milliseconds since 1970.
        """
        self._clock = clock
        self._storing = storing
        self._buying = buying
        self._pairs = pairs
        self._replaced = replaced
        self._wallClock = wallClock
        self._turn = DeferredLock()
        self._isStopped = True
        self._purchase: Deferred[TokenPair] | None = None
        self._over: Waiters[None] = Waiters()

    def start(self) -> None:
        """
        Let pairs be replaced.
        """
        self._isStopped = False
        self._storing.start()

    def stop(self) -> Deferred[None]:
        """
        Replace nothing any more. A pair that is being bought is waited for: the old one dies with the answer.

        @return: fires when nothing is under way, and the store's lock was given back.
        """
        self._isStopped = True
        if self._pairs.underWay is None:
            self._storing.stop()
        return self._rest().addTimeout(_GRACE, self._clock).addCallbacks(self._rested, self._abandon)

    async def settled(self, token: Secret) -> bool:
        """
        Wait while a token is being renewed.

        @param token: the access token.
        @return: whether it was, so that the store may have another one now.
        """
        if token != self._pairs.underWay:
            return False
        await self._over.wait()
        return True

    async def renew(self, token: Secret) -> None:
        """
        Replace a pair ahead of its end, unless somebody else has done it.

        @param token: its access token.
        @raise GrantLost: if only a person can help.
        @raise CTraderError: if it may be possible later.
        """
        async with self._alone():
            pairs = await self._storing.load()
            pair = _find(pairs, token)
            if pair is not None and pair.refreshToken is not None:
                await self._renew(pairs, pair, isRefused=False)

    def replace(self, token: Secret, refusal: TokenRefused) -> Deferred[None]:
        """
        The server refuses an access token: see to it that the store has another one. It is renewed at most once.

        @param token: the access token.
        @param refusal: what the server said.
        @return: fires when the store has another one. Who gives up waiting for it disturbs nothing.
        @raise GrantLost: (as a failure) if only a person can help.
        @raise CTraderError: (as a failure) if it may be possible later.
        """
        waiter: Deferred[None] = Deferred()
        Deferred.fromCoroutine(self._replace(token, refusal)).addCallbacks(waiter.callback, waiter.errback)
        return waiter

    async def byHand(
        self,
        refreshToken: Secret,
        send: Callable[[], Deferred[ProtoOARefreshTokenRes]],
        notStored: Callable[[TokensNotStored], None],
    ) -> ProtoOARefreshTokenRes:
        """
        Let the user renew a pair. If the store holds it, the new one gets its place; otherwise the store is left alone.

        @param refreshToken: what the user sends.
        @param send: sends it.
        @param notStored: called with an error that holds the new pair, if it cannot be stored now. That is tried again
            all the same.
        @return: the server's answer, when the new pair is stored.
        """
        async with self._alone():
            pairs = await self._storing.load()
            pair = next((each for each in pairs if each.refreshToken == refreshToken), None)
            if pair is not None:
                return await self._exchangeByHand(pairs, pair, refreshToken, send, notStored)
        return await send()

    async def _exchangeByHand(
        self,
        pairs: tuple[TokenPair, ...],
        pair: TokenPair,
        refreshToken: Secret,
        send: Callable[[], Deferred[ProtoOARefreshTokenRes]],
        notStored: Callable[[TokensNotStored], None],
    ) -> ProtoOARefreshTokenRes:
        answer = ProtoOARefreshTokenRes()

        async def ask() -> TokenPair:
            nonlocal answer
            answer = await send()
            return boughtPair(pair, answer, self._wallClock())

        await self._exchange(pairs, pair, self._buying.attempt(refreshToken, ask()), notStored)
        return answer

    async def _replace(self, token: Secret, refusal: TokenRefused) -> None:
        async with self._alone():
            pairs = await self._storing.load()
            pair = _find(pairs, token)
            if pair is None:
                # Somebody else has renewed it.
                return
            if not self._pairs.canBeRenewed(pair):
                raise self._pairs.lose(pair, refusal)
            if isYoung(pair, self._wallClock()):
                raise NotConnected(f"the server refuses tokens that are new ({refusal.code})") from refusal
            await self._renew(pairs, pair, isRefused=True)

    async def _renew(self, pairs: tuple[TokenPair, ...], pair: TokenPair, *, isRefused: bool) -> None:
        # If nothing can be stored, this is the time to find out: the old pair is still good.
        try:
            await self._storing.save(pairs)
        except CTraderError as error:
            raise NotConnected(f"tokens are not renewed, since they could not be stored: {error}") from error
        self._goesOn()
        try:
            await self._exchange(pairs, pair, self._buying.buy(pair, isRefused=isRefused))
        except TokenRefused as error:
            raise self._pairs.lose(pair, error) from None

    async def _exchange(
        self,
        pairs: tuple[TokenPair, ...],
        old: TokenPair,
        sale: Coroutine[Any, Any, TokenPair],
        notStored: Callable[[TokensNotStored], None] | None = None,
    ) -> None:
        """
        Buy a pair and put it into the place of another one.
        """
        self._pairs.begin(old)
        try:
            new = await self._bought(sale)
            await self._keep(pairs, old, new, notStored)
            self._pairs.replaced(old.accessToken)
        finally:
            self._pairs.end()
            self._over.fire(None)
        self._log.info("tokens were renewed")
        self._replaced(old.accessToken, new.accessToken)

    async def _bought(self, sale: Coroutine[Any, Any, TokenPair]) -> TokenPair:
        self._purchase = Deferred.fromCoroutine(sale)
        try:
            return await self._purchase
        except CancelledError:
            raise NotConnected(STOPPED) from None
        finally:
            self._purchase = None

    async def _keep(
        self,
        pairs: tuple[TokenPair, ...],
        old: TokenPair,
        new: TokenPair,
        notStored: Callable[[TokensNotStored], None] | None,
    ) -> None:
        """
        Store a new pair, however long that takes: it is nowhere else.
        """
        pause = _FIRST_PAUSE
        after = tuple(new if each.accessToken == old.accessToken else each for each in pairs)
        while True:
            try:
                return await self._storing.save(after)
            except CTraderError as error:
                self._log.error("new tokens cannot be stored, and wait in memory: {error}", error=error)
                if notStored is not None:
                    notStored(TokensNotStored(f"the new tokens could not be stored, and wait in memory: {error}", new))
            try:
                await self._storing.pause(pause)
            except NotConnected:
                self._log.error("new tokens are lost, since the client was stopped before they could be stored")
                raise
            pause = min(_LONGEST_PAUSE, 2 * pause)

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
            raise NotConnected(STOPPED)

    def _rest(self) -> Deferred[None]:
        return self._turn.run(lambda: None)

    def _rested(self, result: None) -> None:
        if self._isStopped:
            self._storing.stop()

    def _abandon(self, failure: Failure) -> Deferred[None]:
        # If it was started again meanwhile, nothing needs to be given up.
        if self._isStopped:
            self._storing.stop()
            if self._purchase is not None:
                self._log.error(
                    "the answer to a refresh of tokens has not come; the next login tells whether they are lost"
                )
                self._purchase.cancel()
        return self._rest()


def _find(pairs: tuple[TokenPair, ...], token: Secret) -> TokenPair | None:
    return next((pair for pair in pairs if pair.accessToken == token), None)
