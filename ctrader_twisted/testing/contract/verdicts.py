"""
What the outcomes of the cases say of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from attrs import frozen

from ctrader_twisted.simulator.ledger import LEDGER, Entry
from ctrader_twisted.testing.contract.bench import Observation
from ctrader_twisted.testing.contract.suite import Outcome

__all__ = ["Finding", "Verdict", "judge"]


class Verdict(Enum):
    """
    Whether a server does what the ledger says.
    """

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNDECIDED = "not decided"


@frozen
class Finding:
    """
    What was found out of an entry of the ledger.

    @ivar entry: the entry.
    @ivar verdict: whether the server does so.
    @ivar words: what was seen, or why nothing was.
    @ivar cases: the numbers of the cases that are about it.
    @ivar value: the value of the entry's switch under which a simulator does the same; L{None} if it is none that can
        be named.
    """

    entry: Entry
    verdict: Verdict
    words: str
    cases: tuple[int, ...] = ()
    value: Any = None


def judge(outcomes: Iterable[Outcome]) -> list[Finding]:
    """
    Judge all entries of the ledger.

    @param outcomes: of the cases that were run.
    @return: what they say of each entry, in the order of the ledger.
    """
    found = list(outcomes)
    return [_judged(entry, [each for each in found if entry.entryId in each.case.decides]) for entry in LEDGER.values()]


def _judged(entry: Entry, outcomes: list[Outcome]) -> Finding:
    cases = tuple(each.case.number for each in outcomes)
    seen = [each for outcome in outcomes for each in outcome.observations if each.entryId == entry.entryId]
    if seen:
        return _observed(entry, cases, seen)
    if not outcomes:
        return Finding(entry, Verdict.UNDECIDED, _untried(entry))
    for each in outcomes:
        if each.broken:
            isSure = not entry.switch and not _others(entry, each)
            verdict = Verdict.REFUTED if isSure else Verdict.UNDECIDED
            return Finding(entry, verdict, f"case {each.case.number} found: {each.broken}", cases)
    why = next((each.undecided for each in outcomes if each.undecided), "")
    if why or entry.switch:
        return Finding(entry, Verdict.UNDECIDED, why or "the case saw nothing that tells", cases)
    return Finding(entry, Verdict.CONFIRMED, "", cases)


def _untried(entry: Entry) -> str:
    why = f"no case tries it: {entry.untried}" if entry.untried else "no case was run that is about it"
    return f"{why}. {entry.how}" if entry.how else why


def _observed(entry: Entry, cases: tuple[int, ...], seen: list[Observation]) -> Finding:
    words = "; ".join(dict.fromkeys(each.words for each in seen))
    if len({each.agrees for each in seen}) > 1:
        return Finding(entry, Verdict.UNDECIDED, f"it is not always the same: {words}", cases)
    verdict = Verdict.CONFIRMED if seen[0].agrees else Verdict.REFUTED
    isOne = all(each.value == seen[0].value for each in seen)
    return Finding(entry, verdict, words, cases, seen[0].value if isOne else None)


def _others(entry: Entry, outcome: Outcome) -> list[str]:
    """
    @return: the other entries that the server may have broken in a case: what it found does not tell which.
    """
    decided = {each.entryId for each in outcome.observations}
    others = (each for each in outcome.case.decides if each != entry.entryId and each not in decided)
    return [each for each in others if not LEDGER[each].switch]
