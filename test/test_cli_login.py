"""
Tests of C{ctrader login}: from the application to the stored tokens, on virtual time.
"""

from __future__ import annotations

from attrs import evolve
from twisted.internet.defer import Deferred, fail

from ctrader_twisted.cli.consent import Question
from ctrader_twisted.cli.login import login
from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import (
    ApplicationInactive,
    ApplicationRefused,
    ConfigurationError,
    ConnectFailed,
    ConsentDenied,
    TokenRefused,
)
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.faults import Incoming, Refuse
from test.profilecase import REDIRECT, ProfileCase, VirtualProfile


class LoginTests(ProfileCase):
    """
    A user who allows the access.
    """

    def login(self, profile: VirtualProfile, scope: str = "trading") -> None:
        """
        Log in.
        """
        clock = self.virtual.clock
        self.drive(login(clock, self.console, profile, scope, self.allow, self.randomness))

    def test_stored(self) -> None:
        """
        The pair is stored, with all that is known of it, and the accounts are listed with a hint how to go on.
        """
        profile = self.profile()
        self.login(profile)
        (pair,) = self.stored(profile)
        grant = self.registry.grants[-1]
        self.assertEqual((pair.accessToken, pair.refreshToken), (grant.accessToken, grant.refreshToken))
        self.assertEqual((pair.scope, pair.userId), ("trading", 7001))
        assert pair.issued is not None and pair.expires is not None
        self.assertEqual(pair.expires - pair.issued, self.registry.tokenLifetime * 1000)
        self.assertRegex(self.shown, r"20001 +5000001 +demo")
        self.assertRegex(self.shown, r"20003 +9000001 +live")
        self.assertIn("ctrader quotes EURUSD --profile demo --account 20001", self.shown)

    def test_question(self) -> None:
        """
        The user is asked for the scope, with a state that is another one each time.
        """
        asked: list[Question] = []

        async def note(question: Question) -> Secret:
            asked.append(question)
            return await self.allow(question)

        for _ in range(2):
            clock = self.virtual.clock
            self.drive(login(clock, self.console, self.profile(), "accounts", note, self.randomness))
        first, second = asked
        self.assertIn("scope=accounts", first.url)
        self.assertIn(f"state={first.state}", first.url)
        self.assertEqual((first.redirectUri, first.needsState), (REDIRECT, False))
        self.assertGreaterEqual(len(first.state), 32)
        self.assertNotEqual(first.state, second.state)

    def test_echo(self) -> None:
        """
        A service that is known to bring the state back must do so.
        """
        asked: list[Question] = []

        async def note(question: Question) -> Secret:
            asked.append(question)
            return await self.allow(question)

        plain = self.profile()
        profile = evolve(plain, services=evolve(plain.services, echoesState=True))
        self.drive(login(self.virtual.clock, self.console, profile, "trading", note, self.randomness))
        self.assertTrue(asked[0].needsState)

    def test_scope(self) -> None:
        """
        With the scope accounts the pair is for looking only.
        """
        profile = self.profile()
        self.login(profile, "accounts")
        self.assertEqual([each.scope for each in self.stored(profile)], ["accounts"])
        self.assertRegex(self.shown, r"20001 .+ no\b")

    def test_again(self) -> None:
        """
        A second login replaces the pair of the same cTID, known as such or not, and leaves those of others.
        """
        other = TokenPair("other", "buys other", userId=8)
        profile = self.profile(self.pair("view", userId=7001), other, self.pair("trade"))
        self.login(profile)
        kept, new = self.stored(profile)
        self.assertEqual(kept, other)
        self.assertEqual(new.accessToken, self.registry.grants[-1].accessToken)

    def test_useless(self) -> None:
        """
        Of pairs whose cTID is not known and which the server refuses, those are dropped that cannot be renewed either.
        """
        renewable = TokenPair("dead", "perhaps")
        profile = self.profile(TokenPair("also dead"), renewable)
        self.login(profile)
        self.assertEqual([each.accessToken for each in self.stored(profile)][:-1], [renewable.accessToken])

    def test_unasked(self) -> None:
        """
        If the server does not say whose another pair is, that pair is kept.
        """
        other = TokenPair("other")
        profile = self.profile(other)
        self.virtual.exchange.faults.add(
            Incoming(Refuse("CH_SERVER_NOT_REACHABLE"), message="ProtoOAGetAccountListByAccessTokenReq", nth=2)
        )
        self.login(profile)
        self.assertEqual(self.stored(profile)[0], other)

    def test_onlyOne(self) -> None:
        """
        If there is one account, it need not be named; if there is none on this host, that is said.
        """
        self.registry.users[7001] = (20_001, 20_003)
        live = self.profile(name="live")
        self.login(live)
        self.assertTrue(self.shown.endswith("ctrader quotes EURUSD --profile live\n"), self.shown)
        self.registry.users[7001] = (20_003,)
        self.login(self.profile(store=live.store))
        self.assertIn("There is no demo account among them", self.shown)
        self.assertTrue(self.shown.endswith("ctrader login --profile live\n"), self.shown)


class _Lagging(MemoryTokens):
    """
    A store that notes what is asked of the server before it has stored.
    """

    def __init__(self, case: ProfileCase) -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        self._case = case

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        Note what the server was asked until now.
        """
        self.asked.append([type(each).__name__ for each in self._case.virtual.exchange.seen])
        return super().save(pairs)


class _Full(MemoryTokens):
    """
    A store on a full disk.
    """

    def save(self, pairs: tuple[TokenPair, ...]) -> Deferred[None]:
        """
        Fail.
        """
        return fail(ConfigurationError("the tokens cannot be stored: no space"))


class _Unreadable(MemoryTokens):
    """
    A store that others can read.
    """

    def load(self) -> Deferred[tuple[TokenPair, ...]]:
        """
        Fail.
        """
        return fail(ConfigurationError("tokens.json can be read by others; make it private with chmod 600"))


class OrderTests(ProfileCase):
    """
    What happens before what.
    """

    def test_storedFirst(self) -> None:
        """
        The pair is stored before it is used for anything, and then with what was learned.
        """
        store = _Lagging(self)
        profile = self.profile(store=store)
        self.drive(login(self.virtual.clock, self.console, profile, "trading", self.allow, self.randomness))
        first, second = store.asked
        self.assertNotIn("ProtoOAGetAccountListByAccessTokenReq", first)
        self.assertIn("ProtoOAGetAccountListByAccessTokenReq", second)

    def test_learnedLater(self) -> None:
        """
        If the server cannot be asked what the pair is good for, it is stored all the same.
        """
        profile = self.profile()

        async def allow(question: Question) -> Secret:
            code = await self.allow(question)
            self.virtual.endpoint.refusing = True
            return code

        attempt = login(self.virtual.clock, self.console, profile, "trading", allow, self.randomness)
        self.assertRaises(ConnectFailed, self.drive, attempt)
        (pair,) = self.stored(profile)
        self.assertEqual((pair.accessToken, pair.userId), (self.registry.grants[-1].accessToken, None))
        self.assertIn("the tokens are stored", self.shown)

    def test_full(self) -> None:
        """
        If the pair cannot be stored, that is the error.
        """
        attempt = login(
            self.virtual.clock, self.console, self.profile(store=_Full()), "trading", self.allow, self.randomness
        )
        self.assertIn("no space", str(self.assertRaises(ConfigurationError, self.drive, attempt)))

    def test_unreadable(self) -> None:
        """
        If the store cannot be read, the user is not asked.
        """
        profile = self.profile(store=_Unreadable())
        attempt = login(self.virtual.clock, self.console, profile, "trading", self.never(), self.randomness)
        self.assertIn("chmod 600", str(self.assertRaises(ConfigurationError, self.drive, attempt)))


class RefusedTests(ProfileCase):
    """
    What can go wrong, and what is said then.
    """

    def attempt(self, error: type[Exception], profile: VirtualProfile, code: str | None = None) -> str:
        """
        Log in, and fail.

        @param error: how.
        @param profile: the profile.
        @param code: what the user brings; L{None} if the user must not be asked.
        @return: the explanation.
        """

        async def bring(question: Question) -> Secret:
            assert code is not None
            return Secret(code)

        getCode = self.never() if code is None else bring
        attempt = login(self.virtual.clock, self.console, profile, "trading", getCode, self.randomness)
        raised = self.assertRaises(error, self.drive, attempt)
        self.assertEqual(self.stored(profile), ())
        return str(raised.explain())

    def application(self, name: str, **changes: str) -> VirtualProfile:
        """
        @return: the profile of an application of the exchange's, changed.
        """
        found = self.registry.applicationNamed(name)
        return self.profile(application=evolve(Application(found.clientId, found.clientSecret), **changes))

    def test_inactive(self) -> None:
        """
        An application that is not active yet is told of before the user is asked.
        """
        words = self.attempt(ApplicationInactive, self.application("inactive"))
        self.assertIn("up to three working days", words)

    def test_wrongSecret(self) -> None:
        """
        So is a wrong secret, with the way to say another one.
        """
        words = self.attempt(ApplicationRefused, self.application("standard", clientSecret="wrong"))
        self.assertIn("Check client id and client secret", words)
        self.assertIn("ctrader login --profile demo --client-id", words)

    def test_unreachable(self) -> None:
        """
        So is a server that cannot be reached.
        """
        self.virtual.endpoint.refusing = True
        self.assertIn("No connection could be made", self.attempt(ConnectFailed, self.profile()))

    def test_refusedCode(self) -> None:
        """
        A code that the token service does not take.
        """
        words = self.attempt(TokenRefused, self.profile(), "no-such-code")
        self.assertIn("Log in again", words)
        self.assertNotIn("no-such-code", words)

    def test_denied(self) -> None:
        """
        A user who does not allow the access.
        """

        async def deny(question: Question) -> Secret:
            raise ConsentDenied("access was denied on the page that asked for it")

        profile = self.profile()
        attempt = login(self.virtual.clock, self.console, profile, "trading", deny, self.randomness)
        self.assertRaises(ConsentDenied, self.drive, attempt)
        self.assertEqual(self.stored(profile), ())
