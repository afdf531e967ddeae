"""
All cases, and how they are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.errors import CTraderError
from ctrader_twisted.testing.contract.bench import Bench, Observation, Undecided, World
from ctrader_twisted.testing.contract.cases import Case
from ctrader_twisted.testing.contract.connection import CONNECTION
from ctrader_twisted.testing.contract.history import HISTORY
from ctrader_twisted.testing.contract.limits import LIMITS
from ctrader_twisted.testing.contract.link import Broken
from ctrader_twisted.testing.contract.login import LOGIN
from ctrader_twisted.testing.contract.money import MONEY
from ctrader_twisted.testing.contract.orders import ORDERS
from ctrader_twisted.testing.contract.pace import Pace
from ctrader_twisted.testing.contract.pending import PENDING
from ctrader_twisted.testing.contract.protection import PROTECTION
from ctrader_twisted.testing.contract.reference import REFERENCE
from ctrader_twisted.testing.contract.reports import REPORTS
from ctrader_twisted.testing.contract.spots import SPOTS
from ctrader_twisted.testing.contract.subject import Subject
from ctrader_twisted.testing.contract.tidying import tidy
from ctrader_twisted.testing.contract.tokens import TOKENS

__all__ = ["CASES", "GROUPS", "Outcome", "Suite"]

GROUPS = (
    CONNECTION, LOGIN, TOKENS, REFERENCE, SPOTS, HISTORY, ORDERS, PENDING, PROTECTION, REPORTS, LIMITS, MONEY,
)  # fmt: skip
"""
The cases by subject.
"""

CASES = tuple(case for group in GROUPS for case in group.cases)
"""
All cases in the order of their numbers.
"""


@frozen
class Outcome:
    """
    How a case ended.

    @ivar case: the case.
    @ivar observations: what it has found out.
    @ivar broken: what the server did that it must not; empty if it did nothing such.
    @ivar undecided: why the case could not find out what it is for; empty if it could.
    @ivar left: what it has left behind and could not tidy up; empty for nothing.
    """

    case: Case
    observations: tuple[Observation, ...] = ()
    broken: str = ""
    undecided: str = ""
    left: str = ""


class Suite:
    """
    Runs cases on a server, one after the other.
    """

    def __init__(self, clock: IReactorTime, subject: Subject, randomness: Random) -> None:
        """
        @param clock: the reactor.
        @param subject: the server.
        @param randomness: for ids that no other client uses.
        """
        self._clock = clock
        self._subject = subject
        self._randomness = randomness
        self._pace = Pace(clock)

    async def run(
        self, cases: Iterable[Case] = CASES, tell: Callable[[Outcome], None] = lambda outcome: None
    ) -> list[Outcome]:
        """
        Run cases.

        @param cases: which.
        @param tell: called with each outcome as it comes.
        @return: all outcomes.
        @raise ConfigurationError: if there is no demo account to run them on.
        @raise CTraderError: if the server cannot be reached at all.
        """
        bench = self._bench()
        try:
            world = await bench.look()
        except Broken as error:
            words = f"the suite cannot begin: {error}; ctrader doctor finds out what is wrong with a profile"
            raise CTraderError(words) from None
        finally:
            await bench.close()
        outcomes = []
        for case in cases:
            outcomes.append(await self._one(case, world))
            tell(outcomes[-1])
        return outcomes

    def _bench(self) -> Bench:
        return Bench(self._clock, self._subject, self._pace, self._randomness)

    async def _one(self, case: Case, world: World) -> Outcome:
        if case.onlySimulated and not self._subject.isSimulated:
            return Outcome(case, undecided=f"not tried on a real server: {case.onlySimulated}")
        if case.trades and not self._subject.mayTrade:
            return Outcome(case, undecided="it trades, which was not allowed")
        bench = self._bench()
        bench.world = world
        broken = undecided = left = ""
        try:
            await case.run(bench)
        except Broken as error:
            broken = str(error)
        except Undecided as error:
            undecided = str(error)
        except CTraderError as error:
            undecided = f"the connection failed with {type(error).__name__}"
        finally:
            if case.trades:
                left = await tidy(bench)
            await bench.close()
        return Outcome(case, tuple(bench.observations), broken, undecided, left)
