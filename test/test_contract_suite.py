"""
The contract suite where things are otherwise than on the usual simulator: at a weekend, with few tokens, with a server
that does what it must not, or without one; what is made of that; and who names the server.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from unittest.mock import patch

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.cli import commands_verify
from ctrader_twisted.cli.commands import ctrader
from ctrader_twisted.cli.using import ProfileChoice
from ctrader_twisted.cli.verify import Verification
from ctrader_twisted.errors import ConfigurationError, CTraderError
from ctrader_twisted.schema.messages import ProtoHeartbeatEvent, ProtoOAErrorRes
from ctrader_twisted.simulator.faults import Incoming, Page, Push, Refuse, TokenAnswer, Withhold
from ctrader_twisted.simulator.ledger import LEDGER
from ctrader_twisted.simulator.settings import Settings, TierRule
from ctrader_twisted.simulator.world import EPOCH, SECOND_ACCOUNT
from ctrader_twisted.testing import VirtualExchange
from ctrader_twisted.testing.contract import CASES, Case, Outcome, Subject, Suite, Verdict, judge
from ctrader_twisted.testing.contract.bench import Bench, Observation
from ctrader_twisted.testing.contract.environment import subjectFromEnvironment
from ctrader_twisted.testing.contract.link import codeOf, nameOf
from ctrader_twisted.testing.contract.trader import Trader
from ctrader_twisted.trading import Side
from ctrader_twisted.units import Lots
from test.profilecase import ProfileCase, profilesFor

_DAY = 86_400_000

Change = Callable[[Subject], Subject]


def chosen(*numbers: int) -> tuple[Case, ...]:
    """
    @param numbers: the numbers of some cases.
    @return: these.
    """
    return tuple(case for case in CASES if case.number in numbers)


def bare(subject: Subject) -> Subject:
    """
    @return: the subject as it would be on a real demo account, with nothing but one token.
    """
    return Subject(
        endpoint=subject.endpoint,
        application=subject.application,
        accessToken=subject.accessToken,
        accountId=subject.accountId,
    )


class SuiteCase(SynchronousTestCase):
    """
    Runs cases on an exchange in memory.
    """

    def outcomes(
        self, virtual: VirtualExchange, cases: tuple[Case, ...] = CASES, change: Change = lambda subject: subject
    ) -> list[Outcome]:
        """
        @param virtual: the exchange.
        @param cases: what to run.
        @param change: changes what the suite is told of it.
        @return: how they end.
        """
        suite = Suite(virtual.clock, change(Subject.of(virtual)), Random(1))
        return virtual.drive(suite.run(cases), hours=72)

    def assertNothingBroken(self, outcomes: list[Outcome]) -> None:
        """
        Demand that no case blames the server, or leaves something.
        """
        self.assertEqual([each for each in outcomes if each.broken or each.left], [])


class MoneyTests(SuiteCase):
    """
    What the cases about money make of an account's rules and history.
    """

    def outcome(self, virtual: VirtualExchange, number: int) -> Outcome:
        """
        @return: how a case ends; nothing is broken, and nothing left.
        """
        [outcome] = outcomes = self.outcomes(virtual, chosen(number))
        self.assertNothingBroken(outcomes)
        return outcome

    def test_noTiers(self) -> None:
        """
        Where every volume needs the same for a unit, or no margin is told, or there is one volume only, no rule shows.
        """
        flat, silent, small = VirtualExchange(), VirtualExchange(), VirtualExchange()
        for leverageId in flat.exchange.catalogue.leverages:
            flat.exchange.changeLeverage(leverageId, (1_000_000_00, 50), (50_000_000_00, 50))
        silent.exchange.faults.add(Incoming(Refuse("NO_QUOTES"), message="ProtoOAExpectedMarginReq"))
        for each in tuple(small.exchange.catalogue.symbols.values()):
            small.exchange.changeSymbol(each.symbolId, maxVolume=each.minVolume)
        for virtual in (flat, silent, small):
            self.assertIn("no symbol can be traded", self.outcome(virtual, 1101).undecided)

    def test_tiers(self) -> None:
        """
        How a table is read shows wherever its tiers begin, however many there are, and how little they differ.
        """
        tables = (
            ((10_000_000_00, 50), (20_000_000_00, 48)),
            ((5_000_00, 50), (500_000_00, 20), (1_000_000_00, 10), (90_000_000_00, 2)),
            ((60_000_000_00, 50), (70_000_000_00, 49)),
            ((123_456_789, 100), (1_234_567_890, 33)),
        )
        for rule in TierRule:
            for tiers in tables:
                virtual = VirtualExchange(settings=Settings(tierRule=rule))
                for leverageId in virtual.exchange.catalogue.leverages:
                    virtual.exchange.changeLeverage(leverageId, *tiers)
                [seen] = self.outcome(virtual, 1101).observations
                self.assertIs(seen.value, rule, tiers)

    def test_noFee(self) -> None:
        """
        Without a fee for conversion, or where no fee has to be rounded, nothing is said of rounding.
        """
        for rate, words in ((0, "no symbol has a fee"), (10_000, "4 closes had no fee")):
            virtual = VirtualExchange()
            virtual.exchange.changeSymbol(103, conversionFeeRate=rate)
            # Its results are in the account's money already.
            virtual.exchange.changeSymbol(1, conversionFeeRate=50)
            self.assertIn(words, self.outcome(virtual, 1102).undecided)

    def test_madeUpFor(self) -> None:
        """
        That a balance below zero was made up for is found in the history, and is no withdrawal.
        """
        virtual = VirtualExchange()

        async def main(client: Any) -> None:
            account = await client.account(virtual.accountId)
            await (await account.buy(await account.symbol("EURUSD"), Lots(8))).whenFilled()
            for bid, ask in (("0.90000", "0.90010"), ("0.90000", "0.90020")):
                virtual.price("EURUSD", bid, ask)
                await virtual.pause(2)

        virtual.run(main)
        self.assertEqual(virtual.exchange.venue.accounts[virtual.accountId].balance, 0)
        [finding] = [each for each in judge([self.outcome(virtual, 1104)]) if each.cases]
        self.assertEqual((finding.entry.entryId, finding.verdict), ("negative-balance", Verdict.CONFIRMED))
        self.assertIn("nothing was withdrawn", self.outcome(virtual, 1103).undecided)


class TokenServiceTests(SuiteCase):
    """
    What the cases about the token service make of its answers.
    """

    def words(self, rule: TokenAnswer) -> tuple[list[str], list[str]]:
        """
        @return: what is broken and what is not decided, of each case, where the service does wrong.
        """
        virtual = VirtualExchange()
        virtual.exchange.faults.add(rule)
        outcomes = self.outcomes(virtual, chosen(306, 307, 308))
        return [each.broken for each in outcomes], [each.undecided for each in outcomes]

    def test_page(self) -> None:
        """
        A web page is no refusal.
        """
        broken, _ = self.words(TokenAnswer(Page(502)))
        self.assertEqual(broken[0], "it was not refused")
        self.assertEqual(broken[1], "no error code came, and not CH_CLIENT_AUTH_FAILURE")

    def test_silence(self) -> None:
        """
        An answer that does not come decides nothing.
        """
        broken, undecided = self.words(TokenAnswer(Withhold()))
        self.assertEqual((broken, undecided), ([""] * 3, ["the connection failed with RequestTimedOut"] * 3))


class OtherTests(SuiteCase):
    """
    What cannot be decided is told as such.
    """

    def test_weekend(self) -> None:
        """
        While the market is closed, what needs an execution is not decided; all else is.
        """
        outcomes = self.outcomes(VirtualExchange(epoch=EPOCH + 3 * _DAY))
        self.assertNothingBroken(outcomes)
        closed = [each for each in outcomes if "MARKET_CLOSED" in each.undecided]
        self.assertGreater(len(closed), 30)
        self.assertEqual([each for each in judge(outcomes) if each.verdict is Verdict.REFUTED], [])

    def test_bare(self) -> None:
        """
        With one token on a real server, what would need more, or would do harm there, is not decided.
        """
        outcomes = self.outcomes(VirtualExchange(), change=bare)
        self.assertNothingBroken(outcomes)
        left = [each.case.number for each in outcomes if each.undecided]
        self.assertEqual(sum(1 for case in CASES if case.onlySimulated and case.number not in left), 0)
        self.assertGreater(sum(not each.undecided for each in outcomes), 130)

    def test_netted(self) -> None:
        """
        On a netted account nothing is traded in a symbol in which somebody has a position.
        """
        virtual = VirtualExchange()

        def netted(subject: Subject) -> Subject:
            return evolve(bare(subject), accountId=virtual.nettedAccountId)

        [free] = self.outcomes(virtual, chosen(701), netted)
        self.assertEqual(free.undecided, "")

        held = VirtualExchange()
        held.run(self.holding(held))
        [taken] = self.outcomes(held, chosen(701), netted)
        self.assertIn("netted", taken.undecided)

    def holding(self, virtual: VirtualExchange) -> Any:
        """
        @return: a coroutine function that opens a position on the netted account.
        """

        async def main(client: Any) -> None:
            account = await client.account(virtual.nettedAccountId)
            await (await account.buy(await account.symbol("EURUSD"), Lots("0.01"))).whenFilled()

        return main

    def test_mayNotTrade(self) -> None:
        """
        Without permission to trade no order is sent.
        """
        virtual = VirtualExchange()
        outcomes = self.outcomes(virtual, chosen(101, 701), lambda subject: evolve(subject, mayTrade=False))
        self.assertEqual([bool(each.undecided) for each in outcomes], [False, True])
        self.assertFalse(any(type(each).__name__ == "ProtoOANewOrderReq" for each in virtual.exchange.seen))

    def test_otherUser(self) -> None:
        """
        An account that the token does not cover, or that is live, is refused before anything is done.
        """
        virtual = VirtualExchange()
        for accountId in (SECOND_ACCOUNT, virtual.liveAccountId, None):
            self.assertRaises(
                ConfigurationError,
                self.outcomes,
                virtual,
                (),
                lambda subject, accountId=accountId: evolve(subject, accountId=accountId),
            )


class BrokenTests(SuiteCase):
    """
    A server that does what it must not.
    """

    def test_noAnswer(self) -> None:
        """
        A request that is never answered is told of by its name.
        """
        virtual = VirtualExchange()
        virtual.exchange.faults.add(Incoming(Withhold(), message="ProtoOAVersionReq"))
        [outcome] = self.outcomes(virtual, chosen(101))
        self.assertEqual(outcome.broken, "VersionReq was not answered, and the connection ended")

    def test_answersTwice(self) -> None:
        """
        An answer too many is found.
        """
        virtual = VirtualExchange()
        virtual.exchange.faults.add(Incoming(Push(ProtoOAErrorRes(errorCode="NO_QUOTES")), message="ProtoOAVersionReq"))
        [outcome] = self.outcomes(virtual, chosen(105))
        self.assertEqual(outcome.broken, "a heartbeat drew an answer")

    def test_noServer(self) -> None:
        """
        Without a server the suite does not begin; if it vanishes later, cases are not decided.
        """
        virtual = VirtualExchange()
        virtual.endpoint.refusing = True
        self.assertRaises(CTraderError, self.outcomes, virtual, chosen(101))
        virtual.endpoint.refusing = False

        async def main() -> list[Outcome]:
            def tell(outcome: Outcome) -> None:
                virtual.endpoint.refusing = True

            suite = Suite(virtual.clock, Subject.of(virtual), Random(1))
            return await suite.run(chosen(101, 102, 701), tell)

        first, second, third = virtual.drive(main())
        self.assertEqual((first.undecided, second.undecided), ("", "the connection failed with ConnectFailed"))
        self.assertEqual(third.left, "")

    def test_notTidied(self) -> None:
        """
        What cannot be cancelled is told of by its label.
        """
        virtual = VirtualExchange()
        virtual.exchange.faults.add(Incoming(Withhold(), message="ProtoOACancelOrderReq"))
        [outcome] = self.outcomes(virtual, chosen(801))
        self.assertIn("could not be looked at", outcome.left)


class TidyingTests(SuiteCase):
    """
    What is on the account besides.
    """

    def test_othersStay(self) -> None:
        """
        Positions and orders that are not the suite's stay, though its own are ended after each case.
        """
        virtual = VirtualExchange()

        async def main(client: Any) -> None:
            account = await client.account(virtual.accountId)
            eurusd = await account.symbol("EURUSD")
            await (await account.buy(eurusd, Lots("0.01"), label="mine")).whenFilled()
            await account.limitOrder(Side.BUY, eurusd, Lots("0.01"), "1.00000", label="mine")

        virtual.run(main)
        self.assertNothingBroken(self.outcomes(virtual, chosen(701, 801)))
        account = virtual.exchange.venue.accounts[virtual.accountId]
        held = [each.tradeData.label for each in account.positions.values() if each.tradeData.volume]
        waiting = [each.tradeData.label for each in account.orders.values()]
        self.assertEqual((held, waiting), (["mine"], ["mine"]))

    def test_afterTheConnection(self) -> None:
        """
        What a case has opened is closed, also if its connection is gone by then.
        """
        virtual = VirtualExchange()

        async def run(bench: Bench) -> None:
            trader = await Trader.on(bench)
            await trader.market()
            trader.link.abort()
            await trader.link.ended(5)

        [outcome] = self.outcomes(virtual, (Case(1, "a position is left", (), True, "", run),))
        self.assertEqual((outcome.left, outcome.broken), ("", ""))
        account = virtual.exchange.venue.accounts[virtual.accountId]
        self.assertEqual(([*account.openPositions()], len(account.deals)), ([], 2))

    def test_anotherAccount(self) -> None:
        """
        If the only demo account of a token is not the one that was named, nothing is done.
        """
        virtual = VirtualExchange()
        token = virtual.exchange.give(7002).accessToken

        def named(accountId: int | None) -> Change:
            return lambda subject: evolve(subject, accessToken=token, accountId=accountId)

        for wanted in (virtual.accountId, SECOND_ACCOUNT + 1):
            self.assertRaises(ConfigurationError, self.outcomes, virtual, (), named(wanted))
        self.assertEqual(self.outcomes(virtual, (), named(None)), [])


class VerdictTests(SynchronousTestCase):
    """
    From outcomes to what is said of the ledger.
    """

    def verdict(self, entryId: str, *outcomes: Outcome) -> tuple[Verdict, str]:
        """
        @return: what is said of an entry, and in what words.
        """
        [finding] = [each for each in judge(outcomes) if each.entry.entryId == entryId]
        return finding.verdict, finding.words

    def test_plain(self) -> None:
        """
        An entry without a switch is confirmed by a case that ends well, and refuted by one that does not.
        """
        [case] = chosen(102)
        self.assertEqual(self.verdict("answers-carry-ids", Outcome(case))[0], Verdict.CONFIRMED)
        self.assertEqual(
            self.verdict("answers-carry-ids", Outcome(case, broken="no")), (Verdict.REFUTED, "case 102 found: no")
        )
        self.assertEqual(self.verdict("answers-carry-ids", Outcome(case, undecided="why")), (Verdict.UNDECIDED, "why"))

    def test_ambiguous(self) -> None:
        """
        A case that is about several entries does not tell which of them is refuted.
        """
        [case] = chosen(703)
        self.assertEqual(case.decides, ("protection-third", "levels-from-fill"))
        self.assertEqual(self.verdict("levels-from-fill", Outcome(case, broken="no"))[0], Verdict.UNDECIDED)

    def test_switch(self) -> None:
        """
        An entry with a switch is decided by what was observed only.
        """
        [case] = chosen(101)
        self.assertEqual(self.verdict("version", Outcome(case))[0], Verdict.UNDECIDED)
        self.assertEqual(self.verdict("version", Outcome(case, broken="no"))[0], Verdict.UNDECIDED)
        seen = Observation("version", "90", False, "the version is 90")
        self.assertEqual(
            self.verdict("version", Outcome(case, (seen,), broken="no")), (Verdict.REFUTED, "the version is 90")
        )

    def test_contradiction(self) -> None:
        """
        Where cases disagree nothing is decided.
        """
        [case] = chosen(101)
        seen = [Observation("version", value, value == "91", value) for value in ("91", "90")]
        verdict, words = self.verdict("version", Outcome(case, (seen[0],)), Outcome(case, (seen[1],)))
        self.assertEqual((verdict, words), (Verdict.UNDECIDED, "it is not always the same: 91; 90"))

    def test_values(self) -> None:
        """
        If cases agree that the server does otherwise, and not on how, no value is named.
        """
        [case] = chosen(101)
        for values, named in ((("90", "90"), "90"), (("90", "92"), None)):
            seen = tuple(Observation("version", each, False, each) for each in values)
            [finding] = [each for each in judge([Outcome(case, seen)]) if each.entry.entryId == "version"]
            self.assertEqual((finding.verdict, finding.value), (Verdict.REFUTED, named))

    def test_decidedElsewhere(self) -> None:
        """
        An entry that the same case has seen is not what is broken.
        """
        [case] = chosen(703)
        seen = Observation("protection-third", None, True, "it came third")
        outcome = Outcome(case, (seen,), broken="no")
        self.assertEqual(self.verdict("levels-from-fill", outcome)[0], Verdict.REFUTED)

    def test_noCase(self) -> None:
        """
        What no case is about says what else to do.
        """
        verdict, words = self.verdict("bonuses")
        self.assertEqual(verdict, Verdict.UNDECIDED)
        self.assertIn(LEDGER["bonuses"].how, words)
        entry = LEDGER["grant-limit"]
        self.assertEqual(self.verdict("grant-limit")[1], f"no case tries it: {entry.untried}. {entry.how}")


class WordsTests(SynchronousTestCase):
    """
    What a report may repeat of a message.
    """

    def test_codes(self) -> None:
        """
        A code is repeated if it looks like one; anything else is not.
        """
        self.assertEqual(codeOf(ProtoOAErrorRes(errorCode="NO_QUOTES")), "NO_QUOTES")
        self.assertEqual(codeOf(ProtoOAErrorRes(errorCode="token abc")), "an error code that is none")
        self.assertEqual((codeOf(ProtoHeartbeatEvent()), codeOf(None)), ("", ""))
        self.assertEqual(nameOf(None), "nothing known")


class EnvironmentTests(ProfileCase):
    """
    The server that the environment names.
    """

    def subject(self, **variables: str) -> Subject | None:
        """
        @return: what the variables name.
        """
        return self.drive(subjectFromEnvironment(self.virtual.clock, variables, Random(1)))

    def test_nothing(self) -> None:
        """
        Too few variables name nothing.
        """
        self.assertIsNone(self.subject())
        self.assertIsNone(self.subject(CTRADER_CLIENT_ID="1_a", CTRADER_CLIENT_SECRET="b"))

    def test_credentials(self) -> None:
        """
        Credentials are for the host of demo accounts, which is no simulator.
        """
        with patch("ctrader_twisted.testing.contract.environment.demo", return_value=self.virtual.endpoint):
            found = self.subject(
                CTRADER_CLIENT_ID="1_a", CTRADER_CLIENT_SECRET="b", CTRADER_ACCESS_TOKEN="c", CTRADER_ACCOUNT="7"
            )
        assert found is not None
        self.assertEqual((found.accountId, found.isSimulated, found.endpoint), (7, False, self.virtual.endpoint))
        self.assertNotIn("'c'", repr(found))

    def test_profile(self) -> None:
        """
        A profile is read from the file.
        """
        profile = self.profile(self.pair("trade"))
        with patch("ctrader_twisted.testing.contract.environment.ProfileFile") as file:
            file.return_value.read.return_value = profile
            found = self.subject(CTRADER_CONTRACT_PROFILE="demo", CTRADER_ACCOUNT=str(self.virtual.accountId))
        assert found is not None
        self.assertEqual(found.accountId, self.virtual.accountId)
        file.return_value.read.assert_called_once_with("demo")

    def test_badNumber(self) -> None:
        """
        An account that is no number is told of.
        """
        self.assertRaises(ConfigurationError, self.subject, CTRADER_ACCOUNT="mine")


class CommandTests(SynchronousTestCase):
    """
    The command's own words.
    """

    def test_options(self) -> None:
        """
        What is said on the command line arrives.
        """
        from click.testing import CliRunner

        with patch.object(commands_verify, "perform") as perform:
            result = CliRunner().invoke(ctrader, ["verify", "--profile", "sim", "--account", "7", "--yes"])
        self.assertEqual(result.exit_code, 0, result.output)
        _, choice, account, report, isSure = perform.call_args.args
        self.assertEqual((choice, account, report, isSure), (ProfileChoice("sim", True), 7, None, True))

    def test_run(self) -> None:
        """
        The profile is read before anything is done.
        """
        profilesFor(self)
        ran: list[Any] = []

        async def run(verification: Verification, *args: Any, **more: Any) -> None:
            ran.append(args)

        with patch.object(Verification, "run", run), patch.object(ProfileChoice, "read", return_value="profile"):
            coroutine = commands_verify._verify(None, None, ProfileChoice("sim", True), 7, None, True)  # type: ignore[arg-type]
            self.assertRaises(StopIteration, coroutine.send, None)
        self.assertEqual(ran, [("profile", 7, None)])
