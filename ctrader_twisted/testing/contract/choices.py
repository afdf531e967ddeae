"""
From what was seen to the value of a switch.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from ctrader_twisted.testing.contract.bench import Bench, demand
from ctrader_twisted.testing.contract.link import codeOf, nameOf

__all__ = ["decideCode", "decideSpan"]


def decideCode(bench: Bench, entryId: str, kind: type[Enum], answer: Any, default: Enum) -> None:
    """
    Decide a switch whose values are error codes.

    @param bench: where to note it.
    @param entryId: the entry of the ledger.
    @param kind: the class of the switch's values.
    @param answer: the refusal.
    @param default: the value that the ledger says.
    """
    code = codeOf(answer)
    value = next((each for each in kind if each.value == code), None)
    bench.decide(entryId, value, default=default, words=f"{nameOf(answer)} {code}")


def decideSpan(bench: Bench, entryId: str, answer: Any, what: str) -> None:
    """
    Decide whether a limit of spans is enforced.

    @param bench: where to note it.
    @param entryId: the entry of the ledger.
    @param answer: what a request for a longer span drew.
    @param what: what was asked for.
    """
    code = codeOf(answer)
    demand(code in ("", "INCORRECT_BOUNDARIES"), f"{what} drew {code}")
    bench.decide(entryId, bool(code), default=False, words=f"{what}: {code or 'answered'}")
