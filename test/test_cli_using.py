"""
Tests of what the commands that use a profile share.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import click
from click.testing import CliRunner, Result
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli import running
from ctrader_twisted.cli.using import (
    ProfileChoice,
    accountOption,
    chosenAccount,
    debugOption,
    explaining,
    perform,
    profileOption,
    withAccount,
    withClient,
)
from ctrader_twisted.client import Account, Client
from ctrader_twisted.errors import AccountNotFound, ConfigurationError, ConnectFailed, CTraderError
from ctrader_twisted.testing import VirtualExchange
from test.profilecase import profilesFor

TABLE = {"endpoint": "ctrader:demo", "clientId": "7_app", "clientSecret": "secret", "tokens": "tokens.json"}


class OptionTests(SynchronousTestCase):
    """
    What is said on the command line, or in the environment.
    """

    def invoke(self, *words: str, **environment: str) -> tuple[Result, list[Any]]:
        """
        @return: how a command ended, and what its function was given.
        """
        given: list[Any] = []

        @click.command()
        @profileOption
        @accountOption
        @debugOption
        def command(**options: object) -> None:
            given.append(options)

        return CliRunner(env={"CTRADER_PROFILE": "", **environment}).invoke(command, words), given

    def test_profile(self) -> None:
        """
        It is known whether a profile was named on the command line; by default it is demo.
        """
        for words, environment, choice in (
            ((), {}, ProfileChoice("demo", isSpelled=False)),
            ((), {"CTRADER_PROFILE": "live"}, ProfileChoice("live", isSpelled=False)),
            (("--profile", "live"), {"CTRADER_PROFILE": "live"}, ProfileChoice("live", isSpelled=True)),
        ):
            self.assertEqual(self.invoke(*words, **environment)[1][0]["profile"], choice)

    def test_account(self) -> None:
        """
        An account is a number, or none.
        """
        self.assertEqual(self.invoke()[1][0]["account"], None)
        self.assertEqual(self.invoke("--account", "7")[1][0]["account"], 7)
        for wrong in ("0", "-1", "EURUSD"):
            self.assertEqual(self.invoke("--account", wrong)[0].exit_code, 2)

    def test_debug(self) -> None:
        """
        It is a flag.
        """
        self.assertEqual([self.invoke(*words)[1][0]["debug"] for words in ((), ("--debug",))], [False, True])


class ReadTests(SynchronousTestCase):
    """
    The profile that was chosen.
    """

    def setUp(self) -> None:
        """
        Write some profiles where the environment says.
        """
        self.file = profilesFor(self)
        self.file.write("demo", TABLE)
        self.file.write("live", {**TABLE, "endpoint": "ctrader:live"})
        self.file.write("mine", {**TABLE, "endpoint": "ctrader:live.example.com"})

    def test_live(self) -> None:
        """
        One for live accounts, whatever its name, must have been spelled.
        """
        for isSpelled in (True, False):
            self.assertEqual(ProfileChoice("demo", isSpelled).read(self.file), self.file.read("demo"))
        for name in ("live", "mine"):
            self.assertTrue(ProfileChoice(name, isSpelled=True).read(self.file).isLive)
            error = self.assertRaises(ConfigurationError, ProfileChoice(name, isSpelled=False).read, self.file)
            self.assertIn(f"--profile {name}", str(error))


class ExplainTests(SynchronousTestCase):
    """
    How commands end.
    """

    def setUp(self) -> None:
        """
        Catch what is complained.
        """
        self.complaints = io.StringIO()
        self.patch(sys, "stderr", self.complaints)

    def end(self, error: Exception, debug: bool = False) -> Any:
        """
        @return: the status with which an error ends a command.
        """
        try:
            with explaining(debug):
                raise error
        except SystemExit as ended:
            return ended.code

    def test_statuses(self) -> None:
        """
        Each end has its status, and at most a sentence; what is not known to be harmless is not shown.
        """
        for error, status, sentence in (
            (running.Interrupted(2), 130, ""),
            (ConnectFailed("no way"), 1, "No way. Check the network and the host.\n"),
            (OSError("no space"), 1, "no space\n"),
            (ValueError("the-secret"), 1, "It failed with ValueError; --debug shows where.\n"),
        ):
            self.complaints.truncate(0)
            self.complaints.seek(0)
            self.assertEqual((self.end(error), self.complaints.getvalue()), (status, sentence))

    def test_debug(self) -> None:
        """
        On request it is shown where.
        """
        self.assertEqual(self.end(CTraderError("no way"), debug=True), 1)
        self.assertIn("Traceback", self.complaints.getvalue())

    def test_click(self) -> None:
        """
        What click raises is left to click.
        """
        for error in (click.UsageError("x"), click.Abort()):
            self.assertRaises(type(error), self.end, error)

    def test_perform(self) -> None:
        """
        A coroutine function is given the reactor, a console and what else there is.
        """
        given: list[Any] = []

        async def main(*args: Any) -> None:
            given.extend(args)

        def run(main: Any, reactor: Any) -> None:
            given.append(reactor)
            Deferred.fromCoroutine(main())

        self.patch(running, "run", run)
        perform(main, 1, "two")
        self.assertEqual(given[0], given[1])
        self.assertEqual(given[3:], [1, "two"])
        self.assertIs(given[2].file, sys.stdout)

        def fail(main: Any, reactor: Any) -> None:
            raise CTraderError("no luck")

        self.patch(running, "run", fail)
        self.assertEqual(self.assertRaises(SystemExit, perform, main).code, 1)
        self.assertEqual(self.complaints.getvalue(), "No luck.\n")


class ClientTests(SynchronousTestCase):
    """
    A client for a command, on virtual time.
    """

    def setUp(self) -> None:
        """
        Make an exchange, and the profiles that lead to it.
        """
        self.virtual = VirtualExchange()
        self.file = profilesFor(self)
        self.file.write("demo", TABLE)
        self.file.write("live", {**TABLE, "endpoint": "ctrader:live"})
        self.choice = ProfileChoice("demo", isSpelled=False)
        self.made: list[Any] = []

    def make(self, name: str, **options: Any) -> Client:
        """
        Make a client, as C{Client.fromProfile} does.
        """
        self.made.append((name, options.pop("reactor")))
        if name == "live":
            options["endpoint"] = self.virtual.liveEndpoint
        return self.virtual.client(**options)

    def test_client(self) -> None:
        """
        The function gets a client that is logged in; after it nothing is connected.
        """

        async def main(client: Client) -> None:
            self.assertEqual(len(await client.accounts()), 4)

        self.virtual.drive(withClient(self.virtual.clock, self.choice, main, makeClient=self.make))
        self.assertEqual(self.made, [("demo", self.virtual.clock)])
        self.assertEqual(self.virtual.endpoint.openLinks, [])

    def test_notSpelled(self) -> None:
        """
        A live profile that was not spelled is not connected to.
        """
        choice = ProfileChoice("live", isSpelled=False)
        attempt = withClient(self.virtual.clock, choice, lambda client: self.fail(), makeClient=self.make)
        self.assertRaises(ConfigurationError, self.virtual.drive, attempt)
        self.assertEqual(self.made, [])

    def test_explained(self) -> None:
        """
        An error is explained with what the client knows.
        """

        async def main(client: Client) -> None:
            await client.account(5_000_001)

        attempt = withClient(self.virtual.clock, self.choice, main, makeClient=self.make)
        error = self.assertRaises(CTraderError, self.virtual.drive, attempt)
        self.assertIsInstance(error.__cause__, AccountNotFound)
        self.assertEqual(str(error), str(error.__cause__))
        self.assertIn("5000001 is a trader login; the account id is 20001", error.explain())

    def test_notStarted(self) -> None:
        """
        Nobody waits long for a server that cannot be reached.
        """
        self.virtual.endpoint.refusing = True
        start = self.virtual.clock.seconds()
        attempt = withClient(self.virtual.clock, self.choice, lambda client: self.fail(), makeClient=self.make)
        error = self.assertRaises(CTraderError, self.virtual.drive, attempt)
        self.assertIn("No connection could be made", error.explain())
        self.assertLess(self.virtual.clock.seconds() - start, 30)

    def test_account(self) -> None:
        """
        The function may get an account, too: the one that was named, or the only one of the profile's host.
        """
        found: list[tuple[Client, Account]] = []

        async def main(client: Client, account: Account) -> None:
            found.append((client, account))

        live = ProfileChoice("live", isSpelled=True)
        for choice, accountId in ((self.choice, 20_002), (live, None)):
            self.virtual.drive(withAccount(self.virtual.clock, choice, accountId, main, makeClient=self.make))
        self.assertEqual([account.accountId for _, account in found], [20_002, 20_003])

    def test_chosen(self) -> None:
        """
        If there are several, or none, one must be named.
        """
        for accountIds, words in (
            ((20_001, 20_002), "--account: 20001 (login 5000001), 20002 (login 5000002)"),
            ((20_003,), "cover no demo account"),
        ):
            self.virtual.exchange.registry.grantNamed("trade").accountIds = accountIds
            attempt = lambda client: chosenAccount(client, None, isLive=False)  # noqa: E731
            self.assertIn(words, str(self.assertRaises(ConfigurationError, self.virtual.run, attempt)))
