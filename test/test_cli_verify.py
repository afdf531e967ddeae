"""
Tests of C{ctrader verify}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

from attrs import evolve
from click.testing import CliRunner
from twisted.internet.defer import Deferred, succeed

from ctrader_twisted.cli.commands import ctrader
from ctrader_twisted.cli.verify import Verification
from ctrader_twisted.errors import ConfigurationError, CTraderError
from ctrader_twisted.simulator.ledger import LEDGER
from ctrader_twisted.simulator.settings import NotAuthorised, Settings
from ctrader_twisted.simulator.world import USD_ACCOUNT
from ctrader_twisted.testing.contract import CASES, Outcome, Suite
from test.profilecase import ProfileCase, VirtualProfile, profilesFor

SOON = tuple(case for case in CASES if case.number in (101, 201, 213, 803, 1001))
"""
Some cases: of connections, of logins, one that trades, and one that only a simulator may see.
"""


class LocalProfile(VirtualProfile):
    """
    A profile that leads to a simulator, and says so.
    """

    @property
    def isSimulated(self) -> bool:
        """
        Yes.
        """
        return True


class VerificationTests(ProfileCase):
    """
    The command, on profiles of an exchange in memory.
    """

    settings = Settings(notAuthorised=NotAuthorised.ACCOUNT)

    def setUp(self) -> None:
        """
        Let few cases do, and note which were run.
        """
        super().setUp()
        self.ran: list[Outcome] = []
        whole = Suite.run

        async def run(suite: Suite, cases: Any = SOON, tell: Any = lambda outcome: None) -> list[Outcome]:
            found = await whole(suite, cases, tell)
            self.ran += found
            return found

        running = patch.object(Suite, "run", run)
        running.start()
        self.addCleanup(running.stop)

    def verify(
        self,
        profile: VirtualProfile,
        *typed: str,
        accountId: int | None = USD_ACCOUNT,
        report: Path | None = None,
        isSure: bool = False,
    ) -> None:
        """
        Run the command.
        """
        lines = list(typed)

        def readLine() -> Deferred[str]:
            return succeed(lines.pop(0))

        verification = Verification(self.virtual.clock, self.console, self.randomness, readLine if typed else None)
        self.drive(verification.run(profile, accountId, report, isSure=isSure))
        self.assertEqual(lines, [])

    def local(self) -> LocalProfile:
        """
        @return: a profile that says that it is of a simulator.
        """
        profile = self.profile(self.pair("trade"))
        return LocalProfile(
            profile.name,
            profile.endpoint,
            profile.application,
            profile.tokens,
            profile.services,
            profile.redirectUri,
            profile.folder,
            profile.virtual,
            profile.store,
            profile.http,
        )

    def decided(self) -> dict[int, bool]:
        """
        @return: for each case that was run by number, whether it was decided.
        """
        return {each.case.number: not each.undecided for each in self.ran}

    def test_simulator(self) -> None:
        """
        On a simulator it asks nothing, runs everything, and tells what was confirmed and refuted, without the number of
        an account; the report says the same.
        """
        report = self.folder / "report.txt"
        self.verify(self.local(), report=report)
        self.assertEqual(self.decided(), {101: True, 201: True, 213: True, 803: True, 1001: True})
        text = report.read_text()
        shown = " ".join(self.shown.split())
        for words in (
            "confirmed    version (101)",
            "refuted      not-authorised (213): ErrorRes ACCOUNT_NOT_AUTHORIZED",
        ):
            self.assertIn(words, text)
            self.assertIn(" ".join(words.split()), shown)
        self.assertIn("refuted: 1", text)
        self.assertTrue(text.startswith("ctrader verify on a simulator, "))
        for account in self.virtual.exchange.venue.accounts.values():
            for number in (account.terms.accountId, account.terms.traderLogin):
                self.assertNotIn(str(number), text + self.shown)
        for entryId in LEDGER:
            self.assertIn(entryId, text)

    def test_yes(self) -> None:
        """
        On a demo account it asks before it trades, and leaves out what only a simulator may see.
        """
        self.verify(self.profile(self.pair("trade")), "yes")
        self.assertEqual(self.decided(), {101: True, 201: True, 213: True, 803: True, 1001: False})

    def test_no(self) -> None:
        """
        Who says anything else gets what needs no trade.
        """
        self.verify(self.profile(self.pair("trade")), "")
        self.assertEqual(self.decided(), {101: True, 201: True, 213: True, 803: False, 1001: False})

    def test_nobodyToAsk(self) -> None:
        """
        Where nobody can be asked, nothing is traded, unless --yes says so.
        """
        self.verify(self.profile(self.pair("trade")))
        self.assertFalse(self.decided()[803])
        self.ran.clear()
        self.verify(self.profile(self.pair("trade")), isSure=True)
        self.assertTrue(self.decided()[803])

    def test_live(self) -> None:
        """
        A profile for live accounts is refused, and so is a live account.
        """
        live = self.profile(self.pair("trade"), name="live")
        self.assertRaises(ConfigurationError, self.verify, live, isSure=True)
        profile = self.profile(self.pair("trade"))
        liveId = self.virtual.liveAccountId
        self.assertRaises(ConfigurationError, self.verify, profile, accountId=liveId, isSure=True)
        self.assertEqual(self.ran, [])

    def test_severalAccounts(self) -> None:
        """
        One of several demo accounts must be named.
        """
        error = self.assertRaises(ConfigurationError, self.verify, self.profile(self.pair("trade")), accountId=None)
        self.assertIn("several demo accounts", str(error))

    def test_severalPairs(self) -> None:
        """
        Of several pairs the one is used that covers the account.
        """
        other = self.virtual.exchange.give(7_002)
        profile = self.profile(evolve(self.pair("trade"), accessToken=other.accessToken), self.pair("trade"))
        self.verify(profile, isSure=True)
        self.assertTrue(self.decided()[201])

    def test_noTokens(self) -> None:
        """
        Without tokens there is nothing to do.
        """
        error = self.assertRaises(ConfigurationError, self.verify, self.profile())
        self.assertIn("ctrader login", str(error))

    def test_cannotBegin(self) -> None:
        """
        A token that has expired is told of.
        """
        error = self.assertRaises(CTraderError, self.verify, self.profile(self.pair("expired")))
        self.assertIn("OA_AUTH_TOKEN_EXPIRED", str(error))

    def test_noReport(self) -> None:
        """
        A report that cannot be written is told of before anything is done, which takes ten minutes.
        """
        error = self.assertRaises(ConfigurationError, self.verify, self.local(), report=self.folder)
        self.assertIn("cannot be written", str(error))
        self.assertEqual(self.ran, [])

    def test_left(self) -> None:
        """
        What could not be tidied up is the last word.
        """
        with patch("ctrader_twisted.testing.contract.suite.tidy", return_value="orders: 1"):
            error = self.assertRaises(CTraderError, self.verify, self.local())
        self.assertIn("case 803: orders: 1", str(error))

    def test_command(self) -> None:
        """
        The command says what it does, and refuses a profile that is not there.
        """
        profilesFor(self)
        runner = CliRunner()
        self.assertIn("--report", runner.invoke(ctrader, ["verify", "--help"]).output)
