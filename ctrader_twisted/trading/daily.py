"""
What the day has gained or lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.eventual import eventually
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.deals import Deal, readDeal

__all__ = ["DayResult"]


class DayResult:
    """
    Adds up the net profits of the deals that closed something since midnight. After each login they are read from the
    server's history; the account becomes ready when that is done. If it fails, it is tried again when somebody asks.
    """

    _log = Logger()

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
        self._accountId = link.accountId
        self._isRead = False
        self._isReading = False
        # By the ids of deals what those of the day gained, in the deposit asset, and when the day began.
        self._gains: dict[int, Decimal] = {}
        self._midnight = 0
        books.executions.listen(self._told)
        link.onRestore(self._read)
        link.onLost(self._lost)

    def total(self) -> Decimal | None:
        """
        @return: the day's net profit so far, in the deposit asset; L{None} while not all of its deals are known.
        """
        if not self._isRead:
            self._read()
        if not self._isRead or self._books.executions.isHolding:
            return None
        self._turn()
        return sum(self._gains.values(), Decimal(0))

    def _turn(self) -> None:
        now = datetime.fromtimestamp(self._wallClock() / 1000, UTC).astimezone(self._zone)
        midnight = int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1000
        if midnight != self._midnight:
            self._midnight = midnight
            self._gains.clear()

    def _told(self, deal: Deal) -> None:
        self._turn()
        if deal.netProfit is not None and deal.executed >= self._midnight:
            self._gains[deal.dealId] = deal.netProfit

    def _lost(self, reason: Failure) -> None:
        self._isRead = False

    def _read(self) -> Deferred[None]:
        if self._isReading:
            return succeed(None)
        self._isReading = True
        return eventually(self._fetch()).addErrback(self._failed)

    async def _fetch(self) -> None:
        try:
            self._turn()
            for deal in await self._archive.deals(self._midnight):
                if deal.HasField("closePositionDetail"):
                    self._told(readDeal(deal, self._books.amounts))
            self._isRead = True
        finally:
            self._isReading = False

    def _failed(self, failure: Failure) -> None:
        self._log.warn(
            "account {accountId}: what the day has lost is not known, and is asked for with the next order: {error}",
            accountId=self._accountId,
            error=failure.getErrorMessage(),
        )
