"""
Tests of what the day has gained or lost: never less loss than there is.
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import RequestTimedOut
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.daily import DayResult
from test.tradinglink import EURUSD, NOW, SELL, closingDeal, deal, event, order, setUpTrading

DAY = 86_400_000


class DayTests(SynchronousTestCase):
    """
    The result of an account that closes with a profit of 484 cents each time.
    """

    def setUp(self) -> None:
        """
        Make it; the account is logged in, and the day's deals have been asked for.
        """
        self.link, self.clock, self.trading = setUpTrading(EURUSD)
        self.now = NOW
        books = self.trading._books
        archive = Archive(self.link, lambda: self.now)
        self.day = DayResult(self.link, books, archive, zone=UTC, wallClock=lambda: self.now)
        self.link.answers[m.ProtoOADealListReq] = lambda _: m.ProtoOADealListRes(deal=self.made, hasMore=False)
        self.made: list[Any] = []

    def close(self, dealId: int) -> None:
        """
        Something is closed.
        """
        made = closingDeal(dealId, dealId, 1, at=self.now)
        self.link.push(event("FILLED", order(dealId, side=SELL, positionId=1), theDeal=made))

    def test_added(self) -> None:
        """
        Deals of before the login and after it are added up, each once; those that open something are none.
        """
        self.made = [deal(1, 1, at=NOW - 2), closingDeal(2, 2, 1, at=NOW - 1)]
        self.link.restore()
        self.close(2)
        self.assertEqual(self.day.total(), Decimal("4.84"))
        self.close(3)
        self.assertEqual(self.day.total(), Decimal("9.68"))

    def test_nextDay(self) -> None:
        """
        At midnight the sum begins anew, and nothing old is kept.
        """
        self.link.restore()
        self.close(1)
        self.now += DAY
        self.close(2)
        late = closingDeal(3, 3, 1, at=NOW)
        self.link.push(event("FILLED", order(3, side=SELL, positionId=1), theDeal=late))
        self.assertEqual(self.day.total(), Decimal("4.84"))
        self.assertEqual(len(self.day._gains), 1)

    def test_lost(self) -> None:
        """
        From a loss until the deals have been read again the sum is not known, nor while deals wait for older ones.
        """
        self.link.restore()
        self.assertEqual(self.day.total(), 0)
        self.link.lose()
        self.link.answers.clear()
        self.link.restore()
        self.assertIsNone(self.day.total())
        for _ in range(len(self.link.questions)):
            self.link.tell(m.ProtoOADealListRes(deal=[closingDeal(1, 1, 1, at=NOW)], hasMore=False))
        self.assertEqual(self.day.total(), Decimal("4.84"))
        self.trading._books.executions.hold()
        self.assertIsNone(self.day.total())

    def test_readAgain(self) -> None:
        """
        If the deals cannot be read they are asked for again when somebody wants to know, once at a time.
        """
        self.link.answers.clear()
        restored = self.link.restore()
        mine = [answer for message, answer in self.link.questions if isinstance(message, m.ProtoOADealListReq)]
        for answer in mine:
            answer.errback(RequestTimedOut("ProtoOADealListReq", 7, seconds=30))
        self.link.questions.clear()
        self.successResultOf(restored[-1])
        for _ in range(2):
            self.assertIsNone(self.day.total())
        self.assertEqual(len(self.link.questions), 1)
        self.link.tell(m.ProtoOADealListRes(hasMore=False))
        self.assertEqual(self.day.total(), 0)
