"""
Tests of C{ctrader tokens}, C{ctrader tokens import}, C{ctrader logout} and C{ctrader accounts}.
"""

from __future__ import annotations

from ctrader_twisted.cli.accounts import accounts
from ctrader_twisted.cli.tokens import imported, importTokens, logout, showTokens
from ctrader_twisted.credentials import TokenPair
from ctrader_twisted.errors import ConfigurationError, ConnectFailed, TokenRefused
from ctrader_twisted.secret import Secret
from test.profilecase import ProfileCase, VirtualProfile

DAY = 86_400_000


class ShowTests(ProfileCase):
    """
    What is told of stored tokens.
    """

    def show(self, *pairs: TokenPair) -> str:
        """
        @return: what is shown, without asking the server.
        """
        self.virtual.endpoint.refusing = True
        self.drive(showTokens(self.virtual.clock, self.console, self.profile(*pairs), self.now))
        self.assertEqual(self.virtual.endpoint.attempts, 0)
        return self.shown

    def test_whole(self) -> None:
        """
        Whose a pair is, what it is for, and until when; never the pair itself.
        """
        pair = self.pair("trade", issued=self.now - DAY, expires=self.now + 29 * DAY, scope="trading", userId=7001)
        shown = self.show(pair)
        self.assertRegex(shown, r"7001 +trading +2026-03-03 10:00 +2026-04-02 10:00 +29 days +yes")

    def test_unknown(self) -> None:
        """
        What is not known is said to be so.
        """
        self.assertRegex(self.show(TokenPair("a")), r"(unknown +){5}no")

    def test_soon(self) -> None:
        """
        The last day, and what comes after it.
        """
        shown = self.show(*(TokenPair("a", expires=self.now + more) for more in (DAY - 1, 0)))
        self.assertIn("less than a day", shown)
        self.assertIn("expired", shown)

    def test_none(self) -> None:
        """
        If there are none, it is said how to get some.
        """
        self.assertIn("ctrader login --profile demo", self.show())


class ImportTests(ProfileCase):
    """
    A pair from elsewhere.
    """

    def take(self, profile: VirtualProfile, pair: TokenPair) -> None:
        """
        Import a pair.
        """
        self.drive(importTokens(self.virtual.clock, self.console, profile, pair, self.randomness))

    def test_typed(self) -> None:
        """
        The refresh token may be left out, the access token may not.
        """
        self.assertEqual(imported("a", "", scope=None, expires=None), TokenPair("a"))
        whole = imported("a", "b", scope="trading", expires=5)
        self.assertEqual(whole, TokenPair("a", "b", scope="trading", expires=5))
        self.assertRaises(ConfigurationError, imported, "", "b", scope=None, expires=None)

    def test_stored(self) -> None:
        """
        It is stored with what the server tells of it, in place of the one of the same cTID.
        """
        profile = self.profile(self.pair("view", userId=7001), TokenPair("other", userId=8))
        self.take(profile, self.pair("trade", expires=5))
        other, new = self.stored(profile)
        self.assertEqual(other.accessToken, Secret("other"))
        self.assertEqual(new, self.pair("trade", expires=5, scope="trading", userId=7001))
        self.assertRegex(self.shown, r"20001 +5000001")

    def test_twice(self) -> None:
        """
        A pair that is there already is there once.
        """
        profile = self.profile(self.pair("trade"))
        self.take(profile, self.pair("trade"))
        self.assertEqual(len(self.stored(profile)), 1)

    def test_refused(self) -> None:
        """
        What the server does not take is not kept; the others are.
        """
        profile = self.profile(self.pair("trade"))
        self.assertRaises(TokenRefused, self.take, profile, TokenPair("wrong", "wrong, too"))
        self.assertEqual(self.stored(profile), (self.pair("trade"),))
        self.assertIn("removed", self.shown)

    def test_offline(self) -> None:
        """
        If the server cannot be asked, the pair is kept as it is.
        """
        self.virtual.endpoint.refusing = True
        profile = self.profile()
        self.assertRaises(ConnectFailed, self.take, profile, self.pair("trade"))
        self.assertEqual(self.stored(profile), (self.pair("trade"),))


class LogoutTests(ProfileCase):
    """
    Tokens that are to be forgotten.
    """

    def test_forgotten(self) -> None:
        """
        Nothing is left, and it is said where the access itself ends.
        """
        profile = self.profile(self.pair("trade"), TokenPair("other"))
        self.drive(logout(self.virtual.clock, self.console, profile, "demo and live"))
        self.assertEqual(self.stored(profile), ())
        self.assertIn("The tokens of demo and live are forgotten", self.shown)
        self.assertIn("https://id.ctrader.com", self.shown)


class AccountTests(ProfileCase):
    """
    Accounts, as a client lists them.
    """

    def test_listed(self) -> None:
        """
        Each has its two numbers, its host, and what may be done.
        """
        self.virtual.run(lambda client: accounts(self.console, client))
        for row in (r"20001 +5000001 +demo .+ yes", r"20003 +9000001 +live .+ yes"):
            self.assertRegex(self.shown, row)
