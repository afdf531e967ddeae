"""
Which deals have opened what others have closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ctrader_twisted.schema.messages import ProtoOADeal
from ctrader_twisted.simulator.venue.account import TradingAccount

__all__ = ["Match", "matches"]


class Match(NamedTuple):
    """
    A volume that one deal has opened and another one closed.

    @ivar opening: the one.
    @ivar closing: the other.
    @ivar volume: in 1/100 of a unit.
    """

    opening: ProtoOADeal
    closing: ProtoOADeal
    volume: int


def matches(account: TradingAccount, positionId: int) -> Iterator[Match]:
    """
    Match what was closed of a position with what was opened first.

    @param account: whose position it is, or was.
    @param positionId: the position.
    @return: the matches, in the order of the closing deals.
    """
    return _matched(deal for deal in account.deals.values() if deal.positionId == positionId)


def _matched(deals: Iterable[ProtoOADeal]) -> Iterator[Match]:
    opened: deque[tuple[ProtoOADeal, int]] = deque()
    for deal in deals:
        if not deal.filledVolume:
            continue
        if not deal.HasField("closePositionDetail"):
            opened.append((deal, deal.filledVolume))
            continue
        left = deal.filledVolume
        while left and opened:
            opening, held = opened.popleft()
            volume = min(left, held)
            yield Match(opening, deal, volume)
            left -= volume
            if held > volume:
                opened.appendleft((opening, held - volume))
