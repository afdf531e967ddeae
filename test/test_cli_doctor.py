"""
Tests of C{ctrader doctor}: each thing that can be wrong, what is said of it, and that nothing is changed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve
from OpenSSL.SSL import Error as TlsError
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from ctrader_twisted.cli.doctor import Doctor
from ctrader_twisted.cli.probes import Seen
from ctrader_twisted.cli.reaching import addressOf
from ctrader_twisted.cli.using import ProfileChoice
from ctrader_twisted.credentials import Application, TokenPair
from ctrader_twisted.errors import ConfigurationError, ConnectFailed, CTraderError
from ctrader_twisted.oauth import MemoryTokens
from ctrader_twisted.profiles import Profile, ProfileFile
from ctrader_twisted.schema.messages import ProtoOAAccessRights
from ctrader_twisted.simulator.faults import Cut, Incoming, Refuse, Withhold
from test.profilecase import ProfileCase, VirtualProfile

DAY = 86_400_000


class Probes:
    """
    A network that is as it should be, unless a test says otherwise.

    @ivar unresolved: whether names cannot be resolved.
    @ivar unreached: whether servers cannot be reached.
    @ivar reason: why not.
    @ivar seen: the certificate that they show.
    @ivar took: how long the way to the token service and back takes.
    @ivar ahead: how far the clock of this machine is ahead.
    @ivar timeless: what the token service does in place of telling the time.
    """

    def __init__(self, case: ProfileCase) -> None:
        self.unresolved = self.unreached = False
        self.reason = "the host does not answer"
        now = datetime.fromtimestamp(case.now / 1000, UTC)
        self.seen = Seen("Let's Encrypt, R11", now - timedelta(days=10), now + timedelta(days=80))
        self.took: float = 0.2
        self.ahead: float = 0
        self.timeless: Exception | None = None
        self.tells = True
        self._case = case

    async def addresses(self, host: str) -> tuple[str, ...]:
        """
        Resolve.
        """
        if self.unresolved:
            raise ConnectFailed(f"{host} cannot be resolved: no such name")
        return ("192.0.2.1", "192.0.2.2")

    async def certificate(self, host: str, port: int) -> Seen:
        """
        Look.
        """
        if self.unreached:
            raise ConnectFailed(self.reason)
        return self.seen

    async def time(self, url: str) -> float | None:
        """
        Tell the time.
        """
        await deferLater(self._case.virtual.clock, self.took / 2, lambda: None)
        there = self._case.now / 1000 - self.ahead
        await deferLater(self._case.virtual.clock, self.took / 2, lambda: None)
        if self.timeless is not None:
            raise self.timeless
        return there if self.tells else None


class _File(ProfileFile):
    """
    A file of profiles in memory.
    """

    def __init__(self, *profiles: Profile) -> None:
        super().__init__("profiles.toml")
        self.profiles = {each.name: each for each in profiles}

    def names(self) -> tuple[str, ...]:
        """
        Name them.
        """
        return tuple(self.profiles)

    def read(self, name: str) -> Profile:
        """
        Find one.
        """
        if name not in self.profiles:
            raise ConfigurationError(f"no profile {name}")
        return self.profiles[name]


@implementer(IStreamClientEndpoint)
class _Distrusted:
    """
    A server whose certificate is not trusted.
    """

    def connect(self, factory: Any) -> Deferred[Any]:
        """
        Fail, as verification does.
        """
        return fail(TlsError([("SSL routines", "", "certificate verify failed")]))


class _Unreadable(MemoryTokens):
    """
    A store that others can read.
    """

    def load(self) -> Deferred[tuple[TokenPair, ...]]:
        """
        Fail.
        """
        return fail(ConfigurationError("tokens.json can be read by others; make it private with chmod 600"))


class DoctorCase(ProfileCase):
    """
    A doctor, and profiles to look at.
    """

    def setUp(self) -> None:
        """
        Make the network.
        """
        super().setUp()
        self.probes = Probes(self)

    def examine(self, *profiles: VirtualProfile, name: str = "demo", isSpelled: bool = True) -> int:
        """
        Look at the first of some profiles.

        @return: how much is wrong.
        """
        before = [self.stored(each) for each in profiles if not isinstance(each.store, _Unreadable)]
        grants = [(each.accessToken, each.refreshToken) for each in self.registry.grants]
        doctor = Doctor(self.virtual.clock, self.console, self.probes, lambda: self.now, self.randomness)
        choice = ProfileChoice(profiles[0].name if profiles else name, isSpelled)
        try:
            self.drive(doctor.examine(_File(*profiles), choice))
        except CTraderError as error:
            self.assertTrue(str(error).startswith("checks that found something wrong: "), str(error))
        # Whatever it finds, it changes nothing.
        self.assertEqual([self.stored(each) for each in profiles if not isinstance(each.store, _Unreadable)], before)
        self.assertEqual([(each.accessToken, each.refreshToken) for each in self.registry.grants], grants)
        return len(self.lines("wrong"))

    def lines(self, verdict: str) -> list[str]:
        """
        @return: the lines with a verdict.
        """
        return [line for line in self.shown.splitlines() if line.startswith(f"{verdict} ")]

    def line(self, verdict: str, subject: str) -> str:
        """
        @return: the only line with a verdict on a subject.
        """
        found = [line for line in self.lines(verdict) if line[8:26].strip() == subject]
        self.assertEqual(len(found), 1, self.shown)
        return found[0]


class HealthyTests(DoctorCase):
    """
    Profiles with which all is well.
    """

    def test_whole(self) -> None:
        """
        Each check says what it has seen.
        """
        pair = self.pair("trade", userId=7001, expires=self.now + 21 * DAY)
        self.assertEqual(self.examine(self.profile(pair)), 0)
        subjects = [line[8:26].strip() for line in self.lines("ok")]
        self.assertEqual(
            subjects,
            ["profile", "token store", "sharing", "DNS", "TCP and TLS", "clock", "certificate", "application"]
            + ["token of 7001", "host"]
            + [f"account {number}" for number in (20001, 20002, 20004)],
        )
        self.assertEqual(self.lines("skipped"), [])
        self.assertIn("Let's Encrypt, R11", self.line("ok", "TCP and TLS"))
        self.assertIn("192.0.2.1, 192.0.2.2", self.line("ok", "DNS"))
        self.assertIn("in 20 days; it can be renewed", self.line("ok", "token of 7001"))

    def test_live(self) -> None:
        """
        A live profile has to be named; then it is looked at like any other.
        """
        profile = self.profile(self.pair("trade"), name="live")
        self.assertEqual(self.examine(profile, isSpelled=False), 1)
        self.assertIn("--profile live", self.line("wrong", "profile"))
        self.examine(profile)
        self.line("ok", "account 20003")

    def test_shared(self) -> None:
        """
        Two profiles with one store are as it should be.
        """
        profile = self.profile(self.pair("trade"))
        self.assertEqual(self.examine(profile, evolve(profile, name="live")), 0)
        self.assertIn("serves live, too", self.line("ok", "sharing"))

    def test_keyring(self) -> None:
        """
        The keyring has no path.
        """
        self.assertEqual(self.examine(evolve(self.profile(self.pair("trade")), tokens=None)), 0)
        self.assertIn("keyring", self.line("ok", "token store"))


class FileTests(DoctorCase):
    """
    What is wrong with the files.
    """

    def test_noProfile(self) -> None:
        """
        Without a profile, nothing else is looked at.
        """
        self.assertEqual(self.examine(), 1)
        self.assertEqual(len(self.shown.splitlines()), 2)
        self.line("skipped", "all else")

    def test_noTokens(self) -> None:
        """
        Without tokens, the application is looked at all the same.
        """
        self.assertEqual(self.examine(self.profile()), 1)
        self.assertIn("ctrader login --profile demo", self.line("wrong", "token store"))
        self.line("ok", "application")
        self.line("skipped", "accounts")

    def test_unreadable(self) -> None:
        """
        Tokens that others can read are not used.
        """
        self.assertEqual(self.examine(self.profile(store=_Unreadable())), 1)
        self.assertIn("chmod 600", self.line("wrong", "token store"))

    def test_doubled(self) -> None:
        """
        The same pair in two stores is wrong.
        """
        profile = self.profile(self.pair("trade"))
        other = evolve(self.profile(self.pair("trade"), name="live"), tokens=self.folder / "other.json")
        self.assertEqual(self.examine(profile, other), 1)
        self.assertIn("the profile live keeps the same tokens", self.line("wrong", "sharing"))


class NetworkTests(DoctorCase):
    """
    What is wrong on the way.
    """

    def setUp(self) -> None:
        """
        Make a profile with which nothing else is wrong.
        """
        super().setUp()
        self.healthy = self.profile(self.pair("trade", userId=7001))

    def test_unresolved(self) -> None:
        """
        A name that cannot be resolved. What is known of the tokens is told.
        """
        self.probes.unresolved = True
        self.assertEqual(self.examine(self.healthy), 1)
        self.assertIn("no such name", self.line("wrong", "DNS"))
        self.assertIn("can be renewed", self.line("skipped", "token of 7001"))
        self.line("skipped", "accounts")

    def test_unreached(self) -> None:
        """
        A port that cannot be reached.
        """
        self.probes.unreached = True
        self.assertEqual(self.examine(self.healthy), 1)
        self.assertIn("firewall", self.line("wrong", "TCP and TLS"))

    def test_simulator(self) -> None:
        """
        If it is a simulator on this machine that cannot be reached, no firewall is to blame.
        """
        self.probes.unreached = True
        self.assertEqual(self.examine(evolve(self.healthy, name="sim", endpoint="ctrader:127.0.0.1:5035")), 1)
        self.assertIn("ctrader sim", self.line("wrong", "TCP and TLS"))

    def test_stops(self) -> None:
        """
        A reason that ends with a full stop, as some of the system's do, gets no second one.
        """
        self.probes.unreached = True
        self.probes.reason = "connection refused."
        self.examine(self.healthy)
        self.assertIn("connection refused. Check", self.line("wrong", "TCP and TLS"))

    def test_expiredOffline(self) -> None:
        """
        A token that can be known to be dead without asking.
        """
        self.probes.unresolved = True
        self.assertEqual(self.examine(self.profile(TokenPair("a", expires=self.now))), 2)
        self.assertIn("ctrader login --profile demo", self.line("wrong", "token"))

    def test_distrusted(self) -> None:
        """
        A certificate that is not trusted: it is said who has signed it.
        """
        self.virtual.endpoint = _Distrusted()  # type: ignore[assignment]
        self.assertEqual(self.examine(self.healthy), 1)
        self.assertIn("Let's Encrypt, R11 has signed it", self.line("wrong", "certificate"))
        self.line("skipped", "accounts")

    def test_distrustedByClock(self) -> None:
        """
        If the clock of this machine is to blame, that is said.
        """
        self.virtual.endpoint = _Distrusted()  # type: ignore[assignment]
        self.probes.seen = evolve(self.probes.seen, ends=datetime(2026, 1, 1, tzinfo=UTC))
        self.assertEqual(self.examine(self.healthy), 1)
        self.assertIn("this machine's clock says 2026-03-04", self.line("wrong", "certificate"))

    def test_cut(self) -> None:
        """
        A server that goes away after it was seen.
        """
        self.virtual.endpoint.refusing = True
        self.assertEqual(self.examine(self.healthy), 1)
        self.assertIn("No connection could be made", self.line("wrong", "certificate"))

    def test_clock(self) -> None:
        """
        A clock that is more than five seconds off is wrong; what the way takes is not held against it.
        """
        for ahead, took, wrong in ((4.9, 0.2, 0), (-4.9, 0.2, 0), (-60, 0.2, 1), (60, 0.2, 2), (9, 20, 2)):
            self.probes.ahead, self.probes.took = ahead, took
            self.assertEqual(self.examine(self.healthy), wrong, (ahead, took))
        slow, fast = self.lines("wrong")
        self.assertIn("60 s behind", slow)
        self.assertIn("60 s ahead", fast)

    def test_noTime(self) -> None:
        """
        If nobody tells the time, that is said.
        """
        self.probes.tells = False
        self.assertEqual(self.examine(self.healthy), 0)
        self.assertIn("does not tell the time", self.line("skipped", "clock"))
        self.probes.timeless = ConnectFailed("the host does not answer")
        self.examine(self.healthy)
        self.assertIn("the host does not answer", self.lines("skipped")[-1])


class ServerTests(DoctorCase):
    """
    What the server does not take.
    """

    def test_application(self) -> None:
        """
        An application that is not active yet, or has another secret.
        """
        inactive = self.registry.applicationNamed("inactive")
        application = Application(inactive.clientId, inactive.clientSecret)
        self.assertEqual(self.examine(self.profile(self.pair("trade"), application=application)), 1)
        self.assertIn("up to three working days", self.line("wrong", "application"))
        self.line("skipped", "token")
        wrong = evolve(self.virtual.application, clientSecret="wrong")
        self.assertEqual(self.examine(self.profile(application=wrong)), 3)
        self.assertIn("ctrader login --profile demo --client-id", self.lines("wrong")[-1])

    def test_expired(self) -> None:
        """
        An expired token is fine if it can be renewed.
        """
        self.assertEqual(self.examine(self.profile(self.pair("expired"))), 0)
        self.assertIn("renews it", self.line("ok", "token"))
        self.line("skipped", "accounts")
        self.assertEqual(self.examine(self.profile(evolve(self.pair("expired"), refreshToken=None))), 1)
        self.assertIn("ctrader login --profile demo", self.line("wrong", "token"))

    def test_refused(self) -> None:
        """
        A token that the server does not know any more; others are looked at all the same.
        """
        self.assertEqual(self.examine(self.profile(TokenPair("gone", "gone, too"), self.pair("trade"))), 1)
        self.assertIn("another program has renewed it", self.line("wrong", "token"))
        self.line("ok", "account 20001")

    def test_otherHost(self) -> None:
        """
        Accounts that are all on the other host.
        """
        grant = self.registry.grantNamed("trade")
        grant.accountIds = (20_003,)
        self.assertEqual(self.examine(self.profile(self.pair("trade"))), 1)
        self.assertIn("profile live", self.line("wrong", "host"))

    def test_viewOnly(self) -> None:
        """
        A token that only looks is not wrong, and it is said what it cannot do.
        """
        self.assertEqual(self.examine(self.profile(self.pair("view"))), 0)
        self.assertIn("--scope trading", self.line("ok", "account 20001"))

    def test_bothScopes(self) -> None:
        """
        Of two tokens for an account, the one that allows more counts.
        """
        for pairs in (("view", "trade"), ("trade", "view")):
            self.screen.truncate(0)
            self.examine(self.profile(*(self.pair(name) for name in pairs)))
            self.assertIn("it can be traded", self.line("ok", "account 20001"))

    def test_rights(self) -> None:
        """
        What the broker allows.
        """
        terms = self.virtual.exchange.venue.accounts[20_001].terms
        self.virtual.exchange.venue.accounts[20_001].terms = evolve(terms, accessRights=ProtoOAAccessRights.CLOSE_ONLY)
        self.assertEqual(self.examine(self.profile(self.pair("trade"))), 1)
        self.assertIn("positions can only be closed", self.line("wrong", "account 20001"))

    def test_lost(self) -> None:
        """
        A connection that is lost meanwhile: what could not be looked at any more counts as wrong.
        """
        self.virtual.exchange.faults.add(Incoming(Cut(), message="ProtoOATraderReq"))
        self.assertEqual(self.examine(self.profile(self.pair("trade"))), 3)
        self.assertIn("the connection was lost", self.line("wrong", "account 20001"))

    def test_notTold(self) -> None:
        """
        A server that does not tell what a token is good for.
        """
        self.virtual.exchange.faults.add(
            Incoming(Refuse("CH_SERVER_NOT_REACHABLE"), message="ProtoOAGetAccountListByAccessTokenReq")
        )
        self.assertEqual(self.examine(self.profile(self.pair("trade"))), 1)
        self.assertIn("CH_SERVER_NOT_REACHABLE", self.line("wrong", "token"))

    def test_noAnswer(self) -> None:
        """
        A server that does not answer when the application logs in.
        """
        self.virtual.exchange.faults.add(Incoming(Withhold(), message="ProtoOAApplicationAuthReq"))
        self.assertEqual(self.examine(self.profile(self.pair("trade"))), 1)
        self.assertIn("no answer within 15 s", self.line("wrong", "application"))


class AddressTests(SynchronousTestCase):
    """
    Where a profile connects.
    """

    def test_all(self) -> None:
        """
        All forms of an endpoint string.
        """
        for words, address in (
            ("demo", ("demo.ctraderapi.com", 5035)),
            ("live", ("live.ctraderapi.com", 5035)),
            ("localhost", ("localhost", 5035)),
            (r"\:\:1:5036:caFile=C\:\\ca.pem", ("::1", 5036)),
            ("127.0.0.1:caFile=ca.pem", ("127.0.0.1", 5035)),
        ):
            profile = Profile("p", f"ctrader:{words}", None, None, None, "", None)  # type: ignore[arg-type]
            self.assertEqual(addressOf(profile), address)
