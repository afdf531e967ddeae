"""
The ninety-two scenarios, collected from the bugs of other clients: each has a test whose docstring names it by number,
or a line here that says why it does not apply.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

TESTS = Path(__file__).resolve().parent

NOT_OURS = {
    22: "ids of messages are always made here; a caller cannot supply one",
}


def named() -> Iterator[int]:
    """
    @return: the numbers of the scenarios that docstrings of tests name.
    """
    for path in sorted(TESTS.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found = re.match(r"Scenarios? ([\d, and]+):", ast.get_docstring(node) or "")
                if found is not None:
                    yield from map(int, re.findall(r"\d+", found.group(1)))


class ScenarioTests(SynchronousTestCase):
    """
    The list is complete.
    """

    def test_all(self) -> None:
        """
        Each scenario is tested or excused, and none both.
        """
        tested = set(named())
        self.assertEqual(sorted(set(range(1, 93)) - tested - set(NOT_OURS)), [])
        self.assertEqual(sorted(tested & set(NOT_OURS)), [])
        self.assertEqual(sorted(tested - set(range(1, 93))), [])
