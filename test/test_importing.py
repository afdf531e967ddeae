"""
Tests of what importing the package loads, each in an interpreter of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PROJECT = Path(__file__).resolve().parent.parent

SELDOM = ("numpy", "pandas", "pyarrow", "treq", "click", "rich", "tomlkit", "keyring", "twisted.internet.reactor")
"""
What is loaded only where it is used.
"""

LARGE = ("ssl", "OpenSSL", "asyncio", "google.protobuf", "twisted.internet.defer", "ctrader_twisted.schema")
"""
What the package cannot do without, and what takes most of the time.
"""


def loaded(code: str, names: tuple[str, ...]) -> list[str]:
    """
    Run code in an interpreter of its own.

    @param code: what to run; one line.
    @param names: names of modules.
    @return: those that are loaded then.
    """
    told = f"import sys; {code}; print(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout.split()


class ImportingTests(SynchronousTestCase):
    """
    Importing is cheap.
    """

    def test_package(self) -> None:
        """
        Importing the package loads nothing large: neither the reactor nor TLS nor the messages.
        """
        self.assertEqual(loaded("import ctrader_twisted", (*SELDOM, *LARGE)), [])

    def test_names(self) -> None:
        """
        No public name loads what is used seldom, and none the reactor, which the application chooses.
        """
        using = "import ctrader_twisted as package; [getattr(package, name) for name in package.__all__]"
        self.assertEqual(loaded(using, SELDOM), [])

    def test_large(self) -> None:
        """
        What is called large here is what the client needs, or the test above would say nothing.
        """
        self.assertEqual(loaded("from ctrader_twisted import Client", LARGE), list(LARGE))
