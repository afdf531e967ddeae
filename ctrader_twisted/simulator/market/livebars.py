"""
Trendbars that grow with each tick.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from attrs import define

from ctrader_twisted.schema.messages import ProtoOATrendbar
from ctrader_twisted.simulator.market.bars import Bar
from ctrader_twisted.simulator.market.market import Market
from ctrader_twisted.simulator.market.periods import Span, spanOf
from ctrader_twisted.simulator.market.summary import Tick

__all__ = ["LiveBars"]


@define
class _Forming:
    """
    A bar, and the moment up to which history has counted its ticks already.
    """

    period: int
    span: Span
    bar: Bar | None
    counted: int

    def add(self, tick: Tick) -> None:
        bar, bid = self.bar, tick.bid
        if bar is None or tick.timestamp >= self.span.closing:
            self.span = spanOf(self.period, tick.timestamp)
            self.bar = Bar(self.span.opening // 60_000, bid, bid, bid, bid, 1)
        else:
            self.bar = Bar(bar.minute, bar.open, max(bar.high, bid), min(bar.low, bid), bid, bar.volume + 1)

    def message(self) -> ProtoOATrendbar | None:
        """
        A live bar has no close: that is the bid.
        """
        bar = self.bar
        if bar is None:
            return None
        return ProtoOATrendbar(
            period=self.period,  # type: ignore[arg-type]
            utcTimestampInMinutes=bar.minute,
            low=bar.low,
            deltaOpen=bar.open - bar.low,
            deltaHigh=bar.high - bar.low,
            volume=bar.volume,
        )


class LiveBars:
    """
    The newest bars of those symbols and periods that somebody follows.

    They agree with history: what was before somebody followed a bar is taken from there.
    """

    def __init__(self, market: Market, now: Callable[[], int]) -> None:
        """
        @param market: where history comes from.
        @param now: gives the simulated time, in milliseconds since 1970.
        """
        self._market = market
        self._now = now
        self._forming: dict[int, dict[int, _Forming]] = {}

    def follow(self, symbolId: int, period: int) -> None:
        """
        Follow a bar; doing it again changes nothing.

        @param symbolId: the symbol.
        @param period: a C{ProtoOATrendbarPeriod}.
        """
        followed = self._forming.setdefault(symbolId, {})
        if period not in followed:
            followed[period] = self._begun(symbolId, period)

    def isFollowed(self, symbolId: int) -> bool:
        """
        Tell whether any bar of a symbol is followed.

        @param symbolId: the symbol.
        """
        return symbolId in self._forming

    def keepOnly(self, symbolId: int, periods: Collection[int]) -> None:
        """
        Follow the bars of a symbol no more, but for some.

        @param symbolId: the symbol.
        @param periods: those that are still wanted.
        """
        followed = self._forming.pop(symbolId, {})
        kept = {period: forming for period, forming in followed.items() if period in periods}
        if kept:
            self._forming[symbolId] = kept

    def add(self, symbolId: int, tick: Tick) -> None:
        """
        Let a tick change the bars of its symbol.

        @param symbolId: the symbol.
        @param tick: its new price.
        """
        followed = self._forming.get(symbolId)
        if not followed:
            return
        for period, forming in followed.items():
            if tick.timestamp > forming.counted:
                forming.add(tick)
            else:
                # History may have learnt of it in the millisecond in which the bar was taken from there.
                followed[period] = self._begun(symbolId, period)

    def newest(self, symbolId: int) -> dict[int, ProtoOATrendbar]:
        """
        Give the newest bars of a symbol, as spot events carry them.

        @param symbolId: the symbol.
        @return: by period, those that are followed and that have a tick.
        """
        followed = self._forming.get(symbolId)
        if not followed:
            return {}
        messages = {period: forming.message() for period, forming in followed.items()}
        return {period: message for period, message in messages.items() if message is not None}

    def restart(self) -> None:
        """
        Begin anew from history, since ticks may have been missed.
        """
        for symbolId, followed in self._forming.items():
            self._forming[symbolId] = {period: self._begun(symbolId, period) for period in followed}

    def _begun(self, symbolId: int, period: int) -> _Forming:
        now = self._now()
        bars = self._market.trendbars(symbolId, period, 0, now, 1)
        opened = bars[0].minute * 60_000 if bars else now
        return _Forming(period, spanOf(period, opened), bars[0] if bars else None, now)
