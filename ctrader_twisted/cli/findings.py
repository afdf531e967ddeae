"""
What C{ctrader doctor} finds, and how it is shown.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen
from rich.console import Console
from rich.text import Text

__all__ = ["Finding", "Report", "Verdict"]

_SUBJECT = 18


class Verdict(Enum):
    """
    How a check ended.
    """

    OK = "ok"
    WRONG = "wrong"
    SKIPPED = "skipped"


_STYLES = {Verdict.OK: "green", Verdict.WRONG: "bold red", Verdict.SKIPPED: "yellow"}


@frozen
class Finding:
    """
    What one check has found.

    @ivar subject: what was looked at.
    @ivar verdict: how it is.
    @ivar words: what was seen; if it is wrong, what to do, too.
    """

    subject: str
    verdict: Verdict
    words: str


class Report:
    """
    Shows findings as they come.

    @ivar findings: all of them.
    """

    def __init__(self, console: Console) -> None:
        """
        @param console: where to show them.
        """
        self.findings: list[Finding] = []
        self._console = console

    def ok(self, subject: str, words: str) -> None:
        """
        @param subject: what is as it should be.
        @param words: what was seen.
        """
        self._add(Finding(subject, Verdict.OK, words))

    def wrong(self, subject: str, words: str) -> None:
        """
        @param subject: what is not as it should be.
        @param words: what was seen, and what to do.
        """
        self._add(Finding(subject, Verdict.WRONG, words))

    def skipped(self, subject: str, words: str) -> None:
        """
        @param subject: what could not be looked at.
        @param words: why.
        """
        self._add(Finding(subject, Verdict.SKIPPED, words))

    @property
    def wrongs(self) -> int:
        """
        How much is wrong.
        """
        return sum(finding.verdict is Verdict.WRONG for finding in self.findings)

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        line = Text(f"{finding.verdict.value:<8}", style=_STYLES[finding.verdict])
        line.append(f"{finding.subject:<{_SUBJECT}}", style="bold").append(finding.words, style="default")
        self._console.print(line, soft_wrap=True)
