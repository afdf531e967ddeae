"""
What the server shall send: one subscription for each thing, however many use it, made again after each loss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import (
    AlreadySo,
    ConnectionLost,
    CTraderError,
    LoginNeeded,
    NotConnected,
    NotFound,
    RequestRefused,
    RequestTimedOut,
    RetryLater,
    ServerError,
)
from ctrader_twisted.market.kinds import Intake, Kind
from ctrader_twisted.market.retries import Retry
from ctrader_twisted.session.link import AccountLink

__all__ = ["Subscriptions"]

_KeyT = TypeVar("_KeyT", bound=Hashable)


class Subscriptions(Generic[_KeyT]):
    """
    Brings what the server sends in line with what is wanted.

    Each thing is settled by itself: while a request about it is under way, wishes only change what is wanted, and are
    looked at again when the answer has come. What needs another subscription holds that until it has ended itself.

    What the server refuses, or cannot do now, is tried again as long as somebody wants it.

    @ivar troubles: what is wanted and does not come, with the reason.
    """

    _log = Logger()

    def __init__(
        self,
        link: AccountLink,
        clock: IReactorTime,
        kind: Kind[_KeyT],
        changed: Callable[[], object],
        needs: Subscriptions[int] | None = None,
    ) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param kind: what kind of subscription.
        @param changed: called with nothing when what flows, or the troubles, may be others.
        @param needs: the subscriptions to symbols, if they have to be there first.
        """
        self.troubles: dict[_KeyT, CTraderError] = {}
        self._link = link
        self._kind = kind
        self._changed = changed
        self._needs = needs
        self._dependents: list[Subscriptions[Any]] = []
        self._users: Counter[_KeyT] = Counter()
        self._alive: set[_KeyT] = set()
        # What the server sends; False where that is in doubt.
        self._sent: dict[_KeyT, bool] = {}
        self._busy: set[_KeyT] = set()
        self._refused: set[_KeyT] = set()
        self._served: set[_KeyT] = set()
        # Where the server has missed the other subscription, and that was looked after.
        self._verified: set[_KeyT] = set()
        self._held = False
        # Counts the losses: an answer from before one says nothing about now.
        self._login = 0
        self._soon = Retry(clock, self._tryAgain, shortest=1.0, longest=60.0)
        self._late = Retry(clock, self._askRefused, shortest=60.0, longest=900.0)

    def start(self, intake: Intake[_KeyT]) -> None:
        """
        Begin to follow the account.

        @param intake: is told what becomes of the subscriptions.
        """
        self._intake = intake
        self._link.onLost(self._lost)
        if self._needs is not None:
            self._needs._dependents.append(self)

    def acquire(self, key: _KeyT) -> None:
        """
        Want something, once more.

        @param key: what.
        """
        self._users[key] += 1
        self._forgive(key)
        isNew = key not in self._alive
        self._alive.add(key)
        if self._needs is not None and isNew:
            self._needs.acquire(self._kind.symbolId(key))
        elif self._needs is not None:
            self._needs._askAgain(self._kind.symbolId(key))
        self._settle((key,))

    def release(self, key: _KeyT) -> None:
        """
        Want something once less.

        @param key: what was acquired before.
        """
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key]
            self._served.discard(key)
            self._forgive(key)
            self._settle((key,))

    def isWanted(self, key: _KeyT) -> bool:
        """
        @param key: what may be subscribed.
        @return: whether somebody wants it.
        """
        return key in self._users

    def flowing(self) -> list[_KeyT]:
        """
        @return: what is wanted, and what the server has agreed to send.
        """
        return [key for key in self._users if self._sent.get(key)]

    def isFlowing(self) -> bool:
        """
        @return: whether the server sends anything.
        """
        return any(self._sent.values())

    def hold(self) -> None:
        """
        Ask for nothing until L{restore}.
        """
        self._held = True

    async def restore(self) -> None:
        """
        Subscribe all that is wanted, and wait for the answers.
        """
        self._held = False
        for batch in self._settle(tuple(self._users)):
            await batch

    # Bringing it in line.

    def _settle(self, keys: Iterable[_KeyT]) -> list[Deferred[None]]:
        idle = [key for key in keys if key not in self._busy]
        missing = [key for key in idle if self._isMissing(key)]
        surplus = [key for key in idle if key not in self._users and key in self._sent]
        for key in idle:
            if key not in self._users and key not in self._sent:
                self._end(key)
        batches = [
            *((self._subscribe, batch) for batch in self._batches(missing)),
            *((self._unsubscribe, batch) for batch in self._batches(surplus)),
        ]
        return [Deferred.fromCoroutine(change(batch, self._login)) for change, batch in batches]

    def _isMissing(self, key: _KeyT) -> bool:
        if self._held or key not in self._users or self._sent.get(key) or key in self._refused:
            return False
        return self._needs is None or self._needs._sent.get(self._kind.symbolId(key), False)

    def _batches(self, keys: list[_KeyT]) -> list[list[_KeyT]]:
        self._busy.update(keys)
        most = self._kind.mostAtOnce
        return [keys[start : start + most] for start in range(0, len(keys), most)]

    def _end(self, key: _KeyT) -> None:
        if key in self._alive:
            self._alive.discard(key)
            self._intake.ends(key)
            self._changed()
            if self._needs is not None:
                self._needs.release(self._kind.symbolId(key))

    async def _subscribe(self, batch: list[_KeyT], login: int) -> None:
        for key in batch:
            if key not in self._sent:
                self._intake.begins(key)
        error = await _outcome(self._link.request(self._kind.subscribe(batch)))
        if login != self._login:
            return
        if len(batch) > 1 and (isinstance(error, AlreadySo | NotFound | RequestRefused) or _missesSpots(error)):
            # One of them spoils the whole batch.
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                if login == self._login:
                    await self._subscribe(half, login)
            return
        self._busy.difference_update(batch)
        if error is None or isinstance(error, AlreadySo):
            self._agreed(batch, anew=error is None)
        elif self._needs is not None and _missesSpots(error) and batch[0] not in self._verified:
            self._verified.add(batch[0])
            self._needs._verify(self._kind.symbolId(batch[0]))
            self._settle(batch)
        elif isinstance(error, NotFound | RequestRefused) or _missesSpots(error):
            self._refuse(batch[0], error)
        else:
            self._failed(batch, error)

    async def _unsubscribe(self, batch: list[_KeyT], login: int) -> None:
        error = await _outcome(self._link.request(self._kind.unsubscribe(batch)))
        if login != self._login:
            return
        self._busy.difference_update(batch)
        if error is None or (isinstance(error, ServerError) and not isinstance(error, RetryLater)):
            for key in batch:
                self._sent.pop(key, None)
            self._settle(batch)
        else:
            self._failed(batch, error)

    def _agreed(self, batch: list[_KeyT], *, anew: bool) -> None:
        self._soon.succeeded()
        self._sent.update(dict.fromkeys(batch, True))
        wanted = [key for key in batch if key in self._users]
        self._served.update(wanted)
        self._changed()
        for key in wanted:
            self._forgive(key)
            self._intake.flows(key)
        self._settle(batch)
        for dependents in self._dependents:
            dependents._spotsFlow({self._kind.symbolId(key) for key in batch}, anew=anew)

    # What does not go well.

    def _refuse(self, key: _KeyT, error: CTraderError) -> None:
        self._sent.pop(key, None)
        if key not in self._users:
            self._settle((key,))
            return
        self._refused.add(key)
        self._late.later()
        isNews = key not in self.troubles
        self._trouble([key], error)
        if isNews and key not in self._served:
            self._intake.refused(key, error)
        elif isNews:
            self._log.error(
                "account {accountId}: the server sends no {kind} of {key} any more, and will be asked again: {error}",
                accountId=self._link.accountId,
                kind=self._kind.name,
                key=key,
                error=error,
            )
        for dependents in self._dependents:
            dependents._spotsRefused(self._kind.symbolId(key), error)

    def _failed(self, batch: list[_KeyT], error: CTraderError) -> None:
        if isinstance(error, RequestTimedOut):
            self._sent.update(dict.fromkeys(batch, False))
        for key in batch:
            if key not in self._users and key not in self._sent:
                self._end(key)
        if isinstance(error, NotConnected | ConnectionLost):
            # The next login brings them all.
            return
        hint = error.retryAfter if isinstance(error, ServerError) else None
        delay = self._soon.later(hint or 0)
        self._log.warn(
            "account {accountId}: {kind} of {batch}: {error}; trying again in {delay:g} s",
            accountId=self._link.accountId,
            kind=self._kind.name,
            batch=batch,
            error=error,
            delay=delay,
        )
        self._trouble([key for key in batch if key in self._users], error)

    def _trouble(self, keys: list[_KeyT], error: CTraderError) -> None:
        if keys:
            self.troubles.update(dict.fromkeys(keys, error))
            self._changed()

    def _forgive(self, key: _KeyT) -> None:
        self._refused.discard(key)
        self._verified.discard(key)
        if self.troubles.pop(key, None) is not None:
            self._changed()
        if not self._refused:
            self._late.cancel()

    def _tryAgain(self) -> None:
        self._settle(self._users.keys() | self._sent.keys())

    def _askRefused(self) -> None:
        refused, self._refused = self._refused, set()
        self._verified.clear()
        self._settle(refused)

    # Between spots and what needs them.

    def _askAgain(self, symbolId: _KeyT) -> None:
        if symbolId in self._refused:
            self._forgive(symbolId)
            self._settle((symbolId,))

    def _verify(self, symbolId: _KeyT) -> None:
        """
        The server says that it does not send something that it should.
        """
        if self._sent.get(symbolId):
            self._sent[symbolId] = False
            self._settle((symbolId,))

    def _spotsFlow(self, symbolIds: set[int], *, anew: bool) -> None:
        concerned = [key for key in self._alive if self._kind.symbolId(key) in symbolIds]
        for key in concerned:
            self._refused.discard(key)
            if anew and key in self._sent:
                # What depends on spots has ended with those before.
                self._sent[key] = False
        self._settle(concerned)

    def _spotsRefused(self, symbolId: int, error: CTraderError) -> None:
        for key in [key for key in self._users if self._kind.symbolId(key) == symbolId]:
            self._refuse(key, error)

    def _lost(self, reason: Failure) -> None:
        self._login += 1
        for kept in (self._sent, self._busy, self._refused, self._verified):
            kept.clear()
        self._soon.cancel()
        self._late.cancel()
        self.troubles.clear()
        self._changed()
        self._settle([key for key in self._alive if key not in self._users])


def _missesSpots(error: CTraderError | None) -> bool:
    # Which of the two it says differs.
    if isinstance(error, LoginNeeded):
        return error.code == "NOT_SUBSCRIBED_TO_SPOTS"
    return isinstance(error, RequestRefused) and error.code == "INVALID_REQUEST"


def _outcome(answer: Deferred[Any]) -> Deferred[CTraderError | None]:
    return answer.addCallbacks(lambda _: None, _error)


def _error(failure: Failure) -> CTraderError | Failure:
    return failure.value if isinstance(failure.value, CTraderError) else failure
