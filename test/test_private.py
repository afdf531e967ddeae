"""
Tests of L{ctrader_twisted.private}.
"""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.private import isPrivate, othersCanRead, readPrivate

ME = "S-1-5-21-1004336348-1177238915-682003330-1001"
YOU = "S-1-5-21-1004336348-1177238915-682003330-1002"


class ReadTests(SynchronousTestCase):
    """
    Files on POSIX.
    """

    if os.name != "posix":
        skip = "files have no permission bits here"

    def setUp(self) -> None:
        """
        Write a file.
        """
        self.path = Path(self.mktemp())
        self.path.write_bytes(b"content\xff")

    def refused(self) -> str:
        """
        @return: the words with which the file is refused, without its name.
        """
        sentence = str(self.assertRaises(ConfigurationError, readPrivate, self.path))
        self.assertTrue(sentence.startswith(f"{self.path} "), sentence)
        return sentence.removeprefix(f"{self.path} ")

    def test_private(self) -> None:
        """
        What is its owner's alone is read as it is.
        """
        for mode in (0o600, 0o400, 0o700):
            self.path.chmod(mode)
            self.assertEqual(readPrivate(str(self.path)), b"content\xff")

    def test_others(self) -> None:
        """
        What anybody else may do anything with is refused, with the remedy.
        """
        for bit in range(6):
            self.path.chmod(0o600 | 1 << bit)
            self.assertEqual(self.refused(), "can be read by others; make it private with chmod 600")

    def test_owner(self) -> None:
        """
        A file of another user is refused, unless it is the administrator who reads it.
        """
        self.path.chmod(0o600)
        owner = self.path.stat().st_uid
        self.patch(os, "geteuid", lambda: owner + 1)
        self.assertEqual(self.refused(), "belongs to another user, who can read it; make it your own with chown")
        self.patch(os, "geteuid", lambda: 0)
        self.assertEqual(readPrivate(self.path), b"content\xff")

    def test_descriptor(self) -> None:
        """
        The open file counts, whatever has its name now.
        """
        self.path.chmod(0o600)
        with self.path.open("rb") as file:
            self.path.unlink()
            self.path.touch(0o644)
            self.assertTrue(isPrivate(file.fileno()))
        with self.path.open("rb") as file:
            self.path.chmod(0o644)
            self.assertFalse(isPrivate(file.fileno()))

    def test_exchanged(self) -> None:
        """
        What is read is the file that was looked at, whatever takes its name in between.
        """
        self.path.chmod(0o600)
        other = self.path.with_name(f"{self.path.name}-other")
        other.write_bytes(b"of somebody else")
        fstat = os.fstat

        def exchanged(descriptor: int) -> os.stat_result:
            os.replace(other, self.path)
            return fstat(descriptor)

        self.patch(os, "fstat", exchanged)
        self.assertEqual(readPrivate(self.path), b"content\xff")

    def test_unreadable(self) -> None:
        """
        A file that cannot be read is told by what stands in the way.
        """
        self.path.unlink()
        self.assertRaises(FileNotFoundError, readPrivate, self.path)
        self.path.mkdir()
        self.assertRaises(IsADirectoryError, readPrivate, self.path)


class AccessListTests(SynchronousTestCase):
    """
    Files on Windows.
    """

    def assertPrivate(self, *entries: str, owner: str = ME, user: str | None = None) -> None:
        """
        Demand that nobody else can read a file.

        @param entries: the entries of its list.
        @param owner: whose it is.
        @param user: who asks.
        """
        self.assertFalse(othersCanRead(f"O:{owner}D:{''.join(entries)}", user), entries)

    def assertOpen(self, *entries: str, owner: str = ME, user: str | None = None) -> None:
        """
        Demand that others can read a file.

        @param entries: the entries of its list.
        @param owner: whose it is.
        @param user: who asks.
        """
        self.assertTrue(othersCanRead(f"O:{owner}D:{''.join(entries)}", user), entries)

    def test_usual(self) -> None:
        """
        In a user's own folder, files are private; at the root of a disk they are not.
        """
        own = f"(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;{ME})"
        self.assertFalse(othersCanRead(f"O:{ME}G:S-1-5-21-1004336348-1177238915-682003330-513D:AI{own}"))
        self.assertFalse(othersCanRead(f"O:{ME}G:DUD:P(A;;FA;;;{ME})"))
        self.assertTrue(othersCanRead(f"O:{ME}G:DUD:AI(A;ID;FA;;;BA)(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)"))
        self.assertTrue(othersCanRead(f"O:{ME}G:DUD:AI(A;ID;FA;;;BA)(A;ID;FA;;;SY)(A;ID;0x1301bf;;;AU)"))

    def test_fine(self) -> None:
        """
        The owner and those who administer the machine may read, under each of their names.
        """
        for who in (ME, "SY", "S-1-5-18", "BA", "S-1-5-32-544", "LA", "OW", "S-1-3-4", "CO", "S-1-3-0"):
            self.assertPrivate(f"(A;;FA;;;{who})")

    def test_others(self) -> None:
        """
        Nobody else may.
        """
        for who in (YOU, "WD", "S-1-1-0", "BU", "AU", "IU", "BG", "AN", "NU", "DU", "DA", "LS", "PS", "S-1-15-2-1"):
            self.assertOpen(f"(A;;FA;;;{ME})", f"(A;;FR;;;{who})")

    def test_reading(self) -> None:
        """
        Each right to read counts, and those that give it to oneself, however they are written.
        """
        for rights in ("FA", "FR", "GA", "GR", "KA", "KR", "KX", "CC", "WD", "WO", "CCDCLC", "SDGR", "FWFR"):
            self.assertOpen(f"(A;;{rights};;;WD)")
        for mask in (0x1F01FF, 0x120089, 0x1200A9, 0x1301BF, 0x1, 0x80000000, 0x10000000, 0x40000, 0x80000):
            self.assertOpen(f"(A;;{mask:#x};;;WD)")
            self.assertOpen(f"(A;;{mask};;;WD)")

    def test_notReading(self) -> None:
        """
        Other rights do not count.
        """
        for rights in ("", "FW", "FX", "GW", "GX", "KW", "RC", "SD", "RPWP", "LCSWLODTCR", "0x120116", "0x1200a0", "0"):
            self.assertPrivate(f"(A;;{rights};;;WD)")

    def test_unknownRights(self) -> None:
        """
        A right that nobody knows is taken for one to read.
        """
        for rights in ("XX", "FWXX", "F", "017"):
            self.assertOpen(f"(A;;{rights};;;WD)")

    def test_inheritance(self) -> None:
        """
        An inherited entry counts, and one that is only for others to inherit does not.
        """
        self.assertOpen("(A;ID;FR;;;WD)")
        self.assertOpen("(A;OICIID;FR;;;WD)")
        self.assertPrivate("(A;OICIIO;FR;;;WD)")
        # The letters of two flags may spell a third.
        self.assertOpen("(A;CIOI;FR;;;WD)")

    def test_denied(self) -> None:
        """
        A denial takes nothing from the owner and does not outweigh what is allowed: it may be for others than those.
        """
        self.assertPrivate("(D;;FA;;;WD)", f"(A;;FA;;;{ME})")
        self.assertOpen("(D;;FA;;;BG)", "(A;;FR;;;BU)")

    def test_objects(self) -> None:
        """
        Entries for a part of an object count as those for all of it.
        """
        part = "bf967aba-0de6-11d0-a285-00aa003049e2"
        self.assertOpen(f"(OA;;FR;{part};;WD)")
        self.assertOpen(f"(OA;;FR;;{part};WD)")
        self.assertPrivate(f"(OA;;FR;{part};{part};SY)", f"(OD;;FR;{part};;WD)")

    def test_noList(self) -> None:
        """
        Without a list everybody may do everything; with an empty one nobody may do anything.
        """
        self.assertTrue(othersCanRead(f"O:{ME}G:BA"))
        self.assertTrue(othersCanRead(f"O:{ME}D:NO_ACCESS_CONTROL"))
        self.assertTrue(othersCanRead(""))
        self.assertFalse(othersCanRead(f"O:{ME}D:"))
        self.assertFalse(othersCanRead(f"O:{ME}G:BAD:PAI"))

    def test_owners(self) -> None:
        """
        Who owns a file can read it. What an administrator makes belongs to all of them as a group.
        """
        self.assertPrivate(f"(A;;FA;;;{ME})", user=ME)
        self.assertPrivate(f"(A;;FA;;;{ME})", owner="BA", user=ME)
        self.assertPrivate("(A;;FA;;;LS)", owner="LS", user="S-1-5-19")
        self.assertOpen(f"(A;;FA;;;{ME})", owner="BA")
        self.assertOpen(f"(A;;FA;;;{ME})", owner=YOU, user=ME)
        self.assertOpen(f"(A;;FA;;;{YOU})", owner="BA", user=ME)

    def test_noOwner(self) -> None:
        """
        Without an owner, only those who administer the machine are known.
        """
        self.assertFalse(othersCanRead("D:(A;;FA;;;SY)"))
        self.assertTrue(othersCanRead(f"D:(A;;FA;;;{ME})"))
        self.assertTrue(othersCanRead("D:(A;;FA;;;SY)", ME))

    def test_audits(self) -> None:
        """
        Who is watched says nothing about who may read.
        """
        self.assertFalse(othersCanRead(f"O:{ME}D:(A;;FA;;;SY)S:AI(AU;SAFA;FA;;;WD)(ML;;NW;;;LW)"))

    def test_notUnderstood(self) -> None:
        """
        What is not understood counts as readable.
        """
        for entry in (
            '(XA;;FX;;;SY;(@User.Project Any_of {"a"}))',
            "(A;;FA;;;SY",
            "(A;;FA;;SY)",
            "(A;;FA;;;S-1-5-18;more)",
            "(ZZ;;FA;;;SY)",
            "(AU;SAFA;FA;;;SY)",
            "(A;;FA;;;sy)",
            "()",
            "text",
        ):
            self.assertOpen(entry)

    @given(st.text("OGDS:()A;FRWX-15BUY_", max_size=30))
    def test_anything(self, text: str) -> None:
        """
        Whatever it is given, it answers; and nothing makes an entry harmless by standing beside it.
        """
        othersCanRead(text)
        self.assertTrue(othersCanRead(f"O:{ME}D:(A;;FR;;;WD){text}"))
        self.assertTrue(othersCanRead(f"O:{ME}D:{text}(A;;FR;;;WD)") or text.startswith("S:") or "S:" in text)
