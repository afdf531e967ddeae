"""
The closed bars of one symbol and period: each once, live and across outages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ctrader_twisted.columns import Bar
from ctrader_twisted.errors import ConnectionLost, CTraderError, NotConnected, RetryLater, ServerError
from ctrader_twisted.market.forming import Forming
from ctrader_twisted.market.history import History
from ctrader_twisted.market.paging import barsBetween, lastBars
from ctrader_twisted.market.spots import Gap
from ctrader_twisted.schema.messages import ProtoOASpotEvent, ProtoOATrendbarPeriod
from ctrader_twisted.units import Symbol

__all__ = ["BarFeed", "BarUser"]

# A bar that has just closed is not in history at once.
_SETTLING = 2.0
_SHORTEST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_MOST_HELD = 1000
_DAY = 24 * 3600 * 1000


class BarUser(Protocol):
    """
    Somebody who wants the bars of a symbol and period.
    """

    def told(self, item: Bar) -> None:
        """
        A bar has closed.

        @param item: the bar.
        """

    def recovered(self, bars: list[Bar]) -> None:
        """
        There are bars from history.

        @param bars: the bars, ascending.
        """

    def missed(self, gap: Gap) -> None:
        """
        Bars may have been missed, since history does not give them.

        @param gap: which.
        """

    def refused(self, error: CTraderError) -> None:
        """
        The server will not send these bars.

        @param error: why.
        """


@define
class _Cold:
    """
    A user who waits for bars from history.

    @ivar count: how many.
    @ivar held: what came after those that are being asked for.
    """

    count: int
    held: list[Bar | Gap] = field(factory=list)


class BarFeed:
    """
    Tells its users each bar once: when a newer one has begun, since only that shows that it has closed.

    After an outage the bars that have closed meanwhile are taken from history; bars that close until those are there
    wait. So does a user who wants bars from before his time.

    @ivar reached: when the first bar opened, or opens, of which the users have not been told, in milliseconds since
        1970; L{None} while no bar is known.
    @ivar forming: the newest bar, or L{None} while none is known.
    @ivar events: how many bars have come.
    """

    _log = Logger()

    def __init__(
        self, symbol: Symbol, period: str, history: History, clock: IReactorTime, wallClock: Callable[[], int]
    ) -> None:
        """
        @param symbol: the symbol.
        @param period: the name of the period.
        @param history: the bars of the past.
        @param clock: the reactor.
        @param wallClock: milliseconds since 1970.
        """
        self.reached: int | None = None
        self.forming: Forming | None = None
        self.events = 0
        self.symbol = symbol
        self.period = period
        self._number = ProtoOATrendbarPeriod.Value(period)
        self._history = history
        self._clock = clock
        self._wallClock = wallClock
        self._users: tuple[BarUser, ...] = ()
        self._cold: dict[BarUser, _Cold] = {}
        # Up to there history has to be asked; what closed later is held.
        self._until: int | None = None
        self._held: list[Bar] = []
        self._flowing = False
        self._asking = False
        self._login = 0
        self._notBefore = 0.0
        self._pause = _SHORTEST_PAUSE
        self._timer: IDelayedCall | None = None

    @property
    def users(self) -> tuple[BarUser, ...]:
        """
        @return: who wants the bars.
        """
        return self._users

    def add(self, user: BarUser, warmUp: int) -> None:
        """
        Take in a user.

        @param user: who wants the bars.
        @param warmUp: how many closed bars it wants to begin with.
        """
        self._users += (user,)
        if warmUp:
            self._cold[user] = _Cold(warmUp)
            self._schedule()

    def remove(self, user: object) -> bool:
        """
        Let a user go; it hears nothing more.

        @param user: one of the users.
        @return: whether it was one.
        """
        before = self._users
        self._users = tuple(other for other in before if other is not user)
        self._cold = {other: cold for other, cold in self._cold.items() if other is not user}
        return len(self._users) < len(before)

    def flows(self) -> None:
        """
        The server has agreed to send the bars; the first one may come at once, or with the next price.
        """
        if self._flowing:
            # It was in doubt.
            self.forming = None
        self._flowing = True
        self._settleFor(_SETTLING)

    def interrupted(self) -> None:
        """
        The server sends no more, or begins anew.
        """
        self._login += 1
        self._flowing = self._asking = False
        self.forming = self._until = None
        self._held.clear()
        self._pause = _SHORTEST_PAUSE
        self._notBefore = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def changed(self, event: ProtoOASpotEvent, bid: int | None) -> None:
        """
        Take in an event of the symbol.

        @param event: the event.
        @param bid: the bid after it, if that is known.
        """
        moment = event.timestamp if event.HasField("timestamp") else None
        for bar in event.trendbar:
            if bar.period == self._number:
                self.events += 1
                self._received(Forming.fromWire(bar, self.period), bid, moment)
        forming = self.forming
        if forming is not None and bid is not None and (event.bid or forming.close is None):
            forming.priced(bid, moment)

    def refused(self, error: CTraderError) -> None:
        """
        The server will not send the bars.

        @param error: why.
        """
        self._each(lambda user: user.refused(error))

    # Live bars.

    def _received(self, new: Forming, bid: int | None, moment: int | None) -> None:
        old = self.forming
        if new.timestamp < (old.timestamp if old is not None else self.reached or 0):
            return
        self.forming = new
        if old is not None and new.timestamp == old.timestamp:
            new.close = old.close
            return
        if bid is not None:
            new.priced(bid, moment)
        if old is None:
            self._resumed(new)
        else:
            self._closed(old, new)
        age = (moment - new.timestamp) / 1000 if moment is not None else 0.0
        self._settleFor(max(0.0, _SETTLING - age))

    def _resumed(self, new: Forming) -> None:
        if self.reached is None:
            self.reached = new.timestamp
        elif new.timestamp > self.reached:
            self._until = new.timestamp
            self._held.clear()

    def _closed(self, old: Forming, new: Forming) -> None:
        bar = old.bar(self.symbol.digits)
        if bar is None or len(self._held) >= _MOST_HELD:
            # History has them all, with this one.
            self._until = new.timestamp
            self._held.clear()
        elif self._until is not None:
            self._held.append(bar)
        else:
            self.reached = new.timestamp
            self._tell(bar)

    # Bars from history.

    def _settleFor(self, seconds: float) -> None:
        self._notBefore = max(self._clock.seconds() + seconds, self._notBefore if self._resting else 0.0)
        self._schedule()

    @property
    def _resting(self) -> bool:
        return self._pause > _SHORTEST_PAUSE

    def _schedule(self) -> None:
        if not self._flowing or self._asking or (self._until is None and not self._cold):
            return
        delay = max(0.0, self._notBefore - self._clock.seconds())
        if self._timer is None:
            self._timer = self._clock.callLater(delay, self._ask)
        else:
            self._timer.reset(delay)

    def _ask(self) -> None:
        self._timer = None
        self._asking = True
        Deferred.fromCoroutine(self._catchUp(self._login)).addErrback(self._broken, self._login)

    async def _catchUp(self, login: int) -> None:
        try:
            if self._until is not None:
                await self._recover(login, self._until)
            for user in tuple(self._cold):
                if login == self._login and user in self._cold:
                    await self._warm(user, login)
        except (NotConnected, ConnectionLost):
            # The next login looks after it.
            return
        except CTraderError as error:
            if login == self._login:
                self._failed(error)
        else:
            self._pause = _SHORTEST_PAUSE
        if login == self._login:
            self._asking = False
            self._schedule()

    async def _recover(self, login: int, until: int) -> None:
        start = self.reached
        assert start is not None
        gap, bars = None, []
        try:
            bars = await barsBetween(self._history, self.symbol, self.period, start, until)
        except ServerError as error:
            if isinstance(error, RetryLater):
                raise
            gap = Gap(start, until)
        if login != self._login:
            return
        held, self.reached = self._held, until
        if until == self._until:
            self._until, self._held = None, []
            if self.forming is not None:
                self.reached = self.forming.timestamp
        else:
            held = []
        if gap is not None:
            self._tell(gap)
        self._tellRecovered(bars)
        for bar in held:
            self._tell(bar)

    async def _warm(self, user: BarUser, login: int) -> None:
        cold, joint = self._cold[user], self.reached
        cold.held.clear()
        end = joint if joint is not None else self._wallClock() + _DAY
        # Without a live bar the newest one of history may still be forming.
        count = cold.count if joint is not None else cold.count + 1
        try:
            bars = await lastBars(self._history, self.symbol, self.period, end, count)
        except ServerError as error:
            if isinstance(error, RetryLater):
                raise
            # What is refused because the login has ended is asked again in the next one.
            if login == self._login:
                user.refused(error)
            return
        if login != self._login or user not in self._cold:
            return
        if joint is None and self.reached is not None:
            # A live bar has come meanwhile: ask again for those before it.
            return
        if joint is None and bars:
            self.reached = bars.pop().timestamp
        del self._cold[user]
        self._safely(user, lambda each: each.recovered(bars))
        for item in cold.held:
            self._give(user, item)

    def _failed(self, error: CTraderError) -> None:
        delay = self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self._notBefore = self._clock.seconds() + delay
        self._log.warn(
            "the {period} bars of {symbol}: {error}; asking history again in {delay:g} s",
            period=self.period,
            symbol=self.symbol.name,
            error=error,
            delay=delay,
        )

    def _broken(self, failure: Failure, login: int) -> None:
        self._log.failure("the bars of {symbol} cannot be joined", failure, symbol=self.symbol.name)
        if login == self._login:
            self._asking = False

    # Telling.

    def _tell(self, item: Bar | Gap) -> None:
        for user in self._users:
            if user in self._cold:
                self._cold[user].held.append(item)
            else:
                self._give(user, item)

    def _tellRecovered(self, bars: list[Bar]) -> None:
        self._each(lambda user: None if user in self._cold else user.recovered(bars))

    def _give(self, user: BarUser, item: Bar | Gap) -> None:
        self._safely(user, lambda each: each.missed(item) if isinstance(item, Gap) else each.told(item))

    def _each(self, act: Callable[[BarUser], object]) -> None:
        for user in self._users:
            self._safely(user, act)

    def _safely(self, user: BarUser, act: Callable[[BarUser], object]) -> None:
        # A user may have let another one go.
        if user not in self._users:
            return
        try:
            act(user)
        except Exception:
            self._log.failure(
                "a listener to the {period} bars of {symbol} failed", period=self.period, symbol=self.symbol.name
            )
