"""
The sole right to change stored tokens.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred

from ctrader_twisted.durable import FileLock
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import RunBlocking

__all__ = ["LockedTokens"]


class LockedTokens:
    """
    The half of a token store that a lock on a file does.
    """

    def __init__(self, lockFile: Path, runBlocking: RunBlocking) -> None:
        """
        @param lockFile: a file that is there for nothing else.
        @param runBlocking: how to wait for the disk.
        """
        self._lockFile = lockFile
        self._lock = FileLock(lockFile)
        self._runBlocking = runBlocking

    def tryLock(self) -> Deferred[bool]:
        """
        @see: L{ctrader_twisted.interfaces.ITokenStore.tryLock}
        """
        return self._runBlocking(self._acquire)

    def unlock(self) -> Deferred[None]:
        """
        @see: L{ctrader_twisted.interfaces.ITokenStore.unlock}
        """
        return self._runBlocking(self._release)

    def _acquire(self) -> bool:
        try:
            return self._lock.acquire()
        except OSError as error:
            raise ConfigurationError(f"the tokens cannot be locked with {self._lockFile}: {error.strerror}") from error

    def _release(self) -> None:
        assert self._lock.isHeld, "the tokens are unlocked by somebody who has not locked them"
        self._lock.release()
