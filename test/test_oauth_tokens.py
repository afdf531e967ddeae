"""
Tests of L{ctrader_twisted.oauth.tokens} and L{ctrader_twisted.oauth.rows}.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from ctrader_twisted import durable
from ctrader_twisted.blocking import Worker
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import ITokenStore
from ctrader_twisted.oauth import FileTokens, MemoryTokens
from ctrader_twisted.oauth.rows import pairsOf, textOf
from test.test_blocking import Shutdown

PAIRS = (
    TokenPair("access-one", "refresh-one", issued=1, expires=2_628_000_001, scope="trading", userId=77),
    TokenPair("access-two"),
)

_PROJECT = Path(__file__).resolve().parent.parent
_HOLD = """
import sys, time
from ctrader_twisted.oauth import FileTokens
FileTokens(sys.argv[1]).tryLock().addCallback(print, flush=True)
time.sleep(600)
"""

_words = st.text(min_size=1)
_numbers = st.none() | st.integers()
_pairs = st.lists(
    st.builds(
        TokenPair,
        _words,
        st.none() | _words,
        issued=_numbers,
        expires=_numbers,
        scope=st.none() | st.text(),
        userId=_numbers,
    )
).map(tuple)


class RowsTests(SynchronousTestCase):
    """
    Pairs as text.
    """

    @given(_pairs)
    def test_roundTrip(self, pairs: tuple[TokenPair, ...]) -> None:
        """
        What is written down is read again.
        """
        self.assertEqual(pairsOf(textOf(pairs)), pairs)
        self.assertEqual(pairsOf(textOf(pairs).encode()), pairs)

    def test_brief(self) -> None:
        """
        What is not known is left out.
        """
        self.assertEqual(json.loads(textOf(PAIRS[1:])), {"tokens": [{"accessToken": "access-two"}]})

    def test_old(self) -> None:
        """
        What earlier versions have written is read.
        """
        text = '{"tokens": [{"accessToken": "a", "refreshToken": null}, {"accessToken": "b", "refreshToken": "c"}]}'
        self.assertEqual(pairsOf(text), (TokenPair("a"), TokenPair("b", "c")))

    def test_refused(self) -> None:
        """
        What is something else is refused, and no piece of it is shown.
        """
        for text in (
            '{"tokens": [{"accessToken": "s3cret',
            '{"tokens": [{"accessToken": 5}]}',
            '{"tokens": [{"accessToken": ""}]}',
            '{"tokens": [{"refreshToken": "s3cret"}]}',
            '{"tokens": [{"accessToken": "s3cret", "refreshToken": ["s3cret"]}]}',
            '{"tokens": [{"accessToken": "s3cret", "issued": "1"}]}',
            '{"tokens": [{"accessToken": "s3cret", "issued": true}]}',
            '{"tokens": [{"accessToken": "s3cret", "expires": 1.5}]}',
            '{"tokens": [{"accessToken": "s3cret", "scope": 1}]}',
            '{"tokens": [{"accessToken": "s3cret", "userId": "s3cret"}]}',
            '{"tokens": [["s3cret"]]}',
            '{"tokens": "s3cret"}',
            '{"tokens": [{"accessToken": ' + "[" * 100_000,
            '{"tokens": 5}',
            '{"s3cret": 1}',
            '["s3cret"]',
            "s3cret",
            "",
            b"\xffs3cret",
        ):
            error = self.assertRaises(ValueError, pairsOf, text)
            self.assertNotIn("s3cret", str(error))


class MemoryTokensTests(SynchronousTestCase):
    """
    Tokens in memory.
    """

    def test_keeps(self) -> None:
        """
        What is saved replaces what was there.
        """
        store = MemoryTokens(PAIRS[0])
        verifyObject(ITokenStore, store)
        self.assertEqual(self.successResultOf(store.load()), PAIRS[:1])
        self.successResultOf(store.save(PAIRS))
        self.assertEqual(self.successResultOf(store.load()), PAIRS)

    def test_lock(self) -> None:
        """
        Only one has the right to change them.
        """
        store = MemoryTokens()
        self.assertTrue(self.successResultOf(store.tryLock()))
        self.assertFalse(self.successResultOf(store.tryLock()))
        self.successResultOf(store.unlock())
        self.failureResultOf(store.unlock(), AssertionError)
        self.assertTrue(self.successResultOf(store.tryLock()))


class FileTokensTests(SynchronousTestCase):
    """
    Tokens in a file.
    """

    def setUp(self) -> None:
        """
        Choose a file.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "tokens.json"
        self.store = FileTokens(self.path)

    def refused(self) -> str:
        """
        @return: the words with which reading is refused.
        """
        return str(self.failureResultOf(self.store.load(), ConfigurationError).value)

    def test_roundTrip(self) -> None:
        """
        What is saved is read again, by another object too; the folder holds nothing else.
        """
        verifyObject(ITokenStore, self.store)
        self.successResultOf(self.store.save(PAIRS[:1]))
        self.successResultOf(self.store.save(PAIRS))
        self.assertEqual(self.successResultOf(FileTokens(str(self.path)).load()), PAIRS)
        self.assertEqual(os.listdir(self.path.parent), ["tokens.json"])

    def test_private(self) -> None:
        """
        The file is its owner's alone, and one that others can read is refused with the remedy.
        """
        self.successResultOf(self.store.save(PAIRS))
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.path.chmod(0o640)
        self.addCleanup(self.path.chmod, 0o600)
        self.assertIn("chmod 600", self.refused())

    if os.name != "posix":
        test_private.skip = "this system keeps no such permissions"  # type: ignore[attr-defined]

    def test_missing(self) -> None:
        """
        A file that is not there yet holds no pairs.
        """
        self.assertEqual(self.successResultOf(self.store.load()), ())

    def test_unreadable(self) -> None:
        """
        A file that cannot be read is told by its name.
        """
        self.path.mkdir()
        self.assertEqual(self.refused(), f"the tokens in {self.path.absolute()} cannot be read: Is a directory")

    def test_damaged(self) -> None:
        """
        A damaged file is refused, and no piece of it is shown.
        """
        self.path.touch(0o600)
        self.path.write_text('{"tokens": [{"accessToken": "s3cret')
        self.assertEqual(self.refused(), f"{self.path.absolute()} is no token file: it is damaged, or something else")

    def test_failedSave(self) -> None:
        """
        A save that fails leaves the old pairs, and no scratch file.
        """
        self.successResultOf(self.store.save(PAIRS[:1]))
        self.patch(os, "replace", lambda *_: 1 / 0)
        self.failureResultOf(self.store.save(PAIRS), ZeroDivisionError)
        self.assertEqual(self.successResultOf(self.store.load()), PAIRS[:1])
        self.assertEqual(os.listdir(self.path.parent), ["tokens.json"])

    def test_nowhere(self) -> None:
        """
        Without a folder, tokens can be neither stored nor locked, and that is told.
        """
        store = FileTokens(self.path / "below")
        self.assertIn("cannot be stored in", str(self.failureResultOf(store.save(PAIRS), ConfigurationError).value))
        self.assertIn("cannot be locked with", str(self.failureResultOf(store.tryLock(), ConfigurationError).value))

    def test_openFolder(self) -> None:
        """
        Where others could read the file, the pairs are not written.
        """
        self.patch(durable, "isPrivate", lambda descriptor: False)
        words = str(self.failureResultOf(self.store.save(PAIRS), ConfigurationError).value)
        self.assertTrue(words.endswith("tokens.json: others can read what is in its folder"), words)
        self.assertEqual(os.listdir(self.path.parent), [])

    def test_elsewhere(self) -> None:
        """
        The file stays the same when the process changes its working directory.
        """
        self.addCleanup(os.chdir, os.getcwd())
        store = FileTokens(os.path.relpath(self.path))
        os.chdir(self.path.parent)
        self.successResultOf(store.save(PAIRS))
        self.assertEqual(self.successResultOf(self.store.load()), PAIRS)

    def test_lock(self) -> None:
        """
        Only one user of the file has the right to change it, be it of this object or of another one. The file of the
        lock stays, and is never another one.
        """
        other = FileTokens(self.path)
        self.assertTrue(self.successResultOf(self.store.tryLock()))
        lockFile = self.path.with_name("tokens.json.lock")
        first = lockFile.stat().st_ino
        self.assertFalse(self.successResultOf(self.store.tryLock()))
        self.assertFalse(self.successResultOf(other.tryLock()))
        self.failureResultOf(other.unlock(), AssertionError)
        self.successResultOf(self.store.save(PAIRS))
        self.successResultOf(self.store.unlock())
        self.assertTrue(self.successResultOf(other.tryLock()))
        self.assertFalse(self.successResultOf(self.store.tryLock()))
        self.successResultOf(other.unlock())
        self.assertEqual(lockFile.stat().st_ino, first)
        self.failureResultOf(other.unlock(), AssertionError)

    def test_link(self) -> None:
        """
        Behind a link is the file itself: there is one lock for both names, and what is saved by one is read by the
        other. So two processes never renew one pair.
        """
        self.path.parent.joinpath("links").mkdir()
        link = self.path.parent / "links" / "mine.json"
        link.symlink_to("../tokens.json")
        other = FileTokens(link)
        self.assertTrue(self.successResultOf(self.store.tryLock()))
        self.assertFalse(self.successResultOf(other.tryLock()))
        self.successResultOf(self.store.unlock())
        self.assertTrue(self.successResultOf(other.tryLock()))
        self.successResultOf(other.save(PAIRS))
        self.assertEqual(self.successResultOf(self.store.load()), PAIRS)
        self.assertTrue(link.is_symlink())
        self.assertEqual(os.listdir(link.parent), ["mine.json"])

    def test_killedHolder(self) -> None:
        """
        The right of a process that is killed is free again.
        """
        command = [sys.executable, "-c", _HOLD, str(self.path.absolute())]
        with subprocess.Popen(command, cwd=_PROJECT, stdout=subprocess.PIPE, text=True) as holder:
            try:
                assert holder.stdout is not None
                self.assertEqual(holder.stdout.readline().strip(), "True")
                self.assertFalse(self.successResultOf(self.store.tryLock()))
            finally:
                holder.kill()
        self.assertTrue(self.successResultOf(self.store.tryLock()))

    def test_leftovers(self) -> None:
        """
        What a killed process has left is removed by the next one that has the lock; without it, it could be in use.
        """
        left = self.path.with_name("tokens.json.12345678.new")
        left.touch()
        self.successResultOf(self.store.save(PAIRS))
        self.assertTrue(left.exists())
        self.assertTrue(self.successResultOf(self.store.tryLock()))
        self.successResultOf(self.store.save(PAIRS))
        self.assertEqual(sorted(os.listdir(self.path.parent)), ["tokens.json", "tokens.json.lock"])

    def test_repr(self) -> None:
        """
        A pair does not show its tokens.
        """
        self.assertNotIn("access", repr(PAIRS[0]).replace("accessToken", ""))


class WorkerTests(TestCase):
    """
    Tokens in a file, with a thread that waits for the disk.
    """

    def test_stored(self) -> Deferred[None]:
        """
        What was saved is on disk when that is told, and the lock is held when that is.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        shutdown = Shutdown(cast(Any, reactor).callFromThread)
        self.addCleanup(shutdown.end)
        store, other = FileTokens(folder / "tokens.json", Worker(shutdown)), FileTokens(folder / "tokens.json")

        async def main() -> None:
            self.assertTrue(await store.tryLock())
            self.assertFalse(await store.tryLock())
            self.assertFalse(await other.tryLock())
            await store.save(PAIRS)
            self.assertEqual(await other.load(), PAIRS)
            self.assertEqual(await store.load(), PAIRS)
            await store.unlock()
            self.assertTrue(await other.tryLock())

        return Deferred.fromCoroutine(main())
