"""
Token stores: in memory, and in a file that nobody else can read.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.defer import Deferred, execute, succeed
from zope.interface import implementer

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.durable import removeScratch, replaceDurably
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import ITokenStore, RunBlocking
from ctrader_twisted.oauth.locking import LockedTokens
from ctrader_twisted.oauth.rows import pairsOf, textOf
from ctrader_twisted.private import readPrivate

__all__ = ["FileTokens", "MemoryTokens"]


@implementer(ITokenStore)
class MemoryTokens:
    """
    Tokens that are gone when the process ends.
    """

    def __init__(self, *pairs: TokenPair) -> None:
        """
        @param pairs: what to begin with.
        """
        self._pairs = pairs
        self._isLocked = False

    def load(self) -> Deferred[tuple[TokenPair, ...]]:
        """
        @see: L{ITokenStore.load}
        """
        return succeed(self._pairs)

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        @see: L{ITokenStore.save}
        """
        self._pairs = pairs
        return succeed(None)

    def tryLock(self) -> Deferred[bool]:
        """
        @see: L{ITokenStore.tryLock}
        """
        wasFree, self._isLocked = not self._isLocked, True
        return succeed(wasFree)

    def unlock(self) -> Deferred[None]:
        """
        @see: L{ITokenStore.unlock}
        """
        return execute(self._unlock)

    def _unlock(self) -> None:
        assert self._isLocked, "the tokens are unlocked by somebody who has not locked them"
        self._isLocked = False


@implementer(ITokenStore)
class FileTokens(LockedTokens):
    """
    Tokens in a JSON file that only its owner may read: C{{"tokens": [{"accessToken": ..., "refreshToken": ...}]}}. A
    file beside it, with C{.lock} added to its name, keeps processes from changing it at the same time. A link to the
    file is as good as the file.
    """

    def __init__(self, path: str | os.PathLike[str], runBlocking: RunBlocking = execute) -> None:
        """
        @param path: the file. It need not exist before the first L{save}.
        @param runBlocking: how to wait for the disk; a daemon gives a L{ctrader_twisted.blocking.Worker}.
        """
        # Daemons change their working directory. And who comes by a link must lock what others come to without it.
        self._path = Path(os.path.realpath(path))
        super().__init__(self._path.with_name(f"{self._path.name}.lock"), runBlocking)

    def load(self) -> Deferred[tuple[TokenPair, ...]]:
        """
        @see: L{ITokenStore.load}
        """
        return self._runBlocking(self._read)

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        @see: L{ITokenStore.save}
        """
        return self._runBlocking(self._write, pairs)

    def _read(self) -> tuple[TokenPair, ...]:
        try:
            return pairsOf(readPrivate(self._path))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise ConfigurationError(f"the tokens in {self._path} cannot be read: {error.strerror}") from error
        except ValueError:
            raise ConfigurationError(f"{self._path} is no token file: it is damaged, or something else") from None

    def _write(self, pairs: tuple[TokenPair, ...]) -> None:
        try:
            # Without the lock, it could be what another process is writing now.
            if self._lock.isHeld:
                removeScratch(self._path)
            replaceDurably(self._path, textOf(pairs).encode(), isSecret=True)
        except OSError as error:
            raise ConfigurationError(f"the tokens cannot be stored in {self._path}: {error.strerror}") from error
