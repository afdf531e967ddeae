"""
Which spots the server shall send: one subscription for each symbol, however many use it, made again after each loss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import (
    AlreadySo,
    ConnectionLost,
    CTraderError,
    NotConnected,
    NotFound,
    RequestRefused,
    RequestTimedOut,
    RetryLater,
    ServerError,
)
from ctrader_twisted.schema.messages import ProtoOASubscribeSpotsReq, ProtoOAUnsubscribeSpotsReq
from ctrader_twisted.session.link import AccountLink

__all__ = ["SpotSubscriptions"]

_MOST_AT_ONCE = 50
_SHORTEST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class SpotSubscriptions:
    """
    Brings what the server sends in line with what is wanted.

    A symbol is settled at a time: while a request about it is under way, wishes only change what is wanted, and are
    looked at again when the answer has come.
    """

    _log = Logger()

    def __init__(self, link: AccountLink, clock: IReactorTime, refused: Callable[[int, CTraderError], None]) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param refused: told the id of a symbol that the server will not send, and why.
        """
        self._link = link
        self._clock = clock
        self._tellRefused = refused
        self._users: Counter[int] = Counter()
        # What the server sends; False where a timeout left it in doubt.
        self._sent: dict[int, bool] = {}
        self._busy: set[int] = set()
        self._refusedIds: set[int] = set()
        # Counts the losses: an answer from before one says nothing about now.
        self._login = 0
        self._pause = _SHORTEST_PAUSE
        self._retry: IDelayedCall | None = None

    def start(self) -> None:
        """
        Begin to follow the account.
        """
        self._link.onRestore(self._restore)
        self._link.onLost(self._lost)

    def acquire(self, symbolId: int) -> None:
        """
        Want a symbol, once more.

        @param symbolId: the symbol.
        """
        self._users[symbolId] += 1
        self._refusedIds.discard(symbolId)
        self._settle((symbolId,))

    def release(self, symbolId: int) -> None:
        """
        Want a symbol once less.

        @param symbolId: the symbol, acquired before.
        """
        self._users[symbolId] -= 1
        if not self._users[symbolId]:
            del self._users[symbolId]
            self._settle((symbolId,))

    def _settle(self, symbolIds: Iterable[int]) -> list[Deferred[None]]:
        idle = [symbolId for symbolId in symbolIds if symbolId not in self._busy]
        missing = [
            symbolId
            for symbolId in idle
            if symbolId in self._users and not self._sent.get(symbolId) and symbolId not in self._refusedIds
        ]
        surplus = [symbolId for symbolId in idle if symbolId not in self._users and symbolId in self._sent]
        return [
            Deferred.fromCoroutine(change(batch, self._login))
            for change, wanted in ((self._subscribe, missing), (self._unsubscribe, surplus))
            for batch in self._batches(wanted)
        ]

    def _batches(self, symbolIds: list[int]) -> list[list[int]]:
        self._busy.update(symbolIds)
        return [symbolIds[start : start + _MOST_AT_ONCE] for start in range(0, len(symbolIds), _MOST_AT_ONCE)]

    async def _subscribe(self, batch: list[int], login: int) -> None:
        request = ProtoOASubscribeSpotsReq(symbolId=batch, subscribeToSpotTimestamp=True)
        error = await _outcome(self._link.request(request))
        if login != self._login:
            return
        if len(batch) > 1 and isinstance(error, AlreadySo | NotFound | RequestRefused):
            # One symbol spoils the whole batch.
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                if login == self._login:
                    await self._subscribe(half, login)
            return
        self._busy.difference_update(batch)
        if error is None or isinstance(error, AlreadySo):
            self._pause = _SHORTEST_PAUSE
            self._sent.update(dict.fromkeys(batch, True))
            self._settle(batch)
        elif isinstance(error, NotFound | RequestRefused):
            self._sent.pop(batch[0], None)
            self._refusedIds.update(batch)
            self._tellRefused(batch[0], error)
        else:
            self._failed(batch, error)

    async def _unsubscribe(self, batch: list[int], login: int) -> None:
        error = await _outcome(self._link.request(ProtoOAUnsubscribeSpotsReq(symbolId=batch)))
        if login != self._login:
            return
        self._busy.difference_update(batch)
        if error is None or (isinstance(error, ServerError) and not isinstance(error, RetryLater)):
            for symbolId in batch:
                self._sent.pop(symbolId, None)
            self._settle(batch)
        else:
            self._failed(batch, error)

    def _failed(self, batch: list[int], error: CTraderError) -> None:
        if isinstance(error, NotConnected | ConnectionLost):
            # The next login brings them all.
            return
        if isinstance(error, RequestTimedOut):
            self._sent.update(dict.fromkeys(batch, False))
        hint = error.retryAfter if isinstance(error, ServerError) else None
        delay = max(self._pause, hint or 0)
        self._log.warn(
            "account {accountId}: spots of symbols {batch}: {error}; trying again in {delay:g} s",
            accountId=self._link.accountId,
            batch=batch,
            error=error,
            delay=delay,
        )
        if self._retry is None:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._retry = self._clock.callLater(delay, self._tryAgain)
        elif self._retry.getTime() < self._clock.seconds() + delay:
            self._retry.reset(delay)

    def _tryAgain(self) -> None:
        self._retry = None
        self._settle(self._users.keys() | self._sent.keys())

    async def _restoreAll(self) -> None:
        for batch in self._settle(tuple(self._users)):
            await batch

    def _restore(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._restoreAll())

    def _lost(self, reason: Failure) -> None:
        self._login += 1
        self._sent.clear()
        self._busy.clear()
        self._refusedIds.clear()
        self._pause = _SHORTEST_PAUSE
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None


def _outcome(answer: Deferred[Any]) -> Deferred[CTraderError | None]:
    return answer.addCallbacks(lambda _: None, _error)


def _error(failure: Failure) -> CTraderError | Failure:
    return failure.value if isinstance(failure.value, CTraderError) else failure
