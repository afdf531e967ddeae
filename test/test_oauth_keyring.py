"""
Tests of L{ctrader_twisted.oauth.keyring}.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError
from twisted.internet.defer import execute
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.oauth import KeyringTokens

# What Windows has room for.
LIMIT = 2_560

OLD = tuple(TokenPair(f"old-access-{each}-" + "x" * 700, f"old-refresh-{each}", userId=each) for each in range(4))
NEW = tuple(TokenPair(f"new-access-{each}-" + "y" * 700, f"new-refresh-{each}", userId=each) for each in range(3))


class Killed(BaseException):
    """
    The process is no more.
    """


class Entries(KeyringBackend):
    """
    A keyring with the limit of Windows, which replaces in two steps, as macOS does.

    @ivar entries: what it holds.
    @ivar steps: counts what it has done, and the looks into it.
    @ivar killAfter: the number of the step after which the process is killed.
    @ivar watch: called with the number of each step.
    """

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.steps = 0
        self.killAfter = 0
        self.watch: Callable[[int], None] = lambda step: None

    def get_password(self, service: str, username: str) -> str | None:
        """
        @return: an entry.
        """
        found = self.entries.get((service, username))
        self._step()
        return found

    def set_password(self, service: str, username: str, password: str) -> None:
        """
        Replace an entry.
        """
        if len(password.encode("utf-16-le")) > LIMIT:
            raise PasswordSetError(f"{password} is too long")
        if self.entries.pop((service, username), None) is not None:
            self._step()
        self.entries[service, username] = password
        self._step()

    def delete_password(self, service: str, username: str) -> None:
        """
        Remove an entry.
        """
        if (service, username) not in self.entries:
            raise PasswordDeleteError(service)
        del self.entries[service, username]
        self._step()

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self.killAfter:
            raise Killed
        self.watch(self.steps)


class KeyringCase(SynchronousTestCase):
    """
    A keyring for one test.
    """

    def setUp(self) -> None:
        """
        Replace the keyring of this system.
        """
        self.addCleanup(keyring.set_keyring, keyring.get_keyring())
        self.entries = Entries()
        keyring.set_keyring(self.entries)
        self.lockFile = Path(self.mktemp())
        self.store = self.another()

    def another(self, name: str = "demo") -> KeyringTokens:
        """
        @param name: the name of the tokens.
        @return: a store as another process has it.
        """
        return KeyringTokens(name, self.lockFile, execute)

    def loaded(self) -> tuple[TokenPair, ...]:
        """
        @return: what another process reads.
        """
        return self.successResultOf(self.another().load())

    def saved(self, pairs: tuple[TokenPair, ...]) -> bool:
        """
        Save as another process does, and look for remains of what was there before.

        @param pairs: what to save.
        @return: L{True}.
        """
        self.successResultOf(self.another().save(pairs))
        entries = "".join(self.entries.entries.values())
        remains = [pair for pair in {*OLD, *NEW} - {*pairs} if pair.accessToken.reveal()[:20] in entries]
        self.assertEqual((self.loaded(), remains), (pairs, []))
        return True


class StoreTests(KeyringCase):
    """
    What is kept.
    """

    def test_roundTrip(self) -> None:
        """
        What is saved replaces what was there, however often, and of that nothing is left.
        """
        verifyObject(ITokenStore, self.store)
        self.assertEqual(self.loaded(), ())
        for pairs in (OLD, NEW, OLD, OLD[:1], ()):
            self.saved(pairs)

    def test_names(self) -> None:
        """
        Tokens of different names do not meet.
        """
        self.successResultOf(self.store.save(OLD))
        other = self.another("live")
        self.successResultOf(other.save(NEW))
        self.assertEqual(self.loaded(), OLD)
        self.assertEqual(self.successResultOf(other.load()), NEW)

    def test_services(self) -> None:
        """
        No two entries are of one service: on Windows, such ones are moved when one of them is set.
        """
        self.successResultOf(self.store.save(OLD))
        services = [service for service, _ in self.entries.entries]
        self.assertEqual(len(services), len(set(services)))
        self.assertGreater(len(services), 3)

    def test_lock(self) -> None:
        """
        One process at a time has the right to change them.
        """
        other = self.another()
        self.assertTrue(self.successResultOf(self.store.tryLock()))
        self.assertFalse(self.successResultOf(other.tryLock()))
        self.successResultOf(self.store.unlock())
        self.assertTrue(self.successResultOf(other.tryLock()))
        self.successResultOf(other.unlock())


class KilledTests(KeyringCase):
    """
    Processes that end while they save.
    """

    def kill(self, pairs: tuple[TokenPair, ...], step: int) -> bool:
        """
        Save, and end after a step.

        @return: whether that happened before all was saved.
        """
        self.entries.steps, self.entries.killAfter = 0, step
        killed: list[Failure] = []
        self.another().save(pairs).addErrback(killed.append)
        self.entries.killAfter = 0
        return any(each.check(Killed) for each in killed)

    def test_everyStep(self) -> None:
        """
        After each step the old pairs or the new ones are read, whole; the new ones as soon as all of them are there,
        and from then on. The next save leaves nothing of what was left lying.
        """
        step, wasNew = 1, False
        while self.saved(OLD[:1]) and self.saved(OLD) and self.kill(NEW, step):
            found = self.loaded()
            heads = [service for service, _ in self.entries.entries if service.endswith("/head")]
            self.assertIn(found, (NEW,) if wasNew or len(heads) == 2 else (OLD, NEW), f"step {step}")
            wasNew = found == NEW
            step += 1
        self.assertTrue(wasNew)
        self.assertGreater(step, 20)

    def test_twice(self) -> None:
        """
        So it is if the next save is killed, too.
        """
        for first in range(1, 60, 3):
            for second in range(1, 60, 7):
                self.successResultOf(self.another().save(OLD))
                self.kill(NEW, first)
                before = self.loaded()
                self.kill(NEW[:1], second)
                self.assertIn(self.loaded(), (before, NEW[:1]), (first, second))

    def test_meanwhile(self) -> None:
        """
        Who reads while another process saves finds the old pairs or the new ones, whole, at whichever step that
        happens.
        """
        for step in range(1, 12):
            self.successResultOf(self.another().save(OLD))

            def save(now: int, step: int = step) -> None:
                if now == step:
                    self.successResultOf(self.another().save(NEW))

            self.entries.steps, self.entries.watch = 0, save
            self.assertIn(self.loaded(), (OLD, NEW), step)
            self.entries.watch = lambda step: None


class RefusalTests(KeyringCase):
    """
    What cannot be used is told in words for the operator.
    """

    def refused(self) -> str:
        """
        @return: the words with which both reading and writing fail.
        """
        words = str(self.failureResultOf(self.store.load(), ConfigurationError).value)
        self.assertEqual(str(self.failureResultOf(self.store.save(OLD), ConfigurationError).value), words)
        return words

    def test_notInstalled(self) -> None:
        """
        The package is an extra.
        """
        with patch.dict(sys.modules, {"keyring": None}):
            self.assertIn("pip install keyring, or keep the tokens in a file", self.refused())

    def test_noBackend(self) -> None:
        """
        Not each system has a keyring.
        """
        keyring.set_keyring(fail.Keyring())
        self.assertEqual(self.refused(), "this system has no keyring; install one, or keep the tokens in a file")

    def test_locked(self) -> None:
        """
        Its user may not want to open it.
        """

        def locked(step: int) -> None:
            raise KeyringLocked("no")

        self.entries.watch = locked
        self.assertEqual(self.refused(), "the keyring is locked; unlock it, or keep the tokens in a file")

    def test_refuses(self) -> None:
        """
        Whatever else it raises is told by its name only.
        """
        self.patch(self.entries, "set_password", lambda service, username, password: {}[password])
        failure = self.failureResultOf(self.store.save(OLD), ConfigurationError)
        words = str(failure.value)
        self.assertNotIn("access", f"{failure.getTraceback()} {''.join(traceback.format_exception(failure.value))}")
        self.assertEqual(
            words, "the keyring refuses set_password (KeyError); look into it, or keep the tokens in a file"
        )

    def test_keepsNothing(self) -> None:
        """
        A keyring that forgets is noticed.
        """
        keyring.set_keyring(null.Keyring())
        words = str(self.failureResultOf(self.store.save(OLD), ConfigurationError).value)
        self.assertIn("does not keep what it is given", words)

    def test_damaged(self) -> None:
        """
        What is there and cannot be understood is told, and replaced by the next save.
        """
        self.successResultOf(self.store.save(OLD))
        for name in ("head", "1"):
            for text in ("text", "[]", "{}", '{"serial": 1, "count": "1", "digest": ""}'):
                (entry,) = (each for each in self.entries.entries if each[0].endswith(f"/{name}"))
                self.entries.entries[entry] = text
                words = str(self.failureResultOf(self.store.load(), ConfigurationError).value)
                self.assertEqual(words, "the tokens in the keyring are damaged; log in again")
                self.successResultOf(self.store.save(OLD))
                self.assertEqual(self.loaded(), OLD)
