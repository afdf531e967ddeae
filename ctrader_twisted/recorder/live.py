"""
Ticks that came live and are not on the disk yet.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple

from ctrader_twisted.columns import Ticks
from ctrader_twisted.schema.messages import ProtoOASpotEvent
from ctrader_twisted.store import Series
from ctrader_twisted.store.partitions import LATEST
from ctrader_twisted.units import Symbol

__all__ = ["SIDES", "LiveTicks", "Taken"]

SIDES = ("bid", "ask")

# How late, in milliseconds, a tick may come without counting as recorded before it was. What is left out at the ends of
# an outage is fetched from history with it.
_MARGIN = 5_000
# How often, in milliseconds, it is stored that nothing has happened.
_QUIET = 60_000


class Taken(NamedTuple):
    """
    What is to be stored of one side of a symbol.

    @ivar series: the symbol and the side.
    @ivar span: from when to when it was listened to, in milliseconds since 1970, half open; L{None} for not at all.
    @ivar ticks: what came; a few may lie outside of the span.
    """

    series: Series
    span: tuple[int, int] | None
    ticks: Ticks


class _Side:
    """
    The ticks of one side.
    """

    def __init__(self) -> None:
        self.timestamps: array[int] = array("q")
        self.prices: array[int] = array("q")

    def append(self, timestamp: int, price: int) -> None:
        # A price that is too large raises an error before anything is changed.
        self.prices.append(price)
        self.timestamps.append(timestamp)

    def ticks(self, digits: int) -> Ticks:
        times = self.timestamps
        # The first event after a subscription tells the last price, with its time of long ago.
        order = sorted(range(len(times)), key=times.__getitem__)
        return Ticks(
            array("q", map(times.__getitem__, order)), array("q", map(self.prices.__getitem__, order)), digits=digits
        )


class LiveTicks:
    """
    The ticks of one symbol since they were last taken, and in which span nothing was missed, but for what the server
    merges.

    @ivar symbol: the symbol.
    @ivar count: how many ticks have come in all.
    """

    def __init__(self, symbol: Symbol) -> None:
        """
        @param symbol: the symbol.
        """
        self.symbol = symbol
        self.count = 0
        self._series = tuple(Series.ticks(symbol.name, side) for side in SIDES)
        self._sides = (_Side(), _Side())
        self._begins: int | None = None

    def __len__(self) -> int:
        """
        @return: how many ticks wait to be taken.
        """
        return sum(len(side.timestamps) for side in self._sides)

    def received(self, event: ProtoOASpotEvent, received: int | None) -> None:
        """
        Take in an event; its sides that are absent or zero have not changed.

        @param event: the event.
        @param received: when it came, in milliseconds since 1970, by the server's time; L{None} if that is not known.
        """
        if self._begins is None and received is not None:
            self._begins = received + _MARGIN
        # A time that no calendar has is none.
        timestamp = event.timestamp if 0 < event.timestamp < LATEST else received
        if timestamp is None:
            return
        for side, price in zip(self._sides, (event.bid, event.ask), strict=True):
            if price:
                side.append(timestamp, price)
                self.count += 1

    def interrupted(self, heard: int) -> list[Taken]:
        """
        The server sends no more of it; what comes later begins anew.

        @param heard: as of L{take}.
        @return: what has come until then.
        """
        taken = self.take(heard, least=0)
        self._begins = None
        return taken

    def forget(self) -> None:
        """
        Drop what has come and was not taken, so that it counts as missed.
        """
        self._sides = (_Side(), _Side())
        self._begins = None

    def take(self, heard: int, least: int = _QUIET) -> list[Taken]:
        """
        Hand over what has come.

        @param heard: when the connection was last known to be alive, in milliseconds since 1970; all that the server
            had sent by then has come.
        @param least: for how many milliseconds nothing must have come for that to be worth storing.
        @return: one for each side, if there is something to store.
        """
        span = self._span(heard - _MARGIN, 0 if len(self) else least)
        sides, self._sides = self._sides, (_Side(), _Side())
        found = (
            Taken(series, span, side.ticks(self.symbol.digits))
            for series, side in zip(self._series, sides, strict=True)
        )
        return [taken for taken in found if taken.span is not None or taken.ticks]

    def _span(self, end: int, least: int) -> tuple[int, int] | None:
        if self._begins is None or end <= self._begins + least:
            return None
        span = (self._begins, end)
        self._begins = end
        return span
