"""
Tests of C{ctrader halt} and C{ctrader resume}.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Collection
from typing import Any

from click.testing import CliRunner
from rich.console import Console
from twisted.internet.defer import CancelledError, Deferred, fail, succeed

from ctrader_twisted.cli import commands, running
from ctrader_twisted.cli.confirming import Manner
from ctrader_twisted.cli.halt import flatten, halt, resume
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import ConfigurationError, CTraderError, Halted
from ctrader_twisted.simulator.faults import Delay, Incoming, Refuse, Withhold
from ctrader_twisted.trading import Side
from ctrader_twisted.trading.halt import HaltFile
from ctrader_twisted.units import Lots
from test.commandcase import BrokenPipe, CommandCase


class HaltTests(CommandCase):
    """
    The switch.
    """

    def setUp(self) -> None:
        """
        Name the file.
        """
        super().setUp()
        self.halts = HaltFile(self.folder / "halt")

    def test_some(self) -> None:
        """
        Some accounts are halted and resumed by their numbers.
        """
        halt(self.halts, (7, 8), self.console)
        self.assertEqual([self.halts.halts(number) for number in (7, 8, 9)], [True, True, False])
        resume(self.halts, (7,), self.console)
        self.assertEqual([self.halts.halts(number) for number in (7, 8)], [False, True])
        self.assertEqual(
            self.text,
            f"Accounts 7, 8 are halted: nothing is opened by whoever looks at {self.halts.path}.\n"
            "Account 7 is not halted any more.\n",
        )

    def test_all(self) -> None:
        """
        Without a number all accounts are halted, and resumed; one alone cannot be resumed then.
        """
        halt(self.halts, (), self.console)
        self.assertTrue(self.halts.halts(7))
        self.assertRaises(ConfigurationError, resume, self.halts, (7,), self.console)
        resume(self.halts, (), self.console)
        self.assertFalse(self.halts.halts(7))
        self.assertRegex(self.text, r"^All accounts are halted: .+\nNo account is halted any more\.\n$")

    def test_otherProcess(self) -> None:
        """
        A client that looks at the file sends nothing that opens something, from this moment on.
        """

        async def main(client: Client, account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            await (await account.buy(eurusd, Lots("0.1"))).whenFilled()
            halt(self.halts, (), self.console)
            with self.assertRaises(Halted):
                await account.buy(eurusd, Lots("0.1"))
            resume(self.halts, (), self.console)
            await account.buy(eurusd, Lots("0.1"))

        self.drive(main, haltFile=self.halts.path)
        self.assertEqual(len(self.sent()), 2)


class FlatteningTests(CommandCase):
    """
    Cancelling and closing everything.
    """

    def flatten(self, *accountIds: int, manner: Manner | None = None, seconds: float | None = None) -> None:
        """
        Trade on an account, and flatten.

        @param accountIds: which accounts.
        @param manner: how.
        @param seconds: when Ctrl-C is pressed, if it is.
        """

        async def main(client: Client, account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            for _ in range(2):
                await (await account.buy(eurusd, Lots("0.1"))).whenFilled()
            await account.limitOrder(Side.BUY, eurusd, Lots("0.1"), "0.9")
            self.exchange.seen.clear()
            command = self.command(client, accountIds, manner)
            await (command if seconds is None else self.interrupted(command, seconds))

        self.drive(main, haltFile=self.folder / "halt")

    def command(self, client: Client, accountIds: Collection[int] = (), manner: Manner | None = None) -> Any:
        """
        @param client: the client.
        @param accountIds: which accounts.
        @param manner: how.
        @return: the coroutine that flattens.
        """
        chosen = manner or Manner()
        name = "live" if self.isLive else "demo"
        return flatten(client, accountIds, self.console, self.virtual.clock, chosen, isLive=self.isLive, profile=name)

    def held(self) -> int:
        """
        @return: how many positions and orders the server holds.
        """
        accounts = self.exchange.venue.accounts.values()
        return sum(len(account.positions) + len(account.orders) for account in accounts)

    def test_all(self) -> None:
        """
        All accounts of the host are flattened, and it is told what was there.
        """
        self.flatten()
        for accountId, login, there in (
            (20001, 5000001, "2 open, 1"),
            (20002, 5000002, "0 open, 0"),
            (20004, 5000004, "0 open, 0"),
        ):
            self.assertIn(f"Demo account {accountId}, login {login}: {there} waiting\n", self.text)
            self.assertIn(f"Account {accountId}: nothing is open, and no order waits.\n", self.text)
        self.assertEqual(self.held(), 0)

    def test_some(self) -> None:
        """
        Only the accounts that were named are flattened.
        """
        self.flatten(20002)
        # Two positions, an order, and the empty position that it has.
        self.assertEqual((self.held(), self.sent()), (4, []))
        self.assertNotIn("20001", self.text)

    def test_partly(self) -> None:
        """
        What is left is told, each with its reason; the others are flat.
        """
        self.exchange.faults.add(
            Incoming(Refuse("TRADING_DISABLED", "No closing now"), message="ProtoOAClosePositionReq", nth=1)
        )
        self.exchange.faults.add(Incoming(Withhold(), message="ProtoOACancelOrderReq"))
        error = self.assertRaises(CTraderError, self.flatten)
        head, order, position = str(error).splitlines()
        self.assertEqual(head, "account 20001: 1 cancelled or closed, 2 not, or not for certain:")
        self.assertRegex(order, r"^    order 3000003: CancelOrder for account 20001: no answer")
        self.assertRegex(position, r"^    position 2000001: .*TRADING_DISABLED \(No closing now\)")
        self.assertIn("Account 20002: nothing is open", self.text)

    def test_failing(self) -> None:
        """
        What goes wrong in an unforeseen way is told, too.
        """
        self.patch(Account, "halt", lambda account, *, flatten: fail(ZeroDivisionError("of ours")))
        error = self.assertRaises(CTraderError, self.flatten, 20001)
        self.assertEqual(str(error), "account 20001: ZeroDivisionError('of ours')")

    def test_notReady(self) -> None:
        """
        An account that cannot be logged in is told, and keeps none of the others waiting.
        """
        self.exchange.faults.add(Incoming(Withhold(), message="ProtoOAAccountAuthReq", account=20002))
        error = self.assertRaises(CTraderError, self.flatten, 20001, 20002, 99)
        late, missing = str(error).splitlines()
        self.assertEqual(late, "account 20002: It is not ready after 30 s.")
        self.assertRegex(missing, "^account 99: 99 is no account of the stored tokens; they cover 20001, ")
        self.assertEqual(self.held(), 0)

    def test_nobodyReads(self) -> None:
        """
        It is done too where nobody reads what is told, as in a pipe that has ended.
        """
        complaints = io.StringIO()
        self.patch(sys, "stderr", complaints)
        self.console = Console(file=BrokenPipe())
        halt(HaltFile(self.folder / "other"), (), self.console)
        self.console = Console(file=BrokenPipe())
        self.flatten()
        self.assertEqual(self.held(), 0)
        self.assertIn("All accounts are halted", complaints.getvalue())
        self.assertIn("Account 20001: nothing is open", complaints.getvalue())

    def test_none(self) -> None:
        """
        If there are no accounts on the host, that is an error.
        """

        async def main(client: Client, account: Account) -> None:
            self.patch(client, "accounts", lambda: succeed(()))
            await self.command(client)

        self.assertRaises(ConfigurationError, self.drive, main)

    def test_onItsWay(self) -> None:
        """
        An order that is on its way, and of which nothing more is heard, is told as well.
        """
        self.exchange.faults.add(Incoming(Delay(300.0), message="ProtoOANewOrderReq", nth=4))

        async def main(client: Client, account: Account) -> None:
            eurusd = await account.symbol("EURUSD")
            for _ in range(3):
                await (await account.buy(eurusd, Lots("0.1"))).whenFilled()
            late = account.buy(eurusd, Lots("0.1"), timeout=200)
            late.addErrback(lambda failure: None)
            await self.command(client, (20001,))

        error = self.assertRaises(CTraderError, self.drive, main)
        self.assertRegex(str(error), r"\n    order without a number yet: ")

    def test_interrupted(self) -> None:
        """
        Ctrl-C takes nothing back, and says so.
        """
        self.exchange.faults.add(Incoming(Withhold(), message="ProtoOACancelOrderReq"))
        self.assertRaises(CancelledError, self.flatten, seconds=5.0)
        self.assertIn("The accounts stay halted", self.text.splitlines()[-1])

    def test_live(self) -> None:
        """
        On the live host it is confirmed by typing the name of the profile.
        """
        self.isLive = True
        typed: Deferred[str] = succeed("y")
        for manner in (None, Manner(readLine=lambda: typed)):
            self.assertRaises(ConfigurationError, self.flatten, manner=manner)
            self.assertEqual(self.sent(), [])
        self.flatten(manner=Manner(readLine=lambda: succeed("live")))
        self.assertIn("To go on, type the name of the profile:", self.text)
        self.assertEqual(self.held(), 0)


class CommandTests(CommandCase):
    """
    The commands.
    """

    def test_withoutNetwork(self) -> None:
        """
        Halting and resuming need no connection.
        """
        path = self.folder / "halt-demo"
        for words, content in (
            (("halt",), ""),
            (("resume",), None),
            (("halt", "--account", "20001", "--account", "20002"), "20001\n20002\n"),
            (("resume", "--account", "20001"), "20002\n"),
        ):
            result = self.invoke(*words)
            self.assertEqual(result.exit_code, 0, result.output)
            self.assertEqual(path.read_text() if path.exists() else None, content)
        self.assertEqual(list(self.exchange.seen), [])

    def test_unusableProfile(self) -> None:
        """
        A profile that cannot be used is halted all the same, and then it is told what is wrong with it.
        """
        path = self.folder / "profiles.toml"

        def run(main: Any, reactor: object) -> None:
            self.failureResultOf(Deferred.fromCoroutine(main())).raiseException()

        self.patch(running, "run", run)
        for content, isThere in (("[demo]\nendpoint = 7\n", True), ("[dem", True), ("[other]\n", False), ("", False)):
            path.write_text(content)
            path.chmod(0o600)
            result = CliRunner(env={"CTRADER_PROFILES": str(path)}).invoke(commands.ctrader, ["halt"])
            halts = self.folder / "halt-demo"
            self.assertEqual((result.exit_code, halts.exists()), (1, isThere), result.output)
            self.assertEqual("All accounts are halted" in result.output, isThere)
            self.assertIn(str(path), result.output)
            halts.unlink(missing_ok=True)

    def test_flatten(self) -> None:
        """
        The accounts are halted first, then flattened; what stays halted is the whole profile.
        """
        result = self.invoke("halt", "--flatten")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertIn("Account 20001: nothing is open", result.output)
        self.assertEqual((self.folder / "halt-demo").read_text(), "")
        result = self.invoke("order", "buy", "EURUSD", "0.1", "--account", "20001")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("it is halted, and opens nothing until ctrader resume; nothing was sent", result.output)
        self.assertEqual(self.sent(), [])

    def test_live(self) -> None:
        """
        Live accounts are halted though nobody can confirm that they be flattened.
        """
        self.isLive = True
        result = self.invoke("halt", "--flatten", "--profile", "live")
        self.assertEqual((result.exit_code, "--yes" in result.output), (1, True))
        self.assertTrue((self.folder / "halt-live").exists())
        self.assertEqual(self.invoke("halt", "--flatten", "--profile", "live", "--yes").exit_code, 0)
