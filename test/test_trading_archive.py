"""
Tests of reading lists of deals whole, whatever the server's pages are like.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.schema import messages as m
from ctrader_twisted.trading.archive import Archive
from test.marketlink import FakeLink

WEEK = 604_800_000

# Close together and weeks apart, so that many share a moment, and none is in some weeks.
_MOMENTS = st.lists(st.integers(0, 6) | st.integers(WEEK - 2, WEEK + 2) | st.just(3 * WEEK), max_size=30)


class DealServer:
    """
    Gives lists of deals, with the habits that servers are feared to have.
    """

    def __init__(self, moments: list[int], chunk: int, *, more: bool | None = None, isGenerous: bool = False) -> None:
        """
        @param moments: when deals were made; the position of each is its id.
        @param chunk: the deals of a page.
        @param more: L{None} if C{hasMore} is true; else what it says of each page that has deals.
        @param isGenerous: whether a page also has the newest deal from before its span, and the oldest from after it.
        """
        self.deals = sorted((moment, dealId) for dealId, moment in enumerate(moments, 1))
        self.asked: list[tuple[int, int]] = []
        self._chunk = chunk
        self._more = more
        self._isGenerous = isGenerous

    def page(self, request: Any) -> m.ProtoOADealListRes:
        """
        Give the newest deals of a span.
        """
        first, last = request.fromTimestamp, request.toTimestamp
        self.asked.append((first, last))
        rows = [deal for deal in self.deals if first <= deal[0] <= last]
        page = rows[-self._chunk :]
        hasMore = len(page) < len(rows) if self._more is None else self._more and bool(page)
        if self._isGenerous:
            page = [deal for deal in self.deals if deal[0] < first][-1:] + page
            page += [deal for deal in self.deals if deal[0] > last][:1]
        answer = m.ProtoOADealListRes(ctidTraderAccountId=7, hasMore=hasMore)
        for moment, dealId in reversed(page):
            answer.deal.add(dealId=dealId, executionTimestamp=moment)
        return answer


class ArchiveTests(SynchronousTestCase):
    """
    What the server has of a span comes, each record once.
    """

    def read(self, server: DealServer, first: int, last: int) -> Deferred[list[tuple[int, int]]]:
        """
        @param server: answers.
        @param first: the first moment.
        @param last: the last one.
        @return: fires with the moments and ids of the deals.
        """
        link = FakeLink()
        link.answers[m.ProtoOADealListReq] = server.page
        read = Deferred.fromCoroutine(Archive(link, lambda: 0).deals(first, last))
        return read.addCallback(lambda deals: [(deal.executionTimestamp, deal.dealId) for deal in deals])

    @given(
        moments=_MOMENTS,
        extra=st.integers(1, 5),
        first=st.integers(0, 8) | st.integers(0, WEEK),
        length=st.integers(0, 8) | st.integers(0, 4 * WEEK),
        isGenerous=st.booleans(),
        isLying=st.booleans(),
    )
    def test_whole(
        self, moments: list[int], extra: int, first: int, length: int, isGenerous: bool, isLying: bool
    ) -> None:
        """
        That a page says of itself that there is more where there is none, or goes beyond its span, changes nothing.
        """
        chunk = max((moments.count(moment) for moment in moments), default=0) + extra
        server = DealServer(moments, chunk, more=True if isLying else None, isGenerous=isGenerous)
        found = self.successResultOf(self.read(server, first, first + length))
        within = [deal for deal in found if first <= deal[0] <= first + length]
        self.assertEqual(within, [deal for deal in server.deals if first <= deal[0] <= first + length])
        self.assertTrue(isGenerous or found == within)
        self.assertLess(len(server.asked), 2 * len(moments) + 7)

    def test_crowded(self) -> None:
        """
        Where more happened in one moment than a page can hold, that is told.
        """
        server = DealServer([5] * 70, 60)
        message = str(self.failureResultOf(self.read(server, 0, 10), ProtocolError).value)
        self.assertEqual(message, "the server's lists leave out what happened at 5 ms since 1970")

    def test_nothingNew(self) -> None:
        """
        A server that gives other deals than it was asked for is not asked for ever.
        """
        link = FakeLink()
        answer = m.ProtoOADealListRes(ctidTraderAccountId=7, hasMore=True)
        answer.deal.add(dealId=1, executionTimestamp=20)
        link.answers[m.ProtoOADealListReq] = lambda _: answer
        self.failureResultOf(Deferred.fromCoroutine(Archive(link, lambda: 0).deals(0, 10)), ProtocolError)

    def test_changedMeanwhile(self) -> None:
        """
        Of an order that changes while the list is read, the later state counts.
        """
        link = FakeLink()
        states = [(5, 1), (WEEK + 5, 2)]

        def page(request: Any) -> m.ProtoOAOrderListRes:
            updated, status = states.pop(0)
            answer = m.ProtoOAOrderListRes(ctidTraderAccountId=7, hasMore=False)
            answer.order.add(orderId=1, orderStatus=status, utcLastUpdateTimestamp=updated)
            return answer

        link.answers[m.ProtoOAOrderListReq] = page
        (order,) = self.successResultOf(Deferred.fromCoroutine(Archive(link, lambda: 0).orders(0, WEEK + 10)))
        self.assertEqual(order.utcLastUpdateTimestamp, WEEK + 5)

    def test_movedMeanwhile(self) -> None:
        """
        An order that changes after the newest page was read, and before its own page is, does not fall between them;
        nor does one that changes while that is looked for.
        """
        link = FakeLink()
        updated = {orderId: orderId for orderId in range(1, 131)}
        changes = [{3: 500}, {}, {}, {4: 501}]

        def page(request: Any) -> m.ProtoOAOrderListRes:
            rows = sorted((moment, orderId) for orderId, moment in updated.items())
            rows = [row for row in rows if request.fromTimestamp <= row[0] <= request.toTimestamp]
            answer = m.ProtoOAOrderListRes(ctidTraderAccountId=7, hasMore=len(rows) > 60)
            for moment, orderId in reversed(rows[-60:]):
                answer.order.add(orderId=orderId, orderStatus=1, utcLastUpdateTimestamp=moment)
            updated.update(changes.pop(0) if changes else {})
            return answer

        link.answers[m.ProtoOAOrderListReq] = page
        orders = self.successResultOf(Deferred.fromCoroutine(Archive(link, lambda: 0).orders(0, 1_000)))
        self.assertEqual([order.orderId for order in orders], list(range(1, 131)))
