"""
Tests of the ledger of server behaviour, and of the page that is made of it.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

from attrs import fields
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.simulator.ledger import LEDGER, SECTIONS, Sureness, defaultOf
from ctrader_twisted.simulator.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent

NO_BEHAVIOUR = {
    # How long things take, and how much is kept: nothing that a client could rely on.
    "closeGrace",
    "maxBacklog",
    "blockSeconds",
    "fillLatency",
    "protectionLatency",
    "historyLimit",
    "seenLimit",
}
"""
Settings that are no switches of the ledger.
"""


class LedgerTests(SynchronousTestCase):
    """
    The entries.
    """

    def test_ids(self) -> None:
        """
        Each entry has an id of its own, in small letters.
        """
        self.assertEqual(len(LEDGER), sum(map(len, SECTIONS.values())))
        for entryId in LEDGER:
            self.assertRegex(entryId, r"^[a-z]+(-[a-z]+)*$")

    def test_texts(self) -> None:
        """
        Each entry says what the server does, who tells of it, and what the client does.
        """
        for entry in LEDGER.values():
            self.assertRegex(entry.behaviour, r"^[A-Z`].*[.)\"]$", entry.entryId)
            self.assertRegex(entry.source, r"^\d", entry.entryId)
            self.assertTrue(entry.client, entry.entryId)

    def test_switches(self) -> None:
        """
        Each switch is a setting, each setting that is about behaviour has an entry, and no two entries share one.
        """
        named = [entry.switch for entry in LEDGER.values() if entry.switch is not None]
        self.assertEqual(len(set(named)), len(named))
        self.assertEqual(set(named), {field.name for field in fields(Settings)} - NO_BEHAVIOUR)

    def test_whatHasNoSwitchSaysWhy(self) -> None:
        """
        What is assumed or conflicting can be had otherwise, or says why not.
        """
        for entry in LEDGER.values():
            if entry.sureness in (Sureness.ASSUMED, Sureness.CONFLICTING):
                self.assertNotEqual(entry.switch is None, not entry.fixed, entry.entryId)

    def test_defaults(self) -> None:
        """
        The default of an entry's switch is that of the settings.
        """
        for entry in LEDGER.values():
            if entry.switch is not None:
                self.assertEqual(defaultOf(entry), getattr(Settings(), entry.switch))

    def test_whatIsNotSureHasAWay(self) -> None:
        """
        What is assumed or conflicting has a case that finds it out, or says how to find it out.
        """
        from ctrader_twisted.testing.contract import CASES

        decided = {entryId for case in CASES for entryId in case.decides}
        for entry in LEDGER.values():
            if entry.sureness in (Sureness.ASSUMED, Sureness.CONFLICTING):
                self.assertTrue(entry.how or entry.entryId in decided, entry.entryId)


class PageTests(SynchronousTestCase):
    """
    C{docs/ledger.rst}.
    """

    def test_made(self) -> None:
        """
        It is what the script makes now; C{python docs/make_ledger.py} brings it up to date.
        """
        made: Any = runpy.run_path(str(PROJECT / "docs" / "make_ledger.py"), run_name="make_ledger")["page"]()
        self.assertEqual((PROJECT / "docs" / "ledger.rst").read_text(encoding="utf-8"), made)

    def test_entries(self) -> None:
        """
        It has a line for each entry, in the order of the ledger.
        """
        page = (PROJECT / "docs" / "ledger.rst").read_text(encoding="utf-8")
        self.assertEqual(re.findall(r"^   \* - ``([a-z-]+)``:", page, re.MULTILINE), list(LEDGER))

    def test_cells(self) -> None:
        """
        Each line has all four cells, also where there is nothing to say.
        """
        page = (PROJECT / "docs" / "ledger.rst").read_text(encoding="utf-8")
        rows = len(LEDGER) + len(SECTIONS)
        self.assertEqual(len(re.findall(r"^   \* -", page, re.MULTILINE)), rows)
        self.assertEqual(len(re.findall(r"^     -", page, re.MULTILINE)), 3 * rows)
