"""
What the day has gained or lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from twisted.internet.defer import Deferred

from ctrader_twisted.eventual import eventually
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.deals import Deal, readDeal

__all__ = ["DayResult"]


class DayResult:
    """
    Adds up the net profits of the deals that closed something since midnight. Those from before the first login are
    read from the server's history then; the account becomes ready when that is done.
    """

    def __init__(
        self, link: AccountLink, books: Books, archive: Archive, *, zone: tzinfo, wallClock: Callable[[], int]
    ) -> None:
        """
        @param link: the account, which has not been logged in yet.
        @param books: tells of its deals.
        @param archive: reads its earlier deals.
        @param zone: whose midnight counts.
        @param wallClock: milliseconds since 1970.
        """
        self._books = books
        self._archive = archive
        self._zone = zone
        self._wallClock = wallClock
        self._isRead = False
        # By the ids of deals: when they were made, and what they gained.
        self._gains: dict[int, tuple[int, Decimal]] = {}
        books.executions.listen(self._told)
        link.onRestore(self._restore)

    def total(self) -> Decimal | None:
        """
        @return: the day's net profit so far, in the deposit asset; L{None} while the earlier deals are not known.
        """
        if not self._isRead:
            return None
        midnight = self._midnight()
        self._gains = {dealId: gain for dealId, gain in self._gains.items() if gain[0] >= midnight}
        return sum((profit for _, profit in self._gains.values()), Decimal(0))

    def _midnight(self) -> int:
        now = datetime.fromtimestamp(self._wallClock() / 1000, UTC).astimezone(self._zone)
        return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1000

    def _told(self, deal: Deal) -> None:
        if deal.netProfit is not None:
            self._gains[deal.dealId] = (deal.executed, deal.netProfit)

    def _restore(self) -> Deferred[None]:
        return eventually(self._read())

    async def _read(self) -> None:
        if self._isRead:
            return
        for deal in await self._archive.deals(self._midnight()):
            if deal.HasField("closePositionDetail"):
                self._told(readDeal(deal, self._books.amounts))
        self._isRead = True
