"""
C{ctrader verify}: what a server really does, beside what the ledger says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from attrs import evolve, frozen
from rich.console import Console
from twisted.internet.defer import Deferred

from ctrader_twisted.cli.terminal import say
from ctrader_twisted.errors import ConfigurationError, CTraderError
from ctrader_twisted.profiles import Profile
from ctrader_twisted.testing.contract import CASES, GROUPS, Finding, Outcome, Suite, Verdict, judge
from ctrader_twisted.testing.contract.environment import subjectOf

__all__ = ["Verification"]

_ORDER = (Verdict.REFUTED, Verdict.UNDECIDED, Verdict.CONFIRMED)
_STYLES = {Verdict.REFUTED: "bold red", Verdict.UNDECIDED: "yellow", Verdict.CONFIRMED: "green"}
_TRADES = sum(case.trades for case in CASES)


@frozen
class Verification:
    """
    Runs the contract suite on the account of a profile, and tells what it says of the ledger.

    @ivar reactor: the reactor.
    @ivar console: where to tell it.
    @ivar randomness: for ids that no other client uses.
    @ivar readLine: waits for a line that the user types; L{None} where nobody can type.
    """

    reactor: Any
    console: Console
    randomness: Random
    readLine: Callable[[], Deferred[str]] | None = None

    async def run(self, profile: Profile, accountId: int | None, report: Path | None, *, isSure: bool) -> None:
        """
        Run all cases that may be run.

        @param profile: the profile.
        @param accountId: the demo account; L{None} for the only one.
        @param report: the file to write what was found to, too.
        @param isSure: whether to trade on a demo account without a question.
        @raise ConfigurationError: if the profile is for live accounts, its tokens cover no such account, or the file
            cannot be written; that is found out before anything is sent.
        @raise CTraderError: if the suite cannot begin, or has left something open.
        """
        if report is not None:
            _put(report, "", "a")
        subject = await subjectOf(self.reactor, profile, accountId, self.randomness)
        mayTrade = subject.isSimulated or isSure or await self._letsTrade(profile)
        suite = Suite(self.reactor, evolve(subject, mayTrade=mayTrade), self.randomness)
        outcomes = await suite.run(tell=self._tell)
        lines = list(_lines(judge(outcomes)))
        for verdict, line in lines:
            say(self.console, line, _STYLES[verdict])
        summary = _summary(verdict for verdict, _ in lines)
        say(self.console, summary)
        if report is not None:
            self._write(report, subject.isSimulated, [line for _, line in lines], summary)
        left = "; ".join(f"case {each.case.number}: {each.left}" for each in outcomes if each.left)
        if left:
            raise CTraderError(f"the suite could not tidy up what it opened ({left}); look at ctrader positions")

    async def _letsTrade(self, profile: Profile) -> bool:
        words = f"{_TRADES} cases send orders of the smallest volume on the demo account of {profile.name}"
        if self.readLine is None:
            say(self.console, f"{words}. Nobody can be asked here, so they are left out; --yes runs them.")
            return False
        say(self.console, f"{words}, and close what they open. To run them too, type yes:")
        return await self.readLine() == "yes"

    def _tell(self, outcome: Outcome) -> None:
        for group in GROUPS:
            if outcome.case is group.cases[0]:
                say(self.console, f"{len(group.cases)} cases: {group.title}", "dim")
        if outcome.broken:
            say(self.console, f"  {outcome.case.number} {outcome.case.title}: {outcome.broken}")

    def _write(self, report: Path, isSimulated: bool, lines: list[str], summary: str) -> None:
        moment = datetime.fromtimestamp(self.reactor.seconds(), UTC)
        where = "a simulator" if isSimulated else "a demo account"
        head = f"ctrader verify on {where}, {moment:%Y-%m-%d %H:%M} UTC"
        _put(report, "\n".join([head, "", *lines, "", summary, ""]), "w")


def _put(report: Path, text: str, mode: str) -> None:
    try:
        with report.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(f"{report} cannot be written: {error.strerror}") from None


def _lines(findings: Iterable[Finding]) -> Iterable[tuple[Verdict, str]]:
    """
    @return: a line for each entry, what was refuted first.
    """
    for finding in sorted(findings, key=lambda each: _ORDER.index(each.verdict)):
        cases = ", ".join(map(str, finding.cases))
        name = f"{finding.entry.entryId} ({cases})" if cases else finding.entry.entryId
        said = finding.words or finding.entry.behaviour
        if finding.verdict is Verdict.REFUTED:
            said = f"{said}. The ledger says: {finding.entry.behaviour}"
        # The ledger is written for the pages of the documentation.
        yield finding.verdict, f"{finding.verdict.value:<12} {name}: {said}".replace("``", "")


def _summary(verdicts: Iterable[Verdict]) -> str:
    counts = Counter(verdicts)
    return ", ".join(f"{verdict.value}: {counts[verdict]}" for verdict in reversed(_ORDER))
