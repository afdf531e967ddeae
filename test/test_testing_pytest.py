"""
Tests of L{ctrader_twisted.testing.pytest}, in processes of pytest.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

_PROJECT = Path(__file__).resolve().parent.parent

_TESTS = """
import sys
import pytest

assert "twisted.internet.reactor" not in sys.modules
assert "ctrader_twisted.client" not in sys.modules


@pytest.fixture
def lots():
    return "0.10"


async def test_day(exchange, lots):
    from ctrader_twisted import Lots

    async with exchange.client() as client:
        account = await client.account(exchange.accountId)
        await account.buy(await account.symbol("EURUSD"), Lots(lots))
        await exchange.pause(3600)
    exchange.assertSent("newOrder", 1, volume=1_000_000)
    assert "twisted.internet.reactor" not in sys.modules


@pytest.mark.exchange(seed=7, hours=0.5)
@pytest.mark.parametrize("minutes", [29, 31])
async def test_hours(exchange, minutes):
    await exchange.pause(minutes * 60)


@pytest.mark.exchange(7)
async def test_unnamed(exchange):
    pass


@pytest.mark.exchange(seed=7)
def test_plain(exchange):
    assert exchange.run(lambda client: client.accounts())


def test_without():
    pass


class TestClass:
    async def test_method(self, exchange):
        assert self
        await exchange.pause(1)


async def test_ofOthers():
    pass
"""


class PluginTests(SynchronousTestCase):
    """
    What pytest makes of it.
    """

    if find_spec("pytest") is None:
        skip = "there is no pytest here"

    def run_(self, *words: str) -> str:
        """
        Run pytest on the tests.

        @param words: more for its command line.
        @return: what it prints.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "test_it.py").write_text(_TESTS)
        # An installed entry would load it a second time, of another checkout perhaps.
        variables = {**os.environ, "PYTHONPATH": str(_PROJECT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "300"}
        command = [sys.executable, "-m", "pytest", "-p", "ctrader_twisted.testing.pytest", "-rA", "--strict-markers"]
        return subprocess.run(
            [*command, "-p", "no:cacheprovider", *words, "."],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=100,
        ).stdout

    def test_run(self) -> None:
        """
        Coroutine functions that ask for the exchange run on virtual time, with other fixtures and parameters; a wait
        longer than allowed fails; what asks for no exchange is left to others. No reactor is imported.
        """
        told = self.run_()
        passed = set(re.findall(r"^PASSED test_it.py::(\S+)", told, re.MULTILINE))
        self.assertEqual(
            passed, {"test_day", "test_hours[29]", "test_plain", "test_without", "TestClass::test_method"}, told
        )
        self.assertRegex(told, r"FAILED test_it.py::test_hours\[31\] - .*NothingHappens: in 0.5 hours")
        self.assertRegex(told, r"test_it.py::test_ofOthers\b")
        self.assertIn("ERROR test_it.py::test_unnamed - Failed: the mark exchange takes its options by name", told)

    def test_described(self) -> None:
        """
        Fixture and mark are listed with their words.
        """
        self.assertRegex(self.run_("--fixtures"), r"exchange -- .*\n +A simulated exchange on virtual time\.")
        self.assertIn("@pytest.mark.exchange(hours=24, **options)", self.run_("--markers"))
