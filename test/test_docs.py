"""
Tests that README and documentation show the scripts and commands that there are.
"""

from __future__ import annotations

import ast
import re
import runpy
import textwrap
import unittest
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLES = PROJECT / "docs" / "examples"


def readme() -> str:
    """
    @return: the text of the README.
    """
    return (PROJECT / "README.rst").read_text(encoding="utf-8")


def codeBlocks(text: str) -> list[str]:
    """
    Take the blocks of Python from a text.

    @param text: reStructuredText.
    @return: the blocks, without their indentation.
    """
    found = re.findall(r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    return [textwrap.dedent(block).strip() + "\n" for block in found]


class ExampleTests(SynchronousTestCase):
    """
    The examples are files.
    """

    def test_readme(self) -> None:
        """
        Each script in the README is, letter by letter, the file that it names.
        """
        named = re.findall(r"``docs/examples/(\w+\.py)``", readme())
        self.assertEqual(codeBlocks(readme()), [(EXAMPLES / name).read_text(encoding="utf-8") for name in named])
        self.assertGreater(len(named), 1)

    def test_included(self) -> None:
        """
        The documentation includes all examples as files, and none as a copy.
        """
        included: set[Path] = set()
        for page in (PROJECT / "docs").rglob("*.rst"):
            text = page.read_text(encoding="utf-8")
            self.assertEqual(codeBlocks(text), [], page.name)
            included.update((page.parent / name).resolve() for name in re.findall(r"literalinclude:: (\S+)", text))
        self.assertEqual(included, set(EXAMPLES.glob("*.py")))

    def test_compile(self) -> None:
        """
        The examples are Python, and say at their beginning what they do and how to run them.
        """
        for path in EXAMPLES.glob("*.py"):
            source = path.read_text(encoding="utf-8")
            # One of them is a cell of a notebook, where await stands by itself.
            compile(source, path.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            self.assertRegex(source, rf"\nUsage: (python .*\b{path.stem}\b|.* as a cell)")

    def test_exampleTests(self) -> None:
        """
        The tests among the examples pass.
        """
        for path in EXAMPLES.glob("test_*.py"):
            names = runpy.run_path(str(path), run_name=path.stem)
            cases = [made for made in names.values() if isinstance(made, type) and made.__module__ == path.stem]
            result = unittest.TestResult()
            for case in cases:
                unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
            self.assertEqual([text for _, text in result.errors + result.failures], [])
            self.assertGreater(result.testsRun, 0)


class CommandTests(SynchronousTestCase):
    """
    The README gives each command in both forms.
    """

    def test_bothForms(self) -> None:
        """
        Each command that begins with a new environment has its form for Windows, with the same extras and the same end.
        """
        posix = re.findall(
            r"^    python3 -m venv \.venv && \.venv/bin/pip install '(.+)' && \.venv/bin/(.+)$", readme(), re.MULTILINE
        )
        windows = re.findall(
            r'^    py -m venv \.venv\n    \.venv\\Scripts\\pip install "(.+)"\n    \.venv\\Scripts\\(.+)$',
            readme(),
            re.MULTILINE,
        )
        self.assertEqual(posix, [(".[all]", "ctrader tour"), (".[all,test]", "python -m twisted.trial test")])
        self.assertEqual(windows, posix)
