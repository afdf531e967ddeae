"""
The way out: every request of a client waits here for its turn, and comes back here if it came too fast.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, TypeVar, cast

from google.protobuf.message import Message
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from ctrader_twisted.errors import ConnectionLost, CTraderError, RateLimited, ServerError, TooManyRequests
from ctrader_twisted.schema import REQUESTS, RateClass
from ctrader_twisted.wire import OpenApiProtocol, Throttle

if TYPE_CHECKING:
    from ctrader_twisted.schema.messages import Request

__all__ = ["Outgoing"]

_AnswerT = TypeVar("_AnswerT", bound=Message)
_ResultT = TypeVar("_ResultT")

_MOST_TRIES = 5
_LONGEST_WAIT = 60.0


class _Letter:
    """
    A request on its way out.

    @ivar message: a copy of its own, since the caller may change the message while it waits or is tried again.
    @ivar name: the name of the message.
    @ivar rate: its class.
    @ivar accountId: the account it is for, or L{None}.
    @ivar deadline: when its caller's patience ends, in seconds of the throttle, or L{None}.
    @ivar tries: how often it was sent.
    @ivar sent: when it was sent last, likewise.
    @ivar place: its place in the queue, while it has one.
    @ivar error: why it cannot be sent any more, if that is so.
    """

    __slots__ = ("accountId", "deadline", "error", "message", "name", "place", "rate", "sent", "tries")

    def __init__(self, message: Message, deadline: float | None) -> None:
        self.message = type(message)()
        self.message.CopyFrom(message)
        self.name = message.DESCRIPTOR.name
        self.rate = REQUESTS[self.name].rate
        self.accountId: int | None = getattr(message, "ctidTraderAccountId", None)
        self.deadline = deadline
        self.tries = 0
        self.sent = 0.0
        self.place: Deferred[None] | None = None
        self.error: CTraderError | None = None

    def drop(self, error: CTraderError) -> None:
        """
        It leaves the queue unsent.

        @param error: why.
        """
        self.error = error
        assert self.place is not None
        self.place.cancel()


class Outgoing:
    """
    Sends the requests of one client, each when the throttle lets it. What the server did not execute because it came
    too fast is sent again, up to five times and as long as no wait exceeds a minute; a trading request never is.
    """

    def __init__(
        self,
        clock: IReactorTime,
        protocol: Callable[[], OpenApiProtocol],
        throttle: Throttle,
        check: Callable[[Message], Callable[[object], object] | None],
    ) -> None:
        """
        @param clock: the reactor.
        @param protocol: gives the connection to send on, or raises L{NotConnected}.
        @param throttle: tells who may send.
        @param check: called with each request at the moment at which it leaves; what it raises is what the request
            fails with, and it is not sent. What it returns is called with the answer or the L{Failure}.
        """
        self._clock = clock
        self._protocol = protocol
        self._throttle = throttle
        self._check = check
        self._queued: dict[_Letter, None] = {}

    def __len__(self) -> int:
        """
        @return: how many requests wait for their turn.
        """
        return len(self._queued)

    def send(self, message: Request[_AnswerT], timeout: float | None) -> Deferred[_AnswerT]:
        """
        Send a request when its turn has come.

        @param message: the request, complete.
        @param timeout: seconds until it is sent and answered; L{None} for the default, which counts from the sending.
        @return: as L{OpenApiProtocol.request}. Cancelling it while it waits for its turn keeps it from being sent.
        @raise RateLimited: (as a failure) if it is a trading request and the server takes no such requests now, or not
            any more when its turn comes.
        @raise TooManyRequests: (as a failure) if too many wait for their turn, or its turn did not come in time.
        """
        try:
            protocol = self._protocol()
            if message.DESCRIPTOR.name not in REQUESTS:
                return protocol.request(message, timeout=timeout)
            letter = _Letter(message, None if timeout is None else self._throttle.seconds() + timeout)
            if self._throttle.take(letter.name, letter.rate):
                return cast("Deferred[_AnswerT]", self._go(letter))
            return cast("Deferred[_AnswerT]", self._queue(letter))
        except CTraderError:
            return fail()

    def lost(self, reason: CTraderError, accountId: int | None = None) -> None:
        """
        What waits for its turn cannot be sent any more.

        @param reason: why.
        @param accountId: the account whose login was lost; L{None} if the connection is.
        """
        for letter in tuple(self._queued):
            if letter in self._queued and accountId in (None, letter.accountId):
                error = ConnectionLost(letter.name, letter.accountId, maybeSent=False, reason=str(reason))
                letter.drop(error)

    def _go(self, letter: _Letter) -> Deferred[Message]:
        protocol = self._protocol()
        # What was allowed when it was asked for may be forbidden by now.
        passed = self._check(letter.message)
        letter.tries += 1
        letter.sent = self._throttle.seconds()
        left = None if letter.deadline is None else max(0.0, letter.deadline - letter.sent)
        answered: Deferred[Message] = maybeDeferred(
            protocol.request, cast("Request[Message]", letter.message), timeout=left
        )
        if passed is not None:
            answered.addBoth(_tell, passed)
        return answered.addCallbacks(self._taken, self._refused, callbackArgs=(letter,), errbackArgs=(letter,))

    def _taken(self, answer: Message, letter: _Letter) -> Message:
        self._throttle.open(letter.name)
        return answer

    def _refused(self, failure: Failure, letter: _Letter) -> Failure | Deferred[Message]:
        error = failure.value
        if not isinstance(error, RateLimited):
            if isinstance(error, ServerError):
                self._throttle.open(letter.name)
            return failure
        pause = self._throttle.close(letter.name, error.retryAfter, letter.sent)
        if letter.rate is RateClass.TRADING or letter.tries >= _MOST_TRIES or pause > _LONGEST_WAIT:
            return failure
        # While a connection closes answers still come, but nothing leaves any more.
        self._protocol()
        return self._queue(letter)

    def _queue(self, letter: _Letter) -> Deferred[Message]:
        if letter.rate is RateClass.TRADING and self._throttle.closed(letter.name):
            raise self._tooSoon(letter)
        place = letter.place = self._throttle.wait(letter.name, letter.rate, (self, letter.accountId))
        self._queued[letter] = None
        return place.addBoth(self._left, letter, self._limit(letter)).addCallback(self._goInTime, letter)

    def _tooSoon(self, letter: _Letter) -> RateLimited:
        closed = self._throttle.closed(letter.name)
        return RateLimited(
            "BLOCKED_PAYLOAD_TYPE",
            f"the server takes no such requests for another {closed:.1f} s; this one was not sent",
            request=letter.name,
            accountId=letter.accountId,
            retryAfter=ceil(closed),
        )

    def _goInTime(self, result: None, letter: _Letter) -> Deferred[Message]:
        # A timer may be late, such as when the machine's clock is set back.
        if letter.deadline is not None and letter.deadline <= self._throttle.seconds():
            raise _expired(letter)
        return self._go(letter)

    def _limit(self, letter: _Letter) -> IDelayedCall | None:
        if letter.deadline is None:
            return None
        left = max(0.0, letter.deadline - self._throttle.seconds())
        return self._clock.callLater(left, letter.drop, _expired(letter))

    def _left(self, result: Failure | None, letter: _Letter, timer: IDelayedCall | None) -> Failure | None:
        del self._queued[letter]
        letter.place = None
        if timer is not None and timer.active():
            timer.cancel()
        error: CTraderError | None = letter.error
        if error is None and isinstance(result, Failure) and isinstance(result.value, RateLimited):
            error = self._tooSoon(letter)
        return result if error is None else Failure(error)  # type: ignore[no-untyped-call]


def _expired(letter: _Letter) -> TooManyRequests:
    return TooManyRequests(f"{letter.name} was not sent: its turn did not come in time")


def _tell(result: _ResultT, passed: Callable[[object], object]) -> _ResultT:
    passed(result)
    return result
