"""
Tests that the public methods can be awaited in both worlds: scripts as processes of their own, against one simulator.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ctrader_twisted import FileCursor, Lots, OrderJournal, Quote, Side
from ctrader_twisted.errors import ConfigurationError
from ctrader_twisted.notebook import notebookReactor
from ctrader_twisted.schema.messages import ProtoOATraderReq
from ctrader_twisted.testing import VirtualExchange
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


class EveryAwaitableTests(SynchronousTestCase):
    """
    What the public methods return, in a task of asyncio's.
    """

    def setUp(self) -> None:
        """
        Make an exchange and a loop; time passes on the exchange while the loop has nothing to do.
        """
        self.virtual = VirtualExchange()
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)
        # What waits for the disk takes some time.
        self.slowly: Any = lambda function, *args: deferLater(self.virtual.clock, 0.2, function, *args)

    def within(self, main: Coroutine[Any, Any, None]) -> None:
        """
        Run a task of asyncio's on virtual time.
        """
        self.virtual.exchange.start()
        self.addCleanup(self.virtual.exchange.stop)
        task = self.loop.create_task(main)
        for _ in range(20_000):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
            if task.done():
                break
            self.virtual.advance(0.05)
        else:
            task.cancel()
            self.loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
            self.fail("the task waits for ever")
        task.result()

    def test_clientAndMarket(self) -> None:
        """
        The client itself, reference data, quotes, bars, depth and history.
        """

        async def main() -> None:
            client = self.virtual.client()
            async with client:
                await client.whenReady()
                await client.accounts()
                await client.requests.version()
                account = await client.account(self.virtual.accountId)
                await account.whenReady()
                await account.symbols()
                eurusd = await account.symbol("EURUSD")
                self.assertEqual((await account.depositAsset()).name, "USD")
                async with account.quotes(eurusd) as quotes:
                    self.assertIsInstance(await anext(quotes), Quote)
                async with account.bars(eurusd, "M1", warmUp=2) as bars:
                    for _ in range(3):
                        await anext(bars)
                async with account.depth(eurusd) as books:
                    await anext(books)
                now = self.virtual.exchange.timeline.now()
                self.assertGreater(len(await account.trendbars(eurusd, "H1", now - 86_400_000, now)), 0)
                self.assertGreater(len(await account.ticks(eurusd, "bid", now - 600_000, now)), 0)
                await account.requests.assetList()
                await account.request(ProtoOATraderReq())

        self.within(main())

    def test_trading(self) -> None:
        """
        Orders, positions, equity, estimates and deals.
        """

        async def main() -> None:
            journal = OrderJournal(self.mktemp())
            async with self.virtual.client(journal=journal, runBlocking=self.slowly) as client:
                account = await client.account(self.virtual.accountId)
                eurusd = await account.symbol("EURUSD")
                async with account.executions(FileCursor(self.mktemp(), self.slowly)) as deals:
                    trade = await account.buy(eurusd, Lots("0.1"))
                    await trade.whenAccepted()
                    await trade.whenFilled()
                    await trade.whenDone()
                    await deals.acknowledge(await anext(deals))
                position = trade.position
                assert position.entryPrice is not None
                await position.protect(stopLoss=position.entryPrice - eurusd.pips(100))
                waiting = await account.limitOrder(Side.BUY, eurusd, Lots("0.1"), "0.9")
                await waiting.amend(price="0.91")
                await waiting.cancel()
                async with account.watchEquity() as watch:
                    await watch.whenKnown()
                await account.pipValue(eurusd, Lots("1"))
                await account.lotsForRisk(eurusd, "100", pips=20)
                await account.expectedMargin(eurusd, Lots("1"))
                await account.commission(eurusd, Lots("1"))
                await account.swap(eurusd, Side.BUY, Lots("1"))
                await account.target(eurusd, "-0.1")
                await account.cancelAll()
                await account.closeAll()
                await position.whenClosed()
                self.assertEqual(account.positions, ())
                await account.halt(flatten=True)
                account.resume()
                trade = await account.sell(eurusd, Lots("0.1"))
                await trade.whenFilled()
                await trade.position.close()

        self.within(main())
