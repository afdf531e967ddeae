"""
Requests for an account's past: deals, orders, deposits and withdrawals.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ctrader_twisted.requests.asking import AccountAsking
from ctrader_twisted.schema.messages import (
    ProtoOACashFlowHistoryListReq,
    ProtoOACashFlowHistoryListRes,
    ProtoOADealListByPositionIdReq,
    ProtoOADealListByPositionIdRes,
    ProtoOADealListReq,
    ProtoOADealListRes,
    ProtoOADealOffsetListReq,
    ProtoOADealOffsetListRes,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderDetailsRes,
    ProtoOAOrderListByPositionIdReq,
    ProtoOAOrderListByPositionIdRes,
    ProtoOAOrderListReq,
    ProtoOAOrderListRes,
)

__all__ = ["RecordRequests"]


class RecordRequests(AccountAsking):
    """
    The requests for the account's past. Any scope will do. All count into the limit for history, five a second.

    Times are milliseconds since 1970, from 0 to 2147483646000. C{hasMore} means that more was found than one answer
    holds; then ask again up to the time of the oldest record less one, and drop what came twice. A start that is not
    before the end, or a span that is too long, fails with L{ctrader_twisted.errors.RequestRefused} and the code
    C{INCORRECT_BOUNDARIES}. A week at once is always allowed.
    """

    def cashFlowHistoryList(
        self, *, fromTimestamp: int, toTimestamp: int, timeout: float | None = None
    ) -> Deferred[ProtoOACashFlowHistoryListRes]:
        """
        List deposits and withdrawals of at most a week. There are no further pages.

        @param fromTimestamp: the start, in milliseconds since 1970.
        @param toTimestamp: the end, at most 604,800,000 ms after the start.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{depositWithdraw}: for each its C{operationType}, C{delta} and C{balance} in
            10^-C{moneyDigits}, and C{changeBalanceTimestamp}.
        @raise RequestRefused: (as a failure) if the span is longer than a week.
        """
        return self._ask(
            lambda: ProtoOACashFlowHistoryListReq(
                ctidTraderAccountId=self.accountId, fromTimestamp=fromTimestamp, toTimestamp=toTimestamp
            ),
            timeout,
        )

    def dealList(
        self,
        *,
        fromTimestamp: int | None = None,
        toTimestamp: int | None = None,
        maxRows: int | None = None,
        timeout: float | None = None,
    ) -> Deferred[ProtoOADealListRes]:
        """
        List deals by the time of their execution.

        @param fromTimestamp: the start, in milliseconds since 1970.
        @param toTimestamp: the end, in milliseconds since 1970; by default now.
        @param maxRows: how many deals to list at most.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{deal} and C{hasMore}.
        @raise RequestRefused: (as a failure) if the times make no span, or too long a one.
        """
        return self._ask(
            lambda: ProtoOADealListReq(
                ctidTraderAccountId=self.accountId,
                fromTimestamp=fromTimestamp,
                toTimestamp=toTimestamp,
                maxRows=maxRows,
            ),
            timeout,
        )

    def orderList(
        self, *, fromTimestamp: int | None = None, toTimestamp: int | None = None, timeout: float | None = None
    ) -> Deferred[ProtoOAOrderListRes]:
        """
        List orders, ended ones too, by the time of their last change.

        @param fromTimestamp: the start, in milliseconds since 1970.
        @param toTimestamp: the end, in milliseconds since 1970; by default now.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{order} and C{hasMore}.
        @raise RequestRefused: (as a failure) if the times make no span, or too long a one.
        """
        return self._ask(
            lambda: ProtoOAOrderListReq(
                ctidTraderAccountId=self.accountId, fromTimestamp=fromTimestamp, toTimestamp=toTimestamp
            ),
            timeout,
        )

    def dealListByPositionId(
        self,
        *,
        positionId: int,
        fromTimestamp: int | None = None,
        toTimestamp: int | None = None,
        timeout: float | None = None,
    ) -> Deferred[ProtoOADealListByPositionIdRes]:
        """
        List the deals of one position. It works best without times.

        @param positionId: the position, open or closed.
        @param fromTimestamp: the start, in milliseconds since 1970; 0 was seen to be refused.
        @param toTimestamp: the end, in milliseconds since 1970.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{deal} and C{hasMore}.
        @raise RequestRefused: (as a failure) if the times make no span, or too long a one.
        """
        return self._ask(
            lambda: ProtoOADealListByPositionIdReq(
                ctidTraderAccountId=self.accountId,
                positionId=positionId,
                fromTimestamp=fromTimestamp,
                toTimestamp=toTimestamp,
            ),
            timeout,
        )

    def orderListByPositionId(
        self,
        *,
        positionId: int,
        fromTimestamp: int | None = None,
        toTimestamp: int | None = None,
        timeout: float | None = None,
    ) -> Deferred[ProtoOAOrderListByPositionIdRes]:
        """
        List the orders of one position by the time of their last change, newest first.

        @param positionId: the position, open or closed.
        @param fromTimestamp: the start, in milliseconds since 1970.
        @param toTimestamp: the end, in milliseconds since 1970.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{order} and C{hasMore}.
        @raise RequestRefused: (as a failure) if the times make no span, or too long a one.
        """
        return self._ask(
            lambda: ProtoOAOrderListByPositionIdReq(
                ctidTraderAccountId=self.accountId,
                positionId=positionId,
                fromTimestamp=fromTimestamp,
                toTimestamp=toTimestamp,
            ),
            timeout,
        )

    def orderDetails(self, *, orderId: int, timeout: float | None = None) -> Deferred[ProtoOAOrderDetailsRes]:
        """
        Get one order, also an ended one, with its deals.

        @param orderId: the order.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{order} and C{deal}.
        @raise NotFound: (as a failure) if the account never had such an order.
        """
        return self._ask(lambda: ProtoOAOrderDetailsReq(ctidTraderAccountId=self.accountId, orderId=orderId), timeout)

    def dealOffsetList(self, *, dealId: int, timeout: float | None = None) -> Deferred[ProtoOADealOffsetListRes]:
        """
        Ask which deals closed a deal's volume, and which it closed.

        @param dealId: the deal.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{offsetBy}, the deals that closed it, and C{offsetting}, those that it closed: for each its
            C{dealId}, C{volume} in hundredths of a unit, time and price.
        @raise NotFound: (as a failure) if there is no such deal.
        """
        return self._ask(lambda: ProtoOADealOffsetListReq(ctidTraderAccountId=self.accountId, dealId=dealId), timeout)
