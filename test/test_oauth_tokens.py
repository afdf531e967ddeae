"""
Tests of L{ctrader_twisted.oauth.tokens}.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.interfaces import ITokenStore, TokenPair
from ctrader_twisted.oauth import FileTokens, MemoryTokens

PAIRS = (TokenPair("access-one", "refresh-one"), TokenPair("access-two"))


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
        self.assertIn("chmod 600", self.refused())

    if os.name != "posix":
        test_private.skip = "this system keeps no such permissions"  # type: ignore[attr-defined]

    def test_missing(self) -> None:
        """
        A missing file is told by its name.
        """
        self.assertIn(str(self.path), self.refused())

    def test_damaged(self) -> None:
        """
        A damaged file is refused, and no piece of it is shown.
        """
        for text in ('{"tokens": [{"accessToken": "s3cret', '{"tokens": [{"accessToken": 5}]}', "[]", '{"s3cret": 1}'):
            self.path.touch(0o600)
            self.path.chmod(0o600)
            self.path.write_text(text)
            words = self.refused()
            self.assertIn("no token file", words)
            self.assertNotIn("s3cret", words)

    def test_failedSave(self) -> None:
        """
        A save that fails leaves the old pairs, and no scratch file.
        """
        self.successResultOf(self.store.save(PAIRS[:1]))
        self.patch(os, "replace", lambda *_: 1 / 0)
        self.failureResultOf(self.store.save(PAIRS), ZeroDivisionError)
        self.assertEqual(self.successResultOf(self.store.load()), PAIRS[:1])
        self.assertEqual(os.listdir(self.path.parent), ["tokens.json"])

    def test_repr(self) -> None:
        """
        A pair does not show its tokens.
        """
        self.assertNotIn("access", repr(PAIRS[0]).replace("accessToken", ""))
