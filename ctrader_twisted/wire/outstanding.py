"""
The requests of one connection that wait for their answers.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from google.protobuf.message import Message
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ctrader_twisted.errors import ConnectionLost, CTraderError, RequestTimedOut, TooManyRequests
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.wire.asked import Asked

__all__ = ["Outstanding", "Waiting"]


class Waiting:
    """
    One request that has been sent.

    @ivar asked: what it is.
    @ivar accountId: the account it is for, or L{None}.
    @ivar seconds: how long its answer may take.
    @ivar answered: fires with the answer.
    """

    __slots__ = ("accountId", "answered", "asked", "seconds")

    def __init__(self, asked: Asked, accountId: int | None, seconds: float, answered: Deferred[Message]) -> None:
        self.asked = asked
        self.accountId = accountId
        self.seconds = seconds
        self.answered = answered


class Outstanding:
    """
    Finds the request for an answer, and ends those that wait too long.

    Ids are a random prefix, so that those of other clients never equal ours, and a number that is never used twice, so
    that a late answer cannot reach another request. One timer serves all requests.
    """

    def __init__(self, clock: IReactorTime, prefix: str, limit: int) -> None:
        """
        @param clock: for the time that answers may take.
        @param prefix: what every id begins with.
        @param limit: how many requests may wait at once.
        """
        self._clock = clock
        self._prefix = prefix
        self._limit = limit
        self._count = 0
        self._waiting: dict[str, Waiting] = {}
        self._deadlines: list[tuple[float, str]] = []
        self._timer: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def isOurs(self, clientMsgId: str) -> bool:
        """
        Tell whether an id was made here, even if its request does not wait any more.

        @param clientMsgId: the id in an envelope.
        """
        return clientMsgId.startswith(self._prefix)

    def add(self, asked: Asked, accountId: int | None, seconds: float) -> tuple[str, Deferred[Message]]:
        """
        Take in a request that is about to be sent.

        @param asked: what it is.
        @param accountId: the account it is for, or L{None}.
        @param seconds: how long its answer may take.
        @return: the id to send with it, and what fires with the answer. Cancelling the Deferred makes the answer a late
            one.
        @raise TooManyRequests: if the limit is reached.
        """
        if len(self._waiting) >= self._limit:
            raise TooManyRequests(f"{self._limit} requests wait for their answers already; {asked.name} was not sent")
        self._count += 1
        clientMsgId = f"{self._prefix}{self._count}"
        answered: Deferred[Message] = Eventual(lambda _: self._forget(clientMsgId))
        self._waiting[clientMsgId] = Waiting(asked, accountId, seconds, answered)
        # Answered requests leave their deadlines behind; long ones must not pile up.
        if len(self._deadlines) > 2 * len(self._waiting) + 100:
            self._tidy()
        deadline = self._clock.seconds() + seconds
        heappush(self._deadlines, (deadline, clientMsgId))
        # Nearly always an earlier request's deadline comes first, and the timer is set for that.
        if self._timer is None or deadline < self._timer.getTime():
            self._setTimer()
        return clientMsgId, answered

    def find(self, clientMsgId: str) -> Waiting | None:
        """
        Look at a waiting request.

        @param clientMsgId: the id in an envelope.
        @return: the request, or L{None} if none waits under this id.
        """
        return self._waiting.get(clientMsgId)

    def answer(self, clientMsgId: str, message: Message) -> None:
        """
        Give a waiting request its answer.

        @param clientMsgId: the request's id; nothing happens if it does not wait any more.
        @param message: the answer.
        """
        waiting = self._waiting.pop(clientMsgId, None)
        if waiting is not None:
            waiting.answered.callback(message)

    def refuse(self, clientMsgId: str, error: CTraderError) -> None:
        """
        Fail a waiting request.

        @param clientMsgId: the request's id; nothing happens if it does not wait any more.
        @param error: why.
        """
        waiting = self._waiting.pop(clientMsgId, None)
        if waiting is not None:
            waiting.answered.errback(error)

    def loseAll(self, reason: str) -> None:
        """
        Fail all requests because the connection has ended, and stop the timer.

        @param reason: why it has ended, in words.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._deadlines.clear()
        self._failEach(
            list(self._waiting),
            lambda waiting: ConnectionLost(waiting.asked.name, waiting.accountId, maybeSent=True, reason=reason),
        )

    def _tidy(self) -> None:
        self._deadlines = [entry for entry in self._deadlines if entry[1] in self._waiting]
        heapify(self._deadlines)

    def _forget(self, clientMsgId: str) -> None:
        self._waiting.pop(clientMsgId, None)

    def _setTimer(self) -> None:
        delay = max(0.0, self._deadlines[0][0] - self._clock.seconds())
        if self._timer is None:
            self._timer = self._clock.callLater(delay, self._expire)
        else:
            self._timer.reset(delay)

    def _expire(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        due = []
        while self._deadlines and (self._deadlines[0][0] <= now or self._deadlines[0][1] not in self._waiting):
            due.append(heappop(self._deadlines)[1])
        if self._deadlines:
            self._setTimer()
        self._failEach(
            due, lambda waiting: RequestTimedOut(waiting.asked.name, waiting.accountId, seconds=waiting.seconds)
        )

    def _failEach(self, ids: list[str], error: Callable[[Waiting], CTraderError]) -> None:
        # All leave the table before any is told, because a callback may send the next request.
        failed = [self._waiting.pop(clientMsgId) for clientMsgId in ids if clientMsgId in self._waiting]
        for waiting in failed:
            # One who is told may have given up another.
            if not waiting.answered.called:
                waiting.answered.errback(error(waiting))
