"""
Requests for market data: live spots, trendbars and depth, and their history.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from ctrader_twisted.requests.asking import AccountAsking
from ctrader_twisted.schema.messages import (
    ProtoOAGetTickDataReq,
    ProtoOAGetTickDataRes,
    ProtoOAGetTrendbarsReq,
    ProtoOAGetTrendbarsRes,
    ProtoOASubscribeDepthQuotesReq,
    ProtoOASubscribeDepthQuotesRes,
    ProtoOASubscribeLiveTrendbarReq,
    ProtoOASubscribeLiveTrendbarRes,
    ProtoOASubscribeSpotsReq,
    ProtoOASubscribeSpotsRes,
    ProtoOAUnsubscribeDepthQuotesReq,
    ProtoOAUnsubscribeDepthQuotesRes,
    ProtoOAUnsubscribeLiveTrendbarReq,
    ProtoOAUnsubscribeLiveTrendbarRes,
    ProtoOAUnsubscribeSpotsReq,
    ProtoOAUnsubscribeSpotsRes,
)

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import ProtoOAQuoteType, ProtoOATrendbarPeriod

__all__ = ["MarketRequests"]


class MarketRequests(AccountAsking):
    """
    The requests for market data. Any scope will do. Prices in events and history are integers of 1/100000 of a unit of
    price, whatever the symbol's digits.

    What is subscribed here is the caller's own business: it is gone after a reconnect and is not restored, and it is
    not counted together with the streams and listeners of a L{ctrader_twisted.client.Account}. To unsubscribe here what
    those need silences them; keep to one of both ways for each symbol.
    """

    def subscribeSpots(
        self, *, symbolId: Iterable[int], subscribeToSpotTimestamp: bool | None = None, timeout: float | None = None
    ) -> Deferred[ProtoOASubscribeSpotsRes]:
        """
        Ask for the prices of some symbols, which come as C{ProtoOASpotEvent}: soon the latest known ones, then each
        change; a side that is not set has not changed.

        @param symbolId: the symbols. One bad id may spoil the whole request.
        @param subscribeToSpotTimestamp: whether the events tell their time, in milliseconds since 1970.
        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id.
        @raise AlreadySo: (as a failure) if one of them is subscribed already.
        @raise SymbolNotFound: (as a failure) if there is no such symbol.
        """
        return self._ask(
            lambda: ProtoOASubscribeSpotsReq(
                ctidTraderAccountId=self.accountId,
                symbolId=symbolId,
                subscribeToSpotTimestamp=subscribeToSpotTimestamp,
            ),
            timeout,
        )

    def unsubscribeSpots(
        self, *, symbolId: Iterable[int], timeout: float | None = None
    ) -> Deferred[ProtoOAUnsubscribeSpotsRes]:
        """
        End the prices of some symbols, and with them their live trendbars and depth. A few events may still come.

        @param symbolId: the symbols.
        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id.
        """
        return self._ask(
            lambda: ProtoOAUnsubscribeSpotsReq(ctidTraderAccountId=self.accountId, symbolId=symbolId), timeout
        )

    def subscribeLiveTrendbar(
        self, *, period: ProtoOATrendbarPeriod, symbolId: int, timeout: float | None = None
    ) -> Deferred[ProtoOASubscribeLiveTrendbarRes]:
        """
        Ask for the bar that is being formed. It comes as C{trendbar} in the spot events; its close is the bid of the
        event. The symbol's spots must be subscribed first.

        @param period: such as C{ProtoOATrendbarPeriod.M1}.
        @param symbolId: the symbol.
        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id.
        @raise LoginNeeded: (as a failure) if the spots are not subscribed; some servers refuse it with
            L{ctrader_twisted.errors.RequestRefused}.
        @raise AlreadySo: (as a failure) if it is subscribed already.
        """
        return self._ask(
            lambda: ProtoOASubscribeLiveTrendbarReq(
                ctidTraderAccountId=self.accountId, period=period, symbolId=symbolId
            ),
            timeout,
        )

    def unsubscribeLiveTrendbar(
        self, *, period: ProtoOATrendbarPeriod, symbolId: int, timeout: float | None = None
    ) -> Deferred[ProtoOAUnsubscribeLiveTrendbarRes]:
        """
        End the live bars of one symbol and period.

        @param period: such as C{ProtoOATrendbarPeriod.M1}.
        @param symbolId: the symbol.
        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id.
        """
        return self._ask(
            lambda: ProtoOAUnsubscribeLiveTrendbarReq(
                ctidTraderAccountId=self.accountId, period=period, symbolId=symbolId
            ),
            timeout,
        )

    def subscribeDepthQuotes(
        self, *, symbolId: Iterable[int], timeout: float | None = None
    ) -> Deferred[ProtoOASubscribeDepthQuotesRes]:
        """
        Ask for the order books of some symbols, which come as C{ProtoOADepthEvent}: first the whole book, then its
        changes. The symbols' spots must be subscribed first.

        @param symbolId: the symbols.
        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id.
        @raise LoginNeeded: (as a failure) if the spots are not subscribed.
        @raise AlreadySo: (as a failure) if one of them is subscribed already.
        """
        return self._ask(
            lambda: ProtoOASubscribeDepthQuotesReq(ctidTraderAccountId=self.accountId, symbolId=symbolId), timeout
        )

    def unsubscribeDepthQuotes(
        self, *, symbolId: Iterable[int], timeout: float | None = None
    ) -> Deferred[ProtoOAUnsubscribeDepthQuotesRes]:
        """
        End the order books of some symbols.

        @param symbolId: the symbols.
        @param timeout: seconds to wait for the answer.
        @return: fires with the account's id.
        """
        return self._ask(
            lambda: ProtoOAUnsubscribeDepthQuotesReq(ctidTraderAccountId=self.accountId, symbolId=symbolId), timeout
        )

    def getTrendbars(
        self,
        *,
        period: ProtoOATrendbarPeriod,
        symbolId: int,
        fromTimestamp: int | None = None,
        toTimestamp: int | None = None,
        count: int | None = None,
        timeout: float | None = None,
    ) -> Deferred[ProtoOAGetTrendbarsRes]:
        """
        Get past bars, by the bid. It counts into the limit for history, five a second. Where a window holds more bars
        than one answer, the newest part comes.

        @param period: such as C{ProtoOATrendbarPeriod.M1}.
        @param symbolId: the symbol.
        @param fromTimestamp: the start, in milliseconds since 1970; it does not cut what C{count} asks for.
        @param toTimestamp: the end, in milliseconds since 1970; a bar that opens at it is part of the answer.
        @param count: how many bars to get, counted back from the end.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{trendbar}, oldest first, whose prices are C{low} and differences to it, and whose
            C{period} is not set; with C{hasMore}; periods without a price have no bar.
        @raise SymbolNotFound: (as a failure) if there is no such symbol.
        @raise RequestRefused: (as a failure) if the times make no span, or too long a one.
        """
        return self._ask(
            lambda: ProtoOAGetTrendbarsReq(
                ctidTraderAccountId=self.accountId,
                period=period,
                symbolId=symbolId,
                fromTimestamp=fromTimestamp,
                toTimestamp=toTimestamp,
                count=count,
            ),
            timeout,
        )

    def getTickData(
        self,
        *,
        symbolId: int,
        type: ProtoOAQuoteType,
        fromTimestamp: int | None = None,
        toTimestamp: int | None = None,
        timeout: float | None = None,
    ) -> Deferred[ProtoOAGetTickDataRes]:
        """
        Get past prices of one side. It counts into the limit for history, five a second.

        @param symbolId: the symbol.
        @param type: C{ProtoOAQuoteType.BID} or C{ProtoOAQuoteType.ASK}.
        @param fromTimestamp: the start, in milliseconds since 1970; a week before the end is always allowed.
        @param toTimestamp: the end, in milliseconds since 1970. For the next page, the oldest time that came less one.
        @param timeout: seconds to wait for the answer.
        @return: fires with C{tickData}, newest first: the first is absolute, each further one the difference in time
            and price to the one before it; and with C{hasMore}.
        @raise SymbolNotFound: (as a failure) if there is no such symbol.
        @raise RequestRefused: (as a failure) if the times make no span, or too long a one.
        """
        return self._ask(
            lambda: ProtoOAGetTickDataReq(
                ctidTraderAccountId=self.accountId,
                symbolId=symbolId,
                type=type,
                fromTimestamp=fromTimestamp,
                toTimestamp=toTimestamp,
            ),
            timeout,
        )
