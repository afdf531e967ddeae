"""
Changing stored tokens, one process at a time.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import TokensBusy
from ctrader_twisted.interfaces import ITokenStore

__all__ = ["changeTokens"]

_PAUSE = 0.1


async def changeTokens(
    store: ITokenStore,
    clock: IReactorTime,
    change: Callable[[tuple[TokenPair, ...]], tuple[TokenPair, ...]],
    *,
    patience: float = 30.0,
) -> tuple[TokenPair, ...]:
    """
    Change the pairs in a store, while nobody else does.

    @param store: the store.
    @param clock: the reactor.
    @param change: makes the new pairs out of the stored ones.
    @param patience: how many seconds to wait for others who are changing them.
    @return: the new pairs, which are stored now.
    @raise TokensBusy: if the others take longer.
    @raise ConfigurationError: if the pairs cannot be read, locked or stored.
    """
    await _lock(store, clock, patience)
    try:
        pairs = change(await store.load())
        await store.save(pairs)
    finally:
        await store.unlock()
    return pairs


async def _lock(store: ITokenStore, clock: IReactorTime, patience: float) -> None:
    end = clock.seconds() + patience
    while not await _tryLock(store):
        if clock.seconds() >= end:
            raise TokensBusy(f"another process has been changing the stored tokens for {patience:g} s")
        await deferLater(clock, _PAUSE)


def _tryLock(store: ITokenStore) -> Deferred[bool]:
    """
    Try to get the lock. A thread that does it is not stopped by a cancellation: what it gets then is given back.
    """
    waiting: Deferred[bool] = Deferred()

    def answered(isOurs: bool) -> Deferred[None] | None:
        if not waiting.called:
            waiting.callback(isOurs)
        elif isOurs:
            return store.unlock()
        return None

    def failed(failure: Failure) -> None:
        if not waiting.called:
            waiting.errback(failure)

    store.tryLock().addCallbacks(answered, failed)
    return waiting
