"""
Print one of the README's two commands: the one that shows the framework at work, or the one that runs the tests.

Usage: C{python readme_commands.py README.rst tour} or C{... tests}. C{.ci/run} runs what this prints, so that the
README cannot be wrong.
"""

import sys
from pathlib import Path

BEGIN = "python3 -m venv .venv && "
ENDS = {"tour": " && .venv/bin/ctrader tour", "tests": " && .venv/bin/python -m twisted.trial test"}


def main(path: str, kind: str) -> None:
    """
    Print the command.

    @param path: the README.
    @param kind: which command.
    @raise SystemExit: if there is not exactly one such command.
    """
    lines = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    found = [line for line in lines if line.startswith(BEGIN) and line.endswith(ENDS[kind])]
    if len(found) != 1:
        raise SystemExit(f"{path} has {len(found)} commands that end with {ENDS[kind]!r}, not one")
    print(found[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
