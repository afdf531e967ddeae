"""
A token store in the keyring of the system.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from attrs import asdict, field, frozen
from attrs.validators import instance_of
from twisted.internet.defer import Deferred
from zope.interface import implementer

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import ITokenStore, RunBlocking
from ctrader_twisted.oauth.locking import LockedTokens
from ctrader_twisted.oauth.rows import pairsOf, textOf

__all__ = ["KeyringTokens"]

# Windows gives an entry 2,560 bytes, and each character takes two of them.
_ROOM = 1_000
_ATTEMPTS = 5
_INSTEAD = "or keep the tokens in a file"


@implementer(ITokenStore)
class KeyringTokens(LockedTokens):
    """
    Tokens in the keyring of the system: Windows Credential Manager, macOS Keychain, Secret Service.

    An entry of a keyring has no room for many tokens, and on macOS it is removed before it is replaced. So there are
    two slots, each of numbered chunks and of a head, which is written last and says what the chunks are. Whoever reads
    takes the newest slot that is whole. Whoever writes fills the other one, and then empties the old one.
    """

    def __init__(self, name: str, lockFile: str | os.PathLike[str], runBlocking: RunBlocking) -> None:
        """
        @param name: tells these tokens from others in the keyring.
        @param lockFile: a file that is there for nothing else, the same one for all who use the name.
        @param runBlocking: how to wait for the keyring, which may ask its user first; a daemon gives a
            L{ctrader_twisted.blocking.Worker}.
        """
        super().__init__(Path(lockFile).absolute(), runBlocking)
        self._slots = (_Slot(name, "a"), _Slot(name, "b"))

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
        # While another process saves, what was not yet in one slot may be no more in the other.
        for _ in range(_ATTEMPTS):
            found = self._newest()
            if found is not None:
                return found.pairs
        if any(slot.isUsed() for slot in self._slots):
            raise ConfigurationError("the tokens in the keyring are damaged; log in again")
        return ()

    def _write(self, pairs: tuple[TokenPair, ...]) -> None:
        text = textOf(pairs)
        found = self._newest()
        old, new = self._slots if found is None or found.slot is self._slots[0] else self._slots[::-1]
        new.empty()
        new.fill(text, 1 if found is None else found.serial + 1)
        if new.read() is None:
            raise ConfigurationError(f"the keyring does not keep what it is given; choose another one, {_INSTEAD}")
        old.empty()

    def _newest(self) -> _Found | None:
        found = [each for each in (slot.read() for slot in self._slots) if each is not None]
        return max(found, key=lambda each: each.serial, default=None)


@frozen
class _Head:
    """
    What a slot holds.

    @ivar serial: counts the saves.
    @ivar count: how many chunks there are.
    @ivar digest: tells their text from any other.
    """

    serial: int = field(validator=instance_of(int))
    count: int = field(validator=instance_of(int))
    digest: str


class _Found(NamedTuple):
    """
    A slot that is whole.
    """

    slot: _Slot
    serial: int
    pairs: tuple[TokenPair, ...]


class _Slot:
    """
    One of two places in the keyring for the same thing.
    """

    def __init__(self, name: str, letter: str) -> None:
        self._name = name
        self._letter = letter

    def isUsed(self) -> bool:
        """
        @return: whether there is a head, whatever it says.
        """
        return self._get("head") is not None

    def read(self) -> _Found | None:
        """
        @return: what is there, if it is whole.
        """
        try:
            head = _Head(**json.loads(self._get("head") or ""))
            text = "".join(self._get(place) or "" for place in range(head.count))
            return _Found(self, head.serial, pairsOf(text)) if head.digest == _digest(text) else None
        except (ValueError, TypeError):
            return None

    def fill(self, text: str, serial: int) -> None:
        """
        Write what cannot be read before all of it is written.

        @param text: what to keep.
        @param serial: counts the saves.
        """
        chunks = [text[start : start + _ROOM] for start in range(0, len(text), _ROOM)]
        for place, chunk in enumerate(chunks):
            self._do("set_password", place, chunk)
        head = _Head(serial, len(chunks), _digest(text))
        self._do("set_password", "head", json.dumps(asdict(head)))

    def empty(self) -> None:
        """
        Remove everything; the last chunk first, so that those which a crash leaves are found by counting.
        """
        if self.isUsed():
            self._do("delete_password", "head")
        count = 0
        while self._get(count) is not None:
            count += 1
        for place in reversed(range(count)):
            self._do("delete_password", place)

    def _get(self, part: str | int) -> str | None:
        found: str | None = self._do("get_password", part)
        return found

    def _do(self, what: str, part: str | int, *values: str) -> Any:
        # A service of its own for each entry: on Windows, those of one service are moved about when one of them is set,
        # and two processes that do so at the same time lose some.
        return _keyring(what)(f"ctrader_twisted/{self._name}/{self._letter}/{part}", self._name, *values)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _keyring(what: str) -> Callable[..., Any]:
    """
    Find a function of the keyring, that fails in words for the operator.
    """
    try:
        import keyring
        from keyring.errors import KeyringLocked, NoKeyringError
    except ImportError:
        words = f"keyring is not installed, which keeps the tokens; pip install keyring, {_INSTEAD}"
        raise ConfigurationError(words) from None

    def called(*values: str) -> Any:
        try:
            return getattr(keyring, what)(*values)
        except NoKeyringError:
            raise ConfigurationError(f"this system has no keyring; install one, {_INSTEAD}") from None
        except KeyringLocked:
            raise ConfigurationError(f"the keyring is locked; unlock it, {_INSTEAD}") from None
        except Exception as error:
            # Each system has errors of its own. Their texts stay here, since they may hold what was to be kept.
            words = f"the keyring refuses {what} ({type(error).__name__}); look into it, {_INSTEAD}"
            raise ConfigurationError(words) from None

    return called
