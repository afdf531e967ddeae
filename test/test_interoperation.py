"""
Tests that the public methods can be awaited in both worlds: scripts as processes of their own, against one simulator.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.notebook import notebookReactor
from test.daemons import PROJECT, Daemon

EXAMPLES = PROJECT / "docs" / "examples"

# What a notebook does with a cell, twice on the same loop.
CELLS = """
import ast, asyncio, inspect, sys
source = open(sys.argv[1]).read()
async def run():
    for _ in range(2):
        names = {"directory": sys.argv[2]}
        code = compile(source, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        await eval(code, names)
asyncio.run(run())
"""

# The same script, as a task of asyncio's.
TASK = """
import asyncio, sys
from first_script import main
from ctrader_twisted.notebook import notebookReactor
async def run():
    await main(notebookReactor(), sys.argv[2])
asyncio.run(run())
"""


class ScriptTests(TestCase):
    """
    The scripts of README and documentation.
    """

    timeout = 90
    if os.name != "posix":
        skip = "there are no such signals here"

    async def simulator(self) -> Path:
        """
        Start the simulator.

        @return: its directory.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        words = ("--directory", "sim", "--port", "0", "--oauth-port", "0", "--speed", "60")
        daemon = Daemon(folder, "ctrader-sim", *words, "--replay-start", "2026-03-04T10:00:00Z")
        self.addCleanup(daemon.end, "KILL")
        await daemon.says("simulator listens")
        return folder / "sim"

    async def printedBy(self, *words: str) -> str:
        """
        Run Python among the examples.

        @return: what it printed.
        """
        path = os.pathsep.join(filter(None, (str(PROJECT), str(EXAMPLES), os.environ.get("PYTHONPATH"))))
        variables = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        out, errors, status = await getProcessOutputAndValue(sys.executable, words, env=variables, reactor=reactor)
        self.assertEqual((status, errors.decode()), (0, ""))
        return str(out, "utf-8")

    async def test_bothWays(self) -> None:
        """
        The README's script runs under C{react}, and in a task of asyncio's.
        """
        directory = await self.simulator()
        script = str(EXAMPLES / "first_script.py")
        for words in ((script, str(directory)), ("-c", TASK, script, str(directory))):
            printed = await self.printedBy(*words)
            self.assertRegex(printed, r"(?s)account \d+ demo.*Quote\(.*bars of one hour.*bought at.*closed at")

    async def test_notebook(self) -> None:
        """
        Scenario 90: a cell of a notebook runs, and runs again on the same loop.
        """
        directory = await self.simulator()
        printed = await self.printedBy("-c", CELLS, str(EXAMPLES / "notebook_cell.py"), str(directory))
        self.assertRegex(printed, r"^3 quotes, \d+ bars\n3 quotes, \d+ bars\n$")

    async def test_otherScripts(self) -> None:
        """
        An asyncio library beside the client, and a script that blocks.
        """
        directory = await self.simulator()
        written = await self.printedBy(str(EXAMPLES / "asyncio_library.py"), str(directory))
        self.assertEqual(written.count("written: 1."), 3)
        studied = await self.printedBy(str(EXAMPLES / "blocking_script.py"), str(directory))
        self.assertRegex(studied, r"^\d+ bars of one hour\n$")


class NotebookReactorTests(SynchronousTestCase):
    """
    Where there is no notebook.
    """

    def test_noLoop(self) -> None:
        """
        Without a running loop the error names what to use in a script.
        """
        error = self.assertRaises(ConfigurationError, notebookReactor)
        self.assertIn("react", str(error))

    def test_otherReactor(self) -> None:
        """
        If another reactor is there already, the error names it.
        """

        async def cell() -> None:
            notebookReactor()

        error = self.assertRaises(ConfigurationError, asyncio.run, cell())
        self.assertIn(type(reactor).__name__, str(error))
