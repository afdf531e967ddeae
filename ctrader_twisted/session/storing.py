"""
The token store as the session uses it: nobody waits for it without end, and whoever changes it has its lock.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError, CTraderError, NotConnected
from ctrader_twisted.interfaces import ITokenStore

__all__ = ["Storing"]

_PATIENCE = 30.0
_GLANCE = 0.25
_LONG = 40
_STOPPED = "the client was stopped"


class Storing:
    """
    Reads and writes the pairs of tokens, and waits for the lock and between attempts; L{stop} ends all such waits.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, store: ITokenStore) -> None:
        """
        @param clock: the reactor.
        @param store: where the pairs are.
        """
        self._clock = clock
        self._store = store
        # What a store of the user's own raises is logged once, until it works again.
        self._isBroken = False
        self._pauses: set[Deferred[None]] = set()

    async def load(self) -> tuple[TokenPair, ...]:
        """
        Read all pairs.

        @return: the pairs, none at all if nothing was stored.
        @raise ConfigurationError: if they cannot be read.
        @raise NotConnected: if the store does not answer, or fails in a way of its own.
        """
        try:
            pairs = await self._store.load().addTimeout(_PATIENCE, self._clock)
        except CTraderError:
            raise
        except TimeoutError:
            raise NotConnected(f"the token store has not answered for {_PATIENCE:g} s") from None
        except Exception as error:
            if not self._isBroken:
                self._isBroken = True
                self._log.failure("the token store has failed")
            raise NotConnected(f"the token store has failed with {type(error).__name__}") from None
        self._isBroken = False
        return pairs

    async def save(self, pairs: tuple[TokenPair, ...]) -> None:
        """
        Replace all pairs, under the lock.

        @param pairs: what to keep.
        @raise CTraderError: if that fails, in words that hold no secret.
        """
        try:
            await self._store.save(pairs).addTimeout(_PATIENCE, self._clock)
        except CTraderError:
            raise
        except Exception as error:
            # Only of our own errors it is sure that they hold no secret.
            raise ConfigurationError(f"the token store has failed with {type(error).__name__}") from None

    async def lock(self) -> None:
        """
        Get the sole right to change the pairs, however long others take.

        @raise NotConnected: if the client is stopped before.
        """
        waited = 0
        while not await self._store.tryLock():
            waited += 1
            if waited == _LONG:
                self._log.warn(
                    "another process has held the lock of the tokens for {seconds:g} s", seconds=_LONG * _GLANCE
                )
            await self.pause(_GLANCE)

    async def unlock(self) -> None:
        """
        Give the right back.
        """
        await self._store.unlock()

    async def pause(self, seconds: float) -> None:
        """
        Wait.

        @param seconds: how long.
        @raise NotConnected: if the client is stopped before.
        """
        pause: Deferred[None] = deferLater(self._clock, seconds)
        self._pauses.add(pause)
        try:
            await pause
        except CancelledError:
            raise NotConnected(_STOPPED) from None
        finally:
            self._pauses.discard(pause)

    def stop(self) -> None:
        """
        Let nobody wait any more.
        """
        for pause in tuple(self._pauses):
            pause.cancel()
