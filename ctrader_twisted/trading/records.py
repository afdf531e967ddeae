"""
What an account has gone through: deals for consumers that lose none, and reports after reconnects.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.interfaces import ICursor
from ctrader_twisted.session.link import AccountLink, Registration
from ctrader_twisted.trading.archive import Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.consuming import ExecutionStream, FileCursor
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

    def __init__(self, link: AccountLink, *, clock: IReactorTime, archive: Archive) -> None:
        """
        @param link: the account. The books are told of its state already.
        @param clock: the reactor.
        @param archive: what the server remembers.
        """
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
