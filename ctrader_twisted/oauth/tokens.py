"""
Token stores: in memory, and in a file that nobody else can read.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from twisted.internet.defer import Deferred, execute, succeed
from zope.interface import implementer

from ctrader_twisted.durable import replaceDurably
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import ITokenStore, TokenPair

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


@implementer(ITokenStore)
class FileTokens:
    """
    Tokens in a JSON file that only its owner may read: C{{"tokens": [{"accessToken": ..., "refreshToken": ...}]}}.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """
        @param path: the file. It need not exist before the first L{save}.
        """
        self._path = Path(path)

    def load(self) -> Deferred[tuple[TokenPair, ...]]:
        """
        @see: L{ITokenStore.load}
        """
        return execute(self._read)

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        @see: L{ITokenStore.save}
        """
        return execute(self._write, pairs)

    def _read(self) -> tuple[TokenPair, ...]:
        try:
            with self._path.open(encoding="utf-8") as file:
                # Windows keeps no such bits; there the folder's access list protects the file.
                if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise ConfigurationError(f"{self._path} can be read by others; make it private with chmod 600")
                rows = json.load(file)["tokens"]
            return tuple(_pair(row) for row in rows)
        except OSError as error:
            raise ConfigurationError(f"the tokens in {self._path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError):
            # The text of the original error can hold a piece of a token.
            raise ConfigurationError(f"{self._path} is no token file: it is damaged, or something else") from None

    def _write(self, pairs: tuple[TokenPair, ...]) -> None:
        text = json.dumps({"tokens": [_row(pair) for pair in pairs]}, indent=1)
        try:
            replaceDurably(self._path, text.encode())
        except OSError as error:
            raise ConfigurationError(f"the tokens cannot be stored in {self._path}: {error.strerror}") from error


def _pair(row: dict[str, str | None]) -> TokenPair:
    access, refresh = row["accessToken"], row.get("refreshToken")
    if not isinstance(access, str) or not isinstance(refresh, str | None):
        raise TypeError
    return TokenPair(access, refresh)


def _row(pair: TokenPair) -> dict[str, str | None]:
    return {
        "accessToken": pair.accessToken.reveal(),
        "refreshToken": None if pair.refreshToken is None else pair.refreshToken.reveal(),
    }
