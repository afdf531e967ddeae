"""
Simulated time over several runs: it follows the real one, never goes back, and leaves closed markets out.
"""

from __future__ import annotations

from attrs import frozen

from ctrader_twisted.simulator.exchange import Exchange
from ctrader_twisted.simulator.market.calendar import isHoliday
from ctrader_twisted.simulator.market.periods import dayOpening, tradingDay
from ctrader_twisted.simulator.venue.schedule import nextOpening

__all__ = ["WorldTime", "resumeTime"]

# The first minutes of a week are like no others; an hour later everything is open.
_AFTER_OPENING = 3_600_000


@frozen
class WorldTime:
    """
    Where an exchange is in its time, in milliseconds.

    @ivar ahead: by how much its time is later than the reactor's.
    @ivar latest: its time, since 1970.
    """

    ahead: int
    latest: int

    @classmethod
    def of(cls, exchange: Exchange) -> WorldTime:
        """
        @param exchange: an exchange.
        @return: where it is now.
        """
        now = exchange.timeline.now()
        return cls(now - _real(exchange), now)


def resumeTime(exchange: Exchange, last: WorldTime | None) -> WorldTime:
    """
    Set an exchange's time to the reactor's, or to a later one: not before the last exchange's time, nor less ahead than
    that was, and an hour after the next opening if no symbol is traded then.

    @param exchange: the exchange.
    @param last: where the last one was.
    @return: where it is now.
    """
    now = _real(exchange)
    if last is not None:
        now = max(now, now + last.ahead, last.latest)
    opening = _opening(exchange, now)
    if opening > now:
        now = opening + _AFTER_OPENING
    exchange.timeline.setTo(now)
    return WorldTime.of(exchange)


def _opening(exchange: Exchange, now: int) -> int:
    opening = min(nextOpening(exchange.catalogue.full(each), now) for each in exchange.catalogue.symbols)
    day = tradingDay(opening)
    return _opening(exchange, dayOpening(day + 1)) if isHoliday(day) else opening


def _real(exchange: Exchange) -> int:
    return int(exchange.clock.seconds() * 1000)
