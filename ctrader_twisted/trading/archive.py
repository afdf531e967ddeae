"""
What the server remembers of an account: its deals and orders, read whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from google.protobuf.message import Message

from ctrader_twisted.errors import ProtocolError
from ctrader_twisted.schema.messages import (
    ProtoOACashFlowHistoryListReq,
    ProtoOADeal,
    ProtoOADealListReq,
    ProtoOADepositWithdraw,
    ProtoOAOrder,
    ProtoOAOrderDetailsReq,
    ProtoOAOrderDetailsRes,
    ProtoOAOrderListReq,
    ProtoOAReconcileReq,
    ProtoOAReconcileRes,
)

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["CLOCK_DOUBT", "Archive", "Asks"]

_RecordT = TypeVar("_RecordT", ProtoOADeal, ProtoOAOrder, ProtoOADepositWithdraw)
_AnswerT = TypeVar("_AnswerT", bound=Message)

_WEEK = 604_800_000
# Pages are said to have up to 10,000 records: one with fewer than this is not full.
_SMALLEST_PAGE = 50

CLOCK_DOUBT = 86_400_000
"""
How far, in milliseconds, this machine's clock may be off the server's.
"""


class Asks(Protocol):
    """
    Sends requests of an account, such as its L{link <ctrader_twisted.session.link.AccountLink>}.
    """

    def request(self, message: Request[_AnswerT]) -> Awaitable[_AnswerT]:
        """
        @param message: the request, without its account.
        @return: the answer.
        """


class Archive:
    """
    Reads lists of deals, orders and payments, however many pages they have. Servers used to answer for a week at once,
    and some may still; so longer times are read week by week.
    """

    def __init__(self, link: Asks, wallClock: Callable[[], int]) -> None:
        """
        @param link: the account.
        @param wallClock: milliseconds since 1970.
        """
        self._link = link
        self._wallClock = wallClock

    def now(self) -> int:
        """
        @return: this machine's time, in milliseconds since 1970.
        """
        return self._wallClock()

    async def deals(self, start: int, last: int | None = None) -> list[ProtoOADeal]:
        """
        Read all deals since a moment, attempts that failed included.

        @param start: the first moment, in milliseconds since 1970.
        @param last: the last one, likewise; by default there is none.
        @return: the deals, ordered by the time of their execution, then by their ids.
        @raise ProtocolError: if the server's pages leave some out.
        """
        found = await self._whole(
            lambda first, last: ProtoOADealListReq(fromTimestamp=first, toTimestamp=last),
            lambda answer: answer.deal,
            lambda deal: (deal.executionTimestamp, deal.dealId),
            start,
            last,
        )
        return sorted(found, key=lambda deal: (deal.executionTimestamp, deal.dealId))

    async def orders(self, start: int, last: int | None = None) -> list[ProtoOAOrder]:
        """
        Read all orders, of whatever status, that were changed since a moment.

        @param start: the first moment, in milliseconds since 1970.
        @param last: the last one, likewise; by default there is none.
        @return: the orders, by their ids.
        @raise ProtocolError: if the server's pages leave some out.
        """
        found = await self._whole(
            lambda first, last: ProtoOAOrderListReq(fromTimestamp=first, toTimestamp=last),
            lambda answer: answer.order,
            lambda order: (order.utcLastUpdateTimestamp, order.orderId),
            start,
            last,
            areChanging=True,
        )
        return sorted(found, key=lambda order: order.orderId)

    async def payments(self, start: int, last: int) -> list[ProtoOADepositWithdraw]:
        """
        Read all changes of the balance that no deal has made.

        @param start: the first moment, in milliseconds since 1970.
        @param last: the last one, likewise.
        @return: the changes, ordered by their times, then by their ids.
        """
        found = await self._whole(
            lambda first, last: ProtoOACashFlowHistoryListReq(fromTimestamp=first, toTimestamp=last),
            lambda answer: answer.depositWithdraw,
            lambda change: (change.changeBalanceTimestamp, change.balanceHistoryId),
            start,
            last,
        )
        return sorted(found, key=lambda change: (change.changeBalanceTimestamp, change.balanceHistoryId))

    async def details(self, orderId: int) -> ProtoOAOrderDetailsRes:
        """
        Read one order with its deals.

        @param orderId: the order.
        @return: the server's answer.
        @raise NotFound: if there is no such order.
        """
        return await self._link.request(ProtoOAOrderDetailsReq(orderId=orderId))

    async def state(self) -> ProtoOAReconcileRes:
        """
        Read the open positions, and the orders that wait.

        @return: the server's answer.
        """
        return await self._link.request(ProtoOAReconcileReq())

    async def _whole(
        self,
        request: Callable[[int, int], Request[Message]],
        records: Callable[[Any], Iterable[_RecordT]],
        key: Callable[[_RecordT], tuple[int, int]],
        start: int,
        end: int | None,
        *,
        areChanging: bool = False,
    ) -> list[_RecordT]:
        async def page(first: int, last: int) -> tuple[dict[tuple[int, int], _RecordT], bool]:
            answer: Any = await self._link.request(request(first, last))
            # The list of payments comes whole.
            return {key(record): record for record in records(answer)}, getattr(answer, "hasMore", False)

        found: dict[tuple[int, int], _RecordT] = {}
        first, isOpen = max(0, start), end is None
        until = self._wallClock() + CLOCK_DOUBT if end is None else end
        while first <= until:
            last = first + _WEEK if isOpen else min(first + _WEEK, until)
            week, isOnOnePage = await _week(page, first, last)
            found.update(week)
            while areChanging and not isOnOnePage:
                # What changed while its page was still to come has moved to the newest one, which was read before.
                week, isOnOnePage = await _week(page, min(max(found, default=(first, 0))[0], last), last)
                isOnOnePage = isOnOnePage or found.keys() >= week.keys()
                found.update(week)
            first += _WEEK + 1
        # What changed while it was read may be there twice: the later one counts.
        return list({recordId: found[moment, recordId] for moment, recordId in sorted(found)}.values())


async def _week(
    page: Callable[[int, int], Awaitable[tuple[dict[tuple[int, int], _RecordT], bool]]], first: int, last: int
) -> tuple[dict[tuple[int, int], _RecordT], bool]:
    """
    Read pages, of which each has the newest part of what was asked for, from the newest to the oldest.

    @return: the records, and whether one page had them all.
    """
    isOnOnePage = True
    found: dict[tuple[int, int], _RecordT] = {}
    longest = _SMALLEST_PAGE
    while first <= last:
        given, hasMore = await page(first, last)
        inside = [key for key in given if first <= key[0] <= last]
        isNew = not found.keys() >= set(inside)
        # What lies beyond is kept: it may be that the server goes by another one of a record's times.
        found.update(given)
        if not hasMore or max(given, default=(first - 1, 0))[0] < first:
            break
        if not inside or (not isNew and len(given) >= longest):
            raise ProtocolError(f"the server's lists leave out what happened at {last} ms since 1970")
        longest = max(longest, len(given))
        oldest = min(inside)[0]
        # Several records may share the page's oldest moment, so it is asked for again.
        last = oldest if isNew else oldest - 1
        isOnOnePage = False
    return found, isOnOnePage
