"""
A server of history for tests, with the habits that servers are known or feared to have.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import define, field

from ctrader_twisted.schema import messages as m
from test.marketlink import FakeLink

MINUTE = 60_000


@define
class HistoryServer:
    """
    Answers for ticks and bars.

    @ivar ticks: times and prices, ascending.
    @ivar bars: minutes at which bars open.
    @ivar chunk: the rows of a page.
    @ivar isTearing: whether a page may end in the middle of a millisecond; else it holds all of it, or nothing.
    @ivar isShort: whether a page that is not the last is a row short.
    @ivar more: C{None} if C{hasMore} is true; else what it says of each page that has rows.
    @ivar isGenerous: whether a page also has a row before the start, and the last one twice.
    @ivar asked: first and last moments of the requests.
    """

    ticks: list[tuple[int, int]] = field(factory=list)
    bars: list[int] = field(factory=list)
    chunk: int = 5
    isTearing: bool = True
    isShort: bool = False
    more: bool | None = None
    isGenerous: bool = False
    asked: list[tuple[int, int]] = field(factory=list)

    def serve(self, link: FakeLink) -> None:
        """
        Answer the requests of a link at once.
        """
        link.answers[m.ProtoOAGetTickDataReq] = self.tickPage
        link.answers[m.ProtoOAGetTrendbarsReq] = self.barPage

    def tickPage(self, request: Any) -> m.ProtoOAGetTickDataRes:
        """
        Give the newest ticks of a span.
        """
        rows = self._within(request, self.ticks)
        size = self._size(rows)
        page = rows[-size:]
        if not self.isTearing and len(page) < len(rows) and rows[-size - 1][0] == page[0][0]:
            whole = [row for row in page if row[0] != page[0][0]]
            page = whole or [row for row in rows if row[0] == page[0][0]]
        hasMore = self._says(page, len(page) < len(rows))
        if self.isGenerous:
            page = [row for row in self.ticks if row[0] < request.fromTimestamp][-1:] + page
        return tickPage(page, hasMore)

    def barPage(self, request: Any) -> m.ProtoOAGetTrendbarsRes:
        """
        Give the newest bars of a span.
        """
        rows = self._within(request, [(minute * MINUTE, minute) for minute in self.bars])
        size = self._size(rows)
        if request.HasField("count"):
            rows = [(minute * MINUTE, minute) for minute in self.bars if minute * MINUTE <= request.toTimestamp]
            size = min(request.count, self._size(rows))
        page = rows[-size:]
        hasMore = self._says(page, len(page) < len(rows))
        if self.isGenerous:
            page = (
                [row for row in [(minute * MINUTE, minute) for minute in self.bars] if row[0] < page[0][0]][-1:]
                + (page + page[:1])
                if page
                else page
            )
        bars = [m.ProtoOATrendbar(utcTimestampInMinutes=minute, low=minute, volume=1) for _, minute in page]
        return m.ProtoOAGetTrendbarsRes(
            ctidTraderAccountId=7, period=request.period, symbolId=request.symbolId, trendbar=bars, hasMore=hasMore
        )

    def _within(self, request: Any, rows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        self.asked.append((request.fromTimestamp, request.toTimestamp))
        return [row for row in rows if request.fromTimestamp <= row[0] <= request.toTimestamp]

    def _size(self, rows: list[tuple[int, int]]) -> int:
        return self.chunk - (self.isShort and len(rows) > self.chunk)

    def _says(self, page: list[tuple[int, int]], isTrue: bool) -> bool:
        return isTrue if self.more is None else self.more and bool(page)


def tickPage(rows: list[tuple[int, int]], hasMore: bool) -> m.ProtoOAGetTickDataRes:
    """
    Write a page as the wire has it.

    @param rows: times and prices, ascending.
    @param hasMore: what the page says.
    @return: the page: newest first, all but the first as differences.
    """
    page = m.ProtoOAGetTickDataRes(ctidTraderAccountId=7, hasMore=hasMore)
    before = (0, 0)
    for row in reversed(rows):
        page.tickData.add(timestamp=row[0] - before[0], tick=row[1] - before[1])
        before = row
    return page
