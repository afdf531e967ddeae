"""
Tests that README and documentation show the scripts and commands that there are.
"""

from __future__ import annotations

import re
import textwrap
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
        self.assertEqual(sorted(named), sorted(path.name for path in EXAMPLES.glob("*.py")))

    def test_included(self) -> None:
        """
        The documentation includes examples as files, never as copies.
        """
        for page in (PROJECT / "docs").rglob("*.rst"):
            text = page.read_text(encoding="utf-8")
            self.assertEqual(codeBlocks(text), [], page.name)
            for name in re.findall(r"literalinclude:: (\S+)", text):
                self.assertTrue((page.parent / name).is_file(), f"{page.name} includes {name}")

    def test_compile(self) -> None:
        """
        The examples are Python, and say at their beginning what they do and how to run them.
        """
        for path in EXAMPLES.glob("*.py"):
            source = path.read_text(encoding="utf-8")
            compile(source, path.name, "exec")
            self.assertIn("Usage: python " + path.name, source)


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
