"""
The prices of all symbols on one clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from operator import itemgetter

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ctrader_twisted.simulator.market.bars import Bar, buildBars
from ctrader_twisted.simulator.market.source import PriceSource
from ctrader_twisted.simulator.market.summary import Tick

__all__ = ["Market", "Registration"]

_WINDOW = 60_000
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
    @ivar symbols: what it is told of.
    """

    def __init__(
        self,
        listener: Callable[[int, Tick], object],
        wanted: Callable[[], Collection[int]] | None,
        remove: Callable[[Registration], None],
    ) -> None:
        """
        @param listener: who listens.
        @param wanted: tells which symbols it wants to hear of; L{None} for all.
        @param remove: called with this object when that ends.
        """
        self.listener = listener
        self.wanted = wanted
        self.symbols: Collection[int] = ()
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

    Stream and history come from the same sources, and history holds no tick that is later than now. The ticks of
    symbols that no listener wants are not even made.

    @ivar isTelling: whether listeners are being told in this turn of the reactor.
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
        self.isTelling = False
        self._clock = clock
        self._sources = dict(sorted(sources.items()))
        self._now = now
        self._speed = speed
        self._listeners: tuple[Registration, ...] = ()
        self._running = False
        self._timer: IDelayedCall | None = None
        # The symbols that somebody wants, in their order, and the moment up to which each one's ticks are no news.
        self._followed: dict[int, int] = {}
        self._told: dict[int, Tick] = {}
        self._afterTurn: list[Callable[[], object]] = []
        self._fetchedUntil = 0
        # Times, symbols and ticks.
        self._coming: deque[tuple[int, int, Tick]] = deque()

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
        self._turn(self._tellDue, self._now())
        self._schedule()

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
        self._drop({symbolId})
        if symbolId in self._followed:
            self._add({symbolId: self._now()})
        if tick is not None:
            self._turn(self._tell, symbolId, tick)
        self._schedule()

    def quote(self, symbolId: int) -> Tick | None:
        """
        Give the latest prices.

        @param symbolId: a symbol that has a source.
        @return: the newest tick, or L{None} if there was none yet.
        """
        return self._sources[symbolId].lastTick(self._now())

    def last(self, symbolId: int) -> Tick | None:
        """
        Give the prices that listeners know: those that they were told last, if the symbol is one that they are told of,
        or else the latest ones.

        @param symbolId: a symbol that has a source.
        @return: the tick, or L{None} if there was none yet.
        """
        return self._told.get(symbolId) or self.quote(symbolId)

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

    def listen(
        self, listener: Callable[[int, Tick], object], wanted: Callable[[], Collection[int]] | None = None
    ) -> Registration:
        """
        Hear ticks while the market is started.

        @param listener: called with symbol id and tick, in order of time and, within a millisecond, of symbol id. What
            it raises is logged.
        @param wanted: tells which symbols it hears of; L{None} for all. When the answer changes, L{look} must be
            called.
        @return: an object whose C{stop()} ends it.
        """
        registration = Registration(listener, wanted, self._remove)
        self._listeners += (registration,)
        self.look()
        return registration

    def look(self) -> None:
        """
        See anew which symbols are wanted. Those that were not wanted before are told from now on.
        """
        wanted = self._wanted()
        if wanted == self._followed.keys():
            return
        self._drop(self._followed.keys() - wanted)
        self._followed = {symbolId: since for symbolId, since in self._followed.items() if symbolId in wanted}
        now = self._now()
        added = {symbolId: now for symbolId in wanted if symbolId not in self._followed}
        self._followed = dict(sorted({**self._followed, **added}.items()))
        if self._running:
            self._add(added)
            self._schedule()

    def afterTurn(self, call: Callable[[], object]) -> None:
        """
        Have something called when all that is told in this turn has been told.

        @param call: what to call; while L{isTelling}.
        """
        self._afterTurn.append(call)

    def start(self) -> None:
        """
        Begin to tell the ticks that come after now. If it has begun already, nothing changes.
        """
        if self._running:
            return
        self._running = True
        self._fetchedUntil = now = self._now()
        self._followed = dict.fromkeys(self._followed, now)
        self._schedule()

    def stop(self) -> None:
        """
        Tell no more ticks.
        """
        self._running = False
        self._coming.clear()
        self._told.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _remove(self, registration: Registration) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not registration)
        self.look()

    def _wanted(self) -> set[int]:
        wanted: set[int] = set()
        for registration in self._listeners:
            registration.symbols = self._sources if registration.wanted is None else registration.wanted()
            wanted.update(registration.symbols)
        return wanted & self._sources.keys()

    def _drop(self, symbolIds: Collection[int]) -> None:
        if symbolIds:
            self._coming = deque(item for item in self._coming if item[1] not in symbolIds)
        for symbolId in symbolIds:
            self._told.pop(symbolId, None)

    def _add(self, symbolIds: Mapping[int, int]) -> None:
        """
        Put the ticks of further symbols between those that have been fetched; those of a symbol from a moment on.
        """
        self._followed.update(symbolIds)
        found = [
            (tick.timestamp, symbolId, tick)
            for symbolId, since in symbolIds.items()
            for tick in self._sources[symbolId].ticks(since + 1, self._fetchedUntil)
        ]
        if found:
            # Sorting is stable: ticks of one symbol in one millisecond keep their order.
            self._coming = deque(sorted([*self._coming, *found], key=itemgetter(0, 1)))

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # Who tells now looks himself for what comes next.
        if self._running and not self.isTelling and (self._coming or self._fetch()):
            wait = self._coming[0][0] - self._now()
            self._timer = self._clock.callLater(max(0, wait) / 1000 / self._speed, self._go)

    def _go(self) -> None:
        self._timer = None
        self.isTelling = True
        try:
            # The clock may have jumped by hours; others want their turn, too.
            self._tellDue(self._now(), _BATCH)
        finally:
            self._endTurn()
        self._schedule()

    def _turn(self, tell: Callable[..., object], *args: object) -> None:
        if self.isTelling:
            tell(*args)
            return
        self.isTelling = True
        try:
            tell(*args)
        finally:
            self._endTurn()

    def _endTurn(self) -> None:
        self.isTelling = False
        calls, self._afterTurn = self._afterTurn, []
        for call in calls:
            call()

    def _tellDue(self, now: int, most: int = -1) -> None:
        while self._running and most and (self._coming or self._fetch()):
            timestamp, symbolId, tick = self._coming[0]
            if timestamp > now:
                return
            self._coming.popleft()
            self._tell(symbolId, tick)
            most -= 1

    def _fetch(self) -> bool:
        sources = [
            (symbolId, max(self._fetchedUntil, since), self._sources[symbolId])
            for symbolId, since in self._followed.items()
        ]
        following = [source.nextTick(since) for _, since, source in sources]
        times = [tick.timestamp for tick in following if tick is not None]
        if not times:
            return False
        start = min(times)
        self._fetchedUntil = start + _WINDOW
        found = [
            (tick.timestamp, symbolId, tick)
            for symbolId, since, source in sources
            for tick in source.ticks(max(start, since + 1), self._fetchedUntil)
        ]
        # Sorting is stable: within a millisecond the symbols keep their order, and the ticks of each theirs.
        found.sort(key=itemgetter(0))
        self._coming.extend(found)
        return True

    def _tell(self, symbolId: int, tick: Tick) -> None:
        if symbolId in self._followed:
            self._told[symbolId] = tick
        for registration in self._listeners:
            try:
                # One listener may have stopped another just now.
                if symbolId in registration.symbols and registration.active:
                    registration.listener(symbolId, tick)
            except Exception:
                self._log.failure("the listener {listener} failed", listener=registration.listener)
