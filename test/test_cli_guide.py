"""
Tests that the guide to the command line knows the commands.
"""

from __future__ import annotations

from pathlib import Path

import click
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli.commands import ctrader

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "howto" / "command_line.rst"


class GuideTests(SynchronousTestCase):
    """
    The guide.
    """

    def test_commands(self) -> None:
        """
        It names each command, and each one within a group.
        """
        text = GUIDE.read_text(encoding="utf-8")
        for name, command in ctrader.commands.items():
            self.assertRegex(text, rf"\bctrader {name}\b")
            for inner in command.commands if isinstance(command, click.Group) else ():
                self.assertRegex(text, rf"\b{name} {inner}\b")
