"""
The contract suite on the simulator: in memory, over TLS on loopback, with switches of its settings turned at random;
and on a real demo account, if the environment names one.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any

from attrs import fields
from twisted.internet import reactor
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from ctrader_twisted.credentials import Application
from ctrader_twisted.secret import Secret
from ctrader_twisted.simulator.ledger import LEDGER, defaultOf
from ctrader_twisted.simulator.service import SimulatorService
from ctrader_twisted.simulator.settings import Settings
from ctrader_twisted.tap import sim
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.testing.contract import CASES, GROUPS, Case, Finding, Outcome, Subject, Suite, Verdict, judge
from ctrader_twisted.testing.contract.environment import subjectFromEnvironment
from ctrader_twisted.wire.endpoints import hostEndpoint, trustFile

NUMBERS = {
    "generalRate": (50, 80),
    "historicalRate": (5, 9),
    "maxConnections": (25, 30),
    "barChunk": (5_000, 7_000),
    "tickChunk": (5_000, 3_000),
    "dealChunk": (10_000, 7),
    "maxFrame": (15_000_000, 10_000_000),
    "version": ("91", "90"),
    "tokenLifetime": (2_628_000, 2_592_000),
    "loginLimit": (30.0, 50.0),
    "idleLimit": (30.0, 50.0),
    "heartbeatInterval": (30.0, 12.0),
    "tokenErrorStatus": (400, 200),
    "codeLifetime": (60.0, 30.0),
    "grantLimit": (50, 3),
    "positionLimit": (2_000, 500),
    "stopOutLevel": (50.0, 30.0),
    "swapYear": (360, 365),
}
"""
For switches that are neither flags nor choices, the values to try.
"""

UNSEEN = {each.switch for each in LEDGER.values() if each.untried}
"""
Switches that no case can decide.
"""


def outcomesOn(virtual: VirtualExchange, cases: tuple[Case, ...] = CASES) -> list[Outcome]:
    """
    @param virtual: an exchange.
    @param cases: what to run.
    @return: how they end there.
    """
    suite = Suite(virtual.clock, Subject.of(virtual), Random(1))
    return virtual.drive(suite.run(cases), hours=48)


def turned(seed: int) -> Settings:
    """
    @param seed: any number.
    @return: settings that follow from it.
    """
    randomness, switches = Random(seed), {each.switch for each in LEDGER.values()}
    changes: dict[str, Any] = {}
    for field in fields(Settings):
        default = field.default
        if field.name not in switches:
            continue
        if field.name in NUMBERS:
            changes[field.name] = randomness.choice(NUMBERS[field.name])
        elif isinstance(default, bool):
            changes[field.name] = randomness.choice([True, False])
        elif isinstance(default, Enum):
            changes[field.name] = randomness.choice(list(type(default)))
    return Settings(**changes)


class CatalogueTests(SynchronousTestCase):
    """
    The cases, as they are written.
    """

    def test_numbers(self) -> None:
        """
        There are many, each has a number of its own, and each group has its hundred.
        """
        numbers = [case.number for case in CASES]
        self.assertEqual(len(set(numbers)), len(numbers))
        self.assertEqual(numbers, sorted(numbers))
        self.assertGreater(len(numbers), 150)
        self.assertEqual(len({case.title for case in CASES}), len({(case.title, case.decides) for case in CASES}))
        for group in GROUPS:
            self.assertTrue(group.title and group.cases)

    def test_entries(self) -> None:
        """
        Each case is about entries that there are.
        """
        for case in CASES:
            self.assertTrue(case.decides, case.number)
            self.assertLessEqual(set(case.decides), set(LEDGER), case.number)

    def test_switchesAreDecided(self) -> None:
        """
        There is a case for each switch; or the ledger says why there is none, and what else to do.
        """
        decided = {entryId for case in CASES for entryId in case.decides}
        without = {each.switch for each in LEDGER.values() if each.switch and each.entryId not in decided}
        self.assertEqual(without, UNSEEN)
        for entry in LEDGER.values():
            self.assertTrue(entry.how or not entry.untried, entry.entryId)
        # More of them would be a loss.
        self.assertEqual(len(UNSEEN), 12)


class SimulatorTests(SynchronousTestCase):
    """
    Each case on a simulator of its own, in memory; C{testNNN} is case NNN.
    """

    def check(self, case: Case) -> None:
        """
        Run a case.
        """
        [outcome] = outcomesOn(VirtualExchange(seed=case.number), (case,))
        self.assertEqual((outcome.broken, outcome.left), ("", ""))
        for observation in outcome.observations:
            self.assertTrue(observation.agrees, observation)
            self.assertIn(observation.entryId, case.decides)
        undecided = case.number in UNDECIDED
        self.assertEqual(bool(outcome.undecided), undecided, outcome.undecided)


UNDECIDED = {903, 1007, 1008, 1103, 1104}
"""
Cases that cannot decide anything where the settings are the usual ones: there are few deals, no type is blocked,
and nothing was withdrawn or made up for.
"""


def _testOf(case: Case) -> Callable[[SimulatorTests], None]:
    def test(self: SimulatorTests) -> None:
        self.check(case)

    test.__doc__ = case.title
    return test


for _case in CASES:
    setattr(SimulatorTests, f"test{_case.number}", _testOf(_case))


class InferenceTests(SynchronousTestCase):
    """
    The suite tells how a simulator is set, whatever that is.
    """

    def test_usual(self) -> None:
        """
        Where all settings are the usual ones, nothing is refuted.
        """
        findings = judge(outcomesOn(VirtualExchange()))
        self.assertEqual([each for each in findings if each.verdict is Verdict.REFUTED], [])
        self.assertEqual([each.entry.entryId for each in findings], list(LEDGER))
        self.assertGreater(Counter(each.verdict for each in findings)[Verdict.CONFIRMED], 150)

    def test_turned(self) -> None:
        """
        Whatever switches are turned, no setting is inferred wrongly, and each is inferred in both positions.
        """
        inferred: set[tuple[str, bool]] = set()
        # Between them they turn each switch, where a case sees it.
        for seed in range(15, 22):
            settings = turned(seed)
            virtual = VirtualExchange(seed=seed, settings=settings)
            virtual.exchange.withdraw(virtual.accountId, 100)
            outcomes = outcomesOn(virtual)
            self.assertEqual([each for each in outcomes if each.broken or each.left], [], f"seed {seed}")
            for finding in judge(outcomes):
                self.checkFinding(settings, finding, inferred, seed)
        switches = {each.switch for each in LEDGER.values() if each.switch} - UNSEEN
        missing = {(name, usual) for name in switches for usual in (True, False)} - inferred
        # For that an account would need ten thousand deals, or a balance below zero.
        unheard = {("dealChunk", True), ("negativeBalanceProtection", True), ("negativeBalanceProtection", False)}
        self.assertEqual(missing - unheard, set())

    def checkFinding(self, settings: Settings, finding: Finding, inferred: set[tuple[str, bool]], seed: int) -> None:
        """
        Check a finding against the settings.
        """
        entry = finding.entry
        if entry.switch in UNSEEN:
            self.assertIs(finding.verdict, Verdict.UNDECIDED, f"seed {seed}: {entry.entryId}")
            self.assertEqual(finding.words, f"no case tries it: {entry.untried}. {entry.how}")
        if entry.switch is None or finding.verdict is Verdict.UNDECIDED:
            self.assertIsNot(finding.verdict, Verdict.REFUTED, f"seed {seed}: {entry.entryId}: {finding.words}")
            return
        value, usual = getattr(settings, entry.switch), defaultOf(entry)
        isConfirmed = finding.verdict is Verdict.CONFIRMED
        self.assertEqual(isConfirmed, value == usual, f"seed {seed}: {entry.entryId}: {finding.words}")
        if finding.value is not None:
            self.assertEqual(finding.value, value, f"seed {seed}: {entry.entryId}: {finding.words}")
        inferred.add((entry.switch, isConfirmed))


class NothingSecretTests(SynchronousTestCase):
    """
    What is told of a run may be shown to anybody.
    """

    def test_words(self) -> None:
        """
        No words of an outcome hold a token, a secret, or the number of an account.
        """
        virtual = VirtualExchange(settings=turned(1))
        outcomes = outcomesOn(virtual)
        told = "\n".join(
            "\n".join((each.broken, each.undecided, each.left, *(seen.words for seen in each.observations)))
            for each in outcomes
        )
        registry = virtual.exchange.registry
        secrets = [each.accessToken.reveal() for each in registry.grants]
        secrets += [each.clientSecret.reveal() for each in registry.applications.values()]
        for account in virtual.exchange.venue.accounts.values():
            secrets += [str(account.terms.accountId), str(account.terms.traderLogin)]
        for secret in secrets:
            self.assertNotIn(secret, told)


class TlsTests(TestCase):
    """
    Cases over TLS on loopback, in real time; those that are over soon.
    """

    numbers = {101, 102, 103, 104, 110, 111, 112, 113, 114, 201, 204, 206, 211, 214, 401, 403, 501, 701, 713, 803}

    def setUp(self) -> None:
        """
        Start a simulator.
        """
        self.path = Path(self.mktemp()).absolute()
        options = sim.Options()
        options.parseOptions(["--port", "0", "--oauth-port", "0", "--directory", str(self.path)])
        service = sim.makeService(options)
        assert isinstance(service, SimulatorService)
        service.startService()
        self.addCleanup(service.stopService)

    async def test_some(self) -> None:
        """
        Each is decided, and nothing is refuted.
        """
        info = json.loads((self.path / "simulator.json").read_text())
        subject = Subject(
            endpoint=hostEndpoint(reactor, "localhost", info["port"], trustRoot=trustFile(info["caFile"])),
            application=Application(info["clientId"], info["clientSecret"]),
            accessToken=Secret(info["accessToken"]),
            accountId=info["accounts"][0]["ctidTraderAccountId"],
            isSimulated=True,
        )
        cases = [case for case in CASES if case.number in self.numbers]
        outcomes = await Suite(reactor, subject, Random(1)).run(cases)
        self.assertEqual(len(outcomes), len(self.numbers))
        self.assertEqual([each for each in outcomes if each.broken or each.undecided or each.left], [])


class DemoTests(TestCase):
    """
    The whole suite on the demo account that the environment names.
    """

    timeout = 3_600

    async def test_all(self) -> None:
        """
        It comes to an end, decides most, and leaves nothing behind. What it refutes is shown, and is no failure.
        """
        subject = await subjectFromEnvironment(reactor, os.environ, Random())
        if subject is None:
            raise SkipTest("no CTRADER_ variables name a demo account")
        outcomes = await Suite(reactor, subject, Random()).run()
        for finding in judge(outcomes):
            if finding.verdict is Verdict.REFUTED:
                print(f"{finding.entry.entryId}: {finding.words}")
        self.assertEqual([each for each in outcomes if each.left], [])
        self.assertGreater(sum(not each.undecided for each in outcomes), len(outcomes) // 2)
