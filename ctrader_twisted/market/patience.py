"""
Asking again: for what a server may be asked twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from ctrader_twisted.errors import (
    ConnectionLost,
    CTraderError,
    HistoryFailed,
    IllegalValue,
    LoginNeeded,
    NotConnected,
    ProtocolError,
    RequestTimedOut,
    RetryLater,
    TooManyRequests,
    UnderMaintenance,
)
from ctrader_twisted.session.link import AccountLink, Registration

__all__ = ["ATTEMPTS", "Patience"]

_ResultT = TypeVar("_ResultT")

ATTEMPTS = 10
"""
How often the same page of history is asked for, by default, whatever has become of it: its answer was lost with the
connection, or did not come, or was to come later. Pauses of up to a minute make that four minutes at least.
"""

_SHORTEST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
# The end of a maintenance is a time of the server's clock, and this machine's may be far behind it.
_LONGEST_MAINTENANCE = 3600.0
_LOST = (ConnectionLost, NotConnected)
_PASSING = (RequestTimedOut, RetryLater, TooManyRequests, LoginNeeded)


class Patience:
    """
    Asks an account's server until it answers. What the connection has lost is asked for again after the next login,
    however long that takes; what the server cannot do now, after a pause that grows. It is for requests that change
    nothing.
    """

    def __init__(self, link: AccountLink, clock: IReactorTime, wallClock: Callable[[], int]) -> None:
        """
        @param link: the account.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        """
        self._link = link
        self._clock = clock
        self._wallClock = wallClock
        self._offline: dict[Deferred[None], None] = {}
        self._pausing: dict[Deferred[None], None] = {}
        self._place: Registration | None = None

    async def ask(self, what: str, request: Callable[[], Awaitable[_ResultT]], attempts: int) -> _ResultT:
        """
        Ask until there is an answer.

        @param what: what is asked for, for messages.
        @param request: asks once.
        @param attempts: how often to ask at most.
        @return: the answer.
        @raise HistoryFailed: if the server refuses for good, the attempts are used up, or the client gives up.
        @raise ProtocolError: if the answer makes no sense.
        """
        if attempts < 1:
            raise IllegalValue(f"{what} cannot be asked for {attempts} times", (1,))
        pause, left = _SHORTEST_PAUSE, attempts
        while True:
            left -= 1
            try:
                return await request()
            except _LOST as error:
                if isinstance(error, NotConnected) or not error.maybeSent:
                    # The server was not asked.
                    left += 1
                reason = self._link.ended() or (error if left < 1 else None)
                if reason is not None:
                    raise _failed(what, reason, attempts - left) from error
                await self._login(what)
            except _PASSING as error:
                if left < 1:
                    raise _failed(what, error, attempts) from error
                await self._pause(what, max(pause, self._wanted(error)))
                pause = min(2 * pause, _LONGEST_PAUSE)
            except (ProtocolError, IllegalValue):
                raise
            except CTraderError as error:
                raise _failed(what, error, attempts - left) from error

    def end(self, error: CTraderError) -> None:
        """
        There will be no further login: what waits for one, or pauses, fails.

        @param error: why.
        """
        waiting = [*self._offline, *self._pausing]
        self._offline, self._pausing = {}, {}
        self._forgetLogin()
        for each in waiting:
            if not each.called:
                each.errback(error)

    async def _login(self, what: str) -> None:
        if self._place is None:
            self._place = self._link.onRestore(self._restored)
        waiting: Deferred[None] = Deferred(self._left)
        self._offline[waiting] = None
        await self._orEnd(what, waiting)

    async def _pause(self, what: str, seconds: float) -> None:
        waiting: Deferred[None] = Deferred(lambda each: self._pausing.pop(each, None))
        self._pausing[waiting] = None
        timer = self._clock.callLater(seconds, self._over, waiting)
        try:
            await self._orEnd(what, waiting)
        finally:
            if timer.active():
                timer.cancel()

    async def _orEnd(self, what: str, waiting: Deferred[None]) -> None:
        try:
            await waiting
        except CTraderError as error:
            raise _failed(what, error) from error

    def _wanted(self, error: CTraderError) -> float:
        seconds = 0.0
        if isinstance(error, RetryLater) and error.retryAfter is not None:
            seconds = float(error.retryAfter)
        if isinstance(error, UnderMaintenance) and error.maintenanceEnd is not None:
            left = (error.maintenanceEnd - self._wallClock()) / 1000
            seconds = max(seconds, min(left, _LONGEST_MAINTENANCE))
        return seconds

    def _over(self, waiting: Deferred[None]) -> None:
        del self._pausing[waiting]
        waiting.callback(None)

    def _restored(self) -> Deferred[None]:
        waiting, self._offline = self._offline, {}
        self._forgetLogin()
        for each in waiting:
            if not each.called:
                each.callback(None)
        return succeed(None)

    def _left(self, waiting: Deferred[None]) -> None:
        self._offline.pop(waiting, None)
        if not self._offline:
            self._forgetLogin()

    def _forgetLogin(self) -> None:
        if self._place is not None:
            self._place.stop()
            self._place = None


def _failed(what: str, reason: CTraderError, attempts: int = 0) -> HistoryFailed:
    often = f", asked for {attempts} times" if attempts > 1 else ""
    return HistoryFailed(f"{what} cannot be had{often}: {reason}", reason)
