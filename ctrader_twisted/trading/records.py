"""
What an account has gone through: deals for consumers that lose none, and reports after reconnects.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.eventual import eventually
from ctrader_twisted.interfaces import ICursor
from ctrader_twisted.market.patience import ATTEMPTS
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.consuming import ExecutionStream, FileCursor
from ctrader_twisted.trading.deals import Deal
from ctrader_twisted.trading.past import CashFlow, Past, PastOrder
from ctrader_twisted.trading.reconnects import Reconnected, Reconnects
from ctrader_twisted.trading.recovery import Recovery
from ctrader_twisted.trading.resolution import Resolution

__all__ = ["Records"]


class Records:
    """
    The history of one account, as far as this client must know it whole.
    """

    _books: Books
    _resolution: Resolution
    _recovery: Recovery

    def __init__(self, link: AccountLink, *, clock: IReactorTime, archive: Archive, past: Past) -> None:
        """
        @param link: the account. The books are told of its state already.
        @param clock: the reactor.
        @param archive: what the server remembers.
        @param past: reads it over any span.
        """
        self._past = past
        self._streams = partial(ExecutionStream, link, clock, archive, self._books)
        self._reconnects = Reconnects(link, archive, self._books, self._resolution, self._recovery)

    def onReconnect(self, listener: Callable[[Reconnected], object]) -> Registration:
        """
        Hear after each login but the first what has changed since the loss, and who did it.

        @param listener: called with the report when state and deals are up to date; what it raises is logged.
        @return: an object whose C{stop()} ends it.
        """
        return self._reconnects.listen(listener)

    def executions(self, cursor: ICursor | FileCursor) -> ExecutionStream:
        """
        Read the account's deals, each until it is acknowledged, across losses of the connection and of the process.

        @param cursor: keeps what was acknowledged, such as a L{FileCursor
            <ctrader_twisted.trading.consuming.FileCursor>}.
        @return: an object for C{async with} and C{async for}.
        """
        return self._streams(cursor)

    def dealHistory(
        self, start: datetime | int, end: datetime | int, *, attempts: int = ATTEMPTS, timeout: float | None = None
    ) -> Deferred[tuple[Deal, ...]]:
        """
        Read the deals of a span, however long it is: all of them, or an error. What a lost connection, a time-out, a
        limit or maintenance has held up is asked for again.

        @param start: an aware datetime or milliseconds since 1970, inside the span.
        @param end: likewise, outside the span.
        @param attempts: how often each page is asked for at most.
        @param timeout: seconds to wait for each page, or L{None} for the default.
        @return: fires with what was executed in the span, by time. Labels are not known of it.
        @raise IllegalValue: (as a failure) if one of the arguments makes no sense.
        @raise HistoryFailed: (as a failure) if the server refuses, or the client gives up.
        @raise ProtocolError: (as a failure) if the server's pages cannot be joined.
        """
        return eventually(self._past.deals(start, end, attempts, timeout))

    def orderHistory(
        self, start: datetime | int, end: datetime | int, *, attempts: int = ATTEMPTS, timeout: float | None = None
    ) -> Deferred[tuple[PastOrder, ...]]:
        """
        Read the orders that changed last in a span, of whatever status, protective ones too. It is done as
        L{dealHistory}.

        @param start: an aware datetime or milliseconds since 1970, inside the span.
        @param end: likewise, outside the span.
        @param attempts: how often each page is asked for at most.
        @param timeout: seconds to wait for each page, or L{None} for the default.
        @return: fires with the orders, by their ids.
        @raise IllegalValue: (as a failure) if one of the arguments makes no sense.
        @raise HistoryFailed: (as a failure) if the server refuses, or the client gives up.
        @raise ProtocolError: (as a failure) if the server's pages cannot be joined.
        """
        return eventually(self._past.orders(start, end, attempts, timeout))

    def cashFlowHistory(
        self, start: datetime | int, end: datetime | int, *, attempts: int = ATTEMPTS, timeout: float | None = None
    ) -> Deferred[tuple[CashFlow, ...]]:
        """
        Read the changes of the balance that were not made by deals, such as deposits and withdrawals. It is done as
        L{dealHistory}.

        @param start: an aware datetime or milliseconds since 1970, inside the span.
        @param end: likewise, outside the span.
        @param attempts: how often each week is asked for at most.
        @param timeout: seconds to wait for each week, or L{None} for the default.
        @return: fires with the changes, by time.
        @raise IllegalValue: (as a failure) if one of the arguments makes no sense.
        @raise HistoryFailed: (as a failure) if the server refuses, or the client gives up.
        """
        return eventually(self._past.cashFlow(start, end, attempts, timeout))
