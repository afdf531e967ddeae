"""
Deals that were made while the connection was down: they are fetched before anything newer is told.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.errors import ConnectionLost, LoginNeeded, NotConnected
from ctrader_twisted.schema.messages import ProtoOADeal
from ctrader_twisted.session.link import AccountLink
from ctrader_twisted.session.listeners import Listeners
from ctrader_twisted.trading.archive import CLOCK_DOUBT, Archive
from ctrader_twisted.trading.books import Books
from ctrader_twisted.trading.deals import Deal

__all__ = ["OVERLAP", "Recovered", "Recovery"]

_AWAY = (ConnectionLost, NotConnected, LoginNeeded, CancelledError)
_LONGEST_PAUSE = 60.0
_LAG = 5.0

OVERLAP = 60_000
"""
Deals may be told in another order than that of their execution, by at most so many milliseconds.
"""


@frozen
class Recovered:
    """
    What one login has brought.

    @ivar deals: the deals that were made in between, in order.
    @ivar isComplete: whether these are all; if not, the rest comes later, after newer ones.
    @ivar since: from when on the server's lists were read, in milliseconds since 1970.
    """

    deals: tuple[Deal, ...]
    isComplete: bool
    since: int


class Recovery:
    """
    Fetches after each login but the first what was executed since the newest deal of the last lists that were read:
    what came live since then need not be all. Live deals wait meanwhile, but not for ever: when patience has ended that
    is logged as an error, they are told, and what was missed comes late. Since the server's lists lag by a moment, they
    are read once more after that; what is there only then comes late too.

    @ivar onDone: told after each login but the first, once the deals have been told.
    """

    _log = Logger()

    def __init__(
        self,
        link: AccountLink,
        clock: IReactorTime,
        archive: Archive,
        books: Books,
        *,
        patience: float,
    ) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param archive: what the server remembers.
        @param books: told of what is found.
        @param patience: seconds for which live deals wait.
        """
        self._link = link
        self._clock = clock
        self._archive = archive
        self._books = books
        self._patience = patience
        self.onDone: Listeners[Recovered] = Listeners()
        # The newest deal of the server's lists, or a later time that was past for sure when they were read; none before
        # they were read for the first time.
        self._mark: int | None = None
        # Deals of that time that are older than the first login: they are not told.
        self._old: frozenset[int] = frozenset()
        self._logins = 0
        self._firstLogin = 0
        self._failures = 0
        self._reading: Deferred[None] | None = None
        self._next: IDelayedCall | None = None
        self._end: IDelayedCall | None = None
        self._ready: Deferred[None] | None = None
        link.onReconcile(lambda trader, state: self._loggedIn())
        link.onRestore(self._begin)
        link.onLost(lambda reason: self.stop())

    def stop(self) -> None:
        """
        The account is not followed now: what is missing is fetched after the next login.
        """
        for timer in (self._next, self._end):
            if timer is not None and timer.active():
                timer.cancel()
        self._next = self._end = None
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
        self._letGo()

    def _loggedIn(self) -> None:
        self._logins += 1
        if self._logins > 1:
            self._books.executions.hold()
        else:
            self._firstLogin = self._archive.now()

    def _begin(self) -> Deferred[None]:
        self._failures = 0
        ready: Deferred[None] = Deferred()
        self._ready = ready
        self._end = self._clock.callLater(self._patience, self._impatient)
        self._read()
        return ready

    def _read(self) -> None:
        self._next = None
        reading = Deferred.fromCoroutine(self._baseline() if self._logins == 1 else self._fetch())
        self._reading = reading
        reading.addErrback(self._failed)

    async def _baseline(self) -> None:
        # What is older than this process is nobody's news, and this machine's clock cannot tell what is.
        await self._whole(self._archive.now() - CLOCK_DOUBT - OVERLAP, lambda deal: True)
        self._finish([], True, self._firstLogin)

    async def _fetch(self) -> None:
        old, first = self._old, 0
        mark = self._mark
        if mark is not None:
            # What was forgotten was told.
            start = max(mark - OVERLAP, self._books.executions.forgotten + 1)
        else:
            # No earlier login has lasted for long enough to read what is old, so the clock has to tell.
            mark = first = min((self._firstLogin, *(deal.executed for deal in self._books.executions.told())))
            start = mark - CLOCK_DOUBT - OVERLAP

        def isOld(deal: ProtoOADeal) -> bool:
            return deal.dealId in old or deal.executionTimestamp < first

        messages = await self._whole(start, isOld)
        self._next = self._clock.callLater(_LAG, self._readAgain, start, isOld)
        self._finish(messages, True, mark)

    def _readAgain(self, start: int, isOld: Callable[[ProtoOADeal], bool]) -> None:
        self._next = None
        reading = Deferred.fromCoroutine(self._fetchLate(start, isOld))
        self._reading = reading
        reading.addErrback(self._failed)

    async def _fetchLate(self, start: int, isOld: Callable[[ProtoOADeal], bool]) -> None:
        # The server's lists may lag behind what has happened.
        self._books.recovered(await self._whole(start, isOld))

    async def _whole(self, start: int, isOld: Callable[[ProtoOADeal], bool]) -> list[ProtoOADeal]:
        # Whatever this machine's clock says, it is not earlier than this at the server.
        past = self._archive.now() - CLOCK_DOUBT
        messages = await self._archive.deals(max(0, start))
        self._reading = None
        mark = max((self._mark or 0, past, *(deal.executionTimestamp for deal in messages)))
        recent = [deal for deal in messages if deal.executionTimestamp >= mark - OVERLAP]
        self._mark, self._old = mark, frozenset(deal.dealId for deal in recent if isOld(deal))
        return [deal for deal in messages if not isOld(deal)]

    def _finish(self, messages: list[ProtoOADeal], isComplete: bool, since: int) -> None:
        if self._end is not None and self._end.active():
            self._end.cancel()
        self._end = None
        deals = self._books.recovered(messages)
        self._books.executions.release()
        self._letGo()
        if self._logins > 1:
            self.onDone.tell(Recovered(tuple(deals), isComplete, since))

    def _letGo(self) -> None:
        ready, self._ready = self._ready, None
        if ready is not None:
            ready.callback(None)

    def _impatient(self) -> None:
        self._end = None
        self._log.error(
            "account {accountId}: the deals made while the connection was down could not be fetched within {patience} "
            "s; newer ones are told before them",
            accountId=self._link.accountId,
            patience=self._patience,
        )
        self._finish([], False, self._mark or self._firstLogin)

    def _failed(self, failure: Failure) -> None:
        self._reading = None
        if isinstance(failure.value, _AWAY):
            return
        self._failures += 1
        self._log.warn(
            "account {accountId}: the deals could not be read, and are asked for again: {error}",
            accountId=self._link.accountId,
            error=failure.getErrorMessage(),
        )
        self._next = self._clock.callLater(min(_LONGEST_PAUSE, 2.0 ** (self._failures - 1)), self._read)
