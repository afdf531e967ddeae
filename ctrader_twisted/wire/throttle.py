"""
Keeping within the server's limits: who may send a request now, and who waits for his turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from math import ceil
from typing import Any

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from ctrader_twisted.errors import RateLimited, TooManyRequests
from ctrader_twisted.eventual import Eventual
from ctrader_twisted.schema import RateClass
from ctrader_twisted.wire.clocks import steadySeconds

__all__ = ["Throttle"]

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 120.0
_MOST_DOUBLINGS = 10
# A timer that is due a rounding error too early must not be set to the same instant again.
_SHORTEST_DELAY = 1e-6


class _Window:
    """
    An exact sliding window: when the latest requests left.
    """

    def __init__(self, size: int, span: float) -> None:
        """
        @param size: how many requests may leave within the span.
        @param span: seconds.
        """
        self._left: deque[float] = deque(maxlen=size)
        self._size = size
        self._span = span

    def opens(self, kept: int = 0) -> float:
        """
        Tell when the next request may leave.

        @param kept: how many places are kept free for others.
        @return: seconds of the clock; in the past if it may leave now.
        """
        allowed = self._size - kept
        return self._left[-allowed] + self._span if len(self._left) >= allowed else 0.0

    def take(self, now: float) -> None:
        """
        A request leaves.

        @param now: seconds of the clock.
        """
        self._left.append(now)


@define
class _Closure:
    """
    Why requests of one type wait.

    @ivar since: when the server refused one, in seconds of the clock.
    @ivar until: when they may leave again.
    @ivar repeats: how often the server has refused since the last success.
    """

    since: float
    until: float
    repeats: int


class _Queue:
    """
    Who waits for one window: each user in turn, whatever the others ask for; each user's types of request in turn.
    """

    def __init__(self) -> None:
        self._users: dict[Hashable, dict[str, deque[Deferred[None]]]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, user: Hashable, name: str, place: Deferred[None]) -> None:
        """
        @param user: who waits.
        @param name: the type of the request.
        @param place: fires when its turn has come.
        """
        self._users.setdefault(user, {}).setdefault(name, deque()).append(place)
        self._length += 1

    def remove(self, user: Hashable, name: str, place: Deferred[None]) -> None:
        """
        Somebody gives up his place.

        @param user: as in L{add}.
        @param name: as in L{add}.
        @param place: as in L{add}.
        """
        lanes = self._users[user]
        lanes[name].remove(place)
        self._length -= 1
        self._tidy(user, name)

    def names(self) -> set[str]:
        """
        @return: the types of the requests that wait.
        """
        return {name for lanes in self._users.values() for name in lanes}

    def take(self, closed: set[str]) -> tuple[str, Deferred[None]] | None:
        """
        Take out the next one.

        @param closed: the types that may not leave now.
        @return: its type and its place; L{None} if nobody may leave.
        """
        for user, lanes in self._users.items():
            name = next((name for name in lanes if name not in closed), None)
            if name is None:
                continue
            place = lanes[name].popleft()
            self._length -= 1
            # Both go to the end of their rows, so that the others come first the next time.
            lanes[name] = lanes.pop(name)
            self._users[user] = self._users.pop(user)
            self._tidy(user, name)
            return name, place
        return None

    def pop(self, name: str) -> Deferred[None] | None:
        """
        Take out the next one of a type.

        @param name: the type.
        @return: its place; L{None} if nobody waits with this type.
        """
        user = next((user for user, lanes in self._users.items() if name in lanes), None)
        if user is None:
            return None
        place = self._users[user][name].popleft()
        self._length -= 1
        self._tidy(user, name)
        return place

    def _tidy(self, user: Hashable, name: str) -> None:
        lanes = self._users[user]
        if not lanes[name]:
            del lanes[name]
        if not lanes:
            del self._users[user]


class Throttle:
    """
    Two exact sliding windows, as the server has them: one for historical requests and one for all others. Trading goes
    first and has places of its own. Types of request that the server has refused wait until it takes them again, and
    hold up no other type; trading requests of such a type do not wait, but fail. Several clients of one application may
    share a throttle.

    Heartbeats are not counted. There is no timer while nobody waits.

    @ivar refused: how many requests the server has refused for coming too fast.
    """

    def __init__(
        self,
        reactor: Any,
        *,
        share: float = 0.9,
        general: int = 50,
        historical: int = 5,
        kept: int = 5,
        limit: int = 10_000,
    ) -> None:
        """
        @param reactor: keeps time.
        @param share: how much of the allowed rate to use; the rest is for the jitter of the way to the server.
        @param general: how many requests a second the server allows, of those that are not historical.
        @param historical: how many historical requests a second the server allows.
        @param kept: how many of the general places are kept for trading.
        @param limit: how many requests of each class may wait, so that a flood of one refuses no other.
        @raise ValueError: if the numbers make no sense.
        """
        if not (0 < share <= 1 and historical >= 1 and 0 <= kept < general and limit >= 0):
            raise ValueError("a throttle needs a share of at most 1, and places for every kind of request")
        self.refused = 0
        self._reactor = reactor
        self._now = steadySeconds(reactor)
        self._kept = kept
        self._limit = limit
        self._general = _Window(general, 1.0 / share)
        self._historical = _Window(historical, 1.0 / share)
        self._queues = {rate: _Queue() for rate in RateClass}
        self._closures: dict[str, _Closure] = {}
        self._timer: IDelayedCall | None = None

    @property
    def waiting(self) -> int:
        """
        How many requests wait for their turn.
        """
        return sum(map(len, self._queues.values()))

    def take(self, name: str, rate: RateClass) -> bool:
        """
        Let a request leave now, if it may.

        @param name: the name of its message.
        @param rate: its class.
        @return: whether it may; if not, L{wait}.
        """
        now = self._now()
        if self._isClosed(name, now) or self._opens(rate) > now or self._mustQueue(rate):
            return False
        self._window(rate).take(now)
        return True

    def wait(self, name: str, rate: RateClass, user: Hashable) -> Deferred[None]:
        """
        Wait for a turn.

        @param name: the name of the message.
        @param rate: its class.
        @param user: who asks; users have their turns one after the other, whatever each of them asks for.
        @return: fires when the request may leave, and must then. Cancelling it frees the place. It fails with
            L{RateLimited} if it is a trading request and its type is closed meanwhile.
        @raise TooManyRequests: if too many wait already.
        """
        if len(self._queues[rate]) >= self._limit:
            raise TooManyRequests(f"{self._limit} requests wait for their turn already; {name} was not sent")
        place: Deferred[None] = Eventual(lambda place: self._cancelled(rate, user, name, place))
        self._queues[rate].add(user, name, place)
        self._setTimer()
        return place

    def count(self, rate: RateClass) -> None:
        """
        Count a request that leaves without asking, such as a login.

        @param rate: its class.
        """
        self._window(rate).take(self._now())

    def seconds(self) -> float:
        """
        @return: the time, as L{closed} counts it.
        """
        return self._now()

    def closed(self, name: str) -> float:
        """
        Tell how long the server takes no requests of a type.

        @param name: the name of the message.
        @return: seconds from now; 0 if it takes them.
        """
        closure = self._closures.get(name)
        return 0.0 if closure is None else max(0.0, closure.until - self._now())

    def close(self, name: str, retryAfter: float | None, sent: float) -> float:
        """
        The server has refused a request for coming too fast: its type waits, longer with each repeat.

        @param name: the name of the message.
        @param retryAfter: seconds that the server has named, or L{None}.
        @param sent: when the request was sent, by L{seconds}. Refusals of what was sent before the type was closed are
            no repeats.
        @return: seconds until requests of this type leave again.
        """
        self.refused += 1
        now = self._now()
        closure = self._closures.setdefault(name, _Closure(now, now, 0))
        if closure.repeats == 0 or sent >= closure.since:
            closure.since = now
            closure.repeats += 1
        growth = 2 ** min(closure.repeats - 1, _MOST_DOUBLINGS)
        hint = retryAfter or 0.0
        # The server may mean more than it says; so a repeat waits longer than it says.
        pause = max(hint, min(max(hint, _FIRST_PAUSE) * growth, _LONGEST_PAUSE))
        closure.until = max(closure.until, now + pause)
        left = closure.until - now
        self._turnAway(name, left)
        self._setTimer()
        return left

    def open(self, name: str) -> None:
        """
        The server has taken a request: if its type was closed, that was long enough.

        @param name: the name of the message.
        """
        closure = self._closures.get(name)
        if closure is not None and closure.until <= self._now():
            del self._closures[name]

    def _turnAway(self, name: str, seconds: float) -> None:
        # A price waits for nobody: what to do when the server takes no such orders now is for the caller to say.
        while (place := self._queues[RateClass.TRADING].pop(name)) is not None:
            place.errback(RateLimited("BLOCKED_PAYLOAD_TYPE", "", request=name, retryAfter=ceil(seconds)))

    def _window(self, rate: RateClass) -> _Window:
        return self._historical if rate is RateClass.HISTORICAL else self._general

    def _opens(self, rate: RateClass) -> float:
        return self._window(rate).opens(self._kept if rate is RateClass.GENERAL else 0)

    def _isClosed(self, name: str, now: float) -> bool:
        closure = self._closures.get(name)
        return closure is not None and closure.until > now

    def _mustQueue(self, rate: RateClass) -> bool:
        # Nobody overtakes those who could leave just as well.
        return self.waiting > 0 and self._nextTime(rate) <= self._now()

    def _nextTime(self, rate: RateClass) -> float:
        names = self._queues[rate].names()
        if not names:
            return float("inf")
        until = min(self._closures[name].until if name in self._closures else 0.0 for name in names)
        return max(until, self._opens(rate))

    def _setTimer(self) -> None:
        due = min(self._nextTime(rate) for rate in RateClass)
        if due == float("inf"):
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            return
        delay = max(_SHORTEST_DELAY, due - self._now())
        if self._timer is None:
            self._timer = self._reactor.callLater(delay, self._due)
        else:
            self._timer.reset(delay)

    def _due(self) -> None:
        self._timer = None
        for rate in (RateClass.TRADING, RateClass.GENERAL, RateClass.HISTORICAL):
            while self._leave(rate):
                pass
        self._setTimer()

    def _leave(self, rate: RateClass) -> bool:
        now = self._now()
        if self._opens(rate) > now:
            return False
        closed = {name for name in self._closures if self._isClosed(name, now)}
        taken = self._queues[rate].take(closed)
        if taken is None:
            return False
        self._window(rate).take(now)
        taken[1].callback(None)
        return True

    def _cancelled(self, rate: RateClass, user: Hashable, name: str, place: Deferred[None]) -> None:
        self._queues[rate].remove(user, name, place)
        self._setTimer()
