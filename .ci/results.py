"""
Judge the output of trial: show failures and skips, and compare the skips with the list of those that are declared.

Usage: C{python results.py TRIAL_LOG SKIPS STATUS}, where STATUS is trial's exit status. The closing line goes to
standard output, everything else to standard error. Each line of SKIPS names a test, or a pattern of tests, and after a
colon words of the reason; behind C{must} if the test is always skipped, behind C{may} if that depends on the machine.
"""

from __future__ import annotations

import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

SECTION = "=" * 79


class Declared(NamedTuple):
    """
    A line of the list.

    @ivar always: whether the test must be skipped.
    @ivar pattern: which tests.
    @ivar reason: words of the reason.
    """

    always: bool
    pattern: str
    reason: str


def readDeclared(text: str) -> list[Declared]:
    """
    Read the list of declared skips.

    @param text: its text.
    @return: its lines.
    @raise SystemExit: if a line makes no sense.
    """
    rows = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = re.fullmatch(r"(must|may) (\S+): (.+)", line)
        if found is None:
            raise SystemExit(f"no declaration of a skipped test: {line}")
        rows.append(Declared(found.group(1) == "must", found.group(2), found.group(3)))
    return rows


def readSkipped(log: str) -> dict[str, str]:
    """
    Find the skipped tests.

    @param log: the output of trial.
    @return: the reasons by the names of the tests.
    """
    skipped = {}
    for section in log.split(SECTION)[1:]:
        lines = [line for line in section.partition("-" * 79)[0].splitlines() if line.strip()]
        if lines and lines[0] == "[SKIPPED]":
            names = [line for line in lines[1:] if re.fullmatch(r"test(\.\w+)+", line)]
            reason = " ".join(line for line in lines[1:] if line not in names)
            skipped.update(dict.fromkeys(names, reason))
    return skipped


def differences(skipped: dict[str, str], declared: list[Declared]) -> list[str]:
    """
    Compare what was skipped with what may be.

    @param skipped: the reasons by the names of the tests.
    @param declared: the list.
    @return: a sentence for each difference.
    """
    wrong = []
    for name, reason in sorted(skipped.items()):
        if not any(fnmatchcase(name, row.pattern) and row.reason in reason for row in declared):
            wrong.append(f"{name} was skipped and is not declared: {reason}")
    for row in declared:
        if row.always and not any(fnmatchcase(name, row.pattern) for name in skipped):
            wrong.append(f"{row.pattern} is declared and was not skipped")
    return wrong


def counts(log: str) -> dict[str, int]:
    """
    Read trial's last line, such as C{FAILED (failures=1, skips=2, successes=3)}.

    @param log: the output of trial.
    @return: the numbers by their names.
    @raise SystemExit: if trial did not come to its end.
    """
    found = re.findall(r"^(?:PASSED|FAILED)(?: \((.*)\))?$", log, re.MULTILINE)
    if not found:
        raise SystemExit("trial did not come to its end")
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", found[-1])}


def main(logPath: str, skipsPath: str, status: str) -> int:
    """
    Judge a run.

    @param logPath: the file with the output of trial.
    @param skipsPath: the list of declared skips.
    @param status: trial's exit status.
    @return: 0 if all is well, else 1.
    """
    log = Path(logPath).read_text(encoding="utf-8", errors="replace")
    if status != "0":
        sys.stderr.write(log)
    numbers = counts(log)
    skipped = readSkipped(log)
    for name, reason in sorted(skipped.items()):
        sys.stderr.write(f"skipped: {name}: {reason}\n")
    wrong = differences(skipped, readDeclared(Path(skipsPath).read_text(encoding="utf-8")))
    if len(skipped) != numbers.get("skips", 0):
        wrong.append(f"{numbers.get('skips', 0)} tests were skipped, but {len(skipped)} are named")
    for sentence in wrong:
        sys.stderr.write(sentence + "\n")
    passed = numbers.get("successes", 0) + numbers.get("expectedFailures", 0)
    failed = sum(numbers.get(name, 0) for name in ("failures", "errors", "unexpectedSuccesses"))
    closing = f"{passed} passed, {failed} failed, {len(skipped)} skipped\n"
    sys.stderr.write(closing)
    sys.stdout.write(closing)
    return 1 if failed or wrong or status != "0" else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
