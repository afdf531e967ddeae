"""
Keeping the stored tokens good: each pair is renewed ahead of its end, once, whoever else uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import CTraderError, GrantLost
from ctrader_twisted.secret import Secret
from ctrader_twisted.session.backoff import Backoff
from ctrader_twisted.session.buying import Buying
from ctrader_twisted.session.due import renewalDue
from ctrader_twisted.session.pairs import Pairs
from ctrader_twisted.session.replacing import Replacing
from ctrader_twisted.session.storing import Storing

__all__ = ["Renewal", "RenewalOwner"]

_REGULAR, _WATCHING, _LONGEST_PAUSE = 3600.0, 10.0, 3600.0


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
        There are pairs in the store that were not there before, or could not be read.
        """

    def tokenStatusChanged(self) -> None:
        """
        The status of a pair is another one.
        """

    def isWaitingForTokens(self) -> bool:
        """
        @return: whether somebody waits for pairs that are not in the store.
        """


class Renewal:
    """
    Looks at the stored pairs at least every hour, and has those renewed whose end is near. While somebody waits for
    pairs that others must put there, it looks often.

    @ivar pairs: what is known of the pairs.
    @ivar replacing: replaces them.
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
        self.pairs = Pairs(clock, self._changed)
        self.replacing = Replacing(clock, storing, buying, self.pairs, owner.tokenRenewed, wallClock)
        storing.onPairs.add(self._seen)
        self._clock = clock
        self._storing = storing
        self._owner = owner
        self._wallClock = wallClock
        self._share = randomness.uniform(0.9, 1.0)
        self._backoff = Backoff(randomness, wallClock, longest=_LONGEST_PAUSE)
        # After a failure nothing is renewed before this time.
        self._resumes = 0.0
        self._isStopped = True
        self._isLooking = self._looksAgain = self._isWatching = False
        self._timer: IDelayedCall | None = None
        self._known: set[Secret] = set()
        self._warned: set[Secret] = set()

    def start(self) -> None:
        """
        Begin to look at the store.
        """
        self._isStopped = False
        self.replacing.start()
        self.look()

    def stop(self) -> Deferred[None]:
        """
        Look no more, and renew nothing any more. A pair that is being bought is waited for.

        @return: fires when nothing is under way.
        """
        self._isStopped = True
        self._cancelTimer()
        return self.replacing.stop()

    def look(self) -> None:
        """
        Look at the store now. To be called when more may be possible than before, such as after a login.
        """
        self._resumes = 0.0
        self._lookNow()

    def watch(self) -> None:
        """
        Look at the store often, as long as somebody waits for pairs that are not there.
        """
        if not self._isWatching:
            self._isWatching = True
            self._lookNow()

    # Looking.

    def _lookNow(self) -> None:
        if self._isStopped:
            return
        self._cancelTimer()
        if self._isLooking:
            self._looksAgain = True
        else:
            self._wake()

    def _wake(self) -> None:
        self._timer = None
        self._isLooking, self._looksAgain = True, False
        Deferred.fromCoroutine(self._lookAtAll()).addErrback(self._broken).addCallback(self._looked)

    def _broken(self, failure: Failure) -> None:
        self._log.failure("the tokens cannot be looked after", failure)
        self._resumes = self._clock.seconds() + self._backoff.after(None)

    def _looked(self, result: None) -> None:
        self._isLooking = False
        if self._isStopped:
            return
        self._isWatching = self.pairs.isOneLost or self._owner.isWaitingForTokens()
        if self._looksAgain:
            self._wake()
        else:
            self._timer = self._clock.callLater(self._untilNext(), self._wake)

    async def _lookAtAll(self) -> None:
        failed = await _failureOf(self._storing.load())
        if self._clock.seconds() < self._resumes:
            return
        for pair in self.pairs.stored:
            if self._isDue(pair) and self._canRenew(pair):
                failed = await _failureOf(self.replacing.renew(pair.accessToken)) or failed
        if failed is None:
            self._backoff.lasted(_LONGEST_PAUSE)
        elif not self._isStopped and not self._looksAgain:
            # What was asked for meanwhile is done at once.
            pause = self._backoff.after(failed)
            self._resumes = self._clock.seconds() + pause
            self._log.warn("tokens are looked after again in {pause:.0f} s: {error}", pause=pause, error=failed)

    def _untilNext(self) -> float:
        # A clock may be set, and a machine may sleep: no wait is long.
        longest = _WATCHING if self._isWatching else _REGULAR
        pause = self._resumes - self._clock.seconds()
        if pause > 0:
            return min(longest, pause)
        now = self._wallClock()
        due = [renewalDue(pair, self._share) for pair in self.pairs.stored if self._mayRenew(pair)]
        return min([longest, *(max(0, each - now) / 1000 for each in due if each is not None)])

    def _isDue(self, pair: TokenPair) -> bool:
        due = renewalDue(pair, self._share)
        return due is not None and due <= self._wallClock()

    def _mayRenew(self, pair: TokenPair) -> bool:
        return pair.refreshToken is not None and not self.pairs.isLost(pair.accessToken)

    def _canRenew(self, pair: TokenPair) -> bool:
        if pair.refreshToken is None and pair.accessToken not in self._warned:
            self._warned.add(pair.accessToken)
            self._log.error("an access token ends soon and has no refresh token; log in again")
        return self._mayRenew(pair)

    def _seen(self, pairs: tuple[TokenPair, ...] | None) -> None:
        """
        Learn what is in the store.
        """
        known, self._known = self._known, {pair.accessToken for pair in pairs or ()}
        if pairs is None:
            # Whoever is refused because of that waits for what is read next.
            return
        isNew = set(pairs) != set(self.pairs.stored)
        self.pairs.seen(pairs)
        self._warned &= self._known
        if isNew and not self._isLooking:
            self._lookNow()
        if self._known - known:
            self._owner.tokensChanged()

    def _changed(self) -> None:
        self._owner.tokenStatusChanged()
        if self.pairs.isOneLost:
            self.watch()

    def _cancelTimer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def _failureOf(work: Coroutine[Any, Any, object]) -> CTraderError | None:
    """
    Do something, and tell what keeps it from being done now.
    """
    try:
        await work
    except GrantLost:
        # That has been told, and does not pass.
        return None
    except CTraderError as error:
        return error
    return None
