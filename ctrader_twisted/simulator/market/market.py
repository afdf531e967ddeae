"""
The prices of all symbols on one clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ctrader_twisted.simulator.market.bars import Bar, buildBars
from ctrader_twisted.simulator.market.source import PriceSource
from ctrader_twisted.simulator.market.summary import Tick

__all__ = ["Market", "Registration"]

_WINDOW = 10_000
"""
How far ahead ticks are fetched, in milliseconds.
"""

_BATCH = 256
"""
How many ticks are told in one turn of the reactor, at most.
"""


class Registration:
    """
    A listener's place.

    @ivar listener: who listens.
    @ivar active: whether it still does.
    """

    def __init__(self, listener: Callable[[int, Tick], object], remove: Callable[[Registration], None]) -> None:
        """
        @param listener: who listens.
        @param remove: called with this object when that ends.
        """
        self.listener = listener
        self.active = True
        self._remove = remove

    def stop(self) -> None:
        """
        Hear nothing any more; doing it again changes nothing.
        """
        self.active = False
        self._remove(self)


class Market:
    """
    Tells each tick at its time, and what was before.

    Stream and history come from the same sources, and history holds no tick that is later than now.
    """

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, sources: Mapping[int, PriceSource], now: Callable[[], int], *, speed: float = 1.0
    ) -> None:
        """
        @param clock: the reactor.
        @param sources: the prices of each symbol, by symbol id.
        @param now: tells the simulated time, in milliseconds since 1970.
        @param speed: how many simulated milliseconds pass in a millisecond of the clock; more than 0.
        """
        self._clock = clock
        self._sources = dict(sorted(sources.items()))
        self._now = now
        self._speed = speed
        self._listeners: tuple[Registration, ...] = ()
        self._running = False
        self._timer: IDelayedCall | None = None
        self._fetchedUntil = 0
        self._coming: deque[tuple[int, Tick]] = deque()

    @property
    def isRunning(self) -> bool:
        """
        Whether ticks are told.
        """
        return self._running

    def source(self, symbolId: int) -> PriceSource:
        """
        Give the source of a symbol's prices.

        @param symbolId: a symbol that has a source.
        """
        return self._sources[symbolId]

    def catchUp(self) -> None:
        """
        Tell the ticks whose time has come and whose turn has not. While the market is stopped nothing happens.
        """
        while self._running and (self._coming or self._fetch()) and self._coming[0][1].timestamp <= self._now():
            self._tell(*self._coming.popleft())

    def setSource(self, symbolId: int, source: PriceSource, tick: Tick | None = None) -> None:
        """
        Let a symbol have another source, or say that its source has changed; L{catchUp} comes first.

        @param symbolId: a symbol that has a source.
        @param source: the source from now on; what is past is in it too.
        @param tick: its tick of this moment, if it is to be told now.
        """
        self._sources[symbolId] = source
        if not self._running:
            return
        self._coming.clear()
        self._fetchedUntil = self._now()
        if tick is not None:
            self._tell(symbolId, tick)
        if self._timer is not None:
            self._timer.cancel()
        self._go()

    def quote(self, symbolId: int) -> Tick | None:
        """
        Give the latest prices.

        @param symbolId: a symbol that has a source.
        @return: the newest tick, or L{None} if there was none yet.
        """
        return self._sources[symbolId].lastTick(self._now())

    def ticks(self, symbolId: int, start: int, end: int) -> list[Tick]:
        """
        Give the ticks of a span, as far as it is past.

        @param symbolId: a symbol that has a source.
        @param start: milliseconds since 1970, inclusive.
        @param end: milliseconds since 1970, inclusive.
        @return: the ticks, oldest first.
        """
        return self._sources[symbolId].ticks(start, min(end, self._now()))

    def trendbars(self, symbolId: int, period: int, start: int, end: int, limit: int | None = None) -> list[Bar]:
        """
        Give the bars that open in a span; the last one may still be forming.

        @param symbolId: a symbol that has a source.
        @param period: a C{ProtoOATrendbarPeriod}.
        @param start: the earliest opening, in milliseconds since 1970.
        @param end: the latest opening, in milliseconds since 1970.
        @param limit: give no more than this many, the newest.
        @return: the bars, oldest first.
        """
        return buildBars(self._sources[symbolId], period, start, end, self._now(), limit)

    def listen(self, listener: Callable[[int, Tick], object]) -> Registration:
        """
        Hear each tick while the market is started.

        @param listener: called with symbol id and tick, in order of time and, within a millisecond, of symbol id. What
            it raises is logged.
        @return: an object whose C{stop()} ends it.
        """
        registration = Registration(listener, self._remove)
        self._listeners += (registration,)
        return registration

    def start(self) -> None:
        """
        Begin to tell the ticks that come after now. If it has begun already, nothing changes.
        """
        if self._running:
            return
        self._running = True
        self._fetchedUntil = self._now()
        self._go()

    def stop(self) -> None:
        """
        Tell no more ticks.
        """
        self._running = False
        self._coming.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _remove(self, registration: Registration) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not registration)

    def _go(self) -> None:
        self._timer = None
        # The clock may have jumped by hours; others want their turn, too.
        for _ in range(_BATCH):
            if not self._coming and not self._fetch():
                return
            wait = self._coming[0][1].timestamp - self._now()
            if wait > 0:
                self._timer = self._clock.callLater(wait / 1000 / self._speed, self._go)
                return
            self._tell(*self._coming.popleft())
            # A listener may have stopped the market, and even started it again.
            if not self._running or self._timer is not None:
                return
        self._timer = self._clock.callLater(0, self._go)

    def _fetch(self) -> bool:
        following = [source.nextTick(self._fetchedUntil) for source in self._sources.values()]
        times = [tick.timestamp for tick in following if tick is not None]
        if not times:
            return False
        start = min(times)
        self._fetchedUntil = start + _WINDOW
        found = [
            (symbolId, tick)
            for symbolId, source in self._sources.items()
            for tick in source.ticks(start, self._fetchedUntil)
        ]
        # Sorting is stable: ticks of one symbol in one millisecond keep their order.
        self._coming.extend(sorted(found, key=lambda item: (item[1].timestamp, item[0])))
        return True

    def _tell(self, symbolId: int, tick: Tick) -> None:
        for registration in self._listeners:
            try:
                # One listener may have stopped another just now.
                if registration.active:
                    registration.listener(symbolId, tick)
            except Exception:
                self._log.failure("the listener {listener} failed", listener=registration.listener)
