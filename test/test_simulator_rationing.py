"""
How many requests a second a client may send.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.schema import RateClass
from ctrader_twisted.simulator.rationing import Rationing
from ctrader_twisted.simulator.refusal import Refusal
from ctrader_twisted.simulator.settings import RateRefusal, Settings

_REQUEST = "ProtoOAVersionReq"
_ORDERS = "ProtoOAOrderListReq"


class RationingTests(SynchronousTestCase):
    """
    The windows, and the blocks of types.
    """

    def taken(self, rationing: Rationing, times: Iterable[float], request: str = _REQUEST) -> list[int | str]:
        """
        @return: for each time, 0 for a request that is taken, and the code of its refusal or, if it names them, the
            seconds to wait.
        """
        rate = RateClass.HISTORICAL if request == _ORDERS else RateClass.GENERAL
        found: list[int | str] = []
        for now in times:
            try:
                rationing.take(request, rate, now)
                found.append(0)
            except Refusal as refusal:
                found.append(refusal.retryAfter or refusal.code)
        return found

    def test_window(self) -> None:
        """
        In no second are more taken than the rate; one that is refused does not count.
        """
        rationing = Rationing(Settings(generalRate=2))
        found = self.taken(rationing, (0.0, 0.5, 0.99, 1.0, 1.4, 1.5, 1.6))
        refused = RateRefusal.FREQUENCY.value
        self.assertEqual(found, [0, 0, refused, 0, refused, 0, refused])

    def test_block(self) -> None:
        """
        A type is blocked for some seconds, of which the refusals tell how many are left, rounded up; other types are
        not. After them it is taken again. A request meanwhile changes nothing.
        """
        settings = Settings(generalRate=1, blockSeconds=5, rateRefusal=RateRefusal.BLOCKED)
        rationing = Rationing(settings)
        found = self.taken(rationing, (0.0, 0.5, 1.5, 2.6, 5.4, 5.5))
        self.assertEqual(found, [0, 5, 4, 3, 1, 0])
        self.assertEqual(self.taken(rationing, (5.6, 6.5)), [5, 5])
        self.assertEqual(self.taken(rationing, (6.6,), "ProtoOATraderReq"), [0])

    def test_blockRestarts(self) -> None:
        """
        Where it does so, each request that is refused makes the block last as long again.
        """
        settings = Settings(generalRate=1, blockSeconds=5, rateRefusal=RateRefusal.BLOCKED, blockRestarts=True)
        found = self.taken(Rationing(settings), (0.0, 0.5, 5.0, 9.9, 14.9))
        self.assertEqual(found, [0, 5, 5, 5, 0])

    def test_reports(self) -> None:
        """
        Lists of orders count as historical, unless the settings say otherwise.
        """
        for counts, least in ((True, 1), (False, 2)):
            rationing = Rationing(Settings(generalRate=2, historicalRate=1, reportsCountAsHistory=counts))
            found = self.taken(rationing, (0.0, 0.1, 0.2), _ORDERS)
            self.assertEqual(found.count(0), least)

    def test_heartbeats(self) -> None:
        """
        Where heartbeats count, they take the place of requests, and are not refused.
        """
        for counts in (True, False):
            rationing = Rationing(Settings(generalRate=2, heartbeatsCount=counts))
            for _ in range(3):
                rationing.heard(0.0)
            self.assertEqual(self.taken(rationing, (0.5,)) == [0], not counts)
